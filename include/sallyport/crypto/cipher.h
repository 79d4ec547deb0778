/*
 * cipher.h - seal and open by algorithm: one direction's cipher
 *
 * Source: RFC 4253 §6.3, RFC 4344, RFC 5647, chacha20-poly1305@openssh.com.
 * Works in place. AEAD ciphers (ALGO_AEAD) use seal, open and length; the
 * others use crypt, and mac.h beside it.
 */
#ifndef SALLYPORT_CRYPTO_CIPHER_H
#define SALLYPORT_CRYPTO_CIPHER_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/algo.h"

struct cipher;

enum cipher_way { CIPHER_SEAL, CIPHER_OPEN };

/* key and iv have the row's sizes exactly, else ERR_KEY_LENGTH. Copies them
 * to secret memory as far as it needs them. Gives; cipher_free. */
MUST_USE enum err cipher_new(const struct algo *a, enum cipher_way way,
    struct slice key, struct slice iv, struct cipher **c);
void cipher_free(struct cipher *c); /* wipes; NULL does nothing */

/*
 * AEAD: packet is packet_length (4 octets) and what follows it but the tag.
 * seal encrypts in place and writes tag_octets to tag. seq: sequence number.
 */
MUST_USE enum err
cipher_seal(struct cipher *c, uint32_t seq, struct bytes packet, uint8_t *tag);

/*
 * AEAD: packet_length from its first four octets as received (not changed).
 * To be trusted for nothing but how many octets to wait for.
 */
MUST_USE enum err cipher_length(struct cipher *c, uint32_t seq,
    const uint8_t first[4], uint32_t *length);

/* AEAD: check the tag and decrypt in place (the length too). ERR_MAC: the
 * tag is wrong, and what packet holds now is of no use: what came, or zeros,
 * but nothing that was decrypted. */
MUST_USE enum err cipher_open(struct cipher *c, uint32_t seq,
    struct bytes packet, const uint8_t *tag);

/* CTR, CBC: encrypt or decrypt in place; a multiple of the block. */
MUST_USE enum err cipher_crypt(struct cipher *c, struct bytes data);

/*
 * Key and present IV (counter, chain), as two strings, for handing the
 * running cipher to another process; cipher_new takes them again.
 */
void cipher_export(const struct cipher *c, struct wr *w);

#endif
