/*
 * reload.c - the file at the absolute path of the start, which may be new, is
 * tried with -t and then executed in our place
 *
 * What is tried hands back the configuration that it read, and just that is
 * served after the exec: a file that changes in between changes nothing. It
 * also shows by it that it is a program which can take over.
 *
 * After the exec there is a way back until the new image serves: the former
 * program, which was kept open, with the former configuration.
 */
#include "listener.h"

#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/text.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANDED_WAIT_MS 10000 /* a spawner confirms within milliseconds */
#define TRY_MS         60000 /* -t takes as long as the slowest key file */
#define SAID_MAX       ((size_t)64 << 10) /* what -t may have to say */
#define SAID_AT_ONCE   1024

/* ---- the exec ------------------------------------------------------------------ */

/* Relative paths of the arguments are those of the start. */
static void
go_to_start(const struct listener *l)
{
	if (l->start_dir != NULL && chdir(l->start_dir) != 0)
		log_debug1("the folder of the start: %s", strerror(errno));
}

static void
leave_start(const struct listener *l)
{
	if (l->start_dir != NULL && chdir("/") != 0)
		log_debug1("chdir /: %s", strerror(errno));
}

/* program: a descriptor, or -1 for the path of the start. Returns where that
 * fails, with everything as it was. */
static void
execute(struct listener *l, int program)
{
	int fd;

	admit_drops_over(l);
	if (carry_pack(l, &fd) != OK) {
		log_error("no memory file for the reload; serving on");
		return;
	}
	notify_alive(l); /* the new image has the same while to report */
	go_to_start(l);
	if (program < 0)
		execv(l->cmd->path, l->cmd->argv);
	else
		syscall(SYS_execveat, program, "", l->cmd->argv, environ,
		    AT_EMPTY_PATH);
	log_error("RESTART FAILED: av[0]='%.100s', error: %s.", l->cmd->path,
	    strerror(errno));
	leave_start(l);
	carry_undo(l, fd);
}

static void
forget_next(struct listener *l)
{
	io_close(&l->to_next.config);
	l->to_next = (struct handover){.config = -1,
	    .former_config = -1,
	    .former_image = -1};
}

__attribute__((format(printf, 2, 3))) static void
note_failure(struct listener *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(l->reload_failed, sizeof(l->reload_failed), format, args);
	va_end(args);
}

static void
run_new(struct listener *l)
{
	l->reload_failed[0] = '\0';
	l->to_next.former_config = l->config_fd;
	l->to_next.former_image = spawn_image_fd();
	scrape_stop(l);
	confirm_before_exec(l);
	control_reloading(l);
	log_info("Received SIGHUP; restarting.");
	execute(l, -1);
	forget_next(l);
	note_failure(l, "%s can't be executed", l->cmd->path);
	confirm_exec_failed(l);
	scrape_open(l);
	notify_resumed(l);
	spawners_resume(l);
}

static void
on_handed_wait(struct timer *t)
{
	(void)t; /* reload_continue comes after each turn */
}

void
reload_execute(struct listener *l)
{
	l->reload_wanted = true;
	l->reload_since = clock_mono_ms();
	/* a spawner that never answers: the turn of then goes on without */
	l->handed_wait.on = on_handed_wait;
	loop_timer(l->loop, &l->handed_wait,
	    l->reload_since + HANDED_WAIT_MS + 1);
}

void
reload_continue(struct listener *l)
{
	if (!l->reload_wanted)
		return;
	/* a connection on its way to a spawner is in two hands: wait. No other
	 * sets out meanwhile, so that this has an end. */
	LIST_EACH (it, &l->clients) {
		if (LIST_ITEM(it, struct client, all)->state == CLIENT_HANDED &&
		    clock_mono_ms() - l->reload_since <= HANDED_WAIT_MS)
			return;
	}
	l->reload_wanted = false;
	run_new(l);
}

/* ---- what the try came to ---------------------------------------------------------- */

static void
log_lines(struct slice text, enum log_level level)
{
	struct slice line;

	while (slice_next(&text, '\n', &line))
		if (line.n > 0)
			log_at(level, "%s", log_quote_max(line, 500));
}

/* The first line tells best what is wrong: for STATUS. */
static struct slice
first_line(struct slice text)
{
	struct slice line = SLICE_NONE;

	while (line.n == 0 && slice_next(&text, '\n', &line))
		;
	return line;
}

