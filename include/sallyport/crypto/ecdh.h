/*
 * ecdh.h - elliptic curve Diffie-Hellman: X25519 and the NIST curves
 *
 * Source: RFC 5656 §4, RFC 8731. Public values are checked: an all-zero X25519
 * result, a point that is off the curve, compressed or at infinity is
 * ERR_PUBLIC_VALUE.
 */
#ifndef SALLYPORT_CRYPTO_ECDH_H
#define SALLYPORT_CRYPTO_ECDH_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"

#define ECDH_PUBLIC_MAX 133 /* P-521, uncompressed */
#define ECDH_SHARED_MAX 66  /* P-521's x coordinate */

size_t ecdh_public_octets(enum ecdh_curve c);
size_t ecdh_shared_octets(enum ecdh_curve c); /* fixed width: x, or 32 */

/* An ephemeral key pair; public has room for ECDH_PUBLIC_MAX. Gives. */
struct ecdh;
MUST_USE enum err
ecdh_new(enum ecdh_curve c, struct ecdh **e, uint8_t *public, size_t *n);

/* The shared value, fixed width, big-endian (X25519: its octets in order).
 * shared has room for ECDH_SHARED_MAX; the caller wipes it. */
MUST_USE enum err
ecdh_agree(struct ecdh *e, struct slice peer, uint8_t *shared, size_t *n);
void ecdh_free(struct ecdh *e); /* wipes */

/* Tests only: the pair of a known private value. */
MUST_USE enum err
ecdh_from_private(enum ecdh_curve c, struct slice private, struct ecdh **e);

#endif
