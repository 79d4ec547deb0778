/*
 * relay.c - descriptors and channels, without copies
 *
 * Output is read from the program or socket straight into a packet under construction;
 * input is written to the program from the ring where it was decrypted. Only
 * what a descriptor doesn't take is kept, and the channel's window bounds it;
 * and small pieces, until what one read gave has been looked at, so that a
 * hundred requests wake their program once.
 */
#include "session.h"

#include "link.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURN_OCTETS  ((size_t)256 << 10) /* of a source, a turn */
#define PIECE_FIRST  ((size_t)4 << 10)   /* keystrokes, prompts */
#define BULK_OCTETS  ((uint64_t)1 << 20) /* this much makes it bulk */
#define PIPE_BULK    (256 << 10)
#define PIPE_INPUT   (1 << 20) /* half of what a client may send ahead */
#define PIPE_SMALL   4096      /* or the smallest there is */
#define PIECE_LARGE  ((size_t)8 << 10) /* of what the client sends */
#define ENLARGED_MAX 2u                /* pipes of a connection: one pair */

enum relay_kind
relay_kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return RELAY_OTHER;
	if (S_ISFIFO(st.st_mode))
		return RELAY_PIPE;
	return S_ISSOCK(st.st_mode) ? RELAY_SOCKET : RELAY_OTHER;
}

/* ---- a channel's owner ---- */

static void
drop_idle(void *ctx)
{
	struct relay *r = ctx;

	r->ops->drop(r);
}

void
relay_init(struct relay *r, struct session *s, struct channel *ch,
    const struct relay_ops *ops, const char *label)
{
	r->ops = ops;
	r->s = s;
	r->ch = ch;
	list_add_tail(&s->relays, &r->link);
	channel_set_owner(ch, r);
	r->idle = (struct idle){.s = s, .ch = ch, .drop = drop_idle, .ctx = r};
	timeouts_watch(&r->idle, label);
}

void
relay_leave(struct relay *r)
{
	timeouts_unwatch(&r->idle);
	list_remove(&r->link);
	r->ch = NULL;
}

/*
 * A larger pipe halves the wake-ups of bulk data. The user has 64 MiB of pipe
 * buffers for all processes, so it is made late, for few, and a refusal is
 * none of our business.
 */
static void
enlarge(struct session *s, int fd, int octets, bool *enlarged)
{
	*enlarged = true;
	if (s->enlarged >= ENLARGED_MAX)
		return;
	s->enlarged++;
	if (fcntl(fd, F_SETPIPE_SZ, octets) < 0)
		log_debug3("F_SETPIPE_SZ: %s", strerror(errno));
}

/* ---- output ---- */

/* Bulk that fills the connection again and again must not keep a prompt out. */
static size_t
link_room_for(const struct source *src)
{
	return link_room(src->r->s, src->piece == PIECE_FIRST);
}

static bool
may_write(const struct source *src)
{
	return link_room_for(src) > 0;
}

/* Packets of max octets that one read may fill. */
static size_t
packets(const struct source *src, size_t max)
{
	size_t n = link_room_for(src) / CHANNEL_PACKET_MAX;

	if (max < CHANNEL_PACKET_MAX || n == 0)
		return 1;
	return n < CHANNEL_BULK_MAX ? n : CHANNEL_BULK_MAX;
}

static void
source_wait(struct source *src, bool for_room)
{
	if (for_room == !src->watched)
		return;
	if (for_room)
		loop_remove(&src->watch);
	else if (loop_add(src->r->s->loop, &src->watch) != OK)
		return;
	src->watched = !for_room;
}

void
relay_close_source(struct source *src)
{
	if (src->watched)
		loop_remove(&src->watch);
	src->watched = false;
	io_close(&src->fd);
}

/*
 * One read into *count packets of max octets; how much it gave, or 0: nothing
 * more to do now. *count is lowered to the packets that there was room for.
 */
static size_t
read_pieces(struct source *src, size_t max, size_t *count)
{
	struct channel *ch = src->r->ch;
	struct bytes rooms[CHANNEL_BULK_MAX];
	size_t n = 0;
	enum err e;

	if (channel_bulk(ch, src->stream, max, rooms, count) != OK)
		return 0;
	e = io_read_rooms(src->fd, rooms, *count, &n);
	if (e == OK) {
		channel_bulk_seal(ch, n);
		src->total += n;
		return n;
	}
	channel_bulk_abandon(ch);
	if (e == ERR_AGAIN)
		src->dry = src->r->ended;
	else /* end of file, or EIO from a terminal that nobody holds */
		relay_close_source(src);
	return 0;
}

