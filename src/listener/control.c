/*
 * control.c - the control socket
 *
 * SOCK_SEQPACKET in a folder that only root may enter; who connects must be
 * root (SO_PEERCRED), or, of a daemon that an ordinary user runs, that user.
 * The listening socket crosses a reload, those who are connected don't.
 */
#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VISITORS_MAX  8     /* an administrator has as many terminals */
#define VISIT_MS      30000 /* between two requests */
#define STATE_VERSION 2

struct control {
	struct listener *l;
	int fd; /* -1: none */
	char *path;
	struct watch watch;
	struct link visitors;
	size_t n; /* of PHASE_ADMIN */
};

static struct control *
control_of(struct listener *l)
{
	if (l->control == NULL) {
		l->control = mem_new(sizeof(*l->control));
		l->control->l = l;
		l->control->fd = -1;
		list_init(&l->control->visitors);
	}
	return l->control;
}

/* ---- visitors --------------------------------------------------------------- */

void
control_leave(struct visitor *v)
{
	struct control *c = v->l->control;

	if (v->gone != NULL)
		v->gone(v);
	list_remove(&v->all);
	loop_remove(&v->watch);
	loop_timer_cancel(&v->leave);
	loop_timer_cancel(&v->look);
	rpc_free(v->rpc);
	buf_clear(&v->room);
	if (v->phase == PHASE_ADMIN && c->n-- == VISITORS_MAX && c->fd >= 0)
		loop_change(&c->watch, LOOP_READ);
	mem_free(v);
}

/* Nothing is taken from one who waits for an answer. */
static void
settle(struct visitor *v)
{
	loop_change(&v->watch, serve_owes(&v->serve) ? 0 : LOOP_READ);
	if (v->phase == PHASE_ADMIN)
		loop_timer(v->l->loop, &v->leave, clock_mono_ms() + VISIT_MS);
	if (!serve_owes(&v->serve)) {
		rpc_idle(v->rpc);
		buf_clear(&v->room);
	}
}

static void
on_visitor(struct watch *w, unsigned int events)
{
	struct visitor *v = w->ctx;
	enum err e = ERR_EOF;

	if (!serve_owes(&v->serve))
		e = ops_control_serve(v);
	else if ((events & LOOP_ERROR) == 0)
		return;
	if (e == OK) {
		settle(v);
		return;
	}
	/* ERR_AGAIN: a request was there, and its answer isn't taken */
	if (e != ERR_EOF && e != ERR_PEER_CLOSED)
		log_error("control socket: %s", err_sentence(e));
	control_leave(v);
}

static void
on_leave(struct timer *t)
{
	struct visitor *v = t->ctx;

	/* the check of a configuration takes as long as it takes */
	if (v->reloading)
		loop_timer(v->l->loop, t, clock_mono_ms() + VISIT_MS);
	else
		control_leave(v);
}

static void
on_look(struct timer *t)
{
	ops_control_list(t->ctx, true);
}

void
control_answer(struct visitor *v, const void *rep)
{
	enum err e = serve_reply(&v->serve, rep);

	if (e == OK) {
		settle(v);
		return;
	}
	log_debug1("control socket: %s", err_sentence(e));
	control_leave(v);
}

struct visitor *
control_visitor(struct listener *l, int fd, unsigned int phase)
{
	struct control *c = control_of(l);
	struct visitor *v = mem_new(sizeof(*v));

	v->l = l;
	v->phase = phase;
	v->rpc = rpc_new(fd);
	v->leave = (struct timer){.on = on_leave, .ctx = v};
	v->look = (struct timer){.on = on_look, .ctx = v};
	v->watch = (struct watch){.fd = fd,
	    .events = LOOP_READ,
	    .on = on_visitor,
	    .ctx = v};
	ops_control_init(v);
	list_add_tail(&c->visitors, &v->all);
	if (phase == PHASE_ADMIN)
		c->n++;
	must(loop_add(l->loop, &v->watch) == OK);
	settle(v);
	return v;
}

/* ---- the socket --------------------------------------------------------------- */

static bool
may_enter(int fd)
{
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
		return false;
	if (who.uid == 0 || who.uid == geteuid())
		return true;
	log_error("control socket: user id %lu may not use it",
	    (unsigned long)who.uid);
	return false;
}

