#include "desk.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/audit.h"

#include <errno.h>

/* What all records end with; the program is this one. */
#define TAIL " hostname=192.0.2.7 addr=192.0.2.7 terminal=%s res=%s\n"

static void
begin(struct desk *d, const char *configuration)
{
	desk_init(d, configuration);
	d->common.root = true;
	desk_audit_off = false;
	desk_audit_errno = 0;
	buf_clear(&desk_audit);
	trail_warm();
}

/* Records of this type with this operation, terminal and end. */
static size_t
records(unsigned int type, const char *operation, const char *terminal,
    bool good)
{
	SCOPED(mem_free_at)
	char *head = mem_format("%u %s exe=", type, operation);
	SCOPED(mem_free_at)
	char *tail = mem_format(TAIL, terminal, good ? "success" : "failed");
	struct slice rest = buf_slice(&desk_audit), one;
	size_t n = 0;

	while (slice_next(&rest, '\n', &one)) {
		struct slice end = slice_skip(one,
		    one.n > strlen(tail) - 1 ? one.n - strlen(tail) + 1 : 0);

		n += slice_starts(one, slice_cstr(head)) &&
		     slice_equal(end,
			 slice_first(slice_cstr(tail), strlen(tail) - 1));
	}
	return n;
}

START_TEST(a_failed_attempt_names_its_account)
{
	struct desk d;

	begin(&d, "");
	trail_failed(&d.m);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_LOGIN,
			      "op=login acct=\"alice\"", "ssh", false),
	    1);
	ck_assert(memmem(desk_audit.p, desk_audit.n, "exe=\"/", 6) != NULL);
	desk_clear(&d);
}
END_TEST

/* A password that was typed for a name isn't kept in the audit's files. */
START_TEST(an_unknown_name_is_not_told)
{
	struct desk d;

	begin(&d, "");
	d.m.user = mem_strdup("my-password");
	d.m.valid = false;
	trail_failed(&d.m);
	d.m.user = NULL;
	trail_failed(&d.m);
	/* "(invalid user)", "(unknown user)" */
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_LOGIN,
			      "op=login acct=28696E76616C6964207573657229",
			      "ssh", false),
	    1);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_LOGIN,
			      "op=login acct=28756E6B6E6F776E207573657229",
			      "ssh", false),
	    1);
	ck_assert(memmem(desk_audit.p, desk_audit.n, "my-pass", 7) == NULL);
	desk_clear(&d);
}
END_TEST

/* Whatever the name: no octet of it can end the value or the record. */
START_TEST(no_name_forges_a_field)
{
	char name[] = "a?b";
	struct desk d;
	bool plain = _i > ' ' && _i < 0x7f && _i != '"';

	name[1] = (char)_i;
	begin(&d, "");
	d.m.user = name;
	trail_failed(&d.m);
	SCOPED(mem_free_at)
	char *want =
	    plain ? mem_format("op=login acct=\"%s\"", name)
		  : mem_format("op=login acct=61%02X62", (unsigned int)_i);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_LOGIN, want, "ssh", false),
	    1);
	desk_clear(&d);
}
END_TEST

START_TEST(a_longest_name_has_room)
{
	static char name[USER_MAX + 1];
	struct desk d;

	begin(&d, "");
	memset(name, ' ', USER_MAX);
	d.m.user = name;
	trail_failed(&d.m);
	trail_key(&d.m, TRAIL_PUBKEY, SLICE_STR("SHA256:abc"), true);
	ck_assert_uint_eq(d.log.n, 0);
	desk_clear(&d);
}
END_TEST

START_TEST(a_key_is_a_credential_and_a_use_of_it)
{
	struct desk d;

	begin(&d, "");
	trail_key(&d.m, TRAIL_PUBKEY, SLICE_STR("SHA256:a+b/c"), true);
	trail_key(&d.m, TRAIL_PUBKEY, SLICE_STR("SHA256:x res=success"), false);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_AUTH,
			      "op=pubkey_auth grantors=auth-key acct=\"alice\"",
			      "ssh", true),
	    1);
	ck_assert_uint_eq(records(AUDIT_TYPE_CRYPTO_KEY,
			      "op=negotiate kind=auth-key fp=SHA256:a+b/c "
			      "rport=4711 acct=\"alice\"",
			      "ssh", true),
	    1);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_AUTH,
			      "op=pubkey_auth grantors=auth-key acct=\"alice\"",
			      "ssh", false),
	    1);
	/* not a fingerprint: a broken-in keycheck's */
	ck_assert(memmem(desk_audit.p, desk_audit.n, "SHA256:x", 8) == NULL);
	desk_clear(&d);
}
END_TEST

