#include "started.h"
#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/wr.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/rpc/errand_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_MAX 1000

static struct rpc *errand;
static struct runner_end_msg end;
static char printed[OUTPUT_MAX + 1];
static uint32_t timeout_ms;

static void
init(void)
{
	timeout_ms = 20000;
	printed[0] = '\0';
}

static void
put_words(struct buf *out, const char *const *words)
{
	struct wr w = wr_into(out);

	for (; *words != NULL; words++)
		wr_cstr(&w, *words);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

static void
take_output(void)
{
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(OUTPUT_MAX);

	if (end.output.fd < 0)
		return;
	ck_assert_int_eq(memfile_read(end.output.fd, &out), OK);
	io_close(&end.output.fd);
	ck_assert(slice_to_cstr(buf_slice(&out), printed, sizeof(printed)));
}

/* Run it as who we are: how did it end? */
static enum runner_end
run(const char *const *argv)
{
	static const char *const env[] = {"A=1", "B=two words", NULL};
	SCOPED(mem_free_at)
	char *task = mem_format("runner %ld", (long)getpid());
	SCOPED(buf_clear) struct buf words = BUF_EMPTY;
	SCOPED(buf_clear) struct buf vars = BUF_EMPTY;
	struct runner_msg m = {.uid = getuid(),
	    .gid = getgid(),
	    .timeout_ms = timeout_ms,
	    .output_max = OUTPUT_MAX};
	uint32_t number;

	put_words(&words, argv);
	put_words(&vars, env);
	m.argv = buf_slice(&words);
	m.env = buf_slice(&vars);
	errand = started(task);
	ck_assert_int_eq(rpc_send(errand, ERRAND_RUN, &layout_runner_msg, &m),
	    OK);
	ck_assert_int_eq(rpc_receive(errand, false, &number), OK);
	ck_assert_uint_eq(number, ERRAND_END);
	ck_assert_int_eq(rpc_decode(errand, &layout_runner_end_msg, &end), OK);
	ck_assert((end.end == RUNNER_DONE) == (end.output.fd >= 0));
	take_output();
	return (enum runner_end)end.end;
}

static enum runner_end
shell(const char *script)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	return run(argv);
}

START_TEST(what_it_prints_comes_back)
{
	static const char *const argv[] = {"/bin/echo", "a b", "", "$c", NULL};

	ck_assert_int_eq(run(argv), RUNNER_DONE);
	ck_assert_str_eq(printed, "a b  $c\n");
	ck_assert_int_eq(started_end(), 0);
	ck_assert_int_eq(shell("exit 0"), RUNNER_DONE);
	ck_assert_str_eq(printed, "");
	started_end();
}
END_TEST

START_TEST(it_has_three_descriptors_and_its_environment)
{
	static const char script[] =
	    "pwd; cat; echo x >&2; env | grep -E '^(A|B|PATH)=' | sort;"
	    "for n in 0 1 2 3 4 5 6 7 8 9; do"
	    " if [ -e /proc/$$/fd/$n ]; then echo $n; fi; done";

	ck_assert_int_eq(shell(script), RUNNER_DONE);
	ck_assert_str_eq(printed, "/\nA=1\nB=two words\n0\n1\n2\n");
	started_end();
}
END_TEST

START_TEST(its_end_is_told)
{
	ck_assert_int_eq(shell("echo x; exit 3"), RUNNER_STATUS);
	ck_assert_uint_eq(end.number, 3);
	started_end();
	ck_assert_int_eq(shell("echo x; kill -9 $$"), RUNNER_SIGNAL);
	ck_assert_uint_eq(end.number, 9);
	started_end();
}
END_TEST

/* With a pid that it told over a file. */
static void
slow(const char *script)
{
	char path[] = "/tmp/check-runner.XXXXXX";
	int fd = mkstemp(path);
	SCOPED(mem_free_at)
	char *whole = mem_format("echo $$ >%s; %s", path, script);
	char text[16] = "";
	pid_t there;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(shell(whole), RUNNER_TIMEOUT);
	started_end();
	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	there = (pid_t)strtol(text, NULL, 10);
	for (int i = 0; i < 500 && kill(there, 0) == 0; i++)
		poll(NULL, 0, 10);
	ck_assert(kill(there, 0) != 0 && errno == ESRCH);
	close(fd);
	unlink(path);
}

