#include "suite.h"

#include "session.h"

static const char *const entries[] = {"session:shell=5m", "session:sub*=7",
    "session=1h", "session:*=0"};
static const struct conf_list list = {entries, 4};

START_TEST(the_first_entry_that_matches_counts)
{
	ck_assert_uint_eq(timeouts_of(&list, "session:shell"), 300);
	ck_assert_uint_eq(timeouts_of(&list, "session:subsystem:sftp"), 7);
	ck_assert_uint_eq(timeouts_of(&list, "session"), 3600);
	ck_assert_uint_eq(timeouts_of(&list, "session:command"), 0);
}
END_TEST

START_TEST(what_is_not_named_has_no_limit)
{
	struct conf_list none = {NULL, 0};

	ck_assert_uint_eq(timeouts_of(&list, "direct-tcpip"), 0);
	ck_assert_uint_eq(timeouts_of(&none, "session:shell"), 0);
}
END_TEST

TCase *
check_timeouts(void)
{
	TCase *tc = tcase_create("session/timeouts");

	tcase_add_test(tc, the_first_entry_that_matches_counts);
	tcase_add_test(tc, what_is_not_named_has_no_limit);
	return tc;
}
