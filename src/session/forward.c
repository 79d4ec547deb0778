/*
 * forward.c - forwarded connections: a socket, and a channel
 *
 * Each half ends by itself: the socket's end of file becomes the channel's EOF,
 * the client's EOF ends what is written to the socket, and when both are over
 * the channel is closed. What the client sent before it closed the channel is
 * still delivered.
 */
#include "forward.h"

#include "dial.h"
#include "permit.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A client that closes its channel leaves this long for what it sent. */
#define LINGER_MS 30000u

struct forward {
	struct relay r;
	struct source out;
	struct sink in;
	const char *label; /* ChannelTimeout's, and the log's */
	char *target;      /* for the log */
	uint32_t id;       /* the channel's */
	struct dial *dial; /* under way */
	int fd;            /* accepted, waits for the client's answer */
	uint64_t opened_ms;
	struct timer linger;
};

static const struct relay_ops ops;

static const char *
label_of(enum open_kind kind)
{
	switch (kind) {
	case OPEN_DIRECT_TCPIP:
		return "direct-tcpip";
	case OPEN_DIRECT_STREAMLOCAL:
		return "direct-streamlocal@openssh.com";
	case OPEN_FORWARDED_TCPIP:
		return "forwarded-tcpip";
	case OPEN_FORWARDED_STREAMLOCAL:
		return "forwarded-streamlocal@openssh.com";
	case OPEN_X11:
		return "x11-connection";
	default:
		return "agent-connection";
	}
}

static struct forward *
forward_new(struct session *s, struct channel *ch,
    const struct channel_open *req)
{
	struct forward *f = mem_new(sizeof(*f));

	f->label = label_of(req->kind);
	f->target = req->port > 0 ? mem_format("%s port %u",
					log_quote(req->target), req->port)
				  : mem_strdup(log_quote_max(req->target, 512));
	f->id = channel_id(ch);
	f->fd = f->out.fd = f->in.fd = -1;
	f->in.r = f->out.r = &f->r;
	relay_init(&f->r, s, ch, &ops, f->label);
	return f;
}

/* ---- the end ---- */

static void
say_closed(const struct forward *f)
{
	const struct session *s = f->r.s;
	uint64_t ms = clock_mono_ms() - f->opened_ms;

	log_info("Forwarding closed: %s %s for %s from %s port %u id %u: "
		 "sent %llu, received %llu bytes, %llu.%03llu seconds",
	    f->label, f->target, s->grant->user, s->conn->peer_ip,
	    s->conn->peer_port, f->id, (unsigned long long)f->out.total,
	    (unsigned long long)f->in.total, (unsigned long long)(ms / 1000),
	    (unsigned long long)(ms % 1000));
}

/* There is no channel any more. */
static void
forward_free(struct forward *f)
{
	if (f->r.started)
		say_closed(f);
	loop_timer_cancel(&f->linger);
	if (f->dial != NULL)
		dial_cancel(f->dial);
	relay_close_source(&f->out);
	relay_close_sink(&f->in);
	io_close(&f->fd);
	relay_leave(&f->r);
	mem_free(f->target);
	mem_free(f);
}

static void
check(struct relay *r)
{
	struct forward *f = (struct forward *)r;

	if (!r->started)
		return;
	if (r->ch != NULL && f->out.fd < 0)
		channel_eof(r->ch);
	if (f->out.fd >= 0 || f->in.fd >= 0)
		return;
	if (r->ch != NULL)
		channel_close(r->ch);
	forward_free(f);
}

static void
on_linger(struct timer *t)
{
	forward_free(t->ctx);
}

/* The client closed it: what it sent goes its way, nothing comes back. */
static void
closed(struct relay *r)
{
	struct forward *f = (struct forward *)r;

	relay_leave(r);
	relay_close_source(&f->out);
	if (!r->started || relay_backlog(&f->in) == 0) {
		forward_free(f);
		return;
	}
	list_add_tail(&r->s->relays, &r->link);
	f->in.ending = true;
	f->linger = (struct timer){.on = on_linger, .ctx = f};
	loop_timer(r->s->loop, &f->linger, clock_mono_ms() + LINGER_MS);
}

static void
drop(struct relay *r)
{
	struct forward *f = (struct forward *)r;

	struct channel *ch = r->ch;
	bool dialling = f->dial != NULL, asked = f->fd >= 0;

	forward_free(f);
	if (ch == NULL)
		return;
	if (dialling)
		open_settle(ch, OPEN_FAILED);
	else if (asked)
		channel_set_owner(ch, NULL); /* the answer is still to come */
	else
		channel_close(ch);
}

/* ---- data ---- */

static size_t
data(struct relay *r, struct slice octets)
{
	timeouts_moved(&r->idle);
	return relay_take(&((struct forward *)r)->in, octets);
}

static void
eof(struct relay *r)
{
	relay_end(&((struct forward *)r)->in);
	check(r);
}

static void
resume(struct relay *r)
{
	if (r->started)
		relay_resume(&((struct forward *)r)->out);
}

/* ---- the beginning ---- */

