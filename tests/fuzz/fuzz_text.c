/*
 * fuzz_text.c - words, numbers, times, sizes, base64 against slow models
 *
 * The whole input is read as each of them in turn.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/text.h"

#include <errno.h>
#include <stdlib.h>

#define WORD_SIZE 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A line octet by octet: what it means (c), and whether it is quoted. The
 * model marks first and splits afterwards, the original does both at once.
 */
struct octet {
	uint8_t c;
	bool literal; /* neither blank nor comment */
	bool quote;   /* groups, and vanishes */
};

static bool
is_blank(uint8_t c)
{
	return c != 0 && strchr(" \t\r\f", c) != NULL;
}

/* Marks into marks; returns how many. *open: a quote isn't closed. */
static size_t
mark(struct slice line, struct octet *marks, bool *open)
{
	uint8_t quote = 0;
	size_t n = 0;

	for (size_t i = 0; i < line.n; i++) {
		struct octet *o = &marks[n++];
		uint8_t c = line.p[i];
		uint8_t after = i + 1 < line.n ? line.p[i + 1] : 'x';
		bool blank = quote == 0 && is_blank(after);

		*o = (struct octet){.c = c, .literal = quote != 0};
		if (c == '\\' &&
		    (after == '\\' || after == '"' || after == '\'' || blank)) {
			*o = (struct octet){.c = after, .literal = true};
			i++;
		} else if (quote == 0 && (c == '"' || c == '\'')) {
			o->quote = true;
			quote = c;
		} else if (quote != 0 && c == quote) {
			o->quote = true;
			quote = 0;
		}
	}
	*open = quote != 0;
	return n;
}

static bool
separates(const struct octet *o)
{
	return !o->literal && !o->quote && is_blank(o->c);
}

/* The word that begins at *at by the model, which is moved behind it. */
static enum err
model_word(const struct octet *marks, size_t n, bool open, size_t *at,
    char *room)
{
	size_t len = 0;

	while (*at < n && separates(&marks[*at]))
		(*at)++;
	if (*at == n ||
	    (marks[*at].c == '#' && !marks[*at].literal && !marks[*at].quote))
		return ERR_NOT_FOUND;
	for (; *at < n && !separates(&marks[*at]); (*at)++) {
		if (marks[*at].quote)
			continue;
		if (marks[*at].c == 0)
			return ERR_FORMAT;
		if (len + 1 == WORD_SIZE)
			return ERR_TOO_LONG;
		room[len++] = (char)marks[*at].c;
	}
	room[len] = '\0';
	return *at == n && open ? ERR_FORMAT : OK;
}

static void
compare_words(struct slice line)
{
	SCOPED(mem_free_at)
	struct octet *marks = mem_array(line.n + 1, sizeof(*marks));
	char theirs[WORD_SIZE];
	char ours[WORD_SIZE];
	size_t at = 0;
	bool open;
	size_t n = mark(line, marks, &open);
	enum err e;

	do {
		e = text_word(&line, ours, sizeof(ours));
		must(e == model_word(marks, n, open, &at, theirs));
		must(e != OK || strcmp(ours, theirs) == 0);
		must(e == OK || ours[0] == '\0');
	} while (e == OK);
	must(e != ERR_NOT_FOUND || line.n == 0);
}

/* Digits at the front of *s as libc reads them; false where there are none. */
static bool
model_digits(const char **s, uint64_t *v)
{
	size_t n = strspn(*s, "0123456789");

	errno = 0;
	*v = n == 0 ? 0 : strtoull(*s, NULL, 10);
	*s += n;
	return n > 0;
}

static enum err
model_time(const char *s, uint64_t *ms)
{
	static const char letters[] = "smhdwSMHDW";
	static const uint64_t units[] = {1, 60, 3600, 86400, 604800};
	long double sum = 0;
	int seconds = 0;

	do {
		uint64_t thousandths = 0;
		uint64_t unit = 1;
		const char *letter;
		bool point;
		uint64_t v;

		if (!model_digits(&s, &v) || errno != 0)
			return ERR_FORMAT;
		point = *s == '.';
		if (point) {
			size_t n = strspn(++s, "0123456789");
			char three[4] = "000";

			if (n == 0)
				return ERR_FORMAT;
			memcpy(three, s, n < 3 ? n : 3);
			thousandths = strtoull(three, NULL, 10);
			s += n;
		}
		if (*s != '\0') {
			letter = strchr(letters, *s++);
			if (letter == NULL)
				return ERR_FORMAT;
			unit = units[(letter - letters) % 5];
		}
		if (point && unit != 1)
			return ERR_FORMAT;
		seconds += unit == 1;
		sum += (long double)v * (long double)unit * 1000 +
		       (long double)thousandths;
	} while (*s != '\0');
	if (seconds > 1 || sum > 2147483647999.0L)
		return ERR_FORMAT;
	*ms = (uint64_t)sum;
	return OK;
}

