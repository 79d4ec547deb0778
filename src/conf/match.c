#include "match.h"

#include "sallyport/base/text.h"

#include <stdio.h>

struct match_criterion {
	const char *name;
	bool alone;        /* takes no pattern */
	bool fixed;        /* the same for every connection */
	bool early;        /* known before the key exchange */
	bool groups;       /* wants the groups' names */
	const char *wrong; /* what to say if check fails, with the pattern */
	bool (*check)(struct arena *arena, struct match_test *t);
	bool (*holds)(const struct match_test *t, const struct match_facts *f);
};

/* ---- one test ----------------------------------------------------------- */

static bool
any_pattern(struct arena *arena, struct match_test *t)
{
	static const uint8_t special[] = {'*', '?', '!', ','};

	(void)arena;
	t->literal = true;
	for (size_t i = 0; i < sizeof(special); i++)
		if (slice_find(t->pattern, special[i]) < t->pattern.n)
			t->literal = false;
	return true;
}

/* Is text known, and does the list of patterns allow it? */
static bool
listed(const struct match_test *t, struct slice text, bool nocase)
{
	if (text.p == NULL)
		return false;
	if (t->literal && !nocase)
		return slice_equal(t->pattern, text);
	return pattern_list(t->pattern, text, nocase) == PATTERN_HIT;
}

static bool
holds_always(const struct match_test *t, const struct match_facts *f)
{
	(void)t;
	(void)f;
	return true;
}

static bool
holds_invalid_user(const struct match_test *t, const struct match_facts *f)
{
	(void)t;
	return f->facts->invalid_user;
}

static bool
holds_user(const struct match_test *t, const struct match_facts *f)
{
	return listed(t, f->user, false);
}

/* A negated pattern that hits any of the groups makes the list fail. */
static bool
holds_group(const struct match_test *t, const struct match_facts *f)
{
	bool hit = false;

	if (f->facts->invalid_user)
		return false;
	for (size_t i = 0; i < f->facts->ngroups; i++) {
		struct slice name = slice_cstr(f->facts->groups[i]);

		switch (pattern_list(t->pattern, name, false)) {
		case PATTERN_NEGATED:
			return false;
		case PATTERN_HIT:
			hit = true;
			break;
		case PATTERN_NONE:
			break;
		}
	}
	return hit;
}

static bool
holds_host(const struct match_test *t, const struct match_facts *f)
{
	return listed(t, f->host, true);
}

/* An element that is an address or a block. Mapped addresses are folded and
 * their masks with them, and zones have rules: that is the slow way. */
static bool
compile_net(struct slice text, struct match_net *net)
{
	size_t end;
	uint64_t bits;

	net->negated = text.n > 0 && text.p[0] == '!';
	text = slice_skip(text, net->negated ? 1 : 0);
	end = slice_find(text, '/');
	if (addr_parse(slice_first(text, end), &net->addr) != OK ||
	    (net->addr.family == 4 && slice_find(text, ':') < text.n) ||
	    net->addr.scope[0] != '\0')
		return false;
	net->bits = net->addr.family == 4 ? 32 : 128;
	if (end == text.n)
		return true;
	if (text_number(slice_skip(text, end + 1), 0, net->bits, &bits) != OK)
		return false;
	net->bits = (unsigned int)bits;
	return true;
}

/* Lists of nothing else are compared without their text being read again. */
static void
compile_nets(struct arena *arena, struct match_test *t)
{
	struct slice rest = t->pattern;
	struct match_net *nets;
	struct slice element;
	size_t n = 0;

	while (slice_next(&rest, ',', &element))
		n++;
	nets = arena_alloc(arena, n * sizeof(*nets));
	rest = t->pattern;
	for (n = 0; slice_next(&rest, ',', &element); n++)
		if (!compile_net(element, &nets[n]))
			return;
	t->nets = nets;
	t->nnets = n;
}

static bool
address_list(struct arena *arena, struct match_test *t)
{
	enum pattern_result result;

	if (pattern_addr_list(t->pattern, SLICE_NONE, &result) != OK)
		return false;
	compile_nets(arena, t);
	return true;
}

