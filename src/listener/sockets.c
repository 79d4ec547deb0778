/*
 * sockets.c - where to listen: Port, ListenAddress, AddressFamily, and accept
 *
 * Sockets may be there already: those of the image before (a reload), of
 * systemd's descriptor store (a restart) and of its socket units. Each is
 * asked where it listens, and kept if the configuration wants it: an address
 * that stays is never unbound, not even for a moment. With sockets of a unit
 * the unit says where to listen, and the configuration doesn't.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG        4096 /* the kernel cuts it to somaxconn */
#define ACCEPTS_A_TURN 64   /* so that signals and spawners get their turn */
#define PAUSE_MS       200  /* out of descriptors or memory: don't spin */
#define FIRST_PASSED   3    /* sd_listen_fds(3) */
#define WHERE_MAX      (NI_MAXHOST + NI_MAXSERV + 16)

/* An address to listen on. */
struct place {
	const struct addrinfo *a;
	const char *rdomain;
	char host[NI_MAXHOST]; /* numeric, for the log */
	char port[8];
};

/* ---- what is there ----------------------------------------------------------- */

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 &&
	       on != 0;
}

static bool
is_stream(int fd)
{
	int type = 0;
	socklen_t n = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_STREAM;
}

/* One of LISTEN_FDS, with its name of LISTEN_FDNAMES. */
static void
receive_one(struct listener *l, int fd, struct slice name)
{
	/* what we gave into the store ourselves is ours to choose */
	struct listening s = {.fd = fd,
	    .given = !slice_is(name, NOTIFY_STORED)};

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return;
	if (!is_stream(fd)) {
		log_error("descriptor %d of LISTEN_FDS is no stream socket",
		    fd);
		io_close(&fd);
	} else if (!is_listening(fd)) {
		if (l->connection < 0)
			l->connection = fd;
		else
			io_close(&fd);
	} else if (l->nsockets < SOCKETS_MAX && io_nonblock(fd, true) == OK) {
		l->sockets[l->nsockets++] = s;
	} else {
		io_close(&fd);
	}
}

static bool
number_of(const char *name, uint64_t max, uint64_t *n)
{
	const char *text = getenv(name);

	return text != NULL && text_number(slice_cstr(text), 1, max, n) == OK;
}

void
sockets_receive(struct listener *l)
{
	const char *text = getenv("LISTEN_FDNAMES");
	struct slice names = text == NULL ? SLICE_NONE : slice_cstr(text);
	struct slice name;
	uint64_t pid, n;

	if (!number_of("LISTEN_PID", INT32_MAX, &pid) ||
	    pid != (uint64_t)getpid() ||
	    !number_of("LISTEN_FDS", SOCKETS_MAX, &n))
		return;
	for (int i = 0; i < (int)n; i++) {
		if (!slice_next(&names, ':', &name))
			name = SLICE_NONE;
		receive_one(l, FIRST_PASSED + i, name);
	}
}

static bool
same_port(const struct sockaddr_storage *s, const struct sockaddr *b)
{
	const struct sockaddr *a = (const struct sockaddr *)s;

	if (a->sa_family != b->sa_family)
		return false;
	/* in one place in both families */
	return ((const struct sockaddr_in *)(const void *)a)->sin_port ==
	       ((const struct sockaddr_in *)(const void *)b)->sin_port;
}

static bool
same_address(const struct sockaddr_storage *s, const struct sockaddr *b)
{
	const void *x = s, *y = b;
	const struct sockaddr_in *a4 = x, *b4 = y;
	const struct sockaddr_in6 *a6 = x, *b6 = y;

	if (!same_port(s, b))
		return false;
	if (b->sa_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return b->sa_family == AF_INET6 &&
	       a6->sin6_scope_id == b6->sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr);
}

static bool
same_rdomain(int fd, const char *rdomain)
{
	char device[IFNAMSIZ] = "";
	socklen_t n = sizeof(device);

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &n) != 0)
		device[0] = '\0';
	return strcmp(device, rdomain != NULL ? rdomain : "") == 0;
}

static struct listening *
find(struct listener *l, const struct place *p)
{
	for (size_t i = 0; i < l->nsockets; i++) {
		struct listening *s = &l->sockets[i];
		struct sockaddr_storage a = {0};
		socklen_t n = sizeof(a);

		if (getsockname(s->fd, (struct sockaddr *)&a, &n) == 0 &&
		    same_address(&a, p->a->ai_addr) &&
		    same_rdomain(s->fd, p->rdomain))
			return s;
	}
	return NULL;
}

