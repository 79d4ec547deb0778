/*
 * remote.c - what the client has us listen on: global requests
 */
#include "forward.h"

#include "permit.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/wr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PRIVILEGED_PORT 1024u
#define PORT_MAX        65535u

/* A request while it is answered. */
struct remote {
	struct session *s;
	enum open_kind kind;
	char *target; /* as the client named it */
	uint32_t port;
	enum incoming_where where;
	struct resolve *looking; /* for the addresses to bind */
	struct resolved found;
	bool asked; /* other connections, whether they hold it: no more */
};

/* ---- looking ---- */

static bool
is_remote(const struct incoming *in)
{
	return in->kind == OPEN_FORWARDED_TCPIP ||
	       in->kind == OPEN_FORWARDED_STREAMLOCAL;
}

static struct incoming *
find(const struct session *s, enum open_kind kind, struct slice target,
    uint32_t port)
{
	LIST_EACH (l, &s->incomings) {
		struct incoming *in = LIST_ITEM(l, struct incoming, link);

		if (in->kind == kind && in->port == port &&
		    slice_is(target, in->target))
			return in;
	}
	return NULL;
}

bool
remote_holds(const struct session *s, uint32_t port, const char *path)
{
	LIST_EACH (l, &s->incomings) {
		const struct incoming *in = LIST_ITEM(l, struct incoming, link);

		if (!is_remote(in))
			continue;
		if (port != 0 ? in->port == port
			      : in->path != NULL && strcmp(in->path, path) == 0)
			return true;
	}
	return false;
}

void
remote_close_all(struct session *s)
{
	LIST_EACH_SAFE (l, &s->incomings) {
		struct incoming *in = LIST_ITEM(l, struct incoming, link);

		if (is_remote(in))
			incoming_close(in);
	}
}

/* ---- saying ---- */

static void
say(const struct session *s, const char *what, const struct incoming *in)
{
	char port[24] = "";

	if (in->kind == OPEN_FORWARDED_TCPIP)
		(void)snprintf(port, sizeof(port), " port %u", in->port);
	log_info("Remote forwarding %s: %s%s for %s from %s port %u", what,
	    in->target[0] != '\0' ? log_quote_max(slice_cstr(in->target), 512)
				  : "*",
	    port, s->grant->user, s->conn->peer_ip, s->conn->peer_port);
}

static void
say_failed(const struct remote *r, int why)
{
	struct slice target = slice_cstr(r->target);

	if (r->kind == OPEN_FORWARDED_STREAMLOCAL) {
		log_error("bind %s: %s", log_quote_max(target, 512),
		    strerror(why));
		return;
	}
	log_error("bind [%s]:%u: %s", log_quote(target), r->port,
	    strerror(why));
	log_error("channel_setup_fwd_listener_tcpip: cannot listen to port: "
		  "%u",
	    r->port);
}

/* ---- one request ---- */

/* An address to bind as GatewayPorts has it: without it the loopback, which
 * may be asked for by one of its addresses; with it any. */
static enum incoming_where
place(const struct session *s, struct slice address)
{
	bool one_loopback =
	    slice_is(address, "127.0.0.1") || slice_is(address, "::1");

	switch (s->conf.gateway_ports) {
	case GATEWAY_NO:
		return one_loopback ? INCOMING_THESE : INCOMING_LOOPBACK;
	case GATEWAY_YES:
		return INCOMING_ANY;
	default:
		break;
	}
	if (slice_is(address, "localhost"))
		return INCOMING_LOOPBACK;
	return address.n == 0 || slice_is(address, "*") ? INCOMING_ANY
							: INCOMING_THESE;
}

static struct remote *
remote_new(struct session *s, const struct global_request *q)
{
	struct remote *r = mem_new(sizeof(*r));

	must(s->remote == NULL);
	s->remote = r;
	r->s = s;
	r->kind = q->kind == GLOBAL_TCPIP_FORWARD ? OPEN_FORWARDED_TCPIP
						  : OPEN_FORWARDED_STREAMLOCAL;
	r->target = mem_text(q->target);
	r->port = q->port;
	return r;
}

void
remote_stop(struct session *s)
{
	struct remote *r = take(&s->remote);

	if (r == NULL)
		return;
	reclaim_cancel(s);
	if (r->looking != NULL)
		resolve_cancel(r->looking);
	mem_free(r->target);
	mem_free(r);
}

static struct incoming *
listen_for(const struct remote *r)
{
	if (r->kind == OPEN_FORWARDED_TCPIP)
		return incoming_tcp(r->s, r->kind, r->where, &r->found,
		    r->port);
	return incoming_path(r->s, r->kind, r->target,
	    r->s->conf.streamlocal_mask, r->s->conf.streamlocal_unlink);
}

/* The others of this user are told that we are worth asking. */
static void
tell_monitor(struct session *s)
{
	const struct listens_msg m = {.uid = (uint32_t)s->grant->uid};

	if (s->told_listens)
		return;
	s->told_listens = true;
	if (ask_listens(s->monitor, &m, NULL) != OK)
		s->over = true; /* the monitor is gone */
}

static void on_others_asked(void *ctx);

