/*
 * library.h - libcrypto's objects, looked up once a process
 *
 * A look-up asks every provider by name (10 to 50 µs, and pages of memory that
 * a forked child would pay again). So each object is kept when it was first
 * asked for, which in the spawner is before its first fork; from then on it
 * is only read.
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
