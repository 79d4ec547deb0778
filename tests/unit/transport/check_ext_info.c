#include "ext_info.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "suite.h"

START_TEST(tells_everything_first_and_algorithms_later)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);
	struct rd r;

	ext_info_write(&w, SLICE_STR("ssh-ed25519"), _i == 0);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	r = rd_from(buf_slice(&b));
	ck_assert_uint_eq(rd_u8(&r), 7);
	ck_assert_uint_eq(rd_u32(&r), _i == 0 ? 4 : 1);
	ck_assert(slice_is(rd_string(&r), "server-sig-algs"));
	ck_assert(slice_is(rd_string(&r), "ssh-ed25519"));
	for (int i = 0; _i == 0 && i < 3; i++) {
		ck_assert_uint_gt(rd_string(&r).n, 0);
		ck_assert(slice_is(rd_string(&r), "0"));
	}
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

static enum err
parses(struct slice name, struct slice value, uint32_t count,
    struct ext_info *info)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_u8(&w, 7);
	wr_u32(&w, count);
	wr_string(&w, name);
	wr_string(&w, value);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	return ext_info_parse(buf_slice(&b), info);
}

#define IN_AUTH SLICE_STR("ext-info-in-auth@openssh.com")

START_TEST(sees_the_wish_for_a_second_one)
{
	struct ext_info info;

	ck_assert_int_eq(parses(IN_AUTH, SLICE_STR("0"), 1, &info), OK);
	ck_assert(info.in_auth);
	ck_assert_int_eq(parses(IN_AUTH, SLICE_STR("1"), 1, &info), OK);
	ck_assert(!info.in_auth);
}
END_TEST

START_TEST(skips_what_it_does_not_know)
{
	struct ext_info info;

	ck_assert_int_eq(parses(SLICE_STR("no-such"), SLICE_STR("a\0b"), 1,
			     &info),
	    OK);
	ck_assert(!info.in_auth);
}
END_TEST

START_TEST(refuses_nul_where_it_looks)
{
	struct ext_info info;

	ck_assert_int_eq(parses(SLICE_STR("a\0b"), SLICE_STR("0"), 1, &info),
	    ERR_FORMAT);
	ck_assert_int_eq(parses(IN_AUTH, SLICE_STR("0\0"), 1, &info),
	    ERR_FORMAT);
}
END_TEST

START_TEST(counts_what_is_there)
{
	struct ext_info info;

	ck_assert_int_eq(parses(IN_AUTH, SLICE_STR("0"), 0, &info),
	    ERR_TRAILING);
	ck_assert_int_eq(parses(IN_AUTH, SLICE_STR("0"), 2, &info), ERR_SHORT);
	ck_assert_int_eq(parses(IN_AUTH, SLICE_STR("0"), 1024, &info),
	    ERR_TOO_LONG);
}
END_TEST

TCase *
check_ext_info(void)
{
	TCase *tc = tcase_create("transport/ext_info");

	tcase_add_loop_test(tc, tells_everything_first_and_algorithms_later, 0,
	    2);
	tcase_add_test(tc, sees_the_wish_for_a_second_one);
	tcase_add_test(tc, skips_what_it_does_not_know);
	tcase_add_test(tc, refuses_nul_where_it_looks);
	tcase_add_test(tc, counts_what_is_there);
	return tc;
}
