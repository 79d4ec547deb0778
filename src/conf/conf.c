#include "sallyport/conf/conf.h"

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

/* What makes no sense together, or NULL */
static const char *
find_contradiction(const struct conf *c)
{
	if (!methods_can_be_satisfied(c))
		return "AuthenticationMethods cannot be satisfied by "
		       "enabled authentication methods";
	if (c->authorized_keys_command != NULL &&
	    c->authorized_keys_command_user == NULL)
		return "AuthorizedKeysCommand set without "
		       "AuthorizedKeysCommandUser";
	if (c->authorized_principals_command != NULL &&
	    c->authorized_principals_command_user == NULL)
		return "AuthorizedPrincipalsCommand set without "
		       "AuthorizedPrincipalsCommandUser";
	return NULL;
}

static enum err
check_whole(const struct conf *c, conf_complain *complain, void *ctx)
{
	const char *wrong = find_contradiction(c);

	if (complain != NULL && c->version_addendum != NULL &&
	    strstr(c->version_addendum, " #") != NULL)
		complain(ctx, LEVEL_INFO,
		    "VersionAddendum: what looks like a comment is part of it");
	if (wrong == NULL)
		return OK;
	if (complain != NULL)
		complain(ctx, LEVEL_FATAL, wrong);
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
has_bit(const uint8_t *bits, int32_t i)
{
	return (bits[i / 8] >> (i % 8) & 1) != 0;
}

static bool
block_holds(const struct match_block *b, const struct match_facts *facts,
    const uint8_t *before)
{
	if (b->same >= 0)
		return has_bit(before, b->same);
	if (b->state == MATCH_NEVER ||
	    (b->parent >= 0 && !has_bit(before, b->parent)))
		return false;
	return b->state == MATCH_ALWAYS || match_holds(b->tests, facts);
}

void
conf_match(const struct conf_set *set, const struct conf_facts *facts,
    uint8_t *room, size_t *n)
{
	struct match_facts ready;

	match_prepare(facts, &ready);
	*n = (set->nblocks + 7) / 8;
	memset(room, 0, *n);
	for (size_t i = 0; i < set->nblocks; i++)
		if (block_holds(&set->blocks[i], &ready, room))
			room[i / 8] = (uint8_t)(room[i / 8] | 1U << (i % 8));
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
		if (has_bit(blocks.p, (int32_t)i))
			apply_block(set, &set->blocks[i], given, out);
	apply_global(set, given, out);
	return OK;
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

char *
conf_any_pubkey_algorithms(const struct conf_set *set)
{
	SCOPED(buf_clear) struct buf all = BUF_EMPTY;
	size_t place = keywords_place(
	    keywords_of(offsetof(struct conf, pubkey_algorithms)));

	add_names(&all, set->global.pubkey_algorithms);
	for (size_t i = 0; i < set->nblocks; i++) {
		const struct match_value *v = set->blocks[i].values;

		for (; v != NULL; v = v->next)
			if (v->place == place)
				add_names(&all, *(const char *const *)v->value);
	}
	return mem_text(buf_slice(&all));
}

/* ---- what isn't built yet ----------------------------------------------- */

bool
conf_refuses(const struct conf *c, const char **keyword)
{
	static const uint8_t nothing[VALUES_SIZE_MAX];
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		if ((row->flags & KEYWORDS_REFUSE) == 0 ||
		    !parse_differs(row, keywords_value_of(row, c), nothing))
			continue;
		*keyword = row->name;
		return true;
	}
	return false;
}

/* ---- -T, -G ------------------------------------------------------------- */

enum err
conf_dump(const struct conf *c, struct buf *out)
{
	return dump_conf(c, out);
}
