#include "desk.h"

#include "sallyport/base/io.h"
#include "sallyport/rpc/listener_ops.h"

#define ANSWERS 65u /* the listener's, and one of each that it asks */

/* A monitor with a session (d.gate) and a lifeline that the test holds. */
struct row {
	struct desk d;
	struct rpc *listener;
};

static void
row_init(struct row *r)
{
	int pair[2];

	desk_init(&r->d, "");
	desk_gate(&r->d);
	r->d.m.phase = PHASE_SESSION;
	ck_assert_int_eq(io_pair(pair), OK);
	r->d.m.lifeline = rpc_new(pair[0]);
	r->listener = rpc_new(pair[1]);
}

static void
row_clear(struct row *r)
{
	rpc_free(r->listener);
	rpc_free(r->d.m.lifeline);
	desk_clear(&r->d);
}

static bool
hears(struct rpc *who, uint32_t number)
{
	uint32_t got;

	return rpc_receive(who, true, &got) == OK && got == number;
}

/* The session asks, with a user of its own invention. */
static void
ask(struct row *r)
{
	const struct reclaim_msg q = {.uid = 4711, .serial = 3, .port = 8080};
	struct note_rep rep;

	ck_assert_int_eq(on_reclaim(&r->d.m, &q, &rep), OK);
}

START_TEST(whose_session_it_is_is_the_monitors_word)
{
	const struct listens_msg m = {.uid = 4711};
	struct note_rep rep;
	struct listens_msg listens;
	struct reclaim_msg q;
	struct row r;

	row_init(&r);
	ck_assert_int_eq(on_listens(&r.d.m, &m, &rep), OK);
	ck_assert(hears(r.listener, LIFELINE_LISTENS));
	ck_assert_int_eq(rpc_decode(r.listener, &layout_listens_msg, &listens),
	    OK);
	ck_assert_uint_eq(listens.uid, r.d.m.account.uid);
	ask(&r);
	ck_assert(hears(r.listener, LIFELINE_RECLAIM));
	ck_assert_int_eq(rpc_decode(r.listener, &layout_reclaim_msg, &q), OK);
	ck_assert_uint_eq(q.uid, r.d.m.account.uid);
	ck_assert_uint_eq(q.serial, 3);
	ck_assert_uint_eq(q.port, 8080);
	row_clear(&r);
}
END_TEST

static uint32_t
asked_according_to(struct rpc *session)
{
	struct reclaimed_msg a;

	ck_assert(hears(session, SESSION_RECLAIMED));
	ck_assert_int_eq(rpc_decode(session, &layout_reclaimed_msg, &a), OK);
	ck_assert_uint_eq(a.state, RECLAIM_ASKED);
	ck_assert_uint_eq(a.serial, 3);
	return a.number;
}

/* Beyond the bound, and where there is no listener, nobody is asked, and the
 * session is told so: it waits for nothing. */
START_TEST(a_session_asks_so_often_and_no_more)
{
	struct row r;
	unsigned int passed = 0;

	row_init(&r);
	for (int i = 0; i < 100; i++) {
		ask(&r);
		if (hears(r.listener, LIFELINE_RECLAIM))
			passed++;
		else
			ck_assert_uint_eq(asked_according_to(r.d.gate), 0);
	}
	ck_assert_uint_ge(passed, 16);
	ck_assert_uint_le(passed, 20); /* a slow machine gives seconds */
	row_clear(&r);
	row_init(&r);
	r.d.m.listener_gone = true;
	ask(&r);
	ck_assert_uint_eq(asked_according_to(r.d.gate), 0);
	ck_assert(!hears(r.listener, LIFELINE_RECLAIM));
	row_clear(&r);
}
END_TEST

static void
question(struct row *r)
{
	const struct reclaim_msg q = {.asker = 12, .serial = 5, .port = 80};

	ck_assert_int_eq(rpc_send(r->listener, LIFELINE_RECLAIM,
			     &layout_reclaim_msg, &q),
	    OK);
	ck_assert(ops_lifeline_take(&r->d.m));
}

static enum err
session_answers(struct row *r)
{
	const struct reclaimed_msg a = {.asker = 12,
	    .serial = 5,
	    .state = RECLAIM_ALIVE};
	struct note_rep rep;

	return on_reclaimed(&r->d.m, &a, &rep);
}

START_TEST(an_answer_is_owed_to_a_question_alone)
{
	struct reclaimed_msg a;
	struct row r;

	row_init(&r);
	ck_assert_int_eq(session_answers(&r), ERR_PHASE);
	question(&r);
	ck_assert(hears(r.d.gate, SESSION_RECLAIM));
	ck_assert_int_eq(session_answers(&r), OK);
	ck_assert(hears(r.listener, LIFELINE_RECLAIMED));
	ck_assert_int_eq(rpc_decode(r.listener, &layout_reclaimed_msg, &a), OK);
	ck_assert_uint_eq(a.asker, 12);
	ck_assert_uint_eq(a.serial, 5);
	ck_assert_uint_eq(a.state, RECLAIM_ALIVE);
	ck_assert_int_eq(session_answers(&r), ERR_PHASE);
	ck_assert(!r.d.m.listener_gone);
	row_clear(&r);
}
END_TEST

/* One that reads nothing is asked until its channel would be full, not until
 * it is. */
START_TEST(a_session_that_does_not_answer_is_asked_no_more)
{
	struct row r;
	unsigned int asked = 0, no = 0;

	row_init(&r);
	for (int i = 0; i < 1000; i++) {
		question(&r);
		no += hears(r.listener, LIFELINE_RECLAIMED);
	}
	while (hears(r.d.gate, SESSION_RECLAIM))
		asked++;
	ck_assert_uint_eq(asked, 16);
	ck_assert_uint_eq(asked + no, 1000);
	row_clear(&r);
}
END_TEST

/* Nor is it told more than it may wait for. */
START_TEST(answers_to_no_question_are_dropped)
{
	const struct reclaimed_msg a = {.serial = 3, .state = RECLAIM_ALIVE};
	struct row r;
	unsigned int heard = 0;

	row_init(&r);
	for (int asked = 0; asked <= 1; asked++) {
		if (asked)
			ask(&r);
		for (unsigned int i = 0; i < 2 * ANSWERS; i++) {
			ck_assert_int_eq(rpc_send(r.listener,
					     LIFELINE_RECLAIMED,
					     &layout_reclaimed_msg, &a),
			    OK);
			ck_assert(ops_lifeline_take(&r.d.m));
		}
		while (hears(r.d.gate, SESSION_RECLAIMED))
			heard++;
		ck_assert_uint_eq(heard, asked ? ANSWERS : 0);
	}
	row_clear(&r);
}
END_TEST

TCase *
check_ops_reclaim(void)
{
	TCase *tc = tcase_create("monitor/ops_reclaim");

	tcase_add_test(tc, whose_session_it_is_is_the_monitors_word);
	tcase_add_test(tc, a_session_asks_so_often_and_no_more);
	tcase_add_test(tc, an_answer_is_owed_to_a_question_alone);
	tcase_add_test(tc, a_session_that_does_not_answer_is_asked_no_more);
	tcase_add_test(tc, answers_to_no_question_are_dropped);
	return tc;
}
