#include "sallyport/connect/channel.h"

#include "inside.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/transport/transport.h"

#define DATA_HEAD     9u /* number, channel, length */
#define EXTENDED_HEAD CHANNEL_BULK_HEAD
#define SLOTS_FIRST   4u
/* Numbers stay below 2^31: clients keep them in an int. */
#define GENERATIONS (UINT32_C(0x80000000) / CONNECT_CHANNELS_MAX)

/* ---- the table ---- */

static struct slot *
free_slot(struct connect *c)
{
	size_t n = c->nslots;

	for (size_t i = 0; i < n; i++)
		if (c->slots[i].ch == NULL)
			return &c->slots[i];
	if (n == CONNECT_CHANNELS_MAX)
		return NULL;
	c->nslots = n == 0 ? SLOTS_FIRST : n * 2;
	c->slots = mem_resize(c->slots, n, c->nslots, sizeof(*c->slots));
	return &c->slots[n];
}

struct channel *
channel_new(struct connect *c, const struct open_row *row)
{
	struct slot *slot = free_slot(c);
	struct channel *ch;

	if (slot == NULL)
		return NULL;
	ch = slot->ch = mem_new(sizeof(*ch));
	ch->c = c;
	ch->row = row;
	ch->id = (uint32_t)(slot - c->slots) +
		 slot->generation * CONNECT_CHANNELS_MAX;
	ch->in.first = c->nopen < WINDOW_FULL ? WINDOW_FIRST : WINDOW_LATER;
	ch->in.size = ch->in.left = ch->in.first;
	ch->owned = true;
	c->nopen++;
	if (row->kind == OPEN_SESSION)
		c->sessions++;
	return ch;
}

struct channel *
channel_find(const struct connect *c, uint32_t id)
{
	size_t i = id % CONNECT_CHANNELS_MAX;
	struct channel *ch = i < c->nslots ? c->slots[i].ch : NULL;

	return ch != NULL && ch->id == id ? ch : NULL;
}

void
channel_set_opening(struct channel *ch, bool opening)
{
	if (ch->opening == opening)
		return;
	ch->opening = opening;
	ch->c->opening += opening ? 1u : UINT32_MAX;
}

void
channel_disown(struct channel *ch)
{
	if (!ch->owned)
		return;
	ch->owned = false;
	ch->owner = NULL;
	ch->c->nopen--;
	if (ch->row->kind == OPEN_SESSION)
		ch->c->sessions--;
}

void
channel_free(struct channel *ch)
{
	struct slot *slot = &ch->c->slots[ch->id % CONNECT_CHANNELS_MAX];

	channel_disown(ch);
	channel_set_opening(ch, false);
	window_end(&ch->in, &ch->c->purse);
	slot->generation = (slot->generation + 1) % GENERATIONS;
	slot->ch = NULL;
	mem_free(ch);
}

/* The channel that a message is for. */
static enum err
recipient(struct connect *c, struct rd *r, struct channel **ch)
{
	uint32_t id = rd_u32(r);

	*ch = channel_find(c, id);
	if (rd_status(r) != OK)
		return rd_status(r);
	if (*ch == NULL || (*ch)->opening)
		return connect_refuse(c, ERR_CHANNEL,
		    "message for channel %u, which does not exist", id);
	if ((*ch)->close_received)
		return connect_refuse(c, ERR_PHASE,
		    "channel %u: message after its close", id);
	return OK;
}

/* ---- for the owner ---- */

uint32_t
channel_id(const struct channel *ch)
{
	return ch->id;
}

void
channel_set_owner(struct channel *ch, void *owner)
{
	ch->owner = owner;
}

void *
channel_owner(const struct channel *ch)
{
	return ch->owner;
}

static bool
may_send_data(const struct channel *ch)
{
	return !ch->opening && !ch->eof_sent && !ch->close_sent &&
	       ch->c->broken == OK && transport_may_send(ch->c->t);
}

size_t
channel_room(const struct channel *ch)
{
	if (!may_send_data(ch))
		return 0;
	return window_room(&ch->out, CHANNEL_PACKET_MAX);
}

static size_t
head_octets(enum channel_stream stream)
{
	return stream == CHANNEL_OUT ? DATA_HEAD : EXTENDED_HEAD;
}

enum err
channel_bulk(struct channel *ch, enum channel_stream stream, size_t max,
    struct bytes *rooms, size_t *count)
{
	struct connect *c = ch->c;
	size_t head = head_octets(stream);
	enum err e;

