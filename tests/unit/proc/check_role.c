#include "suite.h"

#include "row.h"

#include <string.h>

START_TEST(names_every_role)
{
	for (int r = 0; r < ROLE_COUNT; r++) {
		ck_assert_ptr_nonnull(role_name((enum role)r));
		for (int other = 0; other < r; other++)
			ck_assert_str_ne(role_name((enum role)r),
			    role_name((enum role)other));
	}
}
END_TEST

/* SEC-12: what needs root is left out by the row, and nothing else is. */
START_TEST(a_users_row_lacks_only_what_needs_root)
{
	const unsigned int root = STEP_ROOT_DIR | STEP_BOUNDING | STEP_IDS;

	for (int r = 0; r < ROLE_COUNT; r++) {
		const struct role_row *row = role_row((enum role)r);

		ck_assert_uint_eq(row->as_user, row->as_root & ~root);
	}
}
END_TEST

START_TEST(who_meets_the_network_before_login_gives_up_everything)
{
	static const enum role confined[] = {ROLE_GATE, ROLE_KEYCHECK,
	    ROLE_KEEPER, ROLE_ACCEPTOR};

	for (size_t i = 0; i < 4; i++) {
		const struct role_row *row = role_row(confined[i]);

		ck_assert_uint_eq(row->as_root,
		    STEP_ROOT_DIR | STEP_BOUNDING | STEP_IDS |
			STEP_CAPABILITIES | STEP_UNDUMPABLE |
			STEP_NO_NEW_PRIVS | STEP_FILTER);
		ck_assert_uint_gt(row->lists[0].n, 0);
	}
}
END_TEST

/* Both are inherited, and a user's shell wants neither. */
START_TEST(a_session_gets_no_limit_and_no_filter)
{
	static const enum role free[] = {ROLE_MONITOR, ROLE_SESSION};

	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(role_row(free[i])->nlimits, 0);
		ck_assert_uint_eq(role_row(free[i])->as_root, STEP_UNDUMPABLE);
	}
}
END_TEST

TCase *
check_role(void)
{
	TCase *tc = tcase_create("proc/role");

	tcase_add_test(tc, names_every_role);
	tcase_add_test(tc, a_users_row_lacks_only_what_needs_root);
	tcase_add_test(tc,
	    who_meets_the_network_before_login_gives_up_everything);
	tcase_add_test(tc, a_session_gets_no_limit_and_no_filter);
	return tc;
}
