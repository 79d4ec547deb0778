#include "advice.h"

#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"

#include <stdarg.h>
#include <stdio.h>

struct adviser {
	const struct conf_set *set;
	const struct conf *conf; /* global values */
	const struct conf_world *world;
	conf_complain *complain;
	void *ctx;
};

static void __attribute__((format(printf, 3, 4)))
advise(const struct adviser *a, const struct conf_origin *at,
    const char *format, ...)
{
	char text[1024];
	SCOPED(mem_free_at) char *line = NULL;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line = mem_format("%s line %u: %s", at->file, at->line, text);
	a->complain(a->ctx, LEVEL_VERBOSE, line);
}

/* ---- lists -------------------------------------------------------------- */

static bool
has_wildcard(struct slice s)
{
	return slice_find(s, '*') < s.n || slice_find(s, '?') < s.n;
}

static bool
is_negated(struct slice s)
{
	return s.n > 0 && s.p[0] == '!';
}

/* A list of which every element says only what isn't meant holds never. */
static bool
only_negations(struct slice list)
{
	struct slice element;

	while (slice_next(&list, ',', &element))
		if (!is_negated(element))
			return false;
	return true;
}

/* Is each element a name, and none of them one that there is? */
static bool
all_missing(struct slice list, bool (*has)(const char *name))
{
	struct slice element;

	while (slice_next(&list, ',', &element)) {
		SCOPED(mem_free_at) char *name = mem_text(element);

		if (!is_negated(element) &&
		    (has_wildcard(element) || has(name)))
			return false;
	}
	return true;
}

/* Could it be the pattern of an address? */
static bool
may_be_address(struct slice pattern)
{
	SCOPED(mem_free_at) char *text = mem_text(pattern);

	return strspn(text, "0123456789abcdefABCDEF.:*?%/") == pattern.n;
}

static bool
no_addresses(struct slice list)
{
	struct slice element;

	while (slice_next(&list, ',', &element))
		if (!is_negated(element) && may_be_address(element))
			return false;
	return true;
}

/* ---- conditions that never hold ----------------------------------------- */

static bool
listens_on_port(const struct conf *c, int port)
{
	bool every = c->nlisten == 0;

	for (size_t i = 0; i < c->nlisten; i++) {
		if (c->listen[i].port == port)
			return true;
		every |= c->listen[i].port == 0;
	}
	for (size_t i = 0; every && i < c->nports; i++)
		if (c->port[i] == port)
			return true;
	return false;
}

/* Only where all that is listened on is told by its address */
static bool
listens_elsewhere(const struct conf *c, struct slice list)
{
	enum pattern_result result;
	struct addr a;

	for (size_t i = 0; i < c->nlisten; i++) {
		struct slice host = slice_cstr(c->listen[i].host);

		if (addr_parse(host, &a) != OK || slice_is(host, "0.0.0.0") ||
		    slice_is(host, "::") ||
		    pattern_addr_list(list, host, &result) != OK ||
		    result == PATTERN_HIT)
			return false;
	}
	return c->nlisten > 0;
}

/* Why one condition holds for nobody; NULL: it may. */
static const char *
futile_test(const struct adviser *a, const struct match_test *t)
{
	enum match_what what = match_what(t);

	if (what != MATCH_ALL && what != MATCH_INVALID_USER &&
	    what != MATCH_LOCALPORT && only_negations(t->pattern))
		return "a list of negations alone holds for nobody";
	switch (what) {
	case MATCH_USER:
		return all_missing(t->pattern, a->world->has_user)
			   ? "there is no such user"
			   : NULL;
	case MATCH_GROUP:
		return all_missing(t->pattern, a->world->has_group)
			   ? "there is no such group"
			   : NULL;
	case MATCH_HOST:
		return !a->conf->use_dns && no_addresses(t->pattern)
			   ? "names aren't looked up (UseDNS no)"
			   : NULL;
	case MATCH_LOCALPORT:
		return a->world->inherited == NULL &&
			       !listens_on_port(a->conf, t->port)
			   ? "no such port is listened on"
			   : NULL;
	case MATCH_LOCALADDRESS:
		return a->world->inherited == NULL &&
			       listens_elsewhere(a->conf, t->pattern)
			   ? "no such address is listened on"
			   : NULL;
	default:
		return NULL;
	}
}

/* Two conditions of one line that no connection meets both */
static bool
exclude(const struct match_test *a, const struct match_test *b)
{
	enum match_what x = match_what(a);
	enum match_what y = match_what(b);

	if (x == y && x == MATCH_LOCALPORT)
		return a->port != b->port;
	if (x == y && (x == MATCH_USER || x == MATCH_RDOMAIN))
		return a->literal && b->literal &&
		       !slice_equal(a->pattern, b->pattern);
	return (x == MATCH_INVALID_USER && y == MATCH_GROUP) ||
	       (y == MATCH_INVALID_USER && x == MATCH_GROUP);
}

