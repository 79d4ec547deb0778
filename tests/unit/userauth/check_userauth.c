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

/* ---- the table ---- */

enum fate { ENDS, UNKNOWN, IGNORED, ANSWERED, SILENT };

/* RFC 4462 §3.4, §3.5: behind a token that was accepted, and never again. */
static enum fate
fate_of_mic(enum userauth_state state)
{
	if (state == USERAUTH_MIC)
		return ANSWERED;
	return state == USERAUTH_TOKEN || state == USERAUTH_PROMPTED ? ENDS
								     : UNKNOWN;
}

/* RFC 4252, RFC 4256 and SEC-34 in a few sentences. */
static enum fate
fate_of(enum userauth_state state, unsigned int message)
{
	if (message == MSG_SERVICE_REQUEST)
		return state == USERAUTH_DONE ? IGNORED : ANSWERED;
	if (message == MSG_USERAUTH_REQUEST)
		return state == USERAUTH_START  ? UNKNOWN
		       : state == USERAUTH_DONE ? IGNORED
						: ANSWERED;
	if (message == MSG_USERAUTH_INFO_RESPONSE) {
		if (state == USERAUTH_PROMPT)
			return ANSWERED;
		if (state == USERAUTH_TOKEN)
			return ANSWERED;
		if (state == USERAUTH_MIC || state == USERAUTH_PROMPTED ||
		    state == USERAUTH_DONE)
			return ENDS;
	}
	if (message == MSG_USERAUTH_GSSAPI_EXCHANGE_COMPLETE ||
	    message == MSG_USERAUTH_GSSAPI_MIC)
		return fate_of_mic(state);
	if (message == MSG_USERAUTH_GSSAPI_ERRTOK) {
		if (state == USERAUTH_TOKEN || state == USERAUTH_MIC)
			return SILENT;
		if (state == USERAUTH_PROMPTED)
			return ENDS;
	}
	return message >= 50 && message <= 79 ? UNKNOWN : ENDS;
}

static enum err
input_well_formed(uint8_t message)
{
	if (message == MSG_SERVICE_REQUEST)
		return fake_input(&f, message,
		    SLICE_STR("\0\0\0\14ssh-userauth"));
	if (message == MSG_USERAUTH_REQUEST)
		return fake_request(&f, NULL, NULL, "none", SLICE_NONE);
	if (message == MSG_USERAUTH_GSSAPI_EXCHANGE_COMPLETE)
		return fake_input(&f, message, SLICE_NONE);
	/* a token, where it is one */
	if (f.auth.state == USERAUTH_TOKEN || f.auth.state == USERAUTH_MIC)
		return fake_input(&f, message, SLICE_STR("\0\0\0\1x"));
	return fake_input(&f, message, SLICE_STR("\0\0\0\1\0\0\0\2ok"));
}

static void
check_fate(enum userauth_state state, uint8_t message)
{
	enum fate fate = fate_of(state, message);
	enum err e;

	fake_init(&f);
	fake_bring_to(&f, state);
	e = input_well_formed(message);
	ck_assert_msg(e == (fate == ENDS ? ERR_PHASE : OK),
	    "state %d, message %u: %s", state, message, err_name(e));
	ck_assert_msg(f.unimplemented == (fate == UNKNOWN),
	    "state %d, message %u", state, message);
	ck_assert_msg((f.sent.n > 0) == (fate == ANSWERED),
	    "state %d, message %u: sent", state, message);
	if (fate == SILENT)
		ck_assert_str_eq(fake_asked(&f), "cancel ");
	else if (fate != ANSWERED)
		ck_assert_uint_eq(f.asked.n, 0);
	fake_clear(&f);
}

START_TEST(every_message_has_its_fate_in_every_state)
{
	for (unsigned int message = 0; message <= 255; message++)
		check_fate((enum userauth_state)_i, (uint8_t)message);
}
END_TEST

START_TEST(an_unexpected_message_is_told_by_its_number)
{
	enum err e = fake_input(&f, 90, SLICE_NONE);

	ck_assert_str_eq(userauth_fail(&f.auth, e),
	    "protocol error: rcvd type 90");
}
END_TEST

