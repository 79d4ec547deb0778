#include "resolve.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/loop.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"

#include <net/if.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LOOKUP_S 30u /* of the helper: resolvers ask again after 5 */

struct resolve {
	void (*done)(void *ctx, const struct resolved *found, const char *why);
	void *ctx;
	pid_t helper;        /* 0: none */
	struct watch answer; /* its pipe */
	struct resolved found;
	size_t nread;       /* octets of found */
	struct timer known; /* what needs no look-up is told in the next turn */
};

/* ---- the end ---- */

static void
stop_helper(struct resolve *r)
{
	int status;

	if (r->helper == 0)
		return;
	loop_remove(&r->answer);
	io_close(&r->answer.fd);
	kill(r->helper, SIGKILL); /* where it has ended, it is no loss */
	if (parent_reap(r->helper, false, &status) != OK)
		log_debug1("a look-up is lost");
	r->helper = 0;
}

void
resolve_cancel(struct resolve *r)
{
	stop_helper(r);
	loop_timer_cancel(&r->known);
	mem_free(r);
}

static void
finish(struct resolve *r, int error)
{
	void (*done)(void *, const struct resolved *, const char *) = r->done;
	struct resolved found = r->found;
	void *ctx = r->ctx;

	resolve_cancel(r);
	if (error == 0 && found.n == 0)
		error = EAI_NONAME;
	if (error == 0)
		done(ctx, &found, NULL);
	else
		done(ctx, NULL, gai_strerror(error));
}

/* ---- names ---- */

/* In the helper. */
static _Noreturn void
look_up(const char *host, int out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	struct resolved f = {.n = 0};

	io_close_but(3, &out, 1);
	(void)alarm(LOOKUP_S);
	f.error = getaddrinfo(host, NULL, &hints, &list);
	for (; f.error == 0 && list != NULL && f.n < RESOLVE_MAX;
	     list = list->ai_next)
		if (list->ai_addrlen <= sizeof(union resolve_address))
			memcpy(&f.addresses[f.n++], list->ai_addr,
			    list->ai_addrlen);
	if (io_write_all(out, SLICE_OF(f)) != OK)
		_exit(1);
	_exit(0);
}

static void
on_answer(struct watch *w, unsigned int events)
{
	struct resolve *r = w->ctx;
	size_t n;
	enum err e =
	    io_read(w->fd, bytes_skip(BYTES_OF(r->found), r->nread), &n);

	(void)events;
	if (e == ERR_AGAIN)
		return;
	if (e == OK && (r->nread += n) < sizeof(r->found))
		return;
	/* one that didn't say all was killed by its deadline */
	finish(r, e == OK ? r->found.error : EAI_AGAIN);
}

static bool
start_helper(struct resolve *r, const char *host, struct loop *loop)
{
	int pipe[2];

	if (io_pipe(pipe) != OK)
		return false;
	r->helper = spawn_fork();
	if (r->helper == 0) {
		(void)signal(SIGALRM, SIG_DFL);
		look_up(host, pipe[1]);
	}
	io_close(&pipe[1]);
	r->answer = (struct watch){.fd = pipe[0],
	    .events = LOOP_READ,
	    .on = on_answer,
	    .ctx = r};
	if (r->helper < 0) {
		r->helper = 0;
		io_close(&r->answer.fd);
		return false;
	}
	return io_nonblock(pipe[0], true) == OK &&
	       loop_add(loop, &r->answer) == OK;
}

/* ---- what needs no look-up ---- */

/* By RFC 6761 §6.3 */
static void
note_localhost(struct resolved *f)
{
	f->addresses[0].v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	f->addresses[1].v4 = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	f->n = 2;
}

static void
note_address(struct resolved *f, const struct addr *a)
{
	f->n = 1;
	if (a->family == 4) {
		f->addresses[0].v4.sin_family = AF_INET;
		memcpy(&f->addresses[0].v4.sin_addr, a->octets, 4);
		return;
	}
	f->addresses[0].v6.sin6_family = AF_INET6;
	f->addresses[0].v6.sin6_scope_id =
	    a->scope[0] != '\0' ? if_nametoindex(a->scope) : 0;
	memcpy(&f->addresses[0].v6.sin6_addr, a->octets, 16);
}

static bool
is_known(struct resolved *f, const char *host)
{
	struct addr a;

	if (strcmp(host, "localhost") == 0)
		note_localhost(f);
	else if (addr_parse(slice_cstr(host), &a) == OK)
		note_address(f, &a);
	else
		return false;
	return true;
}

static void
on_known(struct timer *t)
{
	finish(t->ctx, 0);
}

struct resolve *
resolve_host(struct loop *loop, const char *host,
    void (*done)(void *ctx, const struct resolved *found, const char *why),
    void *ctx)
{
	struct resolve *r = mem_new(sizeof(*r));

	r->done = done;
	r->ctx = ctx;
	r->known = (struct timer){.on = on_known, .ctx = r};
	if (is_known(&r->found, host)) {
		loop_timer(loop, &r->known, clock_mono_ms());
		return r;
	}
	if (start_helper(r, host, loop))
		return r;
	resolve_cancel(r);
	return NULL;
}
