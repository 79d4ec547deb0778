#include "desk.h"

#include "sallyport/base/clock.h"

static struct desk d;

static void
init(void)
{
	desk_init(&d, "LogLevel VERBOSE");
	clock_fake(10000, 1);
	d.conn.accepted_ms = 9000;
}

static void
clear(void)
{
	clock_fake(0, 0);
	desk_clear(&d);
}

START_TEST(measures_from_end_to_end)
{
	phases_reach(&d.m, PHASE_END_FORK, 9100);
	phases_reach(&d.m, PHASE_END_VERSION, 9102);
	phases_reach(&d.m, PHASE_END_KEX, 9132);
	phases_reach(&d.m, PHASE_END_AUTH, 9532);
	phases_reach(&d.m, PHASE_END_SESSION, 9582);
	phases_log(&d.m);
	ck_assert(
	    desk_said(&d, "fork 100 ms, version 2 ms, key exchange 30 ms, "
			  "authentication 400 ms, session 50 ms"));
}
END_TEST

/* The gate may say what it likes: no phase ends before it began or later than
 * now, and the sum stays what it is. */
START_TEST(believes_no_impossible_time)
{
	static const uint64_t told[] = {0, 1, 9050, 9999, 10001, UINT64_MAX};
	uint32_t sum = 0;

	phases_reach(&d.m, PHASE_END_FORK, 9100);
	phases_reach(&d.m, PHASE_END_VERSION, told[_i % 6]);
	phases_reach(&d.m, PHASE_END_KEX, told[_i / 6]);
	phases_reach(&d.m, PHASE_END_AUTH, 10000);
	for (int i = PHASE_END_FORK; i <= PHASE_END_AUTH; i++)
		sum += phases_ms(&d.m, (enum phase_end)i);
	ck_assert_uint_eq(sum, 1000);
}
END_TEST

START_TEST(tells_nothing_of_what_was_not_reached)
{
	phases_reach(&d.m, PHASE_END_FORK, 9100);
	ck_assert_uint_eq(phases_ms(&d.m, PHASE_END_FORK), 100);
	for (int i = PHASE_END_VERSION; i < PHASE_ENDS; i++)
		ck_assert_uint_eq(phases_ms(&d.m, (enum phase_end)i), 0);
}
END_TEST

TCase *
check_phases(void)
{
	TCase *tc = tcase_create("monitor/phases");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, measures_from_end_to_end);
	tcase_add_loop_test(tc, believes_no_impossible_time, 0, 36);
	tcase_add_test(tc, tells_nothing_of_what_was_not_reached);
	return tc;
}
