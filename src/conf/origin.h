/*
 * origin.h - which line of which file a value is from
 *
 * Every line whose value is used leaves a note, with the value it is part of:
 * a global one or a Match block's. A value that grows has a note for each of
 * its lines.
 */
#ifndef SALLYPORT_CONF_ORIGIN_H
#define SALLYPORT_CONF_ORIGIN_H

#include "values.h"

struct keywords_row;

struct origin {
	struct origin *next;
	struct conf_origin at;
	size_t upto; /* elements that the value has with this line */
};

/* Of one value, in the order of the text */
struct origins {
	struct origin *first;
	struct origin *last;
};

/* Note that the line at was used for value, which is of this kind. */
void origin_note(struct arena *arena, struct origins *o,
    const struct values_kind *k, const void *value, struct conf_origin at);

/* Of the i-th element; of lines that have no elements, of the i-th line. */
const struct origin *origin_of(const struct origins *o, size_t i);

/* conf_origin, by the keyword's row */
bool origin_find(const struct conf *c, struct slice blocks,
    const struct keywords_row *row, size_t element, struct conf_origin *out);

#endif
