#include "sallyport/crypto/hash.h"
#include "suite.h"

#include "vectors.h"

/* Private to the room: keys and signatures without Ed25519's */
#include "../../../src/crypto/mldsa44.h"

TCase *check_mldsa44(void);

static struct vectors v;

static void
has_digest(struct slice octets, struct slice sha256)
{
	uint8_t digest[HASH_MAX];

	ck_assert_int_eq(hash_once(HASH_SHA256, octets, digest), OK);
	vectors_same(slice_make(digest, 32), sha256);
}

/* Seeds that take many tries and values at the bounds are among them. */
START_TEST(signs_as_the_vectors_do)
{
	uint8_t public[MLDSA44_PUBLIC], mu[MLDSA44_MU], sig[MLDSA44_SIGNATURE];
	unsigned int n = 0;

	vectors_open(&v, VECTORS "/mldsa44_sign.txt");
	for (; vectors_next(&v); n++) {
		struct slice seed = vectors_column(&v, 1);
		struct slice message = vectors_column(&v, 4);
		uint8_t random[MLDSA44_RANDOM] = {0};

		mldsa44_public(seed.p, public);
		has_digest(SLICE_OF(public), vectors_column(&v, 2));
		if (strcmp(v.text[0], "mu") == 0)
			ck_assert_uint_eq(slice_copy(message, BYTES_OF(mu)),
			    MLDSA44_MU);
		else
			ck_assert_int_eq(mldsa44_mu(public,
					     vectors_column(&v, 3), message,
					     mu),
			    OK);
		slice_copy(vectors_column(&v, 5), BYTES_OF(random));
		mldsa44_sign(seed.p, mu, random, sig);
		has_digest(SLICE_OF(sig), vectors_column(&v, 6));
		ck_assert_int_eq(mldsa44_verify(public, mu, sig), OK);
	}
	ck_assert_uint_eq(n, 82);
}
END_TEST

/* Keys and signatures of other lengths are not ours to see: sign_mldsa44. */
START_TEST(verifies_what_the_vectors_call_valid)
{
	uint8_t public[MLDSA44_PUBLIC], mu[MLDSA44_MU];
	bool has_key = false;
	unsigned int n = 0;

	vectors_open(&v, VECTORS "/mldsa44_verify.txt");
	while (vectors_next(&v)) {
		enum err want =
		    strcmp(v.text[0], "valid") == 0 ? OK : ERR_SIGNATURE;
		struct slice first = vectors_column(&v, 1), sig;

		if (strcmp(v.text[0], "key") == 0) {
			has_key = first.n == MLDSA44_PUBLIC;
			slice_copy(first, BYTES_OF(public));
			continue;
		}
		sig = vectors_column(&v, 3);
		n++;
		if (!has_key || sig.n != MLDSA44_SIGNATURE)
			ck_assert_int_eq(want, ERR_SIGNATURE);
		else if (mldsa44_mu(public, first, vectors_column(&v, 2), mu) !=
			 OK)
			ck_assert_int_eq(want, ERR_SIGNATURE);
		else
			ck_assert_int_eq(mldsa44_verify(public, mu, sig.p),
			    want);
	}
	ck_assert_uint_eq(n, 109);
}
END_TEST

START_TEST(a_context_has_255_octets_at_most)
{
	uint8_t public[MLDSA44_PUBLIC] = {0}, context[256] = {0};
	uint8_t mu[MLDSA44_MU], other[MLDSA44_MU];

	ck_assert_int_eq(mldsa44_mu(public, slice_make(context, 255),
			     SLICE_NONE, mu),
	    OK);
	ck_assert_int_eq(mldsa44_mu(public, SLICE_OF(context), SLICE_NONE,
			     other),
	    ERR_TOO_LONG);
	/* What belongs to the context isn't the message's */
	ck_assert_int_eq(mldsa44_mu(public, slice_make(context, 1),
			     slice_make(context, 2), mu),
	    OK);
	ck_assert_int_eq(mldsa44_mu(public, slice_make(context, 2),
			     slice_make(context, 1), other),
	    OK);
	ck_assert_mem_ne(mu, other, sizeof(mu));
}
END_TEST

/* No bit of a signature is without meaning, and none of a key, which counts
 * as part of the message: a verifier would pass over its lowest ones. */
START_TEST(a_turned_bit_spoils_a_signature)
{
	uint8_t seed[MLDSA44_SEED] = {7}, random[MLDSA44_RANDOM] = {0};
	uint8_t public[MLDSA44_PUBLIC], mu[MLDSA44_MU], sig[MLDSA44_SIGNATURE];

	mldsa44_public(seed, public);
	ck_assert_int_eq(mldsa44_mu(public, SLICE_NONE, SLICE_STR("sample"),
			     mu),
	    OK);
	mldsa44_sign(seed, mu, random, sig);
	for (size_t bit = 0; bit < sizeof(sig) * 8; bit += 7) {
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(mldsa44_verify(public, mu, sig),
		    ERR_SIGNATURE);
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(mldsa44_verify(public, mu, sig), OK);
	for (size_t bit = 0; bit < sizeof(public) * 8; bit += 61) {
		public[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(mldsa44_mu(public, SLICE_NONE,
				     SLICE_STR("sample"), mu),
		    OK);
		ck_assert_int_eq(mldsa44_verify(public, mu, sig),
		    ERR_SIGNATURE);
		public[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(fresh_octets_make_another_signature)
{
	uint8_t seed[MLDSA44_SEED] = {7}, random[MLDSA44_RANDOM] = {0};
	uint8_t public[MLDSA44_PUBLIC], mu[MLDSA44_MU] = {0};
	uint8_t one[MLDSA44_SIGNATURE], two[MLDSA44_SIGNATURE];

	mldsa44_public(seed, public);
	mldsa44_sign(seed, mu, random, one);
	random[31] = 1;
	mldsa44_sign(seed, mu, random, two);
	ck_assert_mem_ne(one, two, 32);
	ck_assert_int_eq(mldsa44_verify(public, mu, one), OK);
	ck_assert_int_eq(mldsa44_verify(public, mu, two), OK);
}
END_TEST

TCase *
check_mldsa44(void)
{
	TCase *tc = tcase_create("crypto/mldsa44");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, signs_as_the_vectors_do);
	tcase_add_test(tc, verifies_what_the_vectors_call_valid);
	tcase_add_test(tc, a_context_has_255_octets_at_most);
	tcase_add_test(tc, a_turned_bit_spoils_a_signature);
	tcase_add_test(tc, fresh_octets_make_another_signature);
	return tc;
}
