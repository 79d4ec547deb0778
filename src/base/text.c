#include "sallyport/base/text.h"

#include "sallyport/base/must.h"

/* A word of a line under way. */
struct word {
	char *room;
	size_t size;
	size_t n;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool
add(struct word *w, uint8_t c)
{
	if (w->n + 1 >= w->size)
		return false;
	w->room[w->n++] = (char)c;
	return true;
}

/* Does a backslash before c take c's meaning away? */
static bool
is_escaped(uint8_t c, uint8_t quote)
{
	return c == '\\' || c == '"' || c == '\'' ||
	       (quote == 0 && is_blank(c));
}

/* The word at the start of s, which is no blank; *used: its source's length */
static enum err
unquote(struct slice s, struct word *w, size_t *used)
{
	uint8_t quote = 0;
	size_t i;

	for (i = 0; i < s.n && (quote != 0 || !is_blank(s.p[i])); i++) {
		uint8_t c = s.p[i];

		if (c == '\0')
			return ERR_FORMAT;
		if (c == quote) {
			quote = 0;
			continue;
		}
		if (quote == 0 && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		}
		if (c == '\\' && i + 1 < s.n && is_escaped(s.p[i + 1], quote))
			c = s.p[++i];
		if (!add(w, c))
			return ERR_TOO_LONG;
	}
	*used = i;
	return quote == 0 ? OK : ERR_FORMAT;
}

enum err
text_word(struct slice *rest, char *room, size_t size)
{
	struct word w = {.room = room, .size = size, .n = 0};
	struct slice s = *rest;
	size_t used = 0;
	enum err e;

	must(size > 0);
	room[0] = '\0';
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	if (s.n == 0 || s.p[0] == '#') {
		*rest = SLICE_NONE;
		return ERR_NOT_FOUND;
	}
	e = unquote(s, &w, &used);
	room[e == OK ? w.n : 0] = '\0';
	if (e == OK)
		*rest = slice_skip(s, used);
	return e;
}

/*
 * The decimal digits at the front of *s, all of them. ERR_FORMAT where there
 * are none, ERR_TOO_LONG where the number doesn't fit.
 */
static enum err
digits(struct slice *s, uint64_t *v)
{
	bool any = false;
	bool over = false;

	*v = 0;
	while (s->n > 0 && is_digit(s->p[0])) {
		over |= __builtin_mul_overflow(*v, (uint64_t)10, v);
		over |= __builtin_add_overflow(*v, s->p[0] - '0', v);
		*s = slice_skip(*s, 1);
		any = true;
	}
	if (!any)
		return ERR_FORMAT;
	return over ? ERR_TOO_LONG : OK;
}

enum err
text_number(struct slice s, uint64_t min, uint64_t max, uint64_t *v)
{
	enum err e = digits(&s, v);

	if (s.n > 0)
		return ERR_FORMAT;
	if (e == OK && *v < min)
		return ERR_SHORT;
	if (e == OK && *v > max)
		return ERR_TOO_LONG;
	return e;
}

/*
 * What follows a decimal point, as if it had exactly want digits: more are
 * cut off, missing ones are zeros. want is at most 19.
 */
static enum err
fraction(struct slice *s, unsigned int want, uint64_t *v)
{
	unsigned int n = 0;

	*v = 0;
	while (n < want && s->n > 0 && is_digit(s->p[0])) {
		*v = *v * 10 + (uint64_t)(s->p[0] - '0');
		*s = slice_skip(*s, 1);
		n++;
	}
	if (n == 0)
		return ERR_FORMAT;
	while (n++ < want)
		*v *= 10;
	while (s->n > 0 && is_digit(s->p[0]))
		*s = slice_skip(*s, 1);
	return OK;
}

/* Take the octet c off the front of *s, if it is there. */
static bool
skip_octet(struct slice *s, uint8_t c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

/* The unit at the front of *s in seconds; none left means seconds. */
static enum err
time_unit(struct slice *s, uint64_t *seconds)
{
	static const struct {
		uint8_t letter;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400},
	    {'w', 604800}};

	*seconds = 1;
	if (s->n == 0)
		return OK;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (lower(s->p[0]) != units[i].letter)
			continue;
		*seconds = units[i].seconds;
		*s = slice_skip(*s, 1);
		return OK;
	}
	return ERR_FORMAT;
}

/* One number with its unit, in milliseconds; *unit in seconds. */
static enum err
time_part(struct slice *s, uint64_t *ms, uint64_t *unit)
{
	uint64_t thousandths = 0;
	uint64_t whole;
	bool point;
	enum err e;

	if ((e = digits(s, &whole)) != OK)
		return e;
	point = skip_octet(s, '.');
	if (point && (e = fraction(s, 3, &thousandths)) != OK)
		return e;
	if ((e = time_unit(s, unit)) != OK)
		return e;
	if ((point && *unit != 1) || whole > INT32_MAX)
		return ERR_FORMAT;
	*ms = whole * *unit * 1000 + thousandths;
	return OK;
}

enum err
text_time(struct slice s, uint32_t *seconds, uint64_t *ms)
{
	bool had_seconds = false;
	uint64_t sum = 0;
	uint64_t part;
	uint64_t unit;

	do {
		if (time_part(&s, &part, &unit) != OK)
			return ERR_FORMAT;
		if (unit == 1 && had_seconds)
			return ERR_FORMAT;
		had_seconds |= unit == 1;
		sum += part;
		if (sum / 1000 > INT32_MAX)
			return ERR_FORMAT;
	} while (s.n > 0);
	*seconds = (uint32_t)(sum / 1000);
	if (ms != NULL)
		*ms = sum;
	return OK;
}