/* As in lists of patterns: a negated hit wins wherever it stands. */
static bool
in_nets(const struct match_test *t, const struct addr *a)
{
	bool hit = false;

	for (size_t i = 0; i < t->nnets; i++) {
		const struct match_net *net = &t->nets[i];

		if (!addr_in(a, &net->addr, net->bits))
			continue;
		if (net->negated)
			return false;
		hit = true;
	}
	return hit;
}

static bool
address_listed(const struct match_test *t, struct slice text,
    const struct addr *a)
{
	enum pattern_result result;

	if (text.p == NULL)
		return false;
	if (t->nets != NULL && a->family != 0 && a->scope[0] == '\0')
		return in_nets(t, a);
	return pattern_addr_list(t->pattern, text, &result) == OK &&
	       result == PATTERN_HIT;
}

static bool
holds_address(const struct match_test *t, const struct match_facts *f)
{
	return address_listed(t, f->address, &f->peer);
}

static bool
holds_local_address(const struct match_test *t, const struct match_facts *f)
{
	return address_listed(t, f->local_address, &f->local);
}

static bool
one_port(struct arena *arena, struct match_test *t)
{
	uint64_t v;

	(void)arena;
	if (text_number(t->pattern, 1, UINT16_MAX, &v) != OK)
		return false;
	t->port = (int)v;
	return true;
}

static bool
holds_local_port(const struct match_test *t, const struct match_facts *f)
{
	return f->facts->local_port == t->port;
}

static bool
holds_rdomain(const struct match_test *t, const struct match_facts *f)
{
	return listed(t, f->rdomain, false);
}

static bool
holds_version(const struct match_test *t, const struct match_facts *f)
{
	(void)f;
	return listed(t, SLICE_STR(CONF_MATCH_VERSION), false);
}

/* clang-format off */
static const struct match_criterion criteria[] = {
	/* name            alone  fixed  early  groups wrong                                   check         holds */
	{"all",            true,  true,  true,  false, NULL,                                   NULL,         holds_always},
	{"invalid-user",   true,  false, false, false, NULL,                                   NULL,         holds_invalid_user},
	{"user",           false, false, false, false, NULL,                                   any_pattern,  holds_user},
	{"group",          false, false, false, true,  NULL,                                   any_pattern,  holds_group},
	{"host",           false, false, false, false, NULL,                                   any_pattern,  holds_host},
	{"address",        false, false, true,  false, "Invalid Match address argument '%s' at line %u",      address_list, holds_address},
	{"localaddress",   false, false, true,  false, "Invalid Match localaddress argument '%s' at line %u", address_list, holds_local_address},
	{"localport",      false, false, true,  false, "Invalid LocalPort '%s' on Match line", one_port,     holds_local_port},
	{"rdomain",        false, false, true,  false, NULL,                                   any_pattern,  holds_rdomain},
	{"version",        false, true,  true,  false, NULL,                                   any_pattern,  holds_version},
};
/* clang-format on */

_Static_assert(sizeof(criteria) / sizeof(criteria[0]) == MATCH_VERSION + 1,
    "one row for each of enum match_what");

enum match_what
match_what(const struct match_test *t)
{
	return (enum match_what)(t->criterion - criteria);
}

/* ---- a line of them ----------------------------------------------------- */

/* The words of a Match line, some of which hold a name and its pattern */
struct words {
	const char *const *v;
	size_t n;
	size_t at;
};

static const struct match_criterion *
find_criterion(struct slice name)
{
	for (size_t i = 0; i < sizeof(criteria) / sizeof(criteria[0]); i++)
		if (text_same_nocase(name, slice_cstr(criteria[i].name)))
			return &criteria[i];
	return NULL;
}