static void
compare_time(struct slice s, const char *text)
{
	uint32_t seconds;
	uint64_t theirs;
	uint64_t ours;
	enum err e = text_time(s, &seconds, &ours);

	must(e == (slice_has_nul(s) ? ERR_FORMAT : model_time(text, &theirs)));
	if (e == OK)
		must(ours == theirs && seconds == theirs / 1000);
}

/* Double a decimal fraction digit by digit; the carry is the whole part's. */
static unsigned int
twice(char *fraction, size_t n)
{
	int carry = 0;

	while (n-- > 0) {
		int v = 2 * (fraction[n] - '0') + carry;

		fraction[n] = (char)('0' + v % 10);
		carry = v / 10;
	}
	return (unsigned int)carry;
}

static enum err
model_size(const char *s, uint64_t *octets)
{
	static const char units[] = "bkmgtpeBKMGTPE";
	const char *unit = units;
	unsigned __int128 sum;
	char fraction[18];
	uint64_t v;
	bool big;
	size_t n = 0;

	if (!model_digits(&s, &v))
		return ERR_FORMAT;
	big = errno != 0;
	if (*s == '.') {
		n = strspn(++s, "0123456789");
		if (n == 0)
			return ERR_FORMAT;
		s += n;
		memcpy(fraction, s - n, n < 18 ? n : 18);
		n = n < 18 ? n : 18;
	}
	if (*s != '\0' && (unit = strchr(units, *s++)) == NULL)
		return big ? ERR_TOO_LONG : ERR_FORMAT;
	if (*s != '\0')
		return big ? ERR_TOO_LONG : ERR_FORMAT;
	sum = v;
	for (long i = 0; i < (unit - units) % 7 * 10; i++)
		sum = 2 * sum + twice(fraction, n);
	if (big || sum > INT64_MAX)
		return ERR_TOO_LONG;
	*octets = (uint64_t)sum;
	return OK;
}

static void
compare_size(struct slice s, const char *text)
{
	uint64_t theirs = 0;
	uint64_t ours = 0;
	enum err e = text_size(s, &ours);
	enum err model = model_size(text, &theirs);

	if (slice_has_nul(s))
		must(e != OK);
	else
		must((e == OK) == (model == OK) && ours == theirs);
}

static void
compare_number(struct slice s, const char *text)
{
	const char *end = text;
	uint64_t theirs;
	uint64_t ours;
	enum err e = text_number(s, 7, UINT64_MAX, &ours);
	bool any = model_digits(&end, &theirs);

	if (!any || end != text + s.n)
		must(e == ERR_FORMAT);
	else if (errno != 0)
		must(e == ERR_TOO_LONG);
	else
		must(e == (theirs < 7 ? ERR_SHORT : OK) && ours == theirs);
}

/* Octets have a text that gives them back; a text with octets is theirs. */
static void
check_base64(struct slice s)
{
	size_t size = (s.n + 2) / 3 * 4 + 1;
	SCOPED(mem_free_at) char *text = mem_new(size);
	SCOPED(mem_free_at) uint8_t *octets = mem_new(s.n);
	size_t n = text_base64(s, true, text, size);
	size_t back;

	must(n == size - 1 && strlen(text) == n);
	must(text_unbase64(slice_make(text, n), bytes_make(octets, s.n),
		 &back) == OK);
	must(slice_equal(slice_make(octets, back), s));
	if (text_unbase64(s, bytes_make(octets, s.n), &back) != OK)
		return;
	n = text_base64(slice_make(octets, back), true, text, size);
	must(slice_equal(slice_make(text, n), s));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	SCOPED(mem_free_at) char *text = mem_text(s);

	compare_words(s);
	compare_time(s, text);
	compare_size(s, text);
	compare_number(s, text);
	check_base64(s);
	return 0;
}
