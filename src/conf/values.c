#include "values.h"

#include "sallyport/base/must.h"
#include "sallyport/base/text.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- for those who write kinds ------------------------------------------ */

bool
values_bad(struct values_line *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(l->why, sizeof(l->why), format, args);
	va_end(args);
	return false;
}

struct slice
values_first(const struct values_line *l)
{
	return slice_cstr(l->words[0]);
}

bool
values_is(const struct values_line *l, const char *word)
{
	return l->nwords == 1 &&
	       text_same_nocase(values_first(l), slice_cstr(word));
}

/* An array in which a number of elements that is a power of two is full. */
static bool
is_full(size_t n)
{
	return (n & (n - 1)) == 0;
}

void
values_list_add(struct arena *arena, struct conf_list *list, const char *text)
{
	const char **v;

	if (is_full(list->n)) {
		v = arena_alloc(arena,
		    (list->n == 0 ? 1 : 2 * list->n) * sizeof(*v));
		if (list->n > 0)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
	}
	memcpy((void *)(uintptr_t)&list->v[list->n], &text, sizeof(text));
	list->n++;
}

const void *
values_list_element(const void *value, size_t i)
{
	const struct conf_list *list = value;

	return i < list->n ? list->v[i] : NULL;
}

void
values_list_merge(struct arena *arena, void *value, const void *more)
{
	struct conf_list *a = value;
	const struct conf_list *b = more;
	size_t n = a->n + b->n;
	const char **v = arena_alloc(arena, n * sizeof(*v));

	if (a->n > 0)
		memcpy(v, a->v, a->n * sizeof(*v));
	if (b->n > 0)
		memcpy(v + a->n, b->v, b->n * sizeof(*v));
	*a = (struct conf_list){v, n};
}

static void
put(struct values_out *out, struct slice s)
{
	if (out->err == OK)
		out->err = buf_append(out->buf, s);
}

static void
put_text(struct values_out *out, const char *text)
{
	put(out, slice_cstr(text));
}

static void
end_line(struct values_out *out)
{
	if (out->mark != NULL)
		out->mark(out);
	put_text(out, "\n");
}

void
values_print(struct values_out *out, const char *format, ...)
{
	char text[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	must(n >= 0 && (size_t)n < sizeof(text)); /* numbers and known words */
	values_print_text(out, slice_cstr(text));
}

void
values_print_text(struct values_out *out, struct slice text)
{
	put_text(out, out->name);
	put_text(out, " ");
	put(out, text);
	end_line(out);
}

/* Would the word be another one, or several, if it stood there bare? */
static bool
wants_quotes(const char *word)
{
	return word[0] == '\0' || word[0] == '#' || word[0] == '=' ||
	       strpbrk(word, " \t\r\f\"'\\") != NULL;
}

static void
put_word(struct values_out *out, const char *word)
{
	if (!wants_quotes(word)) {
		put_text(out, word);
		return;
	}
	put_text(out, "\"");
	for (const char *c = word; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			put_text(out, "\\");
		put(out, slice_make(c, 1));
	}
	put_text(out, "\"");
}

void
values_print_word(struct values_out *out, const char *word)
{
	put_text(out, out->name);
	put_text(out, " ");
	put_word(out, word == NULL ? "none" : word);
	end_line(out);
}

void
values_print_pair(struct values_out *out, const char *word, const char *text)
{
	put_text(out, out->name);
	put_text(out, " ");
	put_word(out, word);
	put_text(out, " ");
	put_text(out, text);
	end_line(out);
}

void
values_print_words(struct values_out *out, const struct conf_list *list)
{
	if (list->n == 0) {
		values_print_word(out, NULL);
		return;
	}
	put_text(out, out->name);
	for (size_t i = 0; i < list->n; i++) {
		put_text(out, " ");
		put_word(out, list->v[i]);
	}
	end_line(out);
}

void
values_list_print(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	(void)k;
	values_print_words(out, value);
}

void
values_lines_print(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct conf_list *list = value;

	(void)k;
	for (size_t i = 0; i < list->n; i++) {
		out->element = i;
		values_print_word(out, list->v[i]);
	}
}

/* The words of a choice, as a person would list them */
static void
list_words(const struct values_choice *table, char *room, size_t size)
{
	size_t n = 0;
	size_t used = 0;

	while (table[n].word != NULL)
		n++;
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(room + used, size - used, "%s%s",
		    i == 0       ? ""
		    : i + 1 == n ? " or "
				 : ", ",
		    table[i].word);
}

void
values_wants(const struct values_kind *k, char *room, size_t size)
{
	room[0] = '\0';
	if (k->wants != NULL)
		(void)snprintf(room, size, "%s", k->wants);
	else if (k->arg != NULL)
		list_words(k->arg, room, size);
}

bool
values_choice_find(const struct values_choice *table, const char *word,
    bool exact, uint32_t *value)
{
	struct slice s = slice_cstr(word);

	for (; table->word != NULL; table++) {
		struct slice t = slice_cstr(table->word);

		if (exact ? !slice_equal(s, t) : !text_same_nocase(s, t))
			continue;
		*value = table->value;
		return true;
	}
	return false;
}

const char *
values_choice_word(const struct values_choice *table, uint32_t value)
{
	for (; table->word != NULL; table++)
		if (table->value == value)
			return table->word;
	return NULL;
}

/* A value of a kind whose size is that of a bool or of an uint32_t */
static void
store(const struct values_kind *k, void *value, uint32_t v)
{
	bool flag = v != 0;

	if (k->size == sizeof(flag))
		memcpy(value, &flag, sizeof(flag));
	else
		memcpy(value, &v, sizeof(v));
}

static uint32_t
load(const struct values_kind *k, const void *value)
{
	bool flag;
	uint32_t v;

	if (k->size == sizeof(flag)) {
		memcpy(&flag, value, sizeof(flag));
		return flag;
	}
	memcpy(&v, value, sizeof(v));
	return v;
}

bool
values_choice_parse(const struct values_kind *k, struct values_line *l,
    void *value)
{
	uint32_t v;

	if (!values_choice_find(k->arg, l->words[0], false, &v))
		return values_bad(l, "unsupported option \"%s\".", l->words[0]);
	store(k, value, v);
	return true;
}

void
values_choice_print(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	values_print_word(out, values_choice_word(k->arg, load(k, value)));
}

/* ---- numbers ------------------------------------------------------------ */

static const struct values_choice yes_no[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};

const struct values_kind values_flag = {.size = sizeof(bool),
    .words_max = 1,
    .parse = values_choice_parse,
    .print = values_choice_print,
    .arg = yes_no};

struct range {
	uint32_t min;
	uint32_t max;
};

static bool
parse_count(const struct values_kind *k, struct values_line *l, void *value)
{
	const struct range *range = k->arg;
	uint64_t v;
	enum err e;

	e = text_number(values_first(l), range->min, range->max, &v);
	if (e != OK)
		return values_bad(l, "%s integer value %s.", l->keyword,
		    e == ERR_TOO_LONG ? "too large"
		    : e == ERR_SHORT  ? "too small"
				      : "invalid");
	store(k, value, (uint32_t)v);
	return true;
}

void
values_count_print(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	values_print(out, "%u", load(k, value));
}

static const struct range any_count = {0, INT32_MAX};
static const struct range generation = {1, 65535};

const struct values_kind values_count = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_count,
    .print = values_count_print,
    .wants = "a number from 0 to 2147483647",
    .arg = &any_count};

