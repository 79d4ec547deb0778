/*
 * waiting.c - the waiting room: identification sent, nothing read
 *
 * A stranger who connects and stays silent is a descriptor, a small record
 * and a deadline. Only when the descriptor becomes readable does it cost
 * processes; one that closes without a word never does.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char refusal[] = "Not allowed at this time\r\n";

/* Numeric address and port of one end; "UNKNOWN" where there is none. */
static void
end_name(int fd, bool peer, char *ip, size_t size, uint16_t *port)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char host[NI_MAXHOST], service[NI_MAXSERV];
	struct addr folded;
	char text[64];

	snprintf(ip, size, "UNKNOWN");
	*port = 65535;
	if ((peer ? getpeername(fd, (struct sockaddr *)&a, &n)
		  : getsockname(fd, (struct sockaddr *)&a, &n)) != 0)
		return;
	if (getnameinfo((struct sockaddr *)&a, n, host, sizeof(host), service,
		sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	*port = (uint16_t)strtoul(service, NULL, 10);
	/* an IPv4 address in IPv6's clothes is written as what it is */
	if (addr_parse(slice_cstr(host), &folded) == OK) {
		addr_text(&folded, text);
		snprintf(ip, size, "%s", text);
	} else {
		snprintf(ip, size, "%s", host);
	}
}

void
waiting_names(struct client *c, int fd)
{
	end_name(fd, true, c->peer_ip, sizeof(c->peer_ip), &c->peer_port);
	end_name(fd, false, c->local_ip, sizeof(c->local_ip), &c->local_port);
}

struct client *
waiting_new(struct listener *l)
{
	struct client *c = mem_new(sizeof(*c));

	c->listener = l;
	c->fd = -1;
	c->watch.fd = -1;
	list_init(&c->group);
	list_add_tail(&l->clients, &c->all);
	return c;
}

void
waiting_free(struct client *c)
{
	struct listener *l = c->listener;

	admit_uncount(l, c);
	loop_remove(&c->watch);
	loop_timer_cancel(&c->deadline);
	list_remove(&c->group);
	list_remove(&c->all);
	io_close(&c->fd);
	rpc_free(c->lifeline);
	mem_free(c);
}

uint64_t
waiting_deadline(const struct client *c)
{
	uint32_t grace = c->listener->conf->login_grace_s;

	return grace == 0 ? UINT64_MAX
			  : c->accepted_ms + (uint64_t)grace * 1000;
}

void
waiting_grace_over(struct client *c)
{
	log_info("Timeout before authentication for connection from %s to "
		 "%s, pid = %ld",
	    c->peer_ip, c->local_ip, (long)c->pid);
	c->timed_out = true;
}

static void
on_deadline(struct timer *t)
{
	struct client *c = t->ctx;

	if (c->state == CLIENT_SILENT || c->state == CLIENT_QUEUED) {
		waiting_grace_over(c);
		waiting_free(c);
	}
	/* later the monitor's own timer ends it; survivors.c tells of it */
}

/* It left without a word: a line, no process. */
static void
left(struct client *c)
{
	log_verbose("kex_exchange_identification: Connection closed by "
		    "remote host");
	log_verbose("Connection closed by %s port %u", c->peer_ip,
	    (unsigned int)c->peer_port);
	waiting_free(c);
}

static void
on_silence_over(struct watch *w, unsigned int events)
{
	struct client *c = w->ctx;
	struct listener *l = c->listener;
	const char *why;
	int unread = 0;

	if ((events & (LOOP_HANGUP | LOOP_ERROR)) != 0 &&
	    (ioctl(c->fd, FIONREAD, &unread) != 0 || unread == 0)) {
		left(c);
		return;
	}
	if (!admit_at_first_octet(l, &why)) {
		admit_log_drop(l, c, why);
		waiting_free(c);
		return;
	}
	loop_remove(&c->watch);
	admit_silent_over(l, c);
	c->state = CLIENT_QUEUED;
	spawners_give(l, c);
}

void
waiting_watch(struct client *c)
{
	struct listener *l = c->listener;
	uint64_t at = waiting_deadline(c);

	c->watch = (struct watch){.fd = c->fd,
	    .events = LOOP_READ | LOOP_HANGUP,
	    .on = on_silence_over,
	    .ctx = c};
	c->deadline = (struct timer){.on = on_deadline, .ctx = c};
	if (at != UINT64_MAX)
		loop_timer(l->loop, &c->deadline, at);
	if (loop_add(l->loop, &c->watch) != OK) {
		log_error("can't watch a connection: %s", strerror(errno));
		waiting_free(c);
	}
}

void
waiting_keepalive(const struct listener *l, int fd)
{
	const int on = 1;

	/* small packets aren't held back: a keystroke is one */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (l->conf->tcp_keep_alive)
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* The identification line; a fresh socket takes it whole or is broken. */
static bool
send_version(struct client *c)
{
	char line[sizeof(c->version) + 2];
	int n = snprintf(line, sizeof(line), "%s\r\n", c->version);

	return n > 0 &&
	       send(c->fd, line, (size_t)n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Plain text instead of an identification line, RFC 4253 §4.2 */
static void
refuse(struct client *c, const char *why)
{
	admit_log_drop(c->listener, c, why);
	(void)!send(c->fd, refusal, sizeof(refusal) - 1, MSG_NOSIGNAL);
	waiting_free(c);
}

void
waiting_accept(struct listener *l, int fd)
{
	struct client *c = waiting_new(l), *victim;
	const char *why;

	c->fd = fd;
	c->state = CLIENT_SILENT;
	c->number = ++l->last_number;
	c->accepted_ms = clock_mono_ms();
	waiting_names(c, fd);
	memcpy(c->version, l->version, sizeof(c->version));
	c->block = admit_block(l, c->peer_ip);
	if (!admit_at_accept(l, c->block, &why)) {
		admit_count(l, c);
		refuse(c, why);
		return;
	}
	if ((victim = admit_victim(l)) != NULL) {
		log_debug1("silent connection from %s given up for another",
		    victim->peer_ip);
		/* its block may be this one's: count before letting go */
		admit_count(l, c);
		waiting_free(victim);
	} else {
		admit_count(l, c);
	}
	log_verbose("Connection from %s port %u on %s port %u", c->peer_ip,
	    (unsigned int)c->peer_port, c->local_ip,
	    (unsigned int)c->local_port);
	waiting_keepalive(l, fd);
	if (!send_version(c)) {
		left(c);
		return;
	}
	waiting_watch(c);
}
