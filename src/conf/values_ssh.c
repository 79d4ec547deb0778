#include "values_ssh.h"

#include "values_text.h"

#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/algo.h"

#include <stdio.h>

/* ---- algorithms --------------------------------------------------------- */

struct algorithms {
	enum algo_kind kind;
	bool wildcards;
	const char *unknown; /* a line before the refusal, or NULL */
	const char *refusal;
};

static const struct algorithms kex = {ALGO_KEX, false,
    "Unsupported KEX algorithm \"%.*s\"", "Bad SSH2 KexAlgorithms '%s'."};
static const struct algorithms ciphers = {ALGO_CIPHER, false, NULL,
    "Bad SSH2 cipher spec '%s'."};
static const struct algorithms macs = {ALGO_MAC, false, NULL,
    "Bad SSH2 mac spec '%s'."};
static const struct algorithms keys = {ALGO_KEY, true, NULL,
    "Bad key types '%s'."};
static const struct algorithms authorities = {ALGO_CA, true, NULL,
    "Bad key types '%s'."};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static bool
refuse_algorithms(const struct algorithms *a, struct values_line *l,
    struct slice bad)
{
	if (a->unknown != NULL && bad.n > 0)
		(void)snprintf(l->note, sizeof(l->note), a->unknown,
		    (int)(bad.n < 256 ? bad.n : 256), (const char *)bad.p);
	return values_bad(l, a->refusal, l->words[0]);
}
#pragma GCC diagnostic pop

static bool
parse_algorithms(const struct values_kind *k, struct values_line *l,
    void *value)
{
	const struct algorithms *a = k->arg;
	SCOPED(mem_free_at) char *list = NULL;
	struct slice bad = SLICE_NONE;
	const char *text;

	/* The default is written as an empty word */
	if (l->words[0][0] != '\0' &&
	    !algo_list_valid(a->kind, values_first(l), a->wildcards, &bad))
		return refuse_algorithms(a, l, bad);
	list = algo_list_resolve(a->kind, l->words[0]);
	if (list[0] == '\0')
		return refuse_algorithms(a, l, SLICE_NONE);
	text = arena_text(l->arena, slice_cstr(list));
	memcpy(value, &text, sizeof(text));
	return true;
}

#define ALGORITHMS(table, what)                                                \
	{                                                                      \
		.size = sizeof(char *), .words_max = 1,                        \
		.parse = parse_algorithms, .print = values_text_print,         \
		.wants =                                                       \
		    what " separated by commas, perhaps behind +, - or ^",     \
		.arg = &(table)                                                \
	}
const struct values_kind values_ssh_kex =
    ALGORITHMS(kex, "names of key exchange methods");
const struct values_kind values_ssh_ciphers =
    ALGORITHMS(ciphers, "names of ciphers");
const struct values_kind values_ssh_macs = ALGORITHMS(macs, "names of MACs");
const struct values_kind values_ssh_keys =
    ALGORITHMS(keys, "names or patterns of signature algorithms");
const struct values_kind values_ssh_ca =
    ALGORITHMS(authorities, "names or patterns of plain signature algorithms");

static const struct values_choice hashes[] = {{"SHA256", HASH_SHA256},
    {"MD5", HASH_MD5}, {"SHA1", HASH_SHA1}, {"SHA384", HASH_SHA384},
    {"SHA512", HASH_SHA512}, {NULL, 0}};

const struct values_kind values_ssh_fingerprint = {.size = sizeof(uint32_t),
    .words_max = 1,
    .how = VALUES_LAST,
    .parse = values_choice_parse,
    .print = values_choice_print,
    .arg = hashes};

static const struct values_choice compressions[] = {{"yes", 1}, {"no", 0},
    {"delayed", 1}, {NULL, 0}};

const struct values_kind values_ssh_compression =
    VALUES_CHOICE(bool, compressions);

/* RekeyLimit: rekey_octets, rekey_seconds */
struct rekey {
	uint64_t octets;
	uint32_t seconds;
};