/* "name pattern" or "name=pattern": the pattern, or NULL */
static const char *
take_pattern(struct words *w, struct slice name, size_t name_octets)
{
	if (name_octets < name.n)
		return w->v[w->at - 1] + name_octets + 1;
	return w->at < w->n ? w->v[w->at++] : NULL;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static bool
bad_pattern(struct match_compiled *out, const struct match_criterion *c,
    const char *pattern, unsigned int line)
{
	(void)snprintf(out->note, sizeof(out->note), c->wrong, pattern, line);
	out->wants = c->check == one_port
			 ? "one port from 1 to 65535 behind LocalPort"
			 : "addresses, blocks such as 192.0.2.0/24 without "
			   "bits behind the mask, and patterns, separated by "
			   "commas";
	return false;
}
#pragma GCC diagnostic pop

static bool
compile_one(struct arena *arena, struct words *w, unsigned int line,
    struct match_test *t, struct match_compiled *out)
{
	const char *word = w->v[w->at++];
	struct slice text = slice_cstr(word);
	size_t end = slice_find(text, '=');
	const struct match_criterion *c =
	    find_criterion(slice_first(text, end));
	const char *pattern;

	t->criterion = c;
	if (c == NULL || (c->alone && end < text.n)) {
		(void)snprintf(out->note, sizeof(out->note),
		    "Unsupported Match attribute %s", word);
		return false;
	}
	if (c->alone)
		return true;
	pattern = take_pattern(w, text, end);
	if (pattern == NULL || pattern[0] == '\0') {
		(void)snprintf(out->note, sizeof(out->note),
		    "Missing Match criteria for %s", word);
		out->wants = "something to compare with behind each condition";
		return false;
	}
	t->pattern = slice_cstr(arena_text(arena, slice_cstr(pattern)));
	return c->check(arena, t) || bad_pattern(out, c, pattern, line);
}

/* What a line says without a connection: one fixed test that fails is enough,
 * but all must be fixed for it to hold always. */
static enum match_state
state_of(const struct match_test *tests)
{
	static const struct conf_facts nothing = {.local_port = -1};
	enum match_state state = MATCH_ALWAYS;
	struct match_facts facts;

	match_prepare(&nothing, &facts);
	for (; tests != NULL; tests = tests->next) {
		if (!tests->criterion->fixed)
			state = MATCH_DEPENDS;
		else if (!tests->criterion->holds(tests, &facts))
			return MATCH_NEVER;
	}
	return state;
}

/* "all" says everything; beside others it would be a mistake. */
static bool
check_alone(const struct match_test *tests, struct match_compiled *out)
{
	bool several = tests->next != NULL;

	for (; tests != NULL && several; tests = tests->next) {
		if (tests->criterion != &criteria[0])
			continue;
		(void)snprintf(out->note, sizeof(out->note),
		    "'all' cannot be combined with other Match attributes");
		out->wants = "All alone";
		return false;
	}
	return true;
}

bool
match_compile(struct arena *arena, const char *const *words, size_t n,
    unsigned int line, struct match_compiled *out)
{
	struct words w = {words, n, 0};
	struct match_test *first = NULL;
	struct match_test **end = &first;

	*out = (struct match_compiled){0};
	(void)snprintf(out->why, sizeof(out->why), "Bad Match condition");
	out->wants = "All, Invalid-User, or User, Group, Host, Address, "
		     "LocalAddress, LocalPort, RDomain or Version with what "
		     "to compare with";
	out->early = true;
	while (w.at < w.n) {
		struct match_test *t = arena_alloc(arena, sizeof(*t));

		if (!compile_one(arena, &w, line, t, out))
			return false;
		out->wants_groups |= t->criterion->groups;
		out->early = out->early && t->criterion->early;
		*end = t;
		end = &t->next;
	}
	if (first == NULL || !check_alone(first, out))
		return false;
	out->tests = first;
	out->state = state_of(first);
	return true;
}

struct match_value *
match_value(const struct match_block *b, uint32_t place)
{
	struct match_value *v = b->values;

	while (v != NULL && v->place != place)
		v = v->next;
	return v;
}

/* ---- for a connection --------------------------------------------------- */

void
match_prepare(const struct conf_facts *facts, struct match_facts *out)
{
	*out = (struct match_facts){.facts = facts,
	    .user = slice_cstr(facts->user),
	    .host = slice_cstr(facts->host),
	    .address = slice_cstr(facts->address),
	    .local_address = slice_cstr(facts->local_address),
	    .rdomain = slice_cstr(facts->rdomain)};
	if (addr_parse(out->address, &out->peer) != OK)
		out->peer = (struct addr){0};
	if (addr_parse(out->local_address, &out->local) != OK)
		out->local = (struct addr){0};
}

bool
match_holds(const struct match_test *tests, const struct match_facts *facts)
{
	for (; tests != NULL; tests = tests->next)
		if (!tests->criterion->holds(tests, facts))
			return false;
	return true;
}