/* The unit at the front of *s as a power of two; none is octets. */
static unsigned int
size_unit(struct slice *s)
{
	static const char units[] = "bkmgtpe";

	for (unsigned int i = 0; s->n > 0 && units[i] != '\0'; i++) {
		if (lower(s->p[0]) != (uint8_t)units[i])
			continue;
		*s = slice_skip(*s, 1);
		return 10 * i;
	}
	return 0;
}

enum err
text_size(struct slice s, uint64_t *octets)
{
	const uint64_t scale = 1000000000000000000; /* 10^18 */
	uint64_t part = 0;
	uint64_t whole;
	unsigned __int128 sum;
	unsigned int shift;
	enum err e;

	if ((e = digits(&s, &whole)) != OK)
		return e;
	if (skip_octet(&s, '.') && (e = fraction(&s, 18, &part)) != OK)
		return e;
	shift = size_unit(&s);
	if (s.n > 0)
		return ERR_FORMAT;
	/* 64 + 60 bits: no overflow before it is looked at */
	sum = (unsigned __int128)whole << shift;
	sum += ((unsigned __int128)part << shift) / scale;
	if (sum > INT64_MAX)
		return ERR_TOO_LONG;
	*octets = (uint64_t)sum;
	return OK;
}

/*
 * Base64's letters by arithmetic, without a table and without a branch:
 * private keys pass here, and a table's cache lines tell what was looked up.
 */
static char
letter_of(unsigned int v)
{
	unsigned int c = 'A' + v;

	c += -(unsigned int)(v > 25) & ('a' - 'Z' - 1);
	c -= -(unsigned int)(v > 51) & ('z' - '0' + 1);
	c -= -(unsigned int)(v > 61) & ('9' - '+' + 1);
	c += -(unsigned int)(v > 62) & ('/' - '+' - 1);
	return (char)c;
}

/* All ones if c is between first and last, else 0. */
static unsigned int
within(unsigned int c, unsigned int first, unsigned int last)
{
	return -(unsigned int)(c - first <= last - first);
}

/* 0 to 63; above that for what is no letter of base64. */
static unsigned int
value_of(uint8_t c)
{
	unsigned int v = 0;

	v |= within(c, 'A', 'Z') & (c - 'A' + 1U);
	v |= within(c, 'a', 'z') & (c - 'a' + 27U);
	v |= within(c, '0', '9') & (c - '0' + 53U);
	v |= within(c, '+', '+') & 63U;
	v |= within(c, '/', '/') & 64U;
	return v - 1;
}

size_t
text_base64(struct slice s, bool pad, char *room, size_t size)
{
	size_t n = 0;

	must(s.n <= SIZE_MAX / 2 && size > (s.n + 2) / 3 * 4);
	for (size_t i = 0; i < s.n; i += 3) {
		size_t octets = s.n - i < 3 ? s.n - i : 3;
		unsigned int v = (unsigned int)s.p[i] << 16;

		if (octets > 1)
			v |= (unsigned int)s.p[i + 1] << 8;
		if (octets > 2)
			v |= s.p[i + 2];
		for (unsigned int k = 0; k <= octets; k++)
			room[n++] = letter_of(v >> (18 - 6 * k) & 63);
		for (size_t k = octets; pad && k < 3; k++)
			room[n++] = '=';
	}
	room[n] = '\0';
	return n;
}

/* Four letters, of which the last pad are "="; 3 - pad octets to out. */
static enum err
unbase64_group(const uint8_t *in, unsigned int pad, uint8_t *out)
{
	unsigned int v = 0;
	unsigned int bad = 0;

	for (unsigned int k = 0; k < 4; k++) {
		unsigned int x = k < 4 - pad ? value_of(in[k]) : 0;

		bad |= x >> 6;
		v = v << 6 | (x & 63);
	}
	/* Bits that belong to no octet are zero, so a value has one text. */
	bad |= v & ((1U << 8 * pad) - 1);
	for (unsigned int k = 0; k < 3 - pad; k++)
		out[k] = (uint8_t)(v >> (16 - 8 * k));
	return bad == 0 ? OK : ERR_FORMAT;
}

enum err
text_unbase64(struct slice s, struct bytes room, size_t *n)
{
	unsigned int pad = 0;
	size_t out = 0;
	enum err e;

	*n = 0;
	if (s.n % 4 != 0)
		return ERR_FORMAT;
	while (pad < 2 && pad < s.n && s.p[s.n - 1 - pad] == '=')
		pad++;
	if (s.n / 4 * 3 - pad > room.n)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < s.n; i += 4) {
		unsigned int here = i + 4 == s.n ? pad : 0;

		e = unbase64_group(s.p + i, here, room.p + out);
		if (e != OK)
			return e;
		out += 3 - here;
	}
	*n = out;
	return OK;
}

bool
text_same_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

void
text_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = (char)lower((uint8_t)*s);
}

struct slice
text_trim(struct slice s)
{
	while (s.n > 0 && (is_blank(s.p[0]) || s.p[0] == '\n'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\n'))
		s = slice_first(s, s.n - 1);
	return s;
}

struct slice
text_field(struct slice *rest)
{
	struct slice s = *rest;
	size_t n = 0;

	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
		n++;
	*rest = slice_skip(s, n);
	return slice_first(s, n);
}
