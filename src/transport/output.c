#include "output.h"

#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"

#define AROUND (PACKET_HEADER + PACKET_TAIL)

void
output_init(struct output *o)
{
	*o = (struct output){.sealed = BUF_LIMIT(OUTPUT_MAX),
	    .queue = BUF_LIMIT(OUTPUT_QUEUE),
	    .plain = BUF_LIMIT(TRANSPORT_PACKET_MAX)};
}

void
output_clear(struct output *o)
{
	output_restart_stream(o, false);
	packet_clear(&o->dir);
	buf_clear(&o->sealed);
	buf_clear(&o->queue);
	buf_clear(&o->plain);
}

/* ---- room ---- */

/*
 * Room behind what is sealed. What was sent is dropped only when that is all,
 * or more than half: so each octet is moved at most once on the average.
 */
static enum err
reserve(struct output *o, size_t n, struct bytes *room)
{
	struct buf *b = &o->sealed;
	enum err e;

	if (o->sent == b->n || (b->cap - b->n < n && o->sent > b->n / 2)) {
		buf_consume(b, o->sent);
		o->sent = 0;
	}
	e = buf_reserve(b, n, room);
	return e == ERR_TOO_LONG ? ERR_FULL : e;
}

static bool
compresses(const struct output *o)
{
	return o->zlib && o->success;
}

/* Room for a payload of max octets, wherever it is to be built. */
static enum err
open_room(struct output *o, enum build where, size_t max, struct bytes *room)
{
	enum err e;

	must(o->building == BUILD_NONE);
	if (max > TRANSPORT_PAYLOAD_MAX)
		return ERR_TOO_LONG;
	if (where == BUILD_PACKET) {
		e = reserve(o, max + AROUND, room);
		*room = bytes_first(bytes_skip(*room, PACKET_HEADER), max);
	} else if (where == BUILD_PLAIN) {
		buf_reset(&o->plain);
		e = buf_reserve(&o->plain, max, room);
	} else {
		e = buf_reserve(&o->queue, max + 4, room);
		*room = bytes_skip(*room, 4);
	}
	if (e == OK) {
		o->building = where;
		o->max = max;
		o->rooms = 1;
	}
	return e == ERR_TOO_LONG ? ERR_FULL : e;
}

static struct wr
begin(struct output *o, enum build where, size_t max)
{
	struct bytes room = {NULL, 0};
	enum err e = open_room(o, where, max, &room);
	struct wr w = wr_to(bytes_first(room, max));

	if (e != OK)
		wr_fail(&w, e);
	return w;
}

struct wr
output_begin_now(struct output *o, size_t max)
{
	return begin(o, compresses(o) ? BUILD_PLAIN : BUILD_PACKET, max);
}

struct wr
output_begin(struct output *o, size_t max)
{
	return o->held ? begin(o, BUILD_QUEUE, max) : output_begin_now(o, max);
}

/*
 * Packets that are full have one size, so where the next ones' payloads will
 * stand is known before the first is sealed.
 */
static enum err
open_rooms(struct output *o, size_t size, struct bytes *rooms, size_t count)
{
	size_t step = packet_sealed(&o->dir, size);
	struct bytes all;
	enum err e = reserve(o, step * (count - 1) + size + AROUND, &all);

	if (e == OK)
		e = open_room(o, BUILD_PACKET, size, &rooms[0]);
	if (e != OK)
		return e;
	for (size_t i = 1; i < count; i++)
		rooms[i] =
		    bytes_first(bytes_skip(all, i * step + PACKET_HEADER),
			size);
	o->rooms = count;
	return OK;
}

enum err
output_bulk(struct output *o, size_t size, struct bytes *rooms, size_t *count)
{
	must(!o->held && *count > 0);
	if (size > TRANSPORT_PAYLOAD_MAX)
		return ERR_TOO_LONG;
	if (!compresses(o))
		return open_rooms(o, size, rooms, *count);
	*count = 1;
	return open_room(o, BUILD_PLAIN, size, rooms);
}

void
output_abandon(struct output *o)
{
	o->building = BUILD_NONE;
}

/* ---- sealing ---- */

