/*
 * RSA with PKCS #1 v1.5, RFC 8017 §8.2, RFC 8332, by libcrypto, which blinds
 * the private operation and checks its result before it leaves.
 */
#include "sign_kind.h"

#include "sallyport/base/mem.h"
#include "sallyport/crypto/secret.h"

#include "library.h"
#include "pkey.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#define OCTETS_MAX (SIGN_RSA_BITS_MAX / 8)

static struct slice
magnitude(struct slice v)
{
	while (v.n > 0 && v.p[0] == 0)
		v = slice_skip(v, 1);
	return v;
}

static bool
is_odd(struct slice v)
{
	return v.n > 0 && v.p[v.n - 1] % 2 == 1;
}

static enum err
rsa_check(const struct public_key *k, unsigned int bits_min)
{
	unsigned int bits = sign_rsa_bits(k);
	struct slice e = magnitude(k->rsa_e);

	if (bits_min < SIGN_RSA_BITS_MIN)
		bits_min = SIGN_RSA_BITS_MIN;
	if (bits < bits_min || bits > SIGN_RSA_BITS_MAX)
		return ERR_KEY_LENGTH;
	if (!is_odd(k->rsa_n) || !is_odd(e) || (e.n == 1 && e.p[0] == 1) ||
	    e.n > magnitude(k->rsa_n).n)
		return ERR_KEY_FORMAT;
	return OK;
}

static enum err
public_pkey(const struct public_key *k, EVP_PKEY **pkey)
{
	struct slice n = magnitude(k->rsa_n), e = magnitude(k->rsa_e);
	struct pkey_parts parts;
	enum err err;

	pkey_parts_init(&parts, n.n + e.n, false);
	pkey_parts_number(&parts, OSSL_PKEY_PARAM_RSA_N, n);
	pkey_parts_number(&parts, OSSL_PKEY_PARAM_RSA_E, e);
	err = pkey_make("RSA", &parts, pkey);
	pkey_parts_clear(&parts);
	return err;
}

static bool
is_hash(enum hash_id hash)
{
	return hash == HASH_SHA1 || hash == HASH_SHA256 || hash == HASH_SHA512;
}

/* Some peers drop leading zeros: the signature is as long as n here. */
static enum err
rsa_verify(const struct public_key *k, enum hash_id hash, struct slice message,
    const struct raw_signature *sig)
{
	size_t n = magnitude(k->rsa_n).n;
	uint8_t padded[OCTETS_MAX] = {0};
	EVP_PKEY *pkey;
	enum err e;

	if (!is_hash(hash) || rsa_check(k, 0) != OK || sig->octets.n == 0 ||
	    sig->octets.n > n || public_pkey(k, &pkey) != OK)
		return ERR_SIGNATURE;
	slice_copy(sig->octets,
	    bytes_skip(bytes_make(padded, n), n - sig->octets.n));
	e = pkey_verify(pkey, library_md(hash), message, slice_make(padded, n));
	EVP_PKEY_free(pkey);
	return e;
}

static enum err
rsa_sign(struct signer *s, enum hash_id hash, struct slice message,
    uint8_t *out, struct raw_signature *sig)
{
	size_t n = SIGN_RAW_MAX;
	enum err e;

	if (!is_hash(hash))
		return ERR_UNKNOWN_ALGO;
	if ((e = pkey_sign(s->pkey, library_md(hash), message, out, &n)) != OK)
		return e;
	sig->octets = slice_make(out, n);
	return OK;
}

/* The numbers of a private key and what is worked out from them */
struct numbers {
	BIGNUM *n, *e, *d, *iqmp, *p, *q, *dp, *dq, *t, *m;
	BN_CTX *ctx;
};

static void
numbers_clear(struct numbers *v)
{
	BIGNUM *all[] = {v->n, v->e, v->d, v->iqmp, v->p, v->q, v->dp, v->dq,
	    v->t, v->m};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		BN_clear_free(all[i]);
	BN_CTX_free(v->ctx);
}

