#include "fake.h"

START_TEST(reads_a_password_as_it_is)
{
	struct request req;

	ck_assert_int_eq(password_method.read(SLICE_STR("\0\0\0\0\6pass\0d"),
			     &req),
	    OK);
	ck_assert(!req.hopeless);
	ck_assert(slice_equal(req.password.password, SLICE_STR("pass\0d")));
}
END_TEST

START_TEST(a_change_of_password_counts_and_fails)
{
	struct fake f;
	struct request req;

	ck_assert_int_eq(password_method.read(SLICE_STR(
						  "\1\0\0\0\3old\0\0\0\3new"),
			     &req),
	    OK);
	ck_assert(req.hopeless);
	ck_assert_int_eq(password_method.read(SLICE_STR("\1\0\0\0\3old"), &req),
	    ERR_SHORT);
	fake_init(&f);
	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_FAILED;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "password",
			     SLICE_STR("\1\0\0\0\3old\0\0\0\3new")),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "other:password ");
	fake_clear(&f);
}
END_TEST

/* It is refused by whoever hashes it, at the price of one hash (SEC-37). */
START_TEST(a_password_as_long_as_a_packet_is_asked_for)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	static uint8_t fill[200000];
	struct wr w = wr_into(&b);
	struct request req;

	wr_bool(&w, false);
	wr_string(&w, SLICE_OF(fill));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(password_method.read(buf_slice(&b), &req), OK);
	ck_assert(!req.hopeless);
	ck_assert_uint_eq(req.password.password.n, 65536);
}
END_TEST

TCase *
check_password(void)
{
	TCase *tc = tcase_create("userauth/password");

	tcase_add_test(tc, reads_a_password_as_it_is);
	tcase_add_test(tc, a_change_of_password_counts_and_fails);
	tcase_add_test(tc, a_password_as_long_as_a_packet_is_asked_for);
	return tc;
}
