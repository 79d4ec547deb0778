#include "values_net.h"

#include "values_text.h"

#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"

#include <stdio.h>

/* ---- ports and addresses ------------------------------------------------ */

/* The value of Port: two members of struct conf that follow each other */
struct ports {
	uint16_t v[VALUES_NET_PORTS_MAX];
	size_t n;
};

_Static_assert(offsetof(struct conf, nports) - offsetof(struct conf, port) ==
		   offsetof(struct ports, n),
    "ports are two members in a row");

struct listens {
	const struct conf_listen *v;
	size_t n;
};

_Static_assert(offsetof(struct conf, nlisten) - offsetof(struct conf, listen) ==
		   offsetof(struct listens, n),
    "listen is two members in a row");

/*
 * A name of /etc/services would be read at every parse, and might change
 * between two of them; the one that is used for this is known.
 */
uint16_t
values_net_port_of(struct slice text)
{
	uint64_t v;

	if (text_same_nocase(text, SLICE_STR("ssh")))
		return 22;
	return text_number(text, 1, UINT16_MAX, &v) == OK ? (uint16_t)v : 0;
}

static bool
parse_port(const struct values_kind *k, struct values_line *l, void *value)
{
	struct ports *ports = value;
	uint16_t port = values_net_port_of(values_first(l));

	(void)k;
	if (port == 0)
		return values_bad(l, "Badly formatted port number.");
	if (ports->n == VALUES_NET_PORTS_MAX)
		return values_bad(l, "too many ports.");
	ports->v[ports->n++] = port;
	return true;
}

static void
print_port(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct ports *ports = value;

	(void)k;
	for (size_t i = 0; i < ports->n; i++) {
		out->element = i;
		values_print(out, "%u", ports->v[i]);
	}
}

static const void *
port_element(const void *value, size_t i)
{
	const struct ports *ports = value;

	return i < ports->n ? &ports->v[i] : NULL;
}

const struct values_kind values_net_port = {.size = sizeof(struct ports),
    .words_max = 1,
    .how = VALUES_GROWS,
    .parse = parse_port,
    .print = print_port,
    .element = port_element,
    .wants = "a port from 1 to 65535"};

static size_t
last_colon(struct slice s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == ':')
			return i - 1;
	return s.n;
}

bool
values_net_split(struct slice text, struct slice *host, struct slice *port)
{
	struct slice rest = SLICE_NONE;
	size_t end;

	*port = SLICE_NONE;
	if (text.n > 0 && text.p[0] == '[') {
		end = slice_find(text, ']');
		if (end == text.n)
			return false;
		*host = slice_skip(slice_first(text, end), 1);
		rest = slice_skip(text, end + 1);
		if (rest.n == 0)
			return host->n > 0;
		*port = slice_skip(rest, 1);
		return host->n > 0 && rest.p[0] == ':' && port->n > 0;
	}
	/* no name, no address, and it would end the brackets of -T */
	if (slice_find(text, ']') < text.n)
		return false;
	end = last_colon(text);
	if (end == text.n || slice_find(text, ':') != end) {
		*host = text;
		return text.n > 0;
	}
	*host = slice_first(text, end);
	*port = slice_skip(text, end + 1);
	return host->n > 0 && port->n > 0;
}

/* The array is full where its length is a power of two, as lists' arrays. */
static void
add_listen(struct arena *arena, struct listens *listens,
    const struct conf_listen *one)
{
	size_t n = listens->n;
	struct conf_listen *v;

	if ((n & (n - 1)) == 0) {
		v = arena_alloc(arena, (n == 0 ? 1 : 2 * n) * sizeof(*v));
		if (n > 0)
			memcpy(v, listens->v, n * sizeof(*v));
		listens->v = v;
	}
	memcpy((void *)(uintptr_t)&listens->v[n], one, sizeof(*one));
	listens->n++;
}

/* What follows the address: nothing, or "rdomain NAME" */
static bool
parse_rdomain(struct values_line *l, struct conf_listen *one)
{
	if (l->nwords == 1)
		return true;
	if (!slice_is(slice_cstr(l->words[1]), "rdomain") || l->nwords > 3)
		return values_bad(l, "bad ListenAddress syntax");
	if (l->nwords == 2 || l->words[2][0] == '\0')
		return values_bad(l, "missing rdomain name.");
	one->rdomain = arena_text(l->arena, slice_cstr(l->words[2]));
	return true;
}

