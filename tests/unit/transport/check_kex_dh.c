#include "methods.h"
#include "sallyport/crypto/dh.h"

static const char *const names[] = {"diffie-hellman-group14-sha256",
    "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1",
    "diffie-hellman-group16-sha512"};

/* A value of many bits below every group's modulus */
static struct slice
good(void)
{
	static uint8_t e[100];

	memset(e, 0x5a, sizeof(e));
	return SLICE_OF(e);
}

START_TEST(agrees_on_a_good_value)
{
	ck_assert_int_eq(method_mpint(names[_i], good()), OK);
}
END_TEST

/* SEC-30: 1 < e < p - 1, and more than a few bits. */
START_TEST(refuses_values_of_small_groups)
{
	static const uint8_t one[] = {1}, two[] = {2};
	struct slice p =
	    dh_group_prime(algo_find(ALGO_KEX, slice_cstr(names[_i]))->group);
	uint8_t near[1024];

	ck_assert_int_eq(method_mpint(names[_i], SLICE_NONE), ERR_PUBLIC_VALUE);
	ck_assert_int_eq(method_mpint(names[_i], SLICE_OF(one)),
	    ERR_PUBLIC_VALUE);
	ck_assert_int_eq(method_mpint(names[_i], SLICE_OF(two)),
	    ERR_PUBLIC_VALUE);
	slice_copy(p, BYTES_OF(near));
	ck_assert_int_eq(method_mpint(names[_i], slice_make(near, p.n)),
	    ERR_PUBLIC_VALUE);
	near[p.n - 1]--;
	ck_assert_int_eq(method_mpint(names[_i], slice_make(near, p.n)),
	    ERR_PUBLIC_VALUE);
}
END_TEST

START_TEST(refuses_what_is_no_positive_mpint)
{
	ck_assert_int_eq(method_step(names[0], KEX_INIT,
			     SLICE_STR("\0\0\0\1\200")),
	    ERR_FORMAT);
	ck_assert_int_eq(method_step(names[0], KEX_INIT,
			     SLICE_STR("\0\0\0\2\0\1")),
	    ERR_FORMAT);
	ck_assert_int_eq(method_step(names[0], KEX_INIT,
			     SLICE_STR("\0\0\0\2\1")),
	    ERR_SHORT);
	ck_assert_int_eq(method_step(names[0], KEX_INIT,
			     SLICE_STR("\0\0\0\1\1x")),
	    ERR_TRAILING);
}
END_TEST

TCase *
check_kex_dh(void)
{
	TCase *tc = tcase_create("transport/kex_dh");

	tcase_add_loop_test(tc, agrees_on_a_good_value, 0, 4);
	tcase_add_loop_test(tc, refuses_values_of_small_groups, 0, 4);
	tcase_add_test(tc, refuses_what_is_no_positive_mpint);
	return tc;
}
