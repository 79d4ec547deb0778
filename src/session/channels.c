/*
 * channels.c - who owns which channel: the protocol's events to their owners
 */
#include "session.h"

#include "forward.h"

static enum open_answer
on_open(void *ctx, struct channel *ch, const struct channel_open *req)
{
	struct session *s = ctx;

	switch (req->kind) {
	case OPEN_SESSION:
		return program_open(s, ch) ? OPEN_YES : OPEN_NO;
	case OPEN_DIRECT_TCPIP:
	case OPEN_DIRECT_STREAMLOCAL:
		return forward_open(s, ch, req);
	case OPEN_TUN:
		return tun_open(s, ch, req);
	default:
		return OPEN_NO;
	}
}

static void
on_opened(void *ctx, struct channel *ch, bool yes)
{
	struct relay *r = channel_owner(ch);

	(void)ctx;
	if (r != NULL) {
		r->ops->opened(r, yes);
		return;
	}
	/* its owner went while the client thought about it */
	if (yes)
		channel_close(ch);
}

static bool
on_request(void *ctx, struct channel *ch, const struct channel_request *q)
{
	struct relay *r = channel_owner(ch);

	(void)ctx;
	return r->ops->request != NULL && r->ops->request(r, q);
}

static size_t
on_data(void *ctx, struct channel *ch, struct slice octets)
{
	struct relay *r = channel_owner(ch);

	(void)ctx;
	return r->ops->data(r, octets);
}

static void
on_eof(void *ctx, struct channel *ch)
{
	struct relay *r = channel_owner(ch);

	(void)ctx;
	r->ops->eof(r);
}

static void
on_closed(void *ctx, struct channel *ch)
{
	struct relay *r = channel_owner(ch);

	(void)ctx;
	r->ops->closed(r);
}

static void
on_writable(void *ctx, struct channel *ch)
{
	struct relay *r = channel_owner(ch);

	(void)ctx;
	r->ops->resume(r);
}

static enum global_answer
on_global(void *ctx, const struct global_request *q, struct buf *reply)
{
	struct session *s = ctx;

	if (q->kind == GLOBAL_PROVE_KEYS)
		return offer_prove(s, q->blobs, reply) ? GLOBAL_YES : GLOBAL_NO;
	return remote_request(s, q, reply);
}

void
channels_init(struct session *s)
{
	s->connect_ops = (struct connect_ops){.ctx = s,
	    .open = on_open,
	    .opened = on_opened,
	    .request = on_request,
	    .data = on_data,
	    .eof = on_eof,
	    .closed = on_closed,
	    .writable = on_writable,
	    .global = on_global};
	s->connect = connect_new(s->t, &s->connect_ops, s->conf.max_sessions);
}

/* An op may free its relay, but no other. */
void
channels_resume(struct session *s)
{
	LIST_EACH_SAFE (l, &s->relays) {
		struct relay *r = LIST_ITEM(l, struct relay, link);

		if (r->ch != NULL)
			r->ops->resume(r);
	}
}

void
channels_drop_all(struct session *s)
{
	remote_stop(s);
	reclaim_free(s);
	agent_stop(s);
	LIST_EACH_SAFE (l, &s->relays) {
		struct relay *r = LIST_ITEM(l, struct relay, link);

		r->ops->drop(r);
	}
	incoming_close_all(s); /* those that programs had are gone with them */
}
