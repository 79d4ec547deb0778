/*
 * spawner.c - one generation: load once, warm up, fork a monitor for each
 * descriptor that the listener hands over
 *
 * Runs as root (or the ordinary user who started the daemon), re-exec'd for
 * every generation. It never reads a connection. What it makes before the
 * first fork is shared by its children and therefore holds nothing random and
 * nothing secret.
 */
#include "sallyport/roles.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/list.h"
#include "sallyport/base/log.h"
#include "sallyport/base/loop.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/conf/conf.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/outputs.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/proc/title.h"
#include "sallyport/rpc/errand_ops.h"
#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/keeper_ops.h"
#include "sallyport/rpc/listener_ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUNDLE_MAX  ((size_t)32 << 20) /* 256 files of what is sensible */
#define KEYS_MAX    ((size_t)1 << 20)
#define MODULI_MAX  ((size_t)4 << 20) /* Debian's has 0.6 MB */
#define KEPT        6  /* descriptors of a monitor that aren't outputs */
#define COMMON_KEYS 64 /* host keys and certificates together */

/* A monitor of ours that is not reaped yet. */
struct child {
	struct link link;
	uint32_t number;
	pid_t pid;
	char *peer_ip, *local_ip; /* the listener may have forgotten them */
};

struct spawner {
	struct loop *loop;
	struct rpc *listener;
	struct rpc *keeper;
	struct watch watch;
	struct link children;
	struct common common;

	/* what programs printed: monitors put it there, and later ones find it */
	struct outputs outputs;
	struct rpc *putting;
	struct watch put;
};

/* ---- what is the same for all ------------------------------------------ */

/* Complaints were told by the listener, which parsed the same bundle. */
static void
complain_nobody(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	log_debug2("%s", line);
}

static enum err
keys_parse(struct slice list, struct common *c)
{
	struct common_key *keys = mem_array(COMMON_KEYS, sizeof(*keys));
	struct rd r = rd_from(list);

	c->keys = keys;
	while (r.left.n > 0 && rd_status(&r) == OK) {
		struct common_key *k = &keys[c->nkeys];

		if (c->nkeys == COMMON_KEYS)
			return ERR_FULL;
		k->number = rd_u32(&r);
		k->certificate = rd_bool(&r);
		k->type = rd_string(&r);
		k->blob = rd_string(&r);
		c->nkeys++;
	}
	return rd_end(&r);
}

/* Group exchange alone needs the file: don't carry half a megabyte else. */
static void
moduli_read(const struct conf *conf, struct common *c)
{
	SCOPED(io_close) int fd = -1;
	struct buf *text;

	if (strstr(conf_any_kex_algorithms(c->set), "group-exchange") == NULL)
		return;
	fd = open(conf->moduli_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return; /* the built-in groups serve */
	text = mem_new(sizeof(*text));
	text->max = MODULI_MAX;
	if (io_read_all(fd, MODULI_MAX, text) == OK)
		c->moduli = buf_slice(text);
	else
		log_error("%s can't be read whole", conf->moduli_file);
}

/* The same for one boot of one machine, and nothing a stranger knows. */
static void
delay_seed(struct common *c)
{
	static const char *const files[] = {"/proc/sys/kernel/random/boot_id",
	    "/etc/machine-id"};
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(1024);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		SCOPED(io_close) int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && io_read_all(fd, 256, &text) != OK)
			log_debug1("%s can't be read", files[i]);
	}
	for (size_t i = 0; i < c->nkeys; i++)
		if (buf_append(&text, slice_first(c->keys[i].blob, 64)) != OK)
			break;
	must(hash_once(HASH_SHA256, buf_slice(&text), c->delay_seed) == OK);
}

enum err
spawner_prepare(struct slice bundle, struct slice keys, bool inetd,
    struct common *c)
{
	struct conf_set *set;
	enum err e;

	memset(c, 0, sizeof(*c));
	if ((e = conf_parse(bundle, complain_nobody, NULL, &set)) != OK)
		return e;
	conf_seal(set);
	c->set = set;
	c->conf = conf_global(set);
	log_places(c->conf->log_verbose.v, c->conf->log_verbose.n);
	c->inetd = inetd;
	c->outputs_channel = -1;
	c->root = creds_is_root();
	if ((e = keys_parse(keys, c)) != OK)
		return e;
	if (c->root &&
	    (e = creds_unprivileged(&c->gate_uid, &c->gate_gid)) != OK) {
		log_fatal("Privilege separation user %s does not exist",
		    creds_unprivileged_name());
		return e;
	}
	moduli_read(c->conf, c);
	delay_seed(c);
	rng_warm_libraries();
	tzset(); /* a keycheck would read the zone's file */
	sandbox_prepare(ROLE_GATE);
	sandbox_prepare(ROLE_KEYCHECK);
	return OK;
}

/* How many entries a folder of /proc/self has; 0 if it can't be read. */
static uint32_t
count_entries(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;
	uint32_t n = 0;

	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			n++;
	closedir(d);
	return n;
}

/* ---- one connection ------------------------------------------------------ */

