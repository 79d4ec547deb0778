#include "peer.h"

static uint32_t
refusal(struct peer *p)
{
	struct rd r = peer_expect(p, MSG_CHANNEL_OPEN_FAILURE);
	uint32_t code;

	ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
	code = rd_u32(&r);
	ck_assert(slice_is(rd_string(&r), "open failed"));
	(void)rd_string(&r);
	ck_assert_int_eq(rd_end(&r), OK);
	return code;
}

/* "direct-tcpip" with its fields. */
static void
write_tcpip(struct peer *p)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_OPEN);

	wr_cstr(&w, "direct-tcpip");
	wr_u32(&w, PEER_NUMBER);
	wr_u32(&w, 1000);
	wr_u32(&w, 2000);
	wr_cstr(&w, "host.example");
	wr_u32(&w, 70000);
	wr_cstr(&w, "127.0.0.1");
	wr_u32(&w, 9);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

START_TEST(a_session_is_confirmed_with_a_window)
{
	struct peer *p = peer_new(10);
	struct rd r;

	ck_assert_int_eq(peer_open(p, "session", 0), OK);
	ck_assert_int_eq(p->opened.kind, OPEN_SESSION);
	r = peer_expect(p, MSG_CHANNEL_OPEN_CONFIRMATION);
	(void)rd_u32(&r);
	(void)rd_u32(&r);
	ck_assert_uint_eq(rd_u32(&r), 2u << 20);
	ck_assert_uint_eq(rd_u32(&r), CHANNEL_PACKET_MAX);
	ck_assert_int_eq(rd_end(&r), OK);
	ck_assert_uint_eq(connect_open_channels(p->c), 1);
	peer_free(p);
}
END_TEST

START_TEST(an_unknown_type_is_told_so)
{
	struct peer *p = peer_new(10);

	ck_assert_int_eq(peer_open(p, "x11", 0), OK);
	ck_assert_uint_eq(refusal(p), OPEN_UNKNOWN_TYPE);
	ck_assert_uint_eq(p->opens, 0);
	peer_free(p);
}
END_TEST

START_TEST(what_is_not_served_is_refused_by_its_kind)
{
	struct peer *p = peer_new(10);

	p->yes = false;
	write_tcpip(p);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_uint_eq(refusal(p), OPEN_PROHIBITED);
	ck_assert_int_eq(p->opened.kind, OPEN_DIRECT_TCPIP);
	ck_assert_uint_eq(p->opened.port, 70000);
	ck_assert_uint_eq(p->opened.originator_port, 9);
	ck_assert(slice_is(buf_slice(&p->names), "host.example|127.0.0.1"));
	ck_assert_int_eq(peer_open(p, "session", 0), OK);
	ck_assert_uint_eq(refusal(p), OPEN_CONNECT_FAILED);
	ck_assert_uint_eq(connect_open_channels(p->c), 0);
	peer_free(p);
}
END_TEST

START_TEST(only_so_many_sessions_are_open_at_a_time)
{
	struct peer *p = peer_new(2);
	struct channel *first = peer_session(p, 0);

	(void)peer_session(p, 0);
	ck_assert_int_eq(peer_open(p, "session", 0), OK);
	ck_assert_uint_eq(refusal(p), OPEN_CONNECT_FAILED);
	channel_close(first);
	(void)peer_expect(p, MSG_CHANNEL_EOF);
	(void)peer_expect(p, MSG_CHANNEL_CLOSE);
	(void)peer_session(p, 0);
	peer_free(p);
}
END_TEST

START_TEST(channels_are_bounded_also_without_a_limit_of_sessions)
{
	struct peer *p = peer_new(UINT32_MAX);

	for (uint32_t i = 0; i < CONNECT_CHANNELS_MAX; i++)
		(void)peer_session(p, 0);
	ck_assert_int_eq(peer_open(p, "session", 0), OK);
	ck_assert_uint_eq(refusal(p), OPEN_SHORTAGE);
	peer_free(p);
}
END_TEST

