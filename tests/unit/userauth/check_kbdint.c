#include "fake.h"

START_TEST(the_language_is_ignored_and_devices_are_passed_on)
{
	struct request req;

	ck_assert_int_eq(kbdint_method.read(SLICE_STR(
						"\0\0\0\2de\0\0\0\7pam,skey"),
			     &req),
	    ERR_TRAILING);
	ck_assert_int_eq(kbdint_method.read(SLICE_STR(
						"\0\0\0\2de\0\0\0\10pam,skey"),
			     &req),
	    OK);
	ck_assert(slice_is(req.kbdint.devices, "pam,skey"));
}
END_TEST

/* CVE-2015-5600: a list without end isn't worked through. */
START_TEST(a_long_list_of_devices_is_cut)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	static uint8_t fill[200000];
	struct wr w = wr_into(&b);
	struct request req;

	wr_cstr(&w, "");
	wr_string(&w, SLICE_OF(fill));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(kbdint_method.read(buf_slice(&b), &req), OK);
	ck_assert_uint_eq(req.kbdint.devices.n, 4096);
}
END_TEST

/* RFC 4256 §3.2 */
START_TEST(a_request_holds_name_instruction_and_prompts)
{
	struct prompt_rep p = {.name = SLICE_STR("N"),
	    .instruction = SLICE_STR("I"),
	    .n = 2,
	    .prompts = SLICE_STR("\0\0\0\1a\1\0\0\0\1b\0")};
	uint8_t room[128];
	struct wr w = wr_to(BYTES_OF(room));
	size_t n;

	kbdint_write_request(&w, &p);
	ck_assert_int_eq(wr_end(&w, &n), OK);
	ck_assert_uint_le(n, kbdint_request_max(&p));
	ck_assert(slice_equal(slice_make(room, n),
	    SLICE_STR("\74\0\0\0\1N\0\0\0\1I\0\0\0\0\0\0\0\2"
		      "\0\0\0\1a\1\0\0\0\1b\0")));
}
END_TEST

static const char two[] = "\0\0\0\2\0\0\0\1a\0\0\0\0";

START_TEST(reads_as_many_answers_as_are_due)
{
	struct answer_req req;

	ck_assert_int_eq(kbdint_read_response(SLICE_STR(two), 2, &req), OK);
	ck_assert_uint_eq(req.n, 2);
	ck_assert(slice_equal(req.answers, SLICE_STR("\0\0\0\1a\0\0\0\0")));
	ck_assert_int_eq(kbdint_read_response(SLICE_STR("\0\0\0\0"), 0, &req),
	    OK);
	ck_assert_uint_eq(req.answers.n, 0);
}
END_TEST

START_TEST(refuses_every_other_count_and_every_prefix)
{
	struct answer_req req;

	ck_assert_int_eq(kbdint_read_response(SLICE_STR(two), 1, &req),
	    ERR_FORMAT);
	ck_assert_int_eq(kbdint_read_response(SLICE_STR(two), 3, &req),
	    ERR_FORMAT);
	ck_assert_int_eq(kbdint_read_response(SLICE_STR("\377\377\377\377"), 0,
			     &req),
	    ERR_FORMAT);
	for (size_t n = 4; n < sizeof(two) - 1; n++)
		ck_assert_int_eq(kbdint_read_response(
				     slice_first(SLICE_STR(two), n), 2, &req),
		    ERR_SHORT);
	ck_assert_int_eq(kbdint_read_response(slice_make(two, sizeof(two)), 2,
			     &req),
	    ERR_TRAILING);
}
END_TEST

/* CVE-2002-0639: a count is never more than a bound of a loop. */
START_TEST(answers_have_a_bound)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	static uint8_t fill[METHODS_ANSWER_MAX];
	struct wr w = wr_into(&b);
	struct answer_req req;

	wr_u32(&w, 1);
	wr_string(&w, SLICE_OF(fill));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(kbdint_read_response(buf_slice(&b), 1, &req),
	    ERR_TOO_LONG);
}
END_TEST

TCase *
check_kbdint(void)
{
	TCase *tc = tcase_create("userauth/kbdint");

	tcase_add_test(tc, the_language_is_ignored_and_devices_are_passed_on);
	tcase_add_test(tc, a_long_list_of_devices_is_cut);
	tcase_add_test(tc, a_request_holds_name_instruction_and_prompts);
	tcase_add_test(tc, reads_as_many_answers_as_are_due);
	tcase_add_test(tc, refuses_every_other_count_and_every_prefix);
	tcase_add_test(tc, answers_have_a_bound);
	return tc;
}
