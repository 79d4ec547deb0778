#include "match.h"

#include "fixture.h"
#include "suite.h"

static const char *const groups[] = {"users", "wheel"};

static const struct conf_facts bob = {.user = "bob",
    .groups = groups,
    .ngroups = 2,
    .host = "Host.Example.com",
    .address = "10.0.1.7",
    .local_address = "192.0.2.1",
    .local_port = 22,
    .rdomain = "red"};
static const struct conf_facts nobody = {.local_port = -1};
static const struct conf_facts stranger = {.user = "bob",
    .invalid_user = true,
    .groups = groups,
    .ngroups = 2,
    .address = "2001:db8::5",
    .local_address = "fe80::1%eth0",
    .local_port = 2222};
static const struct conf_facts piped = {.user = "bob",
    .host = "UNKNOWN",
    .address = "UNKNOWN",
    .local_address = "UNKNOWN",
    .local_port = 65535};

static const struct {
	const char *condition;
	const struct conf_facts *facts;
	bool holds;
} cases[] = {
    {"all", &bob, true},
    {"ALL", &nobody, true},
    {"user bob", &bob, true},
    {"User=bob", &bob, true},
    {"user \"bob\"", &bob, true},
    {"user=\"bob\" # why", &bob, true},
    {"user Bob", &bob, false},
    {"user bo", &bob, false},
    {"user b*", &bob, true},
    {"user al,bob", &bob, true},
    {"user bob,!b*", &bob, false},
    {"user !al", &bob, false},
    {"user *,!al", &bob, true},
    {"user *", &nobody, false},
    {"user bob@x", &bob, false},
    {"group wheel", &bob, true},
    {"group whe?l", &bob, true},
    {"group root", &bob, false},
    {"group users,!wheel", &bob, false},
    {"group !wheel", &bob, false},
    {"group *", &nobody, false},
    {"group *", &stranger, false},
    {"invalid-user", &bob, false},
    {"invalid-user", &stranger, true},
    {"invalid-user user bob", &stranger, true},
    {"host host.example.com", &bob, true},
    {"host *.EXAMPLE.com", &bob, true},
    {"host example.com", &bob, false},
    {"host *", &nobody, false},
    {"address 10.0.1.7", &bob, true},
    {"address 10.0.1.8", &bob, false},
    {"address 10.0.1.7/32", &bob, true},
    {"address 10.0.0.0/16", &bob, true},
    {"address 0.0.0.0/0", &bob, true},
    {"address 0.0.0.0/0", &stranger, false},
    {"address 10.0.2.0/24", &bob, false},
    {"address 10.0.0.0/8,!10.0.1.0/24", &bob, false},
    {"address !10.0.1.7", &bob, false},
    {"address 10.0.1.*", &bob, true},
    {"address ::ffff:10.0.1.7", &bob, true},
    {"address 2001:db8::/32", &stranger, true},
    {"address 2001:db8:0::5", &stranger, true},
    {"address 2001:db8::/32", &bob, false},
    {"address 0.0.0.0/0,::/0", &nobody, false},
    {"address 0.0.0.0/0,::/0", &piped, false},
    {"address host.example.com", &bob, false},
    {"localaddress 192.0.2.0/24 localport 22", &bob, true},
    {"localaddress 192.0.2.0/24 localport 23", &bob, false},
    {"localport 22", &nobody, false},
    {"localport 65535", &piped, true},
    {"rdomain red", &bob, true},
    {"rdomain *", &nobody, false},
    {"version OpenSSH_10.*", &nobody, true},
    {"version OpenSSH_10.5p1", &nobody, true},
    {"version OpenSSH_9*", &bob, false},
    {"user bob host *.com address 10.0.0.0/8", &bob, true},
    {"user bob host *.org address 10.0.0.0/8", &bob, false},
};

START_TEST(a_block_holds_if_all_conditions_do)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(mem_free_at)
	char *text = mem_format("Match %s\nBanner /yes\n", cases[_i].condition);

	fixture_main(&f, text);
	ck_assert_msg(strcmp(fixture_value(&f, cases[_i].facts, "banner"),
			  cases[_i].holds ? "/yes" : "none") == 0,
	    "%s", cases[_i].condition);
}
END_TEST

