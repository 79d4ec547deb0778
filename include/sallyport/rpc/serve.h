/*
 * serve.h - a table of requests: phase and count are checked, then the handler
 *
 * OPS(OP) is an X-macro of rows OP(name, phases, times, request, reply).
 *
 *     MONITOR_TABLE(ops);
 *     struct serve s = SERVE_INIT(ops, monitor);
 *     while ((e = serve_one(&s, rpc, phase, nowait)) == OK) …
 *
 * A handler that can't answer yet, because it waits for the peer's next
 * message (PAM's conversation), sends its answer early with serve_reply, goes
 * on with serve_one itself, and returns OK at its end: its own *rep is then
 * the answer to the request that was taken last with serve_defer. So
 *
 *     on_kbdint_start(m, req, rep):    pam runs …
 *         conversation: serve_reply(&m->serve, &prompt); then
 *             while (!m->answered) serve_one(&m->serve, rpc, PHASE_PROMPT, …)
 *                 on_kbdint_answer: note it, serve_defer(&m->serve)
 *         … pam ends; *rep = verdict: sent as kbdint_answer's reply
 *
 * One whose answer comes from elsewhere calls serve_later and returns OK; when
 * the answer is there, serve_reply sends it. Until then serve_owes is true and
 * nothing is taken from that peer.
 */
#ifndef SALLYPORT_RPC_SERVE_H
#define SALLYPORT_RPC_SERVE_H

#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/messages.h"

enum op_times { ONCE, MANY };

struct op {
	const char *name;
	unsigned int phases;
	enum op_times times;
	const struct layout *req;
	const struct layout *rep; /* &layout_note_rep: a note */
	enum err (*handle)(void *ctx, const void *req, void *rep);
};

#define SERVE_OPS_MAX 32
/* Largest message struct: where a decoded request and its reply live */
#define SERVE_STRUCT_MAX 512

struct serve {
	const struct op *ops;
	size_t n;
	void *ctx;
	bool used[SERVE_OPS_MAX]; /* ONCE rows that were asked */
	struct rpc *rpc;          /* of the request being handled */
	const struct op *owed;    /* whose reply is still to be sent */
	const struct layout *rep; /* what the running handler answers with */
	bool deferred;            /* its handler left that to the outer one */
	bool later;               /* its handler has returned without it */
};

#define SERVE_INIT(table, context)                                             \
	{                                                                      \
		.ops = (table), .n = sizeof(table) / sizeof((table)[0]),       \
		.ctx = (context)                                               \
	}

/*
 * Receive one request, check it against the table, handle it, reply.
 *
 * A handler finds *rep all zero, its descriptors -1; those that it puts there
 * are sent and then closed, those of the request are the handler's to close.
 * The request's slices live as long as the handler runs, of a deferred one
 * until the next frame; then the frame is wiped. The reply may borrow from
 * the request.
 *
 * ERR_PHASE: not in the table for this phase, or asked once too often:
 * nothing was decoded. ERR_AGAIN (nowait), ERR_EOF, ERR_RPC; or what the
 * handler returned (anything but OK ends the connection).
 */
MUST_USE enum err
serve_one(struct serve *s, struct rpc *r, unsigned int phase, bool nowait);

/* Answer the request being handled now, whose handler goes on, or the one that
 * serve_later put off. */
MUST_USE enum err serve_reply(struct serve *s, const void *rep);

/*
 * In a handler under serve_one inside another handler: that one answers. Its
 * reply struct must begin with the fields of the one that is asked for.
 */
void serve_defer(struct serve *s);

/*
 * In a handler that isn't inside another: serve_reply comes after its return.
 * What the request's slices point to is gone by then.
 */
void serve_later(struct serve *s);

/* Is an answer still to come? serve_one must not be called then. */
bool serve_owes(const struct serve *s);

#define LOG_NOTE 250u /* log_msg as a note: keycheck's lines */

/*
 * ---- what a row becomes; each *_ops.h applies these to its table ----
 *
 * SERVE_NUMBER   its number: MONITOR_find_user
 * SERVE_ASKER    enum err ask_find_user(rpc, &req, &rep), which waits; of a
 *                note (reply note_rep) it only sends, rep may be NULL
 * SERVE_HANDLER  prototype of on_find_user(monitor, &req, &rep)
 * SERVE_THUNK    its untyped form, and
 * SERVE_ROW      its place in a struct op table; both used by the answering
 *                room once: see MONITOR_TABLE in monitor_ops.h
 */
#define SERVE_NUMBER(set_, name_) set_##_##name_

#define SERVE_ASKER(set_, name_, req_, rep_)                                   \
	MUST_USE static inline enum err ask_##name_(struct rpc *r,             \
	    const struct req_ *req, struct rep_ *rep)                          \
	{                                                                      \
		return rpc_ask(r, set_##_##name_, &layout_##req_, req,         \
		    &layout_##rep_, rep);                                      \
	}

#define SERVE_HANDLER(ctx_, name_, req_, rep_)                                 \
	enum err on_##name_(ctx_ *ctx, const struct req_ *req,                 \
	    struct rep_ *rep);

#define SERVE_THUNK(name_, req_, rep_)                                         \
	static enum err serve_##name_(void *ctx, const void *req, void *rep)   \
	{                                                                      \
		return on_##name_(ctx, req, rep);                              \
	}

#define SERVE_ROW(name_, phases_, times_, req_, rep_)                          \
	{#name_, (phases_), (times_), &layout_##req_, &layout_##rep_,          \
	    serve_##name_},

#endif
