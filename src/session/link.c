/*
 * link.c - the connection's descriptors and the transport
 *
 * One read takes many packets, and what a turn of the loop made leaves in one
 * write. While the client doesn't read, nothing of its own is read either, and
 * no program's output: so nothing grows.
 */
#include "link.h"

#include "session.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_FIRST    ((size_t)8 << 10)   /* keystrokes */
#define READ_BULK     ((size_t)256 << 10) /* a transfer */
#define OUTPUT_MORE   ((size_t)256 << 10) /* below this, programs are read */
#define OUTPUT_BESIDE ((size_t)32 << 10)  /* or this, where somebody types */
#define UNSENT_BESIDE (64 << 10)          /* of the kernel's, then */
#define OUTPUT_KEYS   ((size_t)64 << 10)  /* what isn't bulk may go on to */
#define OUTPUT_STOP   ((size_t)1 << 20)   /* above it, nothing is read */

/*
 * What was sealed leaves in that order: a keystroke's echo is as late as what
 * was written ahead of it takes to go. Beside a terminal, that is kept small.
 */
size_t
link_room(const struct session *s, bool keystrokes)
{
	size_t max = (s->has_terminal ? OUTPUT_BESIDE : OUTPUT_MORE) +
		     (keystrokes ? OUTPUT_KEYS : 0);
	size_t n = transport_output(s->t).n;

	return n < max ? max - n : 0;
}

/* ---- how it ends ---- */

static void
say_closed(struct session *s)
{
	log_info("Connection closed by %s port %u", s->conn->peer_ip,
	    s->conn->peer_port);
	session_stop(s, 0);
}

static void
say_read_error(struct session *s, const char *why)
{
	log_info("Read error from remote host %s port %u: %s", s->conn->peer_ip,
	    s->conn->peer_port, why);
	session_stop(s, 255);
}

static void
say_peer_left(struct session *s)
{
	struct slice text;
	uint32_t code = transport_peer_reason(s->t, &text);

	log_at(code == DISCONNECT_BY_APPLICATION ? LEVEL_INFO : LEVEL_ERROR,
	    "Received disconnect from %s port %u:%u: %s", s->conn->peer_ip,
	    s->conn->peer_port, code, log_quote_max(text, 256));
	log_info("Disconnected from user %s %s port %u", s->grant->user,
	    s->conn->peer_ip, s->conn->peer_port);
	s->said_goodbye = true;
	session_stop(s, 0);
}

static bool
is_damage(enum err e)
{
	return e == ERR_MAC || e == ERR_PACKET_LENGTH || e == ERR_PADDING;
}

static void
fail(struct session *s, enum err e)
{
	const char *text;
	uint32_t code = transport_fail(s->t, e, &text);

	if (e == ERR_PEER_DISCONNECT) {
		say_peer_left(s);
		return;
	}
	if (!is_damage(e)) {
		session_disconnect(s, code != 0 ? code : 2, text);
		return;
	}
	log_info("%s", text);
	log_fatal("ssh_dispatch_run_fatal: Connection from user %s %s port "
		  "%u: %s",
	    s->grant->user, s->conn->peer_ip, s->conn->peer_port,
	    err_sentence(e));
	transport_disconnect(s->t, code, text);
	s->said_goodbye = true;
	session_stop(s, 255);
}

/* ---- input ---- */

static void
take_payload(struct session *s, struct slice payload)
{
	enum err e;

	if (payload.p[0] != MSG_CHANNEL_DATA)
		relay_flush(s); /* all else comes behind the data before it */
	e = connect_take(s->connect, payload);
	if (e != OK)
		session_disconnect(s, err_disconnect_code(e),
		    connect_reason(s->connect, e));
}

void
link_take(struct session *s)
{
	struct slice payload;
	enum err e = OK;

	while (!s->over && transport_output(s->t).n < OUTPUT_STOP) {
		e = transport_next(s->t, clock_mono_ms() / 1000, &payload);
		if (e != OK)
			break;
		take_payload(s, payload);
	}
	relay_flush(s);
	if (!s->over && e != OK && e != ERR_MORE)
		fail(s, e);
}

