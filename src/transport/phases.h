/*
 * phases.h - which message may come when: one table, phase by message
 *
 * Source:  RFC 4253 §7.1, §9 to §11; strict key exchange (SEC-27, SEC-28)
 * What isn't allowed ends the connection or is answered UNIMPLEMENTED, as the
 * table says; no handler asks whether it was its turn.
 */
#ifndef PHASES_H
#define PHASES_H

#include <stdint.h>

enum phase {
	WHEN_START,   /* identification is known; no KEXINIT of the peer's */
	WHEN_STRICT,  /* initial exchange, strict */
	WHEN_FIRST,   /* initial exchange of a peer that knows no strict one */
	WHEN_AUTH,    /* keyed; service request and user authentication */
	WHEN_SESSION, /* authenticated */
	WHEN_REKEY,   /* from the peer's later KEXINIT to its NEWKEYS */
	WHEN_COUNT
};

enum action {
	ACT_END = 0,    /* the connection is over: what no row names */
	ACT_UNKNOWN,    /* answer SSH_MSG_UNIMPLEMENTED */
	ACT_DROP,       /* nothing at all */
	ACT_DELIVER,    /* to the layer above */
	ACT_DISCONNECT, /* the peer goes */
	ACT_KEXINIT,    /* a key exchange begins, or is answered */
	ACT_KEX,        /* the method's message */
	ACT_NEWKEYS,    /* the peer's new keys */
	ACT_EXT_INFO,   /* RFC 8308 */
	ACT_PING        /* answer SSH_MSG_PONG */
};

enum action phases_action(enum phase phase, uint8_t message);

#endif
