#include "origin.h"

#include "keywords.h"
#include "parse.h"

static size_t
count(const struct values_kind *k, const void *value, const struct origins *o)
{
	size_t n = 0;

	if (k->element == NULL)
		return o->last == NULL ? 1 : o->last->upto + 1;
	while (k->element(value, n) != NULL)
		n++;
	return n;
}

void
origin_note(struct arena *arena, struct origins *o, const struct values_kind *k,
    const void *value, struct conf_origin at)
{
	struct origin *note = arena_alloc(arena, sizeof(*note));

	if (k->how == VALUES_LAST)
		*o = (struct origins){NULL, NULL};
	*note = (struct origin){NULL, at, count(k, value, o)};
	if (o->last == NULL)
		o->first = note;
	else
		o->last->next = note;
	o->last = note;
}

const struct origin *
origin_of(const struct origins *o, size_t i)
{
	const struct origin *note = o->first;

	while (note != NULL && note->upto <= i)
		note = note->next;
	return note;
}

/* Which of part's elements is this one? Merging changes places, not what
 * element tells. Behind the last where it is none of them. */
static size_t
place_in(const struct values_kind *k, const void *part, const void *element)
{
	const void *other;
	size_t i = 0;

	while ((other = k->element(part, i)) != NULL && other != element)
		i++;
	return i;
}

static bool
find_in(const struct keywords_row *row, const struct conf *c, const void *part,
    const struct origins *o, size_t element, struct conf_origin *out)
{
	const void *whole = keywords_value_of(row, c);
	const struct values_kind *k = row->kind;
	const void *wanted =
	    k->element != NULL ? k->element(whole, element) : NULL;
	const struct origin *note;

	/* a list that a line emptied has that line, and no element */
	if (k->element != NULL && wanted == NULL)
		note = element == 0 ? o->first : NULL;
	else if (k->element != NULL && (row->flags & KEYWORDS_IN_MATCH) != 0)
		note = origin_of(o, place_in(k, part, wanted));
	else
		note = origin_of(o, element);
	if (note != NULL)
		*out = note->at;
	return note != NULL;
}

bool
origin_find(const struct conf *c, struct slice blocks,
    const struct keywords_row *row, size_t element, struct conf_origin *out)
{
	const struct conf_set *set = c->set;
	const uint32_t place = (uint32_t)keywords_place(row);
	const struct match_value *v;
	bool given = false;
	bool found = false;

	for (size_t i = 0; i < set->nblocks && i / 8 < blocks.n; i++) {
		if (!match_has(blocks.p, (int32_t)i) ||
		    (v = match_value(&set->blocks[i], place)) == NULL)
			continue;
		given = true;
		found = find_in(row, c, v->value, &v->origins, element, out);
		if (found && row->kind->how != VALUES_LAST)
			return true;
	}
	if (given && !row->kind->keeps_global)
		return found;
	return find_in(row, c, keywords_value_of(row, &set->global),
	    &set->origins[place], element, out);
}
