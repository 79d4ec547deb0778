/*
 * reload.c - SIGHUP: the file at the absolute path of the start, which may be
 * new, is tried with -t first and then executed in our place
 *
 * Listening sockets, silent connections, lifelines and counts cross the exec
 * in a sealed memory file with a version. Spawners aren't carried over: closing
 * their channels lets them go, their monitors live on.
 */
#include "listener.h"

#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_VARIABLE "SALLYPORT_RELOAD"
#define STATE_VERSION  1
#define STATE_MAX      ((size_t)64 << 20)
#define HANDED_WAIT_MS 3000 /* a spawner confirms within milliseconds */
#define SAID_MAX       ((size_t)64 << 10) /* what -t may have to say */

/* ---- what crosses the exec ---------------------------------------------- */

static void
keep_across_exec(int fd, bool keep)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC) != 0)
		log_debug1("F_SETFD: %s", strerror(errno));
}

static void
client_write(struct wr *w, const struct client *c)
{
	wr_u32(w, (uint32_t)c->state);
	wr_u32(w, c->number);
	wr_u64(w, c->accepted_ms);
	wr_u32(w, (uint32_t)c->fd);
	wr_u32(w,
	    c->lifeline == NULL ? UINT32_MAX : (uint32_t)rpc_fd(c->lifeline));
	wr_u32(w, (uint32_t)c->pid);
	wr_cstr(w, c->peer_ip);
	wr_u32(w, c->peer_port);
	wr_cstr(w, c->local_ip);
	wr_u32(w, c->local_port);
	wr_cstr(w, c->version);
	wr_cstr(w, c->line);
	wr_cstr(w, c->user);
	wr_u32(w, (uint32_t)c->line_pid);
}

static void
client_read(struct listener *l, struct rd *r)
{
	struct client *c = waiting_new(l);
	uint32_t lifeline;

	c->state = (enum client_state)rd_u32(r);
	c->number = rd_u32(r);
	c->accepted_ms = rd_u64(r);
	c->fd = (int)rd_u32(r);
	lifeline = rd_u32(r);
	c->pid = (pid_t)rd_u32(r);
	(void)slice_to_cstr(rd_string(r), c->peer_ip, sizeof(c->peer_ip));
	c->peer_port = (uint16_t)rd_u32(r);
	(void)slice_to_cstr(rd_string(r), c->local_ip, sizeof(c->local_ip));
	c->local_port = (uint16_t)rd_u32(r);
	(void)slice_to_cstr(rd_string(r), c->version, sizeof(c->version));
	(void)slice_to_cstr(rd_string(r), c->line, sizeof(c->line));
	(void)slice_to_cstr(rd_string(r), c->user, sizeof(c->user));
	c->line_pid = (pid_t)rd_u32(r);
	keep_across_exec(c->fd, false);
	if (lifeline != UINT32_MAX) {
		keep_across_exec((int)lifeline, false);
		c->lifeline = rpc_new((int)lifeline);
	}
	if (c->state != CLIENT_IN) {
		c->block = admit_block(l, c->peer_ip);
		admit_count(l, c);
	}
	if (c->state == CLIENT_QUEUED)
		list_add_tail(&l->queue, &c->group);
}

/* Our children stay ours across the exec. All of them are as good as gone, but
 * for the one that makes a key: it is waited for. */
static void
children_write(struct wr *w, const struct listener *l)
{
	uint32_t n = 1;

	LIST_EACH (it, &l->generations)
		n++;
	wr_u32(w, n + (uint32_t)l->nformer);
	wr_u32(w, (uint32_t)l->keeper_pid);
	LIST_EACH (it, &l->generations)
		wr_u32(w, (uint32_t)LIST_ITEM(it, struct generation, all)->pid);
	for (size_t i = 0; i < l->nformer; i++)
		wr_u32(w, (uint32_t)l->former[i]);
	wr_u32(w, (uint32_t)l->keygen_pid);
	wr_u32(w, (uint32_t)l->keygen_fd);
}

