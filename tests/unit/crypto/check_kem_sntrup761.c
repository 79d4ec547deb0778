#include "sallyport/crypto/kem.h"
#include "sallyport/crypto/rng.h"
#include "suite.h"

#include "vectors.h"

/* Private to the room: what the daemon never needs */
#include "../../../src/crypto/kem_sntrup761.h"

#define PUBLIC_AT 382 /* of a secret key */

TCase *check_kem_sntrup761(void);

static struct vectors v;

/* Columns: kind, secret key, draw, ciphertext, shared secret */
START_TEST(gives_the_known_ciphertexts_and_secrets)
{
	uint8_t ciphertext[SNTRUP761_CIPHERTEXT], shared[KEM_SHARED];

	vectors_open(&v, VECTORS "/sntrup761.txt");
	while (vectors_next(&v)) {
		struct slice secret = vectors_column(&v, 1);
		struct slice draw = vectors_column(&v, 2);

		if (draw.n == 0)
			continue; /* a damaged ciphertext */
		ck_assert_uint_eq(draw.n, SNTRUP761_DRAW);
		ck_assert_int_eq(kem_sntrup761_encapsulate_from(secret.p +
								    PUBLIC_AT,
				     draw.p, ciphertext, shared),
		    OK);
		vectors_same(SLICE_OF(ciphertext), vectors_column(&v, 3));
		vectors_same(SLICE_OF(shared), vectors_column(&v, 4));
	}
}
END_TEST

START_TEST(decapsulates_or_refuses_implicitly)
{
	uint8_t shared[KEM_SHARED];

	vectors_open(&v, VECTORS "/sntrup761.txt");
	while (vectors_next(&v)) {
		struct slice secret = vectors_column(&v, 1);
		struct slice ciphertext = vectors_column(&v, 3);

		ck_assert_int_eq(kem_decapsulate(KEM_SNTRUP761, secret,
				     ciphertext, shared),
		    OK);
		vectors_same(SLICE_OF(shared), vectors_column(&v, 4));
	}
}
END_TEST

/* Any octets are a public key: there is nothing to refuse, nor to run over. */
START_TEST(takes_any_octets_as_a_public_key)
{
	uint8_t public[SNTRUP761_PUBLIC], draw[SNTRUP761_DRAW];
	uint8_t ciphertext[SNTRUP761_CIPHERTEXT], shared[KEM_SHARED];

	for (unsigned int i = 0; i < 64; i++) {
		rng_bytes(BYTES_OF(public));
		rng_bytes(BYTES_OF(draw));
		if (i < 2)
			memset(public, i == 0 ? 0xff : 0, sizeof(public));
		if (i > 4 && i < 7) /* all words alike: nothing to sort */
			memset(draw, i == 5 ? 0xff : 0, sizeof(draw));
		ck_assert_int_eq(kem_sntrup761_encapsulate_from(public, draw,
				     ciphertext, shared),
		    OK);
	}
}
END_TEST

TCase *
check_kem_sntrup761(void)
{
	TCase *tc = tcase_create("crypto/kem_sntrup761");

	tcase_add_test(tc, gives_the_known_ciphertexts_and_secrets);
	tcase_add_test(tc, decapsulates_or_refuses_implicitly);
	tcase_add_test(tc, takes_any_octets_as_a_public_key);
	return tc;
}
