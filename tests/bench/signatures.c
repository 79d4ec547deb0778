/*
 * signatures.c - what a signature costs, by type of key
 *
 * Prints microseconds of CPU time for making a key, signing and verifying: the
 * best of several rounds, as others of the machine only add. No verdict.
 */
#include "sallyport/base/must.h"
#include "sallyport/crypto/sign.h"

#include <stdio.h>
#include <time.h>

#define ROUNDS 9

static const struct {
	const char *name;
	enum key_type type;
	enum hash_id hash;
	unsigned int bits;
	unsigned int times; /* in a round */
} kinds[] = {
    {"Ed25519", KEY_ED25519, HASH_NONE, 0, 200},
    {"ML-DSA-44 with Ed25519", KEY_MLDSA44_ED25519, HASH_NONE, 0, 200},
    {"ECDSA, P-256", KEY_ECDSA_256, HASH_NONE, 0, 100},
    {"ECDSA, P-521", KEY_ECDSA_521, HASH_NONE, 0, 20},
    {"RSA, 3072 bits", KEY_RSA, HASH_SHA512, 3072, 20},
};

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
keep_least(double *least, double from, unsigned int times)
{
	double each = (now_us() - from) / times;

	if (*least == 0 || each < *least)
		*least = each;
}

static void
measure(size_t i)
{
	static uint8_t room[SIGN_RAW_MAX];
	double made = now_us(), signing = 0, verifying = 0, from;
	struct slice message = SLICE_STR("what a session id is as long as");
	struct raw_signature sig;
	struct public_key k;
	struct signer *s;

	must(signer_generate(kinds[i].type, kinds[i].bits, &s) == OK);
	made = now_us() - made;
	signer_public(s, &k);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		from = now_us();
		for (unsigned int n = 0; n < kinds[i].times; n++)
			must(signer_sign(s, kinds[i].hash, message, room,
				 &sig) == OK);
		keep_least(&signing, from, kinds[i].times);
		from = now_us();
		for (unsigned int n = 0; n < kinds[i].times; n++)
			must(sign_verify(&k, kinds[i].hash, message, &sig) ==
			     OK);
		keep_least(&verifying, from, kinds[i].times);
	}
	printf("%-24s %9.0f %9.1f %9.1f\n", kinds[i].name, made, signing,
	    verifying);
	signer_free(s);
}

int
main(void)
{
	printf("%-24s %9s %9s %9s   (microseconds)\n", "", "a new key", "sign",
	    "verify");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		measure(i);
	return 0;
}