START_TEST(no_more_sessions_means_it)
{
	struct peer *p = peer_new(10);
	struct wr w = peer_begin(p, MSG_GLOBAL_REQUEST);

	wr_cstr(&w, "no-more-sessions@openssh.com");
	wr_bool(&w, false);
	ck_assert_int_eq(peer_give(p), OK);
	peer_expect_nothing(p);
	p->yes = false;
	write_tcpip(p);
	ck_assert_int_eq(peer_give(p), OK); /* others may be asked for */
	(void)refusal(p);
	ck_assert_int_eq(peer_open(p, "session", 0), ERR_PHASE);
	ck_assert_str_eq(connect_reason(p->c, ERR_PHASE),
	    "Possible attack: attempt to open a session after additional "
	    "sessions disabled");
	peer_free(p);
}
END_TEST

START_TEST(every_prefix_is_refused_and_so_is_more)
{
	struct peer *p = peer_new(10);
	struct buf whole = BUF_EMPTY;

	p->yes = false;
	write_tcpip(p);
	ck_assert_int_eq(buf_append(&whole, buf_slice(&p->m)), OK);
	for (size_t n = 1; n < whole.n; n++)
		ck_assert_int_eq(connect_take(p->c,
				     slice_first(buf_slice(&whole), n)),
		    ERR_SHORT);
	ck_assert_int_eq(buf_append_cstr(&whole, "x"), OK);
	ck_assert_int_eq(connect_take(p->c, buf_slice(&whole)), ERR_TRAILING);
	ck_assert_uint_eq(p->opens, 0);
	buf_clear(&whole);
	peer_free(p);
}
END_TEST

START_TEST(an_answer_may_come_later)
{
	struct peer *p = peer_new(10);
	struct rd r;

	p->later = true;
	write_tcpip(p);
	ck_assert_int_eq(peer_give(p), OK);
	peer_expect_nothing(p);
	ck_assert_uint_eq(channel_room(p->ch), 0);
	/* the client can't know its number yet */
	ck_assert_int_eq(peer_data(p, channel_id(p->ch), 1), ERR_CHANNEL);
	open_settle(p->ch, OPEN_YES);
	r = peer_expect(p, MSG_CHANNEL_OPEN_CONFIRMATION);
	ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
	ck_assert_uint_eq(channel_room(p->ch), 1000);
	ck_assert_uint_eq(connect_open_channels(p->c), 1);
	peer_free(p);
}
END_TEST

START_TEST(a_late_refusal_has_the_reason_that_the_owner_gives)
{
	static const struct {
		enum open_answer answer;
		uint32_t code;
	} all[] = {{OPEN_NO, OPEN_PROHIBITED},
	    {OPEN_FAILED, OPEN_CONNECT_FAILED}, {OPEN_FULL, OPEN_SHORTAGE}};
	struct peer *p = peer_new(10);

	p->later = true;
	write_tcpip(p);
	ck_assert_int_eq(peer_give(p), OK);
	open_settle(p->ch, all[_i].answer);
	ck_assert_uint_eq(refusal(p), all[_i].code);
	ck_assert_uint_eq(connect_open_channels(p->c), 0);
	peer_free(p);
}
END_TEST

/* What a client may make us keep is bounded for the connection, too. */
START_TEST(many_channels_begin_with_small_windows)
{
	struct peer *p = peer_new(UINT32_MAX);
	uint64_t granted = 0;

	for (uint32_t i = 0; i < CONNECT_CHANNELS_MAX; i++) {
		struct rd r;

		ck_assert_int_eq(peer_open(p, "session", 0), OK);
		r = peer_expect(p, MSG_CHANNEL_OPEN_CONFIRMATION);
		(void)rd_u32(&r);
		(void)rd_u32(&r);
		granted += rd_u32(&r);
	}
	ck_assert_uint_le(granted, 128u << 20);
	peer_free(p);
}
END_TEST

START_TEST(only_so_many_wait_at_a_time)
{
	struct peer *p = peer_new(10);

	p->later = true;
	for (uint32_t i = 0; i < OPEN_LATER_MAX; i++) {
		write_tcpip(p);
		ck_assert_int_eq(peer_give(p), OK);
		peer_expect_nothing(p);
	}
	write_tcpip(p);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_uint_eq(refusal(p), OPEN_SHORTAGE);
	open_settle(p->ch, OPEN_FAILED);
	ck_assert_uint_eq(refusal(p), OPEN_CONNECT_FAILED);
	write_tcpip(p);
	ck_assert_int_eq(peer_give(p), OK);
	peer_expect_nothing(p);
	peer_free(p);
}
END_TEST