static void
children_read(struct listener *l, struct rd *r)
{
	for (uint32_t n = rd_u32(r); n > 0 && rd_status(r) == OK; n--)
		spawners_forget(l, (pid_t)rd_u32(r));
	l->keygen_pid = (pid_t)rd_u32(r);
	l->keygen_fd = (int)rd_u32(r);
	if (rd_status(r) != OK)
		l->keygen_fd = -1;
	keep_across_exec(l->keygen_fd, false);
}

/* Everything by descriptor is told by number: exec keeps numbers. */
static enum err
state_write(struct listener *l, struct buf *state)
{
	struct wr w = wr_into(state);
	uint32_t n = 0;

	wr_u32(&w, STATE_VERSION);
	wr_u32(&w, (uint32_t)l->nsockets);
	for (size_t i = 0; i < l->nsockets; i++)
		wr_u32(&w, (uint32_t)l->sockets[i]);
	wr_u32(&w, l->last_number);
	wr_u32(&w, l->last_generation);
	children_write(&w, l);
	LIST_EACH (it, &l->clients)
		n++;
	wr_u32(&w, n);
	LIST_EACH (it, &l->clients)
		client_write(&w, LIST_ITEM(it, struct client, all));
	control_export(l, &w);
	return wr_end(&w, NULL);
}

static void
keep_descriptors(struct listener *l, int state, bool keep)
{
	keep_across_exec(state, keep);
	keep_across_exec(l->keygen_fd, keep);
	control_keep(l, keep);
	for (size_t i = 0; i < l->nsockets; i++)
		keep_across_exec(l->sockets[i], keep);
	LIST_EACH (it, &l->clients) {
		const struct client *c = LIST_ITEM(it, struct client, all);

		keep_across_exec(c->fd, keep);
		if (c->lifeline != NULL)
			keep_across_exec(rpc_fd(c->lifeline), keep);
	}
}

static enum err
state_read(struct listener *l, struct slice state)
{
	struct rd r = rd_from(state);
	uint32_t version = rd_u32(&r), n = rd_u32(&r);

	if (n > SOCKETS_MAX)
		return ERR_FORMAT;
	for (uint32_t i = 0; i < n; i++) {
		l->sockets[i] = (int)rd_u32(&r);
		keep_across_exec(l->sockets[i], false);
	}
	l->nsockets = n;
	if (version != STATE_VERSION)
		return rd_status(&r); /* counts are dropped, sockets aren't */
	l->last_number = rd_u32(&r);
	l->last_generation = rd_u32(&r);
	children_read(l, &r);
	for (n = rd_u32(&r); n > 0 && rd_status(&r) == OK; n--)
		client_read(l, &r);
	if (rd_status(&r) == OK)
		control_import(l, &r);
	return rd_end(&r);
}

/*
 * A reload may change Port, ListenAddress or AddressFamily: then the old
 * sockets are closed and the new ones bound. What was listened on is told in
 * the environment, as text.
 */
static bool
same_listening(const struct listener *l)
{
	const char *was = getenv("SALLYPORT_LISTEN");
	char now[4096];
	size_t n = 0;

	now[0] = '\0';
	for (size_t i = 0; i < l->conf->nports && n < sizeof(now); i++)
		n += (size_t)snprintf(now + n, sizeof(now) - n, "%u,",
		    (unsigned int)l->conf->port[i]);
	for (size_t i = 0; i < l->conf->nlisten && n < sizeof(now); i++)
		n += (size_t)snprintf(now + n, sizeof(now) - n, "%s:%u/%s;",
		    l->conf->listen[i].host != NULL ? l->conf->listen[i].host
						    : "",
		    (unsigned int)l->conf->listen[i].port,
		    l->conf->listen[i].rdomain != NULL
			? l->conf->listen[i].rdomain
			: "");
	if (n < sizeof(now))
		snprintf(now + n, sizeof(now) - n, "%d", (int)l->conf->family);
	if (was != NULL && strcmp(was, now) == 0)
		return true;
	setenv("SALLYPORT_LISTEN", now, 1);
	return was == NULL;
}

