/*
 * incoming.c - sockets that listen for a client: what remote.c, agent.c and
 * x11.c need
 */
#include "forward.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/pattern.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG        128
#define ACCEPT_TURN    16u   /* connections of a door, a turn */
#define PAUSE_MS       1000u /* no descriptors: others may end meanwhile */
#define ANY_PORT_TRIES 8     /* a port that is free for one family only */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

/* ---- connections ---- */

static void
set_watched(struct incoming *in, bool on)
{
	for (size_t i = 0; i < in->ndoors; i++) {
		struct watch *w = &in->doors[i].watch;

		loop_remove(w);
		if (on && loop_add(in->s->loop, w) != OK)
			log_debug1("a door stays shut");
	}
}

static void
on_pause_over(struct timer *t)
{
	set_watched(t->ctx, true);
}

/* Who came, as text, and the port; "" from a Unix socket. */
static uint32_t
originator(const union address *from, char room[64])
{
	struct addr a = {.family = 4};

	room[0] = '\0';
	if (from->any.sa_family == AF_INET) {
		memcpy(a.octets, &from->v4.sin_addr, 4);
		addr_text(&a, room);
		return ntohs(from->v4.sin_port);
	}
	if (from->any.sa_family != AF_INET6)
		return 0;
	a.family = 6;
	memcpy(a.octets, &from->v6.sin6_addr, 16);
	addr_text(&a, room);
	return ntohs(from->v6.sin6_port);
}

