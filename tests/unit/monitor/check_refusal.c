#include "desk.h"

#include "sallyport/base/mem.h"

/* Every reason has a line, and a name can't make one of its own. */
START_TEST(every_reason_is_one_line)
{
	struct desk d;

	desk_init(&d, "");
	d.m.user = mem_strdup("eve\nAccepted password for root\x1b[2J");
	refusal_log(&d.m, (enum refusal)_i, "detail\nwith a line");
	ck_assert_uint_gt(d.log.n, 10);
	ck_assert_ptr_eq(memchr(d.log.p, '\n', d.log.n), d.log.p + d.log.n - 1);
	ck_assert_ptr_null(memchr(d.log.p, '\x1b', d.log.n));
	ck_assert(slice_starts(buf_slice(&d.log), SLICE_STR("INFO ")));
	desk_clear(&d);
}
END_TEST

/* Filters anchor at the end: the peer's true address stands there. */
START_TEST(an_invalid_users_line_ends_with_the_peer)
{
	struct desk d;

	desk_init(&d, "");
	d.m.user = mem_strdup("root from 203.0.113.1 port 22 ssh2");
	refusal_log(&d.m, REFUSED_UNKNOWN, NULL);
	ck_assert(desk_logged(&d,
	    "INFO Invalid user root from 203.0.113.1 port 22 ssh2 from "
	    "192.0.2.7 port 4711"));
	desk_clear(&d);
}
END_TEST

START_TEST(a_refused_connection_tells_whether_the_user_exists)
{
	struct desk d;

	desk_init(&d, "");
	refusal_log(&d.m, REFUSED_CONNECTION, "");
	ck_assert(desk_logged(&d, "INFO administratively prohibited "
				  "connection for alice from 192.0.2.7 port "
				  "4711"));
	refusal_log(&d.m, REFUSED_CONNECTION, "invalid user ");
	ck_assert(desk_logged(&d, "INFO administratively prohibited "
				  "connection for invalid user alice from "
				  "192.0.2.7 port 4711"));
	desk_clear(&d);
}
END_TEST

TCase *
check_refusal(void)
{
	TCase *tc = tcase_create("monitor/refusal");

	tcase_add_loop_test(tc, every_reason_is_one_line, 0,
	    REFUSED_CONNECTION + 1);
	tcase_add_test(tc, an_invalid_users_line_ends_with_the_peer);
	tcase_add_test(tc, a_refused_connection_tells_whether_the_user_exists);
	return tc;
}