bool
reload_restore(struct listener *l)
{
	const char *text = getenv(STATE_VARIABLE);
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(STATE_MAX);
	bool same = same_listening(l);
	int fd;

	if (text == NULL)
		return false;
	fd = (int)strtol(text, NULL, 10);
	unsetenv(STATE_VARIABLE);
	if (memfile_read(fd, &state) != OK ||
	    state_read(l, buf_slice(&state)) != OK)
		log_error("what the old listener left can't be read whole");
	io_close(&fd);
	if (l->nsockets > 0 && !same) {
		sockets_close(l); /* other addresses: bind afresh */
		return false;
	}
	return l->nsockets > 0;
}

/* ---- HUP ------------------------------------------------------------------ */

static void
run_new(struct listener *l)
{
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(STATE_MAX);
	char number[16];
	int fd = -1;

	scrape_stop(l);
	if (state_write(l, &state) != OK ||
	    memfile_make("listener", buf_slice(&state), &fd) != OK) {
		log_error("no memory file for the reload; serving on");
		return;
	}
	snprintf(number, sizeof(number), "%d", fd);
	setenv(STATE_VARIABLE, number, 1);
	keep_descriptors(l, fd, true);
	confirm_before_exec(l);
	control_reloading(l);
	log_info("Received SIGHUP; restarting.");
	notify_reloading(l);
	execv(l->cmd->path, l->cmd->argv);
	log_error("RESTART FAILED: av[0]='%.100s', error: %s.", l->cmd->path,
	    strerror(errno));
	unsetenv(STATE_VARIABLE);
	keep_descriptors(l, fd, false);
	io_close(&fd);
	confirm_exec_failed(l);
	scrape_open(l);
	notify_ready(l);
}

void
reload_continue(struct listener *l)
{
	if (!l->reload_wanted)
		return;
	/* a connection on its way to a spawner is in two hands: wait */
	LIST_EACH (it, &l->clients) {
		if (LIST_ITEM(it, struct client, all)->state != CLIENT_HANDED ||
		    clock_mono_ms() - l->reload_since > HANDED_WAIT_MS)
			continue;
		return;
	}
	l->reload_wanted = false;
	run_new(l);
}

static void
log_lines(struct slice text, enum log_level level)
{
	struct slice line;

	while (slice_next(&text, '\n', &line))
		if (line.n > 0)
			log_at(level, "%s", log_quote_max(line, 500));
}

static void
on_check_output(struct watch *w, unsigned int events)
{
	struct listener *l = w->ctx;
	struct buf *said = &l->check_said;
	struct bytes room;
	size_t n;
	int status = 0;

	(void)events;
	said->max = SAID_MAX;
	if (buf_reserve(said, 1024, &room) == OK &&
	    io_read(w->fd, room, &n) == OK) {
		buf_filled(said, n);
		return;
	}
	loop_remove(w);
	io_close(&l->check_fd);
	if (parent_reap(l->check_pid, false, &status) != OK)
		status = -1;
	l->check_pid = 0;
	if (status == 0) {
		l->reload_wanted = true;
		l->reload_since = clock_mono_ms();
	} else {
		log_error("the new configuration is bad (status %d); serving "
			  "on with the old one",
		    WIFEXITED(status) ? WEXITSTATUS(status) : status);
		log_lines(buf_slice(said), LEVEL_ERROR);
		control_not_reloading(l, buf_slice(said));
	}
	buf_clear(said);
}

/* The file at our path, with our arguments and -t. */
static _Noreturn void
run_check(const struct cmdline *cmd, int output)
{
	char **argv = mem_array((size_t)cmd->argc + 2, sizeof(*argv));
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; i < cmd->argc; i++)
		argv[i] = cmd->argv[i];
	argv[0] = cmd->path;
	argv[cmd->argc] = mem_strdup("-te");
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	spawn_default_signals();
	execv(cmd->path, argv);
	dprintf(STDERR_FILENO, "%s: %s\n", cmd->path, strerror(errno));
	_exit(127);
}

