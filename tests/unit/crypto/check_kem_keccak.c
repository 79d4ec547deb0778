#include "sallyport/crypto/hash.h"
#include "suite.h"

#include "vectors.h"

/* Private to the room */
#include "../../../src/crypto/kem_keccak.h"

#define MOST 200 /* octets of a message: more than the longest block */

TCase *check_kem_keccak(void);

/* 0, 1, 2 … */
static struct slice
counted(size_t n)
{
	static uint8_t octets[MOST];

	for (size_t i = 0; i < MOST; i++)
		octets[i] = (uint8_t)i;
	return slice_make(octets, n);
}

/* FIPS 202's examples and NIST's for "abc" */
START_TEST(gives_the_published_digests)
{
	uint8_t out[64], want[64];

	kem_keccak_sha3_256(SLICE_NONE, SLICE_NONE, out);
	vectors_same(slice_make(out, 32),
	    HEX(want, "a7ffc6f8bf1ed76651c14756a061d662"
		      "f580ff4de43b49fa82d80a4b80f8434a"));
	kem_keccak_sha3_256(SLICE_STR("abc"), SLICE_NONE, out);
	vectors_same(slice_make(out, 32),
	    HEX(want, "3a985da74fe225b2045c172d6bd390bd"
		      "855f086e3e9d525b46bfe24511431532"));
	kem_keccak_sha3_512(SLICE_STR("abc"), SLICE_NONE, out);
	vectors_same(slice_make(out, 64),
	    HEX(want, "b751850b1a57168a5693cd924b6b096e"
		      "08f621827444f70d884f5d0240d2712e"
		      "10e116e9192af3c91a7ec57647e39340"
		      "57340b4cf408d5a56592f8274eec53f0"));
	kem_keccak_shake256(SLICE_NONE, SLICE_NONE, out, 32);
	vectors_same(slice_make(out, 32),
	    HEX(want, "46b9dd2b0ba88d13233b3feb743eeb24"
		      "3fcd52ea62b81b82b50c27646ed5762f"));
}
END_TEST

/*
 * The digests of all messages of 0 to 200 octets, hashed once more; what it
 * should be was worked out with Python's hashlib.
 */
START_TEST(is_right_at_every_length)
{
	static uint8_t digests[(MOST + 1) * KECCAK_RATE_SHAKE256];
	uint8_t out[32], want[32];

	for (size_t n = 0; n <= MOST; n++)
		kem_keccak_sha3_256(counted(n), SLICE_NONE, digests + 32 * n);
	kem_keccak_sha3_256(slice_make(digests, 32 * (MOST + 1)), SLICE_NONE,
	    out);
	vectors_same(SLICE_OF(out),
	    HEX(want, "6798d65f85bc0a73cbcadded93471247"
		      "06b43f3157c8dd19bd0e1727ae261a98"));
	for (size_t n = 0; n <= MOST; n++)
		kem_keccak_sha3_512(counted(n), SLICE_NONE, digests + 64 * n);
	kem_keccak_sha3_256(slice_make(digests, 64 * (MOST + 1)), SLICE_NONE,
	    out);
	vectors_same(SLICE_OF(out),
	    HEX(want, "14b2b953b13028681fb43b3010c75481"
		      "73c716192fe964aa6c5675b8869b7ace"));
	for (size_t n = 0; n <= MOST; n++)
		kem_keccak_shake256(counted(n), SLICE_NONE,
		    digests + KECCAK_RATE_SHAKE256 * n, KECCAK_RATE_SHAKE256);
	kem_keccak_sha3_256(SLICE_OF(digests), SLICE_NONE, out);
	vectors_same(SLICE_OF(out),
	    HEX(want, "017218a2edc89265c8a989841ff25c9f"
		      "0d9d8da7758d18c175b9b8b52361c017"));
}
END_TEST

START_TEST(two_parts_are_hashed_as_one)
{
	uint8_t whole[32], parts[32];

	kem_keccak_sha3_256(counted(MOST), SLICE_NONE, whole);
	for (size_t n = 0; n <= MOST; n++) {
		kem_keccak_sha3_256(slice_first(counted(MOST), n),
		    slice_skip(counted(MOST), n), parts);
		ck_assert_mem_eq(whole, parts, 32);
	}
}
END_TEST

/* Each of the four goes on as if it were alone. */
START_TEST(four_at_once_are_four)
{
	static const uint8_t tail[4][2] = {{1, 2}, {0, 0}, {9, 1}, {255, 7}};
	uint8_t out[4][KECCAK_RATE_SHAKE128], alone[KECCAK_RATE_SHAKE256];
	uint8_t stream[3][KECCAK_RATE_SHAKE128], digest[32], want[32];
	struct kem_keccak_four f;

	for (size_t n = 0; n <= 2; n++) {
		kem_keccak_four_start(&f, KECCAK_RATE_SHAKE256, counted(32),
		    tail, n);
		kem_keccak_four_next(&f, out);
		for (size_t k = 0; k < 4; k++) {
			kem_keccak_shake256(counted(32), slice_make(tail[k], n),
			    alone, sizeof(alone));
			ck_assert_mem_eq(out[k], alone, sizeof(alone));
		}
	}
	kem_keccak_four_start(&f, KECCAK_RATE_SHAKE128, counted(32), tail, 2);
	for (size_t i = 0; i < 3; i++) {
		kem_keccak_four_next(&f, out);
		memcpy(stream[i], out[0], sizeof(stream[i]));
	}
	/* three blocks of SHAKE128, by hashlib */
	kem_keccak_sha3_256(SLICE_OF(stream), SLICE_NONE, digest);
	vectors_same(SLICE_OF(digest),
	    HEX(want, "9d1773faeaf6307f2b09a1cc695c3187"
		      "15b8f7e2c802f9418bbf07146c9294dd"));
}
END_TEST

TCase *
check_kem_keccak(void)
{
	TCase *tc = tcase_create("crypto/kem_keccak");

	tcase_add_test(tc, gives_the_published_digests);
	tcase_add_test(tc, is_right_at_every_length);
	tcase_add_test(tc, two_parts_are_hashed_as_one);
	tcase_add_test(tc, four_at_once_are_four);
	return tc;
}
