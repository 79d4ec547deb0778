/*
 * keepers.c - the keeper of the host keys: executed, heard, replaced
 *
 * It alone reads the private keys; we send it where they lie and keep the
 * public ones that it found, for the spawners. When it ends, every generation
 * of its time goes with it.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/wr.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/keeper_ops.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define KEEPER_MS    20000 /* loads 256 large keys within a second */
#define HOSTKEYS_MAX ((size_t)64 << 10)

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
keepers_start(struct listener *l)
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
	keepers_watch(l);
	spawners_ahead(l);
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
	spawners_retry(l);
}

static void
on_keeper_late(struct timer *t)
{
	struct listener *l = t->ctx;

	loop_remove(&l->keeper_watch);
	give_up_keeper(l, take(&l->keeper_starting), ERR_TIMEOUT);
	spawners_retry(l);
}

/* Connections are accepted meanwhile, and wait for their spawner. */
void
keepers_restart(struct listener *l)
{
	if (execute_keeper(l, &l->keeper_starting) != OK) {
		spawners_retry(l);
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
	spawners_renew(l); /* with none ahead: there is no keeper */
	keepers_restart(l);
}

void
keepers_watch(struct listener *l)
{
	l->keeper_watch = (struct watch){.fd = rpc_fd(l->keeper),
	    .events = LOOP_READ,
	    .on = on_keeper,
	    .ctx = l};
	must(loop_add(l->loop, &l->keeper_watch) == OK);
}
