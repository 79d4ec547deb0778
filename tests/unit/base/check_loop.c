#include "suite.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/loop.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a handler saw. */
struct seen {
	int times;
	unsigned int events;
};

static struct loop *loop;

static void
setup(void)
{
	loop = loop_new();
}

static void
teardown(void)
{
	clock_fake(0, 0);
	loop_free(loop);
}

static void
on_event(struct watch *w, unsigned int events)
{
	struct seen *s = w->ctx;

	s->times++;
	s->events = events;
}

static void
say(int fd)
{
	ck_assert_int_eq(io_write_all(fd, SLICE_STR("x")), OK);
}

/* A pair whose first end is watched for events. */
static struct watch
watched(int fds[2], unsigned int events, struct seen *s)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	return (struct watch){.fd = fds[0],
	    .events = events,
	    .on = on_event,
	    .ctx = s};
}

/* ---- watches ---- */

START_TEST(reports_until_it_is_read)
{
	struct seen s = {0};
	uint8_t room[4];
	int fds[2];
	size_t n;
	struct watch w = watched(fds, LOOP_READ, &s);

	ck_assert_int_eq(loop_add(loop, &w), OK);
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 0);
	say(fds[1]);
	loop_turn(loop, -1);
	loop_turn(loop, -1);
	ck_assert_int_eq(s.times, 2);
	ck_assert_uint_eq(s.events, LOOP_READ);
	ck_assert_int_eq(io_read(fds[0], BYTES_OF(room), &n), OK);
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 2);
}
END_TEST

START_TEST(waits_for_what_was_asked_last)
{
	struct seen s = {0};
	int fds[2];
	struct watch w = watched(fds, LOOP_READ | LOOP_WRITE, &s);

	ck_assert_int_eq(loop_add(loop, &w), OK);
	loop_turn(loop, -1);
	ck_assert_uint_eq(s.events, LOOP_WRITE);
	say(fds[1]);
	loop_turn(loop, -1);
	ck_assert_uint_eq(s.events, LOOP_READ | LOOP_WRITE);
	loop_change(&w, LOOP_READ);
	loop_turn(loop, -1);
	ck_assert_uint_eq(s.events, LOOP_READ);
	loop_change(&w, 0);
	s.times = 0;
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 0);
}
END_TEST

START_TEST(tells_that_the_peer_sends_no_more)
{
	struct seen s = {0};
	int fds[2];
	struct watch w = watched(fds, LOOP_HANGUP, &s);

	ck_assert_int_eq(loop_add(loop, &w), OK);
	say(fds[1]);
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 0);
	shutdown(fds[1], SHUT_WR);
	loop_turn(loop, -1);
	ck_assert_uint_eq(s.events, LOOP_HANGUP);
}
END_TEST

/* An empty pipe whose writer left is EPOLLHUP without EPOLLIN. */
START_TEST(reports_the_end_to_who_waits_to_read)
{
	struct seen s = {0};
	int fds[2];
	struct watch w;

	ck_assert_int_eq(io_pipe(fds), OK);
	w = (struct watch){.fd = fds[0],
	    .events = LOOP_READ,
	    .on = on_event,
	    .ctx = &s};
	ck_assert_int_eq(loop_add(loop, &w), OK);
	io_close(&fds[1]);
	loop_turn(loop, -1);
	ck_assert_uint_eq(s.events, LOOP_READ | LOOP_ERROR);
}
END_TEST

START_TEST(reports_an_error_that_nobody_waits_for)
{
	struct seen s = {0};
	int fds[2];
	struct watch w;

	ck_assert_int_eq(io_pipe(fds), OK);
	w = (struct watch){.fd = fds[1], .on = on_event, .ctx = &s};
	ck_assert_int_eq(loop_add(loop, &w), OK);
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 0);
	io_close(&fds[0]);
	loop_turn(loop, -1);
	ck_assert_uint_eq(s.events, LOOP_ERROR);
}
END_TEST

