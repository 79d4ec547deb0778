/*
 * open.c - kinds of channel, and who may open them
 *
 * A kind that nobody serves is refused by its owner, with the code of its row,
 * so that clients hear the same as from a server whose administrator forbade
 * it.
 */
#include "sallyport/connect/open.h"

#include "inside.h"
#include "sallyport/base/must.h"
#include "sallyport/transport/transport.h"

#include <string.h>

#define TEXT_MAX      1024u /* host names, addresses, paths */
#define OPEN_FAIL_MAX 64u

static void
parse_nothing(struct rd *r, struct channel_open *req)
{
	(void)r;
	(void)req;
}

static void
parse_tcpip(struct rd *r, struct channel_open *req)
{
	req->target = rd_text(r, TEXT_MAX);
	req->port = rd_u32(r);
	req->originator = rd_text(r, TEXT_MAX);
	req->originator_port = rd_u32(r);
}

static void
parse_streamlocal(struct rd *r, struct channel_open *req)
{
	req->target = rd_text(r, TEXT_MAX);
	req->originator = rd_text(r, TEXT_MAX); /* reserved, both */
	req->originator_port = rd_u32(r);
}

static void
parse_tun(struct rd *r, struct channel_open *req)
{
	req->tun_mode = rd_u32(r);
	req->tun_unit = rd_u32(r);
}

static void
write_nothing(struct wr *w, const struct channel_open *req)
{
	(void)w;
	(void)req;
}

static void
write_tcpip(struct wr *w, const struct channel_open *req)
{
	wr_string(w, req->target);
	wr_u32(w, req->port);
	wr_string(w, req->originator);
	wr_u32(w, req->originator_port);
}

static void
write_streamlocal(struct wr *w, const struct channel_open *req)
{
	wr_string(w, req->target);
	wr_cstr(w, ""); /* reserved */
}

static void
write_x11(struct wr *w, const struct channel_open *req)
{
	wr_string(w, req->originator);
	wr_u32(w, req->originator_port);
}

/* clang-format off */
static const struct open_row rows[] = {
	/* type              kind                     fields            refused */
	{ "session",         OPEN_SESSION,            parse_nothing,
	  OPEN_CONNECT_FAILED, NULL },
	{ "direct-tcpip",    OPEN_DIRECT_TCPIP,       parse_tcpip,
	  OPEN_PROHIBITED, NULL },
	{ "direct-streamlocal@openssh.com",
	                     OPEN_DIRECT_STREAMLOCAL, parse_streamlocal,
	  OPEN_CONNECT_FAILED, NULL },
	{ "tun@openssh.com", OPEN_TUN,                parse_tun,
	  OPEN_CONNECT_FAILED, NULL },
	/* ours */
	{ "forwarded-tcpip", OPEN_FORWARDED_TCPIP, NULL, 0, write_tcpip },
	{ "forwarded-streamlocal@openssh.com",
	                     OPEN_FORWARDED_STREAMLOCAL, NULL, 0,
	  write_streamlocal },
	{ "x11",             OPEN_X11,           NULL, 0, write_x11     },
	{ "auth-agent@openssh.com",
	                     OPEN_AGENT,         NULL, 0, write_nothing },
	{ "agent-connect",   OPEN_AGENT_CONNECT, NULL, 0, write_nothing },
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* A kind that a client may ask for. */
static const struct open_row *
find_row(struct slice type)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].parse != NULL && slice_is(type, rows[i].type))
			return &rows[i];
	return NULL;
}

static const struct open_row *
row_of(enum open_kind kind)
{
	size_t i = 0;

	while (i < ROWS && rows[i].kind != kind)
		i++;
	must(i < ROWS && rows[i].write != NULL);
	return &rows[i];
}

/* ---- the client asks ---- */

static void
refuse(struct connect *c, uint32_t peer, uint32_t code)
{
	struct wr w = connect_begin(c, MSG_CHANNEL_OPEN_FAILURE, OPEN_FAIL_MAX);

	wr_u32(&w, peer);
	wr_u32(&w, code);
	wr_cstr(&w, "open failed");
	wr_cstr(&w, ""); /* language */
	connect_end(c, &w);
}

static void
confirm(struct channel *ch)
{
	struct wr w = connect_begin(ch->c, MSG_CHANNEL_OPEN_CONFIRMATION, 17);

	wr_u32(&w, ch->peer);
	wr_u32(&w, ch->id);
	wr_u32(&w, ch->in.left);
	wr_u32(&w, CHANNEL_PACKET_MAX);
	connect_end(ch->c, &w);
}

static uint32_t
reason(const struct open_row *row, enum open_answer answer)
{
	if (answer == OPEN_FAILED)
		return OPEN_CONNECT_FAILED;
	return answer == OPEN_FULL ? OPEN_SHORTAGE : row->refusal;
}