	must(max > 0 && max <= channel_room(ch));
	must(*count > 0 && *count <= CHANNEL_BULK_MAX);
	if (*count > ch->out.left / max)
		*count = ch->out.left / max;
	e = transport_bulk(c->t, head + max, c->bulk, count);
	if (e != OK && c->broken == OK)
		c->broken = e;
	c->nbulk = e == OK ? *count : 0;
	c->bulk_stream = stream;
	for (size_t i = 0; i < c->nbulk; i++)
		rooms[i] = bytes_skip(c->bulk[i], head);
	return e;
}

/* One packet with n octets of data, which stand behind their head already. */
static enum err
seal_data(struct channel *ch, struct bytes payload, size_t n)
{
	struct connect *c = ch->c;
	size_t head = head_octets(c->bulk_stream);
	struct wr w = wr_to(bytes_first(payload, head));

	if (c->bulk_stream == CHANNEL_OUT) {
		wr_u8(&w, MSG_CHANNEL_DATA);
		wr_u32(&w, ch->peer);
	} else {
		wr_u8(&w, MSG_CHANNEL_EXTENDED_DATA);
		wr_u32(&w, ch->peer);
		wr_u32(&w, (uint32_t)c->bulk_stream);
	}
	wr_u32(&w, (uint32_t)n);
	must(wr_end(&w, NULL) == OK);
	ch->out.left -= (uint32_t)n;
	return transport_bulk_seal(c->t, head + n);
}

void
channel_bulk_seal(struct channel *ch, size_t n)
{
	struct connect *c = ch->c;
	size_t max = c->bulk[0].n - head_octets(c->bulk_stream);
	enum err e = OK;

	must(n > 0 && n <= c->nbulk * max);
	for (size_t i = 0; n > 0 && e == OK; i++) {
		size_t piece = n < max ? n : max;

		e = seal_data(ch, c->bulk[i], piece);
		n -= piece;
	}
	if (e != OK && c->broken == OK)
		c->broken = e;
	transport_bulk_abandon(c->t);
}

void
channel_bulk_abandon(struct channel *ch)
{
	transport_bulk_abandon(ch->c->t);
}

bool
channel_datagram(struct channel *ch, struct slice datagram)
{
	struct wr w;

	if (datagram.n == 0 || datagram.n > channel_room(ch) ||
	    datagram.n + 4 > ch->out.left)
		return false;
	w = connect_begin(ch->c, MSG_CHANNEL_DATA, DATA_HEAD + datagram.n);
	wr_u32(&w, ch->peer);
	wr_string(&w, datagram);
	connect_end(ch->c, &w);
	ch->out.left -= (uint32_t)datagram.n + 4;
	return true;
}

/* Messages that are nothing but a number and a channel. */
static void
send_plain(struct channel *ch, uint8_t message)
{
	struct wr w = connect_begin(ch->c, message, 5);

	wr_u32(&w, ch->peer);
	connect_end(ch->c, &w);
}

void
channel_eof(struct channel *ch)
{
	if (ch->eof_sent || ch->close_sent)
		return;
	ch->eof_sent = true;
	send_plain(ch, MSG_CHANNEL_EOF);
}

/* A request to the client that wants no answer. */
static struct wr
begin_request(struct channel *ch, const char *name)
{
	struct wr w = connect_begin(ch->c, MSG_CHANNEL_REQUEST, 256);

	wr_u32(&w, ch->peer);
	wr_cstr(&w, name);
	wr_bool(&w, false);
	return w;
}

void
channel_exit_status(struct channel *ch, uint32_t status)
{
	struct wr w;

	if (ch->close_sent)
		return;
	w = begin_request(ch, "exit-status");
	wr_u32(&w, status);
	connect_end(ch->c, &w);
}

void
channel_exit_signal(struct channel *ch, const char *name, bool core)
{
	struct wr w;

	if (ch->close_sent)
		return;
	w = begin_request(ch, "exit-signal");
	wr_cstr(&w, name);
	wr_bool(&w, core);
	wr_cstr(&w, ""); /* message */
	wr_cstr(&w, ""); /* its language */
	connect_end(ch->c, &w);
}

void
channel_eow(struct channel *ch)
{
	struct slice version = transport_peer_version(ch->c->t);
	struct wr w;

	/* Others answer with an error, although no answer is wanted. */
	if (ch->close_sent || ch->row->kind != OPEN_SESSION ||
	    !slice_starts(version, SLICE_STR("SSH-2.0-OpenSSH_")))
		return;
	w = begin_request(ch, "eow@openssh.com");
	connect_end(ch->c, &w);
}

