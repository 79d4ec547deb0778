#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"

/* One of each, RFC 4251 §5, the last two in a string of their own */
static const char whole[] = "\x7f"             /* u8 */
			    "\1"               /* bool */
			    "\x29\xb7\xf4\xaa" /* u32 */
			    "\0\0\0\1\0\0\0\2" /* u64 */
			    "raw"
			    "\0\0\0\7testing" /* string */
			    "\0\0\0\0"        /* string of NULL */
			    "\0\0\0\12"
			    "\0\0\0\2\0\x80" /* mpint 80 */
			    "\0\0\0\0";      /* mpint 0 */

static void
write_whole(struct wr *w)
{
	size_t mark;

	wr_u8(w, 0x7f);
	wr_bool(w, true);
	wr_u32(w, 699921578);
	wr_u64(w, 0x100000002);
	wr_raw(w, SLICE_STR("raw"));
	wr_string(w, SLICE_STR("testing"));
	wr_cstr(w, NULL);
	mark = wr_begin(w);
	wr_mpint(w, SLICE_STR("\0\0\x80"));
	wr_mpint(w, SLICE_STR("\0\0"));
	wr_finish(w, mark);
}

START_TEST(writes_every_type_into_a_room)
{
	uint8_t room[sizeof(whole)];
	struct wr w = wr_to(bytes_make(room, sizeof(room)));
	size_t n;

	write_whole(&w);
	ck_assert_int_eq(wr_end(&w, &n), OK);
	ck_assert(slice_equal(slice_make(room, n), SLICE_STR(whole)));
}
END_TEST

START_TEST(appends_every_type_to_a_buffer)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w;
	size_t n;

	ck_assert_int_eq(buf_append_cstr(&b, "before"), OK);
	w = wr_into(&b);
	write_whole(&w);
	ck_assert_int_eq(wr_end(&w, &n), OK);
	ck_assert_uint_eq(n, sizeof(whole) - 1);
	ck_assert(slice_is(slice_first(buf_slice(&b), 6), "before"));
	ck_assert(slice_equal(slice_skip(buf_slice(&b), 6), SLICE_STR(whole)));
}
END_TEST

static bool
is_untouched(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0xee)
		n--;
	return n == 0;
}

/* A room that is too small by however much; what lies behind it is safe. */
START_TEST(stops_at_the_end_of_its_room)
{
	for (size_t size = 0; size < sizeof(whole) - 1; size++) {
		uint8_t room[sizeof(whole)];
		struct wr w = wr_to(bytes_make(room, size));
		size_t n;

		memset(room, 0xee, sizeof(room));
		write_whole(&w);
		ck_assert_int_eq(wr_end(&w, &n), ERR_TOO_LONG);
		ck_assert_uint_eq(n, 0);
		ck_assert(is_untouched(room + size, sizeof(room) - size));
	}
}
END_TEST

START_TEST(stops_at_the_limit_of_its_buffer)
{
	for (size_t limit = 1; limit < sizeof(whole) - 1; limit++) {
		SCOPED(buf_clear) struct buf b = BUF_LIMIT(limit);
		struct wr w = wr_into(&b);

		write_whole(&w);
		ck_assert_int_eq(wr_end(&w, NULL), ERR_TOO_LONG);
		ck_assert_uint_le(b.n, limit);
	}
}
END_TEST

START_TEST(stays_failed)
{
	uint8_t room[16];
	struct wr w = wr_to(BYTES_OF(room));

	wr_u32(&w, 1);
	wr_fail(&w, ERR_PHASE);
	wr_fail(&w, ERR_FORMAT);
	wr_u8(&w, 2);
	ck_assert_int_eq(wr_end(&w, NULL), ERR_PHASE);
}
END_TEST

START_TEST(nests_strings_of_unknown_length)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);
	size_t outer = wr_begin(&w);
	size_t inner = wr_begin(&w);

	wr_raw(&w, SLICE_STR("ab"));
	wr_finish(&w, inner);
	inner = wr_begin(&w);
	wr_finish(&w, inner);
	wr_finish(&w, outer);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert(slice_equal(buf_slice(&b),
	    SLICE_STR("\0\0\0\12\0\0\0\2ab\0\0\0\0")));
}
END_TEST

/* Write a number, read it again. */
static bool
comes_back(struct slice number)
{
	uint8_t room[16];
	struct wr w = wr_to(BYTES_OF(room));
	struct slice again;
	struct rd r;
	size_t n;

	wr_mpint(&w, number);
	if (wr_end(&w, &n) != OK)
		return false;
	r = rd_from(slice_make(room, n));
	again = rd_mpint(&r, 5);
	while (number.n > 0 && number.p[0] == 0)
		number = slice_skip(number, 1);
	return rd_end(&r) == OK && slice_equal(again, number);
}

/* What a writer wrote, a reader reads: every first octet and length. */
START_TEST(writes_numbers_that_are_read_again)
{
	uint8_t magnitude[5] = {0, 0, 1, 2, 3};

	for (int first = 0; first < 256; first++) {
		magnitude[0] = (uint8_t)first;
		for (size_t n = 0; n <= sizeof(magnitude); n++)
			ck_assert(comes_back(slice_make(magnitude, n)));
	}
}
END_TEST

TCase *
check_wr(void)
{
	TCase *tc = tcase_create("base/wr");

	tcase_add_test(tc, writes_every_type_into_a_room);
	tcase_add_test(tc, appends_every_type_to_a_buffer);
	tcase_add_test(tc, stops_at_the_end_of_its_room);
	tcase_add_test(tc, stops_at_the_limit_of_its_buffer);
	tcase_add_test(tc, stays_failed);
	tcase_add_test(tc, nests_strings_of_unknown_length);
	tcase_add_test(tc, writes_numbers_that_are_read_again);
	return tc;
}
