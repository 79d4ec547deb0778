/* Right passwords are tests/system's: they need an account. */
#include "desk.h"

#include "sallyport/base/mem.h"

START_TEST(who_has_no_entry_is_neither_locked_nor_in)
{
	struct desk d;

	desk_init(&d, "UsePAM no\nPermitEmptyPasswords yes\n");
	ck_assert_int_eq(shadow_state("no such user", &d.m.messages),
	    SHADOW_USABLE);
	ck_assert_uint_eq(d.m.messages.n, 0);
	d.m.account.name = mem_strdup("no such user");
	ck_assert(!shadow_check(&d.m, SLICE_STR("word")));
	ck_assert(!shadow_check(&d.m, SLICE_NONE));
	ck_assert(desk_said(&d, "Could not get shadow information for no such "
				"user"));
	d.m.account.known = false;
	ck_assert(!shadow_check(&d.m, SLICE_STR("word")));
	ck_assert(desk_said(&d, "Could not get shadow information for NOUSER"));
	desk_clear(&d);
}
END_TEST

TCase *
check_shadow(void)
{
	TCase *tc = tcase_create("monitor/shadow");

	tcase_add_test(tc, who_has_no_entry_is_neither_locked_nor_in);
	return tc;
}
