#include "suite.h"

#include "sallyport/base/log.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include <sys/wait.h>
#include <unistd.h>

static int
run(const char *task)
{
	int status = -1;
	pid_t pid;

	log_set_level(LEVEL_QUIET);
	pid = spawn_fork();
	if (pid == 0)
		_exit(errand_main(task));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(an_unknown_task_fails)
{
	ck_assert_int_ne(run(NULL), 0);
	ck_assert_int_ne(run(""), 0);
	ck_assert_int_ne(run("keygenx ed25519 0 /tmp/x"), 0);
	ck_assert_int_ne(run(" keygen"), 0);
}
END_TEST

START_TEST(a_task_without_its_words_fails)
{
	ck_assert_int_ne(run("keygen"), 0);
	ck_assert_int_ne(run("keygen ed25519"), 0);
	ck_assert_int_ne(run("keygen ed25519 0"), 0);
	ck_assert_int_ne(run("keygen ed25519 x /nonexistent/key"), 0);
	ck_assert_int_ne(run("keygen ed25519 0 /nonexistent/key"), 0);
}
END_TEST

TCase *
check_errand(void)
{
	TCase *tc = tcase_create("errand/errand");

	tcase_add_test(tc, an_unknown_task_fails);
	tcase_add_test(tc, a_task_without_its_words_fails);
	return tc;
}
