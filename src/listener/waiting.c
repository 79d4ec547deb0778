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
#include "sallyport/crypto/rng.h"

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

/* Who is refused is told so: in place of our identification line (RFC 4253
 * §4.2), or after it with SSH_MSG_DISCONNECT, too many connections (RFC 4253
 * §6, §11.1), which may come before any key exchange. */
#define REFUSAL "Not allowed at this time"
static const char refusal[] = REFUSAL "\r\n";
static const char disconnect[] = "\0\0\0\54" /* octets from here on */
				 "\6"        /* of padding */
				 "\1"        /* SSH_MSG_DISCONNECT */
				 "\0\0\0\14" /* TOO_MANY_CONNECTIONS */
				 "\0\0\0\30" REFUSAL "\0\0\0\0" /* language */
				 "\0\0\0\0\0\0";

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
	socklen_t n = sizeof(c->rdomain);

	end_name(fd, true, c->peer_ip, sizeof(c->peer_ip), &c->peer_port);
	end_name(fd, false, c->local_ip, sizeof(c->local_ip), &c->local_port);
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, c->rdomain, &n) != 0)
		c->rdomain[0] = '\0';
}

struct client *
waiting_new(struct listener *l)
{
	struct client *c = mem_new(sizeof(*c));

	c->listener = l;
	c->fd = -1;
	c->watch.fd = -1;
	c->uid = NOBODY;
	c->draw = (uint8_t)rng_below(100);
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

	if (c->deadline_ms != 0)
		return c->deadline_ms;
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
	waiting_charge(c, PENALTY_GRACE);
}

void
waiting_charge(struct client *c, enum penalty why)
{
	if (c->charged)
		return;
	c->charged = true;
	penalties_charge(c->listener, c->peer_ip, why);
}

static void
on_deadline(struct timer *t)
{
	struct client *c = t->ctx;

	if (c->state > CLIENT_HANDED)
		return; /* the monitor's own timer; survivors.c tells of it */
	if (c->state == CLIENT_HANDED) {
		/* its spawner doesn't get to it, and has a copy */
		shutdown(c->fd, SHUT_RDWR);
		spawners_let_go(c);
	}
	waiting_grace_over(c);
	waiting_free(c);
}

/*
 * It left without a word: lines, no process. All three together, since log
 * readers take what a process says of a connection for the last one that it
 * named: of those who speak, the monitor tells where they are from.
 */
static void
left(struct client *c)
{
	log_verbose("Connection from %s port %u on %s port %u%s%s%s",
	    c->peer_ip, (unsigned int)c->peer_port, c->local_ip,
	    (unsigned int)c->local_port,
	    c->rdomain[0] != '\0' ? " rdomain \"" : "", c->rdomain,
	    c->rdomain[0] != '\0' ? "\"" : "");
	log_verbose("kex_exchange_identification: Connection closed by "
		    "remote host");
	log_verbose("Connection closed by %s port %u", c->peer_ip,
	    (unsigned int)c->peer_port);
	waiting_charge(c, PENALTY_NOAUTH);
	waiting_free(c);
}

/* One that has our identification line and must go all the same. */
static void
turn_away(struct client *c)
{
	(void)!send(c->fd, disconnect, sizeof(disconnect) - 1, MSG_NOSIGNAL);
	waiting_free(c);
}

static void
on_silence_over(struct watch *w, unsigned int events)
{
	struct client *c = w->ctx;
	struct listener *l = c->listener;
	struct admit_refusal why;
	int unread = 0;

	if ((events & (LOOP_HANGUP | LOOP_ERROR)) != 0 &&
	    (ioctl(c->fd, FIONREAD, &unread) != 0 || unread == 0)) {
		left(c);
		return;
	}
	if (!admit_at_first_octet(l, c, &why)) {
		admit_drop(l, c, &why);
		turn_away(c);
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

	c->deadline = (struct timer){.on = on_deadline, .ctx = c};
	if (at != UINT64_MAX)
		loop_timer(l->loop, &c->deadline, at);
	if (c->state != CLIENT_SILENT)
		return;
	c->watch = (struct watch){.fd = c->fd,
	    .events = LOOP_READ | LOOP_HANGUP,
	    .on = on_silence_over,
	    .ctx = c};
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

/* Before it has our identification line. */
static void
refuse(struct client *c, const struct admit_refusal *why)
{
	admit_drop(c->listener, c, why);
	(void)!send(c->fd, refusal, sizeof(refusal) - 1, MSG_NOSIGNAL);
	waiting_free(c);
}

void
waiting_accept(struct listener *l, int fd)
{
	struct client *c = waiting_new(l), *victim;
	struct admit_refusal why;

	c->fd = fd;
	c->state = CLIENT_SILENT;
	c->number = ++l->last_number;
	l->tally.connections++;
	c->accepted_ms = clock_mono_ms();
	waiting_names(c, fd);
	memcpy(c->version, l->version, sizeof(c->version));
	c->block = admit_block(l, c->peer_ip);
	if (!admit_at_accept(l, c, &why)) {
		admit_count(l, c);
		refuse(c, &why);
		return;
	}
	if ((victim = admit_victim(l)) != NULL) {
		log_debug1("silent connection from %s given up for another",
		    victim->peer_ip);
		/* its block may be this one's: count before letting go */
		admit_count(l, c);
		turn_away(victim);
	} else {
		admit_count(l, c);
	}
	waiting_keepalive(l, fd);
	if (!send_version(c)) {
		left(c);
		return;
	}
	waiting_watch(c);
}
