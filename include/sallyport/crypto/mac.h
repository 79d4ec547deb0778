/*
 * mac.h - message authentication codes of packets: HMAC and UMAC
 *
 * Source: RFC 4253 §6.4, RFC 6668, RFC 4418; -etm and umac as OpenSSH has
 * them. For HMAC the sequence number is the first thing hashed; for UMAC it is
 * the nonce.
 */
#ifndef SALLYPORT_CRYPTO_MAC_H
#define SALLYPORT_CRYPTO_MAC_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/algo.h"

#define MAC_TAG_MAX 64

struct mac;

/* key has the row's size. Gives; mac_free. */
MUST_USE enum err
mac_new(const struct algo *a, struct slice key, struct mac **m);
void mac_free(struct mac *m);

/* Tag of one packet; tag has room for MAC_TAG_MAX, tag_octets are written
 * (truncated forms included). */
MUST_USE enum err
mac_tag(struct mac *m, uint32_t seq, struct slice data, uint8_t *tag);

/* The key as a string, for handing over. */
void mac_export(const struct mac *m, struct wr *w);

/* UMAC (RFC 4418) itself, for its vectors: key 16, nonce 8 octets, tag 8 or
 * 16 octets. */
struct umac;
MUST_USE enum err
umac_new(struct slice key, size_t tag_octets, struct umac **u);
void umac_tag(struct umac *u, struct slice data, const uint8_t nonce[8],
    uint8_t *tag);
void umac_free(struct umac *u);

#endif
