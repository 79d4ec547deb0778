/*
 * kem_sntrup761.h - Streamlined NTRU Prime with p 761, q 4591, w 286
 *
 * Source: the NTRU Prime submission's specification (round 3), streamlined
 *         parameter set sntrup761
 *
 *      public key 1158:  h, coefficients modulo q in mixed radix
 *      secret key 1763:  f 191 | 1/g 191 | public key | rho 191 |
 *                        hash of the public key 32
 *      ciphertext 1039:  rounded coefficients 1007 | confirmation 32
 *
 * Constant-time for all that is secret: sampling sorts by a network, inversions
 * take a fixed number of steps. Secrets on the stack are wiped.
 */
#ifndef SALLYPORT_CRYPTO_KEM_SNTRUP761_H
#define SALLYPORT_CRYPTO_KEM_SNTRUP761_H

#include "sallyport/crypto/kem.h"

#define SNTRUP761_PUBLIC     1158
#define SNTRUP761_SECRET     1763
#define SNTRUP761_CIPHERTEXT 1039
#define SNTRUP761_DRAW       (4 * 761) /* octets of randomness for r */

/* draw: 761 little-endian words, the input of the sampler. */
MUST_USE enum err
kem_sntrup761_encapsulate_from(const uint8_t public[SNTRUP761_PUBLIC],
    const uint8_t draw[SNTRUP761_DRAW],
    uint8_t ciphertext[SNTRUP761_CIPHERTEXT], uint8_t shared[KEM_SHARED]);

MUST_USE enum err kem_sntrup761_keypair(uint8_t public[SNTRUP761_PUBLIC],
    uint8_t secret[SNTRUP761_SECRET]);

/* A ciphertext that isn't one gives a secret that nobody else has. */
MUST_USE enum err
kem_sntrup761_decapsulate(const uint8_t secret[SNTRUP761_SECRET],
    const uint8_t ciphertext[SNTRUP761_CIPHERTEXT], uint8_t shared[KEM_SHARED]);

#endif
