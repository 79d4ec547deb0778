/*
 * sign_kind.h - what sign.c asks of Ed25519, ECDSA and RSA
 *
 * Keys are numbers here. A private one is checked before it serves: its parts
 * belong together, or a signature would give them away.
 */
#ifndef SIGN_KIND_H
#define SIGN_KIND_H

#include "sallyport/crypto/sign.h"

#include <openssl/evp.h>

struct signer {
	const struct sign_kind *kind;
	enum key_type type;
	struct bytes room; /* all parts, in secret memory */
	struct public_key public;
	struct
	    rsa_private private; /* d: a seed of Ed25519, both of a composite */
	EVP_PKEY *pkey;          /* RSA, ECDSA */
};

struct sign_kind {
	enum err (*check)(const struct public_key *k, unsigned int bits_min);
	enum err (*verify)(const struct public_key *k, enum hash_id hash,
	    struct slice message, const struct raw_signature *sig);
	enum err (*sign)(struct signer *s, enum hash_id hash,
	    struct slice message, uint8_t *out, struct raw_signature *sig);
	enum err (*generate)(enum key_type type, unsigned int bits,
	    struct signer **s);
};

extern const struct sign_kind sign_ed25519;
extern const struct sign_kind sign_ecdsa;
extern const struct sign_kind sign_rsa;
extern const struct sign_kind sign_mldsa44;

/* A signer with room for so many octets of parts. Gives; signer_free. */
struct signer *
sign_new(const struct sign_kind *kind, enum key_type type, size_t octets);

/* Copy a part to room, of which *used octets are taken. */
struct slice sign_keep(struct signer *s, size_t *used, struct slice part);

/* What the doors of the same names promise */
MUST_USE enum err sign_ed25519_signer(struct slice seed32, struct signer **s);
MUST_USE enum err sign_ecdsa_signer(enum key_type type, struct slice point,
    struct slice d, struct signer **s);
MUST_USE enum err
sign_rsa_signer(const struct rsa_private *parts, struct signer **s);
MUST_USE enum err sign_mldsa44_signer(struct slice seeds64, struct signer **s);
MUST_USE enum err sign_pem_read(struct slice text, struct signer **s);

/* What a PEM file held, taken apart */
MUST_USE enum err sign_ecdsa_from_pkey(const EVP_PKEY *key, struct signer **s);
MUST_USE enum err sign_rsa_from_pkey(const EVP_PKEY *key, struct signer **s);

#endif
