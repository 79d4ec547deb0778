#include "client.h"

START_TEST(attributes_come_back_as_they_went)
{
	uint8_t room[128];
	struct wr w = wr_to(BYTES_OF(room));
	struct attrs a = {.has = (uint32_t)_i,
			 .size = 1ull << 40,
			 .uid = 7,
			 .gid = 8,
			 .mode = 0100644,
			 .atime = 1,
			 .mtime = UINT32_MAX},
		     b;
	struct rd r;
	size_t n;

	attrs_write(&w, &a);
	ck_assert_int_eq(wr_end(&w, &n), OK);
	r = rd_from(slice_make(room, n));
	b = attrs_read(&r);
	ck_assert_int_eq(rd_end(&r), OK);
	ck_assert_uint_eq(b.has, a.has);
	ck_assert_uint_eq(b.size, _i & ATTR_SIZE ? a.size : 0);
	ck_assert_uint_eq(b.gid, _i & ATTR_OWNER ? a.gid : 0);
	ck_assert_uint_eq(b.mode, _i & ATTR_MODE ? a.mode : 0);
	ck_assert_uint_eq(b.mtime, _i & ATTR_TIMES ? a.mtime : 0);
}
END_TEST

START_TEST(unknown_extended_pairs_are_skipped_and_bounded)
{
	struct rd r = rd_from(SLICE_STR("\200\0\0\0\0\0\0\1\0\0\0\1a\0\0\0\0"));

	ck_assert_uint_eq(attrs_read(&r).has, ATTR_EXTENDED);
	ck_assert_int_eq(rd_end(&r), OK);
	r = rd_from(SLICE_STR("\200\0\0\0\0\0\0\2\0\0\0\1a\0\0\0\0"));
	(void)attrs_read(&r);
	ck_assert_int_eq(rd_status(&r), ERR_SHORT);
	r = rd_from(SLICE_STR("\200\0\0\0\0\x20\0\0"));
	(void)attrs_read(&r);
	ck_assert_int_eq(rd_status(&r), ERR_FORMAT);
}
END_TEST

START_TEST(times_beyond_32_bits_are_the_nearest)
{
	struct stat st = {.st_atime = -5, .st_mtime = (time_t)1 << 40};
	struct attrs a = attrs_of(&st);

	ck_assert_uint_eq(a.atime, 0);
	ck_assert_uint_eq(a.mtime, UINT32_MAX);
}
END_TEST

TCase *
check_attrs(void)
{
	TCase *tc = tcase_create("attrs");

	tcase_add_loop_test(tc, attributes_come_back_as_they_went, 0, 16);
	tcase_add_test(tc, unknown_extended_pairs_are_skipped_and_bounded);
	tcase_add_test(tc, times_beyond_32_bits_are_the_nearest);
	return tc;
}
