#include "sallyport/crypto/kem.h"
#include "sallyport/crypto/secret.h"
#include "suite.h"

#include "vectors.h"

TCase *check_kem(void);

static const enum kem_id all[] = {KEM_MLKEM768, KEM_SNTRUP761};

/* One key pair of each, made once: sntrup761's takes milliseconds. */
struct pair {
	uint8_t public[KEM_PUBLIC_MAX], secret[KEM_SECRET_MAX];
	struct slice p, s;
};

static void
pair_make(struct pair *k, enum kem_id id)
{
	ck_assert_int_eq(kem_keypair(id, k->public, k->secret), OK);
	k->p = slice_make(k->public, kem_public_octets(id));
	k->s = slice_make(k->secret, kem_secret_octets(id));
}

START_TEST(both_sides_get_the_same_secret)
{
	uint8_t ciphertext[KEM_CIPHERTEXT_MAX];
	uint8_t ours[KEM_SHARED], theirs[KEM_SHARED];
	struct pair k;

	for (unsigned int i = 0; i < 8; i++) {
		pair_make(&k, all[_i]);
		ck_assert_int_eq(kem_encapsulate(all[_i], k.p, ciphertext,
				     ours),
		    OK);
		ck_assert_int_eq(kem_decapsulate(all[_i], k.s,
				     slice_make(ciphertext,
					 kem_ciphertext_octets(all[_i])),
				     theirs),
		    OK);
		vectors_same(SLICE_OF(ours), SLICE_OF(theirs));
	}
}
END_TEST

START_TEST(no_two_encapsulations_are_alike)
{
	uint8_t a[KEM_CIPHERTEXT_MAX], b[KEM_CIPHERTEXT_MAX];
	uint8_t one[KEM_SHARED], two[KEM_SHARED];
	struct pair k;

	pair_make(&k, all[_i]);
	ck_assert_int_eq(kem_encapsulate(all[_i], k.p, a, one), OK);
	ck_assert_int_eq(kem_encapsulate(all[_i], k.p, b, two), OK);
	ck_assert_mem_ne(a, b, kem_ciphertext_octets(all[_i]));
	ck_assert_mem_ne(one, two, KEM_SHARED);
}
END_TEST

/* One bit is enough, wherever it is, and it is no error that one could see. */
START_TEST(a_changed_ciphertext_gives_another_secret)
{
	uint8_t ciphertext[KEM_CIPHERTEXT_MAX];
	uint8_t ours[KEM_SHARED], theirs[KEM_SHARED];
	size_t n = kem_ciphertext_octets(all[_i]);
	struct pair k;

	pair_make(&k, all[_i]);
	ck_assert_int_eq(kem_encapsulate(all[_i], k.p, ciphertext, ours), OK);
	for (size_t at = 0; at < n; at += 17) {
		ciphertext[at] ^= (uint8_t)(1 << (at % 8));
		ck_assert_int_eq(kem_decapsulate(all[_i], k.s,
				     slice_make(ciphertext, n), theirs),
		    OK);
		ck_assert_mem_ne(ours, theirs, KEM_SHARED);
		ciphertext[at] ^= (uint8_t)(1 << (at % 8));
	}
}
END_TEST

START_TEST(refuses_every_other_length)
{
	uint8_t ciphertext[KEM_CIPHERTEXT_MAX], shared[KEM_SHARED];
	uint8_t room[KEM_SECRET_MAX + 1] = {0};
	struct pair k;

	pair_make(&k, all[_i]);
	memcpy(room, k.public, k.p.n);
	for (size_t n = 0; n <= k.p.n + 1; n++)
		if (n != k.p.n)
			ck_assert_int_eq(kem_encapsulate(all[_i],
					     slice_make(room, n), ciphertext,
					     shared),
			    ERR_PUBLIC_VALUE);
	ck_assert_int_eq(kem_decapsulate(all[_i], slice_first(k.s, k.s.n - 1),
			     SLICE_OF(ciphertext), shared),
	    ERR_KEY_LENGTH);
	for (size_t n = 0; n <= sizeof(ciphertext); n++)
		if (n != kem_ciphertext_octets(all[_i]))
			ck_assert_int_eq(kem_decapsulate(all[_i], k.s,
					     slice_make(ciphertext, n), shared),
			    ERR_PUBLIC_VALUE);
}
END_TEST

/* The sizes of protocol messages */
START_TEST(has_the_sizes_of_the_wire)
{
	ck_assert_uint_eq(kem_public_octets(KEM_MLKEM768), 1184);
	ck_assert_uint_eq(kem_ciphertext_octets(KEM_MLKEM768), 1088);
	ck_assert_uint_eq(kem_secret_octets(KEM_MLKEM768), 2400);
	ck_assert_uint_eq(kem_public_octets(KEM_SNTRUP761), 1158);
	ck_assert_uint_eq(kem_ciphertext_octets(KEM_SNTRUP761), 1039);
	ck_assert_uint_eq(kem_secret_octets(KEM_SNTRUP761), 1763);
}
END_TEST

TCase *
check_kem(void)
{
	TCase *tc = tcase_create("crypto/kem");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, both_sides_get_the_same_secret, 0, 2);
	tcase_add_loop_test(tc, no_two_encapsulations_are_alike, 0, 2);
	tcase_add_loop_test(tc, a_changed_ciphertext_gives_another_secret, 0,
	    2);
	tcase_add_loop_test(tc, refuses_every_other_length, 0, 2);
	tcase_add_test(tc, has_the_sizes_of_the_wire);
	return tc;
}