static bool
parse_listen(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_listen one = {NULL, 0, NULL};
	struct slice host;
	struct slice port;

	(void)k;
	if (!values_net_split(values_first(l), &host, &port))
		return values_bad(l, "bad address:port usage");
	if (port.n > 0 && (one.port = values_net_port_of(port)) == 0)
		return values_bad(l, "bad port number");
	if (!slice_is(host, "*"))
		one.host = arena_text(l->arena, host);
	if (!parse_rdomain(l, &one))
		return false;
	if (((struct listens *)value)->n == VALUES_NET_LISTEN_MAX)
		return values_bad(l, "too many addresses.");
	add_listen(l->arena, value, &one);
	return true;
}

static void
print_address(struct values_out *out, const char *host, uint16_t port,
    const char *rdomain)
{
	SCOPED(mem_free_at) char *text = NULL;
	bool v6 = strchr(host, ':') != NULL;
	const char *words[] = {NULL, "rdomain", rdomain};
	struct conf_list list = {words, rdomain == NULL ? 1 : 3};

	text = mem_format(v6 ? "[%s]:%u" : "%s:%u", host, port);
	words[0] = text;
	values_print_words(out, &list);
}

/* An address as the parser of addresses spells it; a name as it is */
static void
print_host(struct values_out *out, const struct conf_listen *one, uint16_t port)
{
	enum conf_family family = out->conf->family;
	char room[64];
	struct addr a;

	if (one->host == NULL) {
		if (family != FAMILY_INET)
			print_address(out, "::", port, one->rdomain);
		if (family != FAMILY_INET6)
			print_address(out, "0.0.0.0", port, one->rdomain);
	} else if (addr_parse(slice_cstr(one->host), &a) == OK) {
		addr_text(&a, room);
		print_address(out, room, port, one->rdomain);
	} else {
		print_address(out, one->host, port, one->rdomain);
	}
}

/* Address by address, each with every port that it is listened on at */
static void
print_listen(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	static const struct conf_listen everywhere = {NULL, 0, NULL};
	const struct listens *listens = value;
	const struct conf *c = out->conf;
	size_t n = listens->n > 0 ? listens->n : 1;

	(void)k;
	for (size_t i = 0; i < n; i++) {
		const struct conf_listen *one =
		    listens->n > 0 ? &listens->v[i] : &everywhere;

		out->element = i;
		if (one->port != 0)
			print_host(out, one, one->port);
		for (size_t j = 0; one->port == 0 && j < c->nports; j++)
			print_host(out, one, c->port[j]);
	}
}

static const void *
listen_element(const void *value, size_t i)
{
	const struct listens *listens = value;

	return i < listens->n ? &listens->v[i] : NULL;
}

const struct values_kind values_net_listen = {.size = sizeof(struct listens),
    .words_max = 3,
    .how = VALUES_GROWS,
    .parse = parse_listen,
    .print = print_listen,
    .element = listen_element,
    .wants =
	"ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, and perhaps rdomain NAME"};

/* Of sessions: Linux has no call that sets one for a process. */
static bool
parse_no_rdomain(const struct values_kind *k, struct values_line *l,
    void *value)
{
	const char *none = NULL;

	(void)k;
	if (!values_is(l, "none"))
		return values_bad(l,
		    "setting RDomain not supported on this platform.");
	memcpy(value, &none, sizeof(none));
	return true;
}

const struct values_kind values_net_rdomain = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_no_rdomain,
    .print = values_text_print,
    .wants = "none"};

static const struct values_choice families[] = {{"any", FAMILY_ANY},
    {"inet", FAMILY_INET}, {"inet6", FAMILY_INET6}, {NULL, 0}};

const struct values_kind values_net_family = {.size = sizeof(enum conf_family),
    .words_max = 1,
    .parse = values_choice_parse,
    .print = values_choice_print,
    .arg = families};

/* ---- quality of service ------------------------------------------------- */

#define QOS_NONE UINT32_MAX

/* clang-format off */
/* RFC 2474 §4.2.2, RFC 2597 §6, RFC 3246, RFC 5865, RFC 8622; the DSCP in
 * the upper six bits of the octet. The last row's words meant a bit of the
 * old TOS field (RFC 1349) and mean nothing any more. */
static const struct values_choice qos_words[] = {
	{"af11", 0x28}, {"af12", 0x30}, {"af13", 0x38}, {"af21", 0x48},
	{"af22", 0x50}, {"af23", 0x58}, {"af31", 0x68}, {"af32", 0x70},
	{"af33", 0x78}, {"af41", 0x88}, {"af42", 0x90}, {"af43", 0x98},
	{"cs0",  0x00}, {"cs1",  0x20}, {"cs2",  0x40}, {"cs3",  0x60},
	{"cs4",  0x80}, {"cs5",  0xa0}, {"cs6",  0xc0}, {"cs7",  0xe0},
	{"ef",   0xb8}, {"le",   0x04}, {"va",   0xb0}, {"none", QOS_NONE},
	{"lowdelay", QOS_NONE}, {"throughput", QOS_NONE},
	{"reliability", QOS_NONE}, {NULL, 0}
};
/* clang-format on */

