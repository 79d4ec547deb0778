#include "values_session.h"

#include "values_net.h"
#include "values_text.h"

#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"

/* ---- sessions ----------------------------------------------------------- */

static bool
parse_accept_env(const struct values_kind *k, struct values_line *l,
    void *value)
{
	for (size_t i = 0; i < l->nwords; i++)
		if (strchr(l->words[i], '=') != NULL)
			return values_bad(l, "Invalid environment name.");
	return values_text_patterns.parse(k, l, value);
}

const struct values_kind values_session_accept_env = {.size = sizeof(
							  struct conf_list),
    .how = VALUES_GROWS,
    .parse = parse_accept_env,
    .print = values_lines_print,
    .merge = values_list_merge,
    .wants = "names of variables, or patterns of them",
    .element = values_list_element};

/* Is the variable of "NAME=value" in the list already? name includes '='. */
static bool
has_variable(const struct conf_list *list, struct slice name)
{
	for (size_t i = 0; i < list->n; i++)
		if (slice_starts(slice_cstr(list->v[i]), name))
			return true;
	return false;
}

static bool
parse_set_env(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_list *list = value;

	(void)k;
	*list = (struct conf_list){NULL, 0};
	for (size_t i = 0; i < l->nwords; i++) {
		struct slice word = slice_cstr(l->words[i]);
		size_t end = slice_find(word, '=');

		if (end == word.n || end == 0)
			return values_bad(l, "Invalid environment.");
		if (!has_variable(list, slice_first(word, end + 1)))
			values_list_add(l->arena, list,
			    arena_text(l->arena, word));
	}
	return true;
}

/* On one line, since of several the first alone would be read again */
static void
print_set_env(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	if (((const struct conf_list *)value)->n > 0)
		values_list_print(k, out, value);
}

const struct values_kind values_session_set_env = {.size =
						       sizeof(struct conf_list),
    .parse = parse_set_env,
    .print = print_set_env,
    .wants = "NAME=VALUE"};

/* A list of patterns, which "*" (yes) and none (no) are, too */
static bool
parse_user_environment(const struct values_kind *k, struct values_line *l,
    void *value)
{
	struct conf_list *list = value;
	struct slice word = values_first(l);

	(void)k;
	*list = (struct conf_list){NULL, 0};
	if (word.n == 0)
		return values_bad(l, "unsupported option \"\".");
	if (slice_is(word, "yes"))
		word = SLICE_STR("*");
	if (!slice_is(word, "no"))
		values_list_add(l->arena, list, arena_text(l->arena, word));
	return true;
}

static void
print_user_environment(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct conf_list *list = value;

	(void)k;
	if (list->n == 0)
		values_print(out, "no");
	else if (slice_is(slice_cstr(list->v[0]), "*"))
		values_print(out, "yes");
	else
		values_print_word(out, list->v[0]);
}

const struct values_kind values_session_user_environment =
    {.size = sizeof(struct conf_list),
	.words_max = 1,
	.parse = parse_user_environment,
	.print = print_user_environment,
	.wants = "yes, no or a list of patterns"};

struct subsystems {
	const struct conf_subsystem *v;
	size_t n;
};

_Static_assert(offsetof(struct conf, nsubsystems) -
		       offsetof(struct conf, subsystems) ==
		   offsetof(struct subsystems, n),
    "subsystems are two members in a row");

/* Its place, or all->n */
static size_t
find_subsystem(const struct subsystems *all, const char *name)
{
	size_t i = 0;

	while (i < all->n && strcmp(all->v[i].name, name) != 0)
		i++;
	return i;
}

/* A new array each time: there are a handful, and those before may be sealed */
static void
add_subsystem(struct arena *arena, struct subsystems *all,
    struct conf_subsystem one)
{
	struct conf_subsystem *v;

	v = arena_alloc(arena, (all->n + 1) * sizeof(*v));
	if (all->n > 0)
		memcpy(v, all->v, all->n * sizeof(*v));
	v[all->n] = one;
	*all = (struct subsystems){v, all->n + 1};
}

static void
merge_subsystems(struct arena *arena, void *value, const void *more)
{
	const struct subsystems *b = more;
	struct subsystems *a = value;

	for (size_t i = 0; i < b->n; i++)
		if (find_subsystem(a, b->v[i].name) == a->n)
			add_subsystem(arena, a, b->v[i]);
}

/* What stands behind the name: quotes are kept, a comment isn't. */
static struct slice
behind_first_word(struct slice raw)
{
	SCOPED(mem_free_at) char *room = mem_new(raw.n + 1);
	struct slice tail;
	size_t left;

	if (text_word(&raw, room, raw.n + 1) != OK)
		return SLICE_NONE;
	tail = raw = text_trim(raw);
	do {
		left = raw.n;
	} while (text_word(&raw, room, tail.n + 1) == OK);
	return slice_first(tail, tail.n - left);
}

