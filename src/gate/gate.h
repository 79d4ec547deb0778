/*
 * gate.h - the gate's state; private to this room
 *
 * One process per connection, without rights, until the user is in. It speaks
 * the protocol and decides nothing.
 */
#ifndef SALLYPORT_GATE_GATE_H
#define SALLYPORT_GATE_GATE_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/conf/conf.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/monitor_ops.h"
#include "sallyport/transport/transport.h"
#include "sallyport/userauth/userauth.h"

#include <stdbool.h>

struct gate {
	const struct common *common;
	const struct conn *conn;
	struct rpc *monitor;
	struct transport *transport;
	struct transport_offer offer;
	char *sig_algs; /* of the offer; NULL: not worked out yet */
	struct userauth auth;
	const struct conf *conf;      /* global, then with Match applied */
	struct buf banner;            /* from find_user until it was sent */
	uint64_t version_at_ms;       /* the peer's identification was seen */
	uint64_t kex_at_ms;           /* its first message after that */
	bool in_changed, out_changed; /* O_NONBLOCK was set by us */
};

/* End the process: 0 in order, 1 otherwise. Descriptors that others have, too,
 * are left as they were found. */
_Noreturn void gate_leave(struct gate *g, int status);

/* Send what waits, at most so long without progress. False: not all. */
bool gate_flush(struct gate *g, int patience_ms);

/* ---- offer.c: what is offered to the peer ---- */

void offer_make(struct gate *g);

/* Work out server-sig-algs, which are needed behind the first signature: who
 * never gets there doesn't cost it. */
void offer_complete(struct gate *g);

/*
 * The plain signature algorithms that a list of PubkeyAcceptedAlgorithms
 * allows, in its order, each once; a certificate's name counts as that of its
 * signature. Gives text; mem_free.
 */
char *offer_sig_algs(const char *pubkey_algorithms);

/* ---- oracle.c: questions to the monitor ---- */

extern const struct userauth_ops oracle_auth;

/* Host key signatures and groups; ctx: the gate. */
struct transport_ops oracle_transport(struct gate *g);

/* The log's lines go to the monitor from now on. */
void oracle_take_log(struct gate *g);

/* ---- farewell.c: how it ended, in the log and to the peer ---- */

/* Reading or writing failed or came to its end; errno of ERR_SYSTEM. */
_Noreturn void farewell_lost(struct gate *g, enum err e);
/* transport_next gave e. */
_Noreturn void farewell_transport(struct gate *g, enum err e);
/* userauth_input gave e. */
_Noreturn void farewell_auth(struct gate *g, enum err e);
/* A scanner that tells its name is sent away; else nothing. */
void farewell_scanner(struct gate *g);

#endif
