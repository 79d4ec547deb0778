#include "suite.h"

#include "forward.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"

#include <string.h>

/* A session whose monitor is the test, and what it was told. */
struct world {
	struct session s;
	struct rpc *monitor;
	unsigned int done;
};

static void
on_done(void *ctx)
{
	((struct world *)ctx)->done++;
}

static void
world_init(struct world *w)
{
	int pair[2];

	memset(w, 0, sizeof(*w));
	ck_assert_int_eq(io_pair(pair), OK);
	w->s.monitor = rpc_new(pair[0]);
	w->monitor = rpc_new(pair[1]);
	w->s.loop = loop_new();
	list_init(&w->s.incomings);
}

static void
world_clear(struct world *w)
{
	reclaim_free(&w->s);
	loop_free(w->s.loop);
	rpc_free(w->s.monitor);
	rpc_free(w->monitor);
}

/* Ask, and learn the number of the question. */
static uint32_t
ask(struct world *w)
{
	struct reclaim_msg q;
	uint32_t number;

	reclaim_ask(&w->s, 8080, "unused", on_done, w);
	ck_assert_int_eq(rpc_receive(w->monitor, true, &number), OK);
	ck_assert_uint_eq(number, MONITOR_reclaim);
	ck_assert_int_eq(rpc_decode(w->monitor, &layout_reclaim_msg, &q), OK);
	ck_assert_uint_eq(q.port, 8080);
	ck_assert_uint_eq(q.path.n, 0);
	return q.serial;
}

static void
note(struct world *w, uint32_t number, const struct layout *layout,
    const void *m)
{
	uint32_t got;

	ck_assert_int_eq(rpc_send(w->monitor, number, layout, m), OK);
	ck_assert_int_eq(rpc_receive(w->s.monitor, true, &got), OK);
	ck_assert_int_eq(reclaim_on_note(&w->s, got), OK);
}

/* A note comes, also in the midst of something; the loop turns later. */
static unsigned int
told(struct world *w, uint32_t serial, uint8_t state, uint32_t n)
{
	const struct reclaimed_msg m = {.serial = serial,
	    .state = state,
	    .number = n};
	unsigned int before = w->done;

	note(w, SESSION_RECLAIMED, &layout_reclaimed_msg, &m);
	ck_assert_uint_eq(w->done, before);
	loop_turn(w->s.loop, 5);
	return w->done;
}

START_TEST(all_that_were_asked_have_to_answer)
{
	struct world w;
	uint32_t n;

	world_init(&w);
	n = ask(&w);
	ck_assert_uint_eq(told(&w, n, RECLAIM_ASKED, 2), 0);
	ck_assert_uint_eq(told(&w, n, RECLAIM_NOT_HELD, 0), 0);
	ck_assert_uint_eq(told(&w, n, RECLAIM_GIVEN_UP, 0), 1);
	ck_assert_uint_eq(told(&w, n, RECLAIM_ALIVE, 0), 1); /* one too many */
	world_clear(&w);
}
END_TEST

START_TEST(where_nobody_is_asked_nobody_is_waited_for)
{
	struct world w;

	world_init(&w);
	ck_assert_uint_eq(told(&w, ask(&w), RECLAIM_ASKED, 0), 1);
	ck_assert_uint_eq(told(&w, ask(&w), RECLAIM_ASKED, 0), 2);
	world_clear(&w);
}
END_TEST

/* Of a question that was given up, nothing counts for the next. */
START_TEST(answers_belong_to_their_question)
{
	struct world w;
	uint32_t first, second;

	world_init(&w);
	first = ask(&w);
	reclaim_cancel(&w.s);
	ck_assert_uint_eq(told(&w, first, RECLAIM_ASKED, 0), 0);
	second = ask(&w);
	ck_assert_uint_ne(first, second);
	ck_assert_uint_eq(told(&w, second, RECLAIM_ASKED, 1), 0);
	ck_assert_uint_eq(told(&w, first, RECLAIM_GIVEN_UP, 0), 0);
	ck_assert_uint_eq(told(&w, second, RECLAIM_ALIVE, 0), 1);
	world_clear(&w);
}
END_TEST

