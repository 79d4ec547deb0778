#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define WORDS    4

/* A line and its words, as sshd_config's parser sees them */
static const struct {
	const char *line;
	const char *words[WORDS];
	enum err end;
} lines[] = {
    {"", {NULL}, ERR_NOT_FOUND},
    {" \t\r\f", {NULL}, ERR_NOT_FOUND},
    {"a", {"a"}, ERR_NOT_FOUND},
    {"  a\tb \r", {"a", "b"}, ERR_NOT_FOUND},
    {"a\fb", {"a", "b"}, ERR_NOT_FOUND},
    {"\"a b\" 'c d'", {"a b", "c d"}, ERR_NOT_FOUND},
    {"\"it's\" 'so \"so\"'", {"it's", "so \"so\""}, ERR_NOT_FOUND},
    {"pre\"in side\"post", {"prein sidepost"}, ERR_NOT_FOUND},
    {"\"\" ''", {"", ""}, ERR_NOT_FOUND},
    {"a\\ b \"a\\ b\"", {"a b", "a\\ b"}, ERR_NOT_FOUND},
    {"\\\\ \\\" \\'", {"\\", "\"", "'"}, ERR_NOT_FOUND},
    {"\"\\\\\\\"\\'\" '\\''", {"\\\"'", "'"}, ERR_NOT_FOUND},
    {"\\n\\ \\x", {"\\n \\x"}, ERR_NOT_FOUND},
    {"a\\", {"a\\"}, ERR_NOT_FOUND},
    {"/x # why", {"/x"}, ERR_NOT_FOUND},
    {"# all", {NULL}, ERR_NOT_FOUND},
    {"a#b \"#c\" \\#d", {"a#b", "#c", "\\#d"}, ERR_NOT_FOUND},
    {"a \"b", {"a"}, ERR_FORMAT},
    {"'", {NULL}, ERR_FORMAT},
    {"'a\\'", {NULL}, ERR_FORMAT},
    {"a 12345678901234567890", {"a"}, ERR_TOO_LONG},
};

START_TEST(takes_a_line_apart)
{
	struct slice rest = slice_cstr(lines[_i].line);
	char room[16];

	for (int k = 0; k < WORDS && lines[_i].words[k] != NULL; k++) {
		ck_assert_int_eq(text_word(&rest, room, sizeof(room)), OK);
		ck_assert_str_eq(room, lines[_i].words[k]);
	}
	ck_assert_int_eq(text_word(&rest, room, sizeof(room)), lines[_i].end);
	ck_assert_str_eq(room, "");
}
END_TEST

START_TEST(takes_no_nul_for_text)
{
	struct slice rest = SLICE_STR("a\0b");
	char room[16];

	ck_assert_int_eq(text_word(&rest, room, sizeof(room)), ERR_FORMAT);
}
END_TEST

START_TEST(fills_its_room_and_no_more)
{
	struct slice rest = SLICE_STR("abcd");
	char room[6] = "-----";

	ck_assert_int_eq(text_word(&rest, room, 4), ERR_TOO_LONG);
	ck_assert_int_eq(room[4], '-');
	ck_assert_int_eq(text_word(&rest, room, 5), OK);
	ck_assert_str_eq(room, "abcd");
}
END_TEST

static const struct {
	const char *text;
	enum err err;
	uint64_t v;
} numbers[] = {
    {"10", OK, 10},
    {"0020", OK, 20},
    {"65535", OK, 65535},
    {"9", ERR_SHORT, 0},
    {"0", ERR_SHORT, 0},
    {"65536", ERR_TOO_LONG, 0},
    {"18446744073709551615", ERR_TOO_LONG, 0},
    {"18446744073709551616", ERR_TOO_LONG, 0},
    {"99999999999999999999999999999999", ERR_TOO_LONG, 0},
    {"", ERR_FORMAT, 0},
    {"+10", ERR_FORMAT, 0},
    {"-10", ERR_FORMAT, 0},
    {" 10", ERR_FORMAT, 0},
    {"10 ", ERR_FORMAT, 0},
    {"0x10", ERR_FORMAT, 0},
    {"99999999999999999999999x", ERR_FORMAT, 0},
};

START_TEST(reads_numbers_within_bounds)
{
	uint64_t v = 0;
	enum err e = text_number(slice_cstr(numbers[_i].text), 10, 65535, &v);

	ck_assert_int_eq(e, numbers[_i].err);
	ck_assert(e != OK || v == numbers[_i].v);
}
END_TEST

START_TEST(reads_the_largest_number)
{
	uint64_t v;

	ck_assert_int_eq(text_number(SLICE_STR("18446744073709551615"), 0,
			     UINT64_MAX, &v),
	    OK);
	ck_assert(v == UINT64_MAX);
}
END_TEST

