#include "parse.h"

#include "keywords.h"
#include "line.h"
#include "values.h"

#include "sallyport/base/must.h"
#include "sallyport/base/text.h"

#include <stdarg.h>
#include <stdio.h>

#define SAY_MAX 1024

/* Where a line stands: which block its values belong to. */
struct scope {
	int32_t block; /* -1: none */
	bool always;   /* that block holds without a connection */
};

/* Where the parser is: what an Include saves and puts back. */
struct place {
	const char *file;
	unsigned int number; /* of the line */
	unsigned int errors; /* counted in this file */
	struct scope scope;  /* of the line */
	struct scope outer;  /* of the Include that led here */
};

struct parser {
	const struct bundle *bundle;
	struct conf_set *set;
	conf_complain *complain;
	void *ctx;
	struct line line;
	struct values_line values;

	struct place at;
	const char *keyword; /* of the line, as typed */
	unsigned int depth;
	unsigned int inclusions;
	bool over; /* no line can change anything any more */

	struct match_block *blocks; /* the set's, until they are all there */
	size_t nblocks;
	bool given[KEYWORDS_MAX];  /* has a global value */
	bool warned[KEYWORDS_MAX]; /* that it isn't acted upon */
	struct conf presets;
};

/* ---- complaints --------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
say(struct parser *p, enum log_level level, const char *format, ...)
{
	char text[SAY_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; (c = strchr(c, '\n')) != NULL;)
		*c = ' '; /* a file's name may have one */
	if (level == LEVEL_FATAL)
		p->over = true;
	if (p->complain != NULL)
		p->complain(p->ctx, level, text);
}

/* With the place before it; level ERROR is counted. */
static void __attribute__((format(printf, 3, 4)))
say_here(struct parser *p, enum log_level level, const char *format, ...)
{
	char text[SAY_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (level == LEVEL_ERROR)
		p->at.errors++;
	say(p, level, "%s line %u: %s", p->at.file, p->at.number, text);
}

/* ---- values ------------------------------------------------------------- */

bool
parse_differs(const struct keywords_row *row, const void *value,
    const void *other)
{
	SCOPED(buf_clear) struct buf a = BUF_EMPTY;
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct values_out out_a = {&a, row->name, NULL, OK};
	struct values_out out_b = {&b, row->name, NULL, OK};

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
	    !parse_differs(row, value, keywords_value(row, &p->presets)))
		return;
	*warned = true;
	say_here(p, LEVEL_INFO, "%s isn't acted upon yet%s", row->name,
	    (row->flags & KEYWORDS_REFUSE) != 0
		? "; logins that it applies to are refused"
		: "");
}

/* Parse the line's value into place, and say what is wrong with it. */
static bool
parse_value(struct parser *p, const struct keywords_row *row, void *value,
    bool again)
{
	struct values_line *l = &p->values;

	l->arena = p->set->arena;
	l->keyword = p->keyword;
	l->words = p->line.words;
	l->nwords = p->line.nwords;
	l->raw = p->line.raw;
	l->again = again;
	l->counted = false;
	l->note[0] = l->why[0] = '\0';
	if (row->kind->parse(row->kind, l, value)) {
		warn_later(p, row, value);
		return true;
	}
	if (l->note[0] != '\0')
		say(p, LEVEL_ERROR, "%s", l->note);
	say_here(p, l->counted ? LEVEL_ERROR : LEVEL_FATAL, "%s", l->why);
	return false;
}

/* A value for which there is one already, of a kind in which the first wins */
static void
check_value(struct parser *p, const struct keywords_row *row)
{
	_Alignas(16) uint8_t room[VALUES_SIZE_MAX] = {0};

	must(row->kind->size <= sizeof(room));
	(void)parse_value(p, row, room, false);
}

