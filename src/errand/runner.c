/*
 * runner.c - run somebody else's program and take what it prints
 *
 * For the monitor, which has seen passwords: this process is a fresh image and
 * has nothing but a channel. The program runs as its account, with its groups
 * and no right of ours, with /dev/null, a pipe and no other descriptor. We
 * become that account, too, and keep no right but to kill it. What it prints
 * isn't looked at: it goes on as a sealed memory file, whole or not at all.
 *
 * The program ends with us, we with the monitor.
 */
#include "errand.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/path.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_FAILED  1
#define EXIT_USAGE   2
#define EXIT_NO_EXEC 127 /* as a shell's */
#define WORDS_MAX    4096
#define GROUPS_MAX   4096
#define PID_MAX      4194304 /* the kernel's own bound */

struct job {
	struct runner_end_msg end;
	char path[4096]; /* what end.path borrows */
	char *argv[WORDS_MAX + 1];
	char *env[WORDS_MAX + 1];
	gid_t groups[GROUPS_MAX];
	struct creds creds;
	uint64_t end_ms; /* clock_mono_ms */
	struct buf output;
	pid_t pid;
	int pipe;    /* from the program */
	int watched; /* readable when it has ended */
};

static enum runner_end
fail(struct job *j, enum runner_end end, int number)
{
	j->end.end = (uint8_t)end;
	j->end.number = (uint32_t)number;
	return end;
}

/* ---- what the monitor wants ------------------------------------------------- */

static enum err
read_words(struct slice list, char **words)
{
	struct rd r = rd_from(list);
	size_t n = 0;

	while (rd_status(&r) == OK && r.left.n > 0) {
		struct slice word = rd_string(&r);

		if (n == WORDS_MAX || slice_has_nul(word))
			return ERR_FORMAT;
		words[n++] = mem_text(word);
	}
	return rd_end(&r);
}

static enum err
read_groups(struct slice list, struct job *j)
{
	struct rd r = rd_from(list);

	while (rd_status(&r) == OK && r.left.n > 0) {
		if (j->creds.ngroups == GROUPS_MAX)
			return ERR_FORMAT;
		j->groups[j->creds.ngroups++] = rd_u32(&r);
	}
	j->creds.groups = j->groups;
	return rd_end(&r);
}

static enum err
read_job(const struct runner_msg *m, struct job *j)
{
	enum err e;

	j->creds = (struct creds){.uid = m->uid, .gid = m->gid};
	j->end_ms = clock_mono_ms() + m->timeout_ms;
	j->output = BUF_LIMIT(m->output_max);
	if ((e = read_words(m->argv, j->argv)) != OK)
		return e;
	if ((e = read_words(m->env, j->env)) != OK)
		return e;
	if ((e = read_groups(m->groups, j)) != OK)
		return e;
	return j->argv[0] != NULL && j->argv[0][0] == '/' ? OK : ERR_FORMAT;
}

/* ---- may it be run? --------------------------------------------------------- */

/* Only root may have written it or put it there. */
static enum runner_end
check_program(struct job *j)
{
	const char *path = j->argv[0];
	SCOPED(io_close) int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return fail(j, RUNNER_ABSENT, errno);
	if (!S_ISREG(st.st_mode))
		return fail(j, RUNNER_UNSAFE, 0);
	switch (path_trusted(fd, path, NULL, 0, j->path, sizeof(j->path),
	    &j->end.directory)) {
	case OK:
		return RUNNER_DONE;
	case ERR_DENIED:
		j->end.path = slice_cstr(j->path);
		return fail(j, RUNNER_UNSAFE, 0);
	default:
		return fail(j, RUNNER_ABSENT, errno);
	}
}

/* ---- the program ------------------------------------------------------------- */

/* Descriptors before rights: /dev/null is ours to open. */
static _Noreturn void
become_program(const struct job *j, int out, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(null, 2) < 0)
		_exit(EXIT_NO_EXEC);
	io_close_but(3, NULL, 0);
	/* a group of its own, so that what it started can be ended with it */
	(void)setsid();
	(void)umask(022);
	if (chdir("/") != 0 || creds_become(&j->creds) != OK)
		_exit(EXIT_NO_EXEC);
	parent_die_with(parent); /* a change of ids clears it */
	spawn_default_signals();
	execve(j->argv[0], j->argv, j->env);
	_exit(EXIT_NO_EXEC);
}

