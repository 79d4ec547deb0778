#include "assign.h"

#include "complain.h"
#include "keywords.h"

#include "sallyport/base/must.h"

bool
assign_differs(const struct keywords_row *row, const void *value,
    const void *other)
{
	SCOPED(buf_clear) struct buf a = BUF_EMPTY;
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct values_out out_a = {.buf = &a, .name = row->name};
	struct values_out out_b = {.buf = &b, .name = row->name};

	row->kind->print(row->kind, &out_a, value);
	row->kind->print(row->kind, &out_b, other);
	return !slice_equal(buf_slice(&a), buf_slice(&b));
}

/* Once a keyword, at the first line that asks for what isn't there yet */
static void
warn_later(struct parser *p, const struct keywords_row *row, const void *value)
{
	bool *warned = &p->warned[keywords_place(row)];

	if ((row->flags & KEYWORDS_LATER) == 0 || *warned ||
	    !assign_differs(row, value, keywords_value(row, &p->presets)))
		return;
	*warned = true;
	complain_here(p, LEVEL_INFO, "%s isn't acted upon yet", row->name);
}

/* Parse the line's value into place, and say what is wrong with it. */
static bool
parse_value(struct parser *p, const struct keywords_row *row, void *value,
    bool again)
{
	struct values_line *l = &p->values;
	char wants[VALUES_WHY_MAX];

	l->arena = p->set->arena;
	l->keyword = p->keyword;
	l->words = p->line.words;
	l->nwords = p->line.nwords;
	l->raw = p->line.raw;
	l->again = again;
	l->counted = l->moot = false;
	l->moot_by = 0;
	l->note[0] = l->why[0] = '\0';
	if (row->kind->parse(row->kind, l, value)) {
		warn_later(p, row, value);
		return true;
	}
	if (l->note[0] != '\0')
		complain_say(p, LEVEL_ERROR, "%s", l->note);
	values_wants(row->kind, wants, sizeof(wants));
	complain_wrong(p, l->counted ? LEVEL_ERROR : LEVEL_FATAL, row, l->why,
	    wants);
	return false;
}

bool
assign_is_global(const struct parser *p)
{
	return p->at.scope.block < 0 || p->at.scope.always;
}

bool
assign_in_block(const struct parser *p, const struct keywords_row *row)
{
	int32_t block = p->at.scope.block;

	return block >= 0 && ((row->flags & KEYWORDS_IN_MATCH) != 0 ||
				 ((row->flags & KEYWORDS_EARLY) != 0 &&
				     p->blocks[block].early));
}

/* A value for which there is one already, of a kind in which the first wins */
static void
check_value(struct parser *p, const struct keywords_row *row)
{
	_Alignas(16) uint8_t room[VALUES_SIZE_MAX] = {0};

	must(row->kind->size <= sizeof(room));
	(void)parse_value(p, row, room, false);
}

/* A line that was used for a value, of which it may be one of several */
static void
use_value(struct parser *p, const struct keywords_row *row, const void *value,
    struct origins *o)
{
	const struct origin *by = origin_of(o, p->values.moot_by);
	const struct conf_origin at = complain_place(p);

	if (p->values.moot && o->first != NULL)
		complain_moot(p, row, at, "says it all",
		    by != NULL ? &by->at : &o->first->at);
	else if (row->kind->how == VALUES_LAST && o->last != NULL)
		complain_moot(p, row, o->last->at, "comes later", &at);
	if (!p->values.moot)
		origin_note(p->set->arena, o, row->kind, value, at);
}

static void
drop_value(struct parser *p, const struct keywords_row *row,
    const struct origins *o)
{
	check_value(p, row);
	if (!p->over && o->first != NULL)
		complain_moot(p, row, complain_place(p), "came first",
		    &o->first->at);
}

