#include "suite.h"

#include "sallyport/base/err.h"

#include <string.h>

#define WHOLE(e)                                                               \
	ck_assert_msg((e)[0] != '\0' && strchr(e, '\n') == NULL, "%s", e)

START_TEST(says_every_error_in_one_line)
{
	enum err e = (enum err)_i;

	WHOLE(err_name(e));
	WHOLE(err_sentence(e));
}
END_TEST

START_TEST(names_no_two_errors_alike)
{
	for (int other = 0; other < _i; other++)
		ck_assert_str_ne(err_name((enum err)_i),
		    err_name((enum err)other));
}
END_TEST

/* RFC 4250 §4.2.2 defines 1 to 15; 4 is reserved. */
START_TEST(gives_codes_that_the_rfc_defines)
{
	uint32_t code = err_disconnect_code((enum err)_i);

	ck_assert_uint_le(code, 15);
	ck_assert_uint_ne(code, 4);
}
END_TEST

START_TEST(tells_the_peer_nothing_of_what_is_ours)
{
	ck_assert_uint_eq(err_disconnect_code(OK), DISCONNECT_NONE);
	ck_assert_uint_eq(err_disconnect_code(ERR_SYSTEM), DISCONNECT_NONE);
	ck_assert_uint_eq(err_disconnect_code(ERR_NOMEM), DISCONNECT_NONE);
	ck_assert_uint_eq(err_disconnect_code(ERR_MAC), DISCONNECT_MAC_ERROR);
	ck_assert_uint_eq(err_disconnect_code(ERR_NO_KEX),
	    DISCONNECT_KEX_FAILED);
}
END_TEST

TCase *
check_err(void)
{
	TCase *tc = tcase_create("base/err");

	tcase_add_loop_test(tc, says_every_error_in_one_line, 0, ERR_COUNT);
	tcase_add_loop_test(tc, names_no_two_errors_alike, 0, ERR_COUNT);
	tcase_add_loop_test(tc, gives_codes_that_the_rfc_defines, 0, ERR_COUNT);
	tcase_add_test(tc, tells_the_peer_nothing_of_what_is_ours);
	return tc;
}
