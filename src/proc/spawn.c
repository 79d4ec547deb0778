/*
 * spawn.c - make a process: fork, or re-exec of this very image
 */
#include "config.h"

#include "sallyport/proc/spawn.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/proc/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPAWN_REPORT (SPAWN_IMAGE + 1) /* errno of an exec that failed */
#define FIRST_SPARE  10 /* descriptors from here on aren't overwritten */
#define ENV_MAX      32

static int image = -1;

/* ---- fork ---- */

/*
 * We handle signals by signalfd, so a handler is a library's. Those of faults
 * stay: they are a sanitizer's. An ignored SIGCHLD would take the exit status
 * of our own children away.
 */
static void
reset_handled(void)
{
	static const int usual[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM,
	    SIGUSR1, SIGUSR2};
	struct sigaction old;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (sigaction(usual[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN && old.sa_handler != SIG_DFL)
			signal(usual[i], SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

static void
unblock_all(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static pid_t
settled(pid_t pid)
{
	if (pid == 0) {
		reset_handled();
		unblock_all();
	}
	return pid;
}

pid_t
spawn_fork(void)
{
#ifdef HAVE__FORK
	return settled(_Fork());
#else
	return settled(fork());
#endif
}

pid_t
spawn_fork_modules(void)
{
	return settled(fork());
}

/* The child only calls deeper: it never leaves this frame, which is ours. */
pid_t
spawn_sharing(void (*run)(const void *ctx), const void *ctx)
{
	pid_t pid = vfork();

	if (pid == 0) {
		run(ctx);
		_exit(127);
	}
	return pid;
}

void
spawn_default_signals(void)
{
	/* fails for those that nobody can change */
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	unblock_all();
}

/* ---- the image ---- */

enum err
spawn_image_open(void)
{
	const char *path;

	if (image >= 0)
		return OK;
	image = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (image >= 0)
		return OK;
	/* No /proc: the path that the kernel was given. Nobody changed the
	 * working directory yet. */
	path = (const char *)getauxval(AT_EXECFN);
	if (path != NULL)
		image = open(path, O_PATH | O_CLOEXEC);
	return image >= 0 ? OK : ERR_SYSTEM;
}

int
spawn_image_fd(void)
{
	return image;
}

bool
spawn_is_child(int argc, char **argv, enum role *role, const char **task)
{
	if (argc < 2 || argc > 3 || argv[1][0] != '@')
		return false;
	for (int r = 0; r < ROLE_COUNT; r++) {
		if (strcmp(argv[1] + 1, role_name((enum role)r)) != 0)
			continue;
		*role = (enum role)r;
		*task = argc > 2 ? argv[2] : NULL;
		fcntl(SPAWN_CHANNEL, F_SETFD, FD_CLOEXEC);
		if (fcntl(SPAWN_IMAGE, F_SETFD, FD_CLOEXEC) == 0)
			image = SPAWN_IMAGE;
		return true;
	}
	return false;
}

/* ---- exec ---- */

/*
 * What a re-exec'd process gets of the environment. A name that ends in '_'
 * stands for all that begin so.
 */
static const char *const kept[] = {
    "PATH",
    "LANG",
    "LC_",
    "TZ",
    SPAWN_NOFILE,
    "SSH_AUTH_SOCK", /* HostKeyAgent may name it */
    "OPENSSL_",      /* an administrator's choice of provider */
    "KRB5_CONFIG",   /* and of Kerberos' files */
    "KRB5_KTNAME",
    "MALLOC_",
    "GLIBC_TUNABLES",
    "ASAN_OPTIONS",
    "UBSAN_OPTIONS",
    "LSAN_OPTIONS",
};

static bool
is_kept(const char *entry)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		size_t n = strlen(kept[i]);

		if (strncmp(entry, kept[i], n) == 0 &&
		    (kept[i][n - 1] == '_' || entry[n] == '='))
			return true;
	}
	return false;
}

/* Behind argv, so that title.c has something to write to. */
static char title_room[] =
    "SALLYPORT_TITLE="
    "................................................................"
    "................................................................";

static void
choose_environment(char **env)
{
	size_t n = 0;

	env[n++] = title_room;
	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (n < ENV_MAX && is_kept(*e))
			env[n++] = *e;
	env[n] = NULL;
}

/* The three at their places, /dev/null at 0 and 1, 2 as it is, no others. */
static bool
place_descriptors(int channel, int report)
{
	int c = fcntl(channel, F_DUPFD_CLOEXEC, FIRST_SPARE);
	int i = fcntl(image, F_DUPFD_CLOEXEC, FIRST_SPARE);
	int r = fcntl(report, F_DUPFD_CLOEXEC, FIRST_SPARE);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (c < 0 || i < 0 || r < 0 || null < 0)
		return false;
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return false;
	if (dup2(c, SPAWN_CHANNEL) < 0 || dup2(i, SPAWN_IMAGE) < 0 ||
	    dup3(r, SPAWN_REPORT, O_CLOEXEC) < 0)
		return false;
	io_close_but(SPAWN_REPORT + 1, NULL, 0);
	return true;
}

static _Noreturn void
exec_image(char **argv, char **env, int channel, int report)
{
	bool placed = place_descriptors(channel, report);
	int why;

	if (placed) {
		spawn_default_signals();
		syscall(SYS_execveat, SPAWN_IMAGE, "", argv, env,
		    AT_EMPTY_PATH);
	}
	why = errno;
	if (write(placed ? SPAWN_REPORT : report, &why, sizeof(why)) < 0)
		_exit(254);
	_exit(255);
}

/* Wait for the exec: the pipe ends with it, or tells why it failed. */
static enum err
wait_for_exec(int report, pid_t pid)
{
	struct bytes room;
	int why = 0, status;
	size_t n;

	room = BYTES_OF(why);
	if (io_read(report, room, &n) == ERR_EOF)
		return OK;
	if (parent_reap(pid, false, &status) != OK)
		return ERR_SYSTEM;
	errno = why;
	return ERR_SYSTEM;
}

enum err
spawn_image(enum role role, const char *task, int channel, pid_t *pid)
{
	SCOPED(mem_free_at) char *word = mem_format("@%s", role_name(role));
	SCOPED(mem_free_at) char *last = task ? mem_strdup(task) : NULL;
	SCOPED(io_close) int reading = -1;
	char name[] = "sshd";
	char *argv[] = {name, word, last, NULL};
	char *env[ENV_MAX + 1];
	int report[2];
	enum err e;

	must(image >= 0);
	choose_environment(env);
	if ((e = io_pipe(report)) != OK)
		return e;
	reading = report[0];
	*pid = fork();
	if (*pid == 0)
		exec_image(argv, env, channel, report[1]);
	io_close(&report[1]);
	if (*pid < 0)
		return ERR_SYSTEM;
	return wait_for_exec(reading, *pid);
}