static void
on_connect(struct watch *w, unsigned int events)
{
	struct control *c = w->ctx;
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (!may_enter(fd)) {
		io_close(&fd);
		return;
	}
	control_visitor(c->l, fd, PHASE_ADMIN);
	if (c->n == VISITORS_MAX)
		loop_change(&c->watch, 0); /* others wait in the backlog */
}

/* An ordinary user has no place in /run: no socket then, and no complaint. */
static bool
is_out_of_reach(const struct listener *l)
{
	return !l->root && strncmp(l->conf->control_socket, "/run/", 5) == 0;
}

void
control_open(struct listener *l)
{
	const char *path = l->conf->control_socket;
	struct control *c = control_of(l);

	if (c->fd >= 0 && (path == NULL || strcmp(path, c->path) != 0)) {
		unlink(c->path);
		io_close(&c->fd);
	}
	if (path == NULL || is_out_of_reach(l))
		return;
	if (c->fd < 0)
		c->fd = scrape_bind_path(l, path, SOCK_SEQPACKET);
	if (c->fd < 0)
		return;
	c->path = mem_strdup(path);
	c->watch = (struct watch){.fd = c->fd,
	    .events = LOOP_READ,
	    .on = on_connect,
	    .ctx = c};
	must(loop_add(l->loop, &c->watch) == OK);
}

void
control_close(struct listener *l)
{
	struct control *c = l->control;

	if (c == NULL || c->fd < 0)
		return;
	unlink(c->path);
	loop_remove(&c->watch);
	io_close(&c->fd);
}

/* ---- events ------------------------------------------------------------------- */

void
control_looked(struct client *c, const struct stats_msg *m)
{
	struct control *control = c->listener->control;

	c->looking = false;
	c->looked_ms = clock_mono_ms();
	c->stats = *m;
	if (control == NULL)
		return;
	LIST_EACH_SAFE (it, &control->visitors) {
		struct visitor *v = LIST_ITEM(it, struct visitor, all);

		if (v->listing)
			ops_control_list(v, false);
	}
}

static void
tell_reloading(struct listener *l, bool ok, struct slice said)
{
	const struct done_rep rep = {.ok = ok,
	    .text = slice_first(said, 65536)};

	if (l->control == NULL)
		return;
	LIST_EACH_SAFE (it, &l->control->visitors) {
		struct visitor *v = LIST_ITEM(it, struct visitor, all);

		if (!v->reloading)
			continue;
		v->reloading = false;
		control_answer(v, &rep);
	}
}

void
control_reloading(struct listener *l)
{
	tell_reloading(l, true, SLICE_NONE);
}

void
control_not_reloading(struct listener *l, struct slice said)
{
	confirm_unwant(l);
	tell_reloading(l, false, said);
}

/* ---- across a reload ------------------------------------------------------------ */

void
control_export(const struct listener *l, struct wr *w)
{
	const struct control *c = l->control;
	size_t mark = wr_begin(w);

	wr_u32(w, STATE_VERSION);
	wr_u32(w, (uint32_t)(c != NULL ? c->fd : -1));
	wr_cstr(w, c != NULL ? c->path : NULL);
	wr_u32(w, (uint32_t)scrape_fd(l));
	wr_cstr(w, scrape_address(l));
	confirm_export(l, w);
	wr_finish(w, mark);
	tally_export(&l->tally, w);
}

void
control_import(struct listener *l, struct rd *all)
{
	struct rd r = rd_from(rd_string(all));
	struct control *c = control_of(l);
	int fd = -1, metrics = -1;
	struct slice path = SLICE_NONE, address = SLICE_NONE;

	if (rd_u32(&r) == STATE_VERSION) {
		fd = (int)rd_u32(&r);
		path = rd_string(&r);
		metrics = (int)rd_u32(&r);
		address = rd_string(&r);
		confirm_import(l, &r);
	}
	if (rd_status(&r) == OK && fd >= 0) {
		c->fd = fd;
		c->path = mem_text(path);
	}
	if (rd_status(&r) == OK && metrics >= 0)
		scrape_inherit(l, metrics, address);
	control_keep(l, false);
	tally_import(&l->tally, all);
	l->tally.reloads++;
}

static void
keep(int fd, bool across_exec)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, across_exec ? 0 : FD_CLOEXEC) != 0)
		log_debug1("F_SETFD: %s", strerror(errno));
}

void
control_keep(struct listener *l, bool across_exec)
{
	if (l->control != NULL)
		keep(l->control->fd, across_exec);
	keep(scrape_fd(l), across_exec);
	keep(confirm_fd(l), across_exec);
}