static void
welcome(struct incoming *in, int fd, const union address *from)
{
	struct channel_open req = {.kind = in->kind,
	    .target = slice_cstr(in->target),
	    .port = in->port};
	char text[64];
	int one = 1;

	req.originator_port = originator(from, text);
	req.originator = slice_cstr(text);
	if (from->any.sa_family != AF_UNIX &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
		log_debug3("TCP_NODELAY: %s", strerror(errno));
	forward_accepted(in->s, &req, fd);
}

static bool
is_shortage(int why)
{
	return why == EMFILE || why == ENFILE || why == ENOBUFS ||
	       why == ENOMEM;
}

static void
on_knock(struct watch *w, unsigned int events)
{
	struct incoming *in = ((struct door *)w->ctx)->in;

	(void)events;
	for (unsigned int i = 0; i < ACCEPT_TURN; i++) {
		union address from = {.any.sa_family = AF_UNSPEC};
		socklen_t n = sizeof(from);
		int fd =
		    accept4(w->fd, &from.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && is_shortage(errno)) {
			log_error("accept: %s", strerror(errno));
			set_watched(in, false);
			loop_timer(in->s->loop, &in->pause,
			    clock_mono_ms() + PAUSE_MS);
		}
		if (fd < 0)
			return;
		welcome(in, fd, &from);
		if (in->once) {
			if (in->gone != NULL)
				in->gone(in->ctx);
			incoming_close(in);
			return;
		}
	}
}

/* ---- made and closed ---- */

static struct incoming *
incoming_new(struct session *s, enum open_kind kind)
{
	struct incoming *in;
	size_t n = 0;

	LIST_EACH (l, &s->incomings)
		n++;
	if (n >= INCOMING_MAX) {
		errno = EMFILE;
		return NULL;
	}
	in = mem_new(sizeof(*in));
	in->s = s;
	in->kind = kind;
	in->pause = (struct timer){.on = on_pause_over, .ctx = in};
	list_add_tail(&s->incomings, &in->link);
	return in;
}

void
incoming_close(struct incoming *in)
{
	set_watched(in, false);
	loop_timer_cancel(&in->pause);
	for (size_t i = 0; i < in->ndoors; i++)
		io_close(&in->doors[i].fd);
	if (in->path != NULL && unlink(in->path) != 0)
		log_debug1("unlink %s: %s", in->path, strerror(errno));
	list_remove(&in->link);
	mem_free(in->target);
	mem_free(in->path);
	mem_free(in);
}

void
incoming_close_all(struct session *s)
{
	LIST_EACH_SAFE (l, &s->incomings)
		incoming_close(LIST_ITEM(l, struct incoming, link));
}

static void
close_keeping_errno(int *fd)
{
	int why = errno;

	io_close(fd);
	errno = why;
}

/* A listening socket, or -1 with errno. */
static int
listen_on(const union address *a, socklen_t size)
{
	int one = 1;
	int fd = socket(a->any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (a->any.sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
		    sizeof(one));
	if (a->any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one,
		    sizeof(one));
	if (bind(fd, &a->any, size) != 0 || listen(fd, BACKLOG) != 0)
		close_keeping_errno(&fd);
	return fd;
}

static void
add_door(struct incoming *in, int fd)
{
	struct door *d = &in->doors[in->ndoors++];

	must(in->ndoors <= INCOMING_DOORS);
	d->in = in;
	d->fd = fd;
	d->watch = (struct watch){.fd = fd,
	    .events = LOOP_READ,
	    .on = on_knock,
	    .ctx = d};
}

/* ---- TCP ---- */

static uint32_t
port_of(int fd)
{
	union address a = {.any.sa_family = AF_UNSPEC};
	socklen_t n = sizeof(a);

	if (getsockname(fd, &a.any, &n) != 0)
		return 0;
	return ntohs(
	    a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

static void
add_address(const struct session *s, const union resolve_address *a,
    union address out[INCOMING_DOORS], size_t *n)
{
	bool wanted =
	    a->any.sa_family == AF_INET    ? s->conf.family != FAMILY_INET6
	    : a->any.sa_family == AF_INET6 ? s->conf.family != FAMILY_INET
					   : false;

	if (!wanted || *n == INCOMING_DOORS)
		return;
	if (a->any.sa_family == AF_INET)
		out[*n].v4 = a->v4;
	else
		out[*n].v6 = a->v6;
	(*n)++;
}

/* The addresses of a place; how many. */
static size_t
addresses_of(const struct session *s, enum incoming_where where,
    const struct resolved *these, union address out[INCOMING_DOORS])
{
	union resolve_address v4 = {.v4.sin_family = AF_INET};
	union resolve_address v6 = {.v6.sin6_family = AF_INET6};
	size_t n = 0;

	if (where == INCOMING_LOOPBACK) {
		v4.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		v6.v6.sin6_addr = in6addr_loopback;
	}
	if (where != INCOMING_THESE) {
		add_address(s, &v4, out, &n);
		add_address(s, &v6, out, &n);
		return n;
	}
	for (size_t i = 0; i < these->n; i++)
		add_address(s, &these->addresses[i], out, &n);
	return n;
}

static socklen_t
set_port(union address *a, uint32_t port)
{
	if (a->any.sa_family == AF_INET) {
		a->v4.sin_port = htons((uint16_t)port);
		return sizeof(a->v4);
	}
	a->v6.sin6_port = htons((uint16_t)port);
	return sizeof(a->v6);
}

/* A machine may have one family only. */
static bool
is_absent(int why)
{
	return why == EADDRNOTAVAIL || why == EAFNOSUPPORT;
}

/*
 * Doors at all addresses that this machine has, of one port: where it is in use
 * for one family, it is in use. False, and errno: no.
 */
static bool
open_doors(struct incoming *in, union address *at, size_t n, uint32_t port)
{
	in->port = port;
	for (size_t i = 0; i < n; i++) {
		int fd = listen_on(&at[i], set_port(&at[i], in->port));

		if (fd < 0 && !is_absent(errno))
			return false;
		if (fd < 0)
			continue;
		add_door(in, fd);
		if (in->port == 0)
			in->port = port_of(fd);
	}
	return in->ndoors > 0;
}

static void
close_doors(struct incoming *in)
{
	while (in->ndoors > 0)
		close_keeping_errno(&in->doors[--in->ndoors].fd);
}

struct incoming *
incoming_tcp(struct session *s, enum open_kind kind, enum incoming_where where,
    const struct resolved *these, uint32_t port)
{
	union address at[INCOMING_DOORS];
	size_t n = addresses_of(s, where, these, at);
	int tries = port == 0 ? ANY_PORT_TRIES : 1, why = EADDRNOTAVAIL;
	struct incoming *in;
	bool ok = false;

	if ((in = incoming_new(s, kind)) == NULL)
		return NULL;
	while (!ok && tries-- > 0 && n > 0) {
		ok = open_doors(in, at, n, port);
		why = errno;
		if (!ok)
			close_doors(in);
	}
	if (!ok) {
		incoming_close(in);
		errno = why;
		return NULL;
	}
	set_watched(in, true);
	return in;
}

/* ---- paths ---- */

static bool
is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

struct incoming *
incoming_path(struct session *s, enum open_kind kind, const char *path,
    uint32_t mask, bool unlink_first)
{
	union address a = {.path.sun_family = AF_UNIX};
	struct incoming *in;
	mode_t before;
	int fd, why;

	errno = ENAMETOOLONG;
	/* an empty one would be bound to a name of the kernel's */
	if (path[0] == '\0' || !slice_to_cstr(slice_cstr(path), a.path.sun_path,
				   sizeof(a.path.sun_path)))
		return NULL;
	if ((in = incoming_new(s, kind)) == NULL)
		return NULL;
	if (unlink_first && is_socket(path) && unlink(path) != 0)
		log_debug1("unlink %s: %s", path, strerror(errno));
	before = umask((mode_t)mask);
	fd = listen_on(&a, sizeof(a.path));
	why = errno;
	(void)umask(before);
	if (fd < 0) {
		incoming_close(in);
		errno = why;
		return NULL;
	}
	add_door(in, fd);
	in->path = mem_strdup(path);
	in->target = mem_strdup(path);
	set_watched(in, true);
	return in;
}
