#include "peer.h"

static struct wr
begin(struct peer *p, const char *name, bool want_reply)
{
	struct wr w = peer_begin(p, MSG_GLOBAL_REQUEST);

	wr_cstr(&w, name);
	wr_bool(&w, want_reply);
	return w;
}

START_TEST(a_granted_request_is_answered_with_its_reply)
{
	struct peer *p = peer_new(10);
	struct wr w = begin(p, "tcpip-forward", true);
	struct rd r;

	wr_cstr(&w, "127.0.0.1");
	wr_u32(&w, 8080);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_int_eq(p->global.kind, GLOBAL_TCPIP_FORWARD);
	ck_assert_uint_eq(p->global.port, 8080);
	ck_assert(slice_is(buf_slice(&p->names), "127.0.0.1|"));
	r = peer_expect(p, MSG_REQUEST_SUCCESS);
	ck_assert(slice_is(rd_rest(&r), "reply"));
	peer_free(p);
}
END_TEST

START_TEST(a_refused_one_only_if_an_answer_is_wanted)
{
	struct peer *p = peer_new(10);
	struct rd r;

	p->yes = false;
	for (int want = 0; want <= 1; want++) {
		struct wr w =
		    begin(p, "streamlocal-forward@openssh.com", want == 1);

		wr_cstr(&w, "/tmp/socket");
		ck_assert_int_eq(peer_give(p), OK);
		ck_assert(p->global.want_reply == (want == 1));
	}
	r = peer_expect(p, MSG_REQUEST_FAILURE);
	ck_assert_int_eq(rd_end(&r), OK);
	peer_expect_nothing(p);
	peer_free(p);
}
END_TEST

START_TEST(unknown_ones_fail)
{
	struct peer *p = peer_new(10);
	struct wr w = begin(p, "what@example.org", true);

	wr_raw(&w, SLICE_STR("anything"));
	ck_assert_int_eq(peer_give(p), OK);
	(void)peer_expect(p, MSG_REQUEST_FAILURE);
	ck_assert_uint_eq(p->globals, 0);
	peer_free(p);
}
END_TEST

START_TEST(a_keepalive_is_answered)
{
	struct peer *p = peer_new(10);

	(void)begin(p, "keepalive@openssh.com", true);
	ck_assert_int_eq(peer_give(p), OK);
	(void)peer_expect(p, MSG_REQUEST_SUCCESS);
	peer_free(p);
}
END_TEST

static void
ask_port(struct peer *p, uint32_t port, bool want_reply)
{
	struct wr w = begin(p, "tcpip-forward", want_reply);

	wr_cstr(&w, "");
	wr_u32(&w, port);
	ck_assert_int_eq(peer_give(p), OK);
}

/* RFC 4254 §4: answers carry no name, so they come in the order of the
 * requests. Channels don't wait. */
START_TEST(requests_behind_one_that_waits_are_taken_after_it)
{
	struct peer *p = peer_new(10);
	struct rd r;

	p->later = true;
	ask_port(p, 1, true);
	(void)begin(p, "keepalive@openssh.com", true);
	ck_assert_int_eq(peer_give(p), OK);
	ask_port(p, 2, false);
	ask_port(p, 3, true);
	peer_expect_nothing(p);
	ck_assert_uint_eq(p->globals, 1);
	p->later = false;
	(void)peer_session(p, 100);
	p->later = true;
	global_settle(p->c, true, SLICE_STR("first"));
	r = peer_expect(p, MSG_REQUEST_SUCCESS);
	ck_assert(slice_is(rd_rest(&r), "first"));
	(void)peer_expect(p, MSG_REQUEST_SUCCESS); /* the keep-alive's */
	ck_assert_uint_eq(p->globals, 2);
	ck_assert_uint_eq(p->global.port, 2);
	p->later = false;
	p->yes = true;
	global_settle(p->c, true, SLICE_STR("nobody hears it"));
	r = peer_expect(p, MSG_REQUEST_SUCCESS);
	ck_assert(slice_is(rd_rest(&r), "reply"));
	ck_assert_uint_eq(p->global.port, 3);
	peer_expect_nothing(p);
	peer_free(p);
}
END_TEST

/* What is wrong ends the connection at once, not when its turn comes. */
START_TEST(one_that_has_to_wait_is_read_when_it_comes)
{
	struct peer *p = peer_new(10);
	struct wr w;

	p->later = true;
	ask_port(p, 1, true);
	w = begin(p, "tcpip-forward", true);
	wr_cstr(&w, "no port");
	ck_assert_int_eq(peer_give(p), ERR_SHORT);
	peer_free(p);
}
END_TEST