static void
set_global(struct parser *p, const struct keywords_row *row)
{
	bool *given = &p->given[keywords_place(row)];
	struct origins *o = &p->set->origins[keywords_place(row)];
	void *value = keywords_value(row, &p->set->global);
	bool dropped = (row->flags & KEYWORDS_PORT) != 0 &&
		       p->bundle->ports_final && p->depth > 0;

	/* in a block that always holds it is used as the block's value */
	if (*given && row->kind->how == VALUES_FIRST && assign_in_block(p, row))
		check_value(p, row);
	else if (dropped || (*given && row->kind->how == VALUES_FIRST))
		drop_value(p, row, o);
	else if (parse_value(p, row, value, *given)) {
		*given = true;
		use_value(p, row, value, o);
	}
}

static struct match_value *
add_value(struct parser *p, struct match_block *b,
    const struct keywords_row *row)
{
	struct match_value *v = arena_alloc(p->set->arena, sizeof(*v));

	v->place = (uint32_t)keywords_place(row);
	v->value = arena_alloc(p->set->arena, row->kind->size);
	if (b->last == NULL)
		b->values = v;
	else
		b->last->next = v;
	b->last = v;
	return v;
}

static void
set_in_block(struct parser *p, const struct keywords_row *row)
{
	struct match_block *b = &p->blocks[p->at.scope.block];
	struct match_value *v = match_value(b, (uint32_t)keywords_place(row));
	bool again = v != NULL;

	if (again && row->kind->how == VALUES_FIRST) {
		drop_value(p, row, &v->origins);
		return;
	}
	if (!again)
		v = add_value(p, b, row);
	if (parse_value(p, row, v->value, again))
		use_value(p, row, v->value, &v->origins);
	p->set->early |= b->early && (row->flags & KEYWORDS_EARLY) != 0;
}

/* A feature that this build leaves out: only asking for it is worth a word. */
static void
check_absent(struct parser *p, const struct keywords_row *row)
{
	_Alignas(16) uint8_t room[VALUES_SIZE_MAX] = {0};

	if (parse_value(p, row, room, false) &&
	    assign_differs(row, room, keywords_value(row, &p->presets)))
		complain_here(p, LEVEL_INFO, "Unsupported option %s",
		    p->keyword);
}

void
assign_value(struct parser *p, const struct keywords_row *row)
{
	bool absent = (row->flags & KEYWORDS_ABSENT) != 0;

	if (absent)
		check_absent(p, row);
	else if (assign_is_global(p))
		set_global(p, row);
	if (!p->over && !absent && assign_in_block(p, row))
		set_in_block(p, row);
	if (!p->over && row->kind->words_max != 0 &&
	    p->line.nwords > row->kind->words_max)
		complain_here(p, LEVEL_ERROR,
		    "keyword %s extra arguments at end of line (%s: expected "
		    "no more than %zu)",
		    p->keyword, row->name, row->kind->words_max);
}

/* ---- defaults ----------------------------------------------------------- */

/* A default is parsed like any other value; that of lists of algorithms is
 * the empty word. */
static void
parse_preset(struct parser *p, const struct keywords_row *row)
{
	static const char *const empty[] = {""};
	struct values_line *l = &p->values;
	SCOPED(mem_free_at) char *text = NULL;

	if (row->what != KEYWORDS_SETTING || row->preset == NULL)
		return;
	text = mem_format("%s %s", row->name, row->preset);
	must(line_split(&p->line, slice_cstr(text)) == OK);
	l->arena = p->set->arena;
	l->keyword = row->name;
	l->words = p->line.nwords > 0 ? p->line.words : empty;
	l->nwords = p->line.nwords > 0 ? p->line.nwords : 1;
	l->raw = p->line.raw;
	l->again = false;
	must(row->kind->parse(row->kind, l, keywords_value(row, &p->presets)));
}

void
assign_presets(struct parser *p)
{
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++)
		parse_preset(p, row);
}

void
assign_fill_in(struct parser *p)
{
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++)
		if (row->what == KEYWORDS_SETTING && !p->given[i])
			memcpy(keywords_value(row, &p->set->global),
			    keywords_value(row, &p->presets), row->size);
	p->set->global.host_keys_default = !p->given[keywords_place(
	    keywords_of(offsetof(struct conf, host_keys)))];
}
