#include "fixture.h"

#include "sallyport/base/rd.h"
#include "sallyport/key/keyopts.h"

#include <time.h>

static struct keyopts o;
static const char *why;

static enum err
parse(const char *text)
{
	keyopts_clear(&o);
	return keyopts_parse(slice_cstr(text), &o, &why);
}

/* The list's strings joined with blanks */
static bool
list_is(const struct buf *list, const char *expected)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct rd r = rd_from(buf_slice(list));

	while (r.left.n > 0 && rd_status(&r) == OK) {
		ck_assert_int_eq(buf_append(&text, rd_string(&r)), OK);
		ck_assert_int_eq(buf_append_cstr(&text, " "), OK);
	}
	ck_assert_int_eq(rd_end(&r), OK);
	return slice_is(buf_slice(&text), expected);
}

START_TEST(a_line_without_options_allows_all)
{
	ck_assert_int_eq(parse(""), OK);
	ck_assert_uint_eq(o.permits, KEYOPTS_ALL);
	ck_assert(!o.has_command && !o.has_from && !o.cert_authority);
	ck_assert_uint_eq(o.tunnel, KEYOPTS_TUNNEL_ANY);
	ck_assert_uint_eq(o.expires, 0);
}
END_TEST

static const struct {
	const char *name;
	uint32_t bit;
} permits[] = {{"pty", KEYOPTS_PTY}, {"port-forwarding", KEYOPTS_PORT},
    {"agent-forwarding", KEYOPTS_AGENT}, {"X11-forwarding", KEYOPTS_X11},
    {"user-rc", KEYOPTS_USER_RC}};

START_TEST(each_permission_has_a_no)
{
	SCOPED(mem_free_at) char *no = mem_format("No-%s", permits[_i].name);
	SCOPED(mem_free_at)
	char *again = mem_format("restrict,%s", permits[_i].name);
	SCOPED(mem_free_at)
	char *late = mem_format("%s,RESTRICT", permits[_i].name);

	ck_assert_int_eq(parse(no), OK);
	ck_assert_uint_eq(o.permits, KEYOPTS_ALL & ~permits[_i].bit);
	ck_assert_int_eq(parse(again), OK);
	ck_assert_uint_eq(o.permits, KEYOPTS_RESTRICT | permits[_i].bit);
	ck_assert_int_eq(parse(late), OK);
	ck_assert_uint_eq(o.permits, KEYOPTS_RESTRICT);
}
END_TEST

START_TEST(fido_demands)
{
	ck_assert_int_eq(parse("no-touch-required,verify-required"), OK);
	ck_assert(o.no_touch && o.verify);
	ck_assert_int_eq(
	    parse("no-touch-required,touch-required,no-verify-required"), OK);
	ck_assert(!o.no_touch && !o.verify);
}
END_TEST

START_TEST(a_command_is_unquoted)
{
	ck_assert_int_eq(parse("command=\"echo \\\"a, b\\\" \\\\ \\n\""), OK);
	ck_assert(slice_is(buf_slice(&o.command), "echo \"a, b\" \\\\ \\n"));
	ck_assert_int_eq(parse("command=\"\""), OK);
	ck_assert(o.has_command);
	ck_assert_uint_eq(o.command.n, 0);
}
END_TEST

START_TEST(lists_add_up)
{
	ck_assert_int_eq(parse("environment=\"A=1\",environment=\"B_2=x=y\","
			       "environment=\"A=3\",permitopen=\"h:22\","
			       "permitopen=\"[::1]:*\",permitopen=\"*:80\","
			       "permitlisten=\"8080\",permitlisten=\"l:1\""),
	    OK);
	ck_assert(list_is(&o.environment, "A=1 B_2=x=y "));
	ck_assert(list_is(&o.permitopen, "h:22 [::1]:* *:80 "));
	ck_assert(list_is(&o.permitlisten, "*:8080 l:1 "));
}
END_TEST

START_TEST(reads_from_tunnel_and_principals)
{
	ck_assert_int_eq(
	    parse(
		"from=\"192.0.2.0/24,!192.0.2.7,*.example.org\",tunnel=\"3\""),
	    OK);
	ck_assert(o.has_from);
	ck_assert_uint_eq(o.tunnel, 3);
	ck_assert_int_eq(parse("cert-authority,principals=\"a,b\""), OK);
	ck_assert(o.cert_authority && o.has_principals);
	ck_assert(slice_is(buf_slice(&o.principals), "a,b"));
}
END_TEST

START_TEST(expiry_in_utc)
{
	ck_assert_int_eq(parse("expiry-time=\"20300101Z\""), OK);
	ck_assert_uint_eq(o.expires, 1893456000);
	ck_assert_int_eq(parse("expiry-time=\"203001010001UTC\""), OK);
	ck_assert_uint_eq(o.expires, 1893456060);
	ck_assert_int_eq(parse("expiry-time=\"20300101000102Z\","
			       "expiry-time=\"20310101Z\""),
	    OK);
	ck_assert_uint_eq(o.expires, 1893456062);
}
END_TEST

