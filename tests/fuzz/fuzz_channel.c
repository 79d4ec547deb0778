/*
 * fuzz_channel.c - messages 80 to 127 in any order, and an owner who does what
 * owners do (SEC-43, SEC-44)
 *
 * Input: one octet of what the owner and we do, two of length, one message;
 * again and again. The transport is this file's: nothing is encrypted.
 */
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/connect/connect.h"
#include "sallyport/transport/transport.h"

#include <stdlib.h>

#define CHANNELS 4
#define WINDOWS  ((size_t)16 << 20)

enum {
	YES = 1,
	LEAVE = 2,
	CONSUME = 4,
	WRITE = 8,
	END = 16,
	CLOSE = 32,
	ASK = 64,   /* open one of ours */
	LATER = 128 /* answer a wish some other time */
};

struct transport {
	uint8_t room[CHANNEL_BULK_MAX * (CHANNEL_PACKET_MAX + 16)];
};

static struct transport transport;
static struct channel *open_ones[CHANNELS];
static enum { OPEN, THEIRS, OURS } state[CHANNELS]; /* or who waits */
static size_t waiting[CHANNELS]; /* octets that weren't consumed */
static unsigned int mood;
static bool asked; /* a global request waits for us */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct wr
transport_begin(struct transport *t, size_t max)
{
	must(max <= sizeof(t->room));
	return wr_to(bytes_make(t->room, max));
}

enum err
transport_end(struct transport *t, const struct wr *w)
{
	(void)t;
	must(wr_end(w, NULL) == OK);
	return OK;
}

enum err
transport_bulk(struct transport *t, size_t size, struct bytes *rooms,
    size_t *count)
{
	must(size <= sizeof(t->room) / CHANNEL_BULK_MAX);
	for (size_t i = 0; i < *count; i++)
		rooms[i] = bytes_make(t->room + i * size, size);
	return OK;
}

enum err
transport_bulk_seal(struct transport *t, size_t n)
{
	(void)t;
	must(n > 9 && n <= 13 + CHANNEL_PACKET_MAX);
	return OK;
}

void
transport_bulk_abandon(struct transport *t)
{
	(void)t;
}

bool
transport_may_send(const struct transport *t)
{
	(void)t;
	return true;
}

struct slice
transport_peer_version(const struct transport *t)
{
	(void)t;
	return SLICE_STR("SSH-2.0-OpenSSH_9.2");
}

void
transport_unimplemented(struct transport *t)
{
	(void)t;
}

/* ---- the owner ---- */

static enum open_answer
on_open(void *ctx, struct channel *ch, const struct channel_open *req)
{
	(void)ctx;
	(void)req;
	for (size_t i = 0; i < CHANNELS && (mood & YES); i++) {
		if (open_ones[i] != NULL)
			continue;
		open_ones[i] = ch;
		waiting[i] = 0;
		channel_set_owner(ch, &open_ones[i]);
		state[i] = (mood & LATER) != 0 ? THEIRS : OPEN;
		return state[i] == OPEN ? OPEN_YES : OPEN_LATER;
	}
	return OPEN_NO;
}

static size_t
place_of(const struct channel *ch)
{
	struct channel **place = channel_owner(ch);

	must(*place == ch);
	return (size_t)(place - open_ones);
}

static void
on_opened(void *ctx, struct channel *ch, bool yes)
{
	size_t i = place_of(ch);

	(void)ctx;
	must(state[i] == OURS);
	state[i] = OPEN;
	if (!yes)
		open_ones[i] = NULL;
}

static void
ask(struct connect *c, size_t i)
{
	const struct channel_open req = {.kind = i % 2 ? OPEN_FORWARDED_TCPIP
						       : OPEN_X11,
	    .target = SLICE_STR("localhost"),
	    .originator = SLICE_STR("::1")};

	if ((mood & ASK) == 0 || (open_ones[i] = open_ask(c, &req)) == NULL)
		return;
	state[i] = OURS;
	waiting[i] = 0;
	channel_set_owner(open_ones[i], &open_ones[i]);
}

