/* control.c, ops_control.c and confirm.c: a visitor's requests, answered in the
 * house's loop. */
#include "house.h"

#include "control.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/rpc/listener_ops.h"

#include <string.h>
#include <sys/socket.h>

/* A visitor whose end is given. */
static struct rpc *
visit(struct house *h, unsigned int phase)
{
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	ck_assert_int_eq(io_nonblock(pair[0], true), OK);
	control_visitor(&h->l, pair[0], phase);
	return rpc_new(pair[1]);
}

/* Ask, turn the loop, and take the answer, which rpc_decode reads. */
static void
send_request(struct house *h, struct rpc *r, uint32_t number,
    const struct layout *layout, const void *req)
{
	ck_assert_int_eq(rpc_send(r, number, layout, req), OK);
	house_run(h);
}

/* A client that is in, and its monitor's end. */
static struct client *
logged_in(struct house *h, struct rpc **monitor)
{
	struct client *c = house_client(h, "192.0.2.7", CLIENT_FORKED);
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	c->lifeline = rpc_new(pair[0]);
	*monitor = rpc_new(pair[1]);
	survivors_watch(c);
	admit_uncount(&h->l, c);
	c->state = CLIENT_IN;
	strcpy(c->user, "alice");
	return c;
}

static size_t
octets_waiting(struct rpc *r)
{
	char c[8];
	ssize_t n =
	    recv(rpc_fd(r), c, sizeof(c), MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

/* The answer waits for the session, and comes when that answered. */
START_TEST(a_list_waits_for_its_sessions)
{
	const struct list_req req = {.after = 0};
	const struct stats_msg stats = {.channels = 2, .sent = 77};
	struct empty_msg empty;
	struct rpc *r, *monitor;
	struct client *c;
	uint32_t number;
	struct house h;

	house_init(&h, "");
	c = logged_in(&h, &monitor);
	r = visit(&h, PHASE_ADMIN);
	send_request(&h, r, CONTROL_list_sessions, &layout_list_req, &req);
	ck_assert_uint_eq(octets_waiting(r), 0);
	ck_assert_int_eq(rpc_receive(monitor, true, &number), OK);
	ck_assert_uint_eq(number, LIFELINE_LOOK);
	ck_assert_int_eq(rpc_decode(monitor, &layout_empty_msg, &empty), OK);
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_STATS, &layout_stats_msg,
			     &stats),
	    OK);
	house_run(&h);
	ck_assert_uint_gt(octets_waiting(r), 0);
	ck_assert_uint_eq(c->stats.sent, 77);
	rpc_free(r);
	rpc_free(monitor);
	house_clear(&h);
}
END_TEST

/* One that doesn't answer is asked once, and holds nobody up. */
START_TEST(a_mute_session_holds_nobody_up)
{
	const struct list_req req = {.after = 0};
	struct rpc *r, *monitor;
	uint32_t number;
	struct house h;

	house_init(&h, "");
	logged_in(&h, &monitor);
	r = visit(&h, PHASE_ADMIN);
	for (int i = 0; i < 3; i++) {
		char gone[4096];

		ck_assert_int_eq(rpc_send(r, CONTROL_list_sessions,
				     &layout_list_req, &req),
		    OK);
		for (int turn = 0; turn < 200 && octets_waiting(r) == 0; turn++)
			loop_turn(h.l.loop, 5);
		ck_assert_int_gt(recv(rpc_fd(r), gone, sizeof(gone), 0), 0);
	}
	ck_assert_int_eq(rpc_receive(monitor, true, &number), OK);
	rpc_forget(monitor);
	ck_assert_int_eq(rpc_receive(monitor, true, &number), ERR_AGAIN);
	rpc_free(r);
	rpc_free(monitor);
	house_clear(&h);
}
END_TEST

START_TEST(a_session_is_ended_by_its_lifeline)
{
	struct number_req req;
	struct rpc *r, *monitor;
	uint32_t number;
	struct house h;

	house_init(&h, "");
	req.number = logged_in(&h, &monitor)->number;
	r = visit(&h, PHASE_ADMIN);
	send_request(&h, r, CONTROL_kill_session, &layout_number_req, &req);
	ck_assert_int_eq(rpc_receive(monitor, true, &number), OK);
	ck_assert_uint_eq(number, LIFELINE_END);
	rpc_free(r);
	rpc_free(monitor);
	house_clear(&h);
}
END_TEST

START_TEST(a_silent_one_is_let_go)
{
	struct number_req req;
	struct rpc *r;
	struct house h;

	house_init(&h, "");
	req.number = house_client(&h, "192.0.2.9", CLIENT_SILENT)->number;
	r = visit(&h, PHASE_ADMIN);
	send_request(&h, r, CONTROL_kill_session, &layout_number_req, &req);
	ck_assert(list_empty(&h.l.clients));
	ck_assert_uint_eq(h.l.silent, 0);
	rpc_free(r);
	house_clear(&h);
}
END_TEST

/* The process that strangers talk to can ask for the figures alone. */
START_TEST(who_serves_metrics_may_ask_for_nothing_else)
{
	const struct figures_req figures = {.openmetrics = true};
	const struct empty_msg empty = {0};
	struct rpc *r;
	struct house h;

	house_init(&h, "");
	r = visit(&h, PHASE_METRICS);
	send_request(&h, r, CONTROL_figures, &layout_figures_req, &figures);
	ck_assert_uint_gt(octets_waiting(r), 1000);
	send_request(&h, r, CONTROL_status, &layout_empty_msg, &empty);
	ck_assert(house_said(&h, "control socket"));
	rpc_free(r);
	house_clear(&h);
}
END_TEST

/* Who asks on without reading is left, not waited for. */
START_TEST(who_does_not_read_is_left)
{
	const struct figures_req req = {.openmetrics = true};
	struct rpc *r;
	struct house h;
	enum err e = OK;

	house_init(&h, "");
	r = visit(&h, PHASE_ADMIN);
	for (int i = 0; i < 1000 && e == OK; i++) {
		e = rpc_send(r, CONTROL_figures, &layout_figures_req, &req);
		loop_turn(h.l.loop, 0);
	}
	ck_assert_int_eq(e, ERR_PEER_CLOSED);
	rpc_free(r);
	house_clear(&h);
}
END_TEST

START_TEST(nothing_waits_for_a_confirmation_at_first)
{
	uint32_t seconds;
	struct house h;

	house_init(&h, "");
	ck_assert(!confirm_waits(&h.l, &seconds));
	ck_assert(!confirm_given(&h.l));
	confirm_want(&h.l, 60);
	ck_assert(!confirm_waits(&h.l, &seconds)); /* not before the reload */
	confirm_unwant(&h.l);
	house_clear(&h);
}
END_TEST

TCase *
check_control(void)
{
	TCase *tc = tcase_create("listener/control");

	tcase_add_test(tc, a_list_waits_for_its_sessions);
	tcase_add_test(tc, a_mute_session_holds_nobody_up);
	tcase_add_test(tc, a_session_is_ended_by_its_lifeline);
	tcase_add_test(tc, a_silent_one_is_let_go);
	tcase_add_test(tc, who_serves_metrics_may_ask_for_nothing_else);
	tcase_add_test(tc, who_does_not_read_is_left);
	tcase_add_test(tc, nothing_waits_for_a_confirmation_at_first);
	return tc;
}
