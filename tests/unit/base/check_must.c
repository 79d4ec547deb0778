#include "suite.h"

#include "sallyport/base/log.h"
#include "sallyport/base/must.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(lets_pass_what_holds)
{
	int turns = 0;

	must(++turns == 1);
	ck_assert_int_eq(turns, 1);
}
END_TEST

/* In a test that must abort, what goes wrong ends it in another way. */
static void
expect_error(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	if (level != LEVEL_ERROR || strstr(text, "1 == 2") == NULL ||
	    strstr(text, "check_must.c:") == NULL)
		_exit(1);
}

START_TEST(ends_the_process_with_condition_file_and_line)
{
	log_to_function(expect_error, NULL);
	must(1 == 2);
}
END_TEST

TCase *
check_must(void)
{
	TCase *tc = tcase_create("base/must");

	tcase_add_test(tc, lets_pass_what_holds);
	tcase_add_test_raise_signal(tc,
	    ends_the_process_with_condition_file_and_line, SIGABRT);
	return tc;
}
