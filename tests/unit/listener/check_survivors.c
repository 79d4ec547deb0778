#include "house.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/roles.h"

#include <fcntl.h>
#include <signal.h>

/* A client with a monitor, whose end of the lifeline is given. */
static struct client *
forked(struct house *h, struct rpc **monitor)
{
	struct client *c = house_client(h, "192.0.2.7", CLIENT_FORKED);
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	c->lifeline = rpc_new(pair[0]);
	c->pid = 4242;
	*monitor = rpc_new(pair[1]);
	survivors_watch(c);
	return c;
}

START_TEST(a_login_frees_its_place)
{
	struct facts_msg facts = {.user = SLICE_STR("alice")};
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "");
	c = forked(&h, &monitor);
	ck_assert_uint_eq(h.l.speaking, 1);
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_LOGGED_IN,
			     &layout_facts_msg, &facts),
	    OK);
	house_run(&h);
	ck_assert_int_eq(c->state, CLIENT_IN);
	ck_assert_uint_eq(h.l.speaking, 0);
	rpc_free(monitor);
	house_run(&h);
	ck_assert(list_empty(&h.l.clients));
	house_clear(&h);
}
END_TEST

/* One that says it twice frees one place. */
START_TEST(a_login_counts_once)
{
	struct facts_msg facts = {.user = SLICE_STR("alice")};
	struct rpc *monitor;
	struct house h;

	house_init(&h, "");
	forked(&h, &monitor);
	house_client(&h, "192.0.2.8", CLIENT_FORKED);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rpc_send(monitor, LIFELINE_LOGGED_IN,
				     &layout_facts_msg, &facts),
		    OK);
	house_run(&h);
	ck_assert_uint_eq(h.l.speaking, 1);
	rpc_free(monitor);
	house_clear(&h);
}
END_TEST

START_TEST(a_line_is_noted_and_forgotten)
{
	struct line_msg line = {.open = true,
	    .line = SLICE_STR("pts/7"),
	    .user = SLICE_STR("alice"),
	    .pid = 99};
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "");
	c = forked(&h, &monitor);
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_LINE, &layout_line_msg,
			     &line),
	    OK);
	house_run(&h);
	ck_assert_str_eq(c->line, "pts/7");
	ck_assert_int_eq(c->line_pid, 99);
	line.open = false;
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_LINE, &layout_line_msg,
			     &line),
	    OK);
	house_run(&h);
	ck_assert_str_eq(c->line, "");
	rpc_free(monitor);
	house_clear(&h);
}
END_TEST

/* What no monitor says ends the lifeline, not the listener. */
START_TEST(nonsense_on_a_lifeline_ends_it)
{
	struct empty_msg empty = {0};
	struct rpc *monitor;
	struct house h;

	house_init(&h, "");
	forked(&h, &monitor);
	ck_assert_int_eq(rpc_send(monitor, SPAWNER_READY, &layout_empty_msg,
			     &empty),
	    OK);
	house_run(&h);
	ck_assert(list_empty(&h.l.clients));
	ck_assert_uint_eq(h.l.speaking, 0);
	rpc_free(monitor);
	house_clear(&h);
}
END_TEST

/* Who was in is named, and what was left undone. */
START_TEST(a_monitor_that_is_killed_is_told_of)
{
	static const struct {
		enum outcome last;
		const char *line; /* NULL: none */
	} ends[] = {
	    {OUTCOME_OK, NULL},
	    {OUTCOME_NONE,
		"INFO monitor 4242 of alice from 192.0.2.7 port 4711 "
		"was killed"},
	    {OUTCOME_CLOSING,
		"ERROR PAM: the session of alice from 192.0.2.7 port 4711 "
		"wasn't "
		"closed: monitor 4242 was killed, or a module took longer than "
		"LoginGraceTime"},
	};
	struct facts_msg facts = {.user = SLICE_STR("alice")};
	struct outcome_msg last = {.outcome = (uint8_t)ends[_i].last};
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "");
	c = forked(&h, &monitor);
	c->pid = 4242;
	strcpy(c->peer_ip, "192.0.2.7");
	c->peer_port = 4711;
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_LOGGED_IN,
			     &layout_facts_msg, &facts),
	    OK);
	if (last.outcome != OUTCOME_NONE)
		ck_assert_int_eq(rpc_send(monitor, LIFELINE_OUTCOME,
				     &layout_outcome_msg, &last),
		    OK);
	house_run(&h);
	rpc_free(monitor);
	house_run(&h);
	if (ends[_i].line != NULL)
		ck_assert(house_logged(&h, ends[_i].line));
	else
		ck_assert(!house_said(&h, "killed"));
	house_clear(&h);
}
END_TEST