#define REKEY_SIZE  (offsetof(struct rekey, seconds) + sizeof(uint32_t))
#define REKEY_LEAST 16 /* below, there would be nothing but re-exchanges */

_Static_assert(offsetof(struct conf, rekey_seconds) -
		       offsetof(struct conf, rekey_octets) ==
		   offsetof(struct rekey, seconds),
    "rekey limits are two members in a row");

static bool
parse_rekey(const struct values_kind *k, struct values_line *l, void *value)
{
	struct rekey r = {0, 0};

	if (strcmp(l->words[0], "default") != 0) {
		if (text_size(values_first(l), &r.octets) != OK)
			return values_bad(l,
			    "Bad %s number '%s': Invalid argument", l->keyword,
			    l->words[0]);
		if (r.octets != 0 && r.octets < REKEY_LEAST)
			return values_bad(l, "%s too small", l->keyword);
	}
	if (l->nwords > 1 && strcmp(l->words[1], "none") != 0 &&
	    text_time(slice_cstr(l->words[1]), &r.seconds, NULL) != OK)
		return values_bad(l, "invalid time value.");
	memcpy(value, &r, k->size);
	return true;
}

static void
print_rekey(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	struct rekey r = {0, 0};

	memcpy(&r, value, k->size);
	values_print(out, "%llu %u", (unsigned long long)r.octets, r.seconds);
}

const struct values_kind values_ssh_rekey = {.size = REKEY_SIZE,
    .words_max = 2,
    .parse = parse_rekey,
    .print = print_rekey,
    .wants = "a size from 16 such as 512M or 1G, or default, and perhaps a "
	     "time or none"};

#define RSA_LEAST 1024 /* bits; whatever the configuration says */

static bool
parse_rsa_size(const struct values_kind *k, struct values_line *l, void *value)
{
	uint32_t bits;

	if (!values_count.parse(&values_count, l, &bits))
		return false;
	if (bits < RSA_LEAST)
		bits = RSA_LEAST;
	memcpy(value, &bits, k->size);
	return true;
}

const struct values_kind values_ssh_rsa_size = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_rsa_size,
    .print = values_count_print,
    .wants = "a number of bits"};

/* ---- logins ------------------------------------------------------------- */

static const struct values_choice roots[] = {{"no", ROOT_NO}, {"yes", ROOT_YES},
    {"prohibit-password", ROOT_PROHIBIT_PASSWORD},
    {"without-password", ROOT_PROHIBIT_PASSWORD},
    {"forced-commands-only", ROOT_FORCED_COMMANDS}, {NULL, 0}};

const struct values_kind values_ssh_root = VALUES_CHOICE(enum conf_root, roots);

static const struct values_choice rhosts[] = {{"no", RHOSTS_NO},
    {"yes", RHOSTS_YES}, {"shosts-only", RHOSTS_SHOSTS_ONLY}, {NULL, 0}};

const struct values_kind values_ssh_rhosts =
    VALUES_CHOICE(enum conf_rhosts, rhosts);

static const struct method {
	const char *name;
	size_t enabled; /* member of struct conf; 0: always */
} methods[] = {
    {"none", 0},
    {"publickey", offsetof(struct conf, pubkey)},
    {"password", offsetof(struct conf, password)},
    {"keyboard-interactive", offsetof(struct conf, kbdint)},
    {"hostbased", offsetof(struct conf, hostbased)},
    {"gssapi-with-mic", offsetof(struct conf, gssapi)},
};

/* "method" or "method:submethod" */
static const struct method *
find_method(struct slice text)
{
	struct slice name = slice_first(text, slice_find(text, ':'));

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_is(name, methods[i].name))
			return &methods[i];
	return NULL;
}

bool
values_ssh_methods_enabled(struct slice list, const struct conf *c)
{
	const struct method *m;
	struct slice name;

	while (slice_next(&list, ',', &name)) {
		m = find_method(name);
		if (m == NULL)
			return false;
		if (m->enabled != 0 &&
		    !*(const bool *)((const uint8_t *)c + m->enabled))
			return false;
	}
	return true;
}

