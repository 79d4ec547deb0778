#include "methods.h"
#include "sallyport/crypto/ecdh.h"

static const char *const names[] = {"curve25519-sha256",
    "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521"};

static struct slice
good(const char *name, uint8_t *room)
{
	struct ecdh *pair;
	size_t n;

	ck_assert_int_eq(ecdh_new(algo_find(ALGO_KEX, slice_cstr(name))->curve,
			     &pair, room, &n),
	    OK);
	ecdh_free(pair);
	return slice_make(room, n);
}

START_TEST(agrees_on_a_good_value)
{
	uint8_t room[ECDH_PUBLIC_MAX];

	ck_assert_int_eq(method_string(names[_i], good(names[_i], room)), OK);
}
END_TEST

START_TEST(refuses_every_other_length)
{
	uint8_t room[ECDH_PUBLIC_MAX + 1] = {0};
	struct slice value = good(names[_i], room);

	for (size_t n = 0; n <= ECDH_PUBLIC_MAX + 1; n++)
		if (n != value.n)
			ck_assert_int_eq(method_string(names[_i],
					     slice_make(room, n)),
			    ERR_PUBLIC_VALUE);
}
END_TEST

START_TEST(refuses_points_that_are_none)
{
	uint8_t room[ECDH_PUBLIC_MAX] = {0};
	struct slice value = good(names[_i], room);

	if (_i < 2) {
		memset(room, 0, sizeof(room)); /* of small order */
	} else {
		room[value.n - 1] ^= 1; /* off the curve */
	}
	ck_assert_int_eq(method_string(names[_i], value), ERR_PUBLIC_VALUE);
	room[0] ^= 6; /* 04 becomes 02: compressed, but as long */
	if (_i >= 2)
		ck_assert_int_eq(method_string(names[_i], value),
		    ERR_PUBLIC_VALUE);
}
END_TEST

START_TEST(reads_to_the_end)
{
	ck_assert_int_eq(method_step(names[0], KEX_INIT,
			     SLICE_STR("\0\0\0\40")),
	    ERR_SHORT);
	ck_assert_int_eq(method_step(names[0], KEX_INIT,
			     SLICE_STR("\0\0\0\1xy")),
	    ERR_TRAILING);
}
END_TEST

TCase *
check_kex_ecdh(void)
{
	TCase *tc = tcase_create("transport/kex_ecdh");

	tcase_add_loop_test(tc, agrees_on_a_good_value, 0, 5);
	tcase_add_loop_test(tc, refuses_every_other_length, 0, 5);
	tcase_add_loop_test(tc, refuses_points_that_are_none, 0, 5);
	tcase_add_test(tc, reads_to_the_end);
	return tc;
}
