#include "suite.h"
#include "version.h"

#define LINE "SSH-2.0-OpenSSH_9.2p1 Debian-2"

static enum err
reads(const char *text, size_t n, struct version *v)
{
	size_t used;

	return version_read(slice_make(text, n), v, &used);
}

START_TEST(reads_a_line_and_leaves_what_follows)
{
	struct version v;
	size_t used;

	ck_assert_int_eq(version_read(SLICE_STR(LINE "\r\nmore"), &v, &used),
	    OK);
	ck_assert(slice_is(v.line, LINE));
	ck_assert_uint_eq(used, sizeof(LINE) - 1 + 2);
	ck_assert_uint_eq(v.major, 2);
}
END_TEST

START_TEST(takes_a_bare_line_feed)
{
	struct version v;

	ck_assert_int_eq(reads(LINE "\n", sizeof(LINE), &v), OK);
	ck_assert(slice_is(v.line, LINE));
}
END_TEST

static void
waits_at(int i)
{
	static const char whole[] = LINE "\r\n";
	struct version v;

	ck_assert_int_eq(reads(whole, (size_t)i, &v), ERR_MORE);
}

START_TEST(waits_for_the_end_of_the_line)
{
	for (int i = 0; i < (int)sizeof(LINE) - 1 + 2; i++)
		waits_at(i);
}
END_TEST

static const struct {
	const char *text;
	enum err err;
} lines[] = {
    {"SSH-2.0-x\r\n", OK},
    {"SSH-1.99-x\n", OK},
    {"SSH-2.7-x\n", OK},
    {"SSH-1.5-x\n", ERR_VERSION_MAJOR},
    {"SSH-1.999-x\n", ERR_VERSION_MAJOR},
    {"SSH-3.0-x\n", ERR_VERSION_MAJOR},
    {"SSH-2.0\n", ERR_VERSION},
    {"SSH-2.0-\n", ERR_VERSION},
    {"SSH-.0-x\n", ERR_VERSION},
    {"SSH-2.-x\n", ERR_VERSION},
    {"SSH-22222.0-x\n", ERR_VERSION},
    {"SSH2.0-x\n", ERR_VERSION},
    {"\n", ERR_VERSION},
    {"\r\n", ERR_VERSION},
    {"GET / HTTP/1.1\r\n", ERR_VERSION},
    {" SSH-2.0-x\n", ERR_VERSION},
    {"SSH-2.0-a\rb\n", ERR_VERSION},
    {"SSH-2.0-a\r\r\n", ERR_VERSION},
};

static void
judges(int i)
{
	struct version v;

	ck_assert_int_eq(reads(lines[i].text, strlen(lines[i].text), &v),
	    lines[i].err);
}

START_TEST(judges_each_line)
{
	for (int i = 0; i < (int)(sizeof(lines) / sizeof(lines[0])); i++)
		judges(i);
}
END_TEST

START_TEST(refuses_a_nul)
{
	struct version v;

	ck_assert_int_eq(reads("SSH-2.0-a\0b\n", 12, &v), ERR_VERSION);
}
END_TEST

START_TEST(gives_up_on_a_line_without_end)
{
	static char text[VERSION_LINE_MAX + 1];
	struct version v;

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(reads(text, VERSION_LINE_MAX, &v), ERR_MORE);
	ck_assert_int_eq(reads(text, sizeof(text), &v), ERR_VERSION);
}
END_TEST

START_TEST(knows_who_computes_curve25519_wrongly)
{
	struct version v;

	ck_assert_int_eq(reads("SSH-2.0-OpenSSH_6.6p1\n", 22, &v), OK);
	ck_assert_uint_eq(v.quirks, VERSION_BAD_CURVE25519);
	ck_assert_int_eq(reads("SSH-2.0-OpenSSH_6.6.1p1\n", 24, &v), OK);
	ck_assert_uint_eq(v.quirks, 0);
	ck_assert_int_eq(reads("SSH-2.0-OpenSSH_6.5\n", 20, &v), OK);
	ck_assert_uint_eq(v.quirks, VERSION_BAD_CURVE25519);
}
END_TEST

START_TEST(answers_in_plain_text)
{
	ck_assert(slice_is(version_answer(ERR_VERSION),
	    "Invalid SSH identification string.\r\n"));
	ck_assert(slice_is(version_answer(ERR_VERSION_MAJOR),
	    "Protocol major versions differ.\r\n"));
	ck_assert_uint_eq(version_answer(ERR_MAC).n, 0);
}
END_TEST

TCase *
check_version(void)
{
	TCase *tc = tcase_create("transport/version");

	tcase_add_test(tc, reads_a_line_and_leaves_what_follows);
	tcase_add_test(tc, takes_a_bare_line_feed);
	tcase_add_test(tc, waits_for_the_end_of_the_line);
	tcase_add_test(tc, judges_each_line);
	tcase_add_test(tc, refuses_a_nul);
	tcase_add_test(tc, gives_up_on_a_line_without_end);
	tcase_add_test(tc, knows_who_computes_curve25519_wrongly);
	tcase_add_test(tc, answers_in_plain_text);
	return tc;
}
