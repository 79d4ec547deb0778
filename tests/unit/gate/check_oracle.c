#include "world.h"

#include "sallyport/proc/memfile.h"

static struct world w;

static const char *const lines[] = {
    "KexAlgorithms +diffie-hellman-group-exchange-sha256",
    "PubkeyAcceptedAlgorithms rsa-sha2-512",
    "Match User alice",
    "PubkeyAcceptedAlgorithms ssh-ed25519,ssh-ed25519-cert-v01@openssh.com",
    NULL,
};

static void
set_up(void)
{
	world_init(&w, lines);
}

static void
tear_down(void)
{
	world_clear(&w);
}

static bool
holds(struct slice s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

/* RFC 8308 §3.1: it is told before anybody says who they are. */
START_TEST(the_first_ext_info_tells_what_anybody_may_use)
{
	world_start(&w, false);
	world_service(&w);
	ck_assert_uint_eq(w.client.ext_infos, 1);
	ck_assert(holds(buf_slice(&w.client.ext_info), "rsa-sha2-512"));
	ck_assert(holds(buf_slice(&w.client.ext_info), "ssh-ed25519"));
	ck_assert(!holds(buf_slice(&w.client.ext_info), "-cert-"));
}
END_TEST

START_TEST(a_second_one_tells_what_this_user_may_use)
{
	static const char *const users[] = {"alice", "bob"};
	bool alice = _i == 0;

	world_start(&w, false);
	client_start(&w.client);
	client_send(&w.client,
	    SLICE_STR("\7\0\0\0\1\0\0\0\34ext-info-in-auth@openssh.com"
		      "\0\0\0\0010"));
	client_send(&w.client, SLICE_STR("\5\0\0\0\14ssh-userauth"));
	world_run(&w);
	world_request(&w, users[_i], "none", SLICE_NONE);
	ck_assert_uint_eq(w.client.ext_infos, 2);
	ck_assert(holds(buf_slice(&w.client.ext_info), "ssh-ed25519") == alice);
	ck_assert(
	    holds(buf_slice(&w.client.ext_info), "rsa-sha2-512") == !alice);
}
END_TEST

START_TEST(nobody_who_did_not_ask_gets_a_second_one)
{
	world_start(&w, false);
	world_service(&w);
	world_request(&w, NULL, "none", SLICE_NONE);
	ck_assert_uint_eq(w.client.ext_infos, 1);
}
END_TEST

START_TEST(the_banner_comes_in_a_memory_file)
{
	world_start(&w, false);
	ck_assert_int_eq(memfile_make("banner", SLICE_STR("Beware\n"),
			     &w.monitor.banner),
	    OK);
	world_service(&w);
	world_request(&w, NULL, "none", SLICE_NONE);
	ck_assert(slice_equal(client_got(&w.client),
	    SLICE_STR("\65\0\0\0\7Beware\n\0\0\0\0")));
	ck_assert_uint_eq(client_got(&w.client).p[0], MSG_USERAUTH_FAILURE);
}
END_TEST

START_TEST(refused_at_first_sight_is_refused_without_a_word)
{
	w.monitor.refused = true;
	world_start(&w, false);
	world_service(&w);
	world_request(&w, NULL, "none", SLICE_NONE);
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert_uint_eq(w.client.got.n, 0);
	ck_assert_uint_eq(w.monitor.log.n, 0);
}
END_TEST

START_TEST(groups_are_the_monitors_to_choose)
{
	struct client_options o = client_usual;

	o.kex = "diffie-hellman-group-exchange-sha256";
	w.client.o = o;
	world_start(&w, false);
	world_service(&w);
	ck_assert_str_eq(world_asked(&w), "group ");
}
END_TEST

START_TEST(methods_are_asked_for_by_what_they_are)
{
	world_start(&w, false);
	world_service(&w);
	world_request(&w, NULL, "publickey",
	    SLICE_STR("\0\0\0\0\13ssh-ed25519\0\0\0\1K"));
	world_request(&w, NULL, "hostbased",
	    SLICE_STR("\0\0\0\1a\0\0\0\1K\0\0\0\5host.\0\0\0\1u\0\0\0\1S"));
	world_request(&w, NULL, "gssapi-keyex", SLICE_STR("?"));
	ck_assert_str_eq(world_asked(&w),
	    "find_user:alice pubkey:ssh-ed25519 hostbased:host. "
	    "other:gssapi-keyex ");
}
END_TEST

START_TEST(a_host_bound_key_is_bound_to_the_key_of_this_connection)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr wr = wr_into(&b);

	world_start(&w, false);
	world_service(&w);
	wr_bool(&wr, false);
	wr_cstr(&wr, "ssh-ed25519");
	wr_cstr(&wr, "K");
	wr_string(&wr, buf_slice(&w.blob));
	ck_assert_int_eq(wr_end(&wr, NULL), OK);
	world_request(&w, NULL, "publickey-hostbound-v00@openssh.com",
	    buf_slice(&b));
	ck_assert_str_eq(world_asked(&w), "find_user:alice bound:ssh-ed25519 ");
}
END_TEST

TCase *
check_oracle(void)
{
	TCase *tc = tcase_create("gate/oracle");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_first_ext_info_tells_what_anybody_may_use);
	tcase_add_loop_test(tc, a_second_one_tells_what_this_user_may_use, 0,
	    2);
	tcase_add_test(tc, nobody_who_did_not_ask_gets_a_second_one);
	tcase_add_test(tc, the_banner_comes_in_a_memory_file);
	tcase_add_test(tc, refused_at_first_sight_is_refused_without_a_word);
	tcase_add_test(tc, groups_are_the_monitors_to_choose);
	tcase_add_test(tc, methods_are_asked_for_by_what_they_are);
	tcase_add_test(tc,
	    a_host_bound_key_is_bound_to_the_key_of_this_connection);
	return tc;
}