/* Little is asked for until a read fills it: an idle session has no large
 * buffer, and a transfer takes many packets a call. */
static void
adapt(struct session *s, size_t asked, size_t got)
{
	if (got == asked)
		s->read_size = READ_BULK;
	else if (got < READ_FIRST)
		s->read_size = READ_FIRST;
}

/* Read once. */
static enum err
fill(struct session *s)
{
	struct ring *ring = transport_input(s->t);
	struct bytes room;
	size_t n;
	enum err e;

	e = ring_room(ring, s->read_size, &room);
	if (e == ERR_FULL) /* an almost whole packet of the largest size */
		e = ring_room(ring, 1, &room);
	if (e != OK)
		return e;
	room = bytes_first(room, s->read_size);
	if ((e = io_read(s->in, room, &n)) != OK)
		return e;
	ring_filled(ring, n);
	timeouts_heard(s);
	adapt(s, room.n, n);
	return OK;
}

static void
read_input(struct session *s)
{
	enum err e = fill(s);

	switch (e) {
	case OK:
		link_take(s);
		break;
	case ERR_AGAIN:
		break;
	case ERR_EOF:
		say_closed(s);
		break;
	case ERR_PEER_RESET:
	case ERR_SYSTEM:
		say_read_error(s, strerror(errno));
		break;
	default:
		session_disconnect(s, DISCONNECT_PROTOCOL_ERROR,
		    err_sentence(e));
	}
}

static void
on_readable(struct watch *w, unsigned int events)
{
	(void)events;
	read_input(w->ctx);
}

/* ---- output ---- */

/*
 * The client doesn't take anything any more. What it said last may still be
 * there, above all why it left.
 */
static void
say_write_error(struct session *s, enum err e)
{
	int why = errno;

	for (int i = 0; i < 64 && !s->over; i++)
		read_input(s);
	if (s->over)
		return;
	if (e == ERR_SYSTEM)
		say_read_error(s, strerror(why));
	else
		say_closed(s);
}

static void
watch_out(struct session *s, bool wanted)
{
	if (wanted == s->writing)
		return;
	if (wanted)
		must(loop_add(s->loop, &s->out_watch) == OK);
	else
		loop_remove(&s->out_watch);
	s->writing = wanted;
}

static void
watch_in(struct session *s, bool wanted)
{
	if (wanted == s->reading)
		return;
	if (wanted)
		must(loop_add(s->loop, &s->in_watch) == OK);
	else
		loop_remove(&s->in_watch);
	s->reading = wanted;
}

/* True: all is written. */
static bool
flush(struct session *s)
{
	struct slice pending = transport_output(s->t);
	size_t n = 0;
	enum err e;

	if (pending.n == 0)
		return true;
	s->timeouts.active = true;
	e = io_write(s->out, pending, &n);
	transport_sent(s->t, n);
	if (e != OK && e != ERR_AGAIN)
		say_write_error(s, e);
	return n == pending.n;
}

static void
on_writable(struct watch *w, unsigned int events)
{
	/* what waits is written after the turn */
	(void)w;
	(void)events;
}

/* Programs that waited for the connection or for a key exchange's end. */
static void
resume_programs(struct session *s)
{
	if (link_room(s, true) == 0 || !transport_may_send(s->t))
		return;
	channels_resume(s);
}

void
link_turn(struct session *s)
{
	bool written;
	enum err e;

	timeouts_turn(s);
	written = flush(s);
	if (!s->over)
		link_take(
		    s); /* what stayed in the ring: no event tells of it */
	if (!s->over)
		resume_programs(s);
	if (!s->over && written)
		(void)flush(s); /* what those two made */
	if (s->over)
		return;
	if ((e = connect_status(s->connect)) != OK) {
		fail(s, e);
		return;
	}
	watch_out(s, transport_output(s->t).n > 0);
	watch_in(s, transport_output(s->t).n < OUTPUT_STOP);
}

