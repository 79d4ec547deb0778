/*
 * kex.h - one key exchange, server's side: methods, exchange hash, keys
 *
 * Source:  RFC 4253 §7.2, §8; the methods' files name theirs
 * Runs in: gate, session. Made at KEXINIT, freed when the keys are derived.
 *
 *     client 30 (or 34, 32) ──► kex_step ──► the method fills transcript,
 *     answer and secret ──► kex_hash ──► signature ──► kex_reply ──► kex_derive
 */
#ifndef KEX_H
#define KEX_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/transport/transport.h"

#include <stdbool.h>
#include <stdint.h>

/* Numbers within the methods' range, RFC 4253 §8, RFC 4419 §3 */
enum {
	KEX_INIT = 30,       /* client: public value */
	KEX_REPLY = 31,      /* server: key, public value, signature */
	KEX_GEX_GROUP = 31,  /* server: p, g */
	KEX_GEX_INIT = 32,   /* client: e */
	KEX_GEX_REPLY = 33,  /* server */
	KEX_GEX_REQUEST = 34 /* client: min, n, max */
};

struct kex {
	const struct algo *method;
	const struct transport_ops *ops; /* for a group */
	size_t need;      /* octets of the longest key to derive */
	uint8_t due;      /* the client's message that is awaited; 0: none */
	uint8_t reply;    /* number of the signed reply */
	struct buf prime; /* group exchange: p and g as magnitudes */
	struct buf generator;
	struct buf transcript; /* what H covers between K_S and K, encoded */
	struct buf answer;     /* server's public value, encoded; or p and g */
	struct buf secret;     /* K, encoded */
};

/* The other things that the exchange hash covers. */
struct kex_parties {
	struct slice client_version, server_version; /* no CR LF */
	struct slice client_init, server_init;       /* KEXINIT payloads */
	struct slice hostkey;                        /* K_S */
};

/* k is zeroed; keeps ops. */
void kex_init(struct kex *k, const struct algo *method, size_t need,
    const struct transport_ops *ops);
void kex_clear(struct kex *k); /* wipes */

/*
 * Take the client's message (number and body). OK: k->due tells the next one,
 * and answer goes out under KEX_GEX_GROUP; or due is 0, and the exchange is
 * agreed. ERR_PHASE: not the message that is due. ERR_PUBLIC_VALUE, ERR_KEX,
 * ERR_SHORT, ERR_TRAILING, ERR_FORMAT.
 */
MUST_USE enum err kex_step(struct kex *k, uint8_t message, struct slice body);

/* The exchange hash H: h has room for HASH_MAX. */
MUST_USE enum err
kex_hash(const struct kex *k, const struct kex_parties *p, uint8_t *h);
size_t kex_hash_octets(const struct kex *k);

/* The signed reply. */
void kex_reply(const struct kex *k, struct wr *w, struct slice hostkey,
    struct slice signature);

/* RFC 4253 §7.2: fill out for a letter 'A' to 'F'. */
MUST_USE enum err kex_derive(const struct kex *k, struct slice h, char letter,
    struct slice session_id, struct bytes out);

/* ---- the methods: kex_NAME.c ---- */

/* Each parses body to its end and fills transcript, answer and secret. */
MUST_USE enum err
kex_dh_step(struct kex *k, uint8_t message, struct slice body);
MUST_USE enum err
kex_gex_step(struct kex *k, uint8_t message, struct slice body);
MUST_USE enum err
kex_ecdh_step(struct kex *k, uint8_t message, struct slice body);
MUST_USE enum err
kex_hybrid_step(struct kex *k, uint8_t message, struct slice body);

/* Diffie-Hellman with this group: e in, f and K out (for dh and gex). */
MUST_USE enum err
kex_dh_agree(struct kex *k, struct slice p, struct slice g, struct slice e);

/* Fill transcript and answer with two strings, secret with what wr wrote. */
MUST_USE enum err
kex_agreed(struct kex *k, struct slice client, struct slice server);

#endif
