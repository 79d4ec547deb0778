#include "fake.h"

static struct fake f;

static void
set_up(void)
{
	fake_init(&f);
}

static void
tear_down(void)
{
	fake_clear(&f);
}

#define OID "\0\0\0\13\6\11\52\206\110\206\367\22\1\2\2"

static enum err
request(struct slice body)
{
	return fake_request(&f, NULL, NULL, "gssapi-with-mic", body);
}

/* ---- the request ---- */

START_TEST(chooses_kerberos_whatever_else_is_offered)
{
	static const struct slice good[] = {
	    {(const uint8_t *)"\0\0\0\1" OID, 19},
	    {(const uint8_t *)"\0\0\0\2" OID "\0\0\0\0", 23},
	    {(const uint8_t *)"\0\0\0\2\0\0\0\3\6\1x" OID, 26},
	};

	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_PROMPT;
	ck_assert_int_eq(request(good[_i]), OK);
	ck_assert_str_eq(fake_asked(&f), "gss ");
	ck_assert(slice_equal(fake_sent(&f), SLICE_STR("\74" OID)));
	ck_assert_int_eq(f.auth.state, USERAUTH_TOKEN);
}
END_TEST

/* The tag belongs to the name; RFC 4462 §3.2. */
START_TEST(other_mechanisms_fail_like_an_unknown_method)
{
	static const struct slice hopeless[] = {
	    {(const uint8_t *)"\0\0\0\0", 4},
	    {(const uint8_t *)"\0\0\0\1\0\0\0\3\6\1x", 11},
	    {(const uint8_t *)"\0\0\0\1\0\0\0\11\52\206\110\206\367\22\1\2\2",
		17},
	};

	fake_bring_to(&f, USERAUTH_USER);
	ck_assert_int_eq(request(hopeless[_i]), OK);
	ck_assert_str_eq(fake_asked(&f), "other:gssapi-with-mic ");
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
}
END_TEST

START_TEST(a_request_cut_anywhere_or_with_more_behind_it_asks_nobody)
{
	struct slice whole = SLICE_STR("\0\0\0\2\0\0\0\3\6\1x" OID);

	fake_bring_to(&f, USERAUTH_USER);
	for (size_t n = 0; n < whole.n; n++)
		ck_assert_int_eq(request(slice_first(whole, n)), ERR_SHORT);
	ck_assert_int_eq(request(SLICE_STR("\0\0\0\1" OID "x")), ERR_TRAILING);
	ck_assert_int_eq(request(SLICE_STR("\377\377\377\377" OID)),
	    ERR_FORMAT);
	ck_assert_str_eq(fake_asked(&f), "");
}
END_TEST

/* ---- the exchange ---- */

static enum err
token(uint8_t message)
{
	return fake_input(&f, message, SLICE_STR("\0\0\0\4them"));
}

START_TEST(tokens_go_both_ways_and_the_mic_decides)
{
	fake_bring_to(&f, USERAUTH_TOKEN);
	f.verdict = VERDICT_PROMPT;
	ck_assert_int_eq(token(MSG_USERAUTH_GSSAPI_TOKEN), OK);
	ck_assert_str_eq(fake_asked(&f), "token:them ");
	ck_assert(slice_equal(fake_sent(&f), SLICE_STR("\75\0\0\0\4ours")));
	ck_assert_uint_eq(f.sent.n, 0);
	f.verdict = VERDICT_SUCCESS;
	ck_assert_int_eq(token(MSG_USERAUTH_GSSAPI_MIC), OK);
	ck_assert_str_eq(fake_asked(&f), "mic:them ");
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_SUCCESS);
	ck_assert(userauth_is_done(&f.auth));
}
END_TEST

/* A client that wants no proof of ours: there is no token to be sent. */
START_TEST(an_empty_token_is_not_sent)
{
	fake_bring_to(&f, USERAUTH_TOKEN);
	f.verdict = VERDICT_PROMPT;
	f.token = "";
	ck_assert_int_eq(token(MSG_USERAUTH_GSSAPI_TOKEN), OK);
	ck_assert_uint_eq(f.sent.n, 0);
	ck_assert_int_eq(f.auth.state, USERAUTH_MIC);
}
END_TEST

