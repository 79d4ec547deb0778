#include "values.h"

#include "suite.h"
#include "values_cases.h"

static const struct good_line good[] = {
    /* yes and no, words, numbers */
    {"PermitEmptyPasswords YES", "permitemptypasswords", "yes"},
    {"StrictModes No", "strictmodes", "no"},
    {"MaxAuthTries 0", "maxauthtries", "0"},
    {"MaxAuthTries 2147483647", "maxauthtries", "2147483647"},
    {"SpawnerGeneration 1", "spawnergeneration", "1"},
    {"SpawnerGeneration 65535", "spawnergeneration", "65535"},
    {"StreamLocalBindMask 7", "streamlocalbindmask", "07"},
    {"StreamLocalBindMask 0\nStreamLocalBindMask 0777", "streamlocalbindmask",
	"0777"},
    /* times */
    {"LoginGraceTime 1.5", "logingracetime", "1"},
    {"LoginGraceTime 0", "logingracetime", "0"},
    {"LoginGraceTime 1w2D3h4M5", "logingracetime", "788645"},
    {"UnusedConnectionTimeout 5m", "unusedconnectiontimeout", "300"},
    {"UnusedConnectionTimeout None", "unusedconnectiontimeout", "none"},
    {"UnusedConnectionTimeout 3\nUnusedConnectionTimeout none",
	"unusedconnectiontimeout", "3"},
    /* the log */
    {"LogLevel debug1", "loglevel", "DEBUG"},
    {"LogLevel DEBUG", "loglevel", "DEBUG"},
    {"LogLevel Debug3", "loglevel", "DEBUG3"},
    {"LogLevel quiet", "loglevel", "QUIET"},
    {"SyslogFacility local7", "syslogfacility", "LOCAL7"},
};

START_TEST(takes_a_good_value)
{
	good_line(&good[_i]);
}
END_TEST

static const struct bad_line bad[] = {
    {"UsePAM maybe", "main line 1: unsupported option \"maybe\"."},
    {"UsePAM \"\"", "unsupported option \"\"."},
    {"MaxAuthTries x", "MaxAuthTries integer value invalid."},
    {"MaxAuthTries 1x", "MaxAuthTries integer value invalid."},
    {"maxauthtries 2147483648", "maxauthtries integer value too large."},
    {"SpawnerGeneration 0", "SpawnerGeneration integer value too small."},
    {"SpawnerGeneration 65536", "SpawnerGeneration integer value too large."},
    {"StreamLocalBindMask 8", "Invalid StreamLocalBindMask."},
    {"StreamLocalBindMask 01000", "Invalid StreamLocalBindMask."},
    {"StreamLocalBindMask \"\"", "Invalid StreamLocalBindMask."},
    {"LoginGraceTime x", "invalid time value."},
    {"LoginGraceTime 1x", "invalid time value."},
    {"LoginGraceTime 1.5h", "invalid time value."},
    {"LoginGraceTime none", "invalid time value."},
    {"LoginGraceTime 99999w", "invalid time value."},
    {"LogLevel loud", "unsupported log level 'loud'"},
    {"SyslogFacility x", "unsupported log facility 'x'"},
};

START_TEST(refuses_a_bad_value)
{
	bad_line(&bad[_i]);
}
END_TEST

START_TEST(a_list_keeps_what_was_added_in_order)
{
	struct arena *arena = arena_new();
	struct conf_list list = {NULL, 0};
	char name[2] = "a";

	for (size_t i = 0; i < 20; i++) {
		name[0] = (char)('a' + i);
		values_list_add(arena, &list,
		    arena_text(arena, slice_cstr(name)));
	}
	ck_assert_uint_eq(list.n, 20);
	for (size_t i = 0; i < list.n; i++)
		ck_assert_int_eq(list.v[i][0], (char)('a' + i));
	arena_free(arena);
}
END_TEST

TCase *check_values(void);

TCase *
check_values(void)
{
	TCase *tc = tcase_create("conf/values");

	tcase_add_loop_test(tc, takes_a_good_value, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refuses_a_bad_value, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, a_list_keeps_what_was_added_in_order);
	return tc;
}
