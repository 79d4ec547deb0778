#include "home.h"

#include "netgroups.h"

#include "sallyport/proc/memfile.h"

static struct keycheck k;
static struct judge_req req;

static void
begin(void)
{
	k = (struct keycheck){.common = NULL};
	req = (struct judge_req){.output.fd = -1};
	ck_assert(netgroups_begin(&k, &req));
}

static void
end(void)
{
	buf_clear(&k.asked.questions);
	buf_clear(&k.asked.answers);
	io_close(&req.output.fd);
}

static bool
resume(struct slice answers)
{
	io_close(&req.output.fd);
	req.resumed = true;
	ck_assert_int_eq(memfile_make("x", answers, &req.output.fd), OK);
	return netgroups_begin(&k, &req);
}

static enum rhosts_answer
ask_host(const char *group, const char *host)
{
	return netgroups_ask(&k, slice_cstr(group), slice_cstr(host),
	    SLICE_NONE);
}

static enum rhosts_answer
ask_user(const char *group, const char *user)
{
	return netgroups_ask(&k, slice_cstr(group), SLICE_NONE,
	    slice_cstr(user));
}

START_TEST(what_was_asked_is_answered_by_its_words)
{
	begin();
	ck_assert_int_eq(ask_host("a", "h"), RHOSTS_UNKNOWN);
	ck_assert_int_eq(ask_user("a", "h"), RHOSTS_UNKNOWN);
	ck_assert_int_eq(ask_host("a", "h"), RHOSTS_UNKNOWN);
	ck_assert_uint_eq(k.asked.n, 2);
	ck_assert(resume(SLICE_STR("\1\0")));
	ck_assert_int_eq(ask_user("a", "h"), RHOSTS_SAYS_NO);
	ck_assert_int_eq(ask_host("a", "h"), RHOSTS_SAYS_YES);
	/* a file that changed meanwhile asks for what nobody answered */
	ck_assert_int_eq(ask_host("b", "h"), RHOSTS_UNKNOWN);
	ck_assert_uint_eq(k.asked.n, 2);
	end();
}
END_TEST

START_TEST(answers_that_do_not_fit_are_none)
{
	begin();
	(void)ask_host("a", "h");
	(void)ask_host("b", "h");
	ck_assert(!resume(SLICE_STR("\1")));
	ck_assert(!resume(SLICE_STR("\1\1\1")));
	io_close(&req.output.fd);
	ck_assert(!netgroups_begin(&k, &req));
	/* nothing but a one is a yes */
	ck_assert(resume(SLICE_STR("\2\377")));
	ck_assert_int_eq(ask_host("a", "h"), RHOSTS_SAYS_NO);
	ck_assert_int_eq(ask_host("b", "h"), RHOSTS_SAYS_NO);
	end();
}
END_TEST

START_TEST(another_request_begins_anew)
{
	begin();
	(void)ask_host("a", "h");
	ck_assert(resume(SLICE_STR("\1")));
	req.resumed = false;
	ck_assert(netgroups_begin(&k, &req));
	ck_assert_uint_eq(k.asked.n, 0);
	ck_assert_int_eq(ask_host("a", "h"), RHOSTS_UNKNOWN);
	end();
}
END_TEST

START_TEST(there_is_room_for_so_many_and_no_more)
{
	struct netgroups_msg m;
	struct empty_msg nothing = {0};
	char name[32];

	begin();
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "group%d", i);
		ck_assert_int_eq(ask_host(name, "h"), RHOSTS_UNKNOWN);
	}
	ck_assert_uint_lt(k.asked.n, 2048);
	ck_assert_int_eq(on_netgroups(&k, &nothing, &m), OK);
	ck_assert_uint_le(m.questions.n, NETGROUPS_OCTETS_MAX);
	end();
}
END_TEST

TCase *
check_netgroups(void)
{
	TCase *tc = tcase_create("keycheck/netgroups");

	tcase_add_test(tc, what_was_asked_is_answered_by_its_words);
	tcase_add_test(tc, answers_that_do_not_fit_are_none);
	tcase_add_test(tc, another_request_begins_anew);
	tcase_add_test(tc, there_is_room_for_so_many_and_no_more);
	return tc;
}