/* ---- giving up one -------------------------------------------------------------- */

static void
describe(int fd, char *room, size_t size)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof(a);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&a, &n) == 0 &&
	    a.ss_family != AF_UNIX &&
	    getnameinfo((struct sockaddr *)&a, n, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(room, size, "%s port %s", host, port);
	else
		snprintf(room, size, "a local socket");
}

/* Who connected before it goes isn't refused. */
static void
retire(struct listener *l, size_t i)
{
	struct listening *s = &l->sockets[i];
	char where[WHERE_MAX];
	int fd;

	describe(s->fd, where, sizeof(where));
	while ((fd = accept4(s->fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		waiting_accept(l, fd);
	log_info("Server stops listening on %s.", where);
	io_close(&s->fd);
	l->sockets[i] = l->sockets[--l->nsockets];
}

/* An unwanted one with this port may be in the way of its successor: the
 * wildcard of 127.0.0.1. True if there was any. */
static bool
make_way(struct listener *l, const struct place *p)
{
	bool any = false;

	for (size_t i = l->nsockets; i-- > 0;) {
		struct sockaddr_storage a = {0};
		socklen_t n = sizeof(a);

		if (l->sockets[i].wanted ||
		    getsockname(l->sockets[i].fd, (struct sockaddr *)&a, &n) !=
			0 ||
		    !same_port(&a, p->a->ai_addr))
			continue;
		retire(l, i);
		any = true;
	}
	return any;
}

/* ---- binding ---------------------------------------------------------------------- */

static void
set_options(int fd, const struct place *p)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		log_error("setsockopt SO_REUSEADDR: %s", strerror(errno));
	if (p->a->ai_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		log_error("setsockopt IPV6_V6ONLY: %s", strerror(errno));
}

/* A socket that listens there; -1 with errno. */
static int
open_socket(const struct place *p)
{
	int fd = socket(p->a->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int why;

	if (fd < 0)
		return -1;
	set_options(fd, p);
	if ((p->rdomain == NULL ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->rdomain,
		    (socklen_t)strlen(p->rdomain)) == 0) &&
	    bind(fd, p->a->ai_addr, p->a->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	why = errno;
	io_close(&fd);
	errno = why;
	return -1;
}

static void
listen_on(struct listener *l, const struct place *p)
{
	struct listening s = {.wanted = true};

	if (l->nsockets == SOCKETS_MAX) {
		log_error("more than %d addresses to listen on", SOCKETS_MAX);
		return;
	}
	s.fd = open_socket(p);
	if (s.fd < 0 && errno == EADDRINUSE && make_way(l, p))
		s.fd = open_socket(p);
	if (s.fd < 0 && errno == EAFNOSUPPORT) {
		/* a kernel without IPv6: sshd says no more, either */
		log_verbose("socket: %s", strerror(errno));
		return;
	}
	if (s.fd < 0) {
		log_error("Bind to port %s on %s failed: %s.", p->port, p->host,
		    strerror(errno));
		return;
	}
	l->sockets[l->nsockets++] = s;
	log_info("Server listening on %s port %s%s%s.", p->host, p->port,
	    p->rdomain != NULL ? " rdomain " : "",
	    p->rdomain != NULL ? p->rdomain : "");
}

/* ---- what is wanted ------------------------------------------------------------------ */

static int
family_of(const struct listener *l)
{
	enum conf_family f =
	    l->cmd->family_given ? l->cmd->family : l->conf->family;

	return f == FAMILY_INET    ? AF_INET
	       : f == FAMILY_INET6 ? AF_INET6
				   : AF_UNSPEC;
}

/* Called for each address twice: keep those that are there, then bind. */
typedef void each_place(struct listener *l, const struct place *p);

static void
keep(struct listener *l, const struct place *p)
{
	struct listening *s = find(l, p);

	if (s != NULL)
		s->wanted = true;
}

static void
bind_missing(struct listener *l, const struct place *p)
{
	/* also one that two lines, or two names, mean */
	if (find(l, p) == NULL)
		listen_on(l, p);
}

/* Every address of one host (NULL: any) and port. False: no such name. */
static bool
each_address(struct listener *l, const struct conf_listen *one, uint16_t port,
    each_place *each)
{
	struct addrinfo hints = {.ai_family = family_of(l),
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct place p = {.rdomain = one->rdomain};
	struct addrinfo *all;
	int rc;

	snprintf(p.port, sizeof(p.port), "%u", (unsigned int)port);
	if ((rc = getaddrinfo(one->host, p.port, &hints, &all)) != 0) {
		if (each == bind_missing)
			log_error("bad addr or host: %s (%s)",
			    one->host != NULL ? one->host : "<any>",
			    gai_strerror(rc));
		return false;
	}
	for (p.a = all; p.a != NULL; p.a = p.a->ai_next)
		if (getnameinfo(p.a->ai_addr, p.a->ai_addrlen, p.host,
			sizeof(p.host), NULL, 0, NI_NUMERICHOST) == 0)
			each(l, &p);
	freeaddrinfo(all);
	return true;
}

static bool
each_wanted(struct listener *l, each_place *each)
{
	static const struct conf_listen any = {0};
	const struct conf_listen *listen = l->conf->listen;
	size_t n = l->conf->nlisten;
	bool known = true;

	if (n == 0) {
		listen = &any;
		n = 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (listen[i].port != 0) {
			known &=
			    each_address(l, &listen[i], listen[i].port, each);
			continue;
		}
		for (size_t k = 0; k < l->conf->nports; k++)
			known &=
			    each_address(l, &listen[i], l->conf->port[k], each);
	}
	return known;
}

static size_t
count(const struct listener *l, bool wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < l->nsockets; i++)
		n += l->sockets[i].wanted == wanted;
	return n;
}

/* Sockets of a unit: told once, not at every reload. */
static bool
is_given(struct listener *l)
{
	bool given = false;

	for (size_t i = 0; i < l->nsockets; i++)
		given |= l->sockets[i].given;
	if (!given)
		return false;
	for (size_t i = l->nsockets; i-- > 0;) {
		char where[WHERE_MAX];

		if (!l->sockets[i].given) {
			retire(l, i);
			continue;
		}
		describe(l->sockets[i].fd, where, sizeof(where));
		if (!l->restored)
			log_info("Server listening on %s, a socket of systemd; "
				 "Port and ListenAddress have no effect.",
			    where);
	}
	return true;
}

enum err
sockets_open(struct listener *l)
{
	bool known;

	if (is_given(l))
		return OK;
	known = each_wanted(l, keep);
	known &= each_wanted(l, bind_missing);
	if (count(l, true) > 0 && known) {
		for (size_t i = l->nsockets; i-- > 0;)
			if (!l->sockets[i].wanted)
				retire(l, i);
	} else if (count(l, false) > 0) {
		log_error("still listening where it was before, too");
	}
	if (l->nsockets > 0)
		return OK;
	log_fatal("Cannot bind any address.");
	return ERR_SYSTEM;
}

void
sockets_close(struct listener *l)
{
	for (size_t i = 0; i < l->nsockets; i++) {
		loop_remove(&l->sockets[i].watch);
		io_close(&l->sockets[i].fd);
	}
	l->nsockets = 0;
}

/* ---- accepting --------------------------------------------------------------------------- */

/* At the limit of descriptors or memory: rest a moment instead of spinning. */
static void
pause_accept(struct listener *l, int error)
{
	log_error("accept: %s", strerror(error));
	for (size_t i = 0; i < l->nsockets; i++)
		loop_change(&l->sockets[i].watch, 0);
	loop_timer(l->loop, &l->accept_pause, clock_mono_ms() + PAUSE_MS);
}

static void
on_pause_over(struct timer *t)
{
	struct listener *l = t->ctx;

	for (size_t i = 0; i < l->nsockets; i++)
		loop_change(&l->sockets[i].watch, LOOP_READ);
}

static void
on_socket(struct watch *w, unsigned int events)
{
	struct listener *l = w->ctx;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd =
		    accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			waiting_accept(l, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			pause_accept(l, errno);
		else if (errno != EAGAIN && errno != EINTR &&
			 errno != ECONNABORTED)
			log_error("accept: %s", strerror(errno));
		return;
	}
}

void
sockets_watch(struct listener *l)
{
	l->accept_pause = (struct timer){.on = on_pause_over, .ctx = l};
	for (size_t i = 0; i < l->nsockets; i++) {
		struct watch *w = &l->sockets[i].watch;

		*w = (struct watch){.fd = l->sockets[i].fd,
		    .events = LOOP_READ,
		    .on = on_socket,
		    .ctx = l};
		if (loop_add(l->loop, w) != OK)
			log_error("can't watch a listening socket");
	}
}
