/*
 * sockets.c - bind what Port, ListenAddress and AddressFamily say, and accept
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG        512 /* the kernel cuts it to somaxconn */
#define ACCEPTS_A_TURN 64  /* so that signals and spawners get their turn */
#define PAUSE_MS       200 /* out of descriptors or memory: don't spin */

static int
family_of(const struct listener *l)
{
	enum conf_family f =
	    l->cmd->family_given ? l->cmd->family : l->conf->family;

	return f == FAMILY_INET    ? AF_INET
	       : f == FAMILY_INET6 ? AF_INET6
				   : AF_UNSPEC;
}

static void
bind_failed(const char *host, const char *port, const char *why)
{
	log_error("Bind to port %s on %s failed: %s.", port, host, why);
}

static int
open_socket(const struct addrinfo *a, const char *host, const char *port,
    const char *rdomain)
{
	const int on = 1;
	int fd =
	    socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		log_verbose("socket: %s", strerror(errno));
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		log_error("setsockopt SO_REUSEADDR: %s", strerror(errno));
	if (a->ai_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		log_error("setsockopt IPV6_V6ONLY: %s", strerror(errno));
	if (rdomain != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
				   rdomain, (socklen_t)strlen(rdomain)) != 0) {
		bind_failed(host, port, strerror(errno));
		io_close(&fd);
		return -1;
	}
	if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		bind_failed(host, port, strerror(errno));
		io_close(&fd);
	}
	return fd;
}

static void
bind_one(struct listener *l, const char *name, uint16_t port,
    const char *rdomain)
{
	struct addrinfo hints = {.ai_family = family_of(l),
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *all;
	char host[NI_MAXHOST], number[8];
	int rc;

	snprintf(number, sizeof(number), "%u", (unsigned int)port);
	if ((rc = getaddrinfo(name, number, &hints, &all)) != 0) {
		log_error("bad addr or host: %s (%s)",
		    name != NULL ? name : "<any>", gai_strerror(rc));
		return;
	}
	for (struct addrinfo *a = all; a != NULL; a = a->ai_next) {
		int fd;

		if (l->nsockets == SOCKETS_MAX)
			break;
		if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host),
			NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		if ((fd = open_socket(a, host, number, rdomain)) < 0)
			continue;
		l->sockets[l->nsockets++] = fd;
		log_info("Server listening on %s port %s%s%s.", host, number,
		    rdomain != NULL ? " rdomain " : "",
		    rdomain != NULL ? rdomain : "");
	}
	freeaddrinfo(all);
}

enum err
sockets_bind(struct listener *l)
{
	static const struct conf_listen any = {0};
	const struct conf_listen *listen = l->conf->listen;
	size_t n = l->conf->nlisten;

	if (n == 0) {
		listen = &any;
		n = 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (listen[i].port != 0) {
			bind_one(l, listen[i].host, listen[i].port,
			    listen[i].rdomain);
			continue;
		}
		for (size_t k = 0; k < l->conf->nports; k++)
			bind_one(l, listen[i].host, l->conf->port[k],
			    listen[i].rdomain);
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
		loop_remove(&l->socket_watch[i]);
		io_close(&l->sockets[i]);
	}
	l->nsockets = 0;
}

/* At the limit of descriptors or memory: rest a moment instead of spinning. */
static void
pause_accept(struct listener *l, int error)
{
	log_error("accept: %s", strerror(error));
	for (size_t i = 0; i < l->nsockets; i++)
		loop_change(&l->socket_watch[i], 0);
	loop_timer(l->loop, &l->accept_pause, clock_mono_ms() + PAUSE_MS);
}

static void
on_pause_over(struct timer *t)
{
	struct listener *l = t->ctx;

	for (size_t i = 0; i < l->nsockets; i++)
		loop_change(&l->socket_watch[i], LOOP_READ);
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
		struct watch *w = &l->socket_watch[i];

		*w = (struct watch){.fd = l->sockets[i],
		    .events = LOOP_READ,
		    .on = on_socket,
		    .ctx = l};
		if (loop_add(l->loop, w) != OK)
			log_error("can't watch a listening socket");
	}
}
