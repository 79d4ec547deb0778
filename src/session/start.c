/*
 * start.c - between fork and exec: what a login sees, and its shell
 *
 * All that takes memory or looks at files is made ready before the fork. Then
 * there are two ways. A command, with no script of the user's to run before it,
 * is a handful of system calls from its exec, and its child shares our memory
 * until then. Greetings may wait for the terminal to take them, and scripts
 * take their time: those children are forked.
 *
 * The children write to their own descriptors and leave by _exit; nothing of
 * theirs reaches the log or the connection.
 */
#include "session.h"

#include "sftp_child.h"

#include "forward.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/domain.h"
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
#define PASSWD         "/usr/bin/passwd"

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
	const struct session *s = p->r.s;
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
place(const int fds[3], int *log)
{
	int high[3];

	/* Two steps, since one of them may be 0, 1 or 2 itself */
	for (int i = 0; i < 3; i++)
		if ((high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10)) < 0)
			_exit(1);
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			_exit(1);
	io_close_but(3, log, 1);
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

/* In a root directory of the user's own there may be no home, as sshd has
 * it: that isn't worth a word. */
static void
go_home(const struct session *s)
{
	const char *home = s->grant->home;
	SCOPED(mem_free_at) char *line = NULL;
	int why;

	if (chdir(home) == 0)
		return;
	why = errno;
	if (s->conf.chroot_directory != NULL)
		return; /* we are in its root */
	line = mem_format("Could not chdir to home directory %s: %s\n", home,
	    strerror(why));
	if (io_write_all(2, slice_cstr(line)) != OK || chdir("/") != 0)
		_exit(1);
}

/* Run a program with a text on its input, and wait for it. The text is less
 * than what a pipe takes. */
static void
run_and_wait(const char *path, char *const argv[], char *const env[],
    const char *text)
{
	int pipe[2], status;
	pid_t pid;

	if (io_pipe(pipe) != OK ||
	    io_write_all(pipe[1], slice_cstr(text)) != OK)
		return;
	io_close(&pipe[1]);
	pid = fork();
	if (pid == 0) {
		if (dup2(pipe[0], 0) == 0)
			execve(path, argv, env);
		_exit(127);
	}
	io_close(&pipe[0]);
	if (pid > 0 && parent_reap(pid, false, &status) != OK)
		return;
}

/* ---- made ready ---- */

struct launch {
	const struct program *p;
	const struct plan *plan;
	const int *fds;
	struct environment env;
	const char *shell;
	char *name;           /* "-sh" */
	char *command;        /* or NULL */
	char *argv[4];        /* of the shell */
	char *rc_line;        /* or NULL: "/bin/sh HOME/.ssh/rc" */
	char *rc_argv[4];     /* or NULL */
	const char *rc_shell; /* that runs rc_argv, or xauth; or NULL */
	char *rc_text;        /* its input, or NULL */
};

static void
launch_clear(struct launch *l)
{
	environ_clear(&l->env);
	mem_free(l->name);
	mem_free(l->command);
	mem_free(l->rc_line);
	mem_free(l->rc_text);
}

static void
make_environment(struct launch *l)
{
	const struct program *p = l->p;
	const struct session *s = p->r.s;
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(FILE_MAX);
	SCOPED(mem_free_at)
	char *path = mem_format("%s/.ssh/environment", s->grant->home);
	struct environ_facts facts = {.conf = &s->conf,
	    .grant = s->grant,
	    .conn = s->conn,
	    .client = &p->client,
	    .shell = l->shell,
	    .term = p->term,
	    .tty = p->pty.master >= 0 ? p->pty.name : NULL,
	    .original = l->plan->original,
	    .auth_file = s->auth_file,
	    .display = p->x11.display,
	    .tunnel = s->tunnel,
	    .agent = s->agent != NULL ? s->agent->path : NULL};

	if (s->conf.permit_user_environment.n > 0)
		read_own_file(path, &text);
	facts.user_file = buf_slice(&text);
	environ_build(&l->env, &facts);
}

/* The cookie that the client made up, into the user's file. */
static void
find_xauth(struct launch *l)
{
	static char quiet[] = "-q", script[] = "-";
	const struct x11 *x = &l->p->x11;

	l->rc_shell = l->p->r.s->conf.xauth_location;
	l->rc_line = mem_strdup(base_name(l->rc_shell));
	l->rc_argv[0] = l->rc_line;
	l->rc_argv[1] = quiet;
	l->rc_argv[2] = script;
	l->rc_text = mem_format("remove %s\nadd %s %s %s\n", x->name, x->name,
	    x->protocol, x->cookie);
}

/*
 * ~/.ssh/rc by way of the user's shell, else the system's. An administrator
 * who forces a command wants no other to run before it.
 */