void
channel_close(struct channel *ch)
{
	must(ch->owned && !ch->opening);
	channel_eof(ch);
	ch->close_sent = true;
	send_plain(ch, MSG_CHANNEL_CLOSE);
	channel_disown(ch);
}

static void
adjust(struct channel *ch)
{
	struct wr w;
	uint32_t n;

	/* Who ends needs no window */
	if (ch->close_sent || ch->eof_received)
		return;
	if ((n = window_grant(&ch->in, &ch->c->purse)) == 0)
		return;
	w = connect_begin(ch->c, MSG_CHANNEL_WINDOW_ADJUST, 9);
	wr_u32(&w, ch->peer);
	wr_u32(&w, n);
	connect_end(ch->c, &w);
}

void
channel_consumed(struct channel *ch, size_t n)
{
	window_consume(&ch->in, n);
	adjust(ch);
}

/* ---- from the client ---- */

enum err
channel_on_window_adjust(struct connect *c, struct rd *r)
{
	struct channel *ch = channel_find(c, rd_u32(r));
	uint32_t n = rd_u32(r);
	enum err e = rd_end(r);

	/* It may cross our close, and clients have been seen to be late */
	if (e != OK || ch == NULL || ch->opening || ch->close_received)
		return e;
	if ((e = window_open(&ch->out, n)) != OK)
		return connect_refuse(c, e, "channel %u: window overflow",
		    ch->id);
	if (ch->owned)
		c->ops->writable(c->ops->ctx, ch);
	return OK;
}

/* Count data against the window; it isn't consumed yet. */
static enum err
receive(struct channel *ch, size_t n)
{
	enum err e;

	if (n > CHANNEL_PACKET_MAX)
		return connect_refuse(ch->c, ERR_TOO_LONG,
		    "channel %u: rcvd big packet %zu, maxpack %u", ch->id, n,
		    CHANNEL_PACKET_MAX);
	if ((e = window_receive(&ch->in, n)) != OK)
		return connect_refuse(ch->c, e,
		    "channel %u: peer ignored channel window", ch->id);
	return OK;
}

enum err
channel_on_data(struct connect *c, struct rd *r)
{
	struct channel *ch;
	struct slice data;
	size_t n;
	enum err e;

	if ((e = recipient(c, r, &ch)) != OK)
		return e;
	data = rd_string(r);
	if ((e = rd_end(r)) != OK || (e = receive(ch, data.n)) != OK)
		return e;
	n = data.n;
	/* After its EOF, and for a program that is gone: nobody is there. */
	if (ch->owned && !ch->eof_received && n > 0)
		n = c->ops->data(c->ops->ctx, ch, data);
	if (n > 0) /* or it is told later, with what comes behind it */
		channel_consumed(ch, n);
	return OK;
}

/* A server has no use for it: it is counted and dropped. */
enum err
channel_on_extended_data(struct connect *c, struct rd *r)
{
	struct channel *ch;
	struct slice data;
	enum err e;

	if ((e = recipient(c, r, &ch)) != OK)
		return e;
	(void)rd_u32(r); /* type */
	data = rd_string(r);
	if ((e = rd_end(r)) != OK)
		return e;
	if (ch->eof_received)
		return connect_refuse(c, ERR_PHASE,
		    "Received extended_data after EOF on channel %u.", ch->id);
	if ((e = receive(ch, data.n)) != OK)
		return e;
	channel_consumed(ch, data.n);
	return OK;
}

enum err
channel_on_eof(struct connect *c, struct rd *r)
{
	struct channel *ch;
	enum err e;

	if ((e = recipient(c, r, &ch)) != OK || (e = rd_end(r)) != OK)
		return e;
	if (ch->eof_received)
		return OK;
	ch->eof_received = true;
	if (ch->owned)
		c->ops->eof(c->ops->ctx, ch);
	return OK;
}

enum err
channel_on_close(struct connect *c, struct rd *r)
{
	struct channel *ch;
	enum err e;

	if ((e = recipient(c, r, &ch)) != OK || (e = rd_end(r)) != OK)
		return e;
	ch->close_received = true;
	if (ch->owned)
		c->ops->closed(c->ops->ctx, ch);
	if (!ch->close_sent)
		send_plain(ch, MSG_CHANNEL_CLOSE);
	channel_free(ch);
	return OK;
}
