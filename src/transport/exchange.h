/*
 * exchange.h - a key exchange as the transport runs it, from KEXINIT to NEWKEYS
 *
 * Source:  RFC 4253 §7 to §9; strict key exchange (SEC-27)
 *
 *     ours  ─ KEXINIT ─────────────── reply, NEWKEYS (, EXT_INFO) ─
 *             │ payloads from above wait in the queue │
 *     peer  ─────── KEXINIT ── 30 … ──────────────────── NEWKEYS ──
 *                   │ nothing but the exchange's messages comes │
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "kex.h"
#include "kexinit.h"
#include "packet.h"
#include "sallyport/base/err.h"

struct transport;

struct exchange {
	uint64_t began_s;
	struct buf server_init; /* I_S */
	struct buf client_init; /* I_C; empty until it comes */
	struct kexinit_outcome outcome;
	struct kex kex;
	struct packet_dir
	    next_in;  /* the keys that wait for the peer's NEWKEYS */
	bool replied; /* our NEWKEYS are sent */
};

/* Send our KEXINIT. There is no exchange under way. */
MUST_USE enum err exchange_begin(struct transport *t);

/* The peer's KEXINIT, a method's message, its NEWKEYS; payloads whole. */
MUST_USE enum err exchange_kexinit(struct transport *t, struct slice payload);
MUST_USE enum err exchange_message(struct transport *t, struct slice payload);
MUST_USE enum err exchange_newkeys(struct transport *t, struct slice payload);

/* Wipes; NULL does nothing. */
void exchange_free(struct exchange *x);

#endif
