#include "suite.h"

#include "sallyport/base/clock.h"

#include <time.h>

START_TEST(never_goes_backwards)
{
	uint64_t before_ns = clock_mono_ns();
	uint64_t ms = clock_mono_ms();
	uint64_t after_ns = clock_mono_ns();

	ck_assert_uint_le(before_ns / 1000000, ms);
	ck_assert_uint_le(ms, after_ns / 1000000);
	ck_assert_uint_le(before_ns, after_ns);
}
END_TEST

START_TEST(tells_the_wall_time)
{
	int64_t before = time(NULL);
	int64_t now = clock_wall_s();

	/* time() may lag behind by one tick of the kernel */
	ck_assert_int_ge(now, before);
	ck_assert_int_le(now, before + 2);
}
END_TEST

START_TEST(stands_still_for_a_test)
{
	clock_fake(1234, 99);
	ck_assert_uint_eq(clock_mono_ms(), 1234);
	ck_assert_uint_eq(clock_mono_ns(), 1234000000);
	ck_assert_int_eq(clock_wall_s(), 99);
	clock_fake(0, 0);
	ck_assert_int_gt(clock_wall_s(), 99);
}
END_TEST

TCase *
check_clock(void)
{
	TCase *tc = tcase_create("base/clock");

	tcase_add_test(tc, never_goes_backwards);
	tcase_add_test(tc, tells_the_wall_time);
	tcase_add_test(tc, stands_still_for_a_test);
	return tc;
}