static BIGNUM *
number(struct slice v)
{
	BIGNUM *bn = BN_bin2bn(v.p, (int)v.n, NULL);

	if (bn != NULL)
		BN_set_flags(bn, BN_FLG_CONSTTIME);
	return bn;
}

static bool
numbers_from(const struct rsa_private *parts, struct numbers *v)
{
	v->n = number(parts->n);
	v->e = number(parts->e);
	v->d = number(parts->d);
	v->iqmp = number(parts->iqmp);
	v->p = number(parts->p);
	v->q = number(parts->q);
	v->dp = BN_new();
	v->dq = BN_new();
	v->t = BN_new();
	v->m = BN_new();
	v->ctx = BN_CTX_new();
	return v->n != NULL && v->e != NULL && v->d != NULL &&
	       v->iqmp != NULL && v->p != NULL && v->q != NULL &&
	       v->dp != NULL && v->dq != NULL && v->t != NULL && v->m != NULL &&
	       v->ctx != NULL;
}

/* part = d mod (prime - 1), and e times that is 1 there */
static bool
exponent_fits(struct numbers *v, const BIGNUM *prime, BIGNUM *part)
{
	return BN_sub(v->m, prime, BN_value_one()) == 1 &&
	       BN_mod(part, v->d, v->m, v->ctx) == 1 &&
	       BN_mod_mul(v->t, part, v->e, v->m, v->ctx) == 1 &&
	       BN_is_one(v->t);
}

/*
 * n = pq, ed = 1 modulo p-1 and q-1, and iqmp*q = 1 modulo p. A file that
 * says otherwise would sign wrongly, and a wrong signature can tell p.
 */
static bool
numbers_fit(struct numbers *v)
{
	return BN_is_odd(v->p) && BN_is_odd(v->q) && !BN_is_one(v->p) &&
	       !BN_is_one(v->q) && BN_cmp(v->d, v->n) < 0 &&
	       BN_cmp(v->iqmp, v->p) < 0 &&
	       BN_mul(v->t, v->p, v->q, v->ctx) == 1 &&
	       BN_cmp(v->t, v->n) == 0 && exponent_fits(v, v->p, v->dp) &&
	       exponent_fits(v, v->q, v->dq) &&
	       BN_mod_mul(v->t, v->iqmp, v->q, v->p, v->ctx) == 1 &&
	       BN_is_one(v->t);
}

static void
add_number(struct pkey_parts *parts, const char *name, const BIGNUM *bn)
{
	size_t n = (size_t)BN_num_bytes(bn);
	struct bytes room = secret_bytes(n);

	(void)BN_bn2bin(bn, room.p);
	pkey_parts_number(parts, name, slice_from(room));
	secret_free(room.p);
}

static enum err
pair_pkey(const struct numbers *v, EVP_PKEY **pkey)
{
	const struct {
		const char *name;
		const BIGNUM *bn;
	} all[] = {
	    {OSSL_PKEY_PARAM_RSA_N, v->n},
	    {OSSL_PKEY_PARAM_RSA_E, v->e},
	    {OSSL_PKEY_PARAM_RSA_D, v->d},
	    {OSSL_PKEY_PARAM_RSA_FACTOR1, v->p},
	    {OSSL_PKEY_PARAM_RSA_FACTOR2, v->q},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT1, v->dp},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT2, v->dq},
	    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, v->iqmp},
	};
	struct pkey_parts parts;
	size_t total = 0;
	enum err e;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		total += (size_t)BN_num_bytes(all[i].bn);
	pkey_parts_init(&parts, total, true);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		add_number(&parts, all[i].name, all[i].bn);
	e = pkey_make("RSA", &parts, pkey);
	pkey_parts_clear(&parts);
	return e;
}