static void
settle(size_t i)
{
	if (state[i] != THEIRS || (mood & CONSUME) == 0)
		return;
	state[i] = OPEN;
	open_settle(open_ones[i], (mood & YES) != 0 ? OPEN_YES : OPEN_FAILED);
	if ((mood & YES) == 0)
		open_ones[i] = NULL;
}

static bool
on_request(void *ctx, struct channel *ch, const struct channel_request *q)
{
	(void)ctx;
	must(!slice_has_nul(q->text));
	(void)place_of(ch);
	return (mood & YES) != 0;
}

static size_t
on_data(void *ctx, struct channel *ch, struct slice data)
{
	(void)ctx;
	if ((mood & LEAVE) == 0)
		return data.n;
	waiting[place_of(ch)] += data.n;
	must(waiting[place_of(ch)] <= WINDOWS);
	return 0;
}

static void
on_event(void *ctx, struct channel *ch)
{
	(void)ctx;
	(void)place_of(ch);
}

static void
on_closed(void *ctx, struct channel *ch)
{
	(void)ctx;
	open_ones[place_of(ch)] = NULL;
}

static enum global_answer
on_global(void *ctx, const struct global_request *q, struct buf *reply)
{
	(void)ctx;
	must(!asked);
	asked = (mood & LATER) != 0;
	if (asked)
		return GLOBAL_LATER;
	return (mood & YES) != 0 && buf_append(reply, q->blobs) == OK
		   ? GLOBAL_YES
		   : GLOBAL_NO;
}

static void
settle_global(struct connect *c)
{
	if (!asked || (mood & CONSUME) == 0)
		return;
	asked = false;
	global_settle(c, (mood & YES) != 0, SLICE_STR("port"));
}

static void
act(size_t i)
{
	struct channel *ch = open_ones[i];
	size_t room = channel_room(ch);
	size_t count = CHANNEL_BULK_MAX;
	struct bytes rooms[CHANNEL_BULK_MAX];

	if ((mood & CONSUME) != 0 && waiting[i] > 0) {
		channel_consumed(ch, waiting[i]);
		waiting[i] = 0;
	}
	if ((mood & WRITE) != 0 && room > 0 &&
	    channel_bulk(ch, i % 2 ? CHANNEL_ERR : CHANNEL_OUT, room, rooms,
		&count) == OK) {
		must(count > 0 && count <= CHANNEL_BULK_MAX);
		for (size_t j = 0; j < count; j++) {
			must(rooms[j].n == room);
			memset(rooms[j].p, 'x', rooms[j].n);
		}
		channel_bulk_seal(ch, room * (count - 1) + 1);
	}
	if ((mood & END) != 0) {
		channel_exit_status(ch, 0);
		channel_eof(ch);
	}
	if ((mood & CLOSE) != 0) {
		channel_close(ch);
		open_ones[i] = NULL;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct connect_ops ops = {.open = on_open,
	    .opened = on_opened,
	    .request = on_request,
	    .data = on_data,
	    .eof = on_event,
	    .closed = on_closed,
	    .writable = on_event,
	    .global = on_global};
	struct rd r = rd_from(slice_make(data, size));
	struct connect *c = connect_new(&transport, &ops, 3);
	enum err e = OK;

	memset(open_ones, 0, sizeof(open_ones));
	asked = false;
	while (e == OK && rd_status(&r) == OK && r.left.n > 3) {
		size_t n;

		mood = rd_u8(&r);
		n = (size_t)rd_u8(&r) << 8;
		n |= rd_u8(&r);
		e = connect_take(c, rd_raw(&r, n < r.left.n ? n : r.left.n));
		for (size_t i = 0; i < CHANNELS; i++)
			if (open_ones[i] == NULL)
				ask(c, i);
			else if (state[i] != OPEN)
				settle(i);
			else
				act(i);
		settle_global(c);
		must(connect_open_channels(c) <= CHANNELS);
	}
	(void)connect_reason(c, e);
	global_keepalive(c);
	connect_free(c);
	return 0;
}
