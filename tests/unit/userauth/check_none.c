#include "fake.h"

START_TEST(none_has_no_fields)
{
	struct request req = {.hopeless = true};

	ck_assert_int_eq(none_method.read(SLICE_NONE, &req), OK);
	ck_assert(!req.hopeless);
	ck_assert_int_eq(none_method.read(SLICE_STR("\0"), &req), ERR_TRAILING);
}
END_TEST

START_TEST(none_is_asked_like_any_other)
{
	struct fake f;

	fake_init(&f);
	fake_bring_to(&f, USERAUTH_SERVICE);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "none", SLICE_NONE), OK);
	ck_assert_str_eq(fake_asked(&f), "find_user:alice none ");
	fake_clear(&f);
}
END_TEST

TCase *
check_none(void)
{
	TCase *tc = tcase_create("userauth/none");

	tcase_add_test(tc, none_has_no_fields);
	tcase_add_test(tc, none_is_asked_like_any_other);
	return tc;
}
