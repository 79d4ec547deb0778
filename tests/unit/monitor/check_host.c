#include "desk.h"

#include "sallyport/base/clock.h"

/* What the errand does; in desk.c it is called in the child. */
static void
start(struct desk *d, const char *configuration, enum lookup_result result,
    const char *name)
{
	desk_init(d, configuration);
	desk_lookup.result = (uint8_t)result;
	desk_lookup.name = slice_cstr(name);
	desk_lookup_silent = false;
	host_start(&d->m);
}

START_TEST(without_usedns_nobody_is_asked)
{
	struct desk d;

	start(&d, "UseDNS no\n", LOOKUP_CONFIRMED, "good.example");
	ck_assert_int_eq(d.m.lookup_pid, 0);
	host_learn(&d.m);
	ck_assert_str_eq(d.m.host, "192.0.2.7");
	desk_clear(&d);
}
END_TEST

START_TEST(a_confirmed_name_is_the_host)
{
	struct desk d;

	start(&d, "UseDNS yes\n", LOOKUP_CONFIRMED, "good.example");
	ck_assert_str_eq(d.m.host, "192.0.2.7");
	host_learn(&d.m);
	ck_assert_str_eq(d.m.host, "good.example");
	ck_assert_int_eq(d.m.lookup_pid, 0);
	ck_assert(!desk_said(&d, "INFO"));
	desk_clear(&d);
}
END_TEST

static const struct {
	enum lookup_result result;
	const char *name;
	const char *line; /* NULL: none */
} answers[] = {
    {LOOKUP_NONE, "", NULL},
    {LOOKUP_UNKNOWN, "bad.example",
	"INFO reverse mapping checking getaddrinfo for bad.example "
	"[192.0.2.7] failed."},
    {LOOKUP_ELSEWHERE, "bad.example",
	"INFO Address 192.0.2.7 maps to bad.example, but this does not map "
	"back to the address."},
    {LOOKUP_NASTY, "10.0.0.1",
	"INFO Nasty PTR record \"10.0.0.1\" is set up for 192.0.2.7, "
	"ignoring"},
    {(enum lookup_result)77, "x", NULL},
    /* an errand that was broken into: what it says must be a name */
    {LOOKUP_CONFIRMED, "", NULL},
    {LOOKUP_CONFIRMED, "a b.example", NULL},
    {LOOKUP_CONFIRMED, "*", NULL},
    {LOOKUP_CONFIRMED, "UPPER.example", NULL},
    {LOOKUP_CONFIRMED, "a,b", NULL},
    {LOOKUP_CONFIRMED, "line\nfeed", NULL},
};
#define ANSWERS (int)(sizeof(answers) / sizeof(answers[0]))

START_TEST(any_other_answer_leaves_the_address)
{
	struct desk d;

	start(&d, "UseDNS yes\n", answers[_i].result, answers[_i].name);
	host_learn(&d.m);
	ck_assert_str_eq(d.m.host, "192.0.2.7");
	if (answers[_i].line != NULL)
		ck_assert(desk_logged(&d, answers[_i].line));
	else
		ck_assert(!desk_said(&d, "INFO"));
	desk_clear(&d);
}
END_TEST

/* However long a resolver takes, a login doesn't. */
START_TEST(who_doesnt_answer_in_time_isnt_waited_for)
{
	struct desk d;

	desk_init(&d, "UseDNS yes\n");
	desk_lookup_silent = true;
	host_start(&d.m);
	ck_assert_uint_gt(d.m.lookup_until_ms, clock_mono_ms());
	d.m.lookup_until_ms = clock_mono_ms() + 50;
	host_learn(&d.m);
	ck_assert_str_eq(d.m.host, "192.0.2.7");
	ck_assert(
	    desk_logged(&d, "INFO no name was found for 192.0.2.7 in time"));
	ck_assert(!d.m.crashed);
	desk_clear(&d);
}
END_TEST

START_TEST(a_connection_that_ends_leaves_no_errand)
{
	struct desk d;

	desk_init(&d, "UseDNS yes\n");
	desk_lookup_silent = true;
	host_start(&d.m);
	host_stop(&d.m);
	ck_assert_int_eq(d.m.lookup_pid, 0);
	host_stop(&d.m);
	desk_clear(&d);
}
END_TEST

START_TEST(the_name_is_what_lists_and_lines_see)
{
	struct desk d;

	desk_init(&d, "UsePAM no\nAllowUsers alice@*.Example\n");
	ck_assert(!admit_account(&d.m));
	ck_assert(desk_said(&d, "User alice from 192.0.2.7 not allowed because "
				"not listed in AllowUsers"));
	d.m.host = "good.example";
	ck_assert(admit_account(&d.m));
	desk_clear(&d);
	desk_init(&d, "UsePAM no\nDenyUsers *@good.example\n");
	d.m.host = "good.example";
	ck_assert(!admit_account(&d.m));
	ck_assert(desk_said(&d, "User alice from good.example not allowed "
				"because listed in DenyUsers"));
	/* a negated address speaks against a name that is listed */
	desk_clear(&d);
	desk_init(&d, "UsePAM no\nAllowUsers alice@*.example,!192.0.2.0/24\n");
	d.m.host = "good.example";
	ck_assert(!admit_account(&d.m));
	desk_clear(&d);
}
END_TEST

TCase *
check_host(void)
{
	TCase *tc = tcase_create("monitor/host");

	tcase_add_test(tc, without_usedns_nobody_is_asked);
	tcase_add_test(tc, a_confirmed_name_is_the_host);
	tcase_add_loop_test(tc, any_other_answer_leaves_the_address, 0,
	    ANSWERS);
	tcase_add_test(tc, who_doesnt_answer_in_time_isnt_waited_for);
	tcase_add_test(tc, a_connection_that_ends_leaves_no_errand);
	tcase_add_test(tc, the_name_is_what_lists_and_lines_see);
	return tc;
}
