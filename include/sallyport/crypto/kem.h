/*
 * kem.h - key encapsulation: ML-KEM-768 (FIPS 203) and sntrup761
 *
 * The server encapsulates; the rest is for tests. Constant-time. ML-KEM comes
 * from libcrypto where it has it (3.5), else from kem_mlkem768.c.
 */
#ifndef SALLYPORT_CRYPTO_KEM_H
#define SALLYPORT_CRYPTO_KEM_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"

#define KEM_PUBLIC_MAX     1184
#define KEM_CIPHERTEXT_MAX 1088
#define KEM_SECRET_MAX     2400 /* decapsulation key */
#define KEM_SHARED         32

size_t kem_public_octets(enum kem_id k);     /* 1184, 1158 */
size_t kem_ciphertext_octets(enum kem_id k); /* 1088, 1039 */
size_t kem_secret_octets(enum kem_id k);     /* 2400, 1763 */

/*
 * Encapsulate to a peer's public key. ERR_PUBLIC_VALUE: wrong length or, for
 * ML-KEM, a coefficient that isn't below q (FIPS 203 §7.2). ciphertext has
 * kem_ciphertext_octets, shared has KEM_SHARED; the caller wipes shared.
 */
MUST_USE enum err kem_encapsulate(enum kem_id k, struct slice public,
    uint8_t *ciphertext, uint8_t *shared);

/* A key pair, for the client's side in tests. */
MUST_USE enum err kem_keypair(enum kem_id k, uint8_t *public, uint8_t *secret);
MUST_USE enum err kem_decapsulate(enum kem_id k, struct slice secret,
    struct slice ciphertext, uint8_t *shared);

/*
 * Known answers: the same with all randomness given. ML-KEM: seed d||z (64
 * octets) and m (32). sntrup761: the octets its generator would have drawn, in
 * the order the vectors name.
 */
MUST_USE enum err kem_mlkem768_keypair_from(const uint8_t seed[64],
    uint8_t *public, uint8_t *secret);
MUST_USE enum err kem_mlkem768_encapsulate_from(struct slice public,
    const uint8_t m[32], uint8_t *ciphertext, uint8_t *shared);

#endif