/* A channel of ours, asked for; its number. */
static uint32_t
ask(struct peer *p)
{
	const struct channel_open req = {.kind = OPEN_FORWARDED_TCPIP,
	    .target = SLICE_STR("localhost"),
	    .port = 8080,
	    .originator = SLICE_STR("192.0.2.1"),
	    .originator_port = 7};
	struct rd r;
	uint32_t id;

	p->ch = open_ask(p->c, &req);
	r = peer_expect(p, MSG_CHANNEL_OPEN);
	ck_assert(slice_is(rd_string(&r), "forwarded-tcpip"));
	id = rd_u32(&r);
	(void)rd_u32(&r);
	ck_assert_uint_eq(rd_u32(&r), CHANNEL_PACKET_MAX);
	ck_assert(slice_is(rd_string(&r), "localhost"));
	ck_assert_uint_eq(rd_u32(&r), 8080);
	ck_assert(slice_is(rd_string(&r), "192.0.2.1"));
	ck_assert_uint_eq(rd_u32(&r), 7);
	ck_assert_int_eq(rd_end(&r), OK);
	return id;
}

static enum err
confirm(struct peer *p, uint32_t id)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_OPEN_CONFIRMATION);

	wr_u32(&w, id);
	wr_u32(&w, PEER_NUMBER);
	wr_u32(&w, 5000);
	wr_u32(&w, 600);
	return peer_give(p);
}

static enum err
refuse(struct peer *p, uint32_t id)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_OPEN_FAILURE);

	wr_u32(&w, id);
	wr_u32(&w, OPEN_CONNECT_FAILED);
	wr_cstr(&w, "no");
	wr_cstr(&w, "");
	return peer_give(p);
}

START_TEST(a_channel_of_ours_is_used_when_the_client_confirms_it)
{
	struct peer *p = peer_new(10);
	uint32_t id = ask(p);

	ck_assert_uint_eq(channel_room(p->ch), 0);
	ck_assert_int_eq(peer_data(p, id, 1), ERR_CHANNEL);
	ck_assert_int_eq(confirm(p, id), OK);
	ck_assert_uint_eq(p->confirmations, 1);
	ck_assert_uint_eq(channel_room(p->ch), 600);
	ck_assert_int_eq(confirm(p, id), ERR_CHANNEL); /* once */
	peer_free(p);
}
END_TEST

START_TEST(a_refused_channel_of_ours_is_gone)
{
	struct peer *p = peer_new(10);
	uint32_t id = ask(p);

	ck_assert_int_eq(refuse(p, id), OK);
	ck_assert_uint_eq(p->failures, 1);
	ck_assert_uint_eq(connect_open_channels(p->c), 0);
	ck_assert_int_eq(refuse(p, id), ERR_CHANNEL);
	peer_free(p);
}
END_TEST

/* A client can't confirm what it asked for itself. */
START_TEST(only_ours_can_be_confirmed)
{
	struct peer *p = peer_new(10);

	p->later = true;
	write_tcpip(p);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_int_eq(confirm(p, channel_id(p->ch)), ERR_CHANNEL);
	ck_assert_int_eq(refuse(p, channel_id(p->ch)), ERR_CHANNEL);
	ck_assert_int_eq(confirm(p, 77), ERR_CHANNEL);
	peer_free(p);
}
END_TEST

TCase *
check_open(void)
{
	TCase *tc = tcase_create("connect/open");

	tcase_add_test(tc, a_session_is_confirmed_with_a_window);
	tcase_add_test(tc, an_unknown_type_is_told_so);
	tcase_add_test(tc, what_is_not_served_is_refused_by_its_kind);
	tcase_add_test(tc, only_so_many_sessions_are_open_at_a_time);
	tcase_add_test(tc,
	    channels_are_bounded_also_without_a_limit_of_sessions);
	tcase_add_test(tc, no_more_sessions_means_it);
	tcase_add_test(tc, every_prefix_is_refused_and_so_is_more);
	tcase_add_test(tc, an_answer_may_come_later);
	tcase_add_loop_test(tc,
	    a_late_refusal_has_the_reason_that_the_owner_gives, 0, 3);
	tcase_add_test(tc, many_channels_begin_with_small_windows);
	tcase_add_test(tc, only_so_many_wait_at_a_time);
	tcase_add_test(tc,
	    a_channel_of_ours_is_used_when_the_client_confirms_it);
	tcase_add_test(tc, a_refused_channel_of_ours_is_gone);
	tcase_add_test(tc, only_ours_can_be_confirmed);
	return tc;
}