START_TEST(an_empty_payload_is_refused)
{
	ck_assert_int_eq(userauth_input(&f.auth, SLICE_NONE), ERR_SHORT);
}
END_TEST

/* ---- service ---- */

START_TEST(accepts_one_service_and_ends_at_others)
{
	enum err e;

	ck_assert_int_eq(fake_input(&f, MSG_SERVICE_REQUEST,
			     SLICE_STR("\0\0\0\14ssh-userauth")),
	    OK);
	ck_assert(
	    slice_equal(fake_sent(&f), SLICE_STR("\6\0\0\0\14ssh-userauth")));
	e = fake_input(&f, MSG_SERVICE_REQUEST,
	    SLICE_STR("\0\0\0\16ssh-connection"));
	ck_assert_int_eq(e, ERR_SERVICE);
	ck_assert_str_eq(userauth_fail(&f.auth, e),
	    "bad service request ssh-connection");
}
END_TEST

START_TEST(a_foreign_next_service_lets_nobody_in)
{
	static const char *const methods[] = {"none", "publickey", "password",
	    "keyboard-interactive", "publickey-hostbound-v00@openssh.com",
	    "gssapi-with-mic"};
	const char *m = methods[_i];

	fake_bring_to(&f, USERAUTH_SERVICE);
	ck_assert_int_eq(fake_request(&f, NULL, "ssh-shell", m, fake_body(m)),
	    OK);
	ck_assert_ptr_nonnull(strstr(fake_asked(&f), "find_user:alice other:"));
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_EXT_INFO);
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
}
END_TEST

/* ---- who is it ---- */

START_TEST(asks_for_the_user_once)
{
	fake_bring_to(&f, USERAUTH_SERVICE);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fake_request(&f, "bob:style", NULL, "none",
				     SLICE_NONE),
		    OK);
	ck_assert_str_eq(fake_asked(&f), "find_user:bob:style none none none ");
	ck_assert_str_eq(userauth_name(&f.auth), "bob");
}
END_TEST

static void
check_change(const char *user, const char *service, const char *why)
{
	enum err e;

	fake_bring_to(&f, USERAUTH_USER);
	e = fake_request(&f, user, service, "none", SLICE_NONE);
	ck_assert_int_eq(e, ERR_PHASE);
	ck_assert_str_eq(userauth_fail(&f.auth, e), why);
	ck_assert_str_eq(fake_asked(&f), "");
	ck_assert_uint_eq(f.sent.n, 0);
}

START_TEST(a_change_of_user_ends_it)
{
	check_change("root", NULL,
	    "Change of username or service not allowed: "
	    "(alice,ssh-connection) -> (root,ssh-connection)");
}
END_TEST

START_TEST(a_change_of_service_ends_it)
{
	check_change(NULL, "x",
	    "Change of username or service not allowed: "
	    "(alice,ssh-connection) -> (alice,x)");
}
END_TEST

/* The user's name is the longest prefix without a colon. */
START_TEST(a_prefix_of_the_name_is_another_name)
{
	fake_bring_to(&f, USERAUTH_USER);
	ck_assert_int_eq(fake_request(&f, "alic", NULL, "none", SLICE_NONE),
	    ERR_PHASE);
	ck_assert_int_eq(fake_request(&f, "alice2", NULL, "none", SLICE_NONE),
	    ERR_PHASE);
	ck_assert_int_eq(fake_request(&f, "alice:x", NULL, "none", SLICE_NONE),
	    OK);
}
END_TEST

START_TEST(names_with_a_nul_or_too_long_end_it)
{
	char name[1026];

	memset(name, 'x', sizeof(name));
	name[1025] = '\0';
	fake_bring_to(&f, USERAUTH_SERVICE);
	ck_assert_int_eq(fake_request(&f, name, NULL, "none", SLICE_NONE),
	    ERR_TOO_LONG);
	ck_assert_int_eq(fake_input(&f, MSG_USERAUTH_REQUEST,
			     SLICE_STR("\0\0\0\2a\0\0\0\0\16ssh-connection"
				       "\0\0\0\4none")),
	    ERR_FORMAT);
	ck_assert_str_eq(fake_asked(&f), "");
	name[1024] = '\0';
	ck_assert_int_eq(fake_request(&f, name, NULL, "none", SLICE_NONE), OK);
}
END_TEST

