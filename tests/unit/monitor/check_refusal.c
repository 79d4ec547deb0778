#include "desk.h"

#include "sallyport/base/mem.h"

static const struct desk *asking;
static struct buf heard;

static void
hear(enum explain_mark mark, const char *line)
{
	static const char marks[] = {'-', 'y', 'n'};

	ck_assert_ptr_nonnull(asking);
	ck_assert_int_eq(buf_printf(&heard, "%c %s\n", marks[mark], line), OK);
}

static size_t
count_lines(const struct desk *d, const char *begin)
{
	struct slice rest = buf_slice(&d->log), one;
	size_t n = 0;

	while (slice_next(&rest, '\n', &one))
		n += slice_starts(one, slice_cstr(begin));
	return n;
}

/* Every reason is told, and a name can't make a line of its own. */
START_TEST(every_reason_is_told_in_lines_of_ours)
{
	struct desk d;
	size_t lines;

	desk_init(&d, "");
	d.m.user = mem_strdup("eve\nAccepted password for root\x1b[2J");
	refusal_log(&d.m, (enum refusal)_i, "detail\nwith a line");
	lines = count_lines(&d, "");
	ck_assert_uint_ge(lines, 1);
	ck_assert_uint_le(lines, 2);
	ck_assert_uint_eq(count_lines(&d, "INFO "), lines);
	ck_assert_uint_eq(count_lines(&d, "INFO Login refused for eve\\n"),
	    _i == REFUSED_UNKNOWN ? 0 : 1);
	ck_assert_ptr_null(memchr(d.log.p, '\x1b', d.log.n));
	desk_clear(&d);
}
END_TEST

/* Whoever asks hears of rules that are met, too; the log, only of others. */
START_TEST(explain_hears_of_both)
{
	static const struct explain x = {.say = hear};
	struct desk d;

	desk_init(&d, "AllowUsers bob ali*\nDenyUsers carol\n");
	asking = &d;
	heard = BUF_LIMIT(1 << 16);
	refusal_passed(&d.m, REFUSED_ALLOW_USERS, "ali*", 1);
	ck_assert_uint_eq(heard.n, 0);
	d.m.explain = &x;
	refusal_passed(&d.m, REFUSED_ALLOW_USERS, "ali*", 1);
	refusal_log_entry(&d.m, REFUSED_DENY_USERS, "carol", 0);
	refusal_log(&d.m, REFUSED_UNKNOWN, NULL);
	ck_assert(
	    slice_is(buf_slice(&heard), "y AllowUsers ali* (main line 1)\n"
					"n DenyUsers carol (main line 2)\n"
					"n there is no account alice\n"));
	ck_assert_uint_eq(count_lines(&d, "INFO Login refused"), 0);
	buf_clear(&heard);
	desk_clear(&d);
}
END_TEST

/* root's password is tried again and again: the rule is told once. */
START_TEST(a_rule_is_told_once)
{
	struct desk d;

	desk_init(&d, "");
	for (int i = 0; i < 3; i++)
		refusal_log(&d.m, REFUSED_ROOT, "no");
	ck_assert_uint_eq(count_lines(&d, "INFO ROOT LOGIN REFUSED"), 3);
	ck_assert_uint_eq(count_lines(&d, "INFO Login refused"), 1);
	desk_clear(&d);
}
END_TEST

struct place_row {
	const char *lines;
	const char *told;
};

#define REFUSED "INFO Login refused for alice from 192.0.2.7 port 4711: "

/* alice from 192.0.2.7, in groups staff and wheel */
static const struct place_row place_rows[] = {
    {"DenyUsers bob\nDenyUsers carol al*\n", "DenyUsers al* (main line 2)"},
    {"\n\nAllowUsers bob\n", "not listed in AllowUsers (main line 3)"},
    {"AllowUsers *\nAllowUsers !alice\n", "AllowUsers !alice (main line 2)"},
    {"DenyGroups x\nDenyGroups wh*\n", "DenyGroups wh* (main line 2)"},
    {"AllowGroups x\n", "no group is listed in AllowGroups (main line 1)"},
    {"ChrootDirectory /x\nDenyUsers alice\n", "DenyUsers alice (main line 2)"},
};

