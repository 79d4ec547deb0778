/*
 * open.c - kinds of channel, and who may open them
 *
 * A kind that nobody serves is refused by its owner, with the code of its row,
 * so that clients hear the same as from a server whose administrator forbade
 * it.
 */
#include "sallyport/connect/open.h"

#include "inside.h"
#include "sallyport/transport/transport.h"

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

/* clang-format off */
static const struct open_row rows[] = {
	/* type              kind                     fields            refused */
	{ "session",         OPEN_SESSION,            parse_nothing,
	  OPEN_CONNECT_FAILED },
	{ "direct-tcpip",    OPEN_DIRECT_TCPIP,       parse_tcpip,
	  OPEN_PROHIBITED },
	{ "direct-streamlocal@openssh.com",
	                     OPEN_DIRECT_STREAMLOCAL, parse_streamlocal,
	  OPEN_CONNECT_FAILED },
	{ "tun@openssh.com", OPEN_TUN,                parse_tun,
	  OPEN_CONNECT_FAILED },
};
/* clang-format on */

static const struct open_row *
find_row(struct slice type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is(type, rows[i].type))
			return &rows[i];
	return NULL;
}

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

/* A reason code, or 0: a channel was made and confirmed. */
static uint32_t
try_open(struct connect *c, const struct open_row *row, uint32_t peer,
    const struct window_out *out, const struct channel_open *req)
{
	struct channel *ch;

	if (row->kind == OPEN_SESSION && c->sessions >= c->max_sessions)
		return row->refusal;
	if ((ch = channel_new(c, row)) == NULL)
		return OPEN_SHORTAGE;
	ch->peer = peer;
	ch->out = *out;
	if (!c->ops->open(c->ops->ctx, ch, req)) {
		channel_free(ch);
		return row->refusal;
	}
	confirm(ch);
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
