#include "sallyport/conf/conf.h"

#include "advice.h"
#include "assign.h"
#include "bundle.h"
#include "dump.h"
#include "keywords.h"
#include "match.h"
#include "parse.h"
#include "values_ssh.h"

#include "sallyport/base/must.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/algo.h"

const char *
conf_default_file(void)
{
	return SYSCONFDIR "/sallyport/sshd_config";
}

enum err
conf_read(const struct conf_source *source, struct buf *bundle, char *why,
    size_t size)
{
	return bundle_read(source, bundle, why, size);
}

/* ---- checked as a whole ------------------------------------------------- */

static bool
methods_can_be_satisfied(const struct conf *c)
{
	const struct conf_list *lists = &c->authentication_methods;

	for (size_t i = 0; i < lists->n; i++)
		if (values_ssh_methods_enabled(slice_cstr(lists->v[i]), c))
			return true;
	return lists->n == 0;
}

/* What makes no sense together, and whose line is to blame */
struct contradiction {
	const char *why;
	const void *member;
	const char *wants;
};

static bool
find_contradiction(const struct conf *c, struct contradiction *out)
{
	if (!methods_can_be_satisfied(c))
		*out = (struct contradiction){
		    "AuthenticationMethods cannot be satisfied by enabled "
		    "authentication methods",
		    &c->authentication_methods,
		    "AuthenticationMethods: expected a list of enabled ones"};
	else if (c->authorized_keys_commands.n > 0 &&
		 c->authorized_keys_command_user == NULL)
		*out = (struct contradiction){
		    "AuthorizedKeysCommand set without "
		    "AuthorizedKeysCommandUser",
		    &c->authorized_keys_commands,
		    "AuthorizedKeysCommandUser: expected an account to run it"};
	else if (c->authorized_principals_command != NULL &&
		 c->authorized_principals_command_user == NULL)
		*out = (struct contradiction){
		    "AuthorizedPrincipalsCommand set without "
		    "AuthorizedPrincipalsCommandUser",
		    &c->authorized_principals_command,
		    "AuthorizedPrincipalsCommandUser: expected an account to "
		    "run it"};
	else
		return false;
	return true;
}

/* "FILE line N: ", or nothing where nobody said anything */
static char *
place_of(const struct conf *c, const void *member)
{
	struct conf_origin at;

	if (!conf_origin(c, SLICE_NONE, member, 0, &at))
		return mem_strdup("");
	return mem_format("%s line %u: ", at.file, at.line);
}

static void
warn_addendum(const struct conf *c, conf_complain *complain, void *ctx)
{
	SCOPED(mem_free_at) char *place = place_of(c, &c->version_addendum);
	SCOPED(mem_free_at) char *line = NULL;

	if (c->version_addendum == NULL ||
	    strstr(c->version_addendum, " #") == NULL)
		return;
	line = mem_format("%sVersionAddendum: what looks like a comment is "
			  "part of it",
	    place);
	complain(ctx, LEVEL_INFO, line);
}

static enum err
check_whole(const struct conf *c, conf_complain *complain, void *ctx)
{
	struct contradiction wrong;
	SCOPED(mem_free_at) char *place = NULL;
	SCOPED(mem_free_at) char *line = NULL;

	if (complain != NULL)
		warn_addendum(c, complain, ctx);
	if (!find_contradiction(c, &wrong))
		return OK;
	place = place_of(c, wrong.member);
	line = mem_format("%s%s (%s)", place, wrong.why, wrong.wants);
	if (complain != NULL)
		complain(ctx, LEVEL_FATAL, line);
	return ERR_CONFIG;
}

/* ---- making ------------------------------------------------------------- */

static struct conf_set *
set_new(void)
{
	struct arena *arena = arena_new();
	struct conf_set *set = arena_alloc(arena, sizeof(*set));

	set->arena = arena;
	set->scratch = arena_new();
	set->global.set = set;
	return set;
}

static void
add_names(struct buf *all, const char *list)
{
	struct slice rest = slice_cstr(list);
	struct slice name;
	enum err e = OK;

	while (e == OK && slice_next(&rest, ',', &name)) {
		if (algo_list_has(buf_slice(all), name))
			continue;
		if (all->n > 0)
			e = buf_append_cstr(all, ",");
		if (e == OK)
			e = buf_append(all, name);
	}
	must(e == OK); /* bounded by the table of algorithms */
}

