#include "children.h"
#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/proc/title.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- fork ---- */

static void
handle(int signo)
{
	(void)signo;
}

static void
check_signals(int arg)
{
	struct sigaction a;
	sigset_t mask;
	char octet;
	int go[2];
	pid_t pid;
	int status;

	(void)arg;
	CHILD(io_pipe(go) == OK);
	sigfillset(&mask);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGTERM, handle);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if ((pid = spawn_fork()) == 0) {
		CHILD(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
		CHILD(sigisemptyset(&mask));
		CHILD(sigaction(SIGTERM, NULL, &a) == 0);
		CHILD(a.sa_handler == SIG_DFL);
		CHILD(sigaction(SIGPIPE, NULL, &a) == 0);
		CHILD(a.sa_handler == SIG_IGN);
		CHILD(sigaction(SIGHUP, NULL, &a) == 0);
		CHILD(a.sa_handler == SIG_IGN);
		/* its own children's ends are told */
		CHILD(sigaction(SIGCHLD, NULL, &a) == 0);
		CHILD(a.sa_handler == SIG_DFL);
		/* while SIGCHLD is ignored nobody could reap us */
		io_close(&go[1]);
		_exit(read(go[0], &octet, 1) == 0 ? 0 : 1);
	}
	signal(SIGCHLD, SIG_DFL);
	io_close(&go[1]);
	CHILD(parent_reap(pid, false, &status) == OK && child_ok(status));
}

static const char *const true_argv[] = {"true", NULL};
static volatile int seen; /* by whoever shares our memory */

static void
run_true(const void *ctx)
{
	seen = *(const int *)ctx;
	execv("/bin/true", (char *const *)true_argv);
}

static void
run_nothing(const void *ctx)
{
	(void)ctx;
}

static void
check_sharing(int arg)
{
	int value = 17, status;
	pid_t pid = spawn_sharing(run_true, &value);

	(void)arg;
	/* it ran in our memory, and we stood still until its exec */
	CHILD(pid > 0 && seen == 17);
	CHILD(parent_reap(pid, false, &status) == OK && child_ok(status));
	/* one that returns is no second copy of us */
	pid = spawn_sharing(run_nothing, NULL);
	CHILD(pid > 0);
	CHILD(parent_reap(pid, false, &status) == OK);
	CHILD(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

START_TEST(a_program_is_started_without_a_copy_of_us)
{
	ck_assert(child_ok(child_run(check_sharing, 0)));
}
END_TEST

START_TEST(a_child_starts_with_its_signals_in_order)
{
	ck_assert(child_ok(child_run(check_signals, 0)));
}
END_TEST

static void
default_signals(int arg)
{
	struct sigaction a;
	sigset_t mask;

	(void)arg;
	sigfillset(&mask);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_IGN);
	spawn_default_signals();
	for (int signo = 1; signo < NSIG; signo++)
		if (sigaction(signo, NULL, &a) == 0)
			CHILD(a.sa_handler == SIG_DFL);
	CHILD(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
	CHILD(sigisemptyset(&mask));
}

START_TEST(a_strange_program_finds_no_trace_of_our_signals)
{
	ck_assert(child_ok(child_run(default_signals, 0)));
}
END_TEST

/* ---- exec: this test program is the image, and reports what it finds ---- */

static bool
is_null(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat("/dev/null", &b) == 0 &&
	       a.st_rdev == b.st_rdev && S_ISCHR(a.st_mode);
}

static int
count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Environment without what a sanitizer's or a profiler's runtime adds. */
static bool
environment_is_clean(void)
{
	return getenv("SECRET") == NULL && getenv("LD_BIND_NOW") == NULL &&
	       getenv("TZ") != NULL;
}

static bool
signals_are_default(void)
{
	struct sigaction a;
	sigset_t mask;

	return sigprocmask(SIG_BLOCK, NULL, &mask) == 0 &&
	       sigisemptyset(&mask) && sigaction(SIGPIPE, NULL, &a) == 0 &&
	       a.sa_handler == SIG_DFL && sigaction(SIGUSR1, NULL, &a) == 0 &&
	       a.sa_handler == SIG_DFL;
}

static _Noreturn void
report(int argc, char **argv)
{
	char text[512], comm[64] = "";
	enum role role = ROLE_COUNT;
	const char *task = NULL;
	int open_count = count_open();
	bool null = is_null(0) && is_null(1);
	bool is_child, image, cloexec;
	FILE *f;
	int n;

	title_init(argc, argv); /* first, as in main: it moves argv away */
	is_child = spawn_is_child(argc, argv, &role, &task);
	image = spawn_image_open() == OK && spawn_image_fd() == SPAWN_IMAGE;
	cloexec = fcntl(SPAWN_CHANNEL, F_GETFD) == FD_CLOEXEC &&
		  fcntl(SPAWN_IMAGE, F_GETFD) == FD_CLOEXEC;
	title_set("a title with room for more than argv had");
	f = fopen("/proc/self/comm", "re");
	if (f == NULL || fscanf(f, "%63s", comm) != 1)
		_exit(1);
	fclose(f);
	n = snprintf(text, sizeof(text), "%d %s %s %d %d %d %d %d %d %s",
	    is_child, is_child ? role_name(role) : "-", task ? task : "-", null,
	    open_count, image, cloexec, environment_is_clean(),
	    signals_are_default(), comm);
	f = fopen("/proc/self/cmdline", "re");
	n += (int)fread(text + n, 1, sizeof(text) - (size_t)n, f);
	if (write(SPAWN_CHANNEL, text, (size_t)n) != n)
		_exit(1);
	_exit(0);
}

static __attribute__((constructor)) void
be_the_image(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] == '@')
		report(argc, argv);
}

