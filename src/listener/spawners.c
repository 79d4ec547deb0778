/*
 * spawners.c - the keeper and the generations: executed ahead, fed, retired
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
#include "sallyport/base/wr.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/keeper_ops.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define GENERATION_MS (10 * 60 * 1000) /* after its first connection */
#define RETRY_MS      500   /* a process that couldn't be made: try again */
#define KEEPER_MS     20000 /* loads 256 large keys within a second */
#define HOSTKEYS_MAX  ((size_t)64 << 10)

static void start_next(struct listener *l);
static void feed(struct listener *l);

/* What couldn't be made now is tried again. */
static void
retry_later(struct listener *l)
{
	loop_timer(l->loop, &l->retry, clock_mono_ms() + RETRY_MS);
}

/* ---- keeper -------------------------------------------------------------- */

static enum err
keeper_paths(const struct conf *conf, struct buf *keys, struct buf *certs)
{
	struct wr k = wr_into(keys), c = wr_into(certs);
	enum err e;

	for (size_t i = 0; i < conf->host_keys.n; i++) {
		wr_cstr(&k, conf->host_keys.v[i]);
		wr_cstr(&k, conf->host_keys_default ? "d" : "c");
	}
	for (size_t i = 0; i < conf->host_certificates.n; i++)
		wr_cstr(&c, conf->host_certificates.v[i]);
	if ((e = wr_end(&k, NULL)) != OK)
		return e;
	return wr_end(&c, NULL);
}

/* A disk that doesn't answer must not keep everybody waiting for ever. */
static enum err
keeper_wait(const struct rpc *keeper)
{
	struct pollfd p = {.fd = rpc_fd(keeper), .events = POLLIN};
	uint64_t end_ms = clock_mono_ms() + KEEPER_MS;

	for (;;) {
		uint64_t now_ms = clock_mono_ms();

		if (now_ms >= end_ms)
			return ERR_TIMEOUT;
		if (poll(&p, 1, (int)(end_ms - now_ms)) > 0)
			return OK;
	}
}

/* HostKeyAgent's socket, or NULL. */
static const char *
agent_path(const struct conf *conf)
{
	const char *path = conf->host_key_agent;

	if (path != NULL && strcmp(path, "SSH_AUTH_SOCK") == 0)
		path = getenv("SSH_AUTH_SOCK");
	return path;
}

static enum err
log_places_list(const struct conf *conf, struct buf *list)
{
	struct wr w = wr_into(list);

	for (size_t i = 0; i < conf->log_verbose.n; i++)
		wr_cstr(&w, conf->log_verbose.v[i]);
	return wr_end(&w, NULL);
}

/* Send it what to load. */
static enum err
keeper_ask(const struct listener *l, struct rpc *keeper)
{
	SCOPED(buf_clear) struct buf keys = BUF_LIMIT(HOSTKEYS_MAX);
	SCOPED(buf_clear) struct buf certs = BUF_LIMIT(HOSTKEYS_MAX);
	SCOPED(buf_clear) struct buf places = BUF_LIMIT(HOSTKEYS_MAX);
	struct keeper_start_msg start = {.check = l->cmd->test || l->cmd->dump};
	char word[32];
	enum err e;

	if ((e = keeper_paths(l->conf, &keys, &certs)) != OK ||
	    (e = log_places_list(l->conf, &places)) != OK)
		return e;
	log_export(word);
	start.log = slice_cstr(word);
	start.hostkeys = buf_slice(&keys);
	start.certificates = buf_slice(&certs);
	start.places = buf_slice(&places);
	start.agent = slice_cstr(agent_path(l->conf));
	/* "internal" and "none": we have none of our own */
	if (l->conf->security_key_provider != NULL &&
	    l->conf->security_key_provider[0] == '/')
		start.provider = slice_cstr(l->conf->security_key_provider);
	return rpc_send(keeper, KEEPER_START, &layout_keeper_start_msg, &start);
}

/* Take what it could load, if it is there. ERR_NOT_FOUND: no keys. */
static enum err
keeper_answer(struct listener *l, struct rpc *keeper)
{
	struct keys_msg answer;
	uint32_t number;
	enum err e = rpc_receive(keeper, true, &number);

	if (e != OK)
		return e;
	if (number != KEEPER_KEYS)
		return ERR_RPC;
	if ((e = rpc_decode(keeper, &layout_keys_msg, &answer)) != OK)
		return e;
	if (answer.count == 0)
		return ERR_NOT_FOUND;
	buf_clear(&l->keys);
	if ((e = buf_append(&l->keys, answer.keys)) != OK)
		return e;
	io_close(&l->keys_fd);
	if ((e = memfile_make("hostkeys", buf_slice(&l->keys), &l->keys_fd)) ==
	    OK)
		rpc_idle(keeper);
	return e;
}

/* One that has nothing to serve with. It may hang in a read that nothing
 * ends: nobody waits for its end. */
static void
give_up_keeper(struct listener *l, struct rpc *keeper, enum err why)
{
	rpc_free(keeper);
	if (l->keeper_pid > 0)
		kill(l->keeper_pid, SIGKILL);
	spawners_forget(l, l->keeper_pid);
	l->keeper_pid = 0;
	if (why != ERR_NOT_FOUND) {
		log_error("keeper: %s", err_sentence(why));
		return;
	}
	log_info("sshd: no hostkeys available%s",
	    !l->serving ? " -- exiting." : "; trying again");
	l->exit_status = 1;
}

