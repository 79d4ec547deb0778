#include "desk.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/rpc/listener_ops.h"

#define TAIL " from 192.0.2.7 port 4711 ssh2"

/* Root's own rules are seen in check_admit.c. */
static void
begin(struct desk *d, const char *configuration)
{
	desk_init(d, configuration);
	d->m.account.uid = 1000;
}

static enum verdict
try(struct desk *d, bool good, const char *method)
{
	ck_assert(verdict_begin(&d->m));
	return verdict_give(&d->m, good, method, NULL, NULL);
}

START_TEST(what_holds_is_accepted)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(try(&d, true, "password"), VERDICT_SUCCESS);
	ck_assert(desk_logged(&d, "INFO Accepted password for alice" TAIL));
	ck_assert_uint_eq(d.m.phase, PHASE_DONE);
	ck_assert_int_eq(verdict_outcome(&d.m), OUTCOME_OK);
	desk_clear(&d);
}
END_TEST

START_TEST(the_line_names_submethod_and_key)
{
	struct desk d;

	begin(&d, "");
	ck_assert(verdict_begin(&d.m));
	ck_assert_int_eq(verdict_give(&d.m, true, "publickey", "x",
			     "ED25519 SHA256:abc"),
	    VERDICT_SUCCESS);
	ck_assert(desk_logged(&d,
	    "INFO Accepted publickey/x for alice" TAIL ": ED25519 SHA256:abc"));
	desk_clear(&d);
}
END_TEST

/* Whatever speaks against it, a credential that holds doesn't let in. */
START_TEST(a_yes_needs_everything)
{
	struct desk d;

	begin(&d, "PermitRootLogin no\nKbdInteractiveAuthentication no\n");
	switch (_i) {
	case 0:
		ck_assert_int_eq(try(&d, false, "password"), VERDICT_FAILED);
		break;
	case 1:
		d.m.valid = false;
		ck_assert_int_eq(try(&d, true, "password"), VERDICT_FAILED);
		break;
	case 2:
		ck_assert_int_eq(try(&d, true, "keyboard-interactive"),
		    VERDICT_FAILED);
		break;
	case 3:
		d.m.account.uid = 0;
		ck_assert_int_eq(try(&d, true, "publickey"), VERDICT_FAILED);
		break;
	case 4:
		ck_assert_int_eq(try(&d, true, "no-such-method"),
		    VERDICT_FAILED);
		break;
	default:
		break;
	}
	ck_assert(!desk_said(&d, "Accepted"));
	ck_assert_uint_eq(d.m.phase, PHASE_AUTH);
	ck_assert_uint_eq(d.m.failures, 1);
	ck_assert_int_eq(verdict_outcome(&d.m), OUTCOME_AUTHFAIL);
	desk_clear(&d);
}
END_TEST

START_TEST(what_is_still_due_is_partial)
{
	struct desk d;

	begin(&d, "AuthenticationMethods publickey,password\n");
	ck_assert_int_eq(try(&d, true, "publickey"), VERDICT_PARTIAL);
	ck_assert(desk_logged(&d, "INFO Partial publickey for alice" TAIL));
	ck_assert_uint_eq(d.m.phase, PHASE_AUTH);
	ck_assert_int_eq(try(&d, true, "publickey"), VERDICT_FAILED);
	ck_assert_int_eq(try(&d, true, "password"), VERDICT_SUCCESS);
	desk_clear(&d);
}
END_TEST

/* The n-th failure is the last; then not even a good one counts. */
START_TEST(max_auth_tries_is_the_end)
{
	struct desk d;

	begin(&d, "MaxAuthTries 3\n");
	ck_assert_int_eq(try(&d, false, "password"), VERDICT_FAILED);
	ck_assert_int_eq(try(&d, false, "publickey"), VERDICT_FAILED);
	ck_assert_int_eq(try(&d, false, "password"), VERDICT_TOO_MANY);
	ck_assert(desk_logged(&d,
	    "ERROR maximum authentication attempts exceeded for alice" TAIL
	    " [preauth]"));
	ck_assert(!verdict_begin(&d.m));
	desk_clear(&d);
}
END_TEST

START_TEST(requests_are_bounded_without_a_failure_too)
{
	struct desk d;

	begin(&d, "");
	for (int i = 0; i < REQUESTS_MAX; i++)
		ck_assert(verdict_begin(&d.m));
	ck_assert(!verdict_begin(&d.m));
	desk_clear(&d);
}
END_TEST

/* logging.md: INFO for passwords, for unknown users, and from half of
 * MaxAuthTries on; else VERBOSE. */
START_TEST(failures_are_told_at_the_level_that_they_deserve)
{
	struct desk d;

	begin(&d, "MaxAuthTries 6\n");
	ck_assert_int_eq(try(&d, false, "publickey"), VERDICT_FAILED);
	ck_assert(desk_logged(&d, "VERBOSE Failed publickey for alice" TAIL));
	desk_forget_log(&d);
	ck_assert_int_eq(try(&d, false, "password"), VERDICT_FAILED);
	ck_assert(desk_logged(&d, "INFO Failed password for alice" TAIL));
	desk_forget_log(&d);
	ck_assert_int_eq(try(&d, false, "publickey"), VERDICT_FAILED);
	ck_assert(desk_logged(&d, "INFO Failed publickey for alice" TAIL));
	desk_clear(&d);
	begin(&d, "");
	d.m.valid = false;
	ck_assert_int_eq(try(&d, false, "publickey"), VERDICT_FAILED);
	/* its keys aren't looked at, and filters count "Invalid user" */
	ck_assert(desk_logged(&d, "DEBUG1 Failed publickey for invalid user "
				  "alice" TAIL));
	desk_forget_log(&d);
	ck_assert_int_eq(try(&d, false, "password"), VERDICT_FAILED);
	ck_assert(desk_logged(&d, "INFO Failed password for invalid user "
				  "alice" TAIL));
	desk_clear(&d);
}
END_TEST

