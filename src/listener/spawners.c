/*
 * spawners.c - the generations: executed ahead, fed, retired
 *
 * There is always one generation that takes connections and, when all is well,
 * one that was executed ahead, so that no client waits for an exec. Where the
 * next one can't be had, the present one serves on.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/keeper_ops.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define GENERATION_MS (10 * 60 * 1000) /* after its first connection */
#define RETRY_MS      500 /* a process that couldn't be made: try again */

static void feed(struct listener *l);

void
spawners_retry(struct listener *l)
{
	loop_timer(l->loop, &l->retry, clock_mono_ms() + RETRY_MS);
}

static void
reap_quietly(pid_t *pid)
{
	int status;

	if (*pid > 0 && parent_reap(*pid, true, &status) != ERR_AGAIN)
		*pid = 0;
}

void
spawners_forget(struct listener *l, pid_t pid)
{
	reap_quietly(&pid);
	if (pid <= 0)
		return;
	l->former = mem_resize(l->former, l->nformer, l->nformer + 1,
	    sizeof(*l->former));
	l->former[l->nformer++] = pid;
}

static void
reap_former(struct listener *l)
{
	size_t left = 0;

	for (size_t i = 0; i < l->nformer; i++) {
		reap_quietly(&l->former[i]);
		if (l->former[i] > 0)
			l->former[left++] = l->former[i];
	}
	l->nformer = left;
}

/* A generation that gets no more connections. */
static void
retire(struct generation *g)
{
	struct listener *l = g->listener;

	g->state = GENERATION_RETIRED;
	loop_timer_cancel(&g->age);
	if (l->current == g)
		l->current = NULL;
	if (l->next == g)
		l->next = NULL;
}

/*
 * Retired, it leaves when none of its connections is before login (closing the
 * channel tells it); those it leaves behind are init's to reap.
 */
static void
dismiss_if_done(struct generation *g)
{
	int status;

	if (g->state != GENERATION_RETIRED)
		return;
	if (g->rpc != NULL && list_empty(&g->clients)) {
		loop_remove(&g->watch);
		rpc_free(g->rpc);
		g->rpc = NULL;
	}
	if (g->rpc != NULL || !list_empty(&g->clients))
		return;
	if (g->pid > 0 && parent_reap(g->pid, true, &status) == ERR_AGAIN)
		return; /* SIGCHLD comes later */
	list_remove(&g->all);
	mem_free(g);
}

/* ---- one generation ------------------------------------------------------ */

static struct client *
client_of(struct generation *g, uint32_t number)
{
	LIST_EACH (it, &g->clients) {
		struct client *c = LIST_ITEM(it, struct client, group);

		if (c->number == number)
			return c;
	}
	return NULL;
}

/* Its spawner is gone: who was not confirmed goes to another generation. */
static void
generation_lost(struct generation *g)
{
	struct listener *l = g->listener;
	bool was_starting = g->state == GENERATION_STARTING;

	if (g->rpc != NULL) {
		loop_remove(&g->watch);
		rpc_free(g->rpc);
		g->rpc = NULL;
	}
	retire(g);
	LIST_EACH_SAFE (it, &g->clients) {
		struct client *c = LIST_ITEM(it, struct client, group);

		if (c->state == CLIENT_ENDED) {
			waiting_free(c); /* nobody will tell why */
			continue;
		}
		if (c->state != CLIENT_HANDED)
			continue;
		list_remove(&c->group);
		c->generation = NULL;
		c->state = CLIENT_QUEUED;
		loop_remove(&c->watch);
		rpc_free(take(&c->lifeline));
		list_add_tail(&l->queue, &c->group);
	}
	dismiss_if_done(g);
	if (l->current == NULL && l->next == NULL && !was_starting)
		spawners_ahead(l);
	else if (was_starting)
		spawners_retry(l);
	feed(l);
}

static void
on_ready(struct generation *g, const struct spawner_ready_msg *m)
{
	struct listener *l = g->listener;

	if ((m->threads > 0 || m->descriptors > 0) && !g->cold) {
		log_error("warming left %u threads and %u descriptors; "
			  "serving without it",
		    (unsigned int)m->threads, (unsigned int)m->descriptors);
		l->never_warm = true;
		retire(g);
		dismiss_if_done(g);
		spawners_ahead(l);
		return;
	}
	g->state = GENERATION_READY;
	feed(l);
}

/* The monitor has its own copy now: let go of ours, or the peer never sees
 * the connection's end. */
static void
on_forked(struct generation *g, const struct forked_msg *m)
{
	struct client *c = client_of(g, m->number);

	if (c == NULL || c->state != CLIENT_HANDED)
		return;
	c->state = CLIENT_FORKED;
	c->pid = (pid_t)m->pid;
	io_close(&c->fd);
}

/*
 * A monitor's end. The generation doesn't wait for it any more; its lifeline,
 * which tells the rest, may end before or after.
 */