START_TEST(a_failure_is_told_behind_the_token_of_the_error)
{
	fake_bring_to(&f, USERAUTH_TOKEN);
	ck_assert_int_eq(token(MSG_USERAUTH_GSSAPI_TOKEN), OK);
	ck_assert(slice_equal(fake_sent(&f), SLICE_STR("\101\0\0\0\4ours")));
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
	ck_assert_int_eq(f.auth.state, USERAUTH_PROMPTED);
}
END_TEST

START_TEST(a_token_alone_lets_nobody_in)
{
	static const enum verdict yes[] = {VERDICT_SUCCESS, VERDICT_PARTIAL};

	fake_bring_to(&f, USERAUTH_TOKEN);
	f.verdict = yes[_i];
	ck_assert_int_eq(token(MSG_USERAUTH_GSSAPI_TOKEN), ERR_RPC);
	ck_assert(!userauth_is_done(&f.auth));
}
END_TEST

/* Kerberos has integrity: whoever sends no MIC has sent a wrong one. */
START_TEST(the_end_without_a_mic_is_an_empty_one)
{
	fake_bring_to(&f, USERAUTH_MIC);
	ck_assert_int_eq(fake_input(&f, MSG_USERAUTH_GSSAPI_EXCHANGE_COMPLETE,
			     SLICE_NONE),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "mic ");
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
	fake_clear(&f);
	fake_init(&f);
	fake_bring_to(&f, USERAUTH_MIC);
	ck_assert_int_eq(fake_input(&f, MSG_USERAUTH_GSSAPI_EXCHANGE_COMPLETE,
			     SLICE_STR("x")),
	    ERR_TRAILING);
}
END_TEST

START_TEST(a_new_request_abandons_the_exchange)
{
	fake_bring_to(&f, _i == 0 ? USERAUTH_TOKEN : USERAUTH_MIC);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "none", SLICE_NONE), OK);
	ck_assert_str_eq(fake_asked(&f), "cancel none ");
	ck_assert_int_eq(token(MSG_USERAUTH_GSSAPI_MIC), ERR_PHASE);
}
END_TEST

START_TEST(long_tokens_and_mics_end_it)
{
	SCOPED(buf_clear) struct buf body = BUF_EMPTY;
	struct wr w = wr_into(&body);
	uint8_t *octets = mem_new(GSS_TOKEN_MAX + 1);

	wr_string(&w, slice_make(octets, GSS_TOKEN_MAX + 1));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	mem_free(octets);
	fake_bring_to(&f, _i == 0 ? USERAUTH_TOKEN : USERAUTH_MIC);
	ck_assert_int_eq(fake_input(&f,
			     _i == 0 ? MSG_USERAUTH_GSSAPI_TOKEN
				     : MSG_USERAUTH_GSSAPI_MIC,
			     buf_slice(&body)),
	    ERR_TOO_LONG);
	ck_assert_str_eq(fake_asked(&f), "");
}
END_TEST

TCase *
check_gssapi(void)
{
	TCase *tc = tcase_create("userauth/gssapi");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, chooses_kerberos_whatever_else_is_offered, 0,
	    3);
	tcase_add_loop_test(tc, other_mechanisms_fail_like_an_unknown_method, 0,
	    3);
	tcase_add_test(tc,
	    a_request_cut_anywhere_or_with_more_behind_it_asks_nobody);
	tcase_add_test(tc, tokens_go_both_ways_and_the_mic_decides);
	tcase_add_test(tc, an_empty_token_is_not_sent);
	tcase_add_test(tc, a_failure_is_told_behind_the_token_of_the_error);
	tcase_add_loop_test(tc, a_token_alone_lets_nobody_in, 0, 2);
	tcase_add_test(tc, the_end_without_a_mic_is_an_empty_one);
	tcase_add_loop_test(tc, a_new_request_abandons_the_exchange, 0, 2);
	tcase_add_loop_test(tc, long_tokens_and_mics_end_it, 0, 2);
	return tc;
}
