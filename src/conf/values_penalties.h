/*
 * values_penalties.h - value kinds of PerSourcePenalties and its exemptions
 */
#ifndef SALLYPORT_CONF_VALUES_PENALTIES_H
#define SALLYPORT_CONF_VALUES_PENALTIES_H

#include "values.h"

extern const struct values_kind values_penalties;        /* grows by keys */
extern const struct values_kind values_penalties_exempt; /* addresses, or none
							  */

#endif