START_TEST(counts_a_regular_file_as_always_ready)
{
	static const char *const paths[] = {"/dev/null", "/proc/self/exe"};
	struct seen s = {0};
	struct watch w = {
	    .fd = open(paths[_i], O_RDONLY | O_CLOEXEC),
	    .events = LOOP_READ,
	    .on = on_event,
	    .ctx = &s,
	};

	ck_assert_int_eq(loop_add(loop, &w), OK);
	loop_turn(loop, -1);
	loop_turn(loop, -1);
	ck_assert_int_eq(s.times, 2);
	ck_assert_uint_eq(s.events, LOOP_READ);
	loop_change(&w, 0);
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 2);
	loop_change(&w, LOOP_WRITE);
	loop_turn(loop, -1);
	ck_assert_uint_eq(s.events, LOOP_WRITE);
	loop_remove(&w);
	loop_remove(&w);
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 3);
}
END_TEST

START_TEST(refuses_what_is_no_descriptor)
{
	struct watch w = {.fd = 999, .on = on_event};

	ck_assert_int_eq(loop_add(loop, &w), ERR_SYSTEM);
	ck_assert_int_eq(errno, EBADF);
	loop_remove(&w);
}
END_TEST

/* A descriptor that was passed on stays known to epoll unless removed. */
START_TEST(forgets_a_descriptor_whose_file_lives_on)
{
	struct seen s = {0};
	int fds[2];
	struct watch w = watched(fds, LOOP_READ, &s);
	int copy = dup(fds[0]);

	ck_assert_int_eq(loop_add(loop, &w), OK);
	loop_remove(&w);
	io_close(&fds[0]);
	say(fds[1]);
	loop_turn(loop, 0);
	ck_assert_int_eq(s.times, 0);
	io_close(&copy);
}
END_TEST

#define CROWD 10

struct crowd {
	struct watch *all[CROWD];
	int calls;
};

/* The first who is called removes and frees everybody, itself included. */
static void
on_remove_all(struct watch *w, unsigned int events)
{
	struct crowd *c = w->ctx;

	(void)events;
	c->calls++;
	for (size_t i = 0; i < CROWD; i++) {
		int fd = c->all[i]->fd;

		loop_remove(c->all[i]);
		mem_free(c->all[i]);
		io_close(&fd);
	}
}

/* First with pipes at their end, then with files that epoll refuses. */
START_TEST(touches_no_watch_that_a_handler_removed)
{
	struct crowd c = {.calls = 0};
	int fds[2];

	for (size_t i = 0; i < CROWD; i++) {
		ck_assert_int_eq(io_pipe(fds), OK);
		io_close(&fds[1]);
		if (_i == 1) {
			io_close(&fds[0]);
			fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		}
		c.all[i] = mem_new(sizeof(*c.all[i]));
		*c.all[i] = (struct watch){.fd = fds[0],
		    .events = LOOP_READ,
		    .on = on_remove_all,
		    .ctx = &c};
		ck_assert_int_eq(loop_add(loop, c.all[i]), OK);
	}
	loop_turn(loop, -1);
	loop_turn(loop, 0);
	ck_assert_int_eq(c.calls, 1);
}
END_TEST

static void
on_remove_self(struct watch *w, unsigned int events)
{
	on_event(w, events);
	loop_remove(w);
}

/* Removal of one leaves none of the others out. */
START_TEST(calls_each_of_many_that_remove_themselves)
{
	struct watch w[100] = {0};
	struct seen s[100] = {0};

	for (size_t i = 0; i < 100; i++) {
		w[i] = (struct watch){
		    .fd = i % 2 ? open("/dev/null", O_RDONLY) : dup(2),
		    .events = i % 2 ? LOOP_READ : 0,
		    .on = on_remove_self,
		    .ctx = &s[i],
		};
		ck_assert_int_eq(loop_add(loop, &w[i]), OK);
	}
	loop_turn(loop, 0);
	for (size_t i = 1; i < 100; i += 2)
		ck_assert_int_eq(s[i].times, 1);
	for (size_t i = 0; i < 100; i++)
		loop_remove(&w[i]);
}
END_TEST

struct pair {
	struct watch one;
	struct watch two;
	int calls;
};

static void
on_quieten(struct watch *w, unsigned int events)
{
	struct pair *p = w->ctx;

	(void)events;
	loop_change(&p->one, 0);
	loop_change(&p->two, 0);
	p->calls++;
}

START_TEST(reports_nothing_that_a_handler_stopped_waiting_for)
{
	int a[2], b[2];
	struct pair p = {
	    .one = watched(a, LOOP_WRITE, NULL),
	    .two = watched(b, LOOP_WRITE, NULL),
	};

	p.one.on = p.two.on = on_quieten;
	p.one.ctx = p.two.ctx = &p;
	ck_assert_int_eq(loop_add(loop, &p.one), OK);
	ck_assert_int_eq(loop_add(loop, &p.two), OK);
	loop_turn(loop, -1);
	ck_assert_int_eq(p.calls, 1);
}
END_TEST

