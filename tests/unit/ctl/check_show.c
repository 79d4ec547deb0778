#include "suite.h"

#include "ctl.h"

#include <string.h>

/* Whatever a stranger put there, it is one JSON string of ASCII. */
START_TEST(every_octet_makes_a_json_string)
{
	const uint8_t octet = (uint8_t)_i;
	const char *text = show_json(slice_make(&octet, 1));
	size_t n = strlen(text);

	ck_assert_int_eq(text[0], '"');
	ck_assert_int_eq(text[n - 1], '"');
	for (size_t i = 1; i < n - 1; i++) {
		ck_assert_int_ge(text[i], ' ');
		ck_assert_int_le(text[i], '~');
		ck_assert(text[i] != '"' || text[i - 1] == '\\');
	}
	ck_assert(n == 3 || text[1] == '\\');
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	static uint8_t text[65536];
	const char *json;

	memset(text, 1, sizeof(text));
	json = show_json(SLICE_OF(text));
	ck_assert_uint_lt(strlen(json), 8192);
	ck_assert_int_eq(json[strlen(json) - 1], '"');
}
END_TEST

START_TEST(ages_have_two_units)
{
	ck_assert_str_eq(show_age(999), "0s");
	ck_assert_str_eq(show_age(59999), "59s");
	ck_assert_str_eq(show_age(60000), "1m 0s");
	ck_assert_str_eq(show_age(3661000), "1h 1m");
	ck_assert_str_eq(show_age(90000000), "1d 1h");
}
END_TEST

START_TEST(octets_have_three_digits)
{
	ck_assert_str_eq(show_octets(0), "0");
	ck_assert_str_eq(show_octets(999), "999");
	ck_assert_str_eq(show_octets(1536), "1.5K");
	ck_assert_str_eq(show_octets((uint64_t)3 << 30), "3.0G");
	ck_assert_str_eq(show_octets(UINT64_MAX), "16.0E");
}
END_TEST

START_TEST(times_are_in_utc)
{
	ck_assert_str_eq(show_time(0), "1970-01-01T00:00:00Z");
}
END_TEST

TCase *
check_show(void)
{
	TCase *tc = tcase_create("ctl/show");

	tcase_add_loop_test(tc, every_octet_makes_a_json_string, 0, 256);
	tcase_add_test(tc, a_long_text_is_cut);
	tcase_add_test(tc, ages_have_two_units);
	tcase_add_test(tc, octets_have_three_digits);
	tcase_add_test(tc, times_are_in_utc);
	return tc;
}
