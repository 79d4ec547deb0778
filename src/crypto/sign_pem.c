/*
 * Private keys in PEM, RFC 7468 and what came before it: the armour and the
 * ASN.1 are libcrypto's to read; what comes out is taken apart into numbers
 * and checked like those of any other file.
 */
#include "sign_kind.h"

#include "sallyport/base/mem.h"
#include "sallyport/crypto/secret.h"

#include "library.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define PEM_MAX     ((size_t)64 << 10) /* 16384 bits of RSA need 13 KiB */
#define BLOCKS_MAX  8                  /* "EC PARAMETERS" and such */
#define SEED_OCTETS 32

/* One armoured block, as libcrypto gives it */
struct block {
	char *label, *header;
	unsigned char *der;
	long n;
};

static void
block_clear(struct block *b)
{
	OPENSSL_free(b->label);
	OPENSSL_free(b->header);
	if (b->n > 0)
		OPENSSL_clear_free(b->der, (size_t)b->n);
	*b = (struct block){0};
}

static EVP_PKEY *
pkcs8_read(const unsigned char *der, long n)
{
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, n);
	EVP_PKEY *key = info == NULL ? NULL : EVP_PKCS82PKEY(info);

	PKCS8_PRIV_KEY_INFO_free(info); /* wipes */
	return key;
}

/* The key in one block. ERR_NOT_FOUND: something else is in it. */
static enum err
block_read(const struct block *b, EVP_PKEY **key)
{
	struct slice label = slice_cstr(b->label);
	const unsigned char *der = b->der;

	if (slice_is(label, "ENCRYPTED PRIVATE KEY"))
		return ERR_KEY_ENCRYPTED;
	if (b->header[0] != '\0') /* Proc-Type: 4,ENCRYPTED */
		return ERR_KEY_ENCRYPTED;
	if (slice_is(label, "RSA PRIVATE KEY"))
		*key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &der, b->n);
	else if (slice_is(label, "EC PRIVATE KEY"))
		*key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &der, b->n);
	else if (slice_is(label, "PRIVATE KEY"))
		*key = pkcs8_read(der, b->n);
	else
		return ERR_NOT_FOUND;
	return *key != NULL ? OK : ERR_KEY_FORMAT;
}

/* The first private key of the text */
static enum err
text_read(BIO *bio, EVP_PKEY **key)
{
	enum err e = ERR_NOT_FOUND;

	for (int i = 0; i < BLOCKS_MAX && e == ERR_NOT_FOUND; i++) {
		struct block b = {0};

		if (PEM_read_bio(bio, &b.label, &b.header, &b.der, &b.n) != 1)
			return ERR_KEY_FORMAT;
		e = block_read(&b, key);
		block_clear(&b);
	}
	return e == ERR_NOT_FOUND ? ERR_KEY_FORMAT : e;
}

static enum err
ed25519_from_pkey(const EVP_PKEY *key, struct signer **s)
{
	struct bytes seed = secret_bytes(SEED_OCTETS);
	size_t n = seed.n;
	enum err e = ERR_KEY_FORMAT;

	if (EVP_PKEY_get_raw_private_key(key, seed.p, &n) == 1 && n == seed.n)
		e = sign_ed25519_signer(slice_from(seed), s);
	secret_free(seed.p);
	return e;
}

enum err
sign_pem_read(struct slice text, struct signer **s)
{
	EVP_PKEY *key = NULL;
	BIO *bio;
	enum err e;

	library_start();
	if (text.n == 0 || text.n > PEM_MAX)
		return ERR_KEY_FORMAT;
	if ((bio = BIO_new_mem_buf(text.p, (int)text.n)) == NULL)
		return ERR_CRYPTO;
	e = text_read(bio, &key);
	BIO_free(bio);
	ERR_clear_error();
	if (e != OK)
		return e;
	if (EVP_PKEY_is_a(key, "RSA") == 1)
		e = sign_rsa_from_pkey(key, s);
	else if (EVP_PKEY_is_a(key, "EC") == 1)
		e = sign_ecdsa_from_pkey(key, s);
	else if (EVP_PKEY_is_a(key, "ED25519") == 1)
		e = ed25519_from_pkey(key, s);
	else
		e = ERR_KEY_TYPE;
	EVP_PKEY_free(key);
	return e;
}