/* ---- timers ---- */

static int order[64];
static size_t ordered;

static void
on_timer(struct timer *t)
{
	order[ordered++] = *(int *)t->ctx;
}

START_TEST(fires_in_the_order_of_deadlines)
{
	/* 64 deadlines, every order of the low bits */
	struct timer t[64] = {0};
	int at[64];

	clock_fake(1000, 0);
	ordered = 0;
	for (int i = 0; i < 64; i++) {
		at[i] = 2000 + (i * 37 + _i * 11) % 64;
		t[i] = (struct timer){.on = on_timer, .ctx = &at[i]};
		loop_timer(loop, &t[i], (uint64_t)at[i]);
	}
	loop_turn(loop, 0);
	ck_assert_uint_eq(ordered, 0);
	for (uint64_t now = 2000; now < 2064; now++) {
		clock_fake(now, 0);
		loop_turn(loop, 0);
		ck_assert_uint_eq(ordered, now - 1999);
		ck_assert_int_eq(order[ordered - 1], (int)now);
	}
}
END_TEST

START_TEST(fires_those_that_remain_when_any_is_cancelled_or_moved)
{
	struct timer t[32] = {0};
	int at[32];

	clock_fake(1, 0);
	ordered = 0;
	for (int i = 0; i < 32; i++) {
		at[i] = 10 + (i * 13) % 32;
		t[i] = (struct timer){.on = on_timer, .ctx = &at[i]};
		loop_timer(loop, &t[i], (uint64_t)at[i]);
	}
	loop_timer_cancel(&t[_i]);
	loop_timer_cancel(&t[_i]);
	at[(_i + 7) % 32] = 5;
	loop_timer(loop, &t[(_i + 7) % 32], 5);
	at[(_i + 9) % 32] = 99;
	loop_timer(loop, &t[(_i + 9) % 32], 99);
	clock_fake(200, 0);
	loop_turn(loop, 0);
	ck_assert_uint_eq(ordered, 31);
	ck_assert_int_eq(order[0], 5);
	ck_assert_int_eq(order[30], 99);
	for (size_t i = 1; i < ordered; i++)
		ck_assert_int_lt(order[i - 1], order[i]);
	loop_turn(loop, 0);
	ck_assert_uint_eq(ordered, 31);
}
END_TEST

static void
on_again(struct timer *t)
{
	++*(int *)t->ctx;
	loop_timer(t->loop, t, clock_mono_ms());
}

START_TEST(fires_once_a_turn_though_set_again_for_now)
{
	int times = 0;
	struct timer t = {.on = on_again, .ctx = &times};

	loop_timer(loop, &t, 0);
	loop_turn(loop, -1);
	ck_assert_int_eq(times, 1);
	loop_turn(loop, -1);
	ck_assert_int_eq(times, 2);
	loop_timer_cancel(&t);
}
END_TEST

START_TEST(sleeps_until_the_deadline_and_no_longer)
{
	uint64_t start = clock_mono_ms();
	int what = 1;
	struct timer t = {.on = on_timer, .ctx = &what};

	ordered = 0;
	loop_timer(loop, &t, start + 30);
	while (ordered == 0)
		loop_turn(loop, -1);
	ck_assert_uint_ge(clock_mono_ms(), start + 30);
	ck_assert_uint_lt(clock_mono_ms(), start + 1000);
	start = clock_mono_ms();
	loop_turn(loop, 20);
	ck_assert_uint_ge(clock_mono_ms() + 1, start + 20);
}
END_TEST

/* ---- signals ---- */

static int signals[NSIG];

static void
on_signal(int signo, const void *siginfo, void *ctx)
{
	const struct signalfd_siginfo *info = siginfo;

	ck_assert_uint_eq(info->ssi_signo, (unsigned)signo);
	ck_assert_ptr_eq(ctx, signals);
	signals[signo]++;
}