static void
spawn_and_read(enum role role, const char *task, char *text, size_t size)
{
	int pair[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(io_pair(pair), OK);
	ck_assert_int_eq(spawn_image(role, task, pair[1], &pid), OK);
	ck_assert_int_ge(fcntl(pair[1], F_GETFD), 0); /* our copy stays */
	io_close(&pair[1]);
	n = recv(pair[0], text, size - 1, 0);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_int_eq(parent_reap(pid, false, &status), OK);
	ck_assert(child_ok(status));
	io_close(&pair[0]);
}

START_TEST(an_image_starts_clean)
{
	char text[512];
	sigset_t some;

	setenv("SECRET", "x", 1);
	setenv("LD_BIND_NOW", "1", 1);
	setenv("TZ", "UTC", 1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	ck_assert_int_eq(spawn_image_open(), OK);
	spawn_and_read(ROLE_KEEPER, NULL, text, sizeof(text));
	ck_assert_str_eq(text,
	    "1 keeper - 1 5 1 1 1 1 sshd"
	    "sshd: a title with room for more than argv had");
	spawn_and_read(ROLE_ERRAND, "keygen ed25519", text, sizeof(text));
	ck_assert_str_eq(text,
	    "1 errand keygen ed25519 1 5 1 1 1 1 sshd"
	    "sshd: a title with room for more than argv had");
}
END_TEST

/* Wherever the channel is: at the child's places, or beyond them. */
START_TEST(takes_the_channel_from_any_descriptor)
{
	char text[512];
	int pair[2], at = _i, status;
	pid_t pid;

	ck_assert_int_eq(spawn_image_open(), OK);
	ck_assert_int_eq(io_pair(pair), OK);
	if ((pid = fork()) == 0) {
		if (at == spawn_image_fd() || at == pair[0])
			_exit(0);
		CHILD(dup3(pair[1], at, O_CLOEXEC) == at || at == pair[1]);
		CHILD(spawn_image(ROLE_SPAWNER, "t", at, &pid) == OK);
		CHILD(recv(pair[0], text, sizeof(text), 0) > 20);
		CHILD(memcmp(text, "1 spawner t 1 5 1 1", 19) == 0);
		_exit(0);
	}
	ck_assert_int_eq(parent_reap(pid, false, &status), OK);
	ck_assert(child_ok(status));
	io_close(&pair[0]);
	io_close(&pair[1]);
}
END_TEST

static void
spawn_at_limit(int arg)
{
	pid_t pid = -1;
	int status;

	(void)arg;
	CHILD(spawn_image_open() == OK);
	close(spawn_image_fd());
	CHILD(open("/etc/passwd", O_PATH | O_CLOEXEC) == spawn_image_fd());
	CHILD(spawn_image(ROLE_KEEPER, NULL, 0, &pid) == ERR_SYSTEM);
	CHILD(errno == EACCES);
	CHILD(waitpid(-1, &status, 0) < 0 && errno == ECHILD);
}

START_TEST(tells_that_the_exec_failed)
{
	ck_assert(child_ok(child_run(spawn_at_limit, 0)));
}
END_TEST

START_TEST(an_ordinary_start_is_no_child)
{
	char name[] = "sshd", flag[] = "-D", role[] = "@nobody", ok[] = "@gate";
	char *no_arguments[] = {name, NULL};
	char *flags[] = {name, flag, NULL};
	char *unknown[] = {name, role, NULL};
	char *more[] = {name, ok, flag, flag, NULL};
	const char *task;
	enum role r;

	ck_assert(!spawn_is_child(1, no_arguments, &r, &task));
	ck_assert(!spawn_is_child(2, flags, &r, &task));
	ck_assert(!spawn_is_child(2, unknown, &r, &task));
	ck_assert(!spawn_is_child(4, more, &r, &task));
	ck_assert_int_eq(spawn_image_fd(), -1);
}
END_TEST

TCase *
check_spawn(void)
{
	TCase *tc = tcase_create("proc/spawn");

	tcase_add_test(tc, a_program_is_started_without_a_copy_of_us);
	tcase_add_test(tc, a_child_starts_with_its_signals_in_order);
	tcase_add_test(tc, a_strange_program_finds_no_trace_of_our_signals);
	tcase_add_test(tc, an_image_starts_clean);
	tcase_add_loop_test(tc, takes_the_channel_from_any_descriptor, 3, 16);
	tcase_add_test(tc, tells_that_the_exec_failed);
	tcase_add_test(tc, an_ordinary_start_is_no_child);
	return tc;
}
