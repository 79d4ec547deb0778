/*
 * dh.h - Diffie-Hellman over finite fields; the moduli file
 *
 * Source: RFC 4253 §8, RFC 4419, RFC 8268. Peer's values are checked:
 * 1 < e < p-1 and at least four bits set, else ERR_PUBLIC_VALUE.
 */
#ifndef SALLYPORT_CRYPTO_DH_H
#define SALLYPORT_CRYPTO_DH_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"

#define DH_OCTETS_MAX 1024 /* 8192 bits */
#define DH_BITS_MIN   2048
#define DH_BITS_MAX   8192

/* A built-in group's modulus, big-endian; the generator is 2. */
struct slice dh_group_prime(enum dh_group_id id);

/*
 * An exponent of twice the security strength for a key of need octets (the
 * longest key, IV or MAC key that will be derived), and f = g^x mod p into
 * public (room for p.n octets; *n tells how many). p, g: magnitudes.
 */
struct dh;
MUST_USE enum err dh_new(struct slice p, struct slice g, size_t need,
    struct dh **d, uint8_t *public, size_t *n);
/* shared: room for DH_OCTETS_MAX; magnitude without leading zeros. */
MUST_USE enum err
dh_agree(struct dh *d, struct slice peer, uint8_t *shared, size_t *n);
void dh_free(struct dh *d);

/*
 * One line of a moduli file: time type tests tries size generator modulus.
 * Usable lines have type 2 (safe), tests without composite (1) and tries or
 * other tests done. bits is the modulus' length (size + 1). prime (room
 * DH_OCTETS_MAX) may be NULL to look only. ERR_FORMAT: comment or not usable.
 */
struct dh_modulus {
	uint32_t bits;
	uint8_t generator;
	size_t n; /* octets of prime */
};
MUST_USE enum err
dh_moduli_line(struct slice line, struct dh_modulus *m, uint8_t *prime);

/*
 * Choose from a moduli file's text for a client that asked min, n, max
 * (clamped to DH_BITS_*): the smallest size that is at least n, else the
 * largest below, at random among equals; ERR_NOT_FOUND where nothing fits:
 * then dh_fallback gives the built-in group of at least n bits or the largest
 * within [min, max]; ERR_NOT_FOUND if none.
 */
MUST_USE enum err dh_moduli_choose(struct slice text, uint32_t min, uint32_t n,
    uint32_t max, struct dh_modulus *m, uint8_t *prime);
MUST_USE enum err
dh_fallback(uint32_t min, uint32_t n, uint32_t max, enum dh_group_id *id);

#endif
