/*
 * control_ops.h - everything that can be asked over the control socket
 *
 * The asking side is sallyportctl (phase ADMIN), or the process that serves
 * MetricsListen (METRICS), which may ask for the figures and nothing else. The
 * answering side is the listener: no request keeps it from its work for longer
 * than it takes to write one frame, and lists come in pages.
 *
 * A list is RFC 4251 strings, each one message of the layout that is told
 * here, encoded.
 */
#ifndef SALLYPORT_RPC_CONTROL_OPS_H
#define SALLYPORT_RPC_CONTROL_OPS_H

#include "sallyport/rpc/serve.h"

#define PHASE_ADMIN   1u
#define PHASE_METRICS 2u

#define CONTROL_PAGE 64u /* entries of a list at a time */

/* clang-format off */
#define CONTROL_OPS(OP)                                                       \
	/* name           asked in                     times request          reply     */ \
	OP(status,          PHASE_ADMIN,                 MANY, empty_msg,       status_rep)  \
	OP(list_sessions,   PHASE_ADMIN,                 MANY, list_req,        list_rep)    \
	OP(kill_session,    PHASE_ADMIN,                 MANY, number_req,      done_rep)    \
	OP(list_penalties,  PHASE_ADMIN,                 MANY, list_req,        list_rep)    \
	OP(clear_penalties, PHASE_ADMIN,                 MANY, text_req,        done_rep)    \
	OP(admission,       PHASE_ADMIN,                 MANY, text_req,        admission_rep) \
	OP(reload,          PHASE_ADMIN,                 MANY, number_req,      done_rep)    \
	OP(confirm,         PHASE_ADMIN,                 MANY, empty_msg,       done_rep)    \
	OP(configuration,   PHASE_ADMIN,                 MANY, empty_msg,       configuration_rep) \
	OP(figures,         PHASE_ADMIN | PHASE_METRICS, MANY, figures_req,     figures_rep)
/* clang-format on */
/*
 * list_sessions:  session_entry, by number; from the one behind "after" on
 * list_penalties: penalty_entry; "after" counts those that were told
 * kill_session:   the number of list_sessions
 * clear_penalties: an address, ADDRESS/BITS, or nothing: all
 * admission:      an address: what would become of a connection from there
 * reload:         seconds until which it must be confirmed; 0: needn't be
 */

#define OP(name, phases, times, req, rep) SERVE_NUMBER(CONTROL, name),
enum control_op { CONTROL_OPS(OP) CONTROL_OP_COUNT };
#undef OP
#define OP(name, phases, times, req, rep) SERVE_ASKER(CONTROL, name, req, rep)
CONTROL_OPS(OP)
#undef OP

struct visitor;
#define OP(name, phases, times, req, rep)                                      \
	SERVE_HANDLER(struct visitor, name, req, rep)
CONTROL_OPS(OP)
#undef OP

/* In the answering room, once at file scope: static const struct op var[]. */
#define CONTROL_THUNK_(name, phases, times, req, rep)                          \
	SERVE_THUNK(name, req, rep)
#define CONTROL_TABLE(var)                                                     \
	CONTROL_OPS(CONTROL_THUNK_)                                            \
	static const struct op var[] = {CONTROL_OPS(SERVE_ROW)}

/* The listener's first note to the process that serves MetricsListen:
 * metrics_start_msg. */
#define METRICS_START 252u

#endif
