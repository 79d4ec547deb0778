/*
 * cipher_kind.h - what cipher.c asks of the kinds of ciphers
 *
 * A kind is a row of functions; those that a kind has no use for are NULL.
 * The key's octets are kept for cipher_export; libcrypto's context holds what
 * it expanded them to, and wipes that when it is freed.
 */
#ifndef CIPHER_KIND_H
#define CIPHER_KIND_H

#include "sallyport/crypto/cipher.h"

#include <openssl/evp.h>

#define CIPHER_IV_MAX 16

struct cipher {
	const struct cipher_kind *kind;
	const struct algo *algo;
	enum cipher_way way;
	struct bytes key; /* in secret memory */
	uint8_t iv[CIPHER_IV_MAX];
	EVP_CIPHER_CTX *ctx; /* chachapoly: NULL until a long packet comes */
	EVP_MAC_CTX *mac;    /* chachapoly: likewise */
};

struct cipher_kind {
	enum err (*start)(struct cipher *c); /* key and iv are there */
	enum err (*seal)(struct cipher *c, uint32_t seq, struct bytes packet,
	    uint8_t *tag);
	enum err (*length)(struct cipher *c, uint32_t seq,
	    const uint8_t first[4], uint32_t *length);
	enum err (*open)(struct cipher *c, uint32_t seq, struct bytes packet,
	    const uint8_t *tag);
	enum err (*crypt)(struct cipher *c, struct bytes data);
	/* The IV that the next packet needs; iv_octets of it count. */
	void (*iv_now)(const struct cipher *c, uint8_t iv[CIPHER_IV_MAX]);
};

extern const struct cipher_kind cipher_ctr;
extern const struct cipher_kind cipher_gcm;
extern const struct cipher_kind cipher_chachapoly;

#endif
