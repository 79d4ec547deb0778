/*
 * kem_keccak.h - Keccak as ML-KEM and ML-DSA use it: SHA-3 and SHAKE, one or
 * four at once
 *
 * Source:  FIPS 202
 * Why own: libcrypto fetches, allocates and copies a context for each of the
 *          45 short hashes of an encapsulation; four at once, most of them
 *          cost a quarter.
 *
 * States may hold secrets: callers wipe them (secret_wipe).
 */
#ifndef SALLYPORT_CRYPTO_KEM_KECCAK_H
#define SALLYPORT_CRYPTO_KEM_KECCAK_H

#include "sallyport/base/slice.h"

#define KECCAK_RATE_SHAKE128 168
#define KECCAK_RATE_SHAKE256 136

/* Digest of the concatenation of a and b. */
void kem_keccak_sha3_256(struct slice a, struct slice b, uint8_t out[32]);
void kem_keccak_sha3_512(struct slice a, struct slice b, uint8_t out[64]);

/* n octets of SHAKE256 of a and b. */
void
kem_keccak_shake256(struct slice a, struct slice b, uint8_t *out, size_t n);

/*
 * SHAKE of any number of parts: start, absorb each, end, squeeze as often as
 * one likes.
 */
struct kem_keccak_one {
	uint64_t lane[25], work[25];
	size_t rate;
	size_t at; /* octets absorbed or squeezed of the present block */
};

void kem_keccak_start(struct kem_keccak_one *s, size_t rate);
void kem_keccak_absorb(struct kem_keccak_one *s, struct slice in);
void kem_keccak_end(struct kem_keccak_one *s);
void kem_keccak_squeeze(struct kem_keccak_one *s, uint8_t *out, size_t n);

/*
 * Four SHAKE states side by side: lane[i][k] is lane i of state k. work is what
 * a permutation leaves behind, as secret as the state.
 */
typedef uint64_t kem_keccak_lanes __attribute__((vector_size(32)));

struct kem_keccak_four {
	kem_keccak_lanes lane[25], work[25];
	size_t rate;
};

/*
 * Absorb four messages of the same length, shorter than the rate; message k is
 * head, then tail[k].
 */
void kem_keccak_four_start(struct kem_keccak_four *f, size_t rate,
    struct slice head, const uint8_t tail[4][2], size_t tail_n);

/* The next rate octets of each; out[k] has room for them. */
void kem_keccak_four_next(struct kem_keccak_four *f,
    uint8_t out[4][KECCAK_RATE_SHAKE128]);

#endif