START_TEST(the_line_that_decided_is_named)
{
	SCOPED(mem_free_at)
	char *line = mem_format(REFUSED "%s", place_rows[_i].told);
	struct desk d;

	desk_init(&d, place_rows[_i].lines);
	ck_assert(!admit_account(&d.m));
	ck_assert_msg(desk_logged(&d, line), "%.*s", (int)d.log.n,
	    (const char *)d.log.p);
	desk_clear(&d);
}
END_TEST

START_TEST(a_default_is_called_one)
{
	struct desk d;

	desk_init(&d, "");
	d.m.account.uid = 0;
	ck_assert(!admit_root(&d.m, "password", false));
	ck_assert(desk_logged(&d,
	    REFUSED "PermitRootLogin prohibit-password (default)"));
	desk_clear(&d);
}
END_TEST

/* ---- keys ---- */

START_TEST(a_keys_rule_is_told_with_its_place)
{
	struct judge_rep j = {.key_text = SLICE_STR("RSA SHA256:abc"),
	    .why = SLICE_STR("too\nshort"),
	    .rule = RULE_RSA_SIZE};
	struct desk d;

	desk_init(&d, "RequiredRSASize 3072\n");
	refusal_log_key(&d.m, &j);
	ck_assert(desk_logged(&d,
	    "INFO Key refused for alice from 192.0.2.7 port 4711: RSA "
	    "SHA256:abc: too\\nshort (main line 1)"));
	j.rule = RULE_NONE;
	refusal_log_key(&d.m, &j);
	ck_assert(desk_logged(&d, "INFO Key refused for alice from 192.0.2.7 "
				  "port 4711: RSA SHA256:abc: too\\nshort"));
	refusal_log_unlisted(&d.m); /* something was told */
	ck_assert_uint_eq(count_lines(&d, "INFO "), 2);
	desk_clear(&d);
}
END_TEST

/* Clients try all keys they have: one line for all that nobody listed. */
START_TEST(unlisted_keys_are_told_together)
{
	struct judge_rep j = {.key_text = SLICE_STR("RSA SHA256:abc"),
	    .why = SLICE_STR("not listed"),
	    .rule = RULE_UNLISTED};
	struct desk d;

	desk_init(&d, "");
	refusal_log_unlisted(&d.m); /* none was tried */
	for (int i = 0; i < 3; i++)
		refusal_log_key(&d.m, &j);
	ck_assert_uint_eq(d.log.n, 0);
	refusal_log_unlisted(&d.m);
	refusal_log_unlisted(&d.m);
	ck_assert(desk_logged(&d,
	    REFUSED "none of 3 keys that were offered is listed by "
		    "AuthorizedKeysFile (default)"));
	ck_assert_uint_eq(count_lines(&d, ""), 1);
	desk_clear(&d);
}
END_TEST

/* keycheck could say anything, were it broken into. */
START_TEST(an_unknown_rule_is_none)
{
	struct judge_rep j = {.why = SLICE_STR("x"), .rule = 255};
	struct desk d;

	desk_init(&d, "");
	refusal_log_key(&d.m, &j);
	ck_assert_uint_eq(d.log.n, 0);
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

	tcase_add_loop_test(tc, every_reason_is_told_in_lines_of_ours, 0,
	    REFUSALS);
	tcase_add_test(tc, explain_hears_of_both);
	tcase_add_test(tc, a_rule_is_told_once);
	tcase_add_loop_test(tc, the_line_that_decided_is_named, 0,
	    sizeof(place_rows) / sizeof(place_rows[0]));
	tcase_add_test(tc, a_default_is_called_one);
	tcase_add_test(tc, a_keys_rule_is_told_with_its_place);
	tcase_add_test(tc, unlisted_keys_are_told_together);
	tcase_add_test(tc, an_unknown_rule_is_none);
	tcase_add_test(tc, an_invalid_users_line_ends_with_the_peer);
	tcase_add_test(tc, a_refused_connection_tells_whether_the_user_exists);
	return tc;
}
