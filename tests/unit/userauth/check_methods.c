#include "fake.h"

START_TEST(every_method_is_found_by_its_name_alone)
{
	const struct method *m;
	size_t n = 0;

	for (; (m = methods_row(n)) != NULL; n++) {
		ck_assert_uint_le(strlen(m->name), METHODS_NAME_MAX);
		ck_assert_ptr_eq(methods_find(slice_cstr(m->name)), m);
		ck_assert_ptr_null(methods_find(
		    slice_first(slice_cstr(m->name), strlen(m->name) - 1)));
	}
	ck_assert_uint_eq(n, 7);
	ck_assert_ptr_null(methods_find(SLICE_NONE));
	ck_assert_ptr_null(methods_find(SLICE_STR("gssapi-keyex")));
}
END_TEST

/* Octets left over are a fault, too. */
START_TEST(every_method_takes_its_request_whole)
{
	const struct method *m = methods_row((size_t)_i);
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct slice body = fake_body(m->name);
	struct request req = {.hopeless = true};

	ck_assert_int_eq(m->read(body, &req), OK);
	ck_assert(!req.hopeless);
	for (size_t n = 0; n < body.n; n++)
		ck_assert_int_eq(m->read(slice_first(body, n), &req),
		    ERR_SHORT);
	ck_assert_int_eq(buf_append(&b, body), OK);
	ck_assert_int_eq(buf_append_cstr(&b, "x"), OK);
	ck_assert_int_eq(m->read(buf_slice(&b), &req), ERR_TRAILING);
	ck_assert_int_eq(userauth_parse(m->name, body), OK);
	ck_assert_int_eq(userauth_parse(m->name, buf_slice(&b)), ERR_TRAILING);
}
END_TEST

START_TEST(the_parser_of_an_unknown_method_minds_nothing)
{
	ck_assert_int_eq(userauth_parse("gssapi-keyex", SLICE_STR("x")), OK);
}
END_TEST

TCase *
check_methods(void)
{
	TCase *tc = tcase_create("userauth/methods");

	tcase_add_test(tc, every_method_is_found_by_its_name_alone);
	tcase_add_loop_test(tc, every_method_takes_its_request_whole, 0, 7);
	tcase_add_test(tc, the_parser_of_an_unknown_method_minds_nothing);
	return tc;
}