START_TEST(banner_and_ext_info_come_before_the_first_answer)
{
	f.found.banner = SLICE_STR("Beware\n");
	fake_bring_to(&f, USERAUTH_SERVICE);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "none", SLICE_NONE), OK);
	ck_assert(slice_equal(fake_sent(&f),
	    SLICE_STR("\65\0\0\0\7Beware\n\0\0\0\0")));
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_EXT_INFO);
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "none", SLICE_NONE), OK);
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
	ck_assert_uint_eq(f.sent.n, 0);
}
END_TEST

START_TEST(who_is_refused_at_first_sight_hears_nothing)
{
	f.found.refused = true;
	f.found.banner = SLICE_STR("Beware\n");
	fake_bring_to(&f, USERAUTH_SERVICE);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "none", SLICE_NONE),
	    ERR_DENIED);
	ck_assert_uint_eq(f.sent.n, 0);
	ck_assert_str_eq(fake_asked(&f), "find_user:alice ");
}
END_TEST

/* ---- verdicts ---- */

START_TEST(a_refusal_tells_the_methods_and_whether_a_step_was_passed)
{
	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = _i ? VERDICT_PARTIAL : VERDICT_FAILED;
	f.methods = "password";
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "publickey",
			     fake_body("publickey")),
	    OK);
	ck_assert(slice_equal(fake_sent(&f),
	    _i ? SLICE_STR("\63\0\0\0\10password\1")
	       : SLICE_STR("\63\0\0\0\10password\0")));
	ck_assert(!userauth_is_done(&f.auth));
}
END_TEST

START_TEST(success_is_the_last_thing_that_is_said)
{
	fake_bring_to(&f, USERAUTH_SERVICE);
	f.verdict = VERDICT_SUCCESS;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "password",
			     fake_body("password")),
	    OK);
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_EXT_INFO);
	ck_assert(slice_equal(fake_sent(&f), SLICE_STR("\64")));
	ck_assert(userauth_is_done(&f.auth));
}
END_TEST

START_TEST(too_many_failures_end_it_without_a_failure_message)
{
	enum err e;

	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_TOO_MANY;
	e = fake_request(&f, NULL, NULL, "password", fake_body("password"));
	ck_assert_int_eq(e, ERR_TOO_MANY_AUTH);
	ck_assert_str_eq(userauth_fail(&f.auth, e),
	    "Too many authentication failures");
	ck_assert_uint_eq(f.sent.n, 0);
}
END_TEST

/* PAM's account management may say why, and that is the last word. */
START_TEST(who_is_refused_in_the_end_is_told_why)
{
	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_REFUSED;
	f.message = _i ? SLICE_STR("closed\n") : SLICE_NONE;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "password",
			     fake_body("password")),
	    ERR_DENIED);
	if (_i)
		ck_assert(slice_equal(fake_sent(&f),
		    SLICE_STR("\65\0\0\0\7closed\n\0\0\0\0")));
	ck_assert_uint_eq(f.sent.n, 0);
	ck_assert(!userauth_is_done(&f.auth));
}
END_TEST

START_TEST(a_key_that_would_do_is_told_as_it_was_offered)
{
	static const char *const methods[] = {"publickey",
	    "publickey-hostbound-v00@openssh.com"};

	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_PK_OK;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, methods[_i],
			     fake_body(methods[_i])),
	    OK);
	ck_assert(slice_equal(fake_sent(&f),
	    SLICE_STR("\74\0\0\0\13ssh-ed25519\0\0\0\4BLOB")));
}
END_TEST

START_TEST(a_verdict_that_does_not_fit_is_an_error_of_ours)
{
	static const uint8_t verdicts[] = {VERDICT_PK_OK, VERDICT_PROMPT,
	    VERDICT_REFUSED + 1, 255};

	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = (enum verdict)verdicts[_i];
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "password",
			     fake_body("password")),
	    ERR_RPC);
	ck_assert_uint_eq(f.sent.n, 0);
}
END_TEST

