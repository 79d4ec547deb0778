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
};

/* Serve a channel from now on; takes rpc. ERR_SYSTEM: closed. */
MUST_USE enum err
keeper_add(struct keeper *k, struct rpc *rpc, unsigned int phase);

#endif