/* SIGKILL by its own timer: the listener, who knows, writes the line. */
START_TEST(an_end_at_the_deadline_is_a_timeout)
{
	struct outcome_msg m = {.outcome = OUTCOME_NOAUTH};
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "LoginGraceTime 1\n");
	c = forked(&h, &monitor);
	c->accepted_ms -= 1000;
	rpc_free(monitor);
	house_run(&h);
	ck_assert(house_logged(&h, "INFO Timeout before authentication for "
				   "connection from 192.0.2.7 to 192.0.2.1, "
				   "pid = 4242"));
	house_clear(&h);
	/* one that told its outcome ended by itself */
	house_init(&h, "LoginGraceTime 1\n");
	c = forked(&h, &monitor);
	c->accepted_ms -= 1000;
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_OUTCOME,
			     &layout_outcome_msg, &m),
	    OK);
	rpc_free(monitor);
	house_run(&h);
	ck_assert(!house_said(&h, "Timeout"));
	house_clear(&h);
	/* and one before the deadline was killed by somebody */
	house_init(&h, "LoginGraceTime 60\n");
	forked(&h, &monitor);
	rpc_free(monitor);
	house_run(&h);
	ck_assert(!house_said(&h, "Timeout"));
	ck_assert(list_empty(&h.l.clients));
	house_clear(&h);
}
END_TEST

/* Its spawner's word is still under way, or was cut off by a reload. */
START_TEST(a_login_counts_before_the_fork_is_confirmed)
{
	struct facts_msg facts = {0};
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "");
	c = forked(&h, &monitor);
	c->state = CLIENT_HANDED;
	c->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_LOGGED_IN,
			     &layout_facts_msg, &facts),
	    OK);
	house_run(&h);
	ck_assert_int_eq(c->state, CLIENT_IN);
	ck_assert_uint_eq(h.l.speaking, 0);
	ck_assert_int_eq(c->fd, -1); /* or the peer would never see the end */
	rpc_free(monitor);
	house_clear(&h);
}
END_TEST

/* Of a spawner before a reload nobody hands anything on any more. */
START_TEST(a_client_handed_before_a_reload_ends_with_its_lifeline)
{
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "");
	c = forked(&h, &monitor);
	c->state = CLIENT_HANDED;
	rpc_free(monitor);
	house_run(&h);
	ck_assert(list_empty(&h.l.clients));
	house_clear(&h);
}
END_TEST

START_TEST(crashes_are_told_by_their_kind)
{
	static const struct {
		int status; /* as wait's */
		const char *line;
	} ends[] = {
	    {0, NULL},
	    {MONITOR_EXIT_FAILED << 8, NULL},
	    {SIGKILL, NULL},
	    {SIGTERM, NULL},
	    {MONITOR_EXIT_CHILD_CRASHED << 8, NULL /* the monitor has told */},
	    {SIGSEGV, "ERROR session process 4242 for connection from "
		      "192.0.2.7 to 192.0.2.1 "
		      "killed by signal 11"},
	    {SIGSYS, "ERROR session process 4242 for connection from "
		     "192.0.2.7 to 192.0.2.1 "
		     "killed by signal 31"},
	};
	struct reaped_msg m = {.number = 1,
	    .pid = 4242,
	    .status = (uint32_t)ends[_i].status,
	    .peer_ip = SLICE_STR("192.0.2.7"),
	    .local_ip = SLICE_STR("192.0.2.1")};
	struct house h;

	house_init(&h, "");
	survivors_reaped(NULL, NULL, &m);
	if (ends[_i].line != NULL)
		ck_assert(house_logged(&h, ends[_i].line));
	else
		ck_assert(!house_said(&h, "INFO") && !house_said(&h, "ERROR"));
	house_clear(&h);
}
END_TEST

/* ---- what is charged to whose source ------------------------------------------- */

static void
tell_outcome(struct rpc *monitor, enum outcome o)
{
	struct outcome_msg m = {.outcome = (uint8_t)o};

	ck_assert_int_eq(rpc_send(monitor, LIFELINE_OUTCOME,
			     &layout_outcome_msg, &m),
	    OK);
}

static const struct {
	enum outcome outcome;
	const char *reason; /* NULL: nothing is charged */
} outcomes[] = {
    {OUTCOME_OK, NULL},
    {OUTCOME_NOAUTH, "penalty: connections without attempting authentication"},
    {OUTCOME_AUTHFAIL, "penalty: failed authentication"},
    {OUTCOME_INVALIDUSER, "penalty: attempted authentication by invalid user"},
    {OUTCOME_CRASH, "penalty: caused crash"},
    {OUTCOME_REFUSED, "penalty: connection prohibited by RefuseConnection"},
    {(enum outcome)200, NULL},
};
#define OUTCOMES (int)(sizeof(outcomes) / sizeof(outcomes[0]))

