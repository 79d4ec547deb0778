/*
 * keeper.c - the process that holds the private host keys
 *
 * Re-exec'd by the listener, one for each configuration. It loads the keys,
 * says which it could, gives up root, files and network, and then signs until
 * nobody has a link to it any more: the listener may be long gone, a session
 * still needs its next exchange signed.
 */
#include "keeper.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define LIST_MAX    ((size_t)100 << 10) /* fits into a frame */
#define ARENA_BASE  ((size_t)32 << 10)
#define ARENA_A_KEY ((size_t)16 << 10) /* RSA of 16384 bits: 8 KiB */
#define KEYS_MAX    256
#define PLACES_MAX  64
#define ANSWER_MAX  ((size_t)4 << 10) /* RSA: 2 KiB */
#define EXIT_BROKEN 1

KEEPER_TABLE(ops);

void
keeper_drop(struct keeper_peer *p)
{
	struct keeper *k = p->keeper;

	agent_forget(p);
	if (k->root == p)
		k->root = NULL;
	loop_remove(&p->watch);
	rpc_free(p->rpc);
	list_remove(&p->link);
	mem_free(p);
	if (list_empty(&k->peers))
		loop_stop(k->loop);
}

void
keeper_reply(struct keeper_peer *p, bool ok, struct slice signature)
{
	struct signature_msg rep = {.ok = ok, .signature = signature};

	if (serve_reply(&p->serve, &rep) != OK)
		keeper_drop(p);
	else
		rpc_idle(p->rpc);
}

/*
 * One request a turn, so that none waits long for another's RSA. The buffers
 * are given back, since most links are silent for hours.
 */
static void
on_request(struct watch *w, unsigned int events)
{
	struct keeper_peer *p = w->ctx;
	enum err e;

	(void)events;
	if (serve_owes(&p->serve)) { /* gone, or it doesn't wait its turn */
		keeper_drop(p);
		return;
	}
	e = serve_one(&p->serve, p->rpc, p->phase, true);
	if (e == OK || e == ERR_AGAIN) {
		rpc_idle(p->rpc);
		return;
	}
	if (e != ERR_EOF)
		log_debug1("keeper: link ends: %s", err_sentence(e));
	keeper_drop(p);
}

enum err
keeper_add(struct keeper *k, struct rpc *rpc, unsigned int phase)
{
	struct keeper_peer *p = mem_new(sizeof(*p));
	enum err e;

	*p = (struct keeper_peer){.keeper = k, .rpc = rpc, .phase = phase};
	p->serve = (struct serve)SERVE_INIT(ops, p);
	p->watch = (struct watch){.fd = rpc_fd(rpc),
	    .events = LOOP_READ,
	    .on = on_request,
	    .ctx = p};
	if ((e = loop_add(k->loop, &p->watch)) != OK) {
		rpc_free(rpc);
		mem_free(p);
		return e;
	}
	list_add_tail(&k->peers, &p->link);
	return OK;
}

/* Room for every key that the list may name, before any is read. */
static void
size_arena(struct slice paths)
{
	struct rd r = rd_from(paths);
	size_t n = 0;

	while (r.left.n > 0 && rd_status(&r) == OK && n < KEYS_MAX) {
		(void)rd_string(&r); /* path */
		(void)rd_string(&r); /* whether it was configured */
		n++;
	}
	secret_init(ARENA_BASE + n * ARENA_A_KEY);
}

static enum err
answer_keys(struct keeper *k)
{
	SCOPED(buf_clear) struct buf list = BUF_LIMIT(LIST_MAX);
	struct keys_msg m = {.count = (uint32_t)k->keys.nkeys};
	enum err e = hostkeys_list(&k->keys, &list);

	if (e != OK)
		return e;
	m.keys = buf_slice(&list);
	return rpc_send(k->listener, KEEPER_KEYS, &layout_keys_msg, &m);
}

/* LogVerbose's lists; they live as long as the process. */
static enum err
take_places(struct slice list)
{
	const char **lists = mem_array(PLACES_MAX, sizeof(*lists));
	struct rd r = rd_from(list);
	size_t n = 0;

	while (r.left.n > 0 && rd_status(&r) == OK && n < PLACES_MAX)
		lists[n++] = mem_text(rd_string(&r));
	if (rd_end(&r) != OK)
		return ERR_RPC;
	log_places(lists, n);
	return OK;
}

/* The first message says what to load; the answer, what was loaded. */
static enum err
start(struct keeper *k, bool *check)
{
	struct keeper_start_msg m;
	char word[64];
	uint32_t number;
	enum err e;

	if ((e = rpc_receive(k->listener, false, &number)) != OK)
		return e;
	if (number != KEEPER_START)
		return ERR_RPC;
	e = rpc_decode(k->listener, &layout_keeper_start_msg, &m);
	if (e != OK)
		return e;
	if (!slice_to_cstr(m.log, word, sizeof(word)) || log_import(word) != OK)
		return ERR_RPC;
	*check = m.check;
	if ((e = take_places(m.places)) != OK)
		return e;
	size_arena(m.hostkeys);
	agent_init(k, m.agent);
	e = hostkeys_load(&k->keys, m.hostkeys, m.certificates,
	    m.provider.n > 0, m.agent.n > 0);
	if (e == OK && !m.check)
		e = fido_start(k, m.provider);
	if (e != OK)
		return e;
	if (k->keys.nkeys > 0 && !secret_is_locked())
		log_info("host keys can't be locked in memory");
	return answer_keys(k);
}

/* Each connection is a descriptor. */
static void
raise_descriptor_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) != 0)
		log_debug1("keeper: the limit of descriptors stays");
}

static enum err
serve(struct keeper *k)
{
	enum err e;

	raise_descriptor_limit();
	k->loop = loop_new();
	rpc_idle(k->listener);
	if ((e = keeper_add(k, take(&k->listener), KEEPER_ROOT)) != OK ||
	    (e = fido_watch(k)) != OK || (e = agent_watch(k)) != OK)
		return e;
	k->root = LIST_ITEM(k->peers.next, struct keeper_peer, link);
	sandbox_enter(ROLE_KEEPER, 0); /* nobody's child: outlives them all */
	loop_run(k->loop);
	return OK;
}

int
keeper_main(const char *task)
{
	struct keeper k = {.answer = BUF_LIMIT(ANSWER_MAX)};
	bool check = false;
	enum err e;

	(void)task;
	sandbox_undumpable(); /* before there is a key to dump */
	signal(SIGPIPE, SIG_IGN);
	(void)setsid(); /* Ctrl-C at a terminal is for the listener */
	list_init(&k.peers);
	k.listener = rpc_new(SPAWN_CHANNEL);
	e = start(&k, &check);
	if (e == OK && !check)
		e = serve(&k);
	if (e != OK && e != ERR_EOF)
		log_error("keeper: %s", err_sentence(e));
	hostkeys_clear(&k.keys);
	_exit(e == OK ? 0 : EXIT_BROKEN);
}
