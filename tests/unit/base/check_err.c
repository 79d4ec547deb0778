#include "suite.h"

#include "sallyport/base/err.h"

#include <stdbool.h>
#include <string.h>

static bool
is_line(const char *text)
{
	return text[0] != '\0' && strchr(text, '\n') == NULL;
}

START_TEST(says_every_error_in_one_line)
{
	for (enum err e = 0; e < ERR_COUNT; e++) {
		ck_assert(is_line(err_name(e)));
		ck_assert(is_line(err_sentence(e)));
	}
}
END_TEST

START_TEST(names_no_two_errors_alike)
{
	for (enum err e = 0; e < ERR_COUNT; e++) {
		for (enum err other = 0; other < e; other++)
			ck_assert_str_ne(err_name(e), err_name(other));
	}
}
END_TEST

/* RFC 4250 §4.2.2 defines 1 to 15; 4 is reserved. */
START_TEST(gives_codes_that_the_rfc_defines)
{
	for (enum err e = 0; e < ERR_COUNT; e++) {
		ck_assert_uint_le(err_disconnect_code(e), 15);
		ck_assert_uint_ne(err_disconnect_code(e), 4);
	}
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

	tcase_add_test(tc, says_every_error_in_one_line);
	tcase_add_test(tc, names_no_two_errors_alike);
	tcase_add_test(tc, gives_codes_that_the_rfc_defines);
	tcase_add_test(tc, tells_the_peer_nothing_of_what_is_ours);
	return tc;
}