/* Told the owner's answer, ch is open or gone. */
static void
settle(struct channel *ch, enum open_answer answer)
{
	channel_set_opening(ch, false);
	if (answer == OPEN_YES) {
		confirm(ch);
		return;
	}
	refuse(ch->c, ch->peer, reason(ch->row, answer));
	channel_free(ch);
}

void
open_settle(struct channel *ch, enum open_answer answer)
{
	must(ch->opening && answer != OPEN_LATER);
	settle(ch, answer);
}

/* A reason code, or 0: there is a channel, and its owner knows the answer. */
static uint32_t
try_open(struct connect *c, const struct open_row *row, uint32_t peer,
    const struct window_out *out, const struct channel_open *req)
{
	struct channel *ch;
	enum open_answer answer;

	if (row->kind == OPEN_SESSION && c->sessions >= c->max_sessions)
		return row->refusal;
	if (c->opening >= OPEN_LATER_MAX || (ch = channel_new(c, row)) == NULL)
		return OPEN_SHORTAGE;
	ch->peer = peer;
	ch->out = *out;
	channel_set_opening(ch, true);
	answer = c->ops->open(c->ops->ctx, ch, req);
	if (answer != OPEN_LATER)
		settle(ch, answer);
	return 0;
}

enum err
open_on_open(struct connect *c, struct rd *r)
{
	const struct open_row *row = find_row(rd_string(r));
	uint32_t peer = rd_u32(r), code;
	struct channel_open req = {.kind = OPEN_SESSION};
	struct window_out out;
	enum err e;

	out.left = rd_u32(r);
	out.packet = rd_u32(r);
	if (row == NULL) {
		if ((e = rd_status(r)) == OK)
			refuse(c, peer, OPEN_UNKNOWN_TYPE);
		return e;
	}
	req.kind = row->kind;
	row->parse(r, &req);
	if ((e = rd_end(r)) != OK)
		return e;
	if (row->kind == OPEN_SESSION && c->no_more_sessions)
		return connect_refuse(c, ERR_PHASE,
		    "Possible attack: attempt to open a session after "
		    "additional sessions disabled");
	if ((code = try_open(c, row, peer, &out, &req)) != 0)
		refuse(c, peer, code);
	return OK;
}

/* ---- we ask ---- */

struct channel *
open_ask(struct connect *c, const struct channel_open *req)
{
	const struct open_row *row = row_of(req->kind);
	struct channel *ch;
	struct wr w;

	if (c->opening >= OPEN_LATER_MAX || (ch = channel_new(c, row)) == NULL)
		return NULL;
	channel_set_opening(ch, true);
	ch->ours = true;
	w = connect_begin(c, MSG_CHANNEL_OPEN,
	    64 + strlen(row->type) + req->target.n + req->originator.n);
	wr_cstr(&w, row->type);
	wr_u32(&w, ch->id);
	wr_u32(&w, ch->in.left);
	wr_u32(&w, CHANNEL_PACKET_MAX);
	row->write(&w, req);
	connect_end(c, &w);
	return ch;
}

/* The channel of ours that an answer is for. */
static enum err
answered(struct connect *c, struct rd *r, struct channel **ch)
{
	uint32_t id = rd_u32(r);

	if (rd_status(r) != OK)
		return rd_status(r);
	*ch = channel_find(c, id);
	if (*ch == NULL || !(*ch)->opening || !(*ch)->ours)
		return connect_refuse(c, ERR_CHANNEL,
		    "answer for channel %u, which is not opening", id);
	return OK;
}

enum err
open_on_confirmation(struct connect *c, struct rd *r)
{
	struct channel *ch;
	uint32_t peer;
	struct window_out out;
	enum err e;

	if ((e = answered(c, r, &ch)) != OK)
		return e;
	peer = rd_u32(r);
	out.left = rd_u32(r);
	out.packet = rd_u32(r);
	if ((e = rd_end(r)) != OK)
		return e;
	ch->peer = peer;
	ch->out = out;
	channel_set_opening(ch, false);
	c->ops->opened(c->ops->ctx, ch, true);
	return OK;
}

enum err
open_on_failure(struct connect *c, struct rd *r)
{
	struct channel *ch;
	enum err e;

	if ((e = answered(c, r, &ch)) != OK)
		return e;
	(void)rd_u32(r); /* reason */
	(void)rd_string(r);
	(void)rd_string(r); /* language */
	if ((e = rd_end(r)) != OK)
		return e;
	channel_set_opening(ch, false);
	c->ops->opened(c->ops->ctx, ch, false);
	channel_free(ch);
	return OK;
}
