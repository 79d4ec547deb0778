#include "line.h"

#include "sallyport/base/mem.h"

#include "suite.h"

#include <string.h>

static const struct {
	const char *text;
	const char *keyword;
	const char *words; /* joined by '|' */
} lines[] = {
    {"Port 22", "Port", "22"},
    {"Port=22", "Port", "22"},
    {"Port = 22", "Port", "22"},
    {"  Port\t 22 \r", "Port", "22"},
    {"Port ==22", "Port", "=22"},
    {"Port 22 # why", "Port", "22"},
    {"Port a#b", "Port", "a#b"},
    {"Banner \"/a b\" 'c d'", "Banner", "/a b|c d"},
    {"Banner /a\\ b", "Banner", "/a b"},
    {"Banner \"/a\\ b\"", "Banner", "/a\\ b"},
    {"Banner \\\"x\\\\", "Banner", "\"x\\"},
    {"Banner \"\"", "Banner", ""},
    {"Port", "Port", ""},
    {"", "", ""},
    {" \t\f", "", ""},
    {"# Port 22", "", ""},
    {"  #", "", ""},
};

START_TEST(cuts_a_line_into_keyword_and_words)
{
	SCOPED(line_clear) struct line l = {0};
	char joined[64] = "";

	ck_assert_int_eq(line_split(&l, slice_cstr(lines[_i].text)), OK);
	ck_assert(slice_is(l.keyword, lines[_i].keyword));
	for (size_t i = 0; i < l.nwords; i++) {
		if (i > 0)
			strcat(joined, "|");
		strcat(joined, l.words[i]);
	}
	ck_assert_str_eq(joined, lines[_i].words);
}
END_TEST

START_TEST(keeps_the_rest_of_the_line_as_it_stands)
{
	SCOPED(line_clear) struct line l = {0};
	struct slice s = SLICE_STR(" ForceCommand  =  a \"b  c\" # d ");

	ck_assert_int_eq(line_split(&l, s), OK);
	ck_assert(slice_is(l.raw, "a \"b  c\" # d"));
}
END_TEST

static const char *const unreadable[] = {"Banner \"x", "Banner 'x\"",
    "Banner x\"y z", "Banner a \"b\" '"};

START_TEST(refuses_a_quote_that_stays_open)
{
	SCOPED(line_clear) struct line l = {0};

	ck_assert_int_eq(line_split(&l, slice_cstr(unreadable[_i])),
	    ERR_FORMAT);
	ck_assert(slice_is(l.keyword, "Banner"));
}
END_TEST

START_TEST(refuses_a_nul_octet_wherever_it_is)
{
	SCOPED(line_clear) struct line l = {0};

	ck_assert_int_eq(line_split(&l, SLICE_STR("Banner /x\0y")), ERR_FORMAT);
	ck_assert_int_eq(line_split(&l, SLICE_STR("Ban\0ner /x")), ERR_FORMAT);
	ck_assert_int_eq(line_split(&l, SLICE_STR("Port 22 #\0")), ERR_FORMAT);
}
END_TEST

/* The room grows and is used again: what was there before doesn't matter. */
START_TEST(takes_lines_up_to_its_limit)
{
	SCOPED(line_clear) struct line l = {0};
	SCOPED(mem_free_at) char *text = mem_new(LINE_MAX_OCTETS + 2);

	memset(text, 'x', LINE_MAX_OCTETS + 1);
	text[4] = ' ';
	ck_assert_int_eq(line_split(&l, slice_make(text, LINE_MAX_OCTETS)), OK);
	ck_assert_uint_eq(strlen(l.words[0]), LINE_MAX_OCTETS - 5);
	ck_assert_int_eq(line_split(&l, slice_make(text, LINE_MAX_OCTETS + 1)),
	    ERR_TOO_LONG);
	ck_assert_int_eq(line_split(&l, SLICE_STR("Port 1 2 3")), OK);
	ck_assert_uint_eq(l.nwords, 3);
}
END_TEST

START_TEST(takes_a_line_of_nothing_but_words)
{
	SCOPED(line_clear) struct line l = {0};
	SCOPED(mem_free_at) char *text = mem_new(LINE_MAX_OCTETS);

	for (size_t i = 0; i < LINE_MAX_OCTETS; i++)
		text[i] = i % 2 == 0 ? 'x' : ' ';
	ck_assert_int_eq(line_split(&l, slice_make(text, LINE_MAX_OCTETS)), OK);
	ck_assert_uint_eq(l.nwords, LINE_MAX_OCTETS / 2 - 1);
	for (size_t i = 0; i < l.nwords; i++)
		ck_assert_str_eq(l.words[i], "x");
}
END_TEST

TCase *check_line(void);

TCase *
check_line(void)
{
	TCase *tc = tcase_create("conf/line");

	tcase_add_loop_test(tc, cuts_a_line_into_keyword_and_words, 0,
	    sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tc, keeps_the_rest_of_the_line_as_it_stands);
	tcase_add_loop_test(tc, refuses_a_quote_that_stays_open, 0,
	    sizeof(unreadable) / sizeof(unreadable[0]));
	tcase_add_test(tc, refuses_a_nul_octet_wherever_it_is);
	tcase_add_test(tc, takes_lines_up_to_its_limit);
	tcase_add_test(tc, takes_a_line_of_nothing_but_words);
	return tc;
}
