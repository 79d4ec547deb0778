#include "methods.h"
#include "sallyport/crypto/ecdh.h"
#include "sallyport/crypto/kem.h"

static const char *const names[] = {"mlkem768x25519-sha256",
    "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com"};

#define VALUE_MAX (KEM_PUBLIC_MAX + ECDH_PUBLIC_MAX)

static struct slice
good(const char *name, uint8_t *room)
{
	const struct algo *a = algo_find(ALGO_KEX, slice_cstr(name));
	uint8_t secret[KEM_SECRET_MAX];
	struct ecdh *pair;
	size_t n;

	ck_assert_int_eq(kem_keypair(a->kem, room, secret), OK);
	ck_assert_int_eq(ecdh_new(a->curve, &pair,
			     room + kem_public_octets(a->kem), &n),
	    OK);
	ecdh_free(pair);
	return slice_make(room, kem_public_octets(a->kem) + n);
}

START_TEST(agrees_on_a_good_value)
{
	uint8_t room[VALUE_MAX];

	ck_assert_int_eq(method_string(names[_i], good(names[_i], room)), OK);
}
END_TEST

START_TEST(encodes_the_secret_as_a_string_of_the_hash)
{
	SCOPED(kex_clear) struct kex k = {.due = 0};
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);
	uint8_t room[VALUE_MAX];
	struct rd r;

	wr_string(&w, good(names[_i], room));
	kex_init(&k, algo_find(ALGO_KEX, slice_cstr(names[_i])), 32, NULL);
	ck_assert_int_eq(kex_step(&k, KEX_INIT, buf_slice(&b)), OK);
	r = rd_from(buf_slice(&k.secret));
	ck_assert_uint_eq(rd_string(&r).n, kex_hash_octets(&k));
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

START_TEST(refuses_a_value_cut_or_too_long)
{
	uint8_t room[VALUE_MAX + 1] = {0};
	struct slice value = good(names[_i], room);

	ck_assert_int_eq(method_string(names[_i],
			     slice_first(value, value.n - 1)),
	    ERR_PUBLIC_VALUE);
	ck_assert_int_eq(method_string(names[_i],
			     slice_make(room, value.n + 1)),
	    ERR_PUBLIC_VALUE);
	ck_assert_int_eq(method_string(names[_i], slice_first(value, 32)),
	    ERR_PUBLIC_VALUE);
}
END_TEST

/* SEC-30: one good half doesn't make the other good. */
START_TEST(refuses_a_bad_curve_half)
{
	uint8_t room[VALUE_MAX];
	struct slice value = good(names[_i], room);

	memset(room + value.n - 32, 0, 32);
	ck_assert_int_eq(method_string(names[_i], value), ERR_PUBLIC_VALUE);
}
END_TEST

START_TEST(refuses_a_bad_mlkem_half)
{
	uint8_t room[VALUE_MAX];
	struct slice value = good(names[0], room);

	memset(room, 0xff, 3); /* coefficients of 4095, FIPS 203 §7.2 */
	ck_assert_int_eq(method_string(names[0], value), ERR_PUBLIC_VALUE);
}
END_TEST

TCase *
check_kex_hybrid(void)
{
	TCase *tc = tcase_create("transport/kex_hybrid");

	tcase_add_loop_test(tc, agrees_on_a_good_value, 0, 3);
	tcase_add_loop_test(tc, encodes_the_secret_as_a_string_of_the_hash, 0,
	    3);
	tcase_add_loop_test(tc, refuses_a_value_cut_or_too_long, 0, 3);
	tcase_add_loop_test(tc, refuses_a_bad_curve_half, 0, 3);
	tcase_add_test(tc, refuses_a_bad_mlkem_half);
	return tc;
}