static void
conn_fill(struct conn *c, const struct conn_msg *m, int keeper)
{
	memset(c, 0, sizeof(*c));
	c->number = m->number;
	c->accepted_ms = m->accepted_ms;
	c->peer_port = (uint16_t)m->peer_port;
	c->local_port = (uint16_t)m->local_port;
	must(slice_to_cstr(m->peer_ip, c->peer_ip, sizeof(c->peer_ip)));
	must(slice_to_cstr(m->local_ip, c->local_ip, sizeof(c->local_ip)));
	must(slice_to_cstr(m->rdomain, c->rdomain, sizeof(c->rdomain)));
	must(slice_to_cstr(m->version, c->version, sizeof(c->version)));
	c->in = c->out = m->conn.fd;
	c->lifeline = m->lifeline.fd;
	c->keeper = keeper;
}

/* Without a keeper nothing can be signed. */
static bool
keeper_lives(const struct spawner *s)
{
	struct pollfd p = {.fd = rpc_fd(s->keeper)};

	return poll(&p, 1, 0) == 0;
}

/* In the child: nothing of the spawner stays open. */
static _Noreturn void
become_monitor(struct spawner *s, const struct conn *conn)
{
	int keep[KEPT + OUTPUTS_MAX] = {conn->in, conn->lifeline, conn->keeper,
	    log_fd(), spawn_image_fd(), s->common.outputs_channel};

	for (size_t i = 0; i < s->outputs.n; i++)
		keep[KEPT + i] = s->outputs.v[i].fd;
	io_close_but(3, keep, KEPT + s->outputs.n);
	monitor_main(&s->common, conn);
}

static void
take_connection(struct spawner *s, struct conn_msg *m)
{
	struct forked_msg forked = {.number = m->number};
	struct conn conn;
	struct child *child;
	pid_t pid;

	/* What the listener has not seen confirmed goes to the next
	 * generation, which has another keeper. */
	if (!keeper_lives(s)) {
		log_debug1("spawner: the keeper is gone");
		_exit(EXIT_FAILURE);
	}
	conn_fill(&conn, m, rpc_fd(s->keeper));
	monitor_refresh();
	if ((pid = spawn_fork()) == 0)
		become_monitor(s, &conn);
	io_close(&m->conn.fd);
	io_close(&m->lifeline.fd);
	if (pid < 0) {
		log_error("fork: %s", strerror(errno));
		_exit(EXIT_FAILURE);
	}
	child = mem_new(sizeof(*child));
	child->number = m->number;
	child->pid = pid;
	child->peer_ip = mem_strdup(conn.peer_ip);
	child->local_ip = mem_strdup(conn.local_ip);
	list_add_tail(&s->children, &child->link);
	forked.pid = (uint32_t)pid;
	if (rpc_send(s->listener, SPAWNER_FORKED, &layout_forked_msg,
		&forked) != OK)
		loop_stop(s->loop);
}

/* ---- the loop ------------------------------------------------------------ */

static void
kill_child(struct spawner *s, const struct forked_msg *m)
{
	LIST_EACH (it, &s->children) {
		const struct child *c = LIST_ITEM(it, struct child, link);

		if (c->number == m->number && (uint32_t)c->pid == m->pid)
			kill(c->pid, SIGKILL);
	}
}

static void
on_message(struct watch *w, unsigned int events)
{
	struct spawner *s = w->ctx;
	struct conn_msg conn;
	struct forked_msg victim;
	uint32_t number;
	enum err e = rpc_receive(s->listener, true, &number);

	(void)events;
	if (e == ERR_AGAIN)
		return;
	if (e == OK && number == SPAWNER_TAKE)
		e = rpc_decode(s->listener, &layout_conn_msg, &conn);
	else if (e == OK && number == SPAWNER_KILL)
		e = rpc_decode(s->listener, &layout_forked_msg, &victim);
	else if (e == OK)
		e = ERR_RPC;
	if (e != OK) {
		/* the listener let go: monitors live on without us */
		loop_stop(s->loop);
		return;
	}
	if (number == SPAWNER_TAKE)
		take_connection(s, &conn);
	else
		kill_child(s, &victim);
}

/* ---- what programs printed ---------------------------------------------- */

/* From a monitor of ours: kept unread. */
static void
on_output(struct watch *w, unsigned int events)
{
	struct spawner *s = w->ctx;
	struct output_msg m;
	uint32_t number;

	(void)events;
	if (rpc_receive(s->putting, true, &number) != OK ||
	    number != ERRAND_OUTPUT ||
	    rpc_decode(s->putting, &layout_output_msg, &m) != OK)
		return;
	if (outputs_put(&s->outputs, m.key, m.until_ms, clock_mono_ms(),
		m.output.fd) != OK)
		log_debug1("spawner: an output can't be kept");
}

/* A spawner without it serves, too: then each connection runs its programs. */
static void
keep_outputs(struct spawner *s)
{
	int pair[2];

	if (io_pair(pair) != OK)
		return;
	s->putting = rpc_new(pair[0]);
	s->common.outputs = &s->outputs;
	s->common.outputs_channel = pair[1];
	s->put = (struct watch){.fd = pair[0],
	    .events = LOOP_READ,
	    .on = on_output,
	    .ctx = s};
	must(loop_add(s->loop, &s->put) == OK);
}