static void
set_global(struct parser *p, const struct keywords_row *row)
{
	bool *given = &p->given[keywords_place(row)];
	bool dropped = (row->flags & KEYWORDS_PORT) != 0 &&
		       p->bundle->ports_final && p->depth > 0;

	if (dropped || (*given && row->kind->how == VALUES_FIRST))
		check_value(p, row);
	else if (parse_value(p, row, keywords_value(row, &p->set->global),
		     *given))
		*given = true;
}

static struct match_value *
find_value(const struct match_block *b, uint32_t place)
{
	struct match_value *v = b->values;

	while (v != NULL && v->place != place)
		v = v->next;
	return v;
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
	struct match_value *v = find_value(b, (uint32_t)keywords_place(row));

	if (v == NULL)
		(void)parse_value(p, row, add_value(p, b, row)->value, false);
	else if (row->kind->how == VALUES_FIRST)
		check_value(p, row);
	else
		(void)parse_value(p, row, v->value, true);
}

/* A feature that this build leaves out: only asking for it is worth a word. */
static void
check_absent(struct parser *p, const struct keywords_row *row)
{
	_Alignas(16) uint8_t room[VALUES_SIZE_MAX] = {0};

	if (parse_value(p, row, room, false) &&
	    parse_differs(row, room, keywords_value(row, &p->presets)))
		say_here(p, LEVEL_INFO, "Unsupported option %s", p->keyword);
}

static bool
is_global_scope(const struct parser *p)
{
	return p->at.scope.block < 0 || p->at.scope.always;
}

static void
set_value(struct parser *p, const struct keywords_row *row)
{
	bool absent = (row->flags & KEYWORDS_ABSENT) != 0;

	if (absent)
		check_absent(p, row);
	else if (is_global_scope(p))
		set_global(p, row);
	if (!p->over && !absent && p->at.scope.block >= 0 &&
	    (row->flags & KEYWORDS_IN_MATCH) != 0)
		set_in_block(p, row);
	if (!p->over && row->kind->words_max != 0 &&
	    p->line.nwords > row->kind->words_max)
		say_here(p, LEVEL_ERROR,
		    "keyword %s extra arguments at end of line", p->keyword);
}

/* ---- Match and Include -------------------------------------------------- */

#define BLOCKS_MAX ((size_t)CONF_BLOCKS_OCTETS * 8)

static void
add_block(struct parser *p, const struct match_block *b)
{
	if (p->nblocks == BLOCKS_MAX) {
		say_here(p, LEVEL_FATAL, "too many Match blocks");
		return;
	}
	if ((p->nblocks & (p->nblocks - 1)) == 0)
		p->blocks = mem_resize(p->blocks, p->nblocks,
		    p->nblocks == 0 ? 1 : 2 * p->nblocks, sizeof(*b));
	p->blocks[p->nblocks] = *b;
	p->at.scope.block = (int32_t)p->nblocks++;
}

static void
on_match(struct parser *p)
{
	struct match_block b = {.parent = p->at.outer.block, .same = -1};
	struct match_compiled compiled;

	if (p->depth == 0) {
		say(p, LEVEL_FATAL,
		    "Match directive not supported as a "
		    "command-line option");
		return;
	}
	if (!match_compile(p->set->arena, p->line.words, p->line.nwords,
		p->at.number, &compiled)) {
		if (compiled.note[0] != '\0')
			say(p, LEVEL_ERROR, "%s", compiled.note);
		say_here(p, LEVEL_FATAL, "%s", compiled.why);
		return;
	}
	p->set->wants_groups |= compiled.wants_groups;
	b.tests = compiled.tests;
	b.state = compiled.state;
	p->at.scope.always = compiled.state == MATCH_ALWAYS &&
			     (p->at.outer.block < 0 || p->at.outer.always);
	add_block(p, &b);
}

static void parse_file(struct parser *p, const struct bundle_part *file);