static enum runner_end
start(struct job *j)
{
	pid_t self = getpid();
	int pair[2];

	if (io_pipe(pair) != OK)
		return fail(j, RUNNER_BROKEN, errno);
	j->pid = spawn_fork();
	if (j->pid == 0)
		become_program(j, pair[1], self);
	io_close(&pair[1]);
	j->pipe = pair[0];
	if (j->pid < 0 || io_nonblock(j->pipe, true) != OK ||
	    parent_watch_child(j->pid, &j->watched) != OK)
		return fail(j, RUNNER_BROKEN, errno);
	return RUNNER_DONE;
}

/* What is left is no more than it has. */
static enum runner_end
drop_rights(struct job *j, pid_t monitor)
{
	if (creds_become(&j->creds) != OK)
		return fail(j, RUNNER_BROKEN, EPERM);
	sandbox_undumpable();
	parent_die_with(monitor);
	return RUNNER_DONE;
}

/* ---- its output ---------------------------------------------------------------- */

/* All that there is now. ERR_EOF, ERR_AGAIN; ERR_TOO_LONG. */
static enum err
drain(struct job *j)
{
	uint8_t room[4096];
	size_t n;
	enum err e;

	while ((e = io_read(j->pipe, BYTES_OF(room), &n)) == OK)
		if ((e = buf_append(&j->output, slice_make(room, n))) != OK)
			return e;
	return e;
}

static int
left_ms(const struct job *j)
{
	uint64_t now = clock_mono_ms();

	return now < j->end_ms ? (int)(j->end_ms - now) : 0;
}

/* Until it has ended, though something that it started may still hold the
 * pipe. */
static enum runner_end
collect(struct job *j)
{
	struct pollfd p[2] = {{.fd = j->pipe, .events = POLLIN},
	    {.fd = j->watched, .events = POLLIN}};

	for (;;) {
		int n = poll(p, 2, left_ms(j));
		enum err e;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(j, RUNNER_TIMEOUT, 0);
		e = drain(j);
		if (e == ERR_TOO_LONG)
			return fail(j, RUNNER_TOO_LONG, 0);
		if (e != ERR_AGAIN && e != ERR_EOF)
			return fail(j, RUNNER_BROKEN, errno);
		if (e == ERR_EOF)
			p[0].fd = -1;
		if (p[1].revents != 0)
			return RUNNER_DONE;
	}
}

static enum runner_end
judge_end(struct job *j)
{
	int status;

	if (parent_reap(j->pid, false, &status) != OK)
		return fail(j, RUNNER_BROKEN, errno);
	if (WIFSIGNALED(status))
		return fail(j, RUNNER_SIGNAL, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return fail(j, RUNNER_STATUS, WEXITSTATUS(status));
	if (memfile_make("output", buf_slice(&j->output), &j->end.output.fd) !=
	    OK)
		return fail(j, RUNNER_BROKEN, errno);
	return RUNNER_DONE;
}

/* ---- one program, one answer ---------------------------------------------------- */

static void
run(struct job *j, pid_t monitor)
{
	if (check_program(j) != RUNNER_DONE || start(j) != RUNNER_DONE)
		return;
	if (drop_rights(j, monitor) == RUNNER_DONE &&
	    collect(j) == RUNNER_DONE) {
		(void)judge_end(j);
		return;
	}
	(void)kill(-j->pid, SIGKILL);
	(void)kill(j->pid, SIGKILL);
}

int
runner_run(struct slice arguments)
{
	struct job *j = mem_new(sizeof(*j));
	struct rpc *r = rpc_new(SPAWN_CHANNEL);
	struct runner_msg m;
	uint64_t monitor;
	uint32_t number;
	int status;
	enum err e;

	if (text_number(arguments, 1, PID_MAX, &monitor) != OK) {
		log_error("runner: the monitor's number is needed");
		return EXIT_USAGE;
	}
	parent_die_with((pid_t)monitor);
	j->end.output.fd = j->pipe = j->watched = -1;
	if (rpc_receive(r, false, &number) != OK || number != ERRAND_RUN ||
	    rpc_decode(r, &layout_runner_msg, &m) != OK ||
	    read_job(&m, j) != OK)
		return EXIT_FAILED;
	rpc_idle(r);
	run(j, (pid_t)monitor);
	e = rpc_send(r, ERRAND_END, &layout_runner_end_msg, &j->end);
	/* one that was killed may take its time: the answer is out by then */
	if (j->pid > 0)
		(void)!parent_reap(j->pid, false, &status);
	return e == OK ? 0 : EXIT_FAILED;
}