/* A process that loads the keys. Gives its channel. */
static enum err
execute_keeper(struct listener *l, struct rpc **keeper)
{
	int pair[2];
	enum err e;

	if ((e = io_pair(pair)) != OK)
		return e;
	e = spawn_image(ROLE_KEEPER, NULL, pair[1], &l->keeper_pid);
	io_close(&pair[1]);
	if (e != OK) {
		io_close(&pair[0]);
		log_error("keeper: %s", strerror(errno));
		return e;
	}
	*keeper = rpc_new(pair[0]);
	if ((e = keeper_ask(l, *keeper)) != OK)
		give_up_keeper(l, take(keeper), e);
	return e;
}

enum err
spawners_start_keeper(struct listener *l)
{
	struct rpc *keeper;
	enum err e = execute_keeper(l, &keeper);

	if (e != OK)
		return e;
	if ((e = keeper_wait(keeper)) != OK ||
	    (e = keeper_answer(l, keeper)) != OK)
		give_up_keeper(l, keeper, e);
	else
		l->keeper = keeper;
	return e;
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

/* The keeper can't open a socket any more; and agents want to see root. */
static void
open_agent(struct listener *l)
{
	const char *path = agent_path(l->conf);
	struct agent_msg m = {.link = {-1}};

	if (path != NULL && io_connect_unix(path, &m.link.fd) != OK)
		log_error("Could not connect to agent \"%s\": %s", path,
		    strerror(errno));
	if (rpc_send(l->keeper, KEEPER_agent, &layout_agent_msg, &m) != OK)
		log_debug1("the keeper is gone");
	io_close(&m.link.fd);
	rpc_idle(l->keeper);
}

/* ---- a keeper's place is taken, without anybody waiting ------------------- */

static void
keeper_came(struct listener *l, struct rpc *keeper)
{
	l->keeper = keeper;
	spawners_watch_keeper(l);
	start_next(l);
}

/* It answers, or it ended, or its time is over. */
static void
on_starting(struct watch *w, unsigned int events)
{
	struct listener *l = w->ctx;
	enum err e = keeper_answer(l, l->keeper_starting);
	struct rpc *keeper;

	(void)events;
	if (e == ERR_AGAIN)
		return;
	loop_remove(w);
	loop_timer_cancel(&l->keeper_late);
	keeper = take(&l->keeper_starting);
	if (e == OK) {
		keeper_came(l, keeper);
		return;
	}
	give_up_keeper(l, keeper, e);
	retry_later(l);
}

static void
on_keeper_late(struct timer *t)
{
	struct listener *l = t->ctx;

	loop_remove(&l->keeper_watch);
	give_up_keeper(l, take(&l->keeper_starting), ERR_TIMEOUT);
	retry_later(l);
}

/* Connections are accepted meanwhile, and wait for their spawner. */
static void
restart_keeper(struct listener *l)
{
	if (execute_keeper(l, &l->keeper_starting) != OK) {
		retry_later(l);
		return;
	}
	l->keeper_watch = (struct watch){.fd = rpc_fd(l->keeper_starting),
	    .events = LOOP_READ,
	    .on = on_starting,
	    .ctx = l};
	must(loop_add(l->loop, &l->keeper_watch) == OK);
	l->keeper_late = (struct timer){.on = on_keeper_late, .ctx = l};
	loop_timer(l->loop, &l->keeper_late, clock_mono_ms() + KEEPER_MS);
}

/* Every generation of the dead keeper with it: the next have the new one. */
static void
on_keeper(struct watch *w, unsigned int events)
{
	struct listener *l = w->ctx;
	uint32_t number;
	enum err e = rpc_receive(l->keeper, true, &number);

	(void)events;
	if (e == ERR_AGAIN)
		return;
	if (e == OK && number == KEEPER_AGENT_LOST) {
		open_agent(l);
		return;
	}
	log_error("the keeper of the host keys ended; starting another");
	loop_remove(w);
	rpc_free(take(&l->keeper));
	spawners_forget(l, l->keeper_pid);
	l->keeper_pid = 0;
	if (l->current != NULL)
		retire(l->current);
	if (l->next != NULL)
		retire(l->next);
	restart_keeper(l);
	LIST_EACH_SAFE (it, &l->generations)
		dismiss_if_done(LIST_ITEM(it, struct generation, all));
}

void
spawners_watch_keeper(struct listener *l)
{
	l->keeper_watch = (struct watch){.fd = rpc_fd(l->keeper),
	    .events = LOOP_READ,
	    .on = on_keeper,
	    .ctx = l};
	must(loop_add(l->loop, &l->keeper_watch) == OK);
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
		start_next(l);
	else if (was_starting)
		retry_later(l);
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
		start_next(l);
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
		start_next(l);
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

/* See that one generation is ready or on its way ahead of need. */
static void
start_next(struct listener *l)
{
	if (l->next != NULL || l->stopping || l->keeper == NULL)
		return;
	if (generation_start(l, &l->next) != OK) {
		log_error("can't start a spawner: %s", strerror(errno));
		retry_later(l);
	}
}

static void
on_retry(struct timer *t)
{
	struct listener *l = t->ctx;

	if (l->keeper == NULL && l->keeper_starting == NULL)
		restart_keeper(l);
	start_next(l);
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
	if ((e = spawners_start_keeper(l)) == OK) {
		spawners_watch_keeper(l);
		start_next(l);
		e = l->next == NULL ? ERR_SYSTEM : OK;
	}
	if (e == OK || !l->serving)
		return e;
	retry_later(l);
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
		start_next(l);
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
	start_next(l);
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
		start_next(g->listener);
	}
}
