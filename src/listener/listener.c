/*
 * listener.c - the loop: accepts, never reads a connection
 */
#include "listener.h"

#include "control.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/proc/title.h"
#include "sallyport/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* systemd gives 1,024 descriptors; one is a connection here. Spawners go back
 * to what it was, since every session has their limit; a reload knows it, too. */
static void
raise_descriptor_limit(void)
{
	struct rlimit r;
	char was[32];

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= r.rlim_max)
		return;
	snprintf(was, sizeof(was), "%llu", (unsigned long long)r.rlim_cur);
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		log_debug1("RLIMIT_NOFILE stays as it is");
	else if (setenv(SPAWN_NOFILE, was, true) != 0)
		log_debug1("the limit of before isn't noted");
}

static void
on_terminate(int signo, const void *info, void *ctx)
{
	struct listener *l = ctx;

	(void)info;
	log_info("Received signal %d; terminating.", signo);
	l->stopping = true;
	loop_stop(l->loop);
}

static void
on_hup(int signo, const void *info, void *ctx)
{
	(void)signo;
	(void)info;
	reload_begin(ctx);
}

/*
 * Go to the background. The parent waits until the child serves or has failed,
 * and ends with its status: a start that fails is seen by whoever started it.
 */
static int
detach(void)
{
	int pipe_fds[2];
	uint8_t status = EXIT_FAILURE;
	pid_t pid;

	if (io_pipe(pipe_fds) != OK)
		return -1;
	if ((pid = fork()) < 0) {
		log_fatal("fork: %s", strerror(errno));
		exit(255);
	}
	if (pid > 0) {
		io_close(&pipe_fds[1]);
		if (read(pipe_fds[0], &status, 1) != 1)
			status = 255;
		_exit(status);
	}
	io_close(&pipe_fds[0]);
	setsid();
	return pipe_fds[1];
}

/* The start has succeeded: let go of terminal, folder and waiting parent. */
static void
detached(const struct cmdline *c, int waiting)
{
	const uint8_t good = 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (c->log_file == NULL && !c->log_stderr)
			dup2(null, STDERR_FILENO);
		if (null > 2)
			io_close(&null);
	}
	if (waiting >= 0) {
		if (write(waiting, &good, 1) != 1)
			log_debug1("nobody waits for this start");
		close(waiting);
	}
}

void
listener_init(struct listener *l, struct cmdline *c)
{
	static const struct handover none = {-1, -1, -1};

	memset(l, 0, sizeof(*l));
	l->cmd = c;
	l->root = creds_is_root();
	l->config_fd = l->keys_fd = l->check_fd = l->keygen_fd = -1;
	l->connection = -1;
	l->to_next = l->from_former = none;
	list_init(&l->clients);
	list_init(&l->queue);
	list_init(&l->generations);
	admit_init(l);
	tally_begin(&l->tally);
}

/* Everything that can fail, before the parent's terminal is let go. */
static enum err
set_up(struct listener *l)
{
	enum err e;

	if ((e = sockets_open(l)) != OK)
		return e;
	if ((e = memfile_make("sshd_config", buf_slice(&l->bundle),
		 &l->config_fd)) != OK) {
		log_fatal("memory file: %s", err_sentence(e));
		return e;
	}
	makekeys_missing(l);
	return spawners_start(l);
}

/* Clients of the image before. */
static void
resume(struct listener *l)
{
	LIST_EACH_SAFE (it, &l->clients) {
		struct client *c = LIST_ITEM(it, struct client, all);

		if (c->watch.loop != NULL)
			continue; /* accepted from a socket that was given up */
		if (c->state >= CLIENT_HANDED)
			survivors_watch(c);
		if (c->state <= CLIENT_HANDED)
			waiting_watch(c);
		if (c->state == CLIENT_QUEUED)
			spawners_give(l, c);
	}
}

static int
serve(struct listener *l, int waiting)
{
	l->loop = loop_new();
	loop_signal(l->loop, SIGTERM, on_terminate, l);
	loop_signal(l->loop, SIGQUIT, on_terminate, l);
	loop_signal(l->loop, SIGINT, on_terminate, l);
	loop_signal(l->loop, SIGHUP, on_hup, l);
	/* with nothing to go back to, whoever waits is better served late */
	l->serving = l->restored && l->from_former.former_config < 0;
	if (set_up(l) != OK) {
		reload_back(l, "the new configuration can't be served");
		return l->exit_status != 0 ? l->exit_status : 255;
	}
	l->serving = true;
	resume(l);
	sockets_watch(l);
	makekeys_watch(l);
	control_open(l);
	scrape_open(l);
	confirm_watch(l);
	notify_ready(l);
	reload_done(l);
	if (!l->cmd->foreground)
		detached(l->cmd, waiting);
	title_set("%s [listener]", l->cmd->path);
	while (!l->stopping) {
		loop_turn(l->loop, -1);
		reload_continue(l);
		notify_turn(l);
	}
	control_close(l);
	scrape_stop(l);
	admit_drops_over(l);
	notify_stopping(l);
	return 0;
}

/* What the image before, or systemd, has left us with. */
static void
inherit(struct listener *l)
{
	char folder[PATH_MAX];

	cmdline_log(l->cmd, NULL);
	l->restored = carry_receive(l);
	if (l->restored)
		return;
	/* by name: an open folder couldn't be unmounted */
	if (getcwd(folder, sizeof(folder)) != NULL)
		l->start_dir = mem_strdup(folder);
	sockets_receive(l);
	notify_init(l);
	if (l->cmd->inetd)
		io_close(&l->connection); /* it is on 0 and 1, too */
	else if (l->connection >= 0)
		l->cmd->inetd = true; /* Accept=yes: serve that one */
}

int
listener_main(int argc, char **argv)
{
	static struct cmdline c; /* argv's lifetime */
	struct listener *l;
	int waiting = -1;

	cmdline_parse(argc, argv, &c);
	if (spawn_image_open() != OK) {
		fprintf(stderr, "%s: can't open the program's own file\n",
		    argv[0]);
		return 255;
	}
	if (c.test || c.dump || c.dump_plain)
		return testmode_run(&c);
	l = mem_new(sizeof(*l));
	listener_init(l, &c);
	inherit(l);
	if (reload_configure(l) != OK)
		return 255;
	l->conf = conf_global(l->set);
	cmdline_log(&c, l->conf);
	inetd_version(l->conf, l->version, sizeof(l->version));
	sandbox_undumpable();
	if (c.inetd || c.debug > 0)
		inetd_run(l);
	raise_descriptor_limit();
	if (!c.foreground && !l->restored)
		waiting = detach();
	if (chdir("/") != 0)
		log_debug1("chdir /: %s", strerror(errno));
	umask(077 & umask(022));
	carry_restore(l);
	return serve(l, waiting);
}
