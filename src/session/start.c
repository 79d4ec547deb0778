/*
 * start.c - between fork and exec: what a login sees, and its shell
 *
 * Runs in the child, as the user. It writes to its own descriptors and leaves
 * by _exit; nothing here reaches the log or the connection.
 */
#include "session.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NOLOGIN_STATUS 254 /* as sshd's */
#define FILE_MAX       ((size_t)64 << 10)
#define MOTD           "/etc/motd"
#define SYSTEM_RC      "/etc/ssh/sshrc"

static const char *
shell_of(const struct grant *g)
{
	return g->shell != NULL && g->shell[0] != '\0' ? g->shell
						       : _PATH_BSHELL;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* ---- what is shown ---- */

static void
say(int fd, const char *text)
{
	if (text != NULL && io_write_all(fd, slice_cstr(text)) != OK)
		_exit(1); /* nobody is there */
}

static void
show_file(int fd, const char *path)
{
	SCOPED(io_close)
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t room[4096];
	size_t n;

	while (file >= 0 && io_read(file, BYTES_OF(room), &n) == OK)
		if (io_write_all(fd, slice_make(room, n)) != OK)
			return;
}

static bool
is_quiet(const struct grant *g)
{
	SCOPED(mem_free_at) char *hush = mem_format("%s/.hushlogin", g->home);

	return access(hush, F_OK) == 0;
}

static void
say_last_login(const struct plan *plan)
{
	SCOPED(mem_free_at) char *line = NULL;
	time_t when = (time_t)plan->last_time;
	struct tm local;
	char text[64];

	if (plan->last_time == 0 || localtime_r(&when, &local) == NULL ||
	    strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &local) == 0)
		return;
	line = mem_format("Last login: %s%s%s\n", text,
	    plan->last_host[0] != '\0' ? " from " : "", plan->last_host);
	say(1, line);
}

/* An interactive login is greeted; one who keeps ~/.hushlogin isn't. */
static void
greet(const struct program *p, const struct plan *plan)
{
	const struct session *s = p->s;
	bool terminal = p->pty.master >= 0;

	if (plan->command != NULL || is_quiet(s->grant))
		return;
	say(1, s->grant->message);
	if (terminal && s->conf.print_last_log)
		say_last_login(plan);
	if (terminal && s->conf.print_motd)
		show_file(1, MOTD);
}

/* ---- the way to the shell ---- */

static void
place(const int fds[3])
{
	int high[3];

	/* Two steps, since one of them may be 0, 1 or 2 itself */
	for (int i = 0; i < 3; i++)
		if ((high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10)) < 0)
			_exit(1);
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			_exit(1);
	io_close_but(3, NULL, 0);
}

/* A process group of its own, and its terminal. A client that is gone has
 * closed the other side: then there is nothing to start. */
static void
lead(const struct program *p)
{
	if (setsid() < 0)
		_exit(1);
	if (p->pty.master >= 0 && ioctl(0, TIOCSCTTY, 0) < 0)
		_exit(1);
}

/* A regular file of the user's, whole; empty where it can't be read. */
static void
read_own_file(const char *path, struct buf *text)
{
	SCOPED(io_close)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    io_read_all(fd, FILE_MAX, text) != OK)
		buf_reset(text);
}

static void
make_environment(const struct program *p, const struct plan *plan,
    struct environment *env)
{
	const struct session *s = p->s;
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(FILE_MAX);
	SCOPED(mem_free_at)
	char *path = mem_format("%s/.ssh/environment", s->grant->home);
	struct environ_facts facts = {.conf = &s->conf,
	    .grant = s->grant,
	    .conn = s->conn,
	    .client = &p->client,
	    .shell = shell_of(s->grant),
	    .term = p->term,
	    .tty = p->pty.master >= 0 ? p->pty.name : NULL,
	    .original = plan->original,
	    .auth_file = s->auth_file};

	if (s->conf.permit_user_environment.n > 0)
		read_own_file(path, &text);
	facts.user_file = buf_slice(&text);
	environ_build(env, &facts);
}

static void
go_home(const char *home)
{
	SCOPED(mem_free_at) char *line = NULL;
	int why;

	if (chdir(home) == 0)
		return;
	why = errno;
	line = mem_format("Could not chdir to home directory %s: %s\n", home,
	    strerror(why));
	if (io_write_all(2, slice_cstr(line)) != OK || chdir("/") != 0)
		_exit(1);
}

/* Run a program with nothing on its input, and wait for it. */
static void
run_and_wait(const char *path, char *const argv[], char *const env[])
{
	pid_t pid = fork();
	int null, status;

	if (pid == 0) {
		null = open(_PATH_DEVNULL, O_RDWR | O_CLOEXEC);
		if (null >= 0 && dup2(null, 0) == 0)
			execve(path, argv, env);
		_exit(127);
	}
	if (pid > 0 && parent_reap(pid, false, &status) != OK)
		return;
}

/*
 * ~/.ssh/rc by way of the user's shell, else the system's. An administrator
 * who forces a command wants no other to run before it.
 */
static void
run_rc(const struct program *p, char *const env[])
{
	const struct session *s = p->s;
	const char *shell = shell_of(s->grant);
	SCOPED(mem_free_at)
	char *own = mem_format("%s/.ssh/rc", s->grant->home);
	SCOPED(mem_free_at) char *line = mem_format(_PATH_BSHELL " %s", own);
	SCOPED(mem_free_at) char *name = mem_strdup(shell);
	char sh[] = "sh", dash_c[] = "-c", system_rc[] = SYSTEM_RC;
	char *user_argv[] = {name, dash_c, line, NULL};
	char *system_argv[] = {sh, system_rc, NULL};

	if (p->subsystem)
		return;
	if (s->conf.permit_user_rc && s->conf.force_command == NULL &&
	    (s->grant->permits & PERMIT_USER_RC) != 0 && access(own, F_OK) == 0)
		run_and_wait(shell, user_argv, env);
	else if (access(SYSTEM_RC, F_OK) == 0)
		run_and_wait(_PATH_BSHELL, system_argv, env);
}

static _Noreturn void
become_shell(const struct grant *g, const struct plan *plan, char *const env[])
{
	const char *shell = shell_of(g);
	char *dashed = mem_format("-%s", base_name(shell));
	char *plain = dashed + 1;
	char *command = mem_strdup(plan->command ? plan->command : "");
	char dash_c[] = "-c";
	char *login[] = {dashed, NULL};
	char *with_command[] = {plain, dash_c, command, NULL};
	char *why;

	execve(shell, plan->command == NULL ? login : with_command, env);
	why = mem_format("%s: %s\n", shell, strerror(errno));
	say(2, why);
	_exit(1);
}

static void
refuse_login(void)
{
	show_file(2, START_NOLOGIN);
	_exit(NOLOGIN_STATUS);
}

_Noreturn void
start_run(const struct program *p, const struct plan *plan, const int fds[3])
{
	struct environment env = {.v = NULL};

	place(fds);
	lead(p);
	if (plan->nologin)
		refuse_login();
	greet(p, plan);
	make_environment(p, plan, &env);
	go_home(p->s->grant->home);
	spawn_default_signals();
	run_rc(p, env.v);
	become_shell(p->s->grant, plan, env.v);
}