/* ---- the socket ---- */

#define QOS_SYSTEM UINT32_MAX /* IPQoS none: as the system has it */

static void
set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) != 0)
		log_debug3("setsockopt %d %d: %s", level, option,
		    strerror(errno));
}

static int
address_family(int fd)
{
	struct sockaddr_storage addr;
	socklen_t n = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &n) != 0)
		return AF_UNSPEC;
	/* one socket for both families carries IPv4's packets, too */
	if (addr.ss_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(
		&((const struct sockaddr_in6 *)&addr)->sin6_addr))
		return AF_INET;
	return addr.ss_family;
}

/* One terminal makes the connection interactive, as long as it is there. */
static bool
is_interactive(const struct session *s)
{
	LIST_EACH (it, &s->programs) {
		const struct program *p = LIST_ITEM(it, struct program, link);

		if (p->r.ch != NULL && p->pty.master >= 0)
			return true;
	}
	return false;
}

/* What the kernel holds back is as much in the way as what we hold. */
static void
note_terminal(struct session *s, bool has_terminal)
{
	if (has_terminal == s->has_terminal)
		return;
	s->has_terminal = has_terminal;
	if (s->is_socket)
		set_option(s->out, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
		    has_terminal ? UNSENT_BESIDE : 0);
}

void
link_qos(struct session *s)
{
	bool interactive = is_interactive(s);
	uint32_t tos =
	    interactive ? s->conf.ipqos_interactive : s->conf.ipqos_bulk;
	int family = s->is_socket ? address_family(s->out) : AF_UNSPEC;
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_TOS : IPV6_TCLASS;
	int was = 0;
	socklen_t n = sizeof(was);

	note_terminal(s, interactive);
	if (family != AF_INET && family != AF_INET6)
		return;
	if (!s->qos_known && getsockopt(s->out, level, option, &was, &n) == 0)
		s->qos = s->qos_before = (uint32_t)was;
	s->qos_known = true;
	if (tos == QOS_SYSTEM)
		tos = s->qos_before;
	if (tos == s->qos)
		return;
	s->qos = tos;
	set_option(s->out, level, option, (int)tos);
}

void
link_open(struct session *s)
{
	struct sockaddr_storage addr;
	socklen_t n = sizeof(addr);

	s->in = s->conn->in;
	/* A descriptor of its own for writing: one watch each, whether the
	 * connection is one socket or two pipes. */
	s->out = s->conn->out != s->in ? s->conn->out
				       : fcntl(s->in, F_DUPFD_CLOEXEC, 3);
	must(s->out >= 0);
	must(io_nonblock(s->in, true) == OK);
	must(io_nonblock(s->out, true) == OK);
	s->is_socket = getsockname(s->out, (struct sockaddr *)&addr, &n) == 0 &&
		       addr.ss_family != AF_UNIX;
	if (s->is_socket) /* what is written belongs together already */
		set_option(s->out, IPPROTO_TCP, TCP_NODELAY, 1);
	s->read_size = READ_FIRST;
	s->in_watch = (struct watch){.fd = s->in,
	    .events = LOOP_READ,
	    .on = on_readable,
	    .ctx = s};
	s->out_watch = (struct watch){.fd = s->out,
	    .events = LOOP_WRITE,
	    .on = on_writable,
	    .ctx = s};
	watch_in(s, true);
}

void
link_close(struct session *s)
{
	struct slice pending = transport_output(s->t);
	size_t n;

	if (pending.n > 0 && io_write(s->out, pending, &n) != OK)
		log_debug1("unsent: %zu octets", pending.n);
	/* Pipes of -i are shared with whoever gave them. */
	if (!s->is_socket && (io_nonblock(s->in, false) != OK ||
				 io_nonblock(s->out, false) != OK))
		log_debug1("the connection stays non-blocking");
}
