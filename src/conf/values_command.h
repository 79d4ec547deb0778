/*
 * values_command.h - kinds of programs that tell keys or principals
 */
#ifndef SALLYPORT_SRC_CONF_VALUES_COMMAND_H
#define SALLYPORT_SRC_CONF_VALUES_COMMAND_H

#include "values.h"

/* const char *: the line as conf_command_read takes it; NULL: none */
extern const struct values_kind values_command_one;

/*
 * struct conf_list of such lines, tried in their order; none: no lines. The
 * lines of a Match block replace the global ones. "none" as the first ends it:
 * what follows doesn't count.
 */
extern const struct values_kind values_command_list;

#endif