/* What any block might give, and the global value: looked at once, since it
 * means reading all of them. */
static const char *
any_algorithms(const struct conf_set *set, size_t offset)
{
	SCOPED(buf_clear) struct buf all = BUF_EMPTY;
	const struct keywords_row *row = keywords_of(offset);
	const struct match_value *v;

	add_names(&all,
	    *(const char *const *)keywords_value_of(row, &set->global));
	for (size_t i = 0; i < set->nblocks; i++) {
		v = match_value(&set->blocks[i], (uint32_t)keywords_place(row));
		if (v != NULL)
			add_names(&all, *(const char *const *)v->value);
	}
	return arena_text(set->arena, buf_slice(&all));
}

enum err
conf_parse(struct slice text, conf_complain *complain, void *ctx,
    struct conf_set **set)
{
	struct conf_set *made = set_new();
	struct bundle b;
	enum err e;

	*set = NULL;
	e = bundle_open(text, &b);
	if (e == OK)
		e = parse_bundle(&b, made, complain, ctx);
	if (e == OK)
		e = check_whole(&made->global, complain, ctx);
	bundle_close(&b);
	if (e != OK) {
		conf_free(made);
		return e;
	}
	made->any_pubkey =
	    any_algorithms(made, offsetof(struct conf, pubkey_algorithms));
	made->any_kex =
	    any_algorithms(made, offsetof(struct conf, kex_algorithms));
	*set = made;
	return OK;
}

void
conf_free(struct conf_set *set)
{
	struct arena *arena;

	if (set == NULL)
		return;
	arena = set->arena;
	arena_free(set->scratch);
	arena_free(arena);
}

void
conf_seal(struct conf_set *set)
{
	arena_seal(set->arena);
}

const struct conf *
conf_global(const struct conf_set *set)
{
	return &set->global;
}

/* ---- Match -------------------------------------------------------------- */

static bool
block_holds(const struct match_block *b, const struct match_facts *facts,
    const uint8_t *before)
{
	if (b->same >= 0)
		return match_has(before, b->same);
	if (b->state == MATCH_NEVER ||
	    (b->parent >= 0 && !match_has(before, b->parent)))
		return false;
	return b->state == MATCH_ALWAYS || match_holds(b->tests, facts);
}

/* Of all blocks, or of those that depend on addresses alone */
static void
match_blocks(const struct conf_set *set, const struct conf_facts *facts,
    bool early, uint8_t *room, size_t *n)
{
	struct match_facts ready;

	match_prepare(facts, &ready);
	*n = (set->nblocks + 7) / 8;
	memset(room, 0, *n);
	for (size_t i = 0; i < set->nblocks; i++)
		if ((!early || set->blocks[i].early) &&
		    block_holds(&set->blocks[i], &ready, room))
			room[i / 8] = (uint8_t)(room[i / 8] | 1U << (i % 8));
}

void
conf_match(const struct conf_set *set, const struct conf_facts *facts,
    uint8_t *room, size_t *n)
{
	match_blocks(set, facts, false, room, n);
}

bool
conf_match_wants_groups(const struct conf_set *set)
{
	return set->wants_groups;
}

/* One block's values, where no earlier block had its say. */
static void
apply_block(const struct conf_set *set, const struct match_block *b,
    bool given[KEYWORDS_MAX], struct conf *out)
{
	for (const struct match_value *v = b->values; v != NULL; v = v->next) {
		const struct keywords_row *row = keywords_row(v->place);
		void *at = keywords_value(row, out);

		if (!given[v->place] || row->kind->how == VALUES_LAST)
			memcpy(at, v->value, row->kind->size);
		else if (row->kind->how == VALUES_GROWS)
			row->kind->merge(set->scratch, at, v->value);
		given[v->place] = true;
	}
}

/* Kinds whose values in blocks don't replace the global one */
static void
apply_global(const struct conf_set *set, const bool given[KEYWORDS_MAX],
    struct conf *out)
{
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++)
		if (given[i] && row->kind->keeps_global)
			row->kind->merge(set->scratch, keywords_value(row, out),
			    keywords_value_of(row, &set->global));
}

