#include "key/fixture.h"
#include "started.h"

#include "sallyport/rpc/keeper_ops.h"

static struct rpc *errand;

static bool
signs(uint32_t number)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct fido_sign_msg m = {.number = number,
	    .flags = 1,
	    .handle = SLICE_STR("handle"),
	    .data = SLICE_STR("data")};
	struct fido_signed_msg rep;
	uint32_t got;

	fixture_blob("sk_ed25519", &blob);
	m.blob = buf_slice(&blob);
	ck_assert_int_eq(rpc_send(errand, KEEPER_FIDO_SIGN,
			     &layout_fido_sign_msg, &m),
	    OK);
	ck_assert_int_eq(rpc_receive(errand, false, &got), OK);
	ck_assert_uint_eq(got, KEEPER_FIDO_SIGNED);
	ck_assert_int_eq(rpc_decode(errand, &layout_fido_signed_msg, &rep), OK);
	ck_assert_uint_eq(rep.number, number);
	return rep.ok;
}

static const char *const useless[] = {"skhelper /nonexistent/lib.so",
    "skhelper libc.so.6", "skhelper /proc/self/exe"};

/* It says no each time, and lives on: the next one may be had. */
START_TEST(a_provider_that_is_none_signs_nothing)
{
	errand = started(useless[_i]);
	for (uint32_t i = 1; i <= 3; i++)
		ck_assert(!signs(i));
	ck_assert_int_eq(started_end(), 0);
}
END_TEST

START_TEST(ends_with_the_keeper)
{
	errand = started(useless[0]);
	ck_assert_int_eq(started_end(), 0);
}
END_TEST

START_TEST(a_provider_must_be_named)
{
	errand = started("skhelper");
	ck_assert_int_ne(started_end(), 0);
}
END_TEST

TCase *
check_skhelper(void)
{
	TCase *tc = tcase_create("errand/skhelper");

	tcase_add_loop_test(tc, a_provider_that_is_none_signs_nothing, 0, 3);
	tcase_add_test(tc, ends_with_the_keeper);
	tcase_add_test(tc, a_provider_must_be_named);
	return tc;
}
