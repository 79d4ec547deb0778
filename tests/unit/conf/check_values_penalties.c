#include "values_penalties.h"

#include "suite.h"
#include "values_cases.h"

#define PENALTIES(first)                                                       \
	first " authfail:5.000000 noauth:1.000000 invaliduser:5.000000 "       \
	      "grace-exceeded:10.000000 refuseconnection:10.000000 "           \
	      "max:600.000000 min:15.000000 max-sources4:65536 "               \
	      "max-sources6:65536 overflow:permissive overflow6:permissive"

static const struct good_line good[] = {
    {"", "persourcepenalties", PENALTIES("crash:90.000000")},
    {"PerSourcePenalties yes", "persourcepenalties",
	PENALTIES("crash:90.000000")},
    {"PerSourcePenalties no", "persourcepenalties", "no"},
    {"PerSourcePenalties no\nPerSourcePenalties yes", "persourcepenalties",
	"no"},
    /* the first value of each key, over all lines */
    {"PerSourcePenalties crash:0.5 crash:1\nPerSourcePenalties crash:3",
	"persourcepenalties", PENALTIES("crash:0.500000")},
    {"PerSourcePenalties no\nPerSourcePenalties crash:1m", "persourcepenalties",
	PENALTIES("crash:60.000000")},
    {"PerSourcePenaltyExemptList 10.0.0.0/8,::1", "persourcepenaltyexemptlist",
	"10.0.0.0/8,::1"},
};

START_TEST(takes_a_good_value)
{
	good_line(&good[_i]);
}
END_TEST

static const struct bad_line bad[] = {
    {"PerSourcePenalties maybe", "invalid PerSourcePenalties value"},
    {"PerSourcePenalties yes crash:1", "invalid PerSourcePenalties value"},
    {"PerSourcePenalties crash:x", "invalid PerSourcePenalties value"},
    {"PerSourcePenalties overflow:x", "invalid PerSourcePenalties value"},
    {"PerSourcePenalties max-sources4:0", "invalid PerSourcePenalties value"},
    {"PerSourcePenaltyExemptList 10.0.0.1/8",
	"invalid PerSourcePenaltyExemptList value"},
};

START_TEST(refuses_a_bad_value)
{
	bad_line(&bad[_i]);
}
END_TEST

START_TEST(overflow6_follows_overflow_unless_told)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(fixture_clear) struct fixture g = FIXTURE;

	fixture_main(&f, "PerSourcePenalties overflow:deny-all\n");
	fixture_apply(&f, NULL);
	ck_assert(f.conf.penalties.deny4 && f.conf.penalties.deny6);
	fixture_main(&g, "PerSourcePenalties overflow6:permissive\n"
			 "PerSourcePenalties overflow:deny-all\n");
	fixture_apply(&g, NULL);
	ck_assert(g.conf.penalties.deny4 && !g.conf.penalties.deny6);
}
END_TEST

TCase *check_values_penalties(void);

TCase *
check_values_penalties(void)
{
	TCase *tc = tcase_create("conf/values_penalties");

	tcase_add_loop_test(tc, takes_a_good_value, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refuses_a_bad_value, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, overflow6_follows_overflow_unless_told);
	return tc;
}
