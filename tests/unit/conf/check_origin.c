#include "origin.h"

#include "fixture.h"
#include "suite.h"

#include <stdio.h>

/* "FILE:LINE" of the element, or "default" */
static const char *
place(const struct fixture *f, struct slice blocks, const void *member,
    size_t element)
{
	static char room[64];
	struct conf_origin at;

	if (!conf_origin(&f->conf, blocks, member, element, &at))
		return "default";
	(void)snprintf(room, sizeof(room), "%s:%u", at.file, at.line);
	return room;
}

static struct slice
match(struct fixture *f, const struct conf_facts *facts)
{
	static uint8_t blocks[CONF_BLOCKS_OCTETS];
	size_t n;

	conf_match(f->set, facts, blocks, &n);
	ck_assert_int_eq(conf_apply(f->set, slice_make(blocks, n), &f->conf),
	    OK);
	return slice_make(blocks, n);
}

START_TEST(the_line_that_was_used_is_told)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const struct conf *c = &f.conf;

	fixture_line(&f, "MaxSessions 1");
	fixture_file(&f, "main",
	    "MaxSessions 2\nBanner /a\n\nInclude x\n"
	    "Banner /b\nFingerprintHash md5\n"
	    "FingerprintHash sha1\n");
	fixture_file(&f, "inner", "# x\nMaxAuthTries 1\n");
	fixture_glob(&f, "x", "1");
	fixture_parse(&f);
	fixture_apply(&f, NULL);
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->max_sessions, 0),
	    "command-line:0");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->banner, 0), "main:2");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->max_auth_tries, 0),
	    "inner:2");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->fingerprint_hash, 0),
	    "main:7");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->permit_tty, 0), "default");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->allow_users, 0), "default");
}
END_TEST

START_TEST(each_entry_of_a_list_has_its_line)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const struct conf *c = &f.conf;

	fixture_main(&f, "AllowUsers a b\nPort 1\nAllowUsers c\nPort 2\n"
			 "HostKey none\n");
	fixture_apply(&f, NULL);
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->allow_users, 1), "main:1");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->allow_users, 2), "main:3");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->allow_users, 3), "default");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->port, 0), "main:2");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->port, 1), "main:4");
	ck_assert_str_eq(place(&f, SLICE_NONE, &c->host_keys, 0), "main:5");
}
END_TEST

START_TEST(blocks_that_hold_are_told_as_they_are_applied)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const struct conf *c = &f.conf;
	const struct conf_facts bob = {.user = "bob", .local_port = 22};
	struct slice b;

	fixture_main(&f, "Subsystem sftp /g\n"     /* 1 */
			 "Subsystem other /o\n"    /* 2 */
			 "AllowUsers g\n"          /* 3 */
			 "StreamLocalBindMask 1\n" /* 4 */
			 "Match user bob\n"        /* 5 */
			 "Banner /b\n"             /* 6 */
			 "AllowUsers a\n"          /* 7 */
			 "Subsystem sftp /b\n"     /* 8 */
			 "StreamLocalBindMask 2\n" /* 9 */
			 "Match user al\n"         /* 10 */
			 "AllowUsers x\n"          /* 11 */
			 "Match localport 22\n"    /* 12 */
			 "Banner /c\n"             /* 13 */
			 "AllowUsers b c\n"        /* 14 */
			 "StreamLocalBindMask 3\n" /* 15 */
			 "Subsystem more /m\n" /* 16 */);
	b = match(&f, &bob);
	ck_assert_str_eq(place(&f, b, &c->banner, 0), "main:6");
	ck_assert_str_eq(place(&f, b, &c->streamlocal_mask, 0), "main:15");
	ck_assert_str_eq(place(&f, b, &c->allow_users, 0), "main:7");
	ck_assert_str_eq(place(&f, b, &c->allow_users, 2), "main:14");
	ck_assert_str_eq(place(&f, b, &c->subsystems, 0), "main:8");
	ck_assert_str_eq(place(&f, b, &c->subsystems, 1), "main:16");
	ck_assert_str_eq(place(&f, b, &c->subsystems, 2), "main:2");
	ck_assert_str_eq(place(&f, b, &c->max_sessions, 0), "default");
}
END_TEST

START_TEST(a_dump_with_origins_names_them_on_each_line)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;

	fixture_main(&f, "Port 1\nPort 2\nListenAddress 127.0.0.1\n"
			 "PerSourcePenalties crash:1\n"
			 "PerSourcePenalties noauth:2\n");
	ck_assert_int_eq(conf_dump_origins(conf_global(f.set), SLICE_NONE,
			     &text),
	    OK);
	ck_assert_int_eq(buf_append(&text, slice_make("", 1)), OK);
	ck_assert_ptr_nonnull(strstr((const char *)text.p,
	    "port 1\t# main line 1\nport 2\t# main line 2\n"
	    "addressfamily any\t# default\n"
	    "listenaddress 127.0.0.1:1\t# main line 3\n"
	    "listenaddress 127.0.0.1:2\t# main line 3\n"));
	ck_assert_ptr_nonnull(strstr((const char *)text.p,
	    "permissive\t# main line 4, main line 5\n"));
}
END_TEST

TCase *check_origin(void);

TCase *
check_origin(void)
{
	TCase *tc = tcase_create("conf/origin");

	tcase_add_test(tc, the_line_that_was_used_is_told);
	tcase_add_test(tc, each_entry_of_a_list_has_its_line);
	tcase_add_test(tc, blocks_that_hold_are_told_as_they_are_applied);
	tcase_add_test(tc, a_dump_with_origins_names_them_on_each_line);
	return tc;
}