/* Exactly as long as conf_match writes it, without a bit of no block */
static bool
is_block_set(const struct conf_set *set, struct slice blocks)
{
	size_t odd = set->nblocks % 8;

	if (blocks.n != (set->nblocks + 7) / 8)
		return false;
	return odd == 0 || blocks.p[blocks.n - 1] >> odd == 0;
}

enum err
conf_apply(const struct conf_set *set, struct slice blocks, struct conf *out)
{
	bool given[KEYWORDS_MAX] = {false};

	*out = set->global;
	if (!is_block_set(set, blocks))
		return ERR_FORMAT;
	for (size_t i = 0; i < set->nblocks; i++)
		if (match_has(blocks.p, (int32_t)i))
			apply_block(set, &set->blocks[i], given, out);
	apply_global(set, given, out);
	return OK;
}

/* Where no earlier block had its say, as in apply_block */
static void
apply_early(const struct match_value *v, bool given[KEYWORDS_MAX],
    struct conf *out)
{
	const struct keywords_row *row = keywords_row(v->place);

	if ((row->flags & KEYWORDS_EARLY) == 0 || given[v->place])
		return;
	memcpy(keywords_value(row, out), v->value, row->kind->size);
	given[v->place] = true;
}

static struct conf *
make_early(const struct conf_set *set, const struct conf_facts *facts)
{
	struct conf *out = mem_new(sizeof(*out));
	uint8_t blocks[CONF_BLOCKS_OCTETS];
	bool given[KEYWORDS_MAX] = {false};
	const struct match_value *v;
	size_t n;

	*out = set->global;
	match_blocks(set, facts, true, blocks, &n);
	for (size_t i = 0; i < set->nblocks; i++) {
		v = match_has(blocks, (int32_t)i) ? set->blocks[i].values
						  : NULL;
		for (; v != NULL; v = v->next)
			apply_early(v, given, out);
	}
	return out;
}

struct conf *
conf_early(const struct conf_set *set, const struct conf_facts *facts)
{
	return set->early ? make_early(set, facts) : NULL;
}

const char *
conf_any_pubkey_algorithms(const struct conf_set *set)
{
	return set->any_pubkey;
}

const char *
conf_any_kex_algorithms(const struct conf_set *set)
{
	return set->any_kex;
}

/* ---- where a value is from ---------------------------------------------- */

bool
conf_block(const struct conf_set *set, size_t i, struct conf_origin *out)
{
	if (i >= set->nblocks || set->blocks[i].same >= 0)
		return false;
	*out = set->blocks[i].at;
	return true;
}

bool
conf_origin(const struct conf *c, struct slice blocks, const void *member,
    size_t element, struct conf_origin *out)
{
	size_t offset = (size_t)((const uint8_t *)member - (const uint8_t *)c);

	return origin_find(c, blocks, keywords_of(offset), element, out);
}

void
conf_advise(const struct conf_set *set, const struct conf_world *world,
    conf_complain *complain, void *ctx)
{
	advice_give(set, world, complain, ctx);
}

/* ---- -T, -G ------------------------------------------------------------- */

enum err
conf_dump(const struct conf *c, struct buf *out)
{
	return dump_conf(c, out);
}

enum err
conf_dump_origins(const struct conf *c, struct slice blocks, struct buf *out)
{
	return dump_origins(c, blocks, out);
}

/* ---- programs ------------------------------------------------------------- */

static bool
take_time(struct slice word, const char *name, uint32_t *seconds)
{
	size_t n = strlen(name);

	return slice_starts(word, slice_cstr(name)) && word.n > n &&
	       text_time(slice_skip(word, n), seconds, NULL) == OK;
}

bool
conf_command_read(const char *text, struct conf_command *c)
{
	struct slice word;

	*c = (struct conf_command){.timeout_s = CONF_COMMAND_TIMEOUT_S};
	for (; text[0] != '/' && text[0] != '\0'; text += strspn(text, " \t")) {
		word = slice_make(text, strcspn(text, " \t"));
		if (!take_time(word, "timeout=", &c->timeout_s) &&
		    !take_time(word, "cache=", &c->cache_s))
			return false;
		text += word.n;
	}
	c->line = text;
	return text[0] == '/' && c->timeout_s > 0;
}
