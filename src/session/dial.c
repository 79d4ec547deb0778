#include "dial.h"

#include "permit.h"
#include "resolve.h"
#include "session.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STAGGER_MS  250u    /* RFC 8305 §8: Connection Attempt Delay */
#define DEADLINE_MS 120000u /* as long as the kernel tries by itself */
#define HOST_MAX    1024u

struct attempt {
	struct dial *d;
	struct watch watch; /* its fd is -1 where it isn't under way */
};

struct dial {
	struct session *s;
	void (*done)(void *ctx, enum dial_end end, int fd, const char *why);
	void *ctx;
	char *host;
	uint32_t port;

	struct resolve *looking; /* NULL: the addresses are there */
	struct resolved found;

	struct attempt tries[RESOLVE_MAX];
	size_t next, running;
	struct timer stagger, deadline;
	int why; /* errno of the last that failed */
};

/* ---- the end ---- */

static void
stop_attempt(struct attempt *a)
{
	if (a->watch.fd < 0)
		return;
	loop_remove(&a->watch);
	io_close(&a->watch.fd);
	a->d->running--;
}

void
dial_cancel(struct dial *d)
{
	if (d->looking != NULL)
		resolve_cancel(d->looking);
	for (size_t i = 0; i < RESOLVE_MAX; i++)
		if (d->tries[i].d != NULL)
			stop_attempt(&d->tries[i]);
	loop_timer_cancel(&d->stagger);
	loop_timer_cancel(&d->deadline);
	mem_free(d->host);
	mem_free(d);
}

static void
finish(struct dial *d, enum dial_end end, int fd, const char *why)
{
	void (*done)(void *, enum dial_end, int, const char *) = d->done;
	void *ctx = d->ctx;

	dial_cancel(d);
	done(ctx, end, fd, why);
}

/* ---- attempts ---- */

static void try_next(struct dial *d);

static void
on_connected(struct watch *w, unsigned int events)
{
	struct attempt *a = w->ctx;
	struct dial *d = a->d;
	int error = 0, fd;
	socklen_t n = sizeof(error);

	(void)events;
	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		error = errno;
	if (error == EINPROGRESS)
		return;
	if (error != 0) {
		d->why = error;
		stop_attempt(a);
		try_next(d);
		return;
	}
	loop_remove(w);
	fd = w->fd;
	w->fd = -1;
	d->running--;
	finish(d, DIAL_CONNECTED, fd, NULL);
}

static socklen_t
size_of(const union resolve_address *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

/* False: it can't even begin; errno is noted. */
static bool
begin(struct dial *d, const union resolve_address *to, struct attempt *a)
{
	int one = 1;
	int fd = socket(to->any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*a = (struct attempt){.d = d,
	    .watch = {.fd = fd,
		.events = LOOP_WRITE,
		.on = on_connected,
		.ctx = a}};
	if (fd < 0) {
		d->why = errno;
		return false;
	}
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
		log_debug3("TCP_NODELAY: %s", strerror(errno));
	if ((connect(fd, &to->any, size_of(to)) == 0 || errno == EINPROGRESS) &&
	    loop_add(d->s->loop, &a->watch) == OK) {
		d->running++;
		return true;
	}
	d->why = errno;
	io_close(&a->watch.fd);
	return false;
}

static void
on_stagger(struct timer *t)
{
	try_next(t->ctx);
}

/* The next address that can be tried, and a time for the one behind it; the
 * end where there is none and nobody is left to wait for. */
static void
try_next(struct dial *d)
{
	bool begun = false;

	while (!begun && d->next < d->found.n) {
		size_t i = d->next++;

		begun = begin(d, &d->found.addresses[i], &d->tries[i]);
	}
	if (begun && d->next < d->found.n)
		loop_timer(d->s->loop, &d->stagger,
		    clock_mono_ms() + STAGGER_MS);
	else if (d->running == 0)
		finish(d, DIAL_FAILED, -1, strerror(d->why));
}

static void
on_deadline(struct timer *t)
{
	finish(t->ctx, DIAL_FAILED, -1, strerror(ETIMEDOUT));
}

/* ---- addresses ---- */

/* As rules know it: a mapped address is IPv4, and the kernel takes "any
 * address" for the loopback. */
static void
address_text(const union resolve_address *a, char room[64])
{
	struct addr addr = {.family = 4};

	if (a->any.sa_family == AF_INET) {
		memcpy(addr.octets, &a->v4.sin_addr, 4);
	} else if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr)) {
		memcpy(addr.octets, &a->v6.sin6_addr.s6_addr[12], 4);
	} else {
		addr.family = 6;
		memcpy(addr.octets, &a->v6.sin6_addr, 16);
	}
	addr_text(&addr, room);
	if (strcmp(room, "0.0.0.0") == 0)
		(void)snprintf(room, 64, "127.0.0.1");
	if (strcmp(room, "::") == 0)
		(void)snprintf(room, 64, "::1");
}