START_TEST(what_cannot_succeed_does_not)
{
	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_SUCCESS;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "gssapi-keyex",
			     SLICE_NONE),
	    ERR_RPC);
	ck_assert(!userauth_is_done(&f.auth));
}
END_TEST

START_TEST(nobody_to_ask_is_an_error_of_ours)
{
	static const char *const methods[] = {"none", "publickey", "password",
	    "keyboard-interactive", "gssapi-with-mic"};

	fake_bring_to(&f, USERAUTH_USER);
	f.error = ERR_RPC;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, methods[_i],
			     fake_body(methods[_i])),
	    ERR_RPC);
	ck_assert_uint_eq(f.sent.n, 0);
}
END_TEST

/* ---- methods that aren't there ---- */

START_TEST(an_unknown_method_counts_and_fails)
{
	fake_bring_to(&f, USERAUTH_USER);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "gssapi-keyex",
			     SLICE_STR("whatever")),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "other:gssapi-keyex ");
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
}
END_TEST

/* It goes into "Failed METHOD for USER from …" */
START_TEST(a_method_cannot_be_more_than_a_word_of_the_log)
{
	static const char *const names[] = {"",
	    "password for root from 192.0.2.1 port 22 ssh2", "a\nb", "\xff"};

	fake_bring_to(&f, USERAUTH_USER);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, names[_i], SLICE_NONE),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "other:invalid-method ");
}
END_TEST

/*
 * SEC-36: whoever the user is, a malformed request ends the connection, and
 * nobody was asked.
 */
START_TEST(a_malformed_request_asks_nobody)
{
	const struct method *m = methods_row((size_t)_i);
	struct slice body = fake_body(m->name);

	for (size_t n = 0; n < body.n; n++) {
		fake_init(&f);
		fake_bring_to(&f, USERAUTH_SERVICE);
		ck_assert_int_eq(fake_request(&f, NULL, NULL, m->name,
				     slice_first(body, n)),
		    ERR_SHORT);
		ck_assert_str_eq(fake_asked(&f), "");
		fake_clear(&f);
	}
}
END_TEST

/* ---- dialogues ---- */

START_TEST(prompts_are_passed_on_and_answers_returned)
{
	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_PROMPT;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "keyboard-interactive",
			     SLICE_STR("\0\0\0\2en\0\0\0\3pam")),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "start:pam ");
	ck_assert(slice_equal(fake_sent(&f),
	    SLICE_STR("\74\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
		      "\0\0\0\4Pin?\0")));
	f.nprompts = 0;
	f.prompts = SLICE_NONE;
	ck_assert_int_eq(fake_input(&f, MSG_USERAUTH_INFO_RESPONSE,
			     SLICE_STR("\0\0\0\1\0\0\0\0041234")),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "answer:1234 ");
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_INFO_REQUEST);
	/* a message without prompts wants an answer, too */
	f.verdict = VERDICT_SUCCESS;
	ck_assert_int_eq(fake_input(&f, MSG_USERAUTH_INFO_RESPONSE,
			     SLICE_STR("\0\0\0\0")),
	    OK);
	ck_assert(userauth_is_done(&f.auth));
}
END_TEST

START_TEST(answers_are_as_many_as_prompts)
{
	fake_bring_to(&f, USERAUTH_PROMPT);
	ck_assert_int_eq(fake_input(&f, MSG_USERAUTH_INFO_RESPONSE,
			     SLICE_STR("\0\0\0\2\0\0\0\0\0\0\0\0")),
	    ERR_FORMAT);
	ck_assert_str_eq(fake_asked(&f), "");
}
END_TEST

START_TEST(a_new_request_abandons_the_dialogue)
{
	fake_bring_to(&f, USERAUTH_PROMPT);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "password",
			     fake_body("password")),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "cancel password:secret ");
	ck_assert_uint_eq(fake_sent(&f).p[0], MSG_USERAUTH_FAILURE);
	ck_assert_uint_eq(f.sent.n, 0); /* one answer for one request */
	ck_assert_int_eq(fake_input(&f, MSG_USERAUTH_INFO_RESPONSE,
			     SLICE_STR("\0\0\0\1\0\0\0\0")),
	    ERR_PHASE);
}
END_TEST

