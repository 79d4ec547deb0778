/*
 * global.c - requests that belong to no channel, ours and the client's
 */
#include "sallyport/connect/global.h"

#include "inside.h"
#include "sallyport/base/mem.h"
#include "sallyport/transport/transport.h"

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

enum err
global_on_request(struct connect *c, struct rd *r)
{
	struct slice name = rd_string(r);
	const struct row *row = find_row(name);
	struct global_request q = {.want_reply = rd_bool(r)};
	SCOPED(buf_clear) struct buf reply = BUF_LIMIT(REPLY_MAX);
	bool yes = false;
	enum err e;

	if (row != NULL) {
		q.kind = row->kind;
		row->parse(r, &q);
	} else {
		(void)rd_rest(r);
	}
	if ((e = rd_end(r)) != OK)
		return e;
	if (row != NULL) {
		yes = c->ops->global(c->ops->ctx, &q, &reply);
	} else if (slice_is(name, "no-more-sessions@openssh.com")) {
		c->no_more_sessions = yes = true;
	} else if (slice_is(name, KEEPALIVE)) {
		yes = true;
	}
	if (q.want_reply)
		answer(c, yes, yes ? buf_slice(&reply) : SLICE_NONE);
	return OK;
}
