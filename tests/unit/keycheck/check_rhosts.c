#include "suite.h"

#include "rhosts.h"

#include <stdio.h>

/* ---- one line ---- */

static const struct {
	const char *text;
	enum err result;
	const char *said; /* "host user", as they are understood */
} lines[] = {
    {"host", OK, "host|"},
    {" \thost  user\r", OK, "host|user"},
    {"+host", OK, "host|"},
    {"-host", OK, "-host|"},
    {"host -user", OK, "-host|user"},
    {"-host +user", OK, "-host|user"},
    {"@group", OK, "@group|"},
    {"+@group -@users", OK, "-@group|@users"},
    {"--host", OK, "--host|"},
    {"", ERR_NOT_FOUND, NULL},
    {"  # host", ERR_NOT_FOUND, NULL},
    {"NO_PLUS", ERR_NOT_FOUND, NULL},
    {"+", ERR_FORMAT, NULL},
    {"+ +", ERR_FORMAT, NULL},
    {"-", ERR_FORMAT, NULL},
    {"@", ERR_FORMAT, NULL},
    {"+@", ERR_FORMAT, NULL},
    {"host +", ERR_FORMAT, NULL},
    {"host -", ERR_FORMAT, NULL},
    {"host @", ERR_FORMAT, NULL},
    {"+ user", ERR_FORMAT, NULL},
    {"host user more", ERR_FORMAT, NULL},
};

START_TEST(a_line_is_a_host_and_maybe_a_user)
{
	struct rhosts_line l;
	char text[64];

	ck_assert_int_eq(rhosts_parse(slice_cstr(lines[_i].text), &l),
	    lines[_i].result);
	if (lines[_i].result != OK)
		return;
	snprintf(text, sizeof(text), "%s%s%.*s|%s%.*s", l.negated ? "-" : "",
	    l.host_is_group ? "@" : "", (int)l.host.n, (const char *)l.host.p,
	    l.user_is_group ? "@" : "", (int)l.user.n,
	    l.user.n > 0 ? (const char *)l.user.p : "");
	ck_assert_str_eq(text, lines[_i].said);
}
END_TEST

START_TEST(no_line_holds_a_nul)
{
	struct rhosts_line l;

	ck_assert_int_eq(rhosts_parse(SLICE_STR("ho\0st"), &l), ERR_FORMAT);
}
END_TEST

/* ---- all of them ---- */

static char asked[256];
static bool silent;

/* Netgroup "yes" has everybody. */
static enum rhosts_answer
ask(void *ctx, struct slice group, struct slice host, struct slice user)
{
	size_t n = strlen(asked);

	(void)ctx;
	snprintf(asked + n, sizeof(asked) - n, "%.*s(%.*s,%.*s) ", (int)group.n,
	    (const char *)group.p, (int)host.n,
	    host.n > 0 ? (const char *)host.p : "", (int)user.n,
	    user.n > 0 ? (const char *)user.p : "");
	if (silent)
		return RHOSTS_UNKNOWN;
	return slice_is(group, "yes") ? RHOSTS_SAYS_YES : RHOSTS_SAYS_NO;
}

static enum rhosts_result
search(const char *text, const char *client, size_t *line)
{
	const struct rhosts_claim c = {.host = SLICE_STR("host.example"),
	    .address = SLICE_STR("192.0.2.7"),
	    .client_user = slice_cstr(client),
	    .account = SLICE_STR("anna")};

	asked[0] = '\0';
	return rhosts_search(slice_cstr(text), &c, ask, NULL, line);
}

static const struct {
	const char *text;
	const char *client;
	enum rhosts_result result;
	size_t line;
} files[] = {
    {"", "anna", RHOSTS_NOTHING, 0},
    {"host.example\n", "anna", RHOSTS_ACCEPTED, 1},
    {"host.example", "carol", RHOSTS_NOTHING, 0},
    {"# x\n\nHOST.example carol", "carol", RHOSTS_ACCEPTED, 3},
    {"192.0.2.7", "anna", RHOSTS_ACCEPTED, 1},
    {"192.0.2.70", "anna", RHOSTS_NOTHING, 0},
    {"host.exampl", "anna", RHOSTS_NOTHING, 0},
    {"host.example Anna", "anna", RHOSTS_NOTHING, 0},
    {"-host.example\nhost.example", "anna", RHOSTS_DENIED, 1},
    {"host.example\n-host.example", "anna", RHOSTS_ACCEPTED, 1},
    {"-host.example carol\nhost.example", "anna", RHOSTS_ACCEPTED, 2},
    {"- x y z\nhost.example", "anna", RHOSTS_ACCEPTED, 2},
    {"@yes", "anna", RHOSTS_ACCEPTED, 1},
    {"@no\n@yes @yes", "carol", RHOSTS_ACCEPTED, 2},
    {"@yes @no\n-@yes", "anna", RHOSTS_DENIED, 2},
    {"host.example @yes", "carol", RHOSTS_ACCEPTED, 1},
};

START_TEST(the_first_line_that_holds_decides)
{
	size_t line = 0;

	silent = false;
	ck_assert_int_eq(search(files[_i].text, files[_i].client, &line),
	    files[_i].result);
	ck_assert_uint_eq(line, files[_i].line);
}
END_TEST

START_TEST(only_what_could_matter_is_asked_about)
{
	size_t line;

	silent = false;
	(void)search("other @yes\n@yes other\nhost.example @no\n@no", "anna",
	    &line);
	ck_assert_str_eq(asked, "no(,anna) no(host.example,) no(192.0.2.7,) ");
}
END_TEST

/* Whoever comes behind a line that nobody can judge yet isn't let in. */
START_TEST(an_open_question_holds_up_the_rest)
{
	size_t line = 0;

	silent = true;
	ck_assert_int_eq(search("-@a\nhost.example\n@b", "anna", &line),
	    RHOSTS_WAITS);
	ck_assert_str_eq(asked, "a(host.example,) a(192.0.2.7,) "
				"b(host.example,) b(192.0.2.7,) ");
	ck_assert_int_eq(search("host.example\n-@a", "anna", &line),
	    RHOSTS_ACCEPTED);
	ck_assert_int_eq(search("-@a other\n", "anna", &line), RHOSTS_NOTHING);
}
END_TEST

TCase *
check_rhosts(void)
{
	TCase *tc = tcase_create("keycheck/rhosts");

	tcase_add_loop_test(tc, a_line_is_a_host_and_maybe_a_user, 0,
	    sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tc, no_line_holds_a_nul);
	tcase_add_loop_test(tc, the_first_line_that_holds_decides, 0,
	    sizeof(files) / sizeof(files[0]));
	tcase_add_test(tc, only_what_could_matter_is_asked_about);
	tcase_add_test(tc, an_open_question_holds_up_the_rest);
	return tc;
}
