#include "desk.h"

#include "sallyport/base/mem.h"

static enum verdict
offer(struct desk *d, const char *blob, const char *sig)
{
	struct pubkey_req req = {.has_sig = sig != NULL,
	    .alg = SLICE_STR("ssh-ed25519"),
	    .blob = slice_cstr(blob),
	    .sig = slice_cstr(sig != NULL ? sig : "")};
	struct verdict_rep rep;

	ck_assert_int_eq(on_auth_pubkey(&d->m, &req, &rep), OK);
	return (enum verdict)rep.verdict;
}

static void
begin(struct desk *d, const char *configuration)
{
	desk_init(d, configuration);
	ops_key_start(&d->m);
	ck_assert_ptr_nonnull(d->m.keycheck);
}

START_TEST(a_listed_key_would_do_and_its_signature_lets_in)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(offer(&d, "good", NULL), VERDICT_PK_OK);
	ck_assert(desk_said(&d, "VERBOSE Postponed publickey for alice from "));
	ck_assert_uint_eq(d.m.failures, 0);
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_SUCCESS);
	ck_assert(desk_logged(&d, "INFO Accepted publickey for alice from "
				  "192.0.2.7 port 4711 ssh2: ED25519 "
				  "SHA256:abc"));
	desk_clear(&d);
}
END_TEST

START_TEST(neither_a_stranger_nor_a_wrong_signature)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(offer(&d, "bad", NULL), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "bad", "sig"), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good", "gis"), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good", ""), VERDICT_FAILED);
	ck_assert_uint_eq(d.m.failures, 4);
	ck_assert_uint_eq(d.m.phase, PHASE_AUTH);
	desk_clear(&d);
}
END_TEST

/* keycheck's yes is for the key; who may come in is decided here. */
START_TEST(a_good_key_of_one_who_may_not_come_in)
{
	struct desk d;

	begin(&d, "");
	d.m.valid = false;
	ck_assert_int_eq(offer(&d, "good", NULL), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_FAILED);
	desk_clear(&d);
}
END_TEST

START_TEST(two_steps_need_two_keys)
{
	struct desk d;

	begin(&d, "AuthenticationMethods publickey,publickey\n");
	ck_assert_int_eq(offer(&d, "good one", "sig"), VERDICT_PARTIAL);
	ck_assert_int_eq(offer(&d, "good one", NULL), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good one", "sig"), VERDICT_FAILED);
	ck_assert(desk_said(&d, "refusing previously-used ED25519 key"));
	ck_assert_int_eq(offer(&d, "good two", "sig"), VERDICT_SUCCESS);
	desk_clear(&d);
}
END_TEST

START_TEST(restrictions_of_several_keys_add_up)
{
	struct desk d;

	begin(&d, "AuthenticationMethods publickey,publickey,publickey\n");
	ck_assert_int_eq(offer(&d, "good command", "sig"), VERDICT_PARTIAL);
	ck_assert_uint_eq(d.m.permits, PERMIT_ALL);
	ck_assert_int_eq(offer(&d, "good restrict", "sig"), VERDICT_PARTIAL);
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_SUCCESS);
	ck_assert_uint_eq(d.m.permits, PERMIT_PTY | PERMIT_RESTRICT);
	ck_assert(d.m.has_key_command);
	ck_assert_str_eq(d.m.key_command, "echo forced");
	desk_clear(&d);
}
END_TEST

/* A key that was only asked about grants and forces nothing. */
START_TEST(an_offer_leaves_no_option)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(offer(&d, "good command", NULL), VERDICT_PK_OK);
	ck_assert_int_eq(offer(&d, "good restrict", "wrong"), VERDICT_FAILED);
	ck_assert(!d.m.has_key_command);
	ck_assert_uint_eq(d.m.permits, PERMIT_ALL);
	ck_assert_uint_eq(d.m.nused, 0);
	desk_clear(&d);
}
END_TEST

START_TEST(root_with_forced_commands_only_needs_one)
{
	struct desk d;

	begin(&d, "PermitRootLogin forced-commands-only\n");
	d.m.account.uid = 0;
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good command", "sig"), VERDICT_SUCCESS);
	desk_clear(&d);
}
END_TEST

START_TEST(a_disabled_method_stays_disabled)
{
	struct desk d;

	begin(&d, "AuthenticationMethods password,publickey\n");
	ck_assert_int_eq(offer(&d, "good", NULL), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_FAILED);
	desk_clear(&d);
	desk_init(&d, "PubkeyAuthentication no\n"); /* no keycheck at all */
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_FAILED);
	desk_clear(&d);
	begin(&d, "PubkeyAuthentication no\nHostbasedAuthentication yes\n");
	ck_assert_int_eq(offer(&d, "crash", "sig"), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_FAILED);
	desk_clear(&d);
}
END_TEST

START_TEST(too_many_are_not_even_judged)
{
	struct desk d;

	begin(&d, "MaxAuthTries 1\n");
	ck_assert_int_eq(offer(&d, "bad", "sig"), VERDICT_TOO_MANY);
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_TOO_MANY);
	ck_assert(!desk_said(&d, "Accepted"));
	desk_clear(&d);
}
END_TEST

