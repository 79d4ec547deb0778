#include "library.h"

#include "sallyport/base/must.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/crypto/sign.h"

#include "curve.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <sodium.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const md_names[] = {
    [HASH_MD5] = "MD5",
    [HASH_SHA1] = "SHA1",
    [HASH_SHA256] = "SHA2-256",
    [HASH_SHA384] = "SHA2-384",
    [HASH_SHA512] = "SHA2-512",
};

/* clang-format off */
static const struct {
	enum cipher_mode mode;
	uint16_t key_octets;
	const char *name;
} cipher_names[] = {
	{MODE_CHACHAPOLY, 32, "ChaCha20"}, /* the stream cipher alone */
	{MODE_GCM,        16, "AES-128-GCM"},
	{MODE_GCM,        32, "AES-256-GCM"},
	{MODE_CTR,        16, "AES-128-CTR"},
	{MODE_CTR,        24, "AES-192-CTR"},
	{MODE_CTR,        32, "AES-256-CTR"},
	{MODE_CBC,        16, "AES-128-CBC"},
	{MODE_CBC,        32, "AES-256-CBC"},
	/* of one key size, told apart by the block */
	{MODE_CBC,        24, "AES-192-CBC"},
	{MODE_NONE,       24, "DES-EDE3-CBC"},
};
/* clang-format on */

static const int group_ids[] = {
    [CURVE_P256] = NID_X9_62_prime256v1,
    [CURVE_P384] = NID_secp384r1,
    [CURVE_P521] = NID_secp521r1,
};

/*
 * A cache, written at the first look-up and only read afterwards: the same in
 * every process and no part of any state.
 */
static struct {
	bool started;
	EVP_MD *md[COUNT(md_names)];
	EVP_CIPHER *cipher[COUNT(cipher_names)];
	EVP_MAC *hmac, *poly1305;
	EC_GROUP *group[COUNT(group_ids)];
} found;

/*
 * Without openssl.cnf: it could load foreign modules into a process that is
 * about to confine itself. Without exit handlers: children leave by _exit.
 */
void
library_start(void)
{
	if (found.started)
		return;
	must(sodium_init() >= 0);
	must(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
				     OPENSSL_INIT_NO_ATEXIT,
		 NULL) == 1);
	found.started = true;
}

const EVP_MD *
library_md(enum hash_id id)
{
	library_start();
	if (id == HASH_NONE || (size_t)id >= COUNT(md_names))
		return NULL;
	if (found.md[id] == NULL)
		found.md[id] = EVP_MD_fetch(NULL, md_names[id], NULL);
	return found.md[id];
}

EVP_MAC *
library_hmac(void)
{
	library_start();
	if (found.hmac == NULL)
		found.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	return found.hmac;
}

EVP_MAC *
library_poly1305(void)
{
	library_start();
	if (found.poly1305 == NULL)
		found.poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	return found.poly1305;
}

static const EVP_CIPHER *
cipher_at(size_t i)
{
	library_start();
	if (found.cipher[i] == NULL)
		found.cipher[i] =
		    EVP_CIPHER_fetch(NULL, cipher_names[i].name, NULL);
	return found.cipher[i];
}

const EVP_CIPHER *
library_chacha20(void)
{
	return cipher_at(0);
}

const EVP_CIPHER *
library_cipher(const struct algo *a)
{
	enum cipher_mode mode = a->mode;

	if (mode == MODE_CBC && a->block == 8)
		mode = MODE_NONE;
	for (size_t i = 1; i < COUNT(cipher_names); i++)
		if (cipher_names[i].mode == mode &&
		    cipher_names[i].key_octets == a->key_octets)
			return cipher_at(i);
	return NULL;
}

const EC_GROUP *
library_group(enum ecdh_curve c)
{
	library_start();
	if ((size_t)c >= COUNT(group_ids) || group_ids[c] == 0)
		return NULL;
	if (found.group[c] == NULL)
		found.group[c] = EC_GROUP_new_by_curve_name(group_ids[c]);
	return found.group[c];
}

/* A digest and a cipher as a key exchange uses them */
static void
warm_symmetric(void)
{
	uint8_t out[HASH_MAX], key[64] = {0}, iv[16] = {0};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	for (size_t i = 0; i < COUNT(md_names); i++)
		if (library_md((enum hash_id)i) != NULL)
			(void)!hash_once((enum hash_id)i, SLICE_NONE, out);
	for (size_t i = 0; i < COUNT(cipher_names); i++)
		if (cipher_at(i) != NULL)
			(void)EVP_CipherInit_ex(ctx, cipher_at(i), NULL, key,
			    iv, 1);
	EVP_CIPHER_CTX_free(ctx);
	(void)library_hmac();
	(void)library_poly1305();
}

/* Multiply P-256's base point by two: no random octet is needed for that. */
static void
warm_curves(void)
{
	const EC_GROUP *g = library_group(CURVE_P256);
	EC_POINT *p = g == NULL ? NULL : EC_POINT_new(g);
	BIGNUM *two = BN_new();

	if (p != NULL && two != NULL && BN_set_word(two, 2) == 1)
		(void)EC_POINT_mul(g, p, NULL, EC_GROUP_get0_generator(g), two,
		    NULL);
	BN_free(two);
	EC_POINT_free(p);
	(void)library_group(CURVE_P384);
	(void)library_group(CURVE_P521);
}

/* Signatures that don't hold: the way to that answer loads all there is. */
static void
warm_signatures(void)
{
	static const uint8_t three = 3;
	uint8_t n[256], point[CURVE_POINT_MAX];
	struct public_key rsa = {.type = KEY_RSA};
	struct public_key ecdsa = {.type = KEY_ECDSA_256};
	struct raw_signature sig = {.octets = SLICE_OF(three)};
	const EC_GROUP *g = library_group(CURVE_P256);

	memset(n, 0xff, sizeof(n));
	rsa.rsa_n = SLICE_OF(n);
	rsa.rsa_e = SLICE_OF(three);
	(void)!sign_verify(&rsa, HASH_SHA512, SLICE_NONE, &sig);
	(void)!sign_verify(&rsa, HASH_SHA256, SLICE_NONE, &sig);
	if (g == NULL)
		return;
	ecdsa.point = slice_make(point,
	    EC_POINT_point2oct(g, EC_GROUP_get0_generator(g),
		POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL));
	sig.r = sig.s = SLICE_OF(three);
	(void)!sign_verify(&ecdsa, HASH_NONE, SLICE_NONE, &sig);
}

void
library_warm(void)
{
	warm_symmetric();
	warm_curves();
	warm_signatures();
}
