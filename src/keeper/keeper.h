/*
 * keeper.h - the keeper's state; private to the room
 */
#ifndef SALLYPORT_SRC_KEEPER_KEEPER_H
#define SALLYPORT_SRC_KEEPER_KEEPER_H

#include "hostkeys.h"

#include "sallyport/base/list.h"
#include "sallyport/base/loop.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/rpc/keeper_ops.h"

struct keeper {
	struct loop *loop;
	struct rpc *listener; /* the first channel; its peer's from then on */
	struct hostkeys keys;
	struct link peers; /* of struct keeper_peer; none left: the end */
	struct buf answer; /* the signature being sent */

	/* fido.c */
	struct rpc *fido; /* to the errand, or NULL */
	struct watch fido_watch;
	uint32_t fido_last; /* number of the last request */
};

/* Whoever has a channel to us: listener, spawner, or one connection. */
struct keeper_peer {
	struct keeper *keeper;
	struct link link;
	struct watch watch;
	struct rpc *rpc;
	struct serve serve;
	unsigned int phase; /* KEEPER_ROOT or KEEPER_LINK, for good */

	/* The first exchange hash that was signed here (RFC 4253 §7.2) */
	uint8_t session_id[HASH_MAX];
	size_t session_octets; /* 0: none yet */

	uint32_t fido_number; /* of the signature that it waits for; or 0 */
};

/* Serve a channel from now on; takes rpc. ERR_SYSTEM: closed. */
MUST_USE enum err
keeper_add(struct keeper *k, struct rpc *rpc, unsigned int phase);

/* Close its channel and forget it. */
void keeper_drop(struct keeper_peer *p);

/*
 * Start the errand that signs with FIDO keys, if there are any: before the
 * sandbox. provider: SecurityKeyProvider's path.
 */
MUST_USE enum err fido_start(struct keeper *k, struct slice provider);
MUST_USE enum err fido_watch(struct keeper *k); /* with the loop */

/*
 * Have a FIDO key sign data for the request of p being handled now: its answer
 * comes later. ERR_PEER_CLOSED: the errand is gone; ERR_AGAIN: it has too much
 * to do.
 */
MUST_USE enum err
fido_sign(struct keeper_peer *p, const struct hostkey *key, struct slice data);

#endif
