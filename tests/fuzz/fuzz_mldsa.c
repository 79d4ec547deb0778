/*
 * fuzz_mldsa.c - ML-DSA-44: hostile public keys and signatures
 *
 * Input: public key 1312, mu 64, signature 2420. fuzz_verify hardly gets here,
 * since Ed25519's half is looked at first. What a signature is read as is
 * written again octet for octet, so that none has two forms.
 */
#include "crypto/mldsa44_octets.h"
#include "sallyport/base/must.h"

#define Z    (MLDSA44_K * MLDSA44_POLY_18)
#define SIZE (MLDSA44_PUBLIC + MLDSA44_MU + MLDSA44_SIGNATURE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
response(const uint8_t *octets)
{
	uint8_t again[MLDSA44_POLY_18];
	struct mldsa44_poly p;

	mldsa44_octets_read_18(&p, octets);
	for (size_t i = 0; i < MLDSA44_N; i++)
		must((&p.c[0][0])[i] > -MLDSA44_GAMMA1 &&
		     (&p.c[0][0])[i] <= MLDSA44_GAMMA1);
	mldsa44_poly_canonical(&p);
	mldsa44_octets_18(&p, again);
	must(memcmp(octets, again, sizeof(again)) == 0);
}

static void
hint(const uint8_t *octets)
{
	static struct mldsa44_poly polys[MLDSA44_K];
	uint8_t again[MLDSA44_HINT];
	bool ones[MLDSA44_K][MLDSA44_N];

	if (!mldsa44_octets_read_hint(ones, octets))
		return;
	for (size_t i = 0; i < MLDSA44_K * MLDSA44_N; i++)
		(&polys[i / MLDSA44_N].c[0][0])[i % MLDSA44_N] =
		    ones[i / MLDSA44_N][i % MLDSA44_N];
	must(mldsa44_octets_hint(polys, again));
	must(memcmp(octets, again, sizeof(again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *mu = data + MLDSA44_PUBLIC, *sig = mu + MLDSA44_MU;
	uint8_t other[MLDSA44_MU];
	enum err e;

	if (size != SIZE)
		return 0;
	for (size_t i = 0; i < MLDSA44_K; i++)
		response(sig + MLDSA44_CHALLENGE + i * MLDSA44_POLY_18);
	hint(sig + MLDSA44_CHALLENGE + Z);
	e = mldsa44_verify(data, mu, sig);
	must(e == OK || e == ERR_SIGNATURE);
	memcpy(other, mu, sizeof(other));
	other[0] ^= 1;
	must(e != OK || mldsa44_verify(data, other, sig) == ERR_SIGNATURE);
	return 0;
}