/* Read what there is, within the turn and the room of the channel. */
static size_t
pump(struct source *src)
{
	size_t moved = 0, n, max, count;

	/* After the program's end to the last octet: no event would come that
	 * says that there is none. */
	while ((moved < TURN_OCTETS || src->r->ended) && src->fd >= 0) {
		max = channel_room(src->r->ch);
		if (max == 0 || !may_write(src)) {
			source_wait(src, true);
			break;
		}
		if (max > src->piece)
			max = src->piece;
		count = packets(src, max);
		if ((n = read_pieces(src, max, &count)) == 0)
			break;
		moved += n;
		if (n == max * count)
			src->piece = CHANNEL_PACKET_MAX;
		else if (!src->r->ended)
			break; /* less than asked: that was all */
	}
	return moved;
}

static void
source_turn(struct source *src)
{
	struct relay *r = src->r;
	size_t moved = pump(src);

	if (moved > 0) {
		r->s->timeouts.active = true;
		timeouts_moved(&r->idle);
	}
	if (moved < PIECE_FIRST && src->watched)
		src->piece = PIECE_FIRST;
	if (src->is_pipe && !src->enlarged && src->fd >= 0 &&
	    src->total > BULK_OCTETS && moved > PIPE_BULK / 8)
		enlarge(r->s, src->fd, PIPE_BULK, &src->enlarged);
	r->ops->check(r);
}

static void
on_readable(struct watch *w, unsigned int events)
{
	(void)events;
	source_turn(w->ctx);
}

void
relay_open_source(struct source *src, struct relay *r, int fd,
    enum relay_kind kind, enum channel_stream stream)
{
	*src = (struct source){.r = r,
	    .fd = fd,
	    .stream = stream,
	    .is_pipe = kind == RELAY_PIPE,
	    .piece = PIECE_FIRST,
	    .watch = {.fd = fd, .events = LOOP_READ, .on = on_readable}};
	src->watch.ctx = src;
	source_wait(src, false);
}

void
relay_resume(struct source *src)
{
	if (src->fd < 0 || src->r->ch == NULL)
		return;
	if (!src->watched && channel_room(src->r->ch) > 0 && may_write(src))
		source_wait(src, false);
	if (src->watched && src->r->ended && !src->dry)
		(void)pump(src);
}

/* ---- input ---- */

size_t
relay_backlog(const struct sink *sink)
{
	return sink->backlog.n - sink->head;
}

/* Where the backlog's memory is from, and where it goes: a transfer that waits
 * now and then needs it again at once. */
static void
swap_spare(struct sink *sink)
{
	struct buf was = sink->backlog;

	sink->backlog = sink->r->s->spare;
	sink->r->s->spare = was;
}

static void
drop_backlog(struct sink *sink)
{
	if (sink->backlog.cap > sink->r->s->spare.cap)
		swap_spare(sink);
	buf_clear(&sink->backlog);
	buf_reset(&sink->r->s->spare);
	sink->head = 0;
}

void
relay_close_sink(struct sink *sink)
{
	if (sink->r != NULL && sink->r->s->gathering.sink == sink)
		sink->r->s->gathering.sink = NULL;
	loop_remove(&sink->watch);
	/* the other direction has a descriptor of its own */
	if (sink->is_socket && sink->fd >= 0 && shutdown(sink->fd, SHUT_WR) < 0)
		log_debug3("shutdown: %s", strerror(errno));
	io_close(&sink->fd);
	drop_backlog(sink);
}

/* The owner is told, and may go. */
static void
sunk(struct sink *sink)
{
	if (sink->r->ops->sunk != NULL)
		sink->r->ops->sunk(sink->r);
}

/* The program doesn't read any more: what waits is dropped, as what is lost
 * was already. */
static void
sink_broken(struct sink *sink, size_t lost)
{
	size_t waiting = relay_backlog(sink) + lost;

	relay_close_sink(sink);
	if (sink->r->ch != NULL) {
		channel_eow(sink->r->ch);
		if (waiting > 0)
			channel_consumed(sink->r->ch, waiting);
	}
	sunk(sink);
}

/* Keep what the descriptor didn't take. */
static enum err
keep(struct sink *sink, struct slice data)
{
	struct buf *b = &sink->backlog;

	if (sink->fd >= 0 && sink->watch.loop == NULL &&
	    loop_add(sink->r->s->loop, &sink->watch) != OK)
		return ERR_SYSTEM;
	if (b->cap == 0)
		swap_spare(sink);
	/* Moved at most once on the average: not before half of it is gone */
	if (sink->head > 0 && sink->head >= b->n / 2) {
		buf_consume(b, sink->head);
		sink->head = 0;
	}
	return buf_append(b, data);
}

