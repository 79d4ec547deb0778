/*
 * key.h - public key blobs: parse, write, name, fingerprint
 *
 * Source:  RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4; FIDO keys as OpenSSH
 *          writes them
 * Runs in: keeper (its own keys), keycheck (a stranger's), errand. No I/O.
 *
 *      ssh-rsa              mpint e, mpint n
 *      ecdsa-sha2-CURVE     string CURVE, string point
 *      ssh-ed25519          string pk32
 *      sk-ssh-ed25519@…     string pk32, string application
 *      ssh-mldsa44-…@…      string pk1344
 *      sk-ecdsa-…@…         string CURVE, string point, string application
 *
 * each after string type. A certificate's blob is cert.h's.
 */
#ifndef SALLYPORT_KEY_KEY_H
#define SALLYPORT_KEY_KEY_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/sign.h"

#define KEY_BLOB_MAX ((size_t)16 << 10) /* an RSA key of 16384 bits: 2.1 KiB */

/* A plain public key. Slices borrow from the blob or signer it came from. */
struct key {
	enum key_type type;
	struct public_key pub;    /* its type is the plain one: of a FIDO key
				   * KEY_ED25519 or KEY_ECDSA_256 */
	struct slice application; /* of a FIDO key */
};

/* Does type stand for a FIDO key (security key)? */
bool key_is_sk(enum key_type type);

/* The blob's name: "ssh-ed25519". NULL for KEY_NONE. */
const char *key_wire_name(enum key_type type);

/* The log's name: "ED25519", "ECDSA-SK". NULL for KEY_NONE. */
const char *key_log_name(enum key_type type);

/*
 * The type that a blob's name stands for, and whether it is a certificate's.
 * KEY_NONE: unknown, or the name of a signature alone ("rsa-sha2-256").
 */
enum key_type key_type_of(struct slice blob_type, bool *certificate);

/* The name that a blob begins with; empty where it has none. */
struct slice key_blob_type(struct slice blob);

/*
 * Parse a plain key's blob, whole. ERR_UNKNOWN_ALGO: not a key's name, or a
 * certificate's; ERR_SHORT, ERR_TRAILING, ERR_FORMAT, ERR_TOO_LONG. Says
 * nothing about the numbers: key_check.
 */
MUST_USE enum err key_parse(struct slice blob, struct key *k);

/* Read the fields that follow the type's name (certificates hold the same). */
void key_read_fields(struct rd *r, enum key_type type, struct key *k);

/*
 * Would one use this key: size, curve, order? ERR_KEY_LENGTH, ERR_KEY_FORMAT.
 * rsa_bits_min: RequiredRSASize; below 1024 counts as 1024.
 */
MUST_USE enum err key_check(const struct key *k, unsigned int rsa_bits_min);

/* The public half of a private key, borrowed from it. */
void key_of_signer(const struct signer *s, struct key *k);

/* Append the blob, type's name included. */
MUST_USE enum err key_write(const struct key *k, struct buf *out);

/*
 * Append "SHA256:…" (base64 without padding) or "MD5:aa:bb:…" of a plain
 * key's blob. hash: HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512.
 */
MUST_USE enum err
key_fingerprint(struct slice blob, enum hash_id hash, struct buf *out);

/* Append "TYPE BASE64": a blob as authorized_keys and .pub files have it. */
MUST_USE enum err key_write_text(struct slice blob, struct buf *out);

#endif