static const struct {
	const char *condition;
	const char *said;
} bad[] = {
    {"foo", "ERROR: Unsupported Match attribute foo\n"
	    "FATAL: main line 1: Bad Match condition"},
    {"foo=x", "Unsupported Match attribute foo=x"},
    {"user", "ERROR: Missing Match criteria for user\n"},
    {"user=", "Missing Match criteria for user="},
    {"user \"\"", "Missing Match criteria for user"},
    {"all=x", "Unsupported Match attribute all=x"},
    {"all user x", "'all' cannot be combined with other Match attributes"},
    {"user x all", "'all' cannot be combined with other Match attributes"},
    {"all all", "'all' cannot be combined with other Match attributes"},
    {"localport x", "Invalid LocalPort 'x' on Match line"},
    {"localport 0", "Invalid LocalPort '0' on Match line"},
    {"localport 22,23", "Invalid LocalPort '22,23' on Match line"},
    {"address 10.0.1.0/8", "Invalid Match address argument '10.0.1.0/8' at "
			   "line 1"},
    {"address 10.0.0.1/24", "Invalid Match address argument"},
    {"address 2000:aa:bb:01::/56", "Invalid Match address argument"},
    {"address 10.0.0.0/33", "Invalid Match address argument"},
    {"localaddress 10.0.0.0/x", "Invalid Match localaddress argument"},
};

START_TEST(refuses_a_bad_condition)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(mem_free_at)
	char *text = mem_format("Match %s\n", bad[_i].condition);

	fixture_file(&f, "main", text);
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert_msg(fixture_said(&f, bad[_i].said), "%s", bad[_i].condition);
}
END_TEST

/* The quick ways (a literal name, a list of addresses) decide as the
 * lists do that the same text becomes with an element that is a name. */
START_TEST(the_quick_way_is_the_slow_way)
{
	static const char *const nets[] = {"10.0.1.7", "10.0.1.6/31",
	    "10.0.0.0/7", "0.0.0.0/0", "2001:db8::5", "2001:db8::4/127", "::/0",
	    "192.0.2.1", "fe80::1", "fe80::/10", "10.0.0.0/8,!10.0.1.0/24",
	    "!10.0.1.7,0.0.0.0/0", "!10.0.1.8", "::/0,0.0.0.0/0",
	    "!2001:db8::/32,::/0", "::ffff:10.0.1.7"};
	const struct conf_facts *all[] = {&bob, &stranger, &piped, &nobody};
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(mem_free_at)
	char *text =
	    mem_format("Match address %s\nBanner /a\nMatch localaddress "
		       "%s\nMaxSessions 1\n"
		       "Match address %s,203.0.113.9\nForceCommand a\n"
		       "Match localaddress %s,203.0.113.9\nMaxAuthTries 1\n",
		nets[_i], nets[_i], nets[_i], nets[_i]);

	fixture_main(&f, text);
	for (size_t i = 0; i < 4; i++) {
		fixture_apply(&f, all[i]);
		ck_assert_msg((f.conf.banner != NULL) ==
				  (f.conf.force_command != NULL),
		    "%s", nets[_i]);
		ck_assert_msg((f.conf.max_sessions == 1) ==
				  (f.conf.max_auth_tries == 1),
		    "%s", nets[_i]);
	}
}
END_TEST

START_TEST(groups_are_wanted_only_where_a_condition_asks)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(fixture_clear) struct fixture g = FIXTURE;

	fixture_main(&f, "Match user x\nMatch address 1.2.3.4\n");
	ck_assert(!conf_match_wants_groups(f.set));
	fixture_main(&g, "Match user x group y\n");
	ck_assert(conf_match_wants_groups(g.set));
}
END_TEST

TCase *check_match(void);

TCase *
check_match(void)
{
	TCase *tc = tcase_create("conf/match");

	tcase_add_loop_test(tc, a_block_holds_if_all_conditions_do, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tc, refuses_a_bad_condition, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, the_quick_way_is_the_slow_way, 0, 16);
	tcase_add_test(tc, groups_are_wanted_only_where_a_condition_asks);
	return tc;
}
