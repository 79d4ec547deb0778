/*
 * keeper.h - the keeper's state; private to the room
 */
#ifndef SALLYPORT_SRC_KEEPER_KEEPER_H
#define SALLYPORT_SRC_KEEPER_KEEPER_H

#include "hostkeys.h"

#include "sallyport/base/list.h"
#include "sallyport/base/loop.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/rpc/keeper_ops.h"

/* HostKeyAgent; agent.c */
struct agent {
	char *path;         /* NULL: none is configured */
	struct watch watch; /* of the link; its fd is -1 without one */
	struct timer timer; /* the present answer's, the listener's, a turn's */
	struct link waiting;         /* of struct keeper_peer */
	bool asked;                  /* the listener, for another link */
	bool busy;                   /* a request is under way */
	struct keeper_peer *current; /* whose it is; NULL: gone meanwhile */
	const struct algo *alg;      /* what it is to be signed by */
	struct buf out, in;
};

struct keeper {
	struct loop *loop;
	struct rpc *listener; /* the first channel; its peer's from then on */
	struct keeper_peer *root; /* that peer; NULL: the listener is gone */
	struct agent agent;
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

	/* of one that it waits for from the agent */
	struct link agent_link;
	bool agent_waits; /* in line */
	unsigned int agent_tries;
	const struct hostkey *agent_key;
	const struct algo *agent_alg;
	struct buf agent_data;
};

/* Serve a channel from now on; takes rpc. ERR_SYSTEM: closed. */
MUST_USE enum err
keeper_add(struct keeper *k, struct rpc *rpc, unsigned int phase);

/* Close its channel and forget it. */
void keeper_drop(struct keeper_peer *p);

/* Send a signature that serve_later put off, or the refusal; a peer that can't
 * be told is dropped. */
void keeper_reply(struct keeper_peer *p, bool ok, struct slice signature);

/*
 * Connect to HostKeyAgent, if path isn't empty: before the sandbox. One that
 * isn't there is told in the log, and asked for again when a key is needed.
 */
void agent_init(struct keeper *k, struct slice path);
MUST_USE enum err agent_watch(struct keeper *k); /* with the loop */
/* Another link, which was asked for: takes fd. -1: it isn't to be had. */
void agent_link(struct keeper *k, int fd);

/* Have the agent sign data for the request of p being handled now: its answer
 * comes later. ERR_TOO_LONG. */
MUST_USE enum err agent_sign(struct keeper_peer *p, const struct hostkey *key,
    const struct algo *alg, struct slice data);

/* It is being dropped: nothing is sent to it any more. */
void agent_forget(struct keeper_peer *p);

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