/* Everybody begins with "none", to learn the methods. */
START_TEST(the_first_none_is_free_and_silent)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(try(&d, false, "none"), VERDICT_FAILED);
	ck_assert_uint_eq(d.m.failures, 0);
	ck_assert(!desk_said(&d, "none"));
	ck_assert_int_eq(verdict_outcome(&d.m), OUTCOME_NOAUTH);
	ck_assert_int_eq(try(&d, false, "none"), VERDICT_FAILED);
	ck_assert_uint_eq(d.m.failures, 1);
	desk_clear(&d);
	begin(&d, "PermitEmptyPasswords yes\n");
	ck_assert_int_eq(try(&d, false, "none"), VERDICT_FAILED);
	ck_assert(desk_logged(&d, "VERBOSE Failed none for alice" TAIL));
	ck_assert_int_eq(try(&d, true, "none"), VERDICT_SUCCESS);
	desk_clear(&d);
}
END_TEST

START_TEST(nones_without_end_are_too_many)
{
	enum verdict v = VERDICT_FAILED;
	struct desk d;
	int n = 0;

	begin(&d, "MaxAuthTries 3\n");
	while (verdict_begin(&d.m) && n < 100) {
		v = verdict_give(&d.m, false, "none", NULL, NULL);
		n++;
	}
	ck_assert_int_le(n, 4);
	ck_assert(v == VERDICT_FAILED || v == VERDICT_TOO_MANY);
	desk_clear(&d);
}
END_TEST

/* A refusal takes a while that the user's name and the boot decide. */
START_TEST(refusals_take_their_time)
{
	uint64_t before;
	struct desk d;

	begin(&d, "");
	d.m.request_ns = before = clock_mono_ns();
	verdict_delay(&d.m);
	ck_assert_uint_ge(clock_mono_ns() - before, 5000000);
	desk_clear(&d);
}
END_TEST

START_TEST(the_listener_learns_of_the_login)
{
	struct facts_msg facts;
	struct rpc *listener;
	uint32_t number;
	struct desk d;
	int pair[2];

	begin(&d, "");
	ck_assert_int_eq(io_pair(pair), OK);
	d.m.lifeline = rpc_new(pair[0]);
	listener = rpc_new(pair[1]);
	ck_assert_int_eq(try(&d, false, "password"), VERDICT_FAILED);
	ck_assert_int_eq(rpc_receive(listener, true, &number), ERR_AGAIN);
	ck_assert_int_eq(try(&d, true, "password"), VERDICT_SUCCESS);
	ck_assert_int_eq(rpc_receive(listener, true, &number), OK);
	ck_assert_uint_eq(number, LIFELINE_LOGGED_IN);
	ck_assert_int_eq(rpc_decode(listener, &layout_facts_msg, &facts), OK);
	ck_assert(slice_is(facts.user, d.m.account.name));
	ck_assert(slice_is(facts.method, "password"));
	ck_assert_uint_eq(facts.failed_password, 1);
	rpc_free(listener);
	rpc_free(d.m.lifeline);
	desk_clear(&d);
}
END_TEST

START_TEST(outcomes_tell_what_was_tried)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(verdict_outcome(&d.m), OUTCOME_NOAUTH);
	d.m.account.known = false;
	ck_assert_int_eq(verdict_outcome(&d.m), OUTCOME_INVALIDUSER);
	d.m.failures = 1;
	ck_assert_int_eq(verdict_outcome(&d.m), OUTCOME_AUTHFAIL);
	d.m.prohibited = true;
	ck_assert_int_eq(verdict_outcome(&d.m), OUTCOME_REFUSED);
	desk_clear(&d);
}
END_TEST

START_TEST(a_name_in_the_line_is_quoted)
{
	struct desk d;

	begin(&d, "");
	d.m.user = mem_strdup("x\nAccepted password for root" TAIL);
	d.m.valid = false;
	ck_assert_int_eq(try(&d, true, "password"), VERDICT_FAILED);
	ck_assert(!desk_logged(&d, "INFO Accepted password for root" TAIL));
	ck_assert(desk_said(&d, "Failed password for invalid user x\\n"));
	desk_clear(&d);
}
END_TEST

TCase *
check_verdict(void)
{
	TCase *tc = tcase_create("monitor/verdict");

	tcase_add_test(tc, what_holds_is_accepted);
	tcase_add_test(tc, the_line_names_submethod_and_key);
	tcase_add_loop_test(tc, a_yes_needs_everything, 0, 5);
	tcase_add_test(tc, what_is_still_due_is_partial);
	tcase_add_test(tc, max_auth_tries_is_the_end);
	tcase_add_test(tc, requests_are_bounded_without_a_failure_too);
	tcase_add_test(tc, failures_are_told_at_the_level_that_they_deserve);
	tcase_add_test(tc, the_first_none_is_free_and_silent);
	tcase_add_test(tc, nones_without_end_are_too_many);
	tcase_add_test(tc, refusals_take_their_time);
	tcase_add_test(tc, the_listener_learns_of_the_login);
	tcase_add_test(tc, outcomes_tell_what_was_tried);
	tcase_add_test(tc, a_name_in_the_line_is_quoted);
	return tc;
}