/* One file in the place of its Include: our own place comes back behind it. */
static void
include_file(struct parser *p, const struct bundle_part *file)
{
	struct place saved = p->at;

	if (p->depth > PARSE_INCLUDE_DEPTH) {
		say_here(p, LEVEL_FATAL,
		    "Too many recursive configuration includes");
		return;
	}
	if (++p->inclusions > PARSE_INCLUSIONS) {
		say_here(p, LEVEL_FATAL, "too many included files");
		return;
	}
	p->at.outer = p->at.scope;
	p->at.errors = 0;
	parse_file(p, file);
	p->at = saved;
}

/* The files of one pattern; parts of the bundle may be wrong. */
static void
include_pattern(struct parser *p, struct slice pattern)
{
	const struct bundle_part *glob = bundle_glob(p->bundle, pattern);
	struct slice rest = glob == NULL ? SLICE_NONE : glob->body;
	struct slice number;
	uint64_t i;

	while (!p->over && slice_next(&rest, ' ', &number)) {
		if (p->bundle->nfiles == 0 ||
		    text_number(number, 0, p->bundle->nfiles - 1, &i) != OK) {
			say_here(p, LEVEL_FATAL, "broken bundle");
			return;
		}
		include_file(p, &p->bundle->files[i]);
	}
}

/*
 * The patterns are copied first: an included file's lines use the same room.
 * If blocks were made, the one we are in goes on as a new one behind them.
 */
static void
on_include(struct parser *p)
{
	struct conf_list patterns = {NULL, 0};
	struct match_block more = {.parent = -1, .same = p->at.scope.block};
	bool always = p->at.scope.always;
	size_t nblocks = p->nblocks;

	if (p->depth == 0) {
		say(p, LEVEL_FATAL,
		    "Include directive not supported as a "
		    "command-line option");
		return;
	}
	for (size_t i = 0; i < p->line.nwords; i++)
		values_list_add(p->set->arena, &patterns,
		    arena_text(p->set->arena, slice_cstr(p->line.words[i])));
	for (size_t i = 0; !p->over && i < patterns.n; i++)
		include_pattern(p, slice_cstr(patterns.v[i]));
	if (p->over || p->at.scope.block < 0 || p->nblocks == nblocks)
		return;
	add_block(p, &more);
	p->at.scope.always = always;
}

/* ---- lines -------------------------------------------------------------- */

static void
on_row(struct parser *p, const struct keywords_row *row)
{
	switch (row->what) {
	case KEYWORDS_SETTING:
		set_value(p, row);
		break;
	case KEYWORDS_MATCH:
		on_match(p);
		break;
	case KEYWORDS_INCLUDE:
		on_include(p);
		break;
	case KEYWORDS_DEPRECATED:
		say_here(p, LEVEL_INFO, "Deprecated option %s", p->keyword);
		break;
	case KEYWORDS_UNSUPPORTED:
		say_here(p, LEVEL_INFO, "Unsupported option %s", p->keyword);
		break;
	case KEYWORDS_IGNORED:
		say_here(p, LEVEL_DEBUG2, "Ignored option %s", p->keyword);
		break;
	case KEYWORDS_ALIAS: /* keywords_find gives what it stands for */
		break;
	}
}

static void
on_unknown(struct parser *p)
{
	p->at.errors++;
	say(p, LEVEL_ERROR, "%s: line %u: Bad configuration option: %s",
	    p->at.file, p->at.number, p->keyword);
}

static bool
may_stand_here(struct parser *p, const struct keywords_row *row)
{
	if (is_global_scope(p) ||
	    (row != NULL && (row->flags & KEYWORDS_IN_MATCH) != 0))
		return true;
	say_here(p, LEVEL_FATAL,
	    "Directive '%s' is not allowed within a Match block", p->keyword);
	return false;
}