START_TEST(so_many_wait_and_no_more)
{
	static uint8_t much[200 << 10];
	struct peer *p = peer_new(10);
	struct wr w;

	p->later = true;
	ask_port(p, 1, true);
	for (unsigned int i = 0; i < GLOBAL_WAITING_MAX; i++)
		ask_port(p, 2, true);
	w = begin(p, "tcpip-forward", true);
	wr_cstr(&w, "");
	wr_u32(&w, 3);
	ck_assert_int_eq(peer_give(p), ERR_FULL);
	ck_assert_str_eq(connect_reason(p->c, ERR_FULL),
	    "too many global requests at a time");
	peer_free(p);
	p = peer_new(10);
	p->later = true;
	ask_port(p, 1, true);
	w = begin(p, "large@example.org", false);
	wr_raw(&w, SLICE_OF(much));
	ck_assert_int_eq(peer_give(p), OK);
	w = begin(p, "large@example.org", false);
	wr_raw(&w, SLICE_OF(much));
	ck_assert_int_eq(peer_give(p), ERR_FULL);
	peer_free(p);
}
END_TEST

START_TEST(blobs_are_whole_strings)
{
	struct peer *p = peer_new(10);
	struct wr w = begin(p, "hostkeys-prove-00@openssh.com", true);

	wr_cstr(&w, "one");
	wr_cstr(&w, "two");
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_int_eq(p->global.kind, GLOBAL_PROVE_KEYS);
	ck_assert_uint_eq(p->names.n, 1 + 14);
	w = begin(p, "hostkeys-prove-00@openssh.com", true);
	wr_cstr(&w, "one");
	wr_u32(&w, 7);
	ck_assert_int_eq(peer_give(p), ERR_SHORT);
	ck_assert_uint_eq(p->globals, 1);
	peer_free(p);
}
END_TEST

START_TEST(our_keys_are_announced)
{
	struct peer *p = peer_new(10);
	struct slice keys[] = {SLICE_STR("first"), SLICE_STR("second")};
	struct rd r;

	global_announce_keys(p->c, keys, 0);
	peer_expect_nothing(p);
	global_announce_keys(p->c, keys, 2);
	r = peer_expect(p, MSG_GLOBAL_REQUEST);
	ck_assert(slice_is(rd_string(&r), "hostkeys-00@openssh.com"));
	ck_assert(!rd_bool(&r));
	ck_assert(slice_is(rd_string(&r), "first"));
	ck_assert(slice_is(rd_string(&r), "second"));
	ck_assert_int_eq(rd_end(&r), OK);
	peer_free(p);
}
END_TEST

START_TEST(our_keepalive_uses_a_channel_where_there_is_one)
{
	struct peer *p = peer_new(10);
	struct rd r;

	global_keepalive(p->c);
	r = peer_expect(p, MSG_GLOBAL_REQUEST);
	ck_assert(slice_is(rd_string(&r), "keepalive@openssh.com"));
	ck_assert(rd_bool(&r));
	ck_assert_int_eq(rd_end(&r), OK);
	(void)peer_session(p, 0);
	global_keepalive(p->c);
	r = peer_expect(p, MSG_CHANNEL_REQUEST);
	ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
	ck_assert(slice_is(rd_string(&r), "keepalive@openssh.com"));
	ck_assert(rd_bool(&r));
	ck_assert_int_eq(rd_end(&r), OK);
	peer_free(p);
}
END_TEST

TCase *
check_global(void)
{
	TCase *tc = tcase_create("connect/global");

	tcase_add_test(tc, a_granted_request_is_answered_with_its_reply);
	tcase_add_test(tc, a_refused_one_only_if_an_answer_is_wanted);
	tcase_add_test(tc, unknown_ones_fail);
	tcase_add_test(tc, a_keepalive_is_answered);
	tcase_add_test(tc, requests_behind_one_that_waits_are_taken_after_it);
	tcase_add_test(tc, one_that_has_to_wait_is_read_when_it_comes);
	tcase_add_test(tc, so_many_wait_and_no_more);
	tcase_add_test(tc, blobs_are_whole_strings);
	tcase_add_test(tc, our_keys_are_announced);
	tcase_add_test(tc, our_keepalive_uses_a_channel_where_there_is_one);
	return tc;
}
