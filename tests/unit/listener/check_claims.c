#include "house.h"

#include "sallyport/base/io.h"

/* A connection that is in, whose monitor is the test. */
struct end {
	struct client *c;
	struct rpc *monitor;
};

static struct end
logged_in(struct house *h)
{
	struct end e = {.c = house_client(h, "192.0.2.7", CLIENT_IN)};
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	e.c->lifeline = rpc_new(pair[0]);
	e.monitor = rpc_new(pair[1]);
	survivors_watch(e.c);
	return e;
}

static struct end
listening(struct house *h, uint32_t uid)
{
	const struct listens_msg m = {.uid = uid};
	struct end e = logged_in(h);

	ck_assert_int_eq(rpc_send(e.monitor, LIFELINE_LISTENS,
			     &layout_listens_msg, &m),
	    OK);
	house_run(h);
	return e;
}

static void
ask(struct house *h, const struct end *e, uint32_t uid)
{
	/* who asks is the listener's word, whatever stands there */
	const struct reclaim_msg m = {.uid = uid,
	    .asker = 4711,
	    .serial = 9,
	    .port = 8080,
	    .path = SLICE_STR("/x")};

	ck_assert_int_eq(rpc_send(e->monitor, LIFELINE_RECLAIM,
			     &layout_reclaim_msg, &m),
	    OK);
	house_run(h);
}

static void
answer(struct house *h, const struct end *e, uint32_t asker, uint8_t state)
{
	const struct reclaimed_msg m = {.asker = asker,
	    .serial = 9,
	    .state = state};

	ck_assert_int_eq(rpc_send(e->monitor, LIFELINE_RECLAIMED,
			     &layout_reclaimed_msg, &m),
	    OK);
	house_run(h);
}

static bool
hears(const struct end *e, uint32_t number)
{
	uint32_t got;

	return rpc_receive(e->monitor, true, &got) == OK && got == number;
}

static struct reclaimed_msg
told(const struct end *e)
{
	struct reclaimed_msg m;

	ck_assert(hears(e, LIFELINE_RECLAIMED));
	ck_assert_int_eq(rpc_decode(e->monitor, &layout_reclaimed_msg, &m), OK);
	return m;
}

START_TEST(those_of_the_same_user_are_asked_and_their_answers_come_back)
{
	struct house h;
	struct end asker, one, other;
	struct reclaim_msg q;
	struct reclaimed_msg a;

	house_init(&h, "");
	one = listening(&h, 1000);
	other = listening(&h, 1000);
	asker = logged_in(&h);
	ask(&h, &asker, 1000);
	a = told(&asker);
	ck_assert_uint_eq(a.state, RECLAIM_ASKED);
	ck_assert_uint_eq(a.number, 2);
	ck_assert_uint_eq(a.serial, 9);
	ck_assert(hears(&one, LIFELINE_RECLAIM));
	ck_assert_int_eq(rpc_decode(one.monitor, &layout_reclaim_msg, &q), OK);
	ck_assert_uint_eq(q.asker, asker.c->number);
	ck_assert_uint_eq(q.serial, 9);
	ck_assert_uint_eq(q.port, 8080);
	ck_assert(slice_is(q.path, "/x"));
	ck_assert(hears(&other, LIFELINE_RECLAIM));
	answer(&h, &one, q.asker, RECLAIM_GIVEN_UP);
	a = told(&asker);
	ck_assert_uint_eq(a.state, RECLAIM_GIVEN_UP);
	rpc_free(one.monitor);
	rpc_free(other.monitor);
	rpc_free(asker.monitor);
	house_clear(&h);
}
END_TEST

/* Nor who listens nowhere, nor the one that asks. */
START_TEST(no_other_user_is_asked)
{
	struct house h;
	struct end asker, foreign, idle;

	house_init(&h, "");
	foreign = listening(&h, 1001);
	idle = logged_in(&h);
	asker = listening(&h, 1000);
	ask(&h, &asker, 1000);
	ck_assert_uint_eq(told(&asker).number, 0);
	ck_assert(!hears(&foreign, LIFELINE_RECLAIM));
	ck_assert(!hears(&idle, LIFELINE_RECLAIM));
	ck_assert(!hears(&asker, LIFELINE_RECLAIM));
	rpc_free(foreign.monitor);
	rpc_free(idle.monitor);
	rpc_free(asker.monitor);
	house_clear(&h);
}
END_TEST