static void
on_reaped(struct generation *g, const struct reaped_msg *m)
{
	struct client *c = client_of(g, m->number);

	survivors_reaped(g, c, m);
	if (c != NULL) {
		list_remove(&c->group);
		c->generation = NULL;
		if (c->state == CLIENT_ENDED)
			waiting_free(c);
	}
	dismiss_if_done(g);
}

static enum err
receive(struct generation *g)
{
	struct spawner_ready_msg ready;
	struct forked_msg forked;
	struct reaped_msg reaped;
	uint32_t number;
	enum err e = rpc_receive(g->rpc, true, &number);

	if (e != OK)
		return e;
	switch (number) {
	case SPAWNER_READY:
		e = rpc_decode(g->rpc, &layout_spawner_ready_msg, &ready);
		if (e == OK)
			on_ready(g, &ready);
		return e;
	case SPAWNER_FORKED:
		e = rpc_decode(g->rpc, &layout_forked_msg, &forked);
		if (e == OK)
			on_forked(g, &forked);
		return e;
	case SPAWNER_REAPED:
		e = rpc_decode(g->rpc, &layout_reaped_msg, &reaped);
		if (e == OK)
			on_reaped(g, &reaped);
		return e;
	default:
		return ERR_RPC;
	}
}

static void
on_spawner(struct watch *w, unsigned int events)
{
	struct generation *g = w->ctx;
	enum err e = receive(g);

	(void)events;
	if (e == OK || e == ERR_AGAIN)
		return;
	if (g->state == GENERATION_READY)
		log_error("spawner %ld ended; starting another", (long)g->pid);
	generation_lost(g);
}

static void
on_age(struct timer *t)
{
	struct generation *g = t->ctx;
	struct listener *l = g->listener;

	if (l->next == NULL || l->next->state != GENERATION_READY) {
		/* nobody to follow it yet: serve on */
		loop_timer(l->loop, t, clock_mono_ms() + RETRY_MS);
		spawners_ahead(l);
		return;
	}
	retire(g);
	dismiss_if_done(g);
	feed(l);
}

static enum err
send_start(struct listener *l, struct generation *g)
{
	struct spawner_start_msg m = {.generation = g->number};
	struct link_msg link = {.further_links = true};
	char word[32];
	int pair[2];
	enum err e;

	if ((e = io_pair(pair)) != OK)
		return e;
	link.link.fd = pair[0];
	log_export(word);
	m.log = slice_cstr(word);
	m.config.fd = l->config_fd;
	m.keys.fd = l->keys_fd;
	m.keeper.fd = pair[1];
	if ((e = rpc_send(l->keeper, KEEPER_link, &layout_link_msg, &link)) ==
	    OK)
		e = rpc_send(g->rpc, SPAWNER_START, &layout_spawner_start_msg,
		    &m);
	io_close(&pair[0]);
	io_close(&pair[1]);
	return e;
}

static enum err
generation_start(struct listener *l, struct generation **out)
{
	struct generation *g;
	int pair[2];
	pid_t pid;
	enum err e;

	if ((e = io_pair(pair)) != OK)
		return e;
	e = spawn_image(ROLE_SPAWNER, l->never_warm ? "cold" : NULL, pair[1],
	    &pid);
	io_close(&pair[1]);
	if (e != OK) {
		io_close(&pair[0]);
		return e;
	}
	g = mem_new(sizeof(*g));
	g->listener = l;
	g->number = ++l->last_generation;
	g->pid = pid;
	g->cold = l->never_warm;
	g->rpc = rpc_new(pair[0]);
	list_init(&g->clients);
	list_add_tail(&l->generations, &g->all);
	g->age = (struct timer){.on = on_age, .ctx = g};
	g->watch = (struct watch){.fd = pair[0],
	    .events = LOOP_READ,
	    .on = on_spawner,
	    .ctx = g};
	must(loop_add(l->loop, &g->watch) == OK);
	*out = g;
	return send_start(l, g);
}

void
spawners_ahead(struct listener *l)
{
	if (l->next != NULL || l->stopping || l->keeper == NULL)
		return;
	if (generation_start(l, &l->next) != OK) {
		log_error("can't start a spawner: %s", strerror(errno));
		spawners_retry(l);
	}
}

static void
on_retry(struct timer *t)
{
	struct listener *l = t->ctx;

	if (l->keeper == NULL && l->keeper_starting == NULL)
		keepers_restart(l);
	spawners_ahead(l);
}

static void
on_child(int signo, const void *info, void *ctx)
{
	struct listener *l = ctx;

	(void)signo;
	(void)info;
	reap_quietly(&l->keeper_pid);
	reap_former(l);
	LIST_EACH_SAFE (it, &l->generations)
		dismiss_if_done(LIST_ITEM(it, struct generation, all));
}