START_TEST(an_outcome_is_charged_by_its_class)
{
	struct facts_msg facts = {.user = SLICE_STR("alice")};
	struct rpc *monitor;
	struct house h;

	house_init(&h, "");
	forked(&h, &monitor);
	tell_outcome(monitor, outcomes[_i].outcome);
	rpc_free(monitor);
	house_run(&h);
	ck_assert(list_empty(&h.l.clients));
	ck_assert_uint_eq(penalties_count(&h.l, false),
	    outcomes[_i].reason != NULL);
	if (outcomes[_i].reason != NULL)
		ck_assert(house_said(&h, outcomes[_i].reason));
	house_clear(&h);
	/* of somebody who was in nothing is charged */
	house_init(&h, "");
	forked(&h, &monitor);
	ck_assert_int_eq(rpc_send(monitor, LIFELINE_LOGGED_IN,
			     &layout_facts_msg, &facts),
	    OK);
	tell_outcome(monitor, outcomes[_i].outcome);
	rpc_free(monitor);
	house_run(&h);
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	house_clear(&h);
}
END_TEST

START_TEST(a_passed_deadline_is_charged_once)
{
	struct rpc *monitor;
	struct house h;

	house_init(&h, "LoginGraceTime 1\n");
	forked(&h, &monitor)->accepted_ms -= 1000;
	rpc_free(monitor);
	house_run(&h);
	ck_assert_uint_eq(penalties_count(&h.l, false), 1);
	ck_assert(house_said(&h, "deferred penalty of 10.000 seconds for "
				 "penalty: exceeded LoginGraceTime"));
	house_clear(&h);
}
END_TEST

/* The wait status and the lifeline's end come in any order, and both may tell
 * of a crash: it is charged once. */
START_TEST(a_crash_is_charged_once)
{
	static const struct {
		int status;
		bool outcome, status_first;
	} ways[] = {
	    {MONITOR_EXIT_CHILD_CRASHED << 8, true, true},
	    {MONITOR_EXIT_CHILD_CRASHED << 8, true, false},
	    {SIGSEGV, false, true},
	};
	struct reaped_msg m = {.number = 1,
	    .pid = 4242,
	    .status = (uint32_t)ways[_i].status};
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "");
	c = forked(&h, &monitor);
	if (ways[_i].status_first)
		survivors_reaped(NULL, c, &m);
	if (ways[_i].outcome)
		tell_outcome(monitor, OUTCOME_CRASH);
	house_run(&h);
	if (!ways[_i].status_first)
		survivors_reaped(NULL, c, &m);
	rpc_free(monitor);
	house_run(&h);
	ck_assert_uint_eq(penalties_count(&h.l, true), 1);
	ck_assert(house_said(&h, "active penalty of 90.000 seconds"));
	ck_assert(!house_said(&h, "activating"));
	house_clear(&h);
}
END_TEST

/* A monitor that ended without a word: its status tells whether it was its own
 * doing. Its place is free meanwhile. */
START_TEST(an_end_without_a_word_waits_for_its_status)
{
	static const struct {
		int status;
		bool charged;
	} ways[] = {{SIGSEGV, true}, {SIGKILL, false}, {0, false}};
	struct reaped_msg m = {.number = 1,
	    .pid = 4242,
	    .status = (uint32_t)ways[_i].status};
	struct generation g = {0};
	struct rpc *monitor;
	struct client *c;
	struct house h;

	house_init(&h, "");
	list_init(&g.clients);
	list_init(&g.all);
	g.listener = &h.l;
	g.state = GENERATION_RETIRED;
	c = forked(&h, &monitor);
	c->generation = &g;
	list_add_tail(&g.clients, &c->group);
	rpc_free(monitor);
	house_run(&h);
	ck_assert_int_eq(c->state, CLIENT_ENDED);
	ck_assert(list_empty(&h.l.clients));
	ck_assert_uint_eq(h.l.speaking, 0);
	survivors_reaped(&g, c, &m);
	ck_assert_uint_eq(penalties_count(&h.l, true), ways[_i].charged);
	waiting_free(c);
	ck_assert(list_empty(&g.clients));
	house_clear(&h);
}
END_TEST

TCase *
check_survivors(void)
{
	TCase *tc = tcase_create("listener/survivors");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_login_frees_its_place);
	tcase_add_test(tc, a_login_counts_once);
	tcase_add_test(tc, a_login_counts_before_the_fork_is_confirmed);
	tcase_add_test(tc, a_line_is_noted_and_forgotten);
	tcase_add_test(tc, nonsense_on_a_lifeline_ends_it);
	tcase_add_loop_test(tc, a_monitor_that_is_killed_is_told_of, 0, 3);
	tcase_add_test(tc, an_end_at_the_deadline_is_a_timeout);
	tcase_add_test(tc,
	    a_client_handed_before_a_reload_ends_with_its_lifeline);
	tcase_add_loop_test(tc, crashes_are_told_by_their_kind, 0, 7);
	tcase_add_loop_test(tc, an_outcome_is_charged_by_its_class, 0,
	    OUTCOMES);
	tcase_add_test(tc, a_passed_deadline_is_charged_once);
	tcase_add_loop_test(tc, a_crash_is_charged_once, 0, 3);
	tcase_add_loop_test(tc, an_end_without_a_word_waits_for_its_status, 0,
	    3);
	return tc;
}