static bool
is_bulk(const struct sink *sink)
{
	if (sink->r->subsystem && sink->total / sink->pieces < PIECE_LARGE)
		return false;
	return sink->total > BULK_OCTETS;
}

/* Something waits for the descriptor. */
static void
widen(struct sink *sink)
{
	if (sink->is_pipe && !sink->enlarged && is_bulk(sink))
		enlarge(sink->r->s, sink->fd, PIPE_INPUT, &sink->enlarged);
}

void
relay_flush(struct session *s)
{
	struct gathering g = s->gathering;
	size_t n = 0, all = 0, lost = 0;
	struct slice rest;
	enum err e;

	if (g.sink == NULL)
		return;
	s->gathering.sink = NULL;
	e = io_write_pieces(g.sink->fd, g.pieces, g.n, &n);
	if (e == ERR_AGAIN)
		e = OK;
	for (size_t i = 0; i < g.n; i++) {
		rest = slice_skip(g.pieces[i], n > all ? n - all : 0);
		all += g.pieces[i].n;
		if (e == OK && rest.n > 0)
			e = keep(g.sink, rest);
		if (e != OK)
			lost += rest.n;
	}
	if (g.sink->r->ch != NULL)
		channel_consumed(g.sink->r->ch, n);
	if (e != OK)
		sink_broken(g.sink, lost);
	else if (n < all)
		widen(g.sink);
}

/* Until the packets behind this one are seen. */
static void
gather(struct sink *sink, struct slice data)
{
	struct session *s = sink->r->s;
	struct gathering *g = &s->gathering;

	if (g->sink != sink) {
		relay_flush(s);
		g->sink = sink;
		g->n = 0;
	}
	g->pieces[g->n++] = data;
	if (g->n == IO_PIECES_MAX)
		relay_flush(s);
}

size_t
relay_take(struct sink *sink, struct slice data)
{
	if (!sink->r->started) /* it may come before its program */
		return keep(sink, data) == OK ? 0 : data.n;
	if (sink->fd < 0)
		return data.n;
	sink->total += data.n;
	sink->pieces++;
	if (relay_backlog(sink) > 0) {
		if (keep(sink, data) != OK)
			sink_broken(sink, data.n);
		else
			widen(sink);
		return 0;
	}
	gather(sink, data);
	if (!transport_payloads_stay(sink->r->s->t))
		relay_flush(sink->r->s);
	return 0;
}

static void
on_writable(struct watch *w, unsigned int events)
{
	struct sink *sink = w->ctx;
	struct slice rest = slice_skip(buf_slice(&sink->backlog), sink->head);
	size_t n = 0;
	enum err e = OK;

	(void)events;
	if (rest.n > 0)
		e = io_write(sink->fd, rest, &n);
	if (e != OK && e != ERR_AGAIN) {
		sink_broken(sink, 0);
		return;
	}
	sink->head += n;
	if (n > 0 && sink->r->ch != NULL)
		channel_consumed(sink->r->ch, n);
	if (relay_backlog(sink) > 0)
		return;
	loop_remove(&sink->watch);
	drop_backlog(sink);
	if (!sink->ending)
		return;
	relay_close_sink(sink);
	sunk(sink);
}

/*
 * OpenSSH's sftp-server reads four pages for each request that it serves, and
 * copies all that it holds for each. A client that sends many small requests
 * ahead (PuTTY) would wait with the square of the file's size: so what is
 * ahead stays here, until the requests are seen to be large.
 */
static void
shrink(int fd)
{
	if (fcntl(fd, F_SETPIPE_SZ, PIPE_SMALL) < 0)
		log_debug3("F_SETPIPE_SZ: %s", strerror(errno));
}

void
relay_open_sink(struct sink *sink, struct relay *r, int fd,
    enum relay_kind kind)
{
	sink->r = r;
	sink->fd = fd;
	sink->is_pipe = kind == RELAY_PIPE;
	sink->is_socket = kind == RELAY_SOCKET;
	if (sink->is_pipe && r->subsystem)
		shrink(fd);
	sink->watch = (struct watch){.fd = fd,
	    .events = LOOP_WRITE,
	    .on = on_writable,
	    .ctx = sink};
	if (relay_backlog(sink) > 0)
		must(loop_add(r->s->loop, &sink->watch) == OK);
	else if (sink->ending)
		relay_end(sink);
}

void
relay_end(struct sink *sink)
{
	sink->ending = !sink->r->terminal;
	if (sink->ending && sink->fd >= 0 && relay_backlog(sink) == 0)
		relay_close_sink(sink);
}