static struct signer *
keep_parts(const struct rsa_private *parts)
{
	struct rsa_private m = {magnitude(parts->n), magnitude(parts->e),
	    magnitude(parts->d), magnitude(parts->iqmp), magnitude(parts->p),
	    magnitude(parts->q)};
	struct signer *s = sign_new(&sign_rsa, KEY_RSA,
	    m.n.n + m.e.n + m.d.n + m.iqmp.n + m.p.n + m.q.n);
	size_t used = 0;

	s->private.n = s->public.rsa_n = sign_keep(s, &used, m.n);
	s->private.e = s->public.rsa_e = sign_keep(s, &used, m.e);
	s->private.d = sign_keep(s, &used, m.d);
	s->private.iqmp = sign_keep(s, &used, m.iqmp);
	s->private.p = sign_keep(s, &used, m.p);
	s->private.q = sign_keep(s, &used, m.q);
	return s;
}

enum err
sign_rsa_signer(const struct rsa_private *parts, struct signer **out)
{
	struct public_key k = {.type = KEY_RSA,
	    .rsa_n = parts->n,
	    .rsa_e = parts->e};
	struct numbers v = {0};
	EVP_PKEY *pkey = NULL;
	enum err e;

	if ((e = rsa_check(&k, 0)) != OK)
		return e;
	if (parts->d.n > OCTETS_MAX + 1 || parts->iqmp.n > OCTETS_MAX ||
	    parts->p.n > OCTETS_MAX || parts->q.n > OCTETS_MAX)
		return ERR_KEY_FORMAT;
	if (!numbers_from(parts, &v))
		e = ERR_CRYPTO;
	else if (!numbers_fit(&v))
		e = ERR_KEY_FORMAT;
	else
		e = pair_pkey(&v, &pkey);
	numbers_clear(&v);
	if (e != OK)
		return e;
	*out = keep_parts(parts);
	(*out)->pkey = pkey;
	return OK;
}

/* The six numbers of libcrypto's key lie in secret memory for a moment. */
enum err
sign_rsa_from_pkey(const EVP_PKEY *key, struct signer **s)
{
	size_t octets = (size_t)EVP_PKEY_get_size(key);
	struct bytes room, rest;
	struct rsa_private parts = {0};
	const struct {
		const char *name;
		struct slice *part;
	} all[] = {
	    {OSSL_PKEY_PARAM_RSA_N, &parts.n},
	    {OSSL_PKEY_PARAM_RSA_E, &parts.e},
	    {OSSL_PKEY_PARAM_RSA_D, &parts.d},
	    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &parts.iqmp},
	    {OSSL_PKEY_PARAM_RSA_FACTOR1, &parts.p},
	    {OSSL_PKEY_PARAM_RSA_FACTOR2, &parts.q},
	};
	size_t count = sizeof(all) / sizeof(all[0]);
	enum err e = OK;

	if (octets == 0 || octets > OCTETS_MAX)
		return ERR_KEY_LENGTH;
	room = rest = secret_bytes(count * octets);
	for (size_t i = 0; i < count && e == OK; i++) {
		e = pkey_number(key, all[i].name, bytes_first(rest, octets),
		    all[i].part);
		rest = bytes_skip(rest, octets);
	}
	if (e == OK)
		e = sign_rsa_signer(&parts, s);
	secret_free(room.p);
	return e;
}

static enum err
rsa_generate(enum key_type type, unsigned int bits, struct signer **s)
{
	EVP_PKEY *key;
	enum err e;

	(void)type;
	if (bits < SIGN_RSA_BITS_MIN || bits > SIGN_RSA_BITS_MAX)
		return ERR_KEY_LENGTH;
	library_start();
	key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	if (key == NULL)
		return ERR_CRYPTO;
	e = sign_rsa_from_pkey(key, s);
	EVP_PKEY_free(key);
	return e;
}

const struct sign_kind sign_rsa = {
    .check = rsa_check,
    .verify = rsa_verify,
    .sign = rsa_sign,
    .generate = rsa_generate,
};
