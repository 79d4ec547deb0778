#include "rekey.h"
#include "suite.h"

static const struct algo *
cipher(const char *name)
{
	return algo_find(ALGO_CIPHER, slice_cstr(name));
}

START_TEST(bounds_a_key_by_its_block)
{
	ck_assert_uint_eq(rekey_octets(cipher("aes128-ctr"), 0), UINT64_C(64)
								     << 30);
	ck_assert_uint_eq(rekey_octets(cipher("aes256-gcm@openssh.com"), 0),
	    UINT64_C(64) << 30);
	ck_assert_uint_eq(rekey_octets(cipher("3des-cbc"), 0), UINT64_C(1)
								   << 30);
	ck_assert_uint_eq(rekey_octets(cipher("chacha20-poly1305@openssh.com"),
			      0),
	    UINT64_C(1) << 30);
}
END_TEST

START_TEST(takes_the_smaller_of_limit_and_bound)
{
	ck_assert_uint_eq(rekey_octets(cipher("aes128-ctr"), 16), 16);
	ck_assert_uint_eq(rekey_octets(cipher("3des-cbc"), UINT64_C(2) << 30),
	    UINT64_C(1) << 30);
}
END_TEST

START_TEST(is_due_by_octets_or_packets)
{
	struct packet_dir d = {.cipher_alg = cipher("aes128-ctr")};

	ck_assert(!rekey_is_due(&d, 1000));
	d.octets = 999;
	ck_assert(!rekey_is_due(&d, 1000));
	d.octets = 1000;
	ck_assert(rekey_is_due(&d, 1000));
	ck_assert(!rekey_is_due(&d, 0));
	d.packets = (UINT64_C(1) << 31) - 1;
	ck_assert(!rekey_is_due(&d, 0));
	d.packets++;
	ck_assert(rekey_is_due(&d, 0));
}
END_TEST

START_TEST(allows_a_login_under_a_small_limit)
{
	struct packet_dir d = {.cipher_alg = cipher("aes128-ctr")};

	d.octets = 100000;
	ck_assert(!rekey_is_spent(&d, 16));
	d.octets = 1 << 20;
	ck_assert(rekey_is_spent(&d, 16));
	ck_assert(!rekey_is_spent(&d, 2 << 20));
	ck_assert(!rekey_is_spent(&d, 0));
}
END_TEST

START_TEST(is_never_due_without_keys)
{
	struct packet_dir d = {.octets = UINT64_MAX, .packets = UINT64_MAX};

	ck_assert(!rekey_is_due(&d, 1));
}
END_TEST

START_TEST(counts_seconds_down)
{
	ck_assert_uint_eq(rekey_seconds_left(100, 60, 100), 60);
	ck_assert_uint_eq(rekey_seconds_left(100, 60, 159), 1);
	ck_assert_uint_eq(rekey_seconds_left(100, 60, 160), 0);
	ck_assert_uint_eq(rekey_seconds_left(100, 60, UINT64_MAX), 0);
	ck_assert_uint_eq(rekey_seconds_left(100, 60, 0), 60);
}
END_TEST

TCase *
check_rekey(void)
{
	TCase *tc = tcase_create("transport/rekey");

	tcase_add_test(tc, bounds_a_key_by_its_block);
	tcase_add_test(tc, takes_the_smaller_of_limit_and_bound);
	tcase_add_test(tc, is_due_by_octets_or_packets);
	tcase_add_test(tc, allows_a_login_under_a_small_limit);
	tcase_add_test(tc, is_never_due_without_keys);
	tcase_add_test(tc, counts_seconds_down);
	return tc;
}
