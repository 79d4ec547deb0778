#include "desk.h"

#include "sallyport/base/log.h"

static enum err
log_line(struct desk *d, uint8_t level, const char *text)
{
	struct log_msg req = {.level = level, .text = slice_cstr(text)};
	struct note_rep rep;

	return on_log(&d->m, &req, &rep);
}

START_TEST(a_gates_line_ends_in_preauth)
{
	struct desk d;

	desk_init(&d, "");
	ck_assert_int_eq(log_line(&d, LEVEL_INFO, "Bad packet length 1."), OK);
	ck_assert(desk_logged(&d, "INFO Bad packet length 1. [preauth]"));
	d.m.phase = PHASE_SESSION;
	ck_assert_int_eq(log_line(&d, LEVEL_VERBOSE, "a session's"), OK);
	ck_assert(desk_logged(&d, "VERBOSE a session's"));
	desk_clear(&d);
}
END_TEST

/* The gate doesn't know who exists; the administrator is told. */
START_TEST(an_unknown_user_is_called_invalid)
{
	static const char line[] =
	    "Connection closed by authenticating user eve 192.0.2.7 port 1";
	struct desk d;

	desk_init(&d, "");
	ck_assert_int_eq(log_line(&d, LEVEL_INFO, line), OK);
	ck_assert(desk_said(&d, "by authenticating user eve 192"));
	d.m.valid = false;
	ck_assert_int_eq(log_line(&d, LEVEL_INFO, line), OK);
	ck_assert(desk_logged(&d, "INFO Connection closed by invalid user eve "
				  "192.0.2.7 port 1 [preauth]"));
	ck_assert_int_eq(log_line(&d, LEVEL_INFO, "nothing of a user"), OK);
	ck_assert(desk_logged(&d, "INFO nothing of a user [preauth]"));
	desk_clear(&d);
}
END_TEST

START_TEST(a_level_that_isnt_one_ends_it)
{
	struct desk d;

	desk_init(&d, "");
	ck_assert_int_eq(log_line(&d, LEVEL_QUIET, "x"), ERR_RPC);
	ck_assert_int_eq(log_line(&d, LEVEL_DEBUG3 + 1, "x"), ERR_RPC);
	ck_assert_int_eq(log_line(&d, 255, "x"), ERR_RPC);
	ck_assert_uint_eq(d.log.n, 0);
	desk_clear(&d);
}
END_TEST

/* What LogVerbose demands is written at any level; where nobody demanded
 * anything, a gate that says so isn't believed. */
START_TEST(a_gate_raises_no_level)
{
	struct log_msg req = {.level = LEVEL_DEBUG3,
	    .forced = true,
	    .text = SLICE_STR("deep")};
	struct note_rep rep;
	struct desk d;

	desk_init(&d, _i == 0 ? "" : "LogVerbose gate.c:*\n");
	log_set_level(LEVEL_INFO);
	ck_assert_int_eq(on_log(&d.m, &req, &rep), OK);
	ck_assert_int_eq(desk_logged(&d, "DEBUG3 deep [preauth]"), _i == 1);
	d.m.valid = false;
	ck_assert_int_eq(on_log(&d.m, &req, &rep), OK);
	ck_assert_int_eq(desk_said(&d, "deep"), _i == 1);
	desk_clear(&d);
}
END_TEST

/* SEC-58: a gate fills no log. A session's user is known. */
START_TEST(a_flood_is_cut_off)
{
	size_t before;
	struct desk d;

	desk_init(&d, "");
	for (int i = 0; i < LOGS_MAX; i++)
		ck_assert_int_eq(log_line(&d, LEVEL_INFO, "x"), OK);
	before = d.log.n;
	ck_assert_int_eq(log_line(&d, LEVEL_INFO, "x"), OK);
	ck_assert_uint_eq(d.log.n, before);
	desk_clear(&d);
}
END_TEST

TCase *
check_ops_log(void)
{
	TCase *tc = tcase_create("monitor/ops_log");

	tcase_add_test(tc, a_gates_line_ends_in_preauth);
	tcase_add_test(tc, an_unknown_user_is_called_invalid);
	tcase_add_test(tc, a_level_that_isnt_one_ends_it);
	tcase_add_loop_test(tc, a_gate_raises_no_level, 0, 2);
	tcase_add_test(tc, a_flood_is_cut_off);
	return tc;
}
