/*
 * sign.h - sign and verify by algorithm, on bare key components
 *
 * Key blobs, signature blobs and key files are the key room's; here are
 * numbers. Source: RFC 8032, RFC 8017 §8.2, FIPS 186-5, RFC 5656, RFC 8332; of
 * ML-DSA-44 and Ed25519 together, crypto/sign_mldsa44.c.
 *
 * A public key is struct public_key: components borrowed from a blob. A
 * private one is struct signer, in secret memory.
 */
#ifndef SALLYPORT_CRYPTO_SIGN_H
#define SALLYPORT_CRYPTO_SIGN_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"

#define SIGN_RSA_BITS_MAX 16384 /* verification cost of a hostile key */
#define SIGN_RSA_BITS_MIN 1024  /* RequiredRSASize's floor */
#define SIGN_RAW_MAX      2496  /* octets of the longest bare signature */

struct public_key {
	enum key_type type; /* sk types carry the plain key's components */
	struct slice rsa_e; /* magnitudes */
	struct slice rsa_n;
	struct slice point; /* ECDSA: uncompressed; Ed25519: 32 octets; with
			     * ML-DSA-44 before it: 1344 */
};

/*
 * Is this a key one may use: RSA modulus within bounds and odd, e odd and > 1;
 * point on its curve; Ed25519 point not of small order? ERR_KEY_LENGTH,
 * ERR_KEY_FORMAT. rsa_bits_min: RequiredRSASize.
 */
MUST_USE enum err
sign_check_public(const struct public_key *k, unsigned int rsa_bits_min);

unsigned int sign_rsa_bits(const struct public_key *k);

/* Bare signature: RSA octets; Ed25519 64 octets, with ML-DSA-44 2484; ECDSA r
 * and s. */
struct raw_signature {
	struct slice octets;
	struct slice r; /* magnitudes */
	struct slice s;
};

/* OK or ERR_SIGNATURE. hash: of RSA; others know theirs. */
MUST_USE enum err sign_verify(const struct public_key *k, enum hash_id hash,
    struct slice message, const struct raw_signature *sig);

/* ---- private keys: keeper and errand ---- */
struct signer;

/*
 * All give; signer_free wipes. Magnitudes big-endian. What doesn't belong
 * together (p, q, d; point and d) is ERR_KEY_FORMAT. An RSA key keeps secret
 * memory of four times its modulus, and takes 12 times that for a moment while
 * it is made (16384 bits: 8 and 24 KiB). Signing takes none.
 */
MUST_USE enum err signer_ed25519(struct slice seed32, struct signer **s);
MUST_USE enum err signer_mldsa44(struct slice seeds64, struct signer **s);
MUST_USE enum err signer_ecdsa(enum key_type type, struct slice point,
    struct slice d, struct signer **s);
struct rsa_private {
	struct slice n, e, d, iqmp, p, q;
};
MUST_USE enum err
signer_rsa(const struct rsa_private *parts, struct signer **s);

/*
 * PEM: "RSA PRIVATE KEY", "EC PRIVATE KEY", PKCS#8 "PRIVATE KEY" of RSA, ECDSA
 * or Ed25519. ERR_KEY_ENCRYPTED where a passphrase is needed; ERR_KEY_FORMAT.
 */
MUST_USE enum err signer_from_pem(struct slice text, struct signer **s);

/* A new pair. bits: RSA only. */
MUST_USE enum err
signer_generate(enum key_type type, unsigned int bits, struct signer **s);

void signer_free(struct signer *s);

enum key_type signer_type(const struct signer *s);

/* Its public half; slices live as long as s. */
void signer_public(const struct signer *s, struct public_key *k);

/*
 * Its private half for writing a key file (errand): Ed25519 seed in d, with
 * ML-DSA-44 both seeds; ECDSA d; RSA all. Slices in secret memory, living as long as s.
 */
void signer_private(const struct signer *s, struct rsa_private *parts);

/*
 * Sign message. Octets of all but ECDSA go to out. ECDSA: r and s, each in
 * out's halves as the slices of *sig tell. out has room for SIGN_RAW_MAX.
 */
MUST_USE enum err signer_sign(struct signer *s, enum hash_id hash,
    struct slice message, uint8_t *out, struct raw_signature *sig);

#endif