/* The payload of n octets stands where reserve gave room: nothing moves. */
static enum err
seal(struct output *o, size_t n)
{
	struct bytes room;
	size_t used;
	enum err e;

	if ((e = buf_reserve(&o->sealed, n + AROUND, &room)) != OK)
		return e;
	/* zlib@openssh.com starts right behind this message */
	if (bytes_skip(room, PACKET_HEADER).p[0] == MSG_USERAUTH_SUCCESS)
		o->success = true;
	if ((e = packet_seal(&o->dir, room, n, &used)) != OK)
		return e;
	buf_filled(&o->sealed, used);
	return OK;
}

static enum err
seal_compressed(struct output *o, struct slice payload)
{
	const struct transport_compression *c = o->compression;
	struct bytes room;
	enum err e = OK;
	size_t n;

	if (c == NULL)
		return ERR_COMPRESS;
	if (o->stream == NULL)
		e = c->open(COMPRESS_DEFLATE, &o->stream);
	if (e == OK)
		e = reserve(o, c->bound(payload.n) + AROUND, &room);
	if (e != OK)
		return e;
	room =
	    bytes_first(bytes_skip(room, PACKET_HEADER), c->bound(payload.n));
	if ((e = c->deflate(o->stream, payload, room, &n)) != OK)
		return e;
	return seal(o, n);
}

/* Seal a payload that stands elsewhere. */
static enum err
seal_copy(struct output *o, struct slice payload)
{
	struct bytes room;
	enum err e;

	if (compresses(o))
		return seal_compressed(o, payload);
	if ((e = reserve(o, payload.n + AROUND, &room)) != OK)
		return e;
	slice_copy(payload, bytes_skip(room, PACKET_HEADER));
	return seal(o, payload.n);
}

static enum err
enqueue(struct output *o, size_t n)
{
	struct bytes room;
	struct wr w;
	enum err e;

	if ((e = buf_reserve(&o->queue, n + 4, &room)) != OK)
		return e;
	w = wr_to(room);
	wr_u32(&w, (uint32_t)n);
	buf_filled(&o->queue, n + 4);
	return OK;
}

enum err
output_bulk_seal(struct output *o, size_t n)
{
	enum build where = o->building;

	must(where != BUILD_NONE && n >= 1 && n <= o->max);
	if (--o->rooms == 0 || n < o->max)
		o->building = BUILD_NONE;
	if (where == BUILD_PACKET)
		return seal(o, n);
	if (where == BUILD_QUEUE)
		return enqueue(o, n);
	buf_filled(&o->plain, n);
	return seal_compressed(o, buf_slice(&o->plain));
}

enum err
output_end(struct output *o, const struct wr *w)
{
	size_t n;
	enum err e = wr_end(w, &n);

	if (e == OK && n > 0)
		return output_bulk_seal(o, n);
	output_abandon(o);
	return e == OK ? ERR_SHORT : e;
}

/* ---- exchanges ---- */

void
output_hold(struct output *o)
{
	o->held = true;
}

enum err
output_release(struct output *o)
{
	struct rd r = rd_from(buf_slice(&o->queue));
	enum err e = OK;

	o->held = false;
	while (e == OK && r.left.n > 0)
		e = seal_copy(o, rd_string(&r));
	buf_clear(&o->queue);
	return e;
}

void
output_restart_stream(struct output *o, bool zlib)
{
	if (o->stream != NULL)
		o->compression->close(o->stream);
	o->stream = NULL;
	o->zlib = zlib;
}

/* ---- the socket's side ---- */

struct slice
output_pending(const struct output *o)
{
	return slice_skip(buf_slice(&o->sealed), o->sent);
}

void
output_sent(struct output *o, size_t n)
{
	must(n <= o->sealed.n - o->sent);
	o->sent += n;
	/* Not while a payload is being built behind it */
	if (o->sent == o->sealed.n && o->building == BUILD_NONE) {
		buf_reset(&o->sealed);
		o->sent = 0;
	}
}

void
output_idle(struct output *o)
{
	if (o->building != BUILD_NONE)
		return;
	if (output_pending(o).n == 0) {
		buf_clear(&o->sealed);
		o->sent = 0;
	}
	buf_clear(&o->plain);
	if (o->queue.n == 0)
		buf_clear(&o->queue);
}
