/*
 * keycheck_ops.h - what the monitor asks of keycheck: is this key good?
 *
 * log: keycheck's own lines go to the monitor as notes over the same channel,
 * before the answer; ask_judge's reader hands them on (rpc_on_note).
 */
#ifndef SALLYPORT_RPC_KEYCHECK_OPS_H
#define SALLYPORT_RPC_KEYCHECK_OPS_H

#include "sallyport/rpc/serve.h"

#define PHASE_ANY 1u

/* clang-format off */
#define KEYCHECK_OPS(OP)                                                  \
	/* name   asked when   times request    reply     */               \
	OP(judge, PHASE_ANY,   MANY, judge_req, judge_rep)                \
	OP(tokens, PHASE_ANY,  MANY, empty_msg, tokens_rep)               \
	OP(netgroups, PHASE_ANY, MANY, empty_msg, netgroups_msg)
/* clang-format on */

#define OP(name, phases, times, req, rep) SERVE_NUMBER(KEYCHECK, name),
enum keycheck_op { KEYCHECK_OPS(OP) KEYCHECK_OP_COUNT };
#undef OP
#define OP(name, phases, times, req, rep) SERVE_ASKER(KEYCHECK, name, req, rep)
KEYCHECK_OPS(OP)
#undef OP

struct keycheck;
#define OP(name, phases, times, req, rep)                                      \
	SERVE_HANDLER(struct keycheck, name, req, rep)
KEYCHECK_OPS(OP)
#undef OP

/* In the answering room, once at file scope: static const struct op var[]. */
#define KEYCHECK_THUNK_(name, phases, times, req, rep)                         \
	SERVE_THUNK(name, req, rep)
#define KEYCHECK_TABLE(var)                                                    \
	KEYCHECK_OPS(KEYCHECK_THUNK_)                                          \
	static const struct op var[] = {KEYCHECK_OPS(SERVE_ROW)}

#endif
