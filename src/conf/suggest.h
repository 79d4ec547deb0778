/*
 * suggest.h - which keyword was meant by one that there isn't
 */
#ifndef SALLYPORT_CONF_SUGGEST_H
#define SALLYPORT_CONF_SUGGEST_H

#include "sallyport/base/slice.h"

/* The keyword nearest to what was typed; NULL if none is near. */
const char *suggest_keyword(struct slice typed);

#endif