#define SUBSYSTEMS_MAX 256

static bool
parse_subsystem(const struct values_kind *k, struct values_line *l, void *value)
{
	struct subsystems *all = value;
	struct slice command = behind_first_word(l->raw);
	struct conf_subsystem one;

	(void)k;
	if (values_first(l).n == 0)
		return values_bad(l, "Missing subsystem name.");
	if (l->nwords < 2)
		return values_bad(l, "Missing subsystem command.");
	l->moot_by = find_subsystem(all, l->words[0]);
	l->moot = l->moot_by < all->n;
	if (l->moot)
		return true;
	if (all->n == SUBSYSTEMS_MAX)
		return values_bad(l, "too many subsystems defined.");
	one.name = arena_text(l->arena, values_first(l));
	one.command = arena_text(l->arena, command);
	add_subsystem(l->arena, all, one);
	return true;
}

static void
print_subsystem(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct subsystems *all = value;

	(void)k;
	for (size_t i = 0; i < all->n; i++) {
		out->element = i;
		values_print_pair(out, all->v[i].name, all->v[i].command);
	}
}

static const void *
subsystem_element(const void *value, size_t i)
{
	const struct subsystems *all = value;

	return i < all->n ? all->v[i].name : NULL;
}

const struct values_kind values_session_subsystem = {.size = sizeof(
							 struct subsystems),
    .how = VALUES_GROWS,
    .keeps_global = true,
    .parse = parse_subsystem,
    .print = print_subsystem,
    .element = subsystem_element,
    .merge = merge_subsystems,
    .wants = "a name and a command"};

static bool
parse_channel_timeout(const struct values_kind *k, struct values_line *l,
    void *value)
{
	uint32_t seconds;

	for (size_t i = 0; !values_is(l, "none") && i < l->nwords; i++) {
		struct slice word = slice_cstr(l->words[i]);
		size_t end = slice_find(word, '=');

		if (end == 0 || end == word.n ||
		    text_time(slice_skip(word, end + 1), &seconds, NULL) != OK)
			return values_bad(l, "invalid channel timeout %s",
			    l->words[i]);
	}
	return values_text_words.parse(k, l, value);
}

const struct values_kind values_session_channel_timeout =
    {.size = sizeof(struct conf_list),
	.parse = parse_channel_timeout,
	.print = values_list_print,
	.wants = "TYPE=TIME, or none"};

/* ---- SFTP --------------------------------------------------------------- */

#define MODE_MAX 07777u /* with set-id and sticky bits */

static bool
parse_mode(const struct values_kind *k, struct values_line *l, void *value)
{
	struct slice s = values_first(l);
	uint32_t v = 0;

	for (size_t i = 0; i < s.n && v <= MODE_MAX; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return values_bad(l, "Invalid %s.", l->keyword);
		v = v * 8 + (uint32_t)(s.p[i] - '0');
	}
	if (s.n == 0 || v > MODE_MAX)
		return values_bad(l, "Invalid %s.", l->keyword);
	memcpy(value, &v, k->size);
	return true;
}

static bool
parse_mode_none(const struct values_kind *k, struct values_line *l, void *value)
{
	const uint32_t none = CONF_MODE_NONE;

	if (!values_is(l, "none"))
		return parse_mode(k, l, value);
	memcpy(value, &none, k->size);
	return true;
}

static void
print_mode(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	uint32_t v;

	memcpy(&v, value, k->size);
	if (v == CONF_MODE_NONE)
		values_print_word(out, NULL);
	else
		values_print(out, "0%o", v);
}

const struct values_kind values_session_mode = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_mode_none,
    .print = print_mode,
    .wants = "an octal mode from 0 to 07777, or none"};

/* 0 is none, so there is no quota of nothing: that is -R. */
static bool
parse_quota(const struct values_kind *k, struct values_line *l, void *value)
{
	uint64_t v = 0;

	if (!values_is(l, "none") &&
	    (text_size(values_first(l), &v) != OK || v == 0))
		return values_bad(l, "invalid size.");
	memcpy(value, &v, k->size);
	return true;
}

static void
print_quota(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	uint64_t v;

	memcpy(&v, value, k->size);
	if (v == 0)
		values_print_word(out, NULL);
	else
		values_print(out, "%llu", (unsigned long long)v);
}

const struct values_kind values_session_quota = {.size = sizeof(uint64_t),
    .words_max = 1,
    .parse = parse_quota,
    .print = print_quota,
    .wants = "a size such as 500M or 20G, or none"};

/* ---- forwarding --------------------------------------------------------- */

static const struct values_choice forwards[] = {{"yes", FORWARD_ALL},
    {"all", FORWARD_ALL}, {"no", FORWARD_NO}, {"local", FORWARD_LOCAL},
    {"remote", FORWARD_REMOTE}, {NULL, 0}};

const struct values_kind values_session_forward =
    VALUES_CHOICE(enum conf_forward, forwards);

