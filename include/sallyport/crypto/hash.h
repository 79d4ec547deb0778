/*
 * hash.h - MD5, SHA-1, SHA-2; at once or in pieces
 *
 * MD5 and SHA-1 serve old MACs, old key exchanges and fingerprints only.
 */
#ifndef SALLYPORT_CRYPTO_HASH_H
#define SALLYPORT_CRYPTO_HASH_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"

#define HASH_MAX 64 /* octets of the longest: SHA-512 */

size_t hash_octets(enum hash_id id); /* 16, 20, 32, 48, 64 */

/* Digest of data; out has room for hash_octets(id). */
MUST_USE enum err hash_once(enum hash_id id, struct slice data, uint8_t *out);

/* In pieces. hash_end frees, also when something failed before. */
struct hash;
MUST_USE enum err hash_begin(enum hash_id id, struct hash **h);
void hash_add(struct hash *h, struct slice data);
void hash_add_u32(struct hash *h, uint32_t v);        /* big-endian */
void hash_add_string(struct hash *h, struct slice s); /* u32 length first */
MUST_USE enum err hash_end(struct hash *h, uint8_t *out);

/* HMAC of data under key, for small uses (known_hosts, delays). */
MUST_USE enum err
hash_hmac(enum hash_id id, struct slice key, struct slice data, uint8_t *out);

#endif
