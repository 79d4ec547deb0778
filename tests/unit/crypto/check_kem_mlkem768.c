#include "sallyport/crypto/hash.h"
#include "sallyport/crypto/kem.h"
#include "suite.h"

#include "vectors.h"

/* Private to the room: what the daemon never needs */
#include "../../../src/crypto/kem_mlkem768.h"

TCase *check_kem_mlkem768(void);

static struct vectors v;

static void
has_digest(struct slice octets, struct slice sha256)
{
	uint8_t digest[HASH_MAX];

	ck_assert_int_eq(hash_once(HASH_SHA256, octets, digest), OK);
	vectors_same(slice_make(digest, 32), sha256);
}

/* Seeds give keys, keys and messages ciphertexts, and those the secret. */
START_TEST(follows_the_official_seeds_all_the_way)
{
	uint8_t public[MLKEM768_PUBLIC], secret[MLKEM768_SECRET];
	uint8_t ciphertext[MLKEM768_CIPHERTEXT], shared[KEM_SHARED];

	vectors_open(&v, VECTORS "/mlkem768_seeds.txt");
	while (vectors_next(&v)) {
		struct slice seed = vectors_column(&v, 0);
		struct slice m = vectors_column(&v, 3);
		struct slice want = vectors_column(&v, 5);

		ck_assert_int_eq(kem_mlkem768_keypair_from(seed.p, public,
				     secret),
		    OK);
		has_digest(SLICE_OF(public), vectors_column(&v, 1));
		has_digest(SLICE_OF(secret), vectors_column(&v, 2));
		ck_assert_int_eq(kem_mlkem768_encapsulate_from(SLICE_OF(public),
				     m.p, ciphertext, shared),
		    OK);
		has_digest(SLICE_OF(ciphertext), vectors_column(&v, 4));
		vectors_same(SLICE_OF(shared), want);
		memset(shared, 0, sizeof(shared));
		kem_mlkem768_decapsulate(secret, ciphertext, shared);
		vectors_same(SLICE_OF(shared), want);
	}
}
END_TEST

/* Keys that aren't reduced or of another length, and rare matrices */
START_TEST(encapsulates_to_good_keys_only)
{
	uint8_t ciphertext[MLKEM768_CIPHERTEXT], shared[KEM_SHARED];

	vectors_open(&v, VECTORS "/mlkem768_encaps.txt");
	while (vectors_next(&v)) {
		bool valid = strcmp(v.text[0], "valid") == 0;
		struct slice m = vectors_column(&v, 1);
		struct slice public = vectors_column(&v, 2);
		enum err e = kem_mlkem768_encapsulate_from(public, m.p,
		    ciphertext, shared);

		ck_assert_int_eq(e, valid ? OK : ERR_PUBLIC_VALUE);
		if (!valid)
			continue;
		has_digest(SLICE_OF(ciphertext), vectors_column(&v, 3));
		vectors_same(SLICE_OF(shared), vectors_column(&v, 4));
	}
}
END_TEST

START_TEST(decapsulates_or_refuses_implicitly)
{
	uint8_t public[MLKEM768_PUBLIC], secret[MLKEM768_SECRET];
	uint8_t shared[KEM_SHARED];

	vectors_open(&v, VECTORS "/mlkem768_decaps.txt");
	while (vectors_next(&v)) {
		bool valid = strcmp(v.text[0], "valid") == 0;
		struct slice seed = vectors_column(&v, 1);
		struct slice ciphertext = vectors_column(&v, 3);
		enum err e;

		ck_assert_int_eq(kem_mlkem768_keypair_from(seed.p, public,
				     secret),
		    OK);
		has_digest(SLICE_OF(public), vectors_column(&v, 2));
		e = kem_decapsulate(KEM_MLKEM768, SLICE_OF(secret), ciphertext,
		    shared);
		ck_assert_int_eq(e, valid ? OK : ERR_PUBLIC_VALUE);
		if (valid)
			vectors_same(SLICE_OF(shared), vectors_column(&v, 4));
	}
}
END_TEST

/* FIPS 203 §7.2: 3329 and above, up to 4095, in whatever place */
START_TEST(refuses_each_coefficient_from_q_on)
{
	uint8_t public[MLKEM768_PUBLIC], secret[MLKEM768_SECRET], m[32] = {7};
	uint8_t ciphertext[MLKEM768_CIPHERTEXT], shared[KEM_SHARED];
	uint8_t seed[64] = {1};

	ck_assert_int_eq(kem_mlkem768_keypair_from(seed, public, secret), OK);
	for (unsigned int i = 0; i < 768; i += 37) {
		unsigned int at = i * 3 / 2, low = i % 2 == 0;
		uint8_t kept[2] = {public[at], public[at + 1]};

		for (unsigned int value = 3328; value <= 3329; value++) {
			public[at] =
			    (uint8_t)(low ? value
					  : (kept[0] & 15) | value << 4);
			public[at + 1] =
			    (uint8_t)(low ? (kept[1] & 0xf0) | value >> 8
					  : value >> 4);
			ck_assert_int_eq(
			    kem_mlkem768_encapsulate_from(SLICE_OF(public), m,
				ciphertext, shared),
			    value < 3329 ? OK : ERR_PUBLIC_VALUE);
		}
		public[at] = kept[0];
		public[at + 1] = kept[1];
	}
}
END_TEST

TCase *
check_kem_mlkem768(void)
{
	TCase *tc = tcase_create("crypto/kem_mlkem768");

	tcase_add_test(tc, follows_the_official_seeds_all_the_way);
	tcase_add_test(tc, encapsulates_to_good_keys_only);
	tcase_add_test(tc, decapsulates_or_refuses_implicitly);
	tcase_add_test(tc, refuses_each_coefficient_from_q_on);
	return tc;
}