START_TEST(an_abandoned_dialogue_may_have_been_the_last_try)
{
	fake_bring_to(&f, USERAUTH_PROMPT);
	f.cancel = VERDICT_TOO_MANY;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "password",
			     fake_body("password")),
	    ERR_TOO_MANY_AUTH);
	ck_assert_str_eq(fake_asked(&f), "cancel ");
}
END_TEST

START_TEST(giving_up_lets_nobody_in)
{
	fake_bring_to(&f, USERAUTH_PROMPT);
	f.cancel = VERDICT_SUCCESS;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "none", SLICE_NONE),
	    ERR_RPC);
	ck_assert(!userauth_is_done(&f.auth));
}
END_TEST

/* ---- host-bound signatures ---- */

START_TEST(a_signature_for_another_server_ends_it)
{
	const char *m = "publickey-hostbound-v00@openssh.com";
	enum err e;

	fake_bring_to(&f, USERAUTH_USER);
	ck_assert_int_eq(fake_request(&f, NULL, NULL, m, fake_body(m)), OK);
	ck_assert_str_eq(fake_asked(&f), "bound:BLOB ");
	f.hostkey = "K_T";
	e = fake_request(&f, NULL, NULL, m, fake_body(m));
	ck_assert_int_eq(e, ERR_PHASE);
	ck_assert_str_eq(fake_asked(&f), "");
	ck_assert_str_eq(userauth_fail(&f.auth, e),
	    "signature is bound to another host key");
}
END_TEST

TCase *
check_userauth(void)
{
	TCase *tc = tcase_create("userauth/userauth");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, every_message_has_its_fate_in_every_state, 0,
	    USERAUTH_STATES);
	tcase_add_test(tc, an_unexpected_message_is_told_by_its_number);
	tcase_add_test(tc, an_empty_payload_is_refused);
	tcase_add_test(tc, accepts_one_service_and_ends_at_others);
	tcase_add_loop_test(tc, a_foreign_next_service_lets_nobody_in, 0, 6);
	tcase_add_test(tc, asks_for_the_user_once);
	tcase_add_test(tc, a_change_of_user_ends_it);
	tcase_add_test(tc, a_change_of_service_ends_it);
	tcase_add_test(tc, a_prefix_of_the_name_is_another_name);
	tcase_add_test(tc, names_with_a_nul_or_too_long_end_it);
	tcase_add_test(tc, banner_and_ext_info_come_before_the_first_answer);
	tcase_add_test(tc, who_is_refused_at_first_sight_hears_nothing);
	tcase_add_loop_test(tc,
	    a_refusal_tells_the_methods_and_whether_a_step_was_passed, 0, 2);
	tcase_add_test(tc, success_is_the_last_thing_that_is_said);
	tcase_add_test(tc, too_many_failures_end_it_without_a_failure_message);
	tcase_add_loop_test(tc, who_is_refused_in_the_end_is_told_why, 0, 2);
	tcase_add_loop_test(tc, a_key_that_would_do_is_told_as_it_was_offered,
	    0, 2);
	tcase_add_loop_test(tc, a_verdict_that_does_not_fit_is_an_error_of_ours,
	    0, 3);
	tcase_add_test(tc, what_cannot_succeed_does_not);
	tcase_add_loop_test(tc, nobody_to_ask_is_an_error_of_ours, 0, 5);
	tcase_add_test(tc, an_unknown_method_counts_and_fails);
	tcase_add_loop_test(tc, a_method_cannot_be_more_than_a_word_of_the_log,
	    0, 4);
	tcase_add_loop_test(tc, a_malformed_request_asks_nobody, 0, 5);
	tcase_add_test(tc, prompts_are_passed_on_and_answers_returned);
	tcase_add_test(tc, answers_are_as_many_as_prompts);
	tcase_add_test(tc, a_new_request_abandons_the_dialogue);
	tcase_add_test(tc, an_abandoned_dialogue_may_have_been_the_last_try);
	tcase_add_test(tc, giving_up_lets_nobody_in);
	tcase_add_test(tc, a_signature_for_another_server_ends_it);
	return tc;
}