/* The answer may overtake the number of those that were asked. */
START_TEST(the_order_of_notes_does_not_matter)
{
	struct world w;
	uint32_t n;

	world_init(&w);
	n = ask(&w);
	ck_assert_uint_eq(told(&w, n, RECLAIM_NOT_HELD, 0), 0);
	ck_assert_uint_eq(told(&w, n, RECLAIM_ASKED, 1), 1);
	world_clear(&w);
}
END_TEST

/* Somebody who never answers costs four and a half seconds. */
START_TEST(patience_has_an_end)
{
	struct world w;
	uint64_t begun = clock_mono_ms();

	world_init(&w);
	(void)told(&w, ask(&w), RECLAIM_ASKED, 1);
	while (w.done == 0)
		loop_turn(w.s.loop, 5000);
	ck_assert_uint_ge(clock_mono_ms() - begun, 4500);
	ck_assert_uint_lt(clock_mono_ms() - begun, 6500);
	world_clear(&w);
}
END_TEST

static struct incoming
listening_one(struct world *w, enum open_kind kind, uint32_t port, char *path)
{
	struct incoming in = {.s = &w->s,
	    .kind = kind,
	    .port = port,
	    .path = path};

	return in;
}

START_TEST(what_is_held_is_the_clients_alone)
{
	static char path[] = "/tmp/held";
	struct world w;
	struct incoming tcp, unix_one, display;

	world_init(&w);
	tcp = listening_one(&w, OPEN_FORWARDED_TCPIP, 8080, NULL);
	unix_one = listening_one(&w, OPEN_FORWARDED_STREAMLOCAL, 0, path);
	display = listening_one(&w, OPEN_X11, 6010, NULL);
	list_add_tail(&w.s.incomings, &tcp.link);
	list_add_tail(&w.s.incomings, &unix_one.link);
	list_add_tail(&w.s.incomings, &display.link);
	ck_assert(remote_holds(&w.s, 8080, ""));
	ck_assert(remote_holds(&w.s, 0, path));
	ck_assert(!remote_holds(&w.s, 0, "/tmp/hel"));
	ck_assert(!remote_holds(&w.s, 8081, path));
	ck_assert(!remote_holds(&w.s, 6010, ""));
	world_clear(&w);
}
END_TEST

START_TEST(what_is_not_held_is_answered_at_once)
{
	const struct reclaim_msg q = {.asker = 7, .serial = 9, .port = 8080};
	struct reclaimed_msg a;
	uint32_t number;
	struct world w;

	world_init(&w);
	note(&w, SESSION_RECLAIM, &layout_reclaim_msg, &q);
	ck_assert_int_eq(rpc_receive(w.monitor, true, &number), OK);
	ck_assert_uint_eq(number, MONITOR_reclaimed);
	ck_assert_int_eq(rpc_decode(w.monitor, &layout_reclaimed_msg, &a), OK);
	ck_assert_uint_eq(a.state, RECLAIM_NOT_HELD);
	ck_assert_uint_eq(a.asker, 7);
	ck_assert_uint_eq(a.serial, 9);
	world_clear(&w);
}
END_TEST

TCase *
check_reclaim(void)
{
	TCase *tc = tcase_create("session/reclaim");

	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, all_that_were_asked_have_to_answer);
	tcase_add_test(tc, where_nobody_is_asked_nobody_is_waited_for);
	tcase_add_test(tc, answers_belong_to_their_question);
	tcase_add_test(tc, the_order_of_notes_does_not_matter);
	tcase_add_test(tc, patience_has_an_end);
	tcase_add_test(tc, what_is_held_is_the_clients_alone);
	tcase_add_test(tc, what_is_not_held_is_answered_at_once);
	return tc;
}