const struct values_kind values_generation = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_count,
    .print = values_count_print,
    .wants = "a number from 1 to 65535",
    .arg = &generation};

static bool
parse_octal(const struct values_kind *k, struct values_line *l, void *value)
{
	struct slice s = values_first(l);
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '7' || v > 0777)
			return values_bad(l, "Invalid %s.", l->keyword);
		v = v * 8 + (uint32_t)(s.p[i] - '0');
	}
	if (s.n == 0 || v > 0777)
		return values_bad(l, "Invalid %s.", l->keyword);
	store(k, value, v);
	return true;
}

static void
print_octal(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	values_print(out, "0%o", load(k, value));
}

const struct values_kind values_octal = {.size = sizeof(uint32_t),
    .words_max = 1,
    .how = VALUES_LAST,
    .parse = parse_octal,
    .print = print_octal,
    .wants = "an octal mask from 0 to 0777"};

static bool
parse_time(const struct values_kind *k, struct values_line *l, void *value)
{
	uint32_t v;

	if (text_time(values_first(l), &v, NULL) != OK)
		return values_bad(l, "invalid time value.");
	store(k, value, v);
	return true;
}

static bool
parse_time_none(const struct values_kind *k, struct values_line *l, void *value)
{
	if (!values_is(l, "none"))
		return parse_time(k, l, value);
	store(k, value, 0);
	return true;
}

static void
print_time_none(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	if (load(k, value) == 0)
		values_print_word(out, NULL);
	else
		values_count_print(k, out, value);
}

const struct values_kind values_time = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_time,
    .print = values_count_print,
    .wants = "a time such as 90, 10m or 1h30m"};

const struct values_kind values_time_none = {.size = sizeof(uint32_t),
    .words_max = 1,
    .parse = parse_time_none,
    .print = print_time_none,
    .wants = "a time such as 90, 10m or 1h30m, or none"};

/* ---- the log ------------------------------------------------------------ */

static bool
parse_log_level(const struct values_kind *k, struct values_line *l, void *value)
{
	enum log_level level = LEVEL_QUIET;

	/* sshd's dump has this word for it */
	if (!values_is(l, "SILENT") &&
	    log_level_parse(l->words[0], &level) != OK)
		return values_bad(l, "unsupported log level '%s'", l->words[0]);
	store(k, value, level);
	return true;
}

/* DEBUG1 goes by its older name, which scripts know. */
static void
print_log_level(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	enum log_level level = (enum log_level)load(k, value);

	values_print_word(out,
	    level == LEVEL_DEBUG1 ? "DEBUG" : log_level_name(level));
}

const struct values_kind values_log_level = {.size = sizeof(enum log_level),
    .words_max = 1,
    .parse = parse_log_level,
    .print = print_log_level,
    .wants =
	"QUIET, FATAL, ERROR, INFO, VERBOSE, DEBUG, DEBUG1, DEBUG2 or DEBUG3"};

static bool
parse_facility(const struct values_kind *k, struct values_line *l, void *value)
{
	int facility;

	(void)k;
	if (log_facility_parse(l->words[0], &facility) != OK)
		return values_bad(l, "unsupported log facility '%s'",
		    l->words[0]);
	memcpy(value, &facility, sizeof(facility));
	return true;
}

static void
print_facility(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	int facility;

	(void)k;
	memcpy(&facility, value, sizeof(facility));
	values_print_word(out, log_facility_name(facility));
}

const struct values_kind values_facility = {.size = sizeof(int),
    .words_max = 1,
    .parse = parse_facility,
    .print = print_facility,
    .wants = "DAEMON, USER, AUTH, AUTHPRIV or LOCAL0 to LOCAL7"};
