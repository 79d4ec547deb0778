/*
 * request.c - kinds of channel request: their fields, and when they may come
 */
#include "sallyport/connect/request.h"

#include "inside.h"
#include "sallyport/transport/transport.h"

#define TEXT_MAX TRANSPORT_PACKET_MAX /* a command may fill a packet */
#define TERM_MAX 1024u

enum when {
	BEFORE = 1, /* a program was started */
	AFTER = 2,
	ANY = BEFORE | AFTER
};

static void
parse_nothing(struct rd *r, struct channel_request *q)
{
	(void)r;
	(void)q;
}

static void
parse_text(struct rd *r, struct channel_request *q)
{
	q->text = rd_text(r, TEXT_MAX);
}

static void
parse_size(struct rd *r, struct channel_request *q)
{
	q->cols = rd_u32(r);
	q->rows = rd_u32(r);
	q->width_pixels = rd_u32(r);
	q->height_pixels = rd_u32(r);
}

static void
parse_pty(struct rd *r, struct channel_request *q)
{
	q->text = rd_text(r, TERM_MAX);
	parse_size(r, q);
	q->modes = rd_string(r);
}

static void
parse_env(struct rd *r, struct channel_request *q)
{
	q->text = rd_text(r, TEXT_MAX);
	q->value = rd_string(r);
}

static void
parse_x11(struct rd *r, struct channel_request *q)
{
	q->single = rd_bool(r);
	q->text = rd_text(r, TERM_MAX);
	q->value = rd_text(r, TERM_MAX);
	q->screen = rd_u32(r);
}

static void
parse_break(struct rd *r, struct channel_request *q)
{
	q->break_ms = rd_u32(r);
}

struct row {
	const char *name;
	enum request_kind kind;
	enum when when;
	void (*parse)(struct rd *r, struct channel_request *q);
};

/* clang-format off */
static const struct row rows[] = {
	/* name              kind               when    fields        */
	{ "pty-req",         REQUEST_PTY,       BEFORE, parse_pty     },
	{ "x11-req",         REQUEST_X11,       BEFORE, parse_x11     },
	{ "auth-agent-req@openssh.com",
	                     REQUEST_AGENT,     BEFORE, parse_nothing },
	{ "agent-req",       REQUEST_AGENT_CONNECT,
	                                        BEFORE, parse_nothing },
	{ "env",             REQUEST_ENV,       BEFORE, parse_env     },
	{ "shell",           REQUEST_SHELL,     BEFORE, parse_nothing },
	{ "exec",            REQUEST_EXEC,      BEFORE, parse_text    },
	{ "subsystem",       REQUEST_SUBSYSTEM, BEFORE, parse_text    },
	{ "window-change",   REQUEST_WINDOW,    ANY,    parse_size    },
	{ "break",           REQUEST_BREAK,     ANY,    parse_break   },
	{ "signal",          REQUEST_SIGNAL,    AFTER,  parse_text    },
	{ "eow@openssh.com", REQUEST_EOW,       ANY,    parse_nothing },
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

/* What the owner's yes changes. */
static void
note(struct channel *ch, enum request_kind kind)
{
	if (kind == REQUEST_PTY)
		ch->has_pty = true;
	if (kind == REQUEST_SHELL || kind == REQUEST_EXEC ||
	    kind == REQUEST_SUBSYSTEM)
		ch->started = true;
}

static bool
ask_owner(struct channel *ch, const struct row *row,
    const struct channel_request *q)
{
	const struct connect_ops *ops = ch->c->ops;
	bool yes;

	if (ch->row->kind != OPEN_SESSION)
		return false;
	if (((unsigned int)row->when & (ch->started ? AFTER : BEFORE)) == 0)
		return false;
	yes = ops->request(ops->ctx, ch, q);
	if (yes)
		note(ch, q->kind);
	return yes;
}

static void
answer(struct channel *ch, bool yes)
{
	struct wr w = connect_begin(ch->c,
	    yes ? MSG_CHANNEL_SUCCESS : MSG_CHANNEL_FAILURE, 5);

	wr_u32(&w, ch->peer);
	connect_end(ch->c, &w);
}

enum err
request_on_request(struct connect *c, struct rd *r)
{
	uint32_t id = rd_u32(r);
	const struct row *row = find_row(rd_string(r));
	bool want_reply = rd_bool(r), yes = false;
	struct channel_request q = {.kind = REQUEST_EOW};
	struct channel *ch = channel_find(c, id);
	enum err e;

	if (row != NULL) {
		q.kind = row->kind;
		row->parse(r, &q);
	} else {
		(void)rd_rest(r);
	}
	if ((e = rd_end(r)) != OK)
		return e;
	if (ch == NULL || ch->opening || ch->close_received)
		return connect_refuse(c, ERR_CHANNEL,
		    "request for channel %u, which does not exist", id);
	if (row != NULL && row->kind == REQUEST_PTY && ch->has_pty)
		return connect_refuse(c, ERR_PHASE,
		    "Protocol error: you already have a pty.");
	if (row != NULL && ch->owned)
		yes = ask_owner(ch, row, &q);
	/* after our CLOSE nothing is sent, and the owner may have closed */
	if (want_reply && !ch->close_sent)
		answer(ch, yes);
	return OK;
}
