#include "curve.h"

#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include "library.h"

size_t
curve_scalar_octets(enum ecdh_curve c)
{
	static const uint8_t octets[] =
	    {[CURVE_P256] = 32, [CURVE_P384] = 48, [CURVE_P521] = 66};

	return (size_t)c < sizeof(octets) ? octets[c] : 0;
}

size_t
curve_point_octets(enum ecdh_curve c)
{
	size_t n = curve_scalar_octets(c);

	return n == 0 ? 0 : 1 + 2 * n;
}

enum err
curve_point(enum ecdh_curve c, struct slice octets, EC_POINT **point)
{
	const EC_GROUP *g = library_group(c);
	EC_POINT *p;

	if (g == NULL)
		return ERR_CRYPTO;
	/* One form only; the point at infinity has no such form. */
	if (octets.n != curve_point_octets(c) ||
	    octets.p[0] != POINT_CONVERSION_UNCOMPRESSED)
		return ERR_PUBLIC_VALUE;
	if ((p = EC_POINT_new(g)) == NULL)
		return ERR_CRYPTO;
	if (EC_POINT_oct2point(g, p, octets.p, octets.n, NULL) != 1 ||
	    EC_POINT_is_on_curve(g, p, NULL) != 1 ||
	    EC_POINT_is_at_infinity(g, p) != 0) {
		EC_POINT_free(p);
		return ERR_PUBLIC_VALUE;
	}
	*point = p;
	return OK;
}

enum err
curve_scalar(enum ecdh_curve c, struct slice d, BIGNUM **out)
{
	const EC_GROUP *g = library_group(c);
	BIGNUM *bn;

	if (g == NULL)
		return ERR_CRYPTO;
	if (d.n > curve_scalar_octets(c) + 1) /* a sign octet at most */
		return ERR_KEY_FORMAT;
	if ((bn = BN_bin2bn(d.p, (int)d.n, NULL)) == NULL)
		return ERR_CRYPTO;
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	if (BN_is_zero(bn) || BN_cmp(bn, EC_GROUP_get0_order(g)) >= 0) {
		BN_clear_free(bn);
		return ERR_KEY_FORMAT;
	}
	*out = bn;
	return OK;
}

/* Draw until it is below n: for P-521 every second one, else the first. */
enum err
curve_random(enum ecdh_curve c, uint8_t *octets, BIGNUM **out)
{
	struct bytes d = bytes_make(octets, curve_scalar_octets(c));
	enum err e;

	do {
		rng_bytes(d);
		if (c == CURVE_P521)
			octets[0] &= 1;
		e = curve_scalar(c, slice_from(d), out);
	} while (e == ERR_KEY_FORMAT);
	return e;
}

enum err
curve_public(enum ecdh_curve c, const BIGNUM *d, uint8_t *octets)
{
	const EC_GROUP *g = library_group(c);
	EC_POINT *p = g == NULL ? NULL : EC_POINT_new(g);
	size_t n = curve_point_octets(c);
	bool good;

	if (p == NULL)
		return ERR_CRYPTO;
	good = EC_POINT_mul(g, p, d, NULL, NULL, NULL) == 1 &&
	       EC_POINT_point2oct(g, p, POINT_CONVERSION_UNCOMPRESSED, octets,
		   n, NULL) == n;
	EC_POINT_free(p);
	return good ? OK : ERR_CRYPTO;
}

enum err
curve_shared(enum ecdh_curve c, const BIGNUM *d, const EC_POINT *point,
    uint8_t *x)
{
	const EC_GROUP *g = library_group(c);
	EC_POINT *p = g == NULL ? NULL : EC_POINT_new(g);
	BIGNUM *bn = BN_new();
	enum err e = ERR_CRYPTO;

	if (p == NULL || bn == NULL ||
	    EC_POINT_mul(g, p, NULL, point, d, NULL) != 1)
		goto out;
	e = ERR_PUBLIC_VALUE;
	if (EC_POINT_is_at_infinity(g, p) != 0)
		goto out;
	e = ERR_CRYPTO;
	if (EC_POINT_get_affine_coordinates(g, p, bn, NULL, NULL) == 1 &&
	    BN_bn2binpad(bn, x, (int)curve_scalar_octets(c)) > 0)
		e = OK;
out:
	BN_clear_free(bn);
	EC_POINT_clear_free(p);
	return e;
}
