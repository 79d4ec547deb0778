/*
 * ECDSA on the NIST curves, FIPS 186-5 §6, RFC 5656 §3.1, by libcrypto: its
 * nonces come from its own generator and are blinded. It wants r and s in DER.
 */
#include "sign_kind.h"

#include "sallyport/crypto/secret.h"

#include "curve.h"
#include "library.h"
#include "pkey.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>

#define DER_MAX (2 * (CURVE_SCALAR_MAX + 4) + 8)

struct curve_row {
	enum ecdh_curve curve;
	enum hash_id hash; /* RFC 5656 §6.2.1 */
	const char *name;  /* libcrypto's */
};

static const struct curve_row *
row_of(enum key_type type)
{
	static const struct curve_row rows[] = {
	    [KEY_ECDSA_256] = {CURVE_P256, HASH_SHA256, "prime256v1"},
	    [KEY_ECDSA_384] = {CURVE_P384, HASH_SHA384, "secp384r1"},
	    [KEY_ECDSA_521] = {CURVE_P521, HASH_SHA512, "secp521r1"},
	    [KEY_SK_ECDSA] = {CURVE_P256, HASH_SHA256, "prime256v1"},
	};

	return &rows[type];
}

static enum err
ecdsa_check(const struct public_key *k, unsigned int bits_min)
{
	const struct curve_row *row = row_of(k->type);
	EC_POINT *point;
	enum err e;

	(void)bits_min;
	if (k->point.n != curve_point_octets(row->curve))
		return ERR_KEY_LENGTH;
	if ((e = curve_point(row->curve, k->point, &point)) != OK)
		return e == ERR_PUBLIC_VALUE ? ERR_KEY_FORMAT : e;
	EC_POINT_free(point);
	return OK;
}

/* 1 <= v < n, without leading zeros: one signature has one form. */
static bool
is_canonical(enum ecdh_curve c, struct slice v)
{
	BIGNUM *bn;

	if (v.n == 0 || v.p[0] == 0 || curve_scalar(c, v, &bn) != OK)
		return false;
	BN_free(bn);
	return true;
}

/* SEQUENCE of two INTEGERs into room; how many octets, 0 where it fails */
static size_t
der_pack(const struct raw_signature *sig, uint8_t room[DER_MAX])
{
	ECDSA_SIG *es = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig->r.p, (int)sig->r.n, NULL);
	BIGNUM *s = BN_bin2bn(sig->s.p, (int)sig->s.n, NULL);
	uint8_t *p = room;
	int n = 0;

	if (es == NULL || r == NULL || s == NULL ||
	    ECDSA_SIG_set0(es, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		n = i2d_ECDSA_SIG(es, NULL);
		n = n > 0 && n <= DER_MAX ? i2d_ECDSA_SIG(es, &p) : 0;
	}
	ECDSA_SIG_free(es);
	return n > 0 ? (size_t)n : 0;
}

static enum err
public_pkey(const struct public_key *k, EVP_PKEY **pkey)
{
	struct pkey_parts parts;
	enum err e;

	pkey_parts_init(&parts, 0, false);
	pkey_parts_text(&parts, OSSL_PKEY_PARAM_GROUP_NAME,
	    row_of(k->type)->name);
	pkey_parts_octets(&parts, OSSL_PKEY_PARAM_PUB_KEY, k->point);
	e = pkey_make("EC", &parts, pkey);
	pkey_parts_clear(&parts);
	return e;
}

static enum err
ecdsa_verify(const struct public_key *k, enum hash_id hash,
    struct slice message, const struct raw_signature *sig)
{
	const struct curve_row *row = row_of(k->type);
	uint8_t der[DER_MAX];
	EVP_PKEY *pkey;
	enum err e;
	size_t n;

	(void)hash;
	if (!is_canonical(row->curve, sig->r) ||
	    !is_canonical(row->curve, sig->s) || ecdsa_check(k, 0) != OK ||
	    (n = der_pack(sig, der)) == 0 || public_pkey(k, &pkey) != OK)
		return ERR_SIGNATURE;
	e = pkey_verify(pkey, library_md(row->hash), message,
	    slice_make(der, n));
	EVP_PKEY_free(pkey);
	return e;
}