static const struct values_choice gateways[] = {{"no", GATEWAY_NO},
    {"yes", GATEWAY_YES}, {"clientspecified", GATEWAY_CLIENT}, {NULL, 0}};

const struct values_kind values_session_gateway =
    VALUES_CHOICE(enum conf_gateway, gateways);

static const struct values_choice tunnels[] = {{"no", 0}, {"point-to-point", 1},
    {"ethernet", 2}, {"yes", 3}, {NULL, 0}};

static bool
parse_tunnel(const struct values_kind *k, struct values_line *l, void *value)
{
	uint32_t v;

	if (!values_choice_find(k->arg, l->words[0], true, &v))
		return values_bad(l, "bad %s argument %s", l->keyword,
		    l->words[0]);
	memcpy(value, &v, k->size);
	return true;
}

const struct values_kind values_session_tunnel = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_tunnel,
    .print = values_choice_print,
    .arg = tunnels};

static bool
is_forward_port(struct slice port)
{
	return slice_is(port, "*") || values_net_port_of(port) != 0;
}

/* "host:port", or for PermitListen the port alone, which means any host */
static char *
permit_of(struct values_line *l, struct slice word, bool listen)
{
	SCOPED(mem_free_at) char *any_host = NULL;
	struct slice host;
	struct slice port;
	char *text;

	if (listen && is_forward_port(word)) {
		any_host = mem_format("*:%s", (const char *)word.p);
		return arena_text(l->arena, slice_cstr(any_host));
	}
	if (!values_net_split(word, &host, &port) || !is_forward_port(port)) {
		(void)values_bad(l, "%s bad port number", l->keyword);
		return NULL;
	}
	text = arena_text(l->arena, word);
	if (listen)
		text_lower(text);
	return text;
}

static bool
parse_permits(struct values_line *l, struct conf_list *list, bool listen)
{
	const char *text;

	*list = (struct conf_list){NULL, 0};
	for (size_t i = 0; i < l->nwords; i++) {
		struct slice word = slice_cstr(l->words[i]);

		if (l->nwords == 1 &&
		    (slice_is(word, "any") || slice_is(word, "none")))
			text = arena_text(l->arena, word);
		else
			text = permit_of(l, word, listen);
		if (text == NULL)
			return false;
		values_list_add(l->arena, list, text);
	}
	return true;
}

static bool
parse_permit_open(const struct values_kind *k, struct values_line *l,
    void *value)
{
	(void)k;
	return parse_permits(l, value, false);
}

static bool
parse_permit_listen(const struct values_kind *k, struct values_line *l,
    void *value)
{
	(void)k;
	return parse_permits(l, value, true);
}

const struct values_kind values_session_permit_open = {.size = sizeof(
							   struct conf_list),
    .parse = parse_permit_open,
    .print = values_list_print,
    .wants = "HOST:PORT, any or none"};

const struct values_kind values_session_permit_listen = {.size = sizeof(
							     struct conf_list),
    .parse = parse_permit_listen,
    .print = values_list_print,
    .wants = "PORT or HOST:PORT, any or none"};

/* "HOST:PORTS": ports are "*", a number or a range; the host is a pattern or
 * a block of addresses. */
static bool
is_ports(struct slice ports)
{
	size_t dash = slice_find(ports, '-');
	uint64_t first, last;

	if (slice_is(ports, "*"))
		return true;
	if (text_number(slice_first(ports, dash), 1, 65535, &first) != OK)
		return false;
	return dash == ports.n || (text_number(slice_skip(ports, dash + 1), 1,
				       65535, &last) == OK &&
				      first <= last);
}

static bool
is_rule(struct slice word)
{
	enum pattern_result result;
	size_t n = word.n;
	struct slice host;

	while (n > 0 && word.p[n - 1] != ':')
		n--;
	if (n < 2 || !is_ports(slice_skip(word, n)))
		return false;
	host = slice_first(word, n - 1);
	if (host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_skip(slice_first(host, host.n - 1), 1);
	return host.n > 0 && pattern_addr_list(host, SLICE_NONE, &result) == OK;
}

static bool
parse_rules(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_list *list = value;

	(void)k;
	*list = (struct conf_list){NULL, 0};
	for (size_t i = 0; i < l->nwords; i++) {
		bool word = l->nwords == 1 &&
			    (values_is(l, "any") || values_is(l, "none"));

		if (!word && !is_rule(slice_cstr(l->words[i])))
			return values_bad(l, "%s bad rule %s", l->keyword,
			    l->words[i]);
		values_list_add(l->arena, list,
		    arena_text(l->arena, slice_cstr(l->words[i])));
	}
	return true;
}

const struct values_kind values_session_rules = {.size =
						     sizeof(struct conf_list),
    .parse = parse_rules,
    .print = values_list_print,
    .wants = "HOST:PORT, HOST:FROM-TO, any or none"};