/* ---- children ------------------------------------------------------------ */

static void
report(struct spawner *s, struct child *c, int status)
{
	struct reaped_msg m = {.number = c->number,
	    .pid = (uint32_t)c->pid,
	    .status = (uint32_t)status,
	    .peer_ip = slice_cstr(c->peer_ip),
	    .local_ip = slice_cstr(c->local_ip)};

	if (rpc_send(s->listener, SPAWNER_REAPED, &layout_reaped_msg, &m) != OK)
		loop_stop(s->loop);
	list_remove(&c->link);
	mem_free(c->peer_ip);
	mem_free(c->local_ip);
	mem_free(c);
}

static void
on_child(int signo, const void *info, void *ctx)
{
	struct spawner *s = ctx;
	int status;
	pid_t pid;

	(void)signo;
	(void)info;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		LIST_EACH_SAFE (it, &s->children) {
			struct child *c = LIST_ITEM(it, struct child, link);

			if (c->pid == pid)
				report(s, c, status);
		}
	}
}

/* The first message: configuration, host keys, link to the keeper. */
static enum err
receive_start(struct spawner *s, bool cold)
{
	SCOPED(buf_clear) struct buf bundle = BUF_LIMIT(BUNDLE_MAX);
	struct buf *keys = mem_new(sizeof(*keys)); /* common points into it */
	struct spawner_start_msg m;
	char word[64];
	uint32_t number;
	enum err e;

	keys->max = KEYS_MAX;
	if ((e = rpc_receive(s->listener, false, &number)) != OK)
		return e;
	if (number != SPAWNER_START)
		return ERR_RPC;
	if ((e = rpc_decode(s->listener, &layout_spawner_start_msg, &m)) != OK)
		return e;
	if (!slice_to_cstr(m.log, word, sizeof(word)))
		return ERR_RPC;
	if ((e = log_import(word)) != OK ||
	    (e = memfile_read(m.config.fd, &bundle)) != OK ||
	    (e = memfile_read(m.keys.fd, keys)) != OK)
		return e;
	io_close(&m.config.fd);
	io_close(&m.keys.fd);
	s->keeper = rpc_new(m.keeper.fd);
	title_set("spawner, generation %u", (unsigned int)m.generation);
	e = spawner_prepare(buf_slice(&bundle), buf_slice(keys), false,
	    &s->common);
	if (e == OK)
		monitor_warm(s->common.conf, cold);
	return e;
}

/* Threads and descriptors that a warmed library made and all children would
 * share: the listener starts us again without warming then. */
static enum err
tell_ready(struct spawner *s, uint32_t descriptors_before)
{
	struct spawner_ready_msg m = {0};
	uint32_t threads = count_entries("/proc/self/task");
	uint32_t descriptors = count_entries("/proc/self/fd");

	m.threads = threads > 1 ? threads - 1 : 0;
	/* the keeper's link is ours; the log's socket may have opened */
	if (descriptors > descriptors_before + 2)
		m.descriptors = descriptors - descriptors_before - 2;
	return rpc_send(s->listener, SPAWNER_READY, &layout_spawner_ready_msg,
	    &m);
}

/* The listener raised the soft limit for its own sake: programs of ours would
 * inherit more than select() can take. */
static void
lower_descriptors(void)
{
	const char *was = getenv(SPAWN_NOFILE);
	struct rlimit r;
	uint64_t n;

	if (was == NULL || text_number(slice_cstr(was), 1, INT32_MAX, &n) != OK)
		return;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = (rlim_t)n;
		if (setrlimit(RLIMIT_NOFILE, &r) != 0)
			log_debug1("RLIMIT_NOFILE: %s", strerror(errno));
	}
}

int
spawner_main(const char *task)
{
	bool cold = task != NULL && strcmp(task, "cold") == 0;
	struct spawner *s = mem_new(sizeof(*s));
	uint32_t descriptors = count_entries("/proc/self/fd");
	enum err e;

	list_init(&s->children);
	lower_descriptors();
	s->listener = rpc_new(SPAWN_CHANNEL);
	if ((e = receive_start(s, cold)) != OK) {
		if (e != ERR_EOF)
			log_error("spawner: can't start: %s", err_sentence(e));
		return EXIT_FAILURE;
	}
	rpc_idle(s->listener);
	sandbox_undumpable();
	mem_settle(); /* children allocate together, on fresh pages */
	if (tell_ready(s, descriptors) != OK)
		return EXIT_FAILURE;
	rng_forbid();
	s->loop = loop_new();
	s->watch = (struct watch){.fd = rpc_fd(s->listener),
	    .events = LOOP_READ,
	    .on = on_message,
	    .ctx = s};
	must(loop_add(s->loop, &s->watch) == OK);
	keep_outputs(s);
	loop_signal(s->loop, SIGCHLD, on_child, s);
	loop_run(s->loop);
	return EXIT_SUCCESS;
}