/* Can the line be read at all? Whatever is wrong with it was told if not. */
static bool
is_readable(struct parser *p, struct slice text, enum err split)
{
	if (split == ERR_TOO_LONG) {
		say_here(p, LEVEL_FATAL, "line too long");
	} else if (slice_has_nul(text)) {
		say_here(p, LEVEL_FATAL, "NUL octet");
	} else if (split != OK) {
		say_here(p, LEVEL_ERROR, "invalid quotes");
	} else if (p->line.nwords == 0) {
		say_here(p, LEVEL_ERROR, "no argument after keyword \"%s\"",
		    p->keyword);
	} else {
		return true;
	}
	return false;
}

static void
parse_line(struct parser *p, struct slice text)
{
	enum err split = line_split(&p->line, text);
	SCOPED(mem_free_at) char *keyword = NULL;
	const struct keywords_row *row;

	if (p->line.keyword.n == 0 && split == OK && p->line.raw.n == 0)
		return;
	keyword = mem_text(slice_first(p->line.keyword, 256));
	p->keyword = keyword;
	row = keywords_find(p->line.keyword);
	if (is_readable(p, text, split)) {
		if (row == NULL)
			on_unknown(p);
		if (may_stand_here(p, row) && row != NULL)
			on_row(p, row);
	}
	p->keyword = NULL;
}

static void
end_of_file(struct parser *p)
{
	if (!p->over && p->at.errors > 0)
		say(p, LEVEL_FATAL,
		    "%s: terminating, %u bad configuration options", p->at.file,
		    p->at.errors);
}

static void
parse_file(struct parser *p, const struct bundle_part *file)
{
	struct slice rest = file->body;
	struct slice text;

	p->at.file = arena_text(p->set->arena, file->name);
	p->at.number = 0;
	p->depth++;
	while (!p->over && slice_next(&rest, '\n', &text)) {
		p->at.number++;
		parse_line(p, text);
	}
	p->depth--;
	end_of_file(p);
}

static void
parse_start(struct parser *p)
{
	p->at.file = "command-line";
	p->at.number = 0;
	for (size_t i = 0; !p->over && i < p->bundle->nlines; i++) {
		if (slice_find(p->bundle->lines[i].body, '\n') <
		    p->bundle->lines[i].body.n)
			say_here(p, LEVEL_FATAL, "newline in an option");
		else
			parse_line(p, p->bundle->lines[i].body);
		end_of_file(p);
	}
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

static void
fill_in(struct parser *p)
{
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++)
		if (row->what == KEYWORDS_SETTING && !p->given[i])
			memcpy(keywords_value(row, &p->set->global),
			    keywords_value(row, &p->presets), row->size);
	p->set->global.host_keys_default = !p->given[keywords_place(
	    keywords_of(offsetof(struct conf, host_keys)))];
}

static void
keep_blocks(struct parser *p)
{
	size_t size = p->nblocks * sizeof(*p->blocks);
	struct match_block *blocks;

	if (p->nblocks > 0) {
		blocks = arena_alloc(p->set->arena, size);
		memcpy(blocks, p->blocks, size);
		p->set->blocks = blocks;
		p->set->nblocks = p->nblocks;
	}
	mem_free(p->blocks);
}

enum err
parse_bundle(const struct bundle *b, struct conf_set *set,
    conf_complain *complain, void *ctx)
{
	struct parser *p = mem_new(sizeof(*p));
	const struct keywords_row *row;
	bool over;

	p->bundle = b;
	p->set = set;
	p->complain = complain;
	p->ctx = ctx;
	p->at.scope.block = p->at.outer.block = -1;
	p->values.cwd = arena_text(set->arena, b->cwd);
	p->values.home = arena_text(set->arena, b->home);
	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++)
		parse_preset(p, row);
	parse_start(p);
	if (!p->over && b->nfiles > 0)
		parse_file(p, &b->files[0]);
	if (!p->over)
		fill_in(p);
	keep_blocks(p);
	line_clear(&p->line);
	over = p->over;
	mem_free(p);
	return over ? ERR_CONFIG : OK;
}