/* From login to the end, with a terminal between; PAM's part is libpam's. */
START_TEST(a_session_begins_and_ends)
{
	struct line line = {.name = "pts/7"};
	SCOPED(mem_free_at) char *who = NULL;
	bool pam = _i != 0;
	struct desk d;

	begin(&d, "");
	who = mem_format("op=login id=%lu", (unsigned long)d.m.account.uid);
	d.m.conf.use_pam = pam;
	d.m.keys_pid = 4242;
	d.m.session_id_octets = 32;
	ck_assert_int_eq(trail_login(&d.m), OK);
	d.m.phase = PHASE_SESSION;
	trail_line(&d.m, &line, true);
	trail_line(&d.m, &line, false);
	trail_end(&d.m);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_LOGIN, who, "ssh", true), 1);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_START, who, "/dev/pts/7",
			      true),
	    1);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_END, who, "/dev/pts/7", true),
	    1);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_START, who, "ssh", true),
	    pam ? 0 : 1);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_END, who, "ssh", true),
	    pam ? 0 : 1);
	ck_assert(memmem(desk_audit.p, desk_audit.n,
		      "op=destroy kind=session fp=? direction=both spid=4242 ",
		      54) != NULL);
	desk_clear(&d);
}
END_TEST

/* Of one who never got to keys nothing is left to tell. */
START_TEST(a_stranger_leaves_no_record)
{
	struct desk d;

	begin(&d, "");
	trail_end(&d.m);
	ck_assert_uint_eq(desk_audit.n, 0);
	desk_clear(&d);
}
END_TEST

/* auditd may come after us, and go: asked now and then, not each time. */
START_TEST(a_switch_is_heard_in_a_while)
{
	struct desk d;

	begin(&d, "");
	clock_fake(1000000, 1);
	desk_audit_off = true;
	trail_warm();
	desk_audit_off = false;
	clock_fake(1004999, 1);
	trail_refresh();
	trail_failed(&d.m);
	ck_assert_uint_eq(desk_audit.n, 0);
	clock_fake(1005000, 1);
	trail_refresh();
	trail_failed(&d.m);
	ck_assert_uint_ne(desk_audit.n, 0);
	clock_fake(0, 0);
	desk_clear(&d);
}
END_TEST

START_TEST(nobody_is_told_where_nobody_wants_it)
{
	struct desk d;

	begin(&d, "");
	desk_audit_off = _i == 0;
	trail_warm();
	d.common.root = _i == 0;
	trail_failed(&d.m);
	trail_password(&d.m, true);
	trail_key(&d.m, TRAIL_PUBKEY, SLICE_STR("SHA256:abc"), true);
	ck_assert_int_eq(trail_login(&d.m), OK);
	d.m.session_id_octets = 32;
	trail_end(&d.m);
	ck_assert_uint_eq(desk_audit.n, 0);
	desk_clear(&d);
}
END_TEST

/* Where there is audit, nobody comes in unseen by it. */
START_TEST(without_its_record_nobody_is_in)
{
	struct desk d;

	begin(&d, "");
	d.m.conf.use_pam = true; /* one record, then */
	desk_audit_errno = ENOBUFS;
	trail_failed(&d.m); /* this is only told */
	ck_assert(desk_said(&d, "linux_audit_write_entry failed: "));
	ck_assert_int_eq(trail_login(&d.m), ERR_SYSTEM);
	desk_audit_errno = 0;
	ck_assert_int_eq(trail_login(&d.m), OK);
	desk_clear(&d);
}
END_TEST

/* What happens on the way in tells it, each once. */
START_TEST(requests_leave_their_records)
{
	struct password_req word = {.password = SLICE_STR("wrong")};
	struct verdict_rep rep;
	struct desk d;

	begin(&d, "UsePAM no\n");
	d.m.valid = false; /* a decoy */
	ck_assert_int_eq(on_auth_password(&d.m, &word, &rep), OK);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_AUTH,
			      "op=password grantors=shadow "
			      "acct=28696E76616C6964207573657229",
			      "ssh", false),
	    1);
	ck_assert_uint_eq(records(AUDIT_TYPE_USER_LOGIN,
			      "op=login acct=28696E76616C6964207573657229",
			      "ssh", false),
	    1);
	desk_clear(&d);
}
END_TEST

TCase *
check_trail(void)
{
	TCase *tc = tcase_create("monitor/trail");

	tcase_add_test(tc, a_failed_attempt_names_its_account);
	tcase_add_test(tc, an_unknown_name_is_not_told);
	tcase_add_loop_test(tc, no_name_forges_a_field, 1, 256);
	tcase_add_test(tc, a_longest_name_has_room);
	tcase_add_test(tc, a_key_is_a_credential_and_a_use_of_it);
	tcase_add_loop_test(tc, a_session_begins_and_ends, 0, 2);
	tcase_add_test(tc, a_stranger_leaves_no_record);
	tcase_add_test(tc, a_switch_is_heard_in_a_while);
	tcase_add_loop_test(tc, nobody_is_told_where_nobody_wants_it, 0, 2);
	tcase_add_test(tc, without_its_record_nobody_is_in);
	tcase_add_test(tc, requests_leave_their_records);
	return tc;
}