enum err
spawners_start(struct listener *l)
{
	enum err e;

	l->retry = (struct timer){.on = on_retry, .ctx = l};
	loop_signal(l->loop, SIGCHLD, on_child, l);
	if ((e = keepers_start(l)) == OK) {
		keepers_watch(l);
		spawners_ahead(l);
		e = l->next == NULL ? ERR_SYSTEM : OK;
	}
	if (e == OK || !l->serving)
		return e;
	spawners_retry(l);
	return OK;
}

/* ---- handing on ---------------------------------------------------------- */

static bool
used_up(const struct generation *g)
{
	return g->taken >= g->listener->conf->spawner_generation;
}

/* The generation that takes the next connection, or NULL: wait. */
static struct generation *
taker(struct listener *l)
{
	bool next_ready = l->next != NULL && l->next->state == GENERATION_READY;

	if (l->current != NULL && used_up(l->current) && next_ready) {
		struct generation *g = l->current;

		retire(g);
		dismiss_if_done(g);
	}
	if (l->current == NULL && next_ready) {
		l->current = l->next;
		l->next = NULL;
	}
	if (l->next == NULL)
		spawners_ahead(l);
	if (l->current != NULL && used_up(l->current) && l->next != NULL)
		return NULL; /* its successor is on its way */
	return l->current;
}

static enum err
hand(struct generation *g, struct client *c)
{
	struct listener *l = g->listener;
	struct conn_msg m = {.number = c->number,
	    .accepted_ms = c->accepted_ms,
	    .peer_ip = slice_cstr(c->peer_ip),
	    .peer_port = c->peer_port,
	    .local_ip = slice_cstr(c->local_ip),
	    .local_port = c->local_port,
	    .rdomain = slice_cstr(c->rdomain),
	    .version = slice_cstr(c->version),
	    .conn = {c->fd}};
	int pair[2];
	enum err e;

	if ((e = io_pair(pair)) != OK)
		return e;
	m.lifeline.fd = pair[1];
	e = rpc_send(g->rpc, SPAWNER_TAKE, &layout_conn_msg, &m);
	io_close(&pair[1]);
	if (e != OK) {
		io_close(&pair[0]);
		return e;
	}
	if (g->taken++ == 0)
		loop_timer(l->loop, &g->age, clock_mono_ms() + GENERATION_MS);
	c->state = CLIENT_HANDED;
	c->generation = g;
	c->lifeline = rpc_new(pair[0]);
	list_remove(&c->group);
	list_add_tail(&g->clients, &c->group);
	survivors_watch(c);
	return OK;
}

/* Hand on everybody who waits, as far as a generation takes them. */
static void
feed(struct listener *l)
{
	/* none sets out any more: a reload waits for those on their way */
	if (l->reload_wanted)
		return;
	while (!list_empty(&l->queue)) {
		struct client *c =
		    LIST_ITEM(l->queue.next, struct client, group);
		struct generation *g = taker(l);
		enum err e;

		if (g == NULL)
			return;
		if ((e = hand(g, c)) == OK)
			continue;
		log_error("can't hand a connection on: %s", err_sentence(e));
		if (e == ERR_PEER_CLOSED || e == ERR_PEER_RESET) {
			generation_lost(g); /* feeds again */
			return;
		}
		waiting_free(c);
	}
	(void)taker(l); /* keep one ahead */
}

void
spawners_give(struct listener *l, struct client *c)
{
	c->state = CLIENT_QUEUED;
	list_remove(&c->group);
	list_add_tail(&l->queue, &c->group);
	feed(l);
}

void
spawners_resume(struct listener *l)
{
	feed(l);
}

void
spawners_renew(struct listener *l)
{
	if (l->current != NULL) {
		struct generation *g = l->current;

		retire(g);
		dismiss_if_done(g);
	}
	if (l->next != NULL) {
		struct generation *g = l->next;

		retire(g);
		dismiss_if_done(g);
	}
	spawners_ahead(l);
}

void
spawners_let_go(struct client *c)
{
	struct generation *g = c->generation;

	list_remove(&c->group);
	c->generation = NULL;
	if (g != NULL)
		dismiss_if_done(g);
}

void
spawners_crashed(struct generation *g)
{
	if (g == NULL)
		return;
	if (g->rpc != NULL) {
		LIST_EACH (it, &g->clients) {
			const struct client *c =
			    LIST_ITEM(it, struct client, group);
			struct forked_msg m = {.number = c->number,
			    .pid = (uint32_t)c->pid};

			if (c->state == CLIENT_FORKED &&
			    rpc_send(g->rpc, SPAWNER_KILL, &layout_forked_msg,
				&m) != OK)
				break;
		}
	}
	if (g->state != GENERATION_RETIRED) {
		log_info("generation %u retired after a crash",
		    (unsigned int)g->number);
		retire(g);
		spawners_ahead(g->listener);
	}
}
