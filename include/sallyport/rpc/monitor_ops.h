/*
 * monitor_ops.h - everything that a gate or a session can ask of the monitor
 *
 * This page is the whole of what a broken-in gate (rows with KEX, AUTH, PROMPT
 * or DONE) or session (SESSION) can reach. From a row come the number, the
 * asking side's ask_NAME, the check of phase and count before anything is
 * decoded (serve.h), and the prototype of the answering side's on_NAME.
 *
 *     KEX      no user name yet
 *     AUTH     the user name is known
 *     PROMPT   a PAM dialogue is open
 *     TOKEN    a GSSAPI exchange was begun: the client's token is due
 *     MIC      it was accepted: the client's MIC is due
 *     DONE     the verdict was success; the gate is to hand over
 *     SESSION  the session asks
 *     REFUSED  PAM's account management said no: the gate is to say so and end
 *
 * Reply note_rep: nothing is answered. The answering side is
 * struct monitor.
 */
#ifndef SALLYPORT_RPC_MONITOR_OPS_H
#define SALLYPORT_RPC_MONITOR_OPS_H

#include "sallyport/rpc/serve.h"

#define PHASE_KEX     1u
#define PHASE_AUTH    2u
#define PHASE_PROMPT  4u
#define PHASE_DONE    8u
#define PHASE_SESSION 16u
#define PHASE_REFUSED 32u
#define PHASE_TOKEN   64u
#define PHASE_MIC     128u

#define AUTH_PHASES (PHASE_AUTH | PHASE_PROMPT | PHASE_TOKEN | PHASE_MIC)
#define GATE_PHASES (PHASE_KEX | AUTH_PHASES | PHASE_DONE | PHASE_REFUSED)
#define KEX_PHASES  (PHASE_KEX | AUTH_PHASES | PHASE_SESSION)

/* clang-format off */
#define MONITOR_OPS(OP)                                                                      \
	/* name          asked when                              times request        reply */   \
	OP(log,          GATE_PHASES | PHASE_SESSION,             MANY, log_msg,       note_rep)          \
	OP(sign_kex,     KEX_PHASES,                             MANY, sign_req,      sign_rep)      \
	OP(pick_group,   KEX_PHASES,                             MANY, modulus_req,   modulus_rep)   \
	OP(find_user,    PHASE_KEX,                              ONCE, user_req,      user_rep)      \
	OP(auth_none,    PHASE_AUTH,                             MANY, none_req,      verdict_rep)   \
	OP(auth_pubkey,  PHASE_AUTH,                             MANY, pubkey_req,    verdict_rep)   \
	OP(auth_hostbased, PHASE_AUTH,                           MANY, hostbased_req, verdict_rep)   \
	OP(auth_password, PHASE_AUTH,                            MANY, password_req,  verdict_rep)   \
	OP(auth_other,   PHASE_AUTH,                             MANY, kbdint_req,    verdict_rep)   \
	OP(kbdint_start, PHASE_AUTH,                             MANY, kbdint_req,    prompt_rep)    \
	OP(kbdint_answer, PHASE_PROMPT,                          MANY, answer_req,    prompt_rep)    \
	OP(kbdint_cancel, PHASE_PROMPT,                          MANY, empty_msg,     verdict_rep)   \
	OP(gss_start,    PHASE_AUTH,                             MANY, empty_msg,     verdict_rep)   \
	OP(gss_token,    PHASE_TOKEN,                            MANY, token_req,     token_rep)     \
	OP(gss_mic,      PHASE_MIC,                              MANY, token_req,     verdict_rep)   \
	OP(gss_cancel,   PHASE_TOKEN | PHASE_MIC,                MANY, empty_msg,     verdict_rep)   \
	OP(hand_over,    PHASE_DONE,                             ONCE, hand_over_msg, note_rep)          \
	OP(prove_key,    PHASE_SESSION,                          MANY, prove_req,     sign_rep)      \
	OP(open_pty,     PHASE_SESSION,                          MANY, pty_req,       pty_rep)       \
	OP(login_record, PHASE_SESSION,                          MANY, login_req,     login_rep)     \
	OP(pty_done,     PHASE_SESSION,                          MANY, pty_done_req,  note_rep)      \
	OP(tell_stats,   PHASE_SESSION,                          MANY, stats_msg,     note_rep)      \
	OP(listens,      PHASE_SESSION,                          ONCE, listens_msg,   note_rep)      \
	OP(reclaim,      PHASE_SESSION,                          MANY, reclaim_msg,   note_rep)      \
	OP(reclaimed,    PHASE_SESSION,                          MANY, reclaimed_msg, note_rep)
/* clang-format on */
/* auth_other: a method that isn't enabled or not known; it counts and fails
 * (devices names the method, for the log). */

/* Notes to a session. */
#define SESSION_LOOK      251u /* empty_msg: answer with tell_stats */
#define SESSION_RECLAIM   252u /* reclaim_msg: answer with reclaimed */
#define SESSION_RECLAIMED 253u /* reclaimed_msg: an answer to its reclaim */

/* gss_token, gss_mic: one of each follows a gss_start, which counts as every
 * attempt does; the phase says that there isn't a second. */

#define OP(name, phases, times, req, rep) SERVE_NUMBER(MONITOR, name),
enum monitor_op { MONITOR_OPS(OP) MONITOR_OP_COUNT };
#undef OP
#define OP(name, phases, times, req, rep) SERVE_ASKER(MONITOR, name, req, rep)
MONITOR_OPS(OP)
#undef OP

struct monitor;
#define OP(name, phases, times, req, rep)                                      \
	SERVE_HANDLER(struct monitor, name, req, rep)
MONITOR_OPS(OP)
#undef OP

/* In the answering room, once at file scope: static const struct op var[]. */
#define MONITOR_THUNK_(name, phases, times, req, rep)                          \
	SERVE_THUNK(name, req, rep)
#define MONITOR_TABLE(var)                                                     \
	MONITOR_OPS(MONITOR_THUNK_)                                            \
	static const struct op var[] = {MONITOR_OPS(SERVE_ROW)}

#endif