void
reload_begin(struct listener *l)
{
	int fds[2];

	if (l->check_pid > 0 || l->reload_wanted)
		return; /* one at a time: that one reads the newest file */
	if (io_pipe(fds) != OK || io_nonblock(fds[0], true) != OK) {
		log_error("no pipe for the reload; serving on");
		return;
	}
	if ((l->check_pid = spawn_fork()) == 0)
		run_check(l->cmd, fds[1]);
	io_close(&fds[1]);
	if (l->check_pid < 0) {
		log_error("fork: %s", strerror(errno));
		l->check_pid = 0;
		io_close(&fds[0]);
		return;
	}
	l->check_fd = fds[0];
	l->check_watch = (struct watch){.fd = fds[0],
	    .events = LOOP_READ,
	    .on = on_check_output,
	    .ctx = l};
	must(loop_add(l->loop, &l->check_watch) == OK);
}

/* ---- missing host keys ------------------------------------------------------ */

static const struct {
	const char *file; /* end of the default path */
	const char *task; /* of the errand */
	bool background;  /* takes its time */
} made_keys[] = {
    {"ssh_host_ed25519_key", "ed25519 0", false},
    {"ssh_host_ecdsa_key", "ecdsa 256", false},
    {"ssh_host_rsa_key", "rsa 3072", true},
};

/* The folder of the default keys: ours, beside the configuration. */
static void
make_folder(const char *path)
{
	const char *end = strrchr(path, '/');
	SCOPED(mem_free_at)
	char *folder = mem_text(slice_make(path, (size_t)(end - path)));

	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		log_error("%s: %s", folder, strerror(errno));
}

static pid_t
make_key(const char *kind, const char *path, int *end)
{
	SCOPED(mem_free_at) char *task = mem_format("keygen %s %s", kind, path);
	int pair[2];
	pid_t pid;

	if (io_pair(pair) != OK)
		return -1;
	if (spawn_image(ROLE_ERRAND, task, pair[1], &pid) != OK)
		pid = -1;
	io_close(&pair[1]);
	if (end != NULL && pid > 0)
		*end = pair[0]; /* at its end this reads EOF */
	else
		io_close(&pair[0]);
	return pid;
}

/* The default path that ends in this name, or NULL. */
static const char *
default_path(const struct conf_list *paths, const char *file)
{
	for (size_t i = 0; i < paths->n; i++) {
		const char *end = strrchr(paths->v[i], '/');

		if (end != NULL && strcmp(end + 1, file) == 0)
			return paths->v[i];
	}
	return NULL;
}

static void
make_and_wait(const char *task, const char *path)
{
	pid_t pid = make_key(task, path, NULL);
	int status;

	if (pid > 0 && parent_reap(pid, false, &status) == OK && status != 0)
		log_error("host key %s wasn't made", path);
}

void
reload_make_keys(struct listener *l)
{
	const struct conf_list *paths = &l->conf->host_keys;
	struct stat s;

	if (!l->conf->host_keys_default)
		return;
	for (size_t i = 0; i < paths->n; i++)
		if (stat(paths->v[i], &s) == 0)
			return; /* an administrator has chosen */
	for (size_t k = 0; k < sizeof(made_keys) / sizeof(made_keys[0]); k++) {
		const char *path = default_path(paths, made_keys[k].file);

		if (path == NULL)
			continue;
		log_info("making host key %s", path);
		make_folder(path);
		if (made_keys[k].background)
			l->keygen_pid =
			    make_key(made_keys[k].task, path, &l->keygen_fd);
		else
			make_and_wait(made_keys[k].task, path);
	}
}

static void
on_key_made(struct watch *w, unsigned int events)
{
	struct listener *l = w->ctx;
	int status = -1;

	(void)events;
	loop_remove(w);
	io_close(&l->keygen_fd);
	if (parent_reap(l->keygen_pid, false, &status) == OK && status == 0)
		reload_begin(l); /* the keeper is to have it, too */
	else
		log_error("the RSA host key wasn't made");
	l->keygen_pid = 0;
}

void
reload_watch_keygen(struct listener *l)
{
	if (l->keygen_fd < 0)
		return;
	l->keygen_watch = (struct watch){.fd = l->keygen_fd,
	    .events = LOOP_READ,
	    .on = on_key_made,
	    .ctx = l};
	must(loop_add(l->loop, &l->keygen_watch) == OK);
}