static void
find_rc(struct launch *l)
{
	static char sh[] = "sh", dash_c[] = "-c", system_rc[] = SYSTEM_RC;
	const struct session *s = l->p->r.s;
	SCOPED(mem_free_at)
	char *own = mem_format("%s/.ssh/rc", s->grant->home);

	if (l->p->r.subsystem)
		return;
	if (s->conf.permit_user_rc && s->conf.force_command == NULL &&
	    (s->grant->permits & PERMIT_USER_RC) != 0 &&
	    access(own, F_OK) == 0) {
		l->rc_line = mem_format(_PATH_BSHELL " %s", own);
		l->rc_shell = l->shell;
		l->rc_argv[0] = l->name + 1;
		l->rc_argv[1] = dash_c;
		l->rc_argv[2] = l->rc_line;
	} else if (access(SYSTEM_RC, F_OK) == 0) {
		l->rc_shell = _PATH_BSHELL;
		l->rc_argv[0] = sh;
		l->rc_argv[1] = system_rc;
	} else if (l->p->x11.display != NULL) {
		find_xauth(l);
	}
	/* who runs instead of xauth is told what it would have been */
	if (l->p->x11.display != NULL && l->rc_text == NULL)
		l->rc_text =
		    mem_format("%s %s\n", l->p->x11.protocol, l->p->x11.cookie);
}

static void
make_ready(struct launch *l)
{
	static char dash_c[] = "-c";

	l->shell = shell_of(l->p->r.s->grant);
	l->name = mem_format("-%s", base_name(l->shell));
	l->argv[0] = l->name;
	if (l->plan->command != NULL) {
		l->command = mem_strdup(l->plan->command);
		l->argv[0] = l->name + 1;
		l->argv[1] = dash_c;
		l->argv[2] = l->command;
	}
	make_environment(l);
	find_rc(l);
}

/* ---- in the child ---- */

static void
become_shell(const struct launch *l)
{
	const char *why;

	execve(l->shell, l->argv, l->env.v);
	why = strerror(errno);
	say(2, l->shell);
	say(2, ": ");
	say(2, why);
	say(2, "\n");
	_exit(1);
}

static void
refuse_login(void)
{
	show_file(2, START_NOLOGIN);
	_exit(NOLOGIN_STATUS);
}

/* An expired password: the next login is the one that was wanted. */
static void
change_password(const struct program *p)
{
	static char name[] = "passwd";
	char *const argv[] = {name, NULL};
	char *const env[] = {NULL};

	say(1, p->r.s->grant->message);
	say(1, "WARNING: Your password has expired.\n");
	if (p->pty.master < 0) {
		say(2, "Password change required but no TTY available.\n");
		_exit(1);
	}
	say(1, "You must change your password now and log in again!\n");
	spawn_default_signals();
	execve(PASSWD, argv, env);
	say(2, PASSWD " can't be run\n");
	_exit(1);
}

/* As sshd has it: the policy's domain for file transfer, where it lets us go
 * there, and a root directory of the user's leaves us a /proc to say so. */
static const char *
move_to_domain(const struct session *s)
{
	if (!s->grant->selinux ||
	    domain_change(DOMAIN_OF_SELF, "sftpd_t") == OK)
		return NULL;
	return "SELinux: no way to the domain sftpd_t";
}

/* There is nothing to exec: with a root directory of the user's own there
 * may be no program at all. */
static _Noreturn void
serve_sftp(const struct launch *l)
{
	const struct session *s = l->p->r.s;
	const struct sftp_child c = {.command = l->plan->command,
	    .user = s->grant->user,
	    .home = s->grant->home,
	    .conf = &s->conf,
	    .address = s->conn->peer_ip,
	    .log = l->plan->log,
	    .note = move_to_domain(s)};

	sftp_child_run(&c);
}

static void
run(const void *ctx)
{
	const struct launch *l = ctx;
	int log = l->plan->log;

	place(l->fds, &log);
	lead(l->p);
	if (l->plan->nologin)
		refuse_login();
	if (l->plan->must_change)
		change_password(l->p);
	greet(l->p, l->plan);
	go_home(l->p->r.s);
	spawn_default_signals();
	if (l->plan->internal)
		serve_sftp(l);
	if (l->rc_shell != NULL)
		run_and_wait(l->rc_shell, l->rc_argv, l->env.v, l->rc_text);
	become_shell(l);
}

static bool
is_quick(const struct launch *l)
{
	return l->plan->command != NULL && l->rc_shell == NULL &&
	       !l->plan->nologin && !l->plan->internal;
}

pid_t
start_program(const struct program *p, const struct plan *plan,
    const int fds[3])
{
	SCOPED(launch_clear)
	struct launch l = {.p = p, .plan = plan, .fds = fds};
	pid_t pid;

	make_ready(&l);
	if (is_quick(&l))
		return spawn_sharing(run, &l);
	if ((pid = spawn_fork()) == 0)
		run(&l);
	return pid;
}