static const char *
futile_block(const struct adviser *a, const struct match_block *b)
{
	const struct match_test *t;
	const char *why = NULL;

	if (b->state == MATCH_NEVER)
		return "the version is " CONF_MATCH_VERSION;
	for (t = b->tests; t != NULL && why == NULL; t = t->next) {
		why = futile_test(a, t);
		for (const struct match_test *u = t->next; u != NULL;
		     u = u->next)
			if (exclude(t, u))
				why = "its conditions exclude each other";
	}
	return why;
}

/* ---- blocks that come too late ------------------------------------------ */

/* Behind an Include a block goes on as another one: the first of them. */
static const struct match_block *
root_of(const struct conf_set *set, const struct match_block *b)
{
	while (b->same >= 0)
		b = &set->blocks[b->same];
	return b;
}

static bool
same_conditions(const struct match_block *a, const struct match_block *b)
{
	const struct match_test *x = a->tests;
	const struct match_test *y = b->tests;

	if (a == b)
		return true;
	if (a->parent != b->parent)
		return false;
	while (x != NULL && y != NULL && x->criterion == y->criterion &&
	       slice_equal(x->pattern, y->pattern)) {
		x = x->next;
		y = y->next;
	}
	return x == NULL && y == NULL;
}

/* Does b hold wherever that later one does? */
static bool
covers(const struct match_block *b, const struct match_block *later)
{
	return same_conditions(b, later) ||
	       (b->state == MATCH_ALWAYS && b->parent < 0);
}

static void
check_value(const struct adviser *a, size_t block, const struct match_value *v)
{
	const struct conf_set *set = a->set;
	const struct match_block *late = root_of(set, &set->blocks[block]);
	const struct keywords_row *row = keywords_row(v->place);
	const struct match_value *first;

	if (row->kind->how != VALUES_FIRST || v->origins.first == NULL)
		return;
	for (size_t i = 0; i < block; i++) {
		if (!covers(root_of(set, &set->blocks[i]), late))
			continue;
		first = match_value(&set->blocks[i], v->place);
		if (first == NULL || first->origins.first == NULL)
			continue;
		advise(a, &v->origins.first->at,
		    "%s has no effect: %s line %u came first, in a block that "
		    "holds wherever this one does",
		    row->name, first->origins.first->at.file,
		    first->origins.first->at.line);
		return;
	}
}

static void
check_blocks(const struct adviser *a)
{
	const struct match_value *v;

	for (size_t i = 0; i < a->set->nblocks; i++) {
		const struct match_block *b = &a->set->blocks[i];
		const char *why = b->same < 0 ? futile_block(a, b) : NULL;

		if (why != NULL)
			advise(a, &b->at, "Match has no effect: %s", why);
		for (v = b->values; v != NULL; v = v->next)
			check_value(a, i, v);
	}
}

/* ---- who can come in ---------------------------------------------------- */

static size_t
place_of(const struct adviser *a, const void *member)
{
	return keywords_place(keywords_of(
	    (size_t)((const uint8_t *)member - (const uint8_t *)a->conf)));
}

/* Is one of these patterns such that somebody there is fits? */
static bool
fits_somebody(const struct conf_list *list, bool (*has)(const char *name))
{
	for (size_t i = 0; i < list->n; i++) {
		struct slice entry = slice_cstr(list->v[i]);
		struct slice name = slice_first(entry, slice_find(entry, '@'));

		if (!is_negated(name) && !all_missing(name, has))
			return true;
	}
	return false;
}

static bool
fits_everybody(const struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], "*") == 0)
			return true;
	return false;
}

/* One list, global (member's place) or a block's */
static void
check_list(const struct adviser *a, size_t place, const struct conf_list *list,
    const struct origins *o, const char *whom)
{
	const struct keywords_row *row = keywords_row(place);
	bool users = place == place_of(a, &a->conf->allow_users);
	bool groups = place == place_of(a, &a->conf->allow_groups);
	bool denies = place == place_of(a, &a->conf->deny_users) ||
		      place == place_of(a, &a->conf->deny_groups);

	if (list->n == 0 || o->first == NULL)
		return;
	if (denies && fits_everybody(list))
		advise(a, &o->first->at, "%s locks out everybody%s", row->name,
		    whom);
	else if ((users && !fits_somebody(list, a->world->has_user)) ||
		 (groups && !fits_somebody(list, a->world->has_group)))
		advise(a, &o->first->at,
		    "%s locks out everybody%s: there is no such %s", row->name,
		    whom, users ? "user" : "group");
}

static bool
in_any_block(const struct adviser *a, size_t place)
{
	for (size_t i = 0; i < a->set->nblocks; i++)
		if (match_value(&a->set->blocks[i], (uint32_t)place) != NULL)
			return true;
	return false;
}

static void
check_lists(const struct adviser *a)
{
	const struct conf *c = a->conf;
	const struct conf_list *lists[] = {&c->allow_users, &c->deny_users,
	    &c->allow_groups, &c->deny_groups};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		size_t place = place_of(a, lists[i]);

		if (!in_any_block(a, place))
			check_list(a, place, lists[i], &a->set->origins[place],
			    "");
		for (size_t j = 0; j < a->set->nblocks; j++) {
			const struct match_value *v =
			    match_value(&a->set->blocks[j], (uint32_t)place);

			if (v != NULL)
				check_list(a, place, v->value, &v->origins,
				    " whom the block is for");
		}
	}
}