/* Both directions of a socket: fd is taken. False: no descriptor is left. */
static bool
join(struct forward *f, int fd)
{
	struct session *s = f->r.s;
	int other = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (other < 0) {
		log_error("forwarding %s %s: %s", f->label, f->target,
		    strerror(errno));
		io_close(&fd);
		return false;
	}
	f->r.started = true;
	f->opened_ms = clock_mono_ms();
	log_info("Forwarding opened: %s %s for %s from %s port %u id %u",
	    f->label, f->target, s->grant->user, s->conn->peer_ip,
	    s->conn->peer_port, f->id);
	relay_open_source(&f->out, &f->r, fd, RELAY_SOCKET, CHANNEL_OUT);
	relay_open_sink(&f->in, &f->r, other, RELAY_SOCKET);
	return true;
}

static void
opened(struct relay *r, bool yes)
{
	struct forward *f = (struct forward *)r;
	int fd = f->fd;

	f->fd = -1;
	if (yes && join(f, fd))
		return;
	if (yes)
		channel_close(r->ch);
	else
		io_close(&fd);
	forward_free(f);
}

void
forward_accepted(struct session *s, const struct channel_open *req, int fd)
{
	struct channel *ch = open_ask(s->connect, req);

	if (ch == NULL) {
		log_info("no channel is left for a connection to %s",
		    log_quote(req->target));
		io_close(&fd);
		return;
	}
	forward_new(s, ch, req)->fd = fd;
}

/* ---- what the client asks for ---- */

static void
say_refused(const struct session *s, const struct channel_open *req)
{
	log_info("Received request from %s port %u to connect to host %s port "
		 "%u, but the request was denied.",
	    s->conn->peer_ip, s->conn->peer_port, log_quote(req->target),
	    req->port);
}

static void
on_dialled(void *ctx, enum dial_end end, int fd, const char *why)
{
	struct forward *f = ctx;
	struct channel *ch = f->r.ch;
	enum open_answer answer = OPEN_FAILED;

	f->dial = NULL;
	if (end == DIAL_CONNECTED && join(f, fd)) {
		open_settle(ch, OPEN_YES);
		return;
	}
	if (end == DIAL_FAILED) {
		log_info("connect_to %s: %s", f->target, why);
		log_error("connect_to %s: failed.", f->target);
	} else if (end == DIAL_UNKNOWN) {
		log_error("connect_to %.*s: unknown host (%s)",
		    (int)strcspn(f->target, " "), f->target, why);
	} else if (end == DIAL_FORBIDDEN) {
		log_info("Received request from %s port %u to connect to host "
			 "%s, but no address of it is allowed.",
		    f->r.s->conn->peer_ip, f->r.s->conn->peer_port, f->target);
		answer = OPEN_NO;
	}
	forward_free(f);
	open_settle(ch, answer);
}

static enum open_answer
open_tcp(struct session *s, struct channel *ch, const struct channel_open *req)
{
	struct forward *f;

	if (!permit_tcp(&s->conf, s->grant, FORWARD_LOCAL)) {
		log_info("refused local port forward: originator %s port %u, "
			 "target %s port %u",
		    log_quote(req->originator), req->originator_port,
		    log_quote(req->target), req->port);
		return OPEN_NO;
	}
	if (!permit_open(&s->conf, s->grant, req->target, req->port)) {
		say_refused(s, req);
		return OPEN_NO;
	}
	f = forward_new(s, ch, req);
	f->dial = dial_host(s, req->target, req->port, on_dialled, f);
	if (f->dial != NULL)
		return OPEN_LATER;
	log_error("connect_to %s: %s", f->target, strerror(errno));
	forward_free(f);
	return OPEN_FULL;
}

/* A Unix socket is connected at once, or not: with a full queue of its owner's
 * it isn't (EAGAIN). */
static int
connect_path(struct slice path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = -1, why;

	errno = ENAMETOOLONG;
	if (path.n == 0 ||
	    !slice_to_cstr(path, to.sun_path, sizeof(to.sun_path)))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	why = errno;
	io_close(&fd);
	errno = why;
	return -1;
}

static enum open_answer
open_path(struct session *s, struct channel *ch, const struct channel_open *req)
{
	struct forward *f;
	int fd;

	if (!permit_streamlocal(&s->conf, s->grant, FORWARD_LOCAL)) {
		log_info("refused streamlocal port forward: originator %s "
			 "port %u, target %s",
		    log_quote(req->originator), req->originator_port,
		    log_quote(req->target));
		return OPEN_NO;
	}
	if (!permit_open_path(&s->conf, s->grant)) {
		log_info("Received request to connect to path %s, but the "
			 "request was denied.",
		    log_quote(req->target));
		return OPEN_NO;
	}
	if ((fd = connect_path(req->target)) < 0) {
		log_error("connect to %s: %s", log_quote(req->target),
		    strerror(errno));
		return OPEN_FAILED;
	}
	f = forward_new(s, ch, req);
	if (join(f, fd))
		return OPEN_YES;
	forward_free(f);
	return OPEN_FULL;
}

enum open_answer
forward_open(struct session *s, struct channel *ch,
    const struct channel_open *req)
{
	if (req->kind == OPEN_DIRECT_TCPIP)
		return open_tcp(s, ch, req);
	return open_path(s, ch, req);
}

static const struct relay_ops ops = {.opened = opened,
    .data = data,
    .eof = eof,
    .closed = closed,
    .resume = resume,
    .check = check,
    .sunk = check,
    .drop = drop};
