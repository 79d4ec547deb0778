#include "fixture.h"

#include "sallyport/key/authline.h"

/* A whole Ed25519 blob in base64 */
#define KEY                                                                    \
	"AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static struct authline a;

static enum err
parse(const char *text)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);

	return authline_parse(slice_cstr(text), &blob, &a);
}

START_TEST(reads_type_key_comment)
{
	ck_assert_int_eq(parse("ssh-ed25519 " KEY " me@home and more\n"), OK);
	ck_assert_int_eq(a.type, KEY_ED25519);
	ck_assert(!a.certificate);
	ck_assert(slice_is(a.options, ""));
	ck_assert(slice_is(a.comment, "me@home and more"));
	ck_assert_int_eq(parse("\t ssh-ed25519\t\t" KEY "\r\n"), OK);
	ck_assert(slice_is(a.comment, ""));
}
END_TEST

START_TEST(options_are_one_word_with_quotes)
{
	ck_assert_int_eq(parse("no-pty,command=\"a \\\" b\",from=\"c\" "
			       "ssh-ed25519 " KEY),
	    OK);
	ck_assert(
	    slice_is(a.options, "no-pty,command=\"a \\\" b\",from=\"c\""));
}
END_TEST

/* A key's type within quotes is no key. */
START_TEST(a_quoted_key_is_an_option)
{
	ck_assert_int_eq(parse("command=\"x ssh-ed25519 " KEY " \" foo bar"),
	    ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(parse("command=\"x ssh-ed25519 " KEY), ERR_FORMAT);
}
END_TEST

START_TEST(blank_lines_and_comments_are_none)
{
	ck_assert_int_eq(parse(""), ERR_NOT_FOUND);
	ck_assert_int_eq(parse(" \t \r\n"), ERR_NOT_FOUND);
	ck_assert_int_eq(parse("  # ssh-ed25519 " KEY), ERR_NOT_FOUND);
}
END_TEST

START_TEST(refuses_what_is_no_key)
{
	ck_assert_int_eq(parse("ssh-dss " KEY), ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(parse("rsa-sha2-256 " KEY), ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(parse("no-pty"), ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(parse("ssh-ed25519"), ERR_FORMAT);
	ck_assert_int_eq(parse("ssh-ed25519 !!!!"), ERR_FORMAT);
	ck_assert_int_eq(parse("ssh-rsa " KEY), ERR_FORMAT);
	ck_assert_int_eq(parse("ssh-ed25519 x" KEY), ERR_FORMAT);
}
END_TEST

START_TEST(refuses_a_nul)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);
	static const char text[] = "command=\"a\0b\" ssh-ed25519 " KEY;

	ck_assert_int_eq(authline_parse(SLICE_STR(text), &blob, &a),
	    ERR_FORMAT);
}
END_TEST

START_TEST(knows_certificates)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);

	fixture_read("rsa_user-cert.pub", &text);
	ck_assert_int_eq(authline_parse(buf_slice(&text), &blob, &a), OK);
	ck_assert_int_eq(a.type, KEY_RSA);
	ck_assert(a.certificate);
}
END_TEST

static const struct {
	const char *line;
	const char *options;
	const char *name; /* NULL: nothing is left */
} principals[] = {
    {"ops", "", "ops"},
    {" \t ops \t\r\n", "", "ops"},
    {"no-pty ops", "no-pty", "ops"},
    {"command=\"a b\"\t ops\t", "command=\"a b\"", "ops"},
    {"ops#comment", "", "ops"},
    {"ops # no-pty x", "", "ops"},
    {"command=\"a #b\" ops", "command=\"a", ""}, /* cut within quotes */
    {"", "", NULL},
    {"  # ops", "", NULL},
    {"#", "", NULL},
};

START_TEST(a_principal_follows_the_last_blank)
{
	struct slice options, name;
	enum err e = authline_principal(slice_cstr(principals[_i].line),
	    &options, &name);

	if (principals[_i].name == NULL) {
		ck_assert_int_eq(e, ERR_NOT_FOUND);
		return;
	}
	ck_assert_int_eq(e, OK);
	if (principals[_i].name[0] == '\0')
		return; /* some name, with options that don't parse */
	ck_assert(slice_is(options, principals[_i].options));
	ck_assert(slice_is(name, principals[_i].name));
}
END_TEST

START_TEST(a_principal_has_no_nul)
{
	struct slice options, name;

	ck_assert_int_eq(authline_principal(SLICE_STR("o\0ps"), &options,
			     &name),
	    ERR_FORMAT);
}
END_TEST

TCase *
check_authline(void)
{
	TCase *tc = tcase_create("key/authline");

	tcase_add_test(tc, reads_type_key_comment);
	tcase_add_test(tc, options_are_one_word_with_quotes);
	tcase_add_test(tc, a_quoted_key_is_an_option);
	tcase_add_test(tc, blank_lines_and_comments_are_none);
	tcase_add_test(tc, refuses_what_is_no_key);
	tcase_add_test(tc, refuses_a_nul);
	tcase_add_test(tc, knows_certificates);
	tcase_add_loop_test(tc, a_principal_follows_the_last_blank, 0,
	    (int)(sizeof(principals) / sizeof(principals[0])));
	tcase_add_test(tc, a_principal_has_no_nul);
	return tc;
}
