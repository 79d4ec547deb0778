/*
 * library.h - libcrypto's objects, looked up once a process
 *
 * A look-up asks every provider by name (10 to 50 µs, and pages of memory that
 * a forked child would pay again). So each object is kept when it was first
 * asked for, which in the spawner is before its first fork; from then on it
 * is only read.
 *
 * Who serves what, and why; measured on one AVX-512 and SHA-NI machine, µs for
 * libsodium 1.0.18 and libcrypto 3.0:
 *
 *	                            libsodium  libcrypto  we take
 *	X25519, pair and agreement  28 + 30    38 + 34    libsodium
 *	Ed25519, sign, verify       16, 47     39, 103    libsodium
 *	ChaCha20, 64 octets         0.09       0.15       libsodium
 *	ChaCha20, 32 KiB            13.2       6.1        libcrypto
 *	Poly1305, 64 octets         0.05       0.07       libsodium
 *	Poly1305, 32 KiB            8.1        2.6        libcrypto
 *	SHA-256, 64 octets          0.39       0.15       libcrypto
 *	AES, NIST curves, RSA, DH   -          -          libcrypto
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "sallyport/base/err.h"
#include "sallyport/crypto/algo.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

/* Start libsodium and libcrypto, if nobody did; draws nothing of ours. */
void library_start(void);

/* Look everything up, and run each kind of public operation once. */
void library_warm(void);

/* All lend; NULL where this libcrypto doesn't have it. */
const EVP_MD *library_md(enum hash_id id);
EVP_MAC *library_hmac(void);
EVP_MAC *library_poly1305(void);
const EVP_CIPHER *library_chacha20(void);
const EVP_CIPHER *library_cipher(const struct algo *a); /* GCM, CTR, CBC */
const EC_GROUP *library_group(enum ecdh_curve c);       /* NIST curves */

#endif
