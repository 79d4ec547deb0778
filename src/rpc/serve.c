/*
 * serve.c - phase and count are checked, then the handler is called
 *
 * SEC-2: what isn't in the table for the present phase ends the connection,
 * before an octet of it is decoded.
 */
#include "sallyport/rpc/serve.h"

#include "sallyport/base/must.h"

#include <stdalign.h>
#include <stddef.h>

/* The row, if it may be asked now. A row that may be asked once is used up. */
static const struct op *
admit(struct serve *s, uint32_t number, unsigned int phase)
{
	const struct op *op;

	must(s->n <= SERVE_OPS_MAX);
	if (number >= s->n)
		return NULL;
	op = &s->ops[number];
	if ((op->phases & phase) == 0)
		return NULL;
	if (op->times == ONCE && s->used[number])
		return NULL;
	s->used[number] = true;
	return op;
}

/* Call the handler; what it answers, if nobody has yet, is sent. */
static enum err
handle(struct serve *s, const struct op *op, const void *req)
{
	alignas(max_align_t) uint8_t rep[SERVE_STRUCT_MAX];
	enum err e;

	layout_clear(op->rep, rep);
	e = op->handle(s->ctx, req, rep);
	if (e == OK && s->owed != NULL && !s->deferred && !s->later)
		e = serve_reply(s, rep);
	layout_close(op->rep, rep);
	return e;
}

enum err
serve_one(struct serve *s, struct rpc *r, unsigned int phase, bool nowait)
{
	alignas(max_align_t) uint8_t req[SERVE_STRUCT_MAX];
	const struct layout *outer_rep = s->rep;
	struct rpc *outer_rpc = s->rpc;
	const struct op *op;
	uint32_t number;
	enum err e;

	/* a handler that takes requests has answered its own before */
	must(s->owed == NULL);
	if ((e = rpc_receive(r, nowait, &number)) != OK)
		return e;
	if ((op = admit(s, number, phase)) == NULL)
		return ERR_PHASE;
	must(op->req->size <= sizeof(req) && op->rep->size <= sizeof(req));
	if ((e = rpc_decode(r, op->req, req)) != OK)
		return e;

	s->rpc = r;
	s->rep = op->rep;
	s->owed = op->rep == &layout_note_rep ? NULL : op;
	s->deferred = false;
	e = handle(s, op, req);
	if (e == OK && s->later) {
		rpc_forget(r);
		return OK; /* the rest is serve_reply's */
	}
	s->rep = outer_rep;
	if (e == OK && s->deferred) {
		/* the outer handler answers, and may still read the request */
		s->deferred = false;
		return OK;
	}
	s->rpc = outer_rpc;
	s->owed = NULL;
	rpc_forget(r); /* there may have been a password in it */
	return e;
}

enum err
serve_reply(struct serve *s, const void *rep)
{
	const struct op *op = s->owed;

	must(op != NULL && layout_begins(s->rep, op->rep));
	s->owed = NULL;
	s->later = false;
	return rpc_reply(s->rpc, (uint32_t)(op - s->ops), op->rep, rep);
}

void
serve_defer(struct serve *s)
{
	must(s->owed != NULL);
	s->deferred = true;
}

void
serve_later(struct serve *s)
{
	must(s->owed != NULL && !s->deferred);
	s->later = true;
}

bool
serve_owes(const struct serve *s)
{
	return s->owed != NULL;
}
