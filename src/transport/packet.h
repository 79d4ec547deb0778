/*
 * packet.h - one SSH binary packet, sealed or opened in memory
 *
 * Source:  RFC 4253 §6, RFC 4344, RFC 5647; encrypt-then-MAC and
 *          chacha20-poly1305 as OpenSSH has them
 * Runs in: gate (before login), session (after). No I/O, no log, no clock.
 *
 *      +---------------+----------------+---------+---------+---------+
 *      | packet_length | padding_length | payload | padding |   tag   |
 *      |   4 octets    |       1        |    n    | 4..255  | 0..64   |
 *      +---------------+----------------+---------+---------+---------+
 *
 * The tag covers the sequence number, which isn't sent. It counts packets,
 * not octets, and wraps at 2^32: rekeying comes long before.
 *
 *   mode             length       aligned       tag over       checked
 *   no keys          clear        with length   -              -
 *   AEAD             clear or     without it    length and     before the
 *                    encrypted                  ciphertext     decryption
 *   encrypt-then-MAC clear        without it    the same       the same
 *   encrypt-and-MAC  encrypted    with length   plain packet   after it
 */
#ifndef PACKET_H
#define PACKET_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/crypto/cipher.h"
#include "sallyport/crypto/mac.h"

#include <stdbool.h>
#include <stdint.h>

#define PACKET_HEADER 5 /* octets before the payload */
/* Octets behind the payload at most: 4 + 15 of padding, and the tag */
#define PACKET_TAIL (19 + MAC_TAG_MAX)

/* Keys and sequence number of one direction */
struct packet_dir {
	const struct algo *cipher_alg; /* NULL: no keys yet */
	const struct algo *mac_alg;    /* NULL: an AEAD cipher, or no keys */
	struct cipher *cipher;
	struct mac *mac;
	uint32_t seq;     /* of the next packet */
	uint64_t packets; /* under these keys */
	uint64_t octets;  /* under these keys, as on the wire */
	uint64_t total;   /* octets of the whole connection */
	/*
	 * Encrypt-and-MAC only: octets at the front of the input that were
	 * decrypted to learn the length of a packet that isn't whole yet.
	 */
	size_t peeked;
	uint32_t fault; /* the number that ERR_PACKET_LENGTH is about */
	bool unaligned; /* that it isn't a multiple of the block */
};

/* What the keys of one direction are derived for. */
struct packet_keys {
	const struct algo *cipher;
	const struct algo *mac; /* NULL with an AEAD cipher */
	struct slice key;
	struct slice iv;
	struct slice mac_key;
};

/*
 * Replace the keys; the sequence number and total go on. ERR_KEY_LENGTH or
 * ERR_CRYPTO: nothing was changed. Copies the keys.
 */
MUST_USE enum err packet_rekey(struct packet_dir *dir,
    const struct packet_keys *keys, enum cipher_way way);

/* Move the keys of from, and their counts, to dir; from has none then. */
void packet_take_keys(struct packet_dir *dir, struct packet_dir *from);

/* Wipe and forget the keys. */
void packet_clear(struct packet_dir *dir);

/*
 * Seal the payload of n octets (n >= 1) that stands PACKET_HEADER octets after
 * the start of room, in place; behind it room has PACKET_TAIL octets. *used
 * tells how many octets of room the packet takes. ERR_SEQUENCE, ERR_REKEY:
 * no packet may be sent any more under these keys.
 */
MUST_USE enum err
packet_seal(struct packet_dir *dir, struct bytes room, size_t n, size_t *used);

/* What *used will be for a payload of n octets. */
size_t packet_sealed(const struct packet_dir *dir, size_t n);

/*
 * Open the packet at the start of in, decrypting it in place.
 *
 * On OK, *payload points into in and *used tells how many octets of in the
 * packet took. ERR_MORE: in holds no whole packet yet; at most its first block
 * was decrypted (peeked), so the next call must see the same octets again.
 * ERR_PACKET_LENGTH, ERR_MAC, ERR_PADDING: the connection is over. With
 * encrypt-and-MAC a bad length becomes ERR_MAC after the longest packet's
 * worth of octets and work, so that neither result nor time tells which
 * (SEC-31, CVE-2008-5161).
 */
MUST_USE enum err packet_open(struct packet_dir *dir, struct bytes in,
    struct slice *payload, size_t *used);

/* Octets that packets are padded to; 8 without keys. */
size_t packet_block(const struct packet_dir *dir);

#endif
