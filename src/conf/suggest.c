#include "suggest.h"

#include "keywords.h"

#include "sallyport/base/text.h"

#include <stdint.h>

#define LONGEST  40 /* octets; no keyword has more */
#define SHORTEST 3  /* of fewer letters anything may have been meant */
#define FAR      255

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static unsigned int
least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * How many letters must be left out, put in, changed, or swapped with their
 * neighbour to make b of a (optimal string alignment), whatever the case.
 */
static unsigned int
distance(struct slice a, struct slice b)
{
	unsigned int d[LONGEST + 1][LONGEST + 1];

	for (size_t i = 0; i <= a.n; i++)
		d[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= b.n; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a.n; i++)
		for (size_t j = 1; j <= b.n; j++) {
			uint8_t x = lower(a.p[i - 1]);
			uint8_t y = lower(b.p[j - 1]);

			d[i][j] = least(d[i - 1][j - 1] + (x != y),
			    1 + least(d[i - 1][j], d[i][j - 1]));
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) &&
			    y == lower(a.p[i - 2]))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a.n][b.n];
}

/* An abbreviation is nearer than any mistake; what is too far is FAR. */
static unsigned int
remoteness(struct slice typed, struct slice name)
{
	unsigned int bound = 1 + (unsigned int)typed.n / 4;
	unsigned int d;

	if (name.n > LONGEST)
		return FAR;
	if (typed.n > SHORTEST && name.n > typed.n &&
	    text_same_nocase(slice_first(name, typed.n), typed))
		return 0;
	d = distance(typed, name);
	return d <= least(bound, 3) ? d : FAR;
}

const char *
suggest_keyword(struct slice typed)
{
	const struct keywords_row *row;
	const struct keywords_row *nearest = NULL;
	unsigned int best = FAR;
	unsigned int d;

	if (typed.n < SHORTEST || typed.n > LONGEST)
		return NULL;
	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		if (row->what != KEYWORDS_SETTING &&
		    row->what != KEYWORDS_INCLUDE &&
		    row->what != KEYWORDS_MATCH)
			continue;
		d = remoteness(typed, row->text);
		if (d < best || (nearest != NULL && d == best &&
				    row->text.n < nearest->text.n)) {
			best = d;
			nearest = row;
		}
	}
	return nearest == NULL ? NULL : nearest->name;
}
