#include "children.h"
#include "suite.h"

#include "sallyport/base/clock.h"
#include "sallyport/proc/deadline.h"

#define SOON_MS  50
#define NEVER_MS 20000 /* a test that waits this long has failed */

static void
sleep_ms(int ms)
{
	poll(NULL, 0, ms);
}

static void
live_on(int arg)
{
	CHILD(deadline_set(clock_mono_ms() + (uint64_t)arg) == OK);
	sleep_ms(NEVER_MS);
}

START_TEST(kills_at_the_given_time)
{
	uint64_t start_ms = clock_mono_ms();

	ck_assert(child_killed_by(child_run(live_on, SOON_MS), SIGKILL));
	ck_assert_uint_ge(clock_mono_ms() - start_ms, SOON_MS);
	ck_assert_uint_lt(clock_mono_ms() - start_ms, NEVER_MS / 4);
}
END_TEST

static void
live_in_the_past(int arg)
{
	CHILD(deadline_set((uint64_t)arg) == OK);
	sleep_ms(NEVER_MS);
}

START_TEST(kills_at_once_when_the_time_is_over)
{
	ck_assert(child_killed_by(child_run(live_in_the_past, 0), SIGKILL));
	ck_assert(child_killed_by(child_run(live_in_the_past, 1), SIGKILL));
}
END_TEST

static void
resist(int arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_IGN);
	sigprocmask(SIG_BLOCK, &all, NULL);
	CHILD(deadline_set(clock_mono_ms() + SOON_MS) == OK);
	alarm(100);
	alarm(0); /* as PAM's modules do */
	sleep_ms(NEVER_MS);
}

START_TEST(cannot_be_blocked_or_ignored)
{
	ck_assert(child_killed_by(child_run(resist, 0), SIGKILL));
}
END_TEST

static void
stop(int arg)
{
	(void)arg;
	CHILD(deadline_set(clock_mono_ms() + SOON_MS) == OK);
	raise(SIGSTOP);
	_exit(0);
}

START_TEST(kills_a_stopped_process)
{
	ck_assert(child_killed_by(child_run(stop, 0), SIGKILL));
}
END_TEST

static void
clear_in_time(int arg)
{
	(void)arg;
	CHILD(deadline_set(clock_mono_ms() + SOON_MS) == OK);
	deadline_clear();
	deadline_clear();
	sleep_ms(3 * SOON_MS);
}

static void
put_off(int arg)
{
	(void)arg;
	CHILD(deadline_set(clock_mono_ms() + SOON_MS) == OK);
	CHILD(deadline_set(clock_mono_ms() + NEVER_MS) == OK);
	sleep_ms(3 * SOON_MS);
}

START_TEST(does_nothing_once_cleared_or_put_off)
{
	ck_assert(child_ok(child_run(clear_in_time, 0)));
	ck_assert(child_ok(child_run(put_off, 0)));
}
END_TEST

static void
outlive(int arg)
{
	sleep_ms(arg);
}

static void
leave_a_child(int arg)
{
	(void)arg;
	CHILD(deadline_set(clock_mono_ms() + 3 * SOON_MS) == OK);
	CHILD(child_ok(child_run(outlive, SOON_MS)));
	CHILD(child_killed_by(child_run(live_on, 1), SIGKILL));
	deadline_clear(); /* still ours, whatever the child did with it */
	sleep_ms(4 * SOON_MS);
}

START_TEST(is_not_inherited)
{
	ck_assert(child_ok(child_run(leave_a_child, 0)));
}
END_TEST

TCase *
check_deadline(void)
{
	TCase *tc = tcase_create("proc/deadline");

	tcase_add_test(tc, kills_at_the_given_time);
	tcase_add_test(tc, kills_at_once_when_the_time_is_over);
	tcase_add_test(tc, cannot_be_blocked_or_ignored);
	tcase_add_test(tc, kills_a_stopped_process);
	tcase_add_test(tc, does_nothing_once_cleared_or_put_off);
	tcase_add_test(tc, is_not_inherited);
	return tc;
}