static bool
only_root(const struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct slice entry = slice_cstr(list->v[i]);

		if (!slice_is(slice_first(entry, slice_find(entry, '@')),
			"root"))
			return false;
	}
	return list->n > 0;
}

/* Only where no block says anything else of member */
static void
check_way_in(const struct adviser *a, const void *member, const char *why)
{
	const struct keywords_row *row = keywords_row(place_of(a, member));
	struct conf_origin at;

	if (!in_any_block(a, keywords_place(row)) &&
	    conf_origin(a->conf, SLICE_NONE, member, 0, &at))
		advise(a, &at, "%s locks out everybody: %s", row->name, why);
}

static void
check_ways_in(const struct adviser *a)
{
	const struct conf *c = a->conf;

	if (c->permit_root_login == ROOT_NO && only_root(&c->allow_users))
		check_way_in(a, &c->allow_users,
		    "root may not log in (PermitRootLogin no)");
	if (c->max_auth_tries == 0)
		check_way_in(a, &c->max_auth_tries, "there is no attempt");
	if (!c->pubkey && !c->password && !c->kbdint && !c->hostbased &&
	    !c->gssapi && !c->permit_empty_passwords)
		check_way_in(a, &c->pubkey,
		    "no method of authentication is enabled");
	if (c->refuse_connection)
		check_way_in(a, &c->refuse_connection, "it says so");
}

/* ---- confinement --------------------------------------------------------- */

static const char *
text_at(const void *value)
{
	const char *text;

	memcpy(&text, value, sizeof(text));
	return text;
}

/* What ForceCommand is where a block holds; block NULL: outside of all. */
static const char *
forced_in(const struct adviser *a, const struct match_block *block)
{
	size_t place = place_of(a, &a->conf->force_command);
	const struct match_value *v =
	    block == NULL ? NULL : match_value(block, (uint32_t)place);

	return v == NULL ? a->conf->force_command : text_at(v->value);
}

/* A root that a shell doesn't have */
static void
check_root(const struct adviser *a, const char *root,
    const struct conf_origin *at, const struct match_block *block)
{
	const char *forced = forced_in(a, block);

	if (root == NULL ||
	    (forced != NULL && strncmp(forced, "internal-sftp", 13) == 0))
		return;
	advise(a, at,
	    "SftpRoot is of internal-sftp alone: without \"ForceCommand "
	    "internal-sftp\" beside it commands see everything");
}

/* What one keyword says, outside of blocks and in each */
static void
check_root_everywhere(const struct adviser *a)
{
	size_t place = place_of(a, &a->conf->sftp_root);
	struct conf_origin at;

	if (conf_origin(a->conf, SLICE_NONE, &a->conf->sftp_root, 0, &at))
		check_root(a, a->conf->sftp_root, &at, NULL);
	for (size_t i = 0; i < a->set->nblocks; i++) {
		const struct match_block *b = &a->set->blocks[i];
		const struct match_value *v = match_value(b, (uint32_t)place);

		if (v != NULL && v->origins.first != NULL)
			check_root(a, text_at(v->value), &v->origins.first->at,
			    b);
	}
}

/* A quota is counted below the root. */
static void
check_quota(const struct adviser *a)
{
	size_t place = place_of(a, &a->conf->sftp_quota);
	static const char text[] = "SftpQuota has no effect without SftpRoot";
	struct conf_origin at;

	if (a->conf->sftp_root != NULL ||
	    in_any_block(a, place_of(a, &a->conf->sftp_root)))
		return;
	if (a->conf->sftp_quota != 0 &&
	    conf_origin(a->conf, SLICE_NONE, &a->conf->sftp_quota, 0, &at))
		advise(a, &at, "%s", text);
	for (size_t i = 0; i < a->set->nblocks; i++) {
		const struct match_value *v =
		    match_value(&a->set->blocks[i], (uint32_t)place);

		if (v != NULL && v->origins.first != NULL)
			advise(a, &v->origins.first->at, "%s", text);
	}
}

/* ---- listening sockets -------------------------------------------------- */

static void
check_sockets(const struct adviser *a)
{
	const struct conf *c = a->conf;
	const void *members[] = {c->port, &c->listen, &c->family};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		size_t place = place_of(a, members[i]);
		const struct origin *o = a->set->origins[place].first;

		for (; o != NULL && a->world->inherited != NULL; o = o->next)
			advise(a, &o->at,
			    "%s has no effect: the listening sockets are the "
			    "service manager's (%s)",
			    keywords_row(place)->name, a->world->inherited);
	}
}

void
advice_give(const struct conf_set *set, const struct conf_world *world,
    conf_complain *complain, void *ctx)
{
	struct adviser a = {set, &set->global, world, complain, ctx};

	check_sockets(&a);
	check_blocks(&a);
	check_lists(&a);
	check_ways_in(&a);
	check_root_everywhere(&a);
	check_quota(&a);
}
