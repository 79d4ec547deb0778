/*
 * gate.c - its life: sandbox, loop, handing over
 *
 * Two or three descriptors and no timer (the grace time is the monitor's), so
 * the loop is poll itself, which costs a waiting connection no memory.
 */
#include "gate.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/rpc/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define READ_MIN    ((size_t)8 << 10)  /* room for each read, at least */
#define OUTPUT_STOP ((size_t)64 << 10) /* unsent: take no more requests */
#define STATE_MAX   ((size_t)1 << 20)  /* what a memory file may hold */
#define IDLE_MS     100   /* a peer that is slower costs no buffers */
#define PATIENCE_MS 10000 /* for a peer that doesn't read its success */

/* ---- descriptors ---- */

/* True where that changed something: the flag is in the open file, which with
 * -i is somebody else's, too. */
static bool
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static void
set_blocking(int fd)
{
	if (io_nonblock(fd, false) != OK)
		log_debug1("O_NONBLOCK of descriptor %d stays", fd);
}

_Noreturn void
gate_leave(struct gate *g, int status)
{
	if (g->out_changed)
		set_blocking(g->conn->out);
	if (g->in_changed)
		set_blocking(g->conn->in);
	_exit(status);
}

/* ---- output ---- */

/* As much as is taken at once. */
static enum err
write_some(struct gate *g)
{
	struct slice waiting;
	enum err e = OK;
	size_t n;

	while ((waiting = transport_output(g->transport)).n > 0 &&
	       (e = io_write(g->conn->out, waiting, &n)) == OK)
		transport_sent(g->transport, n);
	return e == ERR_AGAIN ? OK : e;
}

bool
gate_flush(struct gate *g, int patience_ms)
{
	struct pollfd p = {.fd = g->conn->out, .events = POLLOUT};

	while (write_some(g) == OK) {
		if (transport_output(g->transport).n == 0)
			return true;
		if (poll(&p, 1, patience_ms) == 0)
			return false;
	}
	return false;
}

/* ---- input ---- */

/* A peer that doesn't read isn't answered without end. */
static bool
may_take(const struct gate *g)
{
	return transport_output(g->transport).n < OUTPUT_STOP;
}

static enum err
read_some(struct gate *g)
{
	struct ring *input = transport_input(g->transport);
	struct bytes room;
	size_t n;
	enum err e = ring_room(input, READ_MIN, &room);

	if (e == OK && (e = io_read(g->conn->in, room, &n)) == OK)
		ring_filled(input, n);
	return e == ERR_AGAIN ? OK : e;
}

static void
greet(struct gate *g, uint64_t now_ms)
{
	struct slice line = transport_peer_version(g->transport);

	if (g->version_at_ms != 0 || line.n == 0)
		return;
	g->version_at_ms = now_ms;
	log_debug1("client's identification: %s", log_quote(line));
	farewell_scanner(g);
}

/*
 * Handle what was read, until more is needed, or has to be sent first, or the
 * user is in.
 */
static void
serve(struct gate *g)
{
	struct slice payload;
	enum err e = OK;

	while (!userauth_is_done(&g->auth) && may_take(g)) {
		uint64_t now_ms = clock_mono_ms();

		e = transport_next(g->transport, now_ms / 1000, &payload);
		if (e == OK || e == ERR_MORE)
			greet(g, now_ms);
		if (e == ERR_MORE)
			return;
		if (e != OK)
			farewell_transport(g, e);
		if (g->kex_at_ms == 0)
			g->kex_at_ms = now_ms;
		if ((e = userauth_input(&g->auth, payload)) != OK)
			farewell_auth(g, e);
	}
}

/* ---- the loop ---- */

/*
 * Wait until there is something to do. Buffers are given back when nothing
 * came for a moment: a login that runs through keeps them.
 */
static void
wait_for_peer(struct gate *g)
{
	bool writing = transport_output(g->transport).n > 0;
	struct pollfd p[3] = {
	    {.fd = may_take(g) ? g->conn->in : -1, .events = POLLIN},
	    {.fd = writing ? g->conn->out : -1, .events = POLLOUT},
	    {.fd = rpc_fd(g->monitor)}, /* its end */
	};
	int n = poll(p, 3, IDLE_MS);

	if (n == 0) {
		transport_idle(g->transport);
		rpc_idle(g->monitor);
		n = poll(p, 3, -1);
	}
	if (n < 0 && errno != EINTR)
		farewell_lost(g, ERR_SYSTEM);
	if (n > 0 && p[2].revents != 0)
		gate_leave(g, 1);
}

static void
run(struct gate *g)
{
	enum err e;

	for (;;) {
		if (may_take(g) && (e = read_some(g)) != OK)
			farewell_lost(g, e);
		serve(g);
		if (userauth_is_done(&g->auth))
			return;
		if ((e = write_some(g)) != OK)
			farewell_lost(g, e);
		wait_for_peer(g);
	}
}

/* ---- handing over ---- */

/*
 * The user is in: the connection goes on in the session. Requests aren't
 * handled during a key exchange, so none is under way now.
 */
static _Noreturn void
hand_over(struct gate *g)
{
	struct buf state = BUF_SECRET(STATE_MAX);
	struct wr w = wr_into(&state);
	struct hand_over_msg m = {.state = {-1}};
	enum err e;

	if (!gate_flush(g, PATIENCE_MS))
		farewell_lost(g, ERR_PEER_CLOSED);
	transport_authenticated(g->transport);
	if ((e = transport_export(g->transport, &w)) == OK)
		e = memfile_make("transport", buf_slice(&state), &m.state.fd);
	if (e == OK)
		e = ask_hand_over(g->monitor, &m, NULL);
	buf_clear(&state);
	if (e != OK)
		log_error("handing the connection over: %s", err_sentence(e));
	gate_leave(g, e == OK ? 0 : 1);
}

/* ---- life ---- */

static struct gate *
gate_new(const struct common *common, const struct conn *conn, int channel)
{
	struct gate *g = mem_new(sizeof(*g));

	g->common = common;
	g->conn = conn;
	g->conf = common->conf;
	g->monitor = rpc_new(channel);
	return g;
}

_Noreturn void
gate_main(const struct common *common, const struct conn *conn, int channel,
    pid_t monitor)
{
	struct gate *g = gate_new(common, conn, channel);
	struct transport_ops ops = oracle_transport(g);

	oracle_take_log(g);
	sandbox_enter(ROLE_GATE, monitor); /* nothing was read before this */
	g->in_changed = set_nonblocking(conn->in);
	g->out_changed = conn->out != conn->in && set_nonblocking(conn->out);
	offer_make(g);
	g->transport = transport_new(&g->offer, &ops);
	userauth_init(&g->auth, &oracle_auth, g);
	run(g);       /* until the user is known */
	hand_over(g); /* the transport's state to the monitor */
}
