#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "search.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define NEEDLE "AAAAneedleBBBB"

struct seen {
	size_t lines[64]; /* numbers of the lines with a hit */
	size_t n;
	size_t stop_at; /* 0: never */
};

static bool
on_hit(void *ctx, struct slice line, size_t number)
{
	struct seen *s = ctx;

	ck_assert_ptr_nonnull(memmem(line.p, line.n, NEEDLE, strlen(NEEDLE)));
	ck_assert_ptr_null(memchr(line.p, '\n', line.n));
	ck_assert_uint_lt(s->n, 64);
	s->lines[s->n++] = number;
	return number == s->stop_at;
}

static enum err
search(const struct buf *text, size_t size, struct seen *s, bool *found)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);
	enum err e;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(io_write_all(fd, buf_slice(text)), OK);
	e = search_file(fd, size, SLICE_STR(NEEDLE), on_hit, s, found);
	close(fd);
	return e;
}

/* Lines of many lengths; every k'th holds the text, somewhere. */
static size_t
fill(struct buf *text, size_t lines, size_t every, size_t *expected)
{
	size_t n = 0;

	for (size_t i = 1; i <= lines; i++) {
		size_t blanks = i * i % 211;

		ck_assert_int_eq(buf_printf(text, "%*s", (int)blanks, ""), OK);
		if (i % every == 0) {
			expected[n++] = i;
			ck_assert_int_eq(buf_append_cstr(text, NEEDLE), OK);
		}
		ck_assert_int_eq(buf_printf(text, "%*s\n", (int)(i % 97), "x"),
		    OK);
	}
	return n;
}

START_TEST(finds_every_line_with_its_number)
{
	static const size_t lines[] = {1, 2, 50, 1000, 5000, 20000};
	size_t every = lines[_i] < 50 ? 1 : lines[_i] / 50;
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	size_t expected[64];
	size_t n = fill(&text, lines[_i], every, expected);
	struct seen s = {.n = 0};
	bool found = true;

	ck_assert_int_eq(search(&text, text.n, &s, &found), OK);
	ck_assert(!found);
	ck_assert_uint_eq(s.n, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(s.lines[i], expected[i]);
}
END_TEST

/* The file may have grown since it was opened. */
START_TEST(size_is_only_a_hint)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	size_t expected[64];
	size_t n = fill(&text, 1000, 20, expected);
	struct seen s = {.n = 0};
	bool found;

	ck_assert_int_eq(search(&text, (size_t)_i * 700, &s, &found), OK);
	ck_assert_uint_eq(s.n, n);
	ck_assert_uint_eq(s.lines[n - 1], expected[n - 1]);
}
END_TEST

START_TEST(stops_where_it_is_told)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	size_t expected[64];
	struct seen s = {.n = 0};
	bool found;

	(void)fill(&text, 1000, 20, expected);
	s.stop_at = 40;
	ck_assert_int_eq(search(&text, text.n, &s, &found), OK);
	ck_assert(found);
	ck_assert_uint_eq(s.n, 2);
}
END_TEST

START_TEST(the_last_line_needs_no_newline)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct seen s = {.n = 0};
	bool found;

	ck_assert_int_eq(buf_append_cstr(&text, "x\n\ny " NEEDLE), OK);
	ck_assert_int_eq(search(&text, text.n, &s, &found), OK);
	ck_assert_uint_eq(s.n, 1);
	ck_assert_uint_eq(s.lines[0], 3);
}
END_TEST

/* A line that is too long is counted, and what follows it is found. */
START_TEST(looks_past_long_lines)
{
	static const int lengths[] = {16384, 16385, 65535, 65536, 65537, 131072,
	    300000};
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct seen s = {.n = 0};
	bool found;

	ck_assert_int_eq(buf_append_cstr(&text, "first\n"), OK);
	ck_assert_int_eq(buf_printf(&text, "%*s\n", lengths[_i], NEEDLE), OK);
	ck_assert_int_eq(buf_append_cstr(&text, "a " NEEDLE "\nb\n"), OK);
	ck_assert_int_eq(search(&text, text.n, &s, &found), OK);
	if (lengths[_i] <= (int)SEARCH_LINE_MAX) {
		ck_assert_uint_eq(s.n, 2);
		ck_assert_uint_eq(s.lines[0], 2);
	} else {
		ck_assert_uint_eq(s.n, 1);
	}
	ck_assert_uint_eq(s.lines[s.n - 1], 3);
}
END_TEST

START_TEST(nothing_is_in_nothing)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct seen s = {.n = 0};
	bool found = true;

	ck_assert_int_eq(search(&text, 0, &s, &found), OK);
	ck_assert(!found);
}
END_TEST

START_TEST(a_file_has_a_bound)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct seen s = {.n = 0};
	bool found;

	for (size_t i = 0; i < SEARCH_FILE_MAX / 64 + 100; i++)
		ck_assert_int_eq(buf_printf(&text, "%63s\n", "key"), OK);
	ck_assert_int_eq(search(&text, text.n, &s, &found), ERR_TOO_LONG);
	ck_assert(!found);
}
END_TEST

TCase *
check_search(void)
{
	TCase *tc = tcase_create("keycheck/search");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, finds_every_line_with_its_number, 0, 6);
	tcase_add_loop_test(tc, size_is_only_a_hint, 0, 4);
	tcase_add_test(tc, stops_where_it_is_told);
	tcase_add_test(tc, the_last_line_needs_no_newline);
	tcase_add_loop_test(tc, looks_past_long_lines, 0, 7);
	tcase_add_test(tc, nothing_is_in_nothing);
	tcase_add_test(tc, a_file_has_a_bound);
	return tc;
}