/* Of another user, of nobody that is known, about nobody, or as if it were
 * the listener: nothing. */
START_TEST(an_answer_goes_to_who_may_have_asked)
{
	struct house h;
	struct end asker, foreign, stranger, own;

	house_init(&h, "");
	foreign = listening(&h, 1001);
	own = listening(&h, 1000);
	stranger = logged_in(&h);
	asker = logged_in(&h);
	ask(&h, &asker, 1000);
	ck_assert_uint_eq(told(&asker).number, 1);
	answer(&h, &foreign, asker.c->number, RECLAIM_GIVEN_UP);
	answer(&h, &stranger, asker.c->number, RECLAIM_GIVEN_UP);
	answer(&h, &own, asker.c->number + 7, RECLAIM_GIVEN_UP);
	answer(&h, &own, stranger.c->number, RECLAIM_GIVEN_UP);
	answer(&h, &own, asker.c->number, RECLAIM_ASKED);
	ck_assert(!hears(&asker, LIFELINE_RECLAIMED));
	ck_assert(!hears(&stranger, LIFELINE_RECLAIMED));
	rpc_free(foreign.monitor);
	rpc_free(own.monitor);
	rpc_free(stranger.monitor);
	rpc_free(asker.monitor);
	house_clear(&h);
}
END_TEST

START_TEST(so_many_are_asked_and_no_more)
{
	static struct end many[70];
	struct house h;
	struct end asker;
	size_t heard = 0;

	house_init(&h, "");
	for (size_t i = 0; i < 70; i++) {
		const struct listens_msg m = {.uid = 1000};

		many[i] = logged_in(&h);
		claims_listens(many[i].c, &m);
	}
	asker = logged_in(&h);
	ask(&h, &asker, 1000);
	ck_assert_uint_eq(told(&asker).number, 64);
	for (size_t i = 0; i < 70; i++) {
		heard += hears(&many[i], LIFELINE_RECLAIM);
		rpc_free(many[i].monitor);
	}
	ck_assert_uint_eq(heard, 64);
	rpc_free(asker.monitor);
	house_clear(&h);
}
END_TEST

/* A monitor that reads nothing costs its own session the question. */
START_TEST(a_full_lifeline_holds_nobody_up)
{
	struct house h;
	struct end asker, deaf;

	house_init(&h, "");
	deaf = listening(&h, 1000);
	asker = logged_in(&h);
	for (int i = 0; i < 2000; i++) {
		const struct reclaim_msg m = {.uid = 1000, .serial = 1};

		claims_ask(asker.c, &m);
		while (hears(&asker, LIFELINE_RECLAIMED))
			continue;
	}
	ask(&h, &asker, 1000);
	ck_assert_uint_eq(told(&asker).number, 0);
	rpc_free(deaf.monitor);
	rpc_free(asker.monitor);
	house_clear(&h);
}
END_TEST

/* Before login nobody has sessions. */
START_TEST(who_is_not_in_has_nothing_to_claim)
{
	struct house h;
	struct end e;
	const struct listens_msg m = {.uid = 0};

	house_init(&h, "");
	e = logged_in(&h);
	e.c->state = CLIENT_FORKED;
	ck_assert_int_eq(rpc_send(e.monitor, LIFELINE_LISTENS,
			     &layout_listens_msg, &m),
	    OK);
	house_run(&h);
	ck_assert(list_empty(&h.l.clients));
	rpc_free(e.monitor);
	house_clear(&h);
}
END_TEST

TCase *
check_claims(void)
{
	TCase *tc = tcase_create("listener/claims");

	tcase_add_test(tc,
	    those_of_the_same_user_are_asked_and_their_answers_come_back);
	tcase_add_test(tc, no_other_user_is_asked);
	tcase_add_test(tc, an_answer_goes_to_who_may_have_asked);
	tcase_add_test(tc, so_many_are_asked_and_no_more);
	tcase_add_test(tc, a_full_lifeline_holds_nobody_up);
	tcase_add_test(tc, who_is_not_in_has_nothing_to_claim);
	return tc;
}
