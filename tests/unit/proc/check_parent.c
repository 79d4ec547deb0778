#include "children.h"
#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/proc/parent.h"

static void
end_with(int status)
{
	_exit(status);
}

static void
end_by(int signo)
{
	signal(signo, SIG_DFL);
	kill(getpid(), signo);
	poll(NULL, 0, 20000);
}

START_TEST(tells_a_childs_end)
{
	int fd, status = -1;
	int hold[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(io_pipe(hold), OK);
	if ((pid = fork()) == 0) {
		io_close(&hold[1]);
		_exit(read(hold[0], &c, 1) == 0 ? 7 : 1);
	}
	ck_assert_int_eq(parent_watch_child(pid, &fd), OK);
	ck_assert(!child_told(fd, 20));
	ck_assert_int_eq(parent_reap(pid, true, &status), ERR_AGAIN);
	io_close(&hold[1]);
	ck_assert(child_told(fd, 5000));
	ck_assert_int_eq(parent_reap(pid, true, &status), OK);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	ck_assert_int_eq(parent_reap(pid, false, &status), ERR_SYSTEM);
	io_close(&fd);
	io_close(&hold[0]);
}
END_TEST

START_TEST(tells_crashes_from_orders)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT,
	    SIGSYS, SIGTRAP};
	static const int orders[] = {SIGKILL, SIGTERM, SIGHUP, SIGINT, SIGQUIT};

	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		ck_assert(parent_is_crash(child_run(end_by, crashes[i])));
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		ck_assert(!parent_is_crash(child_run(end_by, orders[i])));
	ck_assert(!parent_is_crash(child_run(end_with, 0)));
	ck_assert(!parent_is_crash(child_run(end_with, 255)));
}
END_TEST

/* A grandchild holds the pipe's end until it dies. */
static pid_t
family(int *pipe_end)
{
	int ends[2];
	pid_t pid;
	char c = 'r';

	ck_assert_int_eq(io_pipe(ends), OK);
	if ((pid = fork()) == 0) {
		pid_t parent = getpid();

		if (fork() == 0) {
			parent_die_with(parent);
			if (write(ends[1], &c, 1) == 1)
				poll(NULL, 0, 20000);
			_exit(0);
		}
		io_close(&ends[1]);
		poll(NULL, 0, 20000);
		_exit(0);
	}
	io_close(&ends[1]);
	ck_assert_int_eq(read(ends[0], &c, 1), 1);
	*pipe_end = ends[0];
	return pid;
}

START_TEST(dies_with_the_parent)
{
	int end, status;
	pid_t pid = family(&end);
	char c;

	ck_assert(!child_told(end, 20));
	kill(pid, SIGKILL);
	ck_assert(child_told(end, 1000)); /* SEC-16: within a second */
	ck_assert_int_eq(read(end, &c, 1), 0);
	ck_assert_int_eq(parent_reap(pid, false, &status), OK);
	io_close(&end);
}
END_TEST

static void
claim(int parent)
{
	parent_die_with((pid_t)parent);
}

START_TEST(ends_when_the_parent_is_gone_already)
{
	ck_assert(child_ok(child_run(claim, (int)getpid())));
	ck_assert(!child_ok(child_run(claim, (int)getppid())));
}
END_TEST

TCase *
check_parent(void)
{
	TCase *tc = tcase_create("proc/parent");

	tcase_add_test(tc, tells_a_childs_end);
	tcase_add_test(tc, tells_crashes_from_orders);
	tcase_add_test(tc, dies_with_the_parent);
	tcase_add_test(tc, ends_when_the_parent_is_gone_already);
	return tc;
}