/* Its death is the connection's, and a crash is remembered. */
START_TEST(a_dead_keycheck_ends_it)
{
	struct pubkey_req req = {.alg = SLICE_STR("ssh-ed25519"),
	    .blob = SLICE_STR("crash")};
	struct verdict_rep rep;
	struct desk d;

	begin(&d, "");
	ck_assert_int_ne(on_auth_pubkey(&d.m, &req, &rep), OK);
	ops_key_stop(&d.m);
	ck_assert(d.m.crashed);
	desk_clear(&d);
}
END_TEST

/* ---- the host's key ---- */

static enum verdict
vouch(struct desk *d, const char *blob, const char *sig)
{
	const struct hostbased_req req = {.alg = SLICE_STR("ssh-ed25519"),
	    .blob = slice_cstr(blob),
	    .client_host = SLICE_STR("host.example."),
	    .client_user = SLICE_STR("carol"),
	    .sig = slice_cstr(sig)};
	struct verdict_rep rep;

	ck_assert_int_eq(on_auth_hostbased(&d->m, &req, &rep), OK);
	return (enum verdict)rep.verdict;
}

START_TEST(a_host_that_vouches_lets_in)
{
	struct desk d;

	begin(&d, "HostbasedAuthentication yes\n");
	ck_assert_int_eq(vouch(&d, "bad", "sig"), VERDICT_FAILED);
	ck_assert_int_eq(vouch(&d, "good", "gis"), VERDICT_FAILED);
	ck_assert_uint_eq(d.m.failures, 2);
	ck_assert_int_eq(vouch(&d, "good", "sig"), VERDICT_SUCCESS);
	ck_assert(desk_logged(&d, "INFO Accepted hostbased for alice from "
				  "192.0.2.7 port 4711 ssh2: ED25519 "
				  "SHA256:abc"));
	ck_assert_uint_eq(d.m.permits, PERMIT_ALL);
	desk_clear(&d);
}
END_TEST

START_TEST(it_is_off_and_nobody_is_asked)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(vouch(&d, "crash", "sig"), VERDICT_FAILED);
	ck_assert_int_eq(vouch(&d, "good", "sig"), VERDICT_FAILED);
	desk_clear(&d);
	begin(&d, "HostbasedAuthentication yes\n"
		  "AuthenticationMethods publickey,hostbased\n");
	ck_assert_int_eq(vouch(&d, "good", "sig"), VERDICT_FAILED);
	desk_clear(&d);
}
END_TEST

START_TEST(one_who_may_not_come_in_is_not_vouched_for)
{
	struct desk d;

	begin(&d, "HostbasedAuthentication yes\n");
	d.m.valid = false;
	ck_assert_int_eq(vouch(&d, "good", "sig"), VERDICT_FAILED);
	desk_clear(&d);
}
END_TEST

START_TEST(the_host_is_no_second_key_of_the_users)
{
	struct desk d;

	begin(&d, "HostbasedAuthentication yes\n"
		  "AuthenticationMethods hostbased,publickey,hostbased\n");
	ck_assert_int_eq(vouch(&d, "good", "sig"), VERDICT_PARTIAL);
	ck_assert_int_eq(offer(&d, "good", "sig"), VERDICT_FAILED);
	ck_assert_int_eq(offer(&d, "good two", "sig"), VERDICT_PARTIAL);
	ck_assert_int_eq(vouch(&d, "good two", "sig"), VERDICT_FAILED);
	ck_assert_int_eq(vouch(&d, "good three", "sig"), VERDICT_SUCCESS);
	desk_clear(&d);
}
END_TEST

/* What a method doesn't need, a keycheck that wants it is broken. */
START_TEST(each_method_is_told_of_its_own_alone)
{
	struct pubkey_req key = {.alg = SLICE_STR("ssh-ed25519"),
	    .blob = SLICE_STR("group")};
	struct hostbased_req host = {.alg = SLICE_STR("ssh-ed25519"),
	    .blob = SLICE_STR("program")};
	struct verdict_rep rep;
	struct desk d;

	begin(&d, "HostbasedAuthentication yes\n"
		  "AuthorizedKeysCommand /bin/x\n"
		  "AuthorizedKeysCommandUser root\n");
	ck_assert_int_eq(on_auth_pubkey(&d.m, &key, &rep), ERR_RPC);
	ck_assert_int_eq(on_auth_hostbased(&d.m, &host, &rep), ERR_RPC);
	desk_clear(&d);
}
END_TEST

TCase *
check_ops_key(void)
{
	TCase *tc = tcase_create("monitor/ops_key");

	tcase_add_test(tc, a_listed_key_would_do_and_its_signature_lets_in);
	tcase_add_test(tc, neither_a_stranger_nor_a_wrong_signature);
	tcase_add_test(tc, a_good_key_of_one_who_may_not_come_in);
	tcase_add_test(tc, two_steps_need_two_keys);
	tcase_add_test(tc, restrictions_of_several_keys_add_up);
	tcase_add_test(tc, an_offer_leaves_no_option);
	tcase_add_test(tc, root_with_forced_commands_only_needs_one);
	tcase_add_test(tc, a_disabled_method_stays_disabled);
	tcase_add_test(tc, too_many_are_not_even_judged);
	tcase_add_test(tc, a_dead_keycheck_ends_it);
	tcase_add_test(tc, a_host_that_vouches_lets_in);
	tcase_add_test(tc, it_is_off_and_nobody_is_asked);
	tcase_add_test(tc, one_who_may_not_come_in_is_not_vouched_for);
	tcase_add_test(tc, the_host_is_no_second_key_of_the_users);
	tcase_add_test(tc, each_method_is_told_of_its_own_alone);
	return tc;
}
