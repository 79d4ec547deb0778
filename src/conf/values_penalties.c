#include "values_penalties.h"

#include "values_text.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"

enum penalty_type { PENALTY_TIME, PENALTY_SIZE, PENALTY_OVERFLOW };

static const struct penalty_key {
	const char *name;
	enum penalty_type type;
	size_t offset;
	uint64_t preset;
} penalty_keys[] = {
/* clang-format off */
#define KEY(name, type, member, preset) \
	{name, PENALTY_##type, offsetof(struct conf_penalties, member), preset}
	KEY("crash",            TIME,     crash_ms,            90000),
	KEY("authfail",         TIME,     authfail_ms,         5000),
	KEY("noauth",           TIME,     noauth_ms,           1000),
	KEY("invaliduser",      TIME,     invaliduser_ms,      5000),
	KEY("grace-exceeded",   TIME,     grace_exceeded_ms,   10000),
	KEY("refuseconnection", TIME,     refuseconnection_ms, 10000),
	KEY("max",              TIME,     max_ms,              600000),
	KEY("min",              TIME,     min_ms,              15000),
	KEY("max-sources4",     SIZE,     max_sources4,        65536),
	KEY("max-sources6",     SIZE,     max_sources6,        65536),
	KEY("overflow",         OVERFLOW, deny4,               0),
	KEY("overflow6",        OVERFLOW, deny6,               0),
#undef KEY
    /* clang-format on */
};

#define PENALTY_KEYS  (sizeof(penalty_keys) / sizeof(penalty_keys[0]))
#define KEY_OVERFLOW6 (PENALTY_KEYS - 1)

static void
penalty_set(struct conf_penalties *p, const struct penalty_key *key, uint64_t v)
{
	uint8_t *at = (uint8_t *)p + key->offset;
	uint32_t size = (uint32_t)v;
	bool flag = v != 0;

	if (key->type == PENALTY_TIME)
		memcpy(at, &v, sizeof(v));
	else if (key->type == PENALTY_SIZE)
		memcpy(at, &size, sizeof(size));
	else
		memcpy(at, &flag, sizeof(flag));
}

static uint64_t
penalty_get(const struct conf_penalties *p, const struct penalty_key *key)
{
	const uint8_t *at = (const uint8_t *)p + key->offset;
	uint64_t v;
	uint32_t size;
	bool flag;

	if (key->type == PENALTY_TIME) {
		memcpy(&v, at, sizeof(v));
		return v;
	}
	if (key->type == PENALTY_SIZE) {
		memcpy(&size, at, sizeof(size));
		return size;
	}
	memcpy(&flag, at, sizeof(flag));
	return flag;
}

static const struct values_choice overflows[] = {{"permissive", 0},
    {"deny-all", 1}, {NULL, 0}};

static bool
penalty_value(const struct penalty_key *key, struct slice text, uint64_t *v)
{
	SCOPED(mem_free_at) char *word = mem_text(text);
	uint32_t seconds;
	uint32_t choice = 0;
	bool known;

	if (key->type == PENALTY_TIME)
		return text_time(text, &seconds, v) == OK;
	if (key->type == PENALTY_SIZE)
		return text_number(text, 1, INT32_MAX, v) == OK;
	known = values_choice_find(overflows, word, true, &choice);
	*v = choice;
	return known;
}

/* One "key:value"; the key's first value stays. */
static bool
parse_penalty(struct values_line *l, const char *word, struct conf_penalties *p)
{
	struct slice text = slice_cstr(word);
	struct slice name = slice_first(text, slice_find(text, ':'));
	struct slice value = slice_skip(text, name.n + 1);
	uint64_t v;

	for (size_t i = 0; i < PENALTY_KEYS; i++) {
		const struct penalty_key *key = &penalty_keys[i];

		if (!slice_is(name, key->name))
			continue;
		if (!penalty_value(key, value, &v))
			break;
		if ((p->given >> i & 1) == 0)
			penalty_set(p, key, v);
		p->given |= 1U << i;
		p->enabled = true;
		return true;
	}
	return values_bad(l, "invalid %s value \"%s\".", l->keyword, word);
}

static bool
parse_penalties(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_penalties *p = value;
	uint32_t on;

	(void)k;
	for (size_t i = 0; !l->again && i < PENALTY_KEYS; i++)
		penalty_set(p, &penalty_keys[i], penalty_keys[i].preset);
	if (l->nwords == 1 && (values_is(l, "yes") || values_is(l, "no"))) {
		on = values_is(l, "yes");
		if (!l->again)
			p->enabled = on;
		return true;
	}
	for (size_t i = 0; i < l->nwords; i++)
		if (!parse_penalty(l, l->words[i], p))
			return false;
	if ((p->given >> KEY_OVERFLOW6 & 1) == 0)
		p->deny6 = p->deny4;
	return true;
}

static void
print_penalties(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct conf_penalties *p = value;
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	enum err e = OK;

	(void)k;
	if (!p->enabled) {
		values_print(out, "no");
		return;
	}
	for (size_t i = 0; e == OK && i < PENALTY_KEYS; i++) {
		const struct penalty_key *key = &penalty_keys[i];
		uint64_t v = penalty_get(p, key);
		const char *gap = i == 0 ? "" : " ";

		if (key->type == PENALTY_TIME)
			e = buf_printf(&text, "%s%s:%llu.%03llu000", gap,
			    key->name, (unsigned long long)v / 1000,
			    (unsigned long long)v % 1000);
		else if (key->type == PENALTY_SIZE)
			e = buf_printf(&text, "%s%s:%u", gap, key->name,
			    (unsigned int)v);
		else
			e = buf_printf(&text, "%s%s:%s", gap, key->name,
			    values_choice_word(overflows, (uint32_t)v));
	}
	if (e != OK)
		out->err = e;
	values_print_text(out, buf_slice(&text));
}

const struct values_kind values_penalties = {.size =
						 sizeof(struct conf_penalties),
    .how = VALUES_GROWS,
    .parse = parse_penalties,
    .print = print_penalties,
    .wants = "yes, no, or KEY:VALUE with the key crash, authfail, invaliduser, "
	     "refuseconnection, noauth, grace-exceeded, max, min, "
	     "max-sources4, max-sources6, overflow or overflow6"};

static bool
parse_exempt(const struct values_kind *k, struct values_line *l, void *value)
{
	enum pattern_result result;

	(void)k;
	if (!values_is(l, "none") &&
	    pattern_addr_list(values_first(l), SLICE_NONE, &result) != OK)
		return values_bad(l, "invalid %s value \"%s\".", l->keyword,
		    l->words[0]);
	return values_text.parse(&values_text, l, value);
}

const struct values_kind values_penalties_exempt = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_exempt,
    .print = values_text_print,
    .wants = "addresses and blocks of addresses separated by commas, or none"};