/* In use: by a connection of this user's whose client is gone? */
static bool
ask_others(struct remote *r, int why)
{
	if (why != EADDRINUSE || r->asked ||
	    remote_holds(r->s, r->port, r->target))
		return false;
	r->asked = true;
	reclaim_ask(r->s, r->port, r->target, on_others_asked, r);
	return true;
}

/* Once what to bind is known. */
static enum global_answer
try_it(struct remote *r, struct buf *reply)
{
	struct incoming *in = listen_for(r);
	int why = errno;
	struct wr w = wr_into(reply);

	if (in == NULL && ask_others(r, why))
		return GLOBAL_LATER;
	if (in == NULL) {
		say_failed(r, why);
		return GLOBAL_NO;
	}
	if (in->target == NULL)
		in->target = mem_strdup(r->target);
	say(r->s, "opened", in);
	tell_monitor(r->s);
	if (r->kind != OPEN_FORWARDED_TCPIP || r->port != 0)
		return GLOBAL_YES;
	wr_u32(&w, in->port); /* the one that was chosen */
	return wr_end(&w, NULL) == OK ? GLOBAL_YES : GLOBAL_NO;
}

/* After a wait. */
static void
settle(struct remote *r, enum global_answer a, struct slice reply)
{
	struct session *s = r->s;

	remote_stop(s);
	global_settle(s->connect, a == GLOBAL_YES, reply);
}

static void
try_again(struct remote *r)
{
	SCOPED(buf_clear) struct buf reply = BUF_LIMIT(4);
	enum global_answer a = try_it(r, &reply);

	if (a != GLOBAL_LATER)
		settle(r, a, buf_slice(&reply));
}

static void
on_others_asked(void *ctx)
{
	try_again(ctx);
}

static void
on_resolved(void *ctx, const struct resolved *found, const char *why)
{
	struct remote *r = ctx;

	r->looking = NULL;
	if (found == NULL) {
		log_error("channel_setup_fwd_listener_tcpip: getaddrinfo: %s: "
			  "%s",
		    log_quote(slice_cstr(r->target)), why);
		settle(r, GLOBAL_NO, SLICE_NONE);
		return;
	}
	r->found = *found;
	try_again(r);
}

static enum global_answer
begin(struct remote *r, struct buf *reply)
{
	if (r->where != INCOMING_THESE)
		return try_it(r, reply);
	r->looking = resolve_host(r->s->loop, r->target, on_resolved, r);
	if (r->looking != NULL)
		return GLOBAL_LATER;
	say_failed(r, errno);
	return GLOBAL_NO;
}

/* ---- the requests ---- */

/* SEC-45: checked before anything is narrowed to 16 bits. */
static bool
may_listen(const struct session *s, const struct global_request *q)
{
	bool ok = permit_tcp(&s->conf, s->grant, FORWARD_REMOTE) &&
		  q->port <= PORT_MAX && (q->want_reply || q->port != 0) &&
		  (q->port == 0 || q->port >= PRIVILEGED_PORT ||
		      s->grant->uid == 0) &&
		  permit_listen(&s->conf, s->grant, q->target, q->port);

	if (!ok)
		log_info("Received request from %s port %u to remote forward "
			 "to host %s port %u, but the request was denied.",
		    s->conn->peer_ip, s->conn->peer_port, log_quote(q->target),
		    q->port);
	return ok;
}

static bool
may_listen_on_path(const struct session *s, const struct global_request *q)
{
	if (permit_streamlocal(&s->conf, s->grant, FORWARD_REMOTE))
		return true;
	log_info("Received request from %s port %u to remote forward to path "
		 "\"%s\", but the request was denied.",
	    s->conn->peer_ip, s->conn->peer_port, log_quote(q->target));
	return false;
}

static enum global_answer
listen_at(struct session *s, const struct global_request *q,
    enum incoming_where where, struct buf *reply)
{
	struct remote *r = remote_new(s, q);
	enum global_answer a;

	r->where = where;
	a = begin(r, reply);
	if (a != GLOBAL_LATER)
		remote_stop(s);
	return a;
}

/* Only what this connection listens on. */
static enum global_answer
cancel(struct session *s, enum open_kind kind, const struct global_request *q)
{
	struct incoming *in = find(s, kind, q->target, q->port);

	if (in == NULL)
		return GLOBAL_NO;
	say(s, "closed", in);
	incoming_close(in);
	return GLOBAL_YES;
}

enum global_answer
remote_request(struct session *s, const struct global_request *q,
    struct buf *reply)
{
	switch (q->kind) {
	case GLOBAL_TCPIP_FORWARD:
		if (!may_listen(s, q))
			return GLOBAL_NO;
		return listen_at(s, q, place(s, q->target), reply);
	case GLOBAL_STREAMLOCAL_FORWARD:
		if (!may_listen_on_path(s, q))
			return GLOBAL_NO;
		return listen_at(s, q, INCOMING_ANY, reply);
	case GLOBAL_TCPIP_CANCEL:
		return cancel(s, OPEN_FORWARDED_TCPIP, q);
	case GLOBAL_STREAMLOCAL_CANCEL:
		return cancel(s, OPEN_FORWARDED_STREAMLOCAL, q);
	default:
		return GLOBAL_NO;
	}
}