static const struct {
	const char *text;
	enum err err;
	uint32_t seconds;
	uint64_t ms;
} times[] = {
    {"0", OK, 0, 0},
    {"600", OK, 600, 600000},
    {"10m", OK, 600, 600000},
    {"1h30m", OK, 5400, 5400000},
    {"1H30", OK, 3630, 3630000},
    {"1w2d3h4m5s", OK, 788645, 788645000},
    {"1m1m", OK, 120, 120000},
    {"1.5", OK, 1, 1500},
    {"10.3s", OK, 10, 10300},
    {"0.0009", OK, 0, 0},
    {"1m0.25", OK, 60, 60250},
    {"2147483647", OK, 2147483647, 2147483647000},
    {"2147483647.999", OK, 2147483647, 2147483647999},
    {"2147483648", ERR_FORMAT, 0, 0},
    {"3550w5d3h14m8s", ERR_FORMAT, 0, 0},
    {"99999999999999999999w", ERR_FORMAT, 0, 0},
    {"", ERR_FORMAT, 0, 0},
    {"s", ERR_FORMAT, 0, 0},
    {"none", ERR_FORMAT, 0, 0},
    {"-1", ERR_FORMAT, 0, 0},
    {"1 m", ERR_FORMAT, 0, 0},
    {"5s3", ERR_FORMAT, 0, 0},
    {"1.5m", ERR_FORMAT, 0, 0},
    {"1.", ERR_FORMAT, 0, 0},
    {".5", ERR_FORMAT, 0, 0},
    {"1.5.5", ERR_FORMAT, 0, 0},
    {"1y", ERR_FORMAT, 0, 0},
};

START_TEST(sums_up_times)
{
	uint32_t seconds = 0;
	uint64_t ms = 0;
	struct slice s = slice_cstr(times[_i].text);
	enum err e = text_time(s, &seconds, &ms);

	ck_assert_int_eq(e, times[_i].err);
	ck_assert_int_eq(text_time(s, &seconds, NULL), e);
	ck_assert(e != OK || seconds == times[_i].seconds);
	ck_assert(e != OK || ms == times[_i].ms);
}
END_TEST

static const struct {
	const char *text;
	enum err err;
	uint64_t octets;
} sizes[] = {
    {"0", OK, 0},
    {"16", OK, 16},
    {"16b", OK, 16},
    {"1K", OK, 1024},
    {"1k", OK, 1024},
    {"1.5G", OK, 1610612736},
    {"0.1k", OK, 102},
    {"1.999999999999999999999K", OK, 2047},
    {"4T", OK, 4398046511104},
    {"1P", OK, 1125899906842624},
    {"7.5E", OK, 8646911284551352320},
    {"9223372036854775807", OK, 9223372036854775807},
    {"9223372036854775808", ERR_TOO_LONG, 0},
    {"8E", ERR_TOO_LONG, 0},
    {"18446744073709551615E", ERR_TOO_LONG, 0},
    {"99999999999999999999", ERR_TOO_LONG, 0},
    {"", ERR_FORMAT, 0},
    {"K", ERR_FORMAT, 0},
    {"-1", ERR_FORMAT, 0},
    {"1.K", ERR_FORMAT, 0},
    {"1KB", ERR_FORMAT, 0},
    {"1 K", ERR_FORMAT, 0},
    {"default", ERR_FORMAT, 0},
};

START_TEST(scales_sizes)
{
	uint64_t octets = 0;
	enum err e = text_size(slice_cstr(sizes[_i].text), &octets);

	ck_assert_int_eq(e, sizes[_i].err);
	ck_assert(e != OK || octets == sizes[_i].octets);
}
END_TEST

/* RFC 4648 §10 */
static const struct {
	const char *octets;
	const char *text;
} base64[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\x14\xfb\x9c\x03\xd9\x7e", "FPucA9l+"}, /* RFC 3548 §7 */
    {"\xff\xff\xff", "////"},
};

START_TEST(knows_the_rfcs_base64)
{
	struct slice octets = slice_cstr(base64[_i].octets);
	struct slice text = slice_cstr(base64[_i].text);
	char room[16];
	uint8_t back[8];
	size_t n;

	ck_assert_uint_eq(text_base64(octets, true, room, sizeof(room)),
	    text.n);
	ck_assert_str_eq(room, base64[_i].text);
	n = text_base64(octets, false, room, sizeof(room));
	ck_assert_uint_eq(n, (octets.n * 8 + 5) / 6);
	ck_assert(slice_starts(text, slice_make(room, n)));
	ck_assert_int_eq(text_unbase64(text, BYTES_OF(back), &n), OK);
	ck_assert(slice_equal(slice_make(back, n), octets));
}
END_TEST

