#include "suite.h"

#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of any length, no two draws are alike, and no octet stays as it was. */
START_TEST(no_draw_is_like_another)
{
	static uint8_t a[2000], b[2000];

	for (size_t n = 8; n < 600; n++) {
		memset(a, 0, sizeof(a));
		rng_bytes(bytes_make(a, n));
		rng_bytes(bytes_make(b, n));
		ck_assert_mem_ne(a, b, n);
		for (int tries = 0; a[0] == 0 || a[n - 1] == 0; tries++) {
			ck_assert_int_lt(tries, 100);
			rng_bytes(bytes_make(a, n));
		}
		ck_assert_uint_eq(a[n], 0);
	}
}
END_TEST

START_TEST(an_empty_draw_is_none)
{
	rng_bytes(bytes_make(NULL, 0));
}
END_TEST

/* Parent and child, and two children, draw different octets. */
START_TEST(a_child_draws_anew)
{
	uint8_t drawn[3][16], warm[8];
	int fds[2];
	pid_t child;

	rng_bytes(BYTES_OF(warm));
	ck_assert_int_eq(pipe(fds), 0);
	for (int i = 0; i < 2; i++) {
		if ((child = fork()) == 0) {
			if (_i == 1)
				secret_init(0);
			rng_bytes(BYTES_OF(drawn[0]));
			_exit(write(fds[1], drawn[0], 16) == 16 ? 0 : 1);
		}
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		ck_assert_int_eq(read(fds[0], drawn[i], 16), 16);
	}
	rng_bytes(BYTES_OF(drawn[2]));
	ck_assert_mem_ne(drawn[0], drawn[1], 16);
	ck_assert_mem_ne(drawn[0], drawn[2], 16);
	ck_assert_mem_ne(drawn[1], drawn[2], 16);
}
END_TEST

/* Every value below the bound comes, and about as often as the others. */
START_TEST(is_even_below_a_bound)
{
	int count[7] = {0};

	ck_assert_uint_eq(rng_below(1), 0);
	for (int i = 0; i < 70000; i++)
		count[rng_below(7)]++;
	for (int i = 0; i < 7; i++)
		ck_assert_int_lt(abs(count[i] - 10000), 700);
}
END_TEST

/* Two thirds of all values below 3 * 2^30 are below 2^31, whatever a modulo
 * of the whole range would do. */
START_TEST(is_even_below_an_awkward_bound)
{
	int low = 0;

	for (int i = 0; i < 30000; i++)
		low += rng_below(3u << 30) < 1u << 31;
	ck_assert_int_lt(abs(low - 20000), 800);
}
END_TEST

START_TEST(nothing_is_drawn_where_it_is_forbidden)
{
	rng_forbid();
	(void)rng_u32();
}
END_TEST

/* Its children may draw, without a word. */
START_TEST(a_child_of_the_forbidden_may_draw)
{
	int status;
	pid_t pid;

	rng_forbid();
	rng_warm_libraries();
	if ((pid = fork()) == 0) {
		(void)rng_u32();
		_exit(7);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	ck_assert(strncmp(rng_library_version(), "OpenSSL ", 8) == 0 ||
		  strlen(rng_library_version()) > 0);
}
END_TEST

TCase *
check_rng(void)
{
	TCase *tc = tcase_create("crypto/rng");

	tcase_add_test(tc, no_draw_is_like_another);
	tcase_add_test(tc, an_empty_draw_is_none);
	tcase_add_loop_test(tc, a_child_draws_anew, 0, 2);
	tcase_add_test(tc, is_even_below_a_bound);
	tcase_add_test(tc, is_even_below_an_awkward_bound);
	tcase_add_test_raise_signal(tc, nothing_is_drawn_where_it_is_forbidden,
	    SIGABRT);
	tcase_add_test(tc, a_child_of_the_forbidden_may_draw);
	return tc;
}