static void
tell_status(struct listener *l, int status)
{
	struct slice said = first_line(buf_slice(&l->check_said));

	if (WIFSIGNALED(status))
		log_error("the new program was killed by signal %d; serving "
			  "on with the old one",
		    WTERMSIG(status));
	else
		log_error("the new configuration is bad (status %d); serving "
			  "on with the old one",
		    WEXITSTATUS(status));
	log_lines(buf_slice(&l->check_said), LEVEL_ERROR);
	control_not_reloading(l, buf_slice(&l->check_said));
	note_failure(l, "%s",
	    said.n > 0 ? log_quote_max(said, 200) : "it said nothing");
}

/* The bundle that it read, or no program of ours is there. */
static bool
take_answer(struct listener *l)
{
	struct probe_msg m;
	uint32_t number;

	if (rpc_receive(l->check_answer, true, &number) != OK ||
	    number != PROBED ||
	    rpc_decode(l->check_answer, &layout_probe_msg, &m) != OK) {
		note_failure(l, "%s isn't a Sallyport that could take over",
		    l->cmd->path);
		log_error("%s; serving on with the old one", l->reload_failed);
		control_not_reloading(l, slice_cstr(l->reload_failed));
		return false;
	}
	l->to_next.config = m.config.fd;
	if (m.carries == CARRY_VERSION)
		return true;
	note_failure(l, "%s can't take over what is served now", l->cmd->path);
	log_error("%s: it needs a restart; serving on with the old one",
	    l->reload_failed);
	control_not_reloading(l, slice_cstr(l->reload_failed));
	return false;
}

/* Asked for again while this was under way: its file may have been older. */
static void
once_more(struct listener *l)
{
	if (!l->reload_again)
		return;
	l->reload_again = false;
	reload_begin(l);
}

static void
serve_on(struct listener *l)
{
	forget_next(l);
	if (l->cmd->log_file != NULL)
		spawners_renew(l); /* they have the file of before */
	notify_resumed(l);
	once_more(l);
}

static void
tried(struct listener *l, int status)
{
	bool good = false;

	if (status != 0)
		tell_status(l, status);
	else
		good = take_answer(l);
	buf_clear(&l->check_said);
	rpc_free(take(&l->check_answer));
	if (!good) {
		serve_on(l);
		return;
	}
	reload_execute(l);
}

/* False at the end of what it says. */
static bool
hear(struct listener *l)
{
	uint8_t piece[SAID_AT_ONCE];
	size_t n;
	enum err e = io_read(l->check_fd, BYTES_OF(piece), &n);

	if (e == OK && buf_append(&l->check_said, slice_make(piece, n)) != OK)
		log_debug1("-t says more than anybody wants to read");
	return e == OK || e == ERR_AGAIN;
}

static void
on_output(struct watch *w, unsigned int events)
{
	struct listener *l = w->ctx;
	int status = 0;

	(void)events;
	if (hear(l))
		return;
	loop_remove(w);
	loop_timer_cancel(&l->check_patience);
	io_close(&l->check_fd);
	/* whoever closes its output and lives on has nothing to say any more */
	if (parent_reap(l->check_pid, true, &status) == ERR_AGAIN) {
		kill(l->check_pid, SIGKILL);
		if (parent_reap(l->check_pid, false, &status) != OK)
			status = SIGKILL;
	}
	l->check_pid = 0;
	tried(l, status);
}

static void
on_patience(struct timer *t)
{
	struct listener *l = t->ctx;

	log_error("-t of the new program isn't done after %d seconds",
	    TRY_MS / 1000);
	kill(l->check_pid, SIGKILL); /* its output ends then */
}

/* ---- the try ------------------------------------------------------------------------- */

/* The file at our path, with our arguments and -t. */
static _Noreturn void
run_check(const struct listener *l, int output, int channel)
{
	const struct cmdline *cmd = l->cmd;
	char **argv = mem_array((size_t)cmd->argc + 2, sizeof(*argv));
	char number[16];
	int null = open("/dev/null", O_RDWR);
	int c = fcntl(channel, F_DUPFD, STDERR_FILENO + 1);

	for (int i = 0; i < cmd->argc; i++)
		argv[i] = cmd->argv[i];
	argv[0] = cmd->path;
	argv[cmd->argc] = mem_strdup("-te");
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	go_to_start(l);
	snprintf(number, sizeof(number), "%d", c);
	setenv(RELOAD_PROBE, number, 1);
	spawn_default_signals();
	execv(cmd->path, argv);
	dprintf(STDERR_FILENO, "%s: %s\n", cmd->path, strerror(errno));
	_exit(127);
}

