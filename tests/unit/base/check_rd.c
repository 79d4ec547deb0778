#include "suite.h"

#include "sallyport/base/rd.h"

#define MAX 8

/* One of each, RFC 4251 §5 */
static const char whole[] = "\x7f"                /* u8 */
			    "\1"                  /* bool */
			    "\x29\xb7\xf4\xaa"    /* u32: 699921578 */
			    "\0\0\0\1\0\0\0\2"    /* u64 */
			    "\0\0\0\7testing"     /* string */
			    "\0\0\0\2\0\x80"      /* mpint 80 */
			    "\0\0\0\11zlib,none"; /* name-list */

static enum err
read_whole(struct slice s)
{
	struct rd r = rd_from(s);

	rd_u8(&r);
	rd_bool(&r);
	rd_u32(&r);
	rd_u64(&r);
	rd_string(&r);
	rd_mpint(&r, MAX);
	rd_namelist(&r, 16);
	return rd_end(&r);
}

START_TEST(reads_every_type)
{
	struct rd r = rd_from(SLICE_STR(whole));

	ck_assert_uint_eq(rd_u8(&r), 0x7f);
	ck_assert(rd_bool(&r));
	ck_assert_uint_eq(rd_u32(&r), 699921578);
	ck_assert_uint_eq(rd_u64(&r), 0x100000002);
	ck_assert(slice_is(rd_string(&r), "testing"));
	ck_assert(slice_is(rd_mpint(&r, 1), "\x80"));
	ck_assert_int_eq(rd_status(&r), OK);
	ck_assert_int_eq(rd_end(&r), ERR_TRAILING);
	ck_assert(slice_is(rd_namelist(&r, 9), "zlib,none"));
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

START_TEST(refuses_every_prefix)
{
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		ck_assert_int_eq(read_whole(slice_make(whole, n)), ERR_SHORT);
}
END_TEST

START_TEST(refuses_what_is_left_over)
{
	ck_assert_int_eq(read_whole(slice_make(whole, sizeof(whole))),
	    ERR_TRAILING);
}
END_TEST

START_TEST(takes_any_octet_but_zero_for_true)
{
	for (int c = 0; c < 256; c++) {
		uint8_t octet = (uint8_t)c;
		struct rd r = rd_from(SLICE_OF(octet));

		ck_assert(rd_bool(&r) == (c != 0));
	}
}
END_TEST

/* The first fault counts, and all that comes after is nothing. */
START_TEST(stays_failed)
{
	struct rd r = rd_from(SLICE_STR("\xff\xff\xff\xffjunk"));

	ck_assert_uint_eq(rd_string(&r).n, 0);
	rd_fail(&r, ERR_FORMAT);
	ck_assert_uint_eq(rd_u8(&r), 0);
	ck_assert(!rd_bool(&r));
	ck_assert_uint_eq(rd_u32(&r), 0);
	ck_assert_uint_eq(rd_u64(&r), 0);
	ck_assert_uint_eq(rd_raw(&r, 0).n, 0);
	ck_assert_uint_eq(rd_text(&r, 9).n, 0);
	ck_assert_uint_eq(rd_mpint(&r, 9).n, 0);
	ck_assert_uint_eq(rd_namelist(&r, 9).n, 0);
	ck_assert_uint_eq(rd_rest(&r).n, 0);
	ck_assert_int_eq(rd_status(&r), ERR_SHORT);
	ck_assert_int_eq(rd_end(&r), ERR_SHORT);
}
END_TEST

START_TEST(notes_a_fault_of_the_caller)
{
	struct rd r = rd_from(SLICE_STR("octets"));

	rd_fail(&r, ERR_PHASE);
	ck_assert_uint_eq(rd_u8(&r), 0);
	ck_assert_int_eq(rd_end(&r), ERR_PHASE);
}
END_TEST

START_TEST(gives_the_rest_and_raw_octets)
{
	struct rd r = rd_from(SLICE_STR("abcdef"));

	ck_assert(slice_is(rd_raw(&r, 2), "ab"));
	ck_assert(slice_is(rd_rest(&r), "cdef"));
	ck_assert_uint_eq(rd_rest(&r).n, 0);
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

static const struct {
	const char *octets;
	size_t n;
	enum err err;
	const char *text;
} texts[] = {
    {"\0\0\0\0", 4, OK, ""},
    {"\0\0\0\4abcd", 8, OK, "abcd"},
    {"\0\0\0\5abcde", 9, ERR_TOO_LONG, ""},
    {"\0\0\0\3a\0b", 7, ERR_FORMAT, ""},
    {"\0\0\0\4abc", 7, ERR_SHORT, ""},
};

START_TEST(reads_text_without_nul_up_to_its_bound)
{
	struct rd r = rd_from(slice_make(texts[_i].octets, texts[_i].n));

	ck_assert(slice_is(rd_text(&r, 4), texts[_i].text));
	ck_assert_int_eq(rd_end(&r), texts[_i].err);
}
END_TEST

/* RFC 4251 §5: the numbers it shows, and what it forbids */
static const struct {
	const char *octets;
	size_t n;
	enum err err;
	const char *magnitude;
} mpints[] = {
    {"\0\0\0\0", 4, OK, ""},
    {"\0\0\0\10\x09\xa3\x78\xf9\xb2\xe3\x32\xa7", 12, OK,
	"\x09\xa3\x78\xf9\xb2\xe3\x32\xa7"},
    {"\0\0\0\2\0\x80", 6, OK, "\x80"},
    {"\0\0\0\1\x7f", 5, OK, "\x7f"},
    {"\0\0\0\11\0\x80\2\3\4\5\6\7\10", 13, OK, "\x80\2\3\4\5\6\7\10"},
    {"\0\0\0\2\xed\xcc", 6, ERR_FORMAT, ""},
    {"\0\0\0\1\x80", 5, ERR_FORMAT, ""},
    {"\0\0\0\1\0", 5, ERR_FORMAT, ""},
    {"\0\0\0\2\0\x7f", 6, ERR_FORMAT, ""},
    {"\0\0\0\3\0\0\x80", 7, ERR_FORMAT, ""},
    {"\0\0\0\11\1\2\3\4\5\6\7\10\11", 13, ERR_TOO_LONG, ""},
};

START_TEST(reads_numbers_in_their_one_form)
{
	struct rd r = rd_from(slice_make(mpints[_i].octets, mpints[_i].n));

	ck_assert(slice_is(rd_mpint(&r, MAX), mpints[_i].magnitude));
	ck_assert_int_eq(rd_end(&r), mpints[_i].err);
}
END_TEST

START_TEST(reads_name_lists_of_visible_ascii_only)
{
	for (int c = 0; c < 256; c++) {
		uint8_t list[] = {0, 0, 0, 3, 'a', (uint8_t)c, 'b'};
		struct rd r = rd_from(SLICE_OF(list));
		bool visible = c > ' ' && c < 0x7f;

		ck_assert_uint_eq(rd_namelist(&r, 3).n, visible ? 3 : 0);
		ck_assert_int_eq(rd_end(&r), visible ? OK : ERR_FORMAT);
	}
}
END_TEST

START_TEST(reads_name_lists_up_to_their_bound)
{
	struct rd r = rd_from(SLICE_STR("\0\0\0\3a,b"));

	ck_assert_uint_eq(rd_namelist(&r, 2).n, 0);
	ck_assert_int_eq(rd_end(&r), ERR_TOO_LONG);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

TCase *
check_rd(void)
{
	TCase *tc = tcase_create("base/rd");

	tcase_add_test(tc, reads_every_type);
	tcase_add_test(tc, refuses_every_prefix);
	tcase_add_test(tc, refuses_what_is_left_over);
	tcase_add_test(tc, takes_any_octet_but_zero_for_true);
	tcase_add_test(tc, stays_failed);
	tcase_add_test(tc, notes_a_fault_of_the_caller);
	tcase_add_test(tc, gives_the_rest_and_raw_octets);
	tcase_add_loop_test(tc, reads_text_without_nul_up_to_its_bound, 0,
	    COUNT(texts));
	tcase_add_loop_test(tc, reads_numbers_in_their_one_form, 0,
	    COUNT(mpints));
	tcase_add_test(tc, reads_name_lists_of_visible_ascii_only);
	tcase_add_test(tc, reads_name_lists_up_to_their_bound);
	return tc;
}
