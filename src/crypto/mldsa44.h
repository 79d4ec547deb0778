/*
 * mldsa44.h - ML-DSA-44, signatures over lattices
 *
 * Source: FIPS 204, parameter set ML-DSA-44 (k 4, l 4, eta 2, tau 39,
 *         gamma1 2^17, gamma2 (q - 1) / 88, omega 80)
 *
 *      public key 1312: rho 32 | t1, 4 x 320
 *      signature 2420:  c~ 32 | z, 4 x 576 | hint, 80 + 4
 *
 * Why own: libcrypto has it from 3.5 on only, and its 4.0 takes 3 times the time
 *         (sign 580 µs, verify 110; ours 170 and 40).
 *
 * A private key is its seed: everything else is worked out anew for each
 * signature, which costs a tenth of it, and nothing but 32 octets has to be
 * kept, read or checked.
 *
 * Time and addresses depend on what is public (rho, challenges, hints) and on
 * how many draws and tries were passed over, which tells nothing of those that
 * count (FIPS 204 §3.6); on nothing else. All secrets on the stack are wiped.
 */
#ifndef SALLYPORT_CRYPTO_MLDSA44_H
#define SALLYPORT_CRYPTO_MLDSA44_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#define MLDSA44_SEED        32
#define MLDSA44_PUBLIC      1312
#define MLDSA44_SIGNATURE   2420
#define MLDSA44_MU          64
#define MLDSA44_RANDOM      32
#define MLDSA44_CONTEXT_MAX 255

/* The public key that belongs to a seed, algorithm 6. */
void mldsa44_public(const uint8_t seed[MLDSA44_SEED],
    uint8_t public[MLDSA44_PUBLIC]);

/*
 * What stands for a message when it is signed or verified with this key and
 * context (algorithm 2, lines 1 to 11). ERR_TOO_LONG: the context.
 */
MUST_USE enum err mldsa44_mu(const uint8_t public[MLDSA44_PUBLIC],
    struct slice context, struct slice message, uint8_t mu[MLDSA44_MU]);

/*
 * Algorithm 7. random: fresh octets, so that a fault in one of two signatures
 * of a message doesn't give the key away; all zero gives the deterministic
 * variant.
 */
void
mldsa44_sign(const uint8_t seed[MLDSA44_SEED], const uint8_t mu[MLDSA44_MU],
    const uint8_t random[MLDSA44_RANDOM], uint8_t sig[MLDSA44_SIGNATURE]);

/* Algorithm 8: OK or ERR_SIGNATURE. Every octet string is a public key. */
MUST_USE enum err mldsa44_verify(const uint8_t public[MLDSA44_PUBLIC],
    const uint8_t mu[MLDSA44_MU], const uint8_t sig[MLDSA44_SIGNATURE]);

#endif