/* fds: its output, both ends; pair: the channel for its answer. */
static bool
start_check(struct listener *l, int fds[2], int pair[2])
{

	if ((l->check_pid = spawn_fork()) == 0)
		run_check(l, fds[1], pair[1]);
	io_close(&fds[1]);
	io_close(&pair[1]);
	if (l->check_pid < 0) {
		log_error("fork: %s", strerror(errno));
		l->check_pid = 0;
		io_close(&fds[0]);
		io_close(&pair[0]);
		return false;
	}
	l->check_answer = rpc_new(pair[0]);
	l->check_fd = fds[0];
	return true;
}

static bool
open_channels(int fds[2], int pair[2])
{
	if (io_pipe(fds) != OK)
		return false;
	if (io_nonblock(fds[0], true) == OK && io_pair(pair) == OK)
		return true;
	io_close(&fds[0]);
	io_close(&fds[1]);
	return false;
}

void
reload_begin(struct listener *l)
{
	int fds[2], pair[2];

	if (l->check_pid > 0 || l->reload_wanted) {
		l->reload_again = true; /* the file may be newer by now */
		return;
	}
	/* it may have been rotated, whatever comes of the rest */
	go_to_start(l); /* its path may be from there */
	cmdline_reopen_log(l->cmd);
	leave_start(l);
	notify_reloading(l);
	if (!open_channels(fds, pair) || !start_check(l, fds, pair)) {
		log_error("the new program can't be tried; serving on");
		note_failure(l, "the new program can't be tried");
		notify_resumed(l);
		return;
	}
	l->check_said = BUF_LIMIT(SAID_MAX);
	l->check_watch = (struct watch){.fd = l->check_fd,
	    .events = LOOP_READ,
	    .on = on_output,
	    .ctx = l};
	l->check_patience = (struct timer){.on = on_patience, .ctx = l};
	loop_timer(l->loop, &l->check_patience, clock_mono_ms() + TRY_MS);
	must(loop_add(l->loop, &l->check_watch) == OK);
}

enum err
reload_answer(const struct listener *l)
{
	const char *text = getenv(RELOAD_PROBE);
	struct probe_msg m = {.carries = CARRY_VERSION, .config = {-1}};
	struct rpc *channel;
	uint64_t fd;
	enum err e;

	if (text == NULL)
		return OK;
	if (text_number(slice_cstr(text), 3, INT32_MAX, &fd) != OK)
		return ERR_FORMAT;
	if ((e = memfile_make("sshd_config", buf_slice(&l->bundle),
		 &m.config.fd)) != OK)
		return e;
	channel = rpc_new((int)fd);
	e = rpc_send(channel, PROBED, &layout_probe_msg, &m);
	rpc_free(channel);
	io_close(&m.config.fd);
	return e;
}

/* ---- the way back -------------------------------------------------------------------- */

static void
close_way_back(struct listener *l)
{
	io_close(&l->from_former.config);
	io_close(&l->from_former.former_config);
	io_close(&l->from_former.former_image);
}

void
reload_back(struct listener *l, const char *why)
{
	int program = l->from_former.former_image;

	if (l->from_former.former_config < 0 || program < 0)
		return;
	log_error("%s: going back to the former program and configuration",
	    why);
	note_failure(l, "%s", why);
	l->to_next.config = l->from_former.former_config;
	execute(l, program);
}

void
reload_done(struct listener *l)
{
	close_way_back(l);
	once_more(l);
}

enum err
reload_configure(struct listener *l)
{
	const int bundles[] = {l->from_former.config,
	    l->from_former.former_config};

	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		if (bundles[i] < 0)
			continue;
		if (memfile_read(bundles[i], &l->bundle) == OK &&
		    cmdline_parse_bundle(l->cmd, &l->bundle, &l->set) == OK)
			return OK;
		log_error("what was tried before can't be read now");
		buf_clear(&l->bundle);
	}
	return cmdline_configure(l->cmd, &l->bundle, &l->set);
}