/* AddressFamily, ForwardAllow, ForwardDeny; ports are set. */
static bool
is_allowed(const struct dial *d, union resolve_address *a)
{
	const struct conf *c = &d->s->conf;
	char text[64];

	if (a->any.sa_family != AF_INET && a->any.sa_family != AF_INET6)
		return false;
	if ((c->family == FAMILY_INET && a->any.sa_family != AF_INET) ||
	    (c->family == FAMILY_INET6 && a->any.sa_family != AF_INET6))
		return false;
	if (a->any.sa_family == AF_INET)
		a->v4.sin_port = htons((uint16_t)d->port);
	else
		a->v6.sin6_port = htons((uint16_t)d->port);
	address_text(a, text);
	return permit_target(c, slice_cstr(d->host), slice_cstr(text), d->port);
}

/* RFC 8305 §4: families take turns, beginning with the first one's. */
static void
interleave(struct resolved *f)
{
	union resolve_address sorted[RESOLVE_MAX];
	bool used[RESOLVE_MAX] = {false};
	sa_family_t want = f->addresses[0].any.sa_family;

	for (size_t n = 0; n < f->n; n++) {
		size_t pick = f->n;

		for (size_t i = f->n; i-- > 0;)
			if (!used[i] &&
			    (pick == f->n ||
				f->addresses[i].any.sa_family == want ||
				f->addresses[pick].any.sa_family != want))
				pick = i;
		used[pick] = true;
		sorted[n] = f->addresses[pick];
		want = sorted[n].any.sa_family == AF_INET ? AF_INET6 : AF_INET;
	}
	memcpy(f->addresses, sorted, f->n * sizeof(sorted[0]));
}

static void
start(struct dial *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->found.n; i++)
		if (is_allowed(d, &d->found.addresses[i]))
			d->found.addresses[n++] = d->found.addresses[i];
	d->found.n = (uint32_t)n;
	if (n == 0) {
		finish(d, DIAL_FORBIDDEN, -1, "not allowed");
		return;
	}
	interleave(&d->found);
	d->deadline = (struct timer){.on = on_deadline, .ctx = d};
	loop_timer(d->s->loop, &d->deadline, clock_mono_ms() + DEADLINE_MS);
	try_next(d);
}

/* ---- names ---- */

static void
on_resolved(void *ctx, const struct resolved *found, const char *why)
{
	struct dial *d = ctx;

	d->looking = NULL;
	if (found == NULL) {
		finish(d, DIAL_UNKNOWN, -1, why);
		return;
	}
	d->found = *found;
	start(d);
}

struct dial *
dial_host(struct session *s, struct slice host, uint32_t port,
    void (*done)(void *ctx, enum dial_end end, int fd, const char *why),
    void *ctx)
{
	struct dial *d = mem_new(sizeof(*d));

	d->s = s;
	d->done = done;
	d->ctx = ctx;
	d->host = mem_text(slice_first(host, HOST_MAX));
	d->port = port;
	d->why = ECONNREFUSED;
	d->stagger = (struct timer){.on = on_stagger, .ctx = d};
	d->looking = resolve_host(s->loop, d->host, on_resolved, d);
	if (d->looking != NULL)
		return d;
	dial_cancel(d);
	return NULL;
}
