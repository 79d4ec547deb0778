#include "parse.h"

#include "assign.h"
#include "complain.h"
#include "keywords.h"
#include "parser.h"
#include "suggest.h"

#include "sallyport/base/text.h"

#include <stdio.h>

/* ---- Match and Include -------------------------------------------------- */

#define BLOCKS_MAX ((size_t)CONF_BLOCKS_OCTETS * 8)

static void
add_block(struct parser *p, const struct match_block *b)
{
	if (p->nblocks == BLOCKS_MAX) {
		complain_here(p, LEVEL_FATAL,
		    "too many Match blocks (Match: expected no more than %zu)",
		    BLOCKS_MAX);
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
	int32_t outer = p->at.outer.block;
	struct match_block b = {.parent = outer,
	    .same = -1,
	    .at = complain_place(p)};
	struct match_compiled compiled;

	if (p->depth == 0) {
		complain_say(p, LEVEL_FATAL,
		    "Match directive not supported as a "
		    "command-line option");
		return;
	}
	if (!match_compile(p->set->arena, p->line.words, p->line.nwords,
		p->at.number, &compiled)) {
		if (compiled.note[0] != '\0')
			complain_say(p, LEVEL_ERROR, "%s", compiled.note);
		complain_wrong(p, LEVEL_FATAL,
		    keywords_find(SLICE_STR("Match")), compiled.why,
		    compiled.wants);
		return;
	}
	p->set->wants_groups |= compiled.wants_groups;
	b.tests = compiled.tests;
	b.state = compiled.state;
	b.early = compiled.early && (outer < 0 || p->blocks[outer].early);
	p->at.scope.always = compiled.state == MATCH_ALWAYS &&
			     (p->at.outer.block < 0 || p->at.outer.always);
	add_block(p, &b);
}

static void parse_file(struct parser *p, const struct bundle_part *file);

/* Why this file can't be included here; NULL: it can. */
static const char *
include_obstacle(struct parser *p, const struct bundle_part *file)
{
	for (unsigned int i = 1; i <= p->depth; i++)
		if (p->open[i] == file)
			return "a file that isn't being read already";
	if (p->depth > PARSE_INCLUDE_DEPTH)
		return "no more than 16 files deep";
	return NULL;
}

/* One file in the place of its Include: our own place comes back behind it. */
static void
include_file(struct parser *p, const struct bundle_part *file)
{
	const struct keywords_row *row = keywords_find(SLICE_STR("Include"));
	const char *obstacle = include_obstacle(p, file);
	struct place saved = p->at;

	if (obstacle != NULL) {
		SCOPED(mem_free_at)
		char *why = mem_format(
		    "Too many recursive configuration includes: %.*s",
		    (int)(file->name.n < 512 ? file->name.n : 512),
		    (const char *)file->name.p);

		complain_wrong(p, LEVEL_FATAL, row, why, obstacle);
		return;
	}
	if (++p->inclusions > PARSE_INCLUSIONS) {
		complain_wrong(p, LEVEL_FATAL, row, "too many included files",
		    "no more than 4096 in all");
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
			complain_here(p, LEVEL_FATAL, "broken bundle");
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
		complain_say(p, LEVEL_FATAL,
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
	more.at = p->blocks[more.same].at;
	more.early = p->blocks[more.same].early;
	add_block(p, &more);
	p->at.scope.always = always;
}

/* ---- lines -------------------------------------------------------------- */

static void
on_row(struct parser *p, const struct keywords_row *row)
{
	switch (row->what) {
	case KEYWORDS_SETTING:
		assign_value(p, row);
		break;
	case KEYWORDS_MATCH:
		on_match(p);
		break;
	case KEYWORDS_INCLUDE:
		on_include(p);
		break;
	case KEYWORDS_DEPRECATED:
		complain_here(p, LEVEL_INFO, "Deprecated option %s",
		    p->keyword);
		break;
	case KEYWORDS_UNSUPPORTED:
		complain_here(p, LEVEL_INFO, "Unsupported option %s",
		    p->keyword);
		break;
	case KEYWORDS_IGNORED:
		complain_here(p, LEVEL_DEBUG2, "Ignored option %s", p->keyword);
		break;
	case KEYWORDS_ALIAS: /* keywords_find gives what it stands for */
		break;
	}
}

static void
on_unknown(struct parser *p)
{
	static const char mark[] = "\xef\xbb\xbf";
	const char *near = suggest_keyword(p->line.keyword);

	p->at.errors++;
	complain_say(p, LEVEL_ERROR,
	    "%s: line %u: Bad configuration option: %s%s%s%s", p->at.file,
	    p->at.number, p->keyword, near != NULL ? " (did you mean \"" : "",
	    near != NULL ? near : "", near != NULL ? "\"?)" : "");
	if (slice_starts(p->line.keyword, SLICE_STR(mark)))
		complain_say(p, LEVEL_ERROR,
		    "%s line %u: a byte-order mark (expected none)", p->at.file,
		    p->at.number);
}

static bool
may_stand_here(struct parser *p, const struct keywords_row *row)
{
	SCOPED(mem_free_at) char *why = NULL;

	if (assign_is_global(p) || (row != NULL && assign_in_block(p, row)) ||
	    (row != NULL && (row->flags & KEYWORDS_IN_MATCH) != 0))
		return true;
	why = mem_format("Directive '%s' is not allowed within a Match block",
	    p->keyword);
	if (row == NULL)
		complain_here(p, LEVEL_FATAL, "%s", why);
	else
		complain_wrong(p, LEVEL_FATAL, row, why,
		    (row->flags & KEYWORDS_EARLY) != 0
			? "outside of blocks, or where only Address, "
			  "LocalAddress, LocalPort and RDomain are asked: keys "
			  "are exchanged before the user is known"
			: "before the first Match or behind \"Match all\"");
	return false;
}

static void
say_no_argument(struct parser *p, const struct keywords_row *row)
{
	SCOPED(mem_free_at)
	char *why = mem_format("no argument after keyword \"%s\"", p->keyword);
	char wants[VALUES_WHY_MAX] = "an argument";

	if (row != NULL && row->kind != NULL)
		values_wants(row->kind, wants, sizeof(wants));
	complain_wrong(p, LEVEL_ERROR, row, why, wants);
}

/* Can the line be read at all? Whatever is wrong with it was told if not. */
static bool
is_readable(struct parser *p, const struct keywords_row *row, struct slice text,
    enum err split)
{
	if (split == ERR_TOO_LONG)
		complain_wrong(p, LEVEL_FATAL, row, "line too long",
		    "no more than 65536 octets");
	else if (slice_has_nul(text))
		complain_wrong(p, LEVEL_FATAL, row, "NUL octet", "text");
	else if (split != OK)
		complain_wrong(p, LEVEL_ERROR, row, "invalid quotes",
		    "a quote that closes");
	else if (p->line.nwords == 0)
		say_no_argument(p, row);
	else
		return true;
	return false;
}

#define KEYWORD_SHOWN 256 /* octets; the rest isn't */

/* Octets that aren't printed, as three octal digits each. */
static void
show(struct slice name, char room[KEYWORD_SHOWN + 5])
{
	size_t n = 0;

	for (size_t i = 0; i < name.n && n < KEYWORD_SHOWN; i++) {
		if (name.p[i] > ' ' && name.p[i] < 0x7f && name.p[i] != '\\')
			room[n++] = (char)name.p[i];
		else
			n += (size_t)snprintf(room + n, 5, "\\%03o", name.p[i]);
	}
	room[n] = '\0';
}

static void
parse_line(struct parser *p, struct slice text)
{
	enum err split = line_split(&p->line, text);
	char keyword[KEYWORD_SHOWN + 5];
	const struct keywords_row *row;

	if (p->line.keyword.n == 0 && split == OK && p->line.raw.n == 0)
		return;
	show(p->line.keyword, keyword);
	p->keyword = keyword;
	row = keywords_find(p->line.keyword);
	if (is_readable(p, row, text, split)) {
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
		complain_say(p, LEVEL_FATAL,
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
	p->open[++p->depth] = file;
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
			complain_wrong(p, LEVEL_FATAL, NULL,
			    "newline in an option", "one line");
		else
			parse_line(p, p->bundle->lines[i].body);
		end_of_file(p);
	}
}

/* ---- all of it ---------------------------------------------------------- */

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
	bool over;

	p->bundle = b;
	p->set = set;
	p->complain = complain;
	p->ctx = ctx;
	p->at.scope.block = p->at.outer.block = -1;
	p->values.cwd = arena_text(set->arena, b->cwd);
	p->values.home = arena_text(set->arena, b->home);
	assign_presets(p);
	parse_start(p);
	if (!p->over && b->nfiles > 0)
		parse_file(p, &b->files[0]);
	if (!p->over)
		assign_fill_in(p);
	keep_blocks(p);
	line_clear(&p->line);
	over = p->over;
	mem_free(p);
	return over ? ERR_CONFIG : OK;
}
