/*
 * assign.h - a line's value to its place: a global one, a block's, or none
 */
#ifndef SALLYPORT_CONF_ASSIGN_H
#define SALLYPORT_CONF_ASSIGN_H

#include "parser.h"

/* The defaults, before the first line. */
void assign_presets(struct parser *p);

/* The line that was split is one of a setting: take its value, or say what is
 * wrong with it, or that it has no effect. */
void assign_value(struct parser *p, const struct keywords_row *row);

/* After the last line: defaults where nothing was said. */
void assign_fill_in(struct parser *p);

/* Is the line outside of blocks, or in one that always holds? */
bool assign_is_global(const struct parser *p);

/* Is it one of a block's that may have it? */
bool assign_in_block(const struct parser *p, const struct keywords_row *row);

/* Is the value another one than that (as text)? */
bool assign_differs(const struct keywords_row *row, const void *value,
    const void *other);

#endif