START_TEST(decodes_what_it_encoded_also_in_place)
{
	for (size_t n = 0; n < 256; n++) {
		uint8_t octets[256];
		char text[360];
		size_t back;

		for (size_t i = 0; i < n; i++)
			octets[i] = (uint8_t)(i * 37 + n);
		back = text_base64(slice_make(octets, n), true, text,
		    sizeof(text));
		ck_assert_int_eq(text_unbase64(slice_make(text, back),
				     bytes_make(text, back), &back),
		    OK);
		ck_assert(
		    slice_equal(slice_make(text, back), slice_make(octets, n)));
	}
}
END_TEST

/* Each value has one text, and there is one value to each text. */
START_TEST(refuses_what_is_not_base64)
{
	static const char *const wrong[] = {"Z", "Zg",
	    "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9v Zm9",
	    "Zm9\n", "Zm-_", "=g==", "Zm9vYg=a"};
	uint8_t room[16];
	size_t n = 99;

	for (int i = 0; i < COUNT(wrong); i++) {
		ck_assert_int_eq(text_unbase64(slice_cstr(wrong[i]),
				     BYTES_OF(room), &n),
		    ERR_FORMAT);
		ck_assert_uint_eq(n, 0);
	}
}
END_TEST

START_TEST(takes_64_octets_for_letters_of_base64)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				      "mnopqrstuvwxyz0123456789+/";
	int known = 0;

	for (int c = 0; c < 256; c++) {
		uint8_t text[] = {'A', 'A', 'A', (uint8_t)c};
		const char *hit = c == 0 ? NULL : strchr(letters, c);
		uint8_t room[3] = {0};
		size_t n;

		if (c == '=')
			continue;
		ck_assert_int_eq(text_unbase64(slice_make(text, 4),
				     BYTES_OF(room), &n),
		    hit == NULL ? ERR_FORMAT : OK);
		ck_assert(hit == NULL || room[2] == hit - letters);
		known += hit != NULL;
	}
	ck_assert_int_eq(known, 64);
}
END_TEST

START_TEST(decodes_into_room_enough_only)
{
	uint8_t room[2];
	size_t n;

	ck_assert_int_eq(text_unbase64(SLICE_STR("Zm9v"), BYTES_OF(room), &n),
	    ERR_TOO_LONG);
	ck_assert_int_eq(text_unbase64(SLICE_STR("Zm8="), BYTES_OF(room), &n),
	    OK);
}
END_TEST

START_TEST(folds_ascii_letters_only)
{
	char text[] = "AZaz09[@\xc4";

	ck_assert(text_same_nocase(SLICE_STR("Yes"), SLICE_STR("yES")));
	ck_assert(!text_same_nocase(SLICE_STR("yes"), SLICE_STR("ye")));
	ck_assert(!text_same_nocase(SLICE_STR("@"), SLICE_STR("`")));
	ck_assert(!text_same_nocase(SLICE_STR("\xc4"), SLICE_STR("\xe4")));
	text_lower(text);
	ck_assert_str_eq(text, "azaz09[@\xc4");
}
END_TEST

START_TEST(trims_both_ends)
{
	ck_assert(slice_is(text_trim(SLICE_STR(" \t\r\n\fa b\r\n ")), "a b"));
	ck_assert_uint_eq(text_trim(SLICE_STR(" \n ")).n, 0);
	ck_assert_uint_eq(text_trim(SLICE_NONE).n, 0);
}
END_TEST

START_TEST(a_field_stands_between_blanks)
{
	struct slice rest = SLICE_STR(" \ta  \"b c\"\t");

	ck_assert(slice_is(text_field(&rest), "a"));
	ck_assert(slice_is(text_field(&rest), "\"b"));
	ck_assert(slice_is(text_field(&rest), "c\""));
	ck_assert_uint_eq(text_field(&rest).n, 0);
	ck_assert_uint_eq(text_field(&rest).n, 0);
	ck_assert_uint_eq(rest.n, 0);
}
END_TEST

TCase *
check_text(void)
{
	TCase *tc = tcase_create("base/text");

	tcase_add_loop_test(tc, takes_a_line_apart, 0, COUNT(lines));
	tcase_add_test(tc, takes_no_nul_for_text);
	tcase_add_test(tc, fills_its_room_and_no_more);
	tcase_add_loop_test(tc, reads_numbers_within_bounds, 0, COUNT(numbers));
	tcase_add_test(tc, reads_the_largest_number);
	tcase_add_loop_test(tc, sums_up_times, 0, COUNT(times));
	tcase_add_loop_test(tc, scales_sizes, 0, COUNT(sizes));
	tcase_add_loop_test(tc, knows_the_rfcs_base64, 0, COUNT(base64));
	tcase_add_test(tc, decodes_what_it_encoded_also_in_place);
	tcase_add_test(tc, refuses_what_is_not_base64);
	tcase_add_test(tc, takes_64_octets_for_letters_of_base64);
	tcase_add_test(tc, decodes_into_room_enough_only);
	tcase_add_test(tc, folds_ascii_letters_only);
	tcase_add_test(tc, trims_both_ends);
	tcase_add_test(tc, a_field_stands_between_blanks);
	return tc;
}
