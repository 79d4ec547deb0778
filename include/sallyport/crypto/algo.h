/*
 * algo.h - every algorithm name of the wire: one table
 *
 * A row tells what a name is, its sizes, whether the defaults hold it, and
 * which implementation serves it. Order of rows is the order of the defaults
 * (those of OpenSSH 10.5). Adding an algorithm is a row here, a file in
 * crypto/ or transport/, and vectors.
 */
#ifndef SALLYPORT_CRYPTO_ALGO_H
#define SALLYPORT_CRYPTO_ALGO_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum algo_kind {
	ALGO_KEX,    /* KexAlgorithms */
	ALGO_KEY,    /* signature algorithm names: host keys, user keys, CAs */
	ALGO_CIPHER, /* Ciphers */
	ALGO_MAC,    /* MACs */
	ALGO_COMP,   /* compression */
	ALGO_CA      /* no rows: ALGO_KEY's without certificates, for
		      * CASignatureAlgorithms */
};

enum hash_id {
	HASH_NONE,
	HASH_MD5,
	HASH_SHA1,
	HASH_SHA256,
	HASH_SHA384,
	HASH_SHA512
};

/* How a cipher fits into a packet (RFC 4253 §6, RFC 5647, PROTOCOL notes) */
enum cipher_mode { MODE_NONE, MODE_CTR, MODE_CBC, MODE_GCM, MODE_CHACHAPOLY };

enum mac_kind { MAC_NONE, MAC_HMAC, MAC_UMAC };

/* What a key is made of, whatever the signature is called */
enum key_type {
	KEY_NONE,
	KEY_RSA,
	KEY_ECDSA_256,
	KEY_ECDSA_384,
	KEY_ECDSA_521,
	KEY_ED25519,
	KEY_SK_ECDSA,
	KEY_SK_ED25519,
	KEY_MLDSA44_ED25519 /* both in one */
};

/* Key exchange methods' families: transport/kex_*.c */
enum kex_family { KEX_DH, KEX_GEX, KEX_ECDH, KEX_HYBRID };

/* Which curve, KEM or group a kex method uses */
enum ecdh_curve {
	CURVE_NONE,
	CURVE_X25519,
	CURVE_P256,
	CURVE_P384,
	CURVE_P521
};
enum kem_id { KEM_NONE, KEM_MLKEM768, KEM_SNTRUP761 };
enum dh_group_id { DH_NONE, DH_GROUP1, DH_GROUP14, DH_GROUP16, DH_GROUP18 };

#define ALGO_DEFAULT 1u  /* in the default list */
#define ALGO_CERT    2u  /* names a certificate; plain tells the other name */
#define ALGO_ETM     4u  /* encrypt-then-MAC */
#define ALGO_AEAD    8u  /* cipher brings its own MAC */
#define ALGO_PSEUDO  16u /* never chosen (ext-info-s …) */

struct algo {
	const char *name; /* as on the wire */
	enum algo_kind kind;
	unsigned int flags;
	uint16_t number; /* stable within this image: place in the table */

	/* ALGO_KEX */
	enum kex_family family;
	enum ecdh_curve curve;
	enum kem_id kem;
	enum dh_group_id group;

	/* ALGO_KEX, ALGO_MAC (HMAC), ALGO_KEY */
	enum hash_id hash;

	/* ALGO_CIPHER; octets. block is what packets are padded to. */
	enum cipher_mode mode;
	uint16_t key_octets; /* also ALGO_MAC */
	uint16_t iv_octets;
	uint16_t block;
	uint16_t tag_octets; /* of an AEAD cipher, or of a MAC */

	/* ALGO_MAC */
	enum mac_kind mac;

	/* ALGO_KEY */
	enum key_type key;
	const char *blob_type; /* name inside the key blob: "ssh-rsa" */
	const char *plain;     /* name inside the signature: "rsa-sha2-512" */
};

/* The row of a name (also of a pseudo one), or NULL. */
const struct algo *algo_find(enum algo_kind kind, struct slice name);

/* By place: for (i = 0; (a = algo_row(i)) != NULL; i++) */
const struct algo *algo_row(size_t i);

/*
 * Is every name of a comma-separated list known (patterns allowed where
 * wildcards is true: then at least one row must match each)? The first bad
 * name goes to *bad. '!' patterns and empty names are bad, and so are pseudo
 * names. A leading + or ^ is passed over; after a leading -, names may be
 * anything.
 */
bool algo_list_valid(enum algo_kind kind, struct slice list, bool wildcards,
    struct slice *bad);

/*
 * The list that an administrator wrote, worked out: a leading + appends to the
 * default, - removes (patterns), ^ puts in front; without, it replaces.
 * Patterns are expanded for ALGO_KEY, duplicates dropped. Gives NUL-terminated
 * text (mem_free). A '-' list that takes everything away gives the default.
 * text empty or NULL: the default.
 */
char *algo_list_resolve(enum algo_kind kind, const char *text);

/* Is name in the comma-separated list (exactly)? */
bool algo_list_has(struct slice list, struct slice name);

/*
 * First name of client's list that is in server's, RFC 4253 §7.1; NULL if
 * none. Linear in both lists' lengths times 1 (a mark per row).
 */
const struct algo *
algo_choose(enum algo_kind kind, struct slice client, struct slice server);

/* "ssh-rsa" and its like: type of a plain key blob's name; KEY_NONE. */
enum key_type algo_key_type(struct slice blob_type);

#endif
