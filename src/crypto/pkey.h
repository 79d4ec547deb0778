/*
 * pkey.h - libcrypto's keys, made of numbers and taken apart into numbers
 *
 * Numbers come and go big-endian; private ones lie in secret memory on the
 * way.
 */
#ifndef PKEY_H
#define PKEY_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <openssl/evp.h>
#include <stdbool.h>

#define PKEY_PARAMS 9 /* RSA: n e d p q dp dq qinv, and the end */

/* A list of named numbers, and the room for libcrypto's form of them */
struct pkey_parts {
	OSSL_PARAM params[PKEY_PARAMS];
	size_t count;
	struct bytes room;
	size_t used;
	bool secret; /* room is in secret memory */
};

/* Room for numbers of so many octets together; a public key's needs no lock. */
void pkey_parts_init(struct pkey_parts *parts, size_t octets, bool private);
void pkey_parts_number(struct pkey_parts *parts, const char *name,
    struct slice magnitude);
void pkey_parts_text(struct pkey_parts *parts, const char *name,
    const char *text); /* keeps text */
void pkey_parts_octets(struct pkey_parts *parts, const char *name,
    struct slice octets);                        /* keeps octets */
void pkey_parts_clear(struct pkey_parts *parts); /* wipes */

/* type is "RSA" or "EC". ERR_KEY_FORMAT. Gives; EVP_PKEY_free. */
MUST_USE enum err
pkey_make(const char *type, const struct pkey_parts *parts, EVP_PKEY **key);

/*
 * One number of a key into room, at its end; *out is the magnitude there.
 * ERR_KEY_FORMAT where the key has none or room is too small.
 */
MUST_USE enum err pkey_number(const EVP_PKEY *key, const char *name,
    struct bytes room, struct slice *out);

/* *n: room in, octets out. ERR_CRYPTO. */
MUST_USE enum err pkey_sign(EVP_PKEY *key, const EVP_MD *md,
    struct slice message, uint8_t *sig, size_t *n);

/* ERR_SIGNATURE, whatever the reason is. */
MUST_USE enum err pkey_verify(EVP_PKEY *key, const EVP_MD *md,
    struct slice message, struct slice sig);

#endif
