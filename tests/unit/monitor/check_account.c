#include "desk.h"

START_TEST(who_is_there_is_found)
{
	struct account a;

	account_find(&a, "root");
	ck_assert(a.known);
	ck_assert_str_eq(a.name, "root");
	ck_assert_uint_eq(a.uid, 0);
	ck_assert_int_eq(a.home[0], '/');
	ck_assert_int_eq(a.shell[0], '/');
}
END_TEST

/* The decoy has everything that the code after it looks at, and is nobody. */
START_TEST(who_isnt_there_gets_a_decoy)
{
	static const char *const names[] = {"no such user", "", "-x", "../root",
	    "root "};
	struct account a;

	account_find(&a, names[_i]);
	ck_assert(!a.known);
	ck_assert_str_eq(a.name, names[_i]);
	ck_assert_uint_ne(a.uid, 0);
	ck_assert_uint_ne(a.gid, 0);
	ck_assert_ptr_nonnull(a.home);
	ck_assert_ptr_nonnull(a.shell);
	account_groups(&a);
	account_group_names(&a);
	ck_assert_uint_eq(a.ngroups, 0);
	ck_assert_uint_eq(a.nnames, 0);
}
END_TEST

START_TEST(groups_hold_the_primary_one)
{
	struct account a;
	bool found = false;

	account_find(&a, "root");
	account_group_names(&a);
	for (size_t i = 0; i < a.ngroups; i++)
		found = found || a.groups[i] == a.gid;
	ck_assert(found);
	ck_assert_uint_ge(a.nnames, 1);
	ck_assert_uint_le(a.nnames, a.ngroups);
}
END_TEST

TCase *
check_account(void)
{
	TCase *tc = tcase_create("monitor/account");

	tcase_add_test(tc, who_is_there_is_found);
	tcase_add_loop_test(tc, who_isnt_there_gets_a_decoy, 0, 5);
	tcase_add_test(tc, groups_hold_the_primary_one);
	return tc;
}