START_TEST(delivers_signals_as_events)
{
	loop_signal(loop, SIGUSR1, on_signal, signals);
	loop_signal(loop, SIGUSR2, on_signal, signals);
	loop_signal(loop, SIGUSR1, on_signal, signals);
	ck_assert_int_eq(raise(SIGUSR2), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(signals[SIGUSR1] + signals[SIGUSR2], 0);
	loop_turn(loop, -1);
	loop_turn(loop, -1);
	ck_assert_int_eq(signals[SIGUSR1], 1);
	ck_assert_int_eq(signals[SIGUSR2], 1);
}
END_TEST

/* ---- turns ---- */

static void
on_stop(struct watch *w, unsigned int events)
{
	on_event(w, events);
	loop_stop(w->loop);
}

START_TEST(calls_nobody_after_a_stop)
{
	struct seen s = {0};
	int a[2], b[2];
	struct watch one = watched(a, LOOP_WRITE, &s);
	struct watch two = watched(b, LOOP_WRITE, &s);

	one.on = two.on = on_stop;
	ck_assert_int_eq(loop_add(loop, &one), OK);
	ck_assert_int_eq(loop_add(loop, &two), OK);
	loop_run(loop);
	ck_assert_int_eq(s.times, 1);
	loop_stop(loop);
	loop_run(loop);
	ck_assert_int_eq(s.times, 1);
	loop_turn(loop, 0); /* a turn of its own isn't stopped beforehand */
	ck_assert_int_eq(s.times, 2);
}
END_TEST

static void
on_nested(struct watch *w, unsigned int events)
{
	struct seen *s = w->ctx;

	on_event(w, events);
	if (s->times == 1)
		loop_turn(w->loop, -1);
}

START_TEST(lets_a_handler_take_turns)
{
	struct seen s = {0};
	int a[2], b[2];
	struct watch one = watched(a, LOOP_WRITE, &s);
	struct watch two = watched(b, LOOP_WRITE, &s);

	one.on = two.on = on_nested;
	ck_assert_int_eq(loop_add(loop, &one), OK);
	ck_assert_int_eq(loop_add(loop, &two), OK);
	loop_turn(loop, -1);
	/* one, then both in the turn inside; the outer one forgot two */
	ck_assert_int_eq(s.times, 3);
}
END_TEST

/* A child that frees the loop it inherited leaves its parent's watches. */
START_TEST(survives_a_child_that_frees_its_copy)
{
	struct seen s = {0};
	int fds[2], status;
	struct watch w = watched(fds, LOOP_READ, &s);

	ck_assert_int_eq(loop_add(loop, &w), OK);
	loop_signal(loop, SIGUSR1, on_signal, signals);
	if (fork() == 0) {
		loop_free(loop);
		loop = loop_new();
		_exit(loop_add(loop, &w) != OK);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	say(fds[1]);
	loop_turn(loop, -1);
	ck_assert_int_eq(s.times, 1);
}
END_TEST

TCase *
check_loop(void)
{
	TCase *tc = tcase_create("base/loop");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reports_until_it_is_read);
	tcase_add_test(tc, waits_for_what_was_asked_last);
	tcase_add_test(tc, tells_that_the_peer_sends_no_more);
	tcase_add_test(tc, reports_the_end_to_who_waits_to_read);
	tcase_add_test(tc, reports_an_error_that_nobody_waits_for);
	tcase_add_loop_test(tc, counts_a_regular_file_as_always_ready, 0, 2);
	tcase_add_test(tc, refuses_what_is_no_descriptor);
	tcase_add_test(tc, forgets_a_descriptor_whose_file_lives_on);
	tcase_add_loop_test(tc, touches_no_watch_that_a_handler_removed, 0, 2);
	tcase_add_test(tc, calls_each_of_many_that_remove_themselves);
	tcase_add_test(tc, reports_nothing_that_a_handler_stopped_waiting_for);
	tcase_add_loop_test(tc, fires_in_the_order_of_deadlines, 0, 8);
	tcase_add_loop_test(tc,
	    fires_those_that_remain_when_any_is_cancelled_or_moved, 0, 32);
	tcase_add_test(tc, fires_once_a_turn_though_set_again_for_now);
	tcase_add_test(tc, sleeps_until_the_deadline_and_no_longer);
	tcase_add_test(tc, delivers_signals_as_events);
	tcase_add_test(tc, calls_nobody_after_a_stop);
	tcase_add_test(tc, lets_a_handler_take_turns);
	tcase_add_test(tc, survives_a_child_that_frees_its_copy);
	return tc;
}