static bool
parse_qos(const struct values_kind *k, struct values_line *l, void *value)
{
	uint32_t qos[2];
	uint64_t v;

	for (size_t i = 0; i < l->nwords && i < 2; i++) {
		const char *word = l->words[i];

		if (values_choice_find(k->arg, word, false, &qos[i]))
			continue;
		if (text_number(slice_cstr(word), 0, 255, &v) != OK)
			return values_bad(l, "Bad IPQoS value: %s", word);
		qos[i] = (uint32_t)v;
	}
	if (l->nwords == 1)
		qos[1] = qos[0];
	memcpy(value, qos, sizeof(qos));
	return true;
}

static void
print_qos(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	char room[2][16];
	const char *words[2];
	uint32_t qos[2];

	memcpy(qos, value, sizeof(qos));
	for (size_t i = 0; i < 2; i++) {
		words[i] = values_choice_word(k->arg, qos[i]);
		if (words[i] != NULL)
			continue;
		(void)snprintf(room[i], sizeof(room[i]), "%u", qos[i]);
		words[i] = room[i];
	}
	values_print(out, "%s %s", words[0], words[1]);
}

const struct values_kind values_net_qos = {.size = 2 * sizeof(uint32_t),
    .words_max = 2,
    .parse = parse_qos,
    .print = print_qos,
    .wants = "one or two of af11 to af43, cs0 to cs7, ef, le, va, none or a "
	     "number from 0 to 255",
    .arg = qos_words};

/* ---- how many ----------------------------------------------------------- */

struct startups {
	uint32_t begin;
	uint32_t rate;
	uint32_t full;
};

/* Numbers with colons between them; how many, or 0 for another text */
static size_t
numbers(struct slice s, uint64_t max, uint32_t *v, size_t room)
{
	struct slice part;
	uint64_t number;
	size_t n = 0;

	if (s.n > 0 && s.p[s.n - 1] == ':')
		return 0;
	while (slice_next(&s, ':', &part)) {
		if (n == room || text_number(part, 0, max, &number) != OK)
			return 0;
		v[n++] = (uint32_t)number;
	}
	return n;
}

static bool
parse_startups(const struct values_kind *k, struct values_line *l, void *value)
{
	uint32_t v[3] = {0, 30, 0};
	size_t n = numbers(values_first(l), INT32_MAX, v, 3);
	struct startups s;

	(void)k;
	if (n == 1)
		v[2] = v[0];
	s = (struct startups){v[0], v[1], v[2]};
	if (n == 0 || n == 2 || s.begin > s.full || s.rate < 1 || s.rate > 100)
		return values_bad(l, "Invalid %s spec.", l->keyword);
	memcpy(value, &s, sizeof(s));
	return true;
}

static void
print_startups(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	struct startups s;

	(void)k;
	memcpy(&s, value, sizeof(s));
	values_print(out, "%u:%u:%u", s.begin, s.rate, s.full);
}

const struct values_kind values_net_startups = {.size = sizeof(struct startups),
    .words_max = 1,
    .parse = parse_startups,
    .print = print_startups,
    .wants = "START, or START:RATE:FULL with START up to FULL and RATE from 1 "
	     "to 100"};

static bool
parse_per_source(const struct values_kind *k, struct values_line *l,
    void *value)
{
	uint32_t none = UINT32_MAX;

	if (!values_is(l, "none"))
		return values_count.parse(&values_count, l, value);
	memcpy(value, &none, k->size);
	return true;
}

static void
print_per_source(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	uint32_t v;

	memcpy(&v, value, sizeof(v));
	if (v == UINT32_MAX)
		values_print_word(out, NULL);
	else
		values_count_print(k, out, value);
}

const struct values_kind values_net_per_source = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_per_source,
    .print = print_per_source,
    .wants = "a number from 0 to 2147483647, or none"};

static bool
parse_netblock(const struct values_kind *k, struct values_line *l, void *value)
{
	uint32_t v[2] = {32, 128};

	if (numbers(values_first(l), 128, v, 2) == 0 || v[0] > 32)
		return values_bad(l, "Invalid %s spec.", l->keyword);
	memcpy(value, v, k->size);
	return true;
}

static void
print_netblock(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	uint32_t v[2];

	memcpy(v, value, k->size);
	values_print(out, "%u:%u", v[0], v[1]);
}

const struct values_kind values_net_netblock = {.size = 2 * sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_netblock,
    .print = print_netblock,
    .wants = "bits of IPv4, 0 to 32, and perhaps a colon and bits of IPv6, 0 "
	     "to 128"};