static bool
check_methods(struct values_line *l, struct slice list)
{
	struct slice rest = list;
	struct slice name;

	while (slice_next(&rest, ',', &name)) {
		if (find_method(name) != NULL)
			continue;
		(void)snprintf(l->note, sizeof(l->note),
		    "Unknown authentication method \"%.*s\" in list",
		    (int)(name.n < 64 ? name.n : 64), (const char *)name.p);
		list.n = 0;
	}
	return (list.n > 0 && list.p[list.n - 1] != ',') ||
	       values_bad(l, "invalid %s method list.", l->keyword);
}

static bool
parse_methods(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_list *list = value;

	(void)k;
	*list = (struct conf_list){NULL, 0};
	if (l->nwords == 1 && strcmp(l->words[0], "any") == 0)
		return true;
	for (size_t i = 0; i < l->nwords; i++) {
		struct slice word = slice_cstr(l->words[i]);

		if (!check_methods(l, word))
			return false;
		values_list_add(l->arena, list, arena_text(l->arena, word));
	}
	return true;
}

static void
print_methods(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct conf_list *list = value;

	if (list->n == 0)
		values_print(out, "any");
	else
		values_list_print(k, out, value);
}

const struct values_kind values_ssh_methods = {.size = sizeof(struct conf_list),
    .parse = parse_methods,
    .print = print_methods,
    .wants = "any, or lists of publickey, password, keyboard-interactive, "
	     "hostbased, gssapi-with-mic and none, separated by commas"};

struct pubkey_options {
	bool touch;
	bool verify;
};

static bool
parse_pubkey_options(const struct values_kind *k, struct values_line *l,
    void *value)
{
	struct pubkey_options o = {false, false};

	for (size_t i = 0; i < l->nwords; i++) {
		struct slice word = slice_cstr(l->words[i]);

		if (text_same_nocase(word, SLICE_STR("none"))) {
			o = (struct pubkey_options){false, false};
		} else if (text_same_nocase(word,
			       SLICE_STR("touch-required"))) {
			o.touch = true;
		} else if (text_same_nocase(word,
			       SLICE_STR("verify-required"))) {
			o.verify = true;
		} else {
			l->counted = true;
			return values_bad(l, "unsupported %s option %s",
			    l->keyword, l->words[i]);
		}
	}
	memcpy(value, &o, k->size);
	return true;
}

static void
print_pubkey_options(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	struct pubkey_options o;

	memcpy(&o, value, k->size);
	values_print(out, "%s%s%s", !o.touch && !o.verify ? "none" : "",
	    o.touch ? "touch-required" : "",
	    !o.verify ? ""
	    : o.touch ? " verify-required"
		      : "verify-required");
}

const struct values_kind values_ssh_pubkey_options =
    {.size = sizeof(struct pubkey_options),
	.parse = parse_pubkey_options,
	.print = print_pubkey_options,
	.wants = "none, touch-required or verify-required"};

/* The host part may be addresses; a wrong mask would match nobody. */
static bool
is_user_pattern(struct slice word)
{
	size_t at = slice_find(word, '@');
	enum pattern_result result;

	return word.n > 0 &&
	       (at == word.n || pattern_addr_list(slice_skip(word, at + 1),
				    SLICE_NONE, &result) == OK);
}

static bool
parse_users(const struct values_kind *k, struct values_line *l, void *value)
{
	for (size_t i = 0; i < l->nwords; i++)
		if (!is_user_pattern(slice_cstr(l->words[i])))
			return values_bad(l, "invalid %s pattern: \"%s\"",
			    l->keyword, l->words[i]);
	return values_text_patterns.parse(k, l, value);
}

const struct values_kind values_ssh_users = {.size = sizeof(struct conf_list),
    .how = VALUES_GROWS,
    .parse = parse_users,
    .print = values_lines_print,
    .merge = values_list_merge,
    .wants = "patterns USER or USER@HOST",
    .element = values_list_element};