/* libcrypto's key of the parts that s keeps */
static enum err
pair_pkey(struct signer *s)
{
	struct pkey_parts parts;
	enum err e;

	pkey_parts_init(&parts, s->private.d.n, true);
	pkey_parts_text(&parts, OSSL_PKEY_PARAM_GROUP_NAME,
	    row_of(s->type)->name);
	pkey_parts_octets(&parts, OSSL_PKEY_PARAM_PUB_KEY, s->public.point);
	pkey_parts_number(&parts, OSSL_PKEY_PARAM_PRIV_KEY, s->private.d);
	e = pkey_make("EC", &parts, &s->pkey);
	pkey_parts_clear(&parts);
	return e;
}

/* The pair of d, whose public half is worked out, not believed. */
static enum err
signer_of(enum key_type type, struct slice d, struct signer **out)
{
	enum ecdh_curve c = row_of(type)->curve;
	size_t point_n = curve_point_octets(c), d_n = curve_scalar_octets(c);
	struct signer *s;
	BIGNUM *bn;
	enum err e;

	if ((e = curve_scalar(c, d, &bn)) != OK)
		return e;
	s = sign_new(&sign_ecdsa, type, point_n + d_n);
	s->public.point = slice_from(bytes_first(s->room, point_n));
	s->private.d = slice_from(bytes_skip(s->room, point_n));
	e = curve_public(c, bn, s->room.p);
	if (e == OK && BN_bn2binpad(bn, s->room.p + point_n, (int)d_n) < 0)
		e = ERR_CRYPTO;
	BN_clear_free(bn);
	if (e == OK)
		e = pair_pkey(s);
	if (e != OK) {
		signer_free(s);
		return e;
	}
	*out = s;
	return OK;
}

enum err
sign_ecdsa_signer(enum key_type type, struct slice point, struct slice d,
    struct signer **out)
{
	struct signer *s;
	enum err e;

	if (type != KEY_ECDSA_256 && type != KEY_ECDSA_384 &&
	    type != KEY_ECDSA_521)
		return ERR_KEY_TYPE;
	if ((e = signer_of(type, d, &s)) != OK)
		return e;
	if (!slice_equal(point, s->public.point)) {
		signer_free(s);
		return ERR_KEY_FORMAT;
	}
	*out = s;
	return OK;
}

static enum err
ecdsa_generate(enum key_type type, unsigned int bits, struct signer **s)
{
	enum ecdh_curve c = row_of(type)->curve;
	struct bytes d = secret_bytes(curve_scalar_octets(c));
	BIGNUM *bn = NULL;
	enum err e;

	(void)bits;
	if ((e = curve_random(c, d.p, &bn)) == OK)
		e = signer_of(type, slice_from(d), s);
	BN_clear_free(bn);
	secret_free(d.p);
	return e;
}

enum err
sign_ecdsa_from_pkey(const EVP_PKEY *key, struct signer **s)
{
	struct bytes room = secret_bytes(CURVE_SCALAR_MAX);
	struct slice d;
	char name[32];
	size_t n;
	enum err e;

	e = pkey_number(key, OSSL_PKEY_PARAM_PRIV_KEY, room, &d);
	if (e == OK &&
	    EVP_PKEY_get_group_name(key, name, sizeof(name), &n) != 1)
		e = ERR_KEY_FORMAT;
	if (e == OK) {
		e = ERR_KEY_TYPE;
		for (enum key_type t = KEY_ECDSA_256; t <= KEY_ECDSA_521; t++)
			if (slice_is(slice_cstr(name), row_of(t)->name))
				e = signer_of(t, d, s);
	}
	secret_free(room.p);
	return e;
}

static enum err
ecdsa_sign(struct signer *s, enum hash_id hash, struct slice message,
    uint8_t *out, struct raw_signature *sig)
{
	uint8_t der[DER_MAX], *half = out + SIGN_RAW_MAX / 2;
	const uint8_t *p = der;
	size_t n = sizeof(der);
	ECDSA_SIG *es;
	enum err e;

	(void)hash;
	e = pkey_sign(s->pkey, library_md(row_of(s->type)->hash), message, der,
	    &n);
	if (e != OK)
		return e;
	if ((es = d2i_ECDSA_SIG(NULL, &p, (long)n)) == NULL)
		return ERR_CRYPTO;
	sig->r = slice_make(out, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(es), out));
	sig->s =
	    slice_make(half, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(es), half));
	ECDSA_SIG_free(es);
	return OK;
}

const struct sign_kind sign_ecdsa = {
    .check = ecdsa_check,
    .verify = ecdsa_verify,
    .sign = ecdsa_sign,
    .generate = ecdsa_generate,
};
