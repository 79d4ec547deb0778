/*
 * kem_mlkem768.h - ML-KEM-768
 *
 * Source: FIPS 203, parameter set ML-KEM-768 (k 3, eta 2 and 2, du 10, dv 4)
 *
 *      encapsulation key 1184: t in NTT form, 3 x 384 | rho 32
 *      decapsulation key 2400: s in NTT form, 3 x 384 | encapsulation key |
 *                              its SHA3-256, 32 | z 32
 *      ciphertext 1088:        u, 3 x 320 | v 128
 *
 * Constant-time but for rho, which is public. All secrets on the stack are
 * wiped. The encapsulating face of the same is in kem.h.
 */
#ifndef SALLYPORT_CRYPTO_KEM_MLKEM768_H
#define SALLYPORT_CRYPTO_KEM_MLKEM768_H

#include "sallyport/crypto/kem.h"

#define MLKEM768_PUBLIC     1184
#define MLKEM768_SECRET     2400
#define MLKEM768_CIPHERTEXT 1088

/* Never fails: a ciphertext that isn't one gives a secret that nobody else
 * has (FIPS 203 §6.3). */
void kem_mlkem768_decapsulate(const uint8_t secret[MLKEM768_SECRET],
    const uint8_t ciphertext[MLKEM768_CIPHERTEXT], uint8_t shared[KEM_SHARED]);

#endif
