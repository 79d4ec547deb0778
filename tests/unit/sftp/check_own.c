#include "client.h"

#include <fcntl.h>
#include <unistd.h>

START_TEST(what_tells_of_this_process_is_known_by_any_path)
{
	static const char *const paths[] = {"/proc/self/maps",
	    "/proc/self/auxv", "/proc/self/mem", "/proc/self/task",
	    "/proc/thread-self/maps", "/proc/self/task/../maps"};
	int fd = open(paths[_i], O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert(own_is(fd));
	close(fd);
}
END_TEST

START_TEST(other_files_are_no_secret)
{
	static const char *const paths[] = {"/proc/cpuinfo", "/proc", "/",
	    "/dev/null", "/etc/passwd"};
	int fd = open(paths[_i], O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert(!own_is(fd));
	close(fd);
}
END_TEST

TCase *
check_own(void)
{
	TCase *tc = tcase_create("own");

	tcase_add_loop_test(tc, what_tells_of_this_process_is_known_by_any_path,
	    0, 6);
	tcase_add_loop_test(tc, other_files_are_no_secret, 0, 5);
	return tc;
}
