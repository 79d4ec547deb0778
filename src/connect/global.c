/*
 * global.c - requests that belong to no channel, ours and the client's
 */
#include "sallyport/connect/global.h"

#include "inside.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/transport/transport.h"

#include <string.h>

#define TEXT_MAX  1024u
#define REPLY_MAX ((size_t)128 << 10) /* signatures of every host key */
#define KEEPALIVE "keepalive@openssh.com"

/* ---- ours ---- */

void
global_announce_keys(struct connect *c, const struct slice *blobs, size_t n)
{
	static const char name[] = "hostkeys-00@openssh.com";
	size_t max = 64;
	struct wr w;

	for (size_t i = 0; i < n; i++)
		max += 4 + blobs[i].n;
	if (n == 0 || max > TRANSPORT_PAYLOAD_MAX)
		return;
	w = connect_begin(c, MSG_GLOBAL_REQUEST, max);
	wr_cstr(&w, name);
	wr_bool(&w, false);
	for (size_t i = 0; i < n; i++)
		wr_string(&w, blobs[i]);
	connect_end(c, &w);
}

static const struct channel *
any_open(const struct connect *c)
{
	for (size_t i = 0; i < c->nslots; i++)
		if (c->slots[i].ch != NULL && !c->slots[i].ch->close_sent &&
		    !c->slots[i].ch->opening)
			return c->slots[i].ch;
	return NULL;
}

void
global_keepalive(struct connect *c)
{
	const struct channel *ch = any_open(c);
	struct wr w = connect_begin(c,
	    ch != NULL ? MSG_CHANNEL_REQUEST : MSG_GLOBAL_REQUEST, 64);

	if (ch != NULL)
		wr_u32(&w, ch->peer);
	wr_cstr(&w, KEEPALIVE);
	wr_bool(&w, true);
	connect_end(c, &w);
}

/* ---- the client's ---- */

static void
parse_tcpip(struct rd *r, struct global_request *q)
{
	q->target = rd_text(r, TEXT_MAX);
	q->port = rd_u32(r);
}

static void
parse_path(struct rd *r, struct global_request *q)
{
	q->target = rd_text(r, TEXT_MAX);
}

static void
parse_blobs(struct rd *r, struct global_request *q)
{
	q->blobs = r->left;
	while (rd_status(r) == OK && r->left.n > 0)
		(void)rd_string(r);
}

struct row {
	const char *name;
	enum global_kind kind;
	void (*parse)(struct rd *r, struct global_request *q);
};

/* clang-format off */
static const struct row rows[] = {
	/* name                            kind                  fields */
	{ "tcpip-forward",                 GLOBAL_TCPIP_FORWARD, parse_tcpip },
	{ "cancel-tcpip-forward",          GLOBAL_TCPIP_CANCEL,  parse_tcpip },
	{ "streamlocal-forward@openssh.com",
	                          GLOBAL_STREAMLOCAL_FORWARD,    parse_path },
	{ "cancel-streamlocal-forward@openssh.com",
	                          GLOBAL_STREAMLOCAL_CANCEL,     parse_path },
	{ "hostkeys-prove-00@openssh.com", GLOBAL_PROVE_KEYS,    parse_blobs },
};
/* clang-format on */

static const struct row *
find_row(struct slice name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static void
answer(struct connect *c, bool yes, struct slice reply)
{
	struct wr w = connect_begin(c,
	    yes ? MSG_REQUEST_SUCCESS : MSG_REQUEST_FAILURE, 1 + reply.n);

	wr_raw(&w, reply);
	connect_end(c, &w);
}

/* Of one that was read whole: take it, answer it, or leave it open. */
static void
take_request(struct connect *c, const struct row *row, struct slice name,
    const struct global_request *q)
{
	SCOPED(buf_clear) struct buf reply = BUF_LIMIT(REPLY_MAX);
	enum global_answer said = GLOBAL_NO;

	if (row != NULL) {
		said = c->ops->global(c->ops->ctx, q, &reply);
	} else if (slice_is(name, "no-more-sessions@openssh.com")) {
		c->no_more_sessions = true;
		said = GLOBAL_YES;
	} else if (slice_is(name, KEEPALIVE)) {
		said = GLOBAL_YES;
	}
	if (said == GLOBAL_LATER) {
		c->awaited = true;
		c->awaited_reply = q->want_reply;
	} else if (q->want_reply) {
		answer(c, said == GLOBAL_YES,
		    said == GLOBAL_YES ? buf_slice(&reply) : SLICE_NONE);
	}
}

static enum err
parse(struct rd *r, const struct row **row, struct slice *name,
    struct global_request *q)
{
	*name = rd_string(r);
	*row = find_row(*name);
	*q = (struct global_request){.want_reply = rd_bool(r)};
	if (*row != NULL) {
		q->kind = (*row)->kind;
		(*row)->parse(r, q);
	} else {
		(void)rd_rest(r);
	}
	return rd_end(r);
}

/* ---- those that have to wait ---- */

struct waiting {
	struct link link;
	size_t n;
	uint8_t body[]; /* behind the message's number */
};

static enum err
put_off(struct connect *c, struct slice body)
{
	struct waiting *w;

	if (c->nwaiting >= GLOBAL_WAITING_MAX ||
	    body.n > GLOBAL_WAITING_OCTETS - c->waiting_octets)
		return connect_refuse(c, ERR_FULL,
		    "too many global requests at a time");
	w = mem_new(sizeof(*w) + body.n);
	w->n = body.n;
	memcpy(w->body, body.p, body.n);
	list_add_tail(&c->waiting, &w->link);
	c->nwaiting++;
	c->waiting_octets += w->n;
	return OK;
}

static struct waiting *
next_waiting(struct connect *c)
{
	struct waiting *w = LIST_ITEM(c->waiting.next, struct waiting, link);

	list_remove(&w->link);
	c->nwaiting--;
	c->waiting_octets -= w->n;
	return w;
}

void
global_forget(struct connect *c)
{
	while (!list_empty(&c->waiting))
		mem_free(next_waiting(c));
}

static void
take_waiting(struct connect *c)
{
	SCOPED(mem_free_at) struct waiting *w = next_waiting(c);
	struct rd r = rd_from(slice_make(w->body, w->n));
	const struct row *row;
	struct global_request q;
	struct slice name;

	/* it was read whole when it came */
	must(parse(&r, &row, &name, &q) == OK);
	take_request(c, row, name, &q);
}

/* An owner that settles what it is asked here comes back by this loop, not by
 * another call's: a client's list of requests isn't ours of calls. */
void
global_settle(struct connect *c, bool yes, struct slice reply)
{
	must(c->awaited);
	c->awaited = false;
	if (c->awaited_reply)
		answer(c, yes, yes ? reply : SLICE_NONE);
	if (c->settling)
		return;
	c->settling = true;
	while (!c->awaited && !list_empty(&c->waiting))
		take_waiting(c);
	c->settling = false;
}

enum err
global_on_request(struct connect *c, struct rd *r)
{
	struct slice body = r->left;
	const struct row *row;
	struct global_request q;
	struct slice name;
	enum err e = parse(r, &row, &name, &q);

	if (e != OK)
		return e;
	if (c->awaited)
		return put_off(c, body);
	take_request(c, row, name, &q);
	return OK;
}
