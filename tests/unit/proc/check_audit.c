#include "children.h"
#include "suite.h"

#include "sallyport/proc/audit.h"

#include <sched.h>

/* A machine without audit says no once, and takes what is written for good. */
START_TEST(a_record_is_taken_whether_wanted_or_not)
{
	bool on = audit_is_on();

	/* each time the same, however late the kernel answers */
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(audit_is_on(), on);
	if (!audit_exists())
		ck_assert(!on);
	ck_assert_int_eq(audit_write(AUDIT_TYPE_USER_LOGIN,
			     SLICE_STR("op=login acct=\"nobody\" res=failed")),
	    OK);
	/* each length, so that each padding of the message is met */
	for (size_t n = 1; n < 9; n++)
		ck_assert_int_eq(audit_write(AUDIT_TYPE_USER_AUTH,
				     slice_make("op=test1234", n)),
		    OK);
}
END_TEST

START_TEST(a_record_has_a_longest_length)
{
	static char text[AUDIT_TEXT_MAX + 1];

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(audit_write(AUDIT_TYPE_USER_AUTH,
			     slice_make(text, AUDIT_TEXT_MAX)),
	    OK);
	ck_assert_int_eq(audit_write(AUDIT_TYPE_USER_AUTH,
			     slice_make(text, sizeof(text))),
	    ERR_TOO_LONG);
}
END_TEST

static void
write_without_right(int flags)
{
	if (flags != 0 && unshare(flags) != 0)
		return; /* not to be had here */
	CHILD(flags != 0 || child_become_user());
	(void)audit_is_on();
	CHILD(audit_write(AUDIT_TYPE_USER_AUTH, SLICE_STR("op=test")) == OK);
}

/* An ordinary user, another user or network namespace: nobody wants it, and
 * that isn't an error. */
START_TEST(who_may_not_write_is_no_error)
{
	static const int kinds[] = {0, CLONE_NEWUSER,
	    CLONE_NEWUSER | CLONE_NEWNET};

	ck_assert(child_ok(child_run(write_without_right, kinds[_i])));
}
END_TEST

TCase *
check_audit(void)
{
	TCase *tc = tcase_create("proc/audit");

	tcase_add_test(tc, a_record_is_taken_whether_wanted_or_not);
	tcase_add_test(tc, a_record_has_a_longest_length);
	tcase_add_loop_test(tc, who_may_not_write_is_no_error, 0, 3);
	return tc;
}
