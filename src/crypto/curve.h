/*
 * curve.h - points and scalars of the NIST curves, for ECDH and ECDSA
 *
 * Source: SEC 1 §2.3 (octets of a point), FIPS 186-5 §6.2. On libcrypto's
 * bare curve arithmetic: a key pair by way of its EVP layer costs a forked
 * child 0.8 ms and 70 pages the first time, for a generator of random numbers
 * that isn't needed; this way 0.1 ms and 11 pages. One scalar times one point
 * runs in constant time.
 */
#ifndef CURVE_H
#define CURVE_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

#define CURVE_POINT_MAX  133 /* P-521, uncompressed */
#define CURVE_SCALAR_MAX 66

size_t curve_point_octets(enum ecdh_curve c);  /* 65, 97, 133; else 0 */
size_t curve_scalar_octets(enum ecdh_curve c); /* 32, 48, 66; else 0 */

/*
 * A point from its uncompressed form: it is on the curve and not at infinity.
 * ERR_PUBLIC_VALUE. Gives; EC_POINT_free.
 */
MUST_USE enum err
curve_point(enum ecdh_curve c, struct slice octets, EC_POINT **point);

/* d, 1 <= d < n, from its magnitude. ERR_KEY_FORMAT. Gives; BN_clear_free. */
MUST_USE enum err curve_scalar(enum ecdh_curve c, struct slice d, BIGNUM **out);

/* A random d, uniform; octets has room for curve_scalar_octets. */
MUST_USE enum err
curve_random(enum ecdh_curve c, uint8_t *octets, BIGNUM **out);

/* d times the base point, uncompressed; room for curve_point_octets. */
MUST_USE enum err
curve_public(enum ecdh_curve c, const BIGNUM *d, uint8_t *octets);

/* x coordinate of d times point, fixed width, into curve_scalar_octets. */
MUST_USE enum err curve_shared(enum ecdh_curve c, const BIGNUM *d,
    const EC_POINT *point, uint8_t *x);

#endif
