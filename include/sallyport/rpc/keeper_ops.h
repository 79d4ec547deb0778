/*
 * keeper_ops.h - what a monitor, a spawner or the listener asks of the keeper
 *
 * KEEPER_LINK: over a connection's link; a monitor. KEEPER_ROOT: over the
 * listener's or a spawner's link.
 */
#ifndef SALLYPORT_RPC_KEEPER_OPS_H
#define SALLYPORT_RPC_KEEPER_OPS_H

#include "sallyport/rpc/serve.h"

#define KEEPER_LINK 1u
#define KEEPER_ROOT 2u

/* clang-format off */
#define KEEPER_OPS(OP)                                                        \
	/* name       asked when   times request           reply         */      \
	OP(sign,      KEEPER_LINK, MANY, keeper_sign_msg,  signature_msg)        \
	OP(prove,     KEEPER_LINK, MANY, keeper_prove_msg, signature_msg)        \
	OP(link,      KEEPER_ROOT, MANY, link_msg,         note_rep)             \
	OP(agent,     KEEPER_ROOT, MANY, agent_msg,        note_rep)
/* clang-format on */

#define OP(name, phases, times, req, rep) SERVE_NUMBER(KEEPER, name),
enum keeper_op { KEEPER_OPS(OP) KEEPER_OP_COUNT };
#undef OP
#define OP(name, phases, times, req, rep) SERVE_ASKER(KEEPER, name, req, rep)
KEEPER_OPS(OP)
#undef OP

struct keeper_peer;
#define OP(name, phases, times, req, rep)                                      \
	SERVE_HANDLER(struct keeper_peer, name, req, rep)
KEEPER_OPS(OP)
#undef OP

/* In the answering room, once at file scope: static const struct op var[]. */
#define KEEPER_THUNK_(name, phases, times, req, rep) SERVE_THUNK(name, req, rep)
#define KEEPER_TABLE(var)                                                      \
	KEEPER_OPS(KEEPER_THUNK_)                                              \
	static const struct op var[] = {KEEPER_OPS(SERVE_ROW)}

/* Plain messages outside the table: the first to a keeper, its answer. */
enum { KEEPER_START = 100, KEEPER_KEYS = 101 };

/* Keeper to listener, an empty_msg: HostKeyAgent is wanted; answered by the
 * request agent. */
enum { KEEPER_AGENT_LOST = 102 };

/* Keeper and the errand of FIDO keys: fido_sign_msg, fido_signed_msg. */
enum { KEEPER_FIDO_SIGN = 110, KEEPER_FIDO_SIGNED = 111 };

#endif