/* A time before 1970 isn't "never". */
START_TEST(expiry_long_ago)
{
	ck_assert_int_eq(parse("expiry-time=\"19700101Z\""), OK);
	ck_assert_uint_eq(o.expires, 1);
	ck_assert_int_eq(parse("expiry-time=\"19010101\""), OK);
	ck_assert_uint_eq(o.expires, 1);
}
END_TEST

/* Every hour of two days in which Berlin's clocks change */
START_TEST(expiry_in_local_time_is_mktime_s)
{
	static const char *const days[] = {"20300331", "20301027"};

	ck_assert_int_eq(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	for (int hour = 0; hour < 24; hour++) {
		SCOPED(mem_free_at)
		char *text =
		    mem_format("expiry-time=\"%s%02d30\"", days[_i], hour);
		struct tm tm = {.tm_year = 130,
		    .tm_mon = _i == 0 ? 2 : 9,
		    .tm_mday = _i == 0 ? 31 : 27,
		    .tm_hour = hour,
		    .tm_min = 30,
		    .tm_isdst = -1};
		time_t t = mktime(&tm);

		ck_assert_int_eq(parse(text), OK);
		/* 02:30 is there never or twice: an hour either way */
		if (hour == 2)
			ck_assert_uint_le((uint64_t)(t + 3600) - o.expires,
			    7200);
		else
			ck_assert_uint_eq(o.expires, (uint64_t)t);
	}
}
END_TEST

static const char *const bad[] = {
    "nonsense",
    "no-restrict",
    "no-cert-authority",
    "no-command=\"x\"",
    "no-",
    "pty=\"x\"",
    "command",
    "command=x",
    "command=\"x",
    "command=\"x\\\"",
    "command=\"x\"y",
    "command=\"a\",command=\"b\"",
    "from=\"a\",from=\"b\"",
    "from=\"\"",
    "from=\"10.0.0.1/33\"",
    "from=\"10.0.0.1/8\"",
    "principals=\"a\"",
    "cert-authority,principals=\"\"",
    "cert-authority,principals=\"a\",principals=\"b\"",
    "environment=\"=x\"",
    "environment=\"A\"",
    "environment=\"A B=x\"",
    "permitopen=\"host\"",
    "permitopen=\"host:0\"",
    "permitopen=\"host:65536\"",
    "permitopen=\":22\"",
    "permitopen=\"[::1:22\"",
    "permitopen=\"::1:22\"",
    "permitlisten=\"\"",
    "permitlisten=\"0\"",
    "tunnel=\"x\"",
    "tunnel=\"2147483646\"",
    "expiry-time=\"\"",
    "expiry-time=\"2030\"",
    "expiry-time=\"20301301Z\"",
    "expiry-time=\"20300230Z\"",
    "expiry-time=\"203001012460Z\"",
    "expiry-time=\"20300101 Z\"",
    "expiry-time=\"2030010100000000Z\"",
    "pty,",
    ",pty",
    "pty,,no-pty",
    "pty no-pty",
    "\"pty\"",
};

START_TEST(refuses)
{
	ck_assert_msg(parse(bad[_i]) != OK, "%s", bad[_i]);
	ck_assert_msg(why[0] != '\0', "%s", bad[_i]);
}
END_TEST

START_TEST(bounds_lists)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;

	for (int i = 0; i <= KEYOPTS_ENVIRONMENT_MAX; i++)
		ck_assert_int_eq(buf_printf(&text, "environment=\"A%d=\",", i),
		    OK);
	ck_assert_int_eq(keyopts_parse(buf_slice(&text), &o, &why), ERR_FORMAT);
	ck_assert_uint_eq(o.nenvironment, KEYOPTS_ENVIRONMENT_MAX);
	keyopts_clear(&o);
}
END_TEST

static void
clear(void)
{
	keyopts_clear(&o);
}

TCase *
check_keyopts(void)
{
	TCase *tc = tcase_create("key/keyopts");

	tcase_add_checked_fixture(tc, NULL, clear);
	tcase_add_test(tc, a_line_without_options_allows_all);
	tcase_add_loop_test(tc, each_permission_has_a_no, 0,
	    (int)(sizeof(permits) / sizeof(permits[0])));
	tcase_add_test(tc, fido_demands);
	tcase_add_test(tc, a_command_is_unquoted);
	tcase_add_test(tc, lists_add_up);
	tcase_add_test(tc, reads_from_tunnel_and_principals);
	tcase_add_test(tc, expiry_in_utc);
	tcase_add_test(tc, expiry_long_ago);
	tcase_add_loop_test(tc, expiry_in_local_time_is_mktime_s, 0, 2);
	tcase_add_loop_test(tc, refuses, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, bounds_lists);
	return tc;
}