START_TEST(a_slow_one_is_killed)
{
	timeout_ms = 300;
	slow("sleep 1000");
	slow("trap '' TERM HUP INT; while :; do sleep 1000; done");
}
END_TEST

START_TEST(a_chatty_one_is_killed)
{
	ck_assert_int_eq(shell("exec cat /dev/zero"), RUNNER_TOO_LONG);
	started_end();
	ck_assert_int_eq(shell("head -c 1000 /dev/zero | tr '\\0' x"),
	    RUNNER_DONE);
	ck_assert_uint_eq(strlen(printed), OUTPUT_MAX);
	started_end();
	ck_assert_int_eq(shell("head -c 1001 /dev/zero"), RUNNER_TOO_LONG);
	started_end();
}
END_TEST

/* What it leaves behind may hold the pipe: nobody waits for that. */
START_TEST(its_children_are_not_waited_for)
{
	ck_assert_int_eq(shell("sleep 3 & echo said"), RUNNER_DONE);
	ck_assert_str_eq(printed, "said\n");
	started_end();
}
END_TEST

START_TEST(only_root_may_have_written_it)
{
	char dir[] = "/tmp/check-runner.XXXXXX";
	SCOPED(mem_free_at) char *file = NULL;
	const char *argv[] = {NULL, NULL};
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	file = mem_format("%s/program", dir);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ck_assert_int_eq(io_write_all(fd, SLICE_STR("#!/bin/sh\n")), OK);
	close(fd);
	argv[0] = file;
	ck_assert_int_eq(run(argv), RUNNER_UNSAFE); /* /tmp is everybody's */
	ck_assert_uint_gt(end.path.n, 0);
	started_end();
	ck_assert_int_eq(chmod(file, 0777), 0);
	ck_assert_int_eq(run(argv), RUNNER_UNSAFE);
	ck_assert(!end.directory);
	ck_assert(slice_is(end.path, file));
	started_end();
	unlink(file);
	ck_assert_int_eq(run(argv), RUNNER_ABSENT);
	ck_assert_uint_eq(end.number, ENOENT);
	started_end();
	rmdir(dir);
	argv[0] = "/bin";
	ck_assert_int_eq(run(argv), RUNNER_UNSAFE);
	ck_assert_uint_eq(end.path.n, 0);
	started_end();
	argv[0] = "/etc/passwd"; /* root's, but no program */
	ck_assert_int_eq(run(argv), RUNNER_STATUS);
	ck_assert_uint_eq(end.number, 127);
	started_end();
}
END_TEST

START_TEST(nonsense_is_not_answered)
{
	SCOPED(mem_free_at)
	char *task = mem_format("runner %ld", (long)getpid());
	SCOPED(buf_clear) struct buf words = BUF_EMPTY;
	const char *const relative[] = {"echo", NULL};
	struct runner_msg m = {.timeout_ms = 1000};

	errand = started("runner");
	ck_assert_int_ne(started_end(), 0);
	errand = started("runner x");
	ck_assert_int_ne(started_end(), 0);
	errand = started(task);
	ck_assert_int_ne(started_end(), 0);
	put_words(&words, relative);
	m.argv = buf_slice(&words);
	errand = started(task);
	ck_assert_int_eq(rpc_send(errand, ERRAND_RUN, &layout_runner_msg, &m),
	    OK);
	ck_assert_int_ne(started_end(), 0);
}
END_TEST

START_TEST(it_ends_with_the_monitor)
{
	errand = started("runner 1"); /* which isn't its parent */
	ck_assert_int_ne(started_end(), 0);
}
END_TEST

TCase *
check_runner(void)
{
	TCase *tc = tcase_create("errand/runner");

	tcase_add_checked_fixture(tc, init, NULL);
	tcase_add_test(tc, what_it_prints_comes_back);
	tcase_add_test(tc, it_has_three_descriptors_and_its_environment);
	tcase_add_test(tc, its_end_is_told);
	tcase_add_test(tc, a_slow_one_is_killed);
	tcase_add_test(tc, a_chatty_one_is_killed);
	tcase_add_test(tc, its_children_are_not_waited_for);
	tcase_add_test(tc, only_root_may_have_written_it);
	tcase_add_test(tc, nonsense_is_not_answered);
	tcase_add_test(tc, it_ends_with_the_monitor);
	return tc;
}
