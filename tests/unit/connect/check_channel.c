#include "peer.h"

#include "window.h"

/* ---- data in ---- */

START_TEST(data_reaches_the_owner)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);

	ck_assert_int_eq(peer_data(p, channel_id(ch), 300), OK);
	ck_assert_uint_eq(p->data.n, 300);
	peer_expect_nothing(p);
	peer_free(p);
}
END_TEST

START_TEST(data_beyond_the_window_ends_the_connection)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));

	p->leaves = SIZE_MAX; /* the owner keeps all, so nothing is granted */
	for (uint32_t n = 0; n < WINDOW_FIRST; n += 32768)
		ck_assert_int_eq(peer_data(p, id, 32768), OK);
	ck_assert_int_eq(peer_data(p, id, 1), ERR_WINDOW);
	ck_assert_str_eq(connect_reason(p->c, ERR_WINDOW),
	    "channel 0: peer ignored channel window");
	peer_free(p);
}
END_TEST

START_TEST(a_packet_above_the_maximum_ends_the_connection)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));

	ck_assert_int_eq(peer_data(p, id, 32768), OK);
	ck_assert_int_eq(peer_data(p, id, 32769), ERR_TOO_LONG);
	peer_free(p);
}
END_TEST

START_TEST(the_window_is_opened_again_by_what_was_consumed)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);
	struct slice payload;
	uint32_t granted = 0;

	for (int i = 0; i < 1024; i++) {
		ck_assert_int_eq(peer_data(p, channel_id(ch), 32768), OK);
		while (peer_sent(p, &payload)) {
			struct rd r = rd_from(payload);

			ck_assert_uint_eq(rd_u8(&r), MSG_CHANNEL_WINDOW_ADJUST);
			ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
			granted += rd_u32(&r);
			ck_assert_int_eq(rd_end(&r), OK);
		}
	}
	/* 32 MiB went through 2 MiB; and it grew, for nothing waited */
	ck_assert_uint_ge(granted, 1024 * 32768 - WINDOW_FIRST);
	ck_assert_uint_le(granted, 1024 * 32768 + WINDOW_MAX - WINDOW_FIRST);
	peer_free(p);
}
END_TEST

START_TEST(what_the_owner_keeps_is_granted_when_it_is_consumed)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);
	struct rd r;

	p->leaves = SIZE_MAX;
	for (uint32_t n = 0; n < WINDOW_FIRST; n += 32768)
		ck_assert_int_eq(peer_data(p, channel_id(ch), 32768), OK);
	peer_expect_nothing(p);
	channel_consumed(ch, WINDOW_FIRST);
	r = peer_expect(p, MSG_CHANNEL_WINDOW_ADJUST);
	(void)rd_u32(&r);
	ck_assert_uint_eq(rd_u32(&r), WINDOW_FIRST);
	peer_free(p);
}
END_TEST

START_TEST(extended_data_is_counted_and_dropped)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));
	struct wr w = peer_begin(p, MSG_CHANNEL_EXTENDED_DATA);

	wr_u32(&w, id);
	wr_u32(&w, 1);
	wr_cstr(&w, "nobody");
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_uint_eq(p->data.n, 0);
	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_EOF, id), OK);
	w = peer_begin(p, MSG_CHANNEL_EXTENDED_DATA);
	wr_u32(&w, id);
	wr_u32(&w, 1);
	wr_cstr(&w, "late");
	ck_assert_int_eq(peer_give(p), ERR_PHASE);
	peer_free(p);
}
END_TEST

START_TEST(data_after_eof_reaches_nobody)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));

	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_EOF, id), OK);
	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_EOF, id), OK);
	ck_assert_uint_eq(p->eofs, 1);
	ck_assert_int_eq(peer_data(p, id, 10), OK);
	ck_assert_uint_eq(p->data.n, 0);
	peer_free(p);
}
END_TEST

/* ---- data out ---- */

START_TEST(output_is_framed_as_data_or_extended_data)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 100);
	struct bytes room;
	struct rd r;
	size_t one = 1;

	ck_assert_uint_eq(channel_room(ch), 100);
	ck_assert_int_eq(channel_bulk(ch, CHANNEL_OUT, 60, &room, &one), OK);
	ck_assert_uint_eq(room.n, 60);
	memset(room.p, 'x', 40);
	channel_bulk_seal(ch, 40);
	r = peer_expect(p, MSG_CHANNEL_DATA);
	ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
	ck_assert_uint_eq(rd_string(&r).n, 40);
	ck_assert_int_eq(rd_end(&r), OK);

	ck_assert_uint_eq(channel_room(ch), 60);
	ck_assert_int_eq(channel_bulk(ch, CHANNEL_ERR, 60, &room, &one), OK);
	channel_bulk_abandon(ch);
	ck_assert_uint_eq(channel_room(ch), 60);
	ck_assert_int_eq(channel_bulk(ch, CHANNEL_ERR, 60, &room, &one), OK);
	memcpy(room.p, "error", 5);
	channel_bulk_seal(ch, 5);
	r = peer_expect(p, MSG_CHANNEL_EXTENDED_DATA);
	ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
	ck_assert_uint_eq(rd_u32(&r), 1);
	ck_assert(slice_is(rd_string(&r), "error"));
	ck_assert_int_eq(rd_end(&r), OK);
	ck_assert_uint_eq(channel_room(ch), 55);
	peer_free(p);
}
END_TEST

START_TEST(one_read_fills_several_messages_as_the_window_allows)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 100);
	struct bytes rooms[CHANNEL_BULK_MAX];
	size_t count = CHANNEL_BULK_MAX;
	static const size_t sizes[] = {30, 30, 5};
	struct rd r;

	ck_assert_int_eq(channel_bulk(ch, CHANNEL_OUT, 30, rooms, &count), OK);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < count; i++)
		memset(rooms[i].p, '0' + (int)i, rooms[i].n);
	channel_bulk_seal(ch, 65);
	for (size_t i = 0; i < 3; i++) {
		struct slice data;

		r = peer_expect(p, MSG_CHANNEL_DATA);
		ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
		data = rd_string(&r);
		ck_assert_uint_eq(data.n, sizes[i]);
		ck_assert_int_eq(data.p[data.n - 1], '0' + (int)i);
	}
	ck_assert_uint_eq(channel_room(ch), 35);
	peer_free(p);
}
END_TEST

START_TEST(room_is_opened_by_the_client_and_the_owner_hears_it)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);

	ck_assert_uint_eq(channel_room(ch), 0);
	ck_assert_int_eq(peer_adjust(p, channel_id(ch), 5), OK);
	ck_assert_uint_eq(p->writables, 1);
	ck_assert_uint_eq(channel_room(ch), 5);
	ck_assert_int_eq(peer_adjust(p, channel_id(ch), 1u << 30), OK);
	ck_assert_uint_eq(channel_room(ch), CHANNEL_PACKET_MAX);
	ck_assert_int_eq(peer_adjust(p, channel_id(ch), UINT32_MAX),
	    ERR_WINDOW);
	peer_free(p);
}
END_TEST

START_TEST(a_key_exchange_holds_output_back)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 100);

	p->t.held = true;
	ck_assert_uint_eq(channel_room(ch), 0);
	p->t.held = false;
	ck_assert_uint_eq(channel_room(ch), 100);
	peer_free(p);
}
END_TEST

START_TEST(the_status_goes_before_eof_and_close)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);
	struct rd r;

	channel_exit_status(ch, 7);
	channel_close(ch);
	r = peer_expect(p, MSG_CHANNEL_REQUEST);
	ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
	ck_assert(slice_is(rd_string(&r), "exit-status"));
	ck_assert(!rd_bool(&r));
	ck_assert_uint_eq(rd_u32(&r), 7);
	ck_assert_int_eq(rd_end(&r), OK);
	(void)peer_expect(p, MSG_CHANNEL_EOF);
	(void)peer_expect(p, MSG_CHANNEL_CLOSE);
	peer_free(p);
}
END_TEST

START_TEST(a_signal_is_told_by_name)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);
	struct rd r;

	channel_exit_signal(ch, "SEGV", true);
	r = peer_expect(p, MSG_CHANNEL_REQUEST);
	(void)rd_u32(&r);
	ck_assert(slice_is(rd_string(&r), "exit-signal"));
	ck_assert(!rd_bool(&r));
	ck_assert(slice_is(rd_string(&r), "SEGV"));
	ck_assert(rd_bool(&r));
	ck_assert_uint_eq(rd_string(&r).n, 0);
	ck_assert_uint_eq(rd_string(&r).n, 0);
	ck_assert_int_eq(rd_end(&r), OK);
	peer_free(p);
}
END_TEST

START_TEST(eow_is_for_those_who_know_it)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);

	p->t.version = "SSH-2.0-PuTTY_Release_0.80";
	channel_eow(ch);
	peer_expect_nothing(p);
	p->t.version = "SSH-2.0-OpenSSH_9.2";
	channel_eow(ch);
	(void)peer_expect(p, MSG_CHANNEL_REQUEST);
	peer_free(p);
}
END_TEST

/* ---- EOF and close, in every order ---- */

enum act { OUR_EOF, OUR_CLOSE, THEIR_EOF, THEIR_CLOSE, ACTS };

/* The nth order of the four, each once: a Lehmer code. */
static void
order_of(int n, enum act order[ACTS])
{
	enum act left[ACTS] = {OUR_EOF, OUR_CLOSE, THEIR_EOF, THEIR_CLOSE};

	for (int i = 0, k = ACTS; i < ACTS; i++, k--) {
		int at = n % k;

		n /= k;
		order[i] = left[at];
		memmove(&left[at], &left[at + 1],
		    (size_t)(k - at - 1) * sizeof(left[0]));
	}
}

static void
act(struct peer *p, enum act what, uint32_t id, bool *theirs_closed)
{
	switch (what) {
	case OUR_EOF:
		if (p->ch != NULL)
			channel_eof(p->ch);
		break;
	case OUR_CLOSE:
		if (p->ch != NULL)
			channel_close(p->ch);
		p->ch = NULL;
		break;
	case THEIR_EOF:
		if (!*theirs_closed)
			ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_EOF, id),
			    OK);
		break;
	case THEIR_CLOSE:
		ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_CLOSE, id), OK);
		*theirs_closed = true;
		break;
	case ACTS:
		break;
	}
}

START_TEST(eof_and_close_work_in_every_order)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 100));
	bool theirs_closed = false, eof = false, closed = false;
	enum act order[ACTS];
	struct slice payload;

	order_of(_i, order);
	for (int i = 0; i < ACTS; i++)
		act(p, order[i], id, &theirs_closed);
	while (peer_sent(p, &payload)) {
		ck_assert(!closed); /* nothing comes after CLOSE */
		if (payload.p[0] == MSG_CHANNEL_EOF) {
			ck_assert(!eof);
			eof = true;
		} else {
			ck_assert_uint_eq(payload.p[0], MSG_CHANNEL_CLOSE);
			closed = true;
		}
	}
	ck_assert(closed);
	/* both closed: it is gone, and only the owner who didn't close knows
	 * it from us */
	ck_assert_uint_le(p->closes, 1);
	ck_assert_uint_eq(connect_open_channels(p->c), 0);
	ck_assert_int_eq(peer_data(p, id, 1), ERR_CHANNEL);
	peer_free(p);
}
END_TEST

START_TEST(after_our_close_their_data_is_taken_and_not_answered)
{
	struct peer *p = peer_new(10);
	struct channel *ch = peer_session(p, 0);
	uint32_t id = channel_id(ch);

	channel_close(ch);
	(void)peer_expect(p, MSG_CHANNEL_EOF);
	(void)peer_expect(p, MSG_CHANNEL_CLOSE);
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(peer_data(p, id, 32768), OK);
	ck_assert_int_eq(peer_data(p, id, 1), ERR_WINDOW);
	ck_assert_int_eq(peer_request(p, id, "shell"), OK);
	ck_assert_int_eq(peer_adjust(p, id, 5), OK);
	ck_assert_uint_eq(p->data.n, 0);
	ck_assert_uint_eq(p->requests, 0);
	ck_assert_uint_eq(p->writables, 0);
	peer_expect_nothing(p);
	peer_free(p);
}
END_TEST

START_TEST(a_number_is_not_used_again)
{
	struct peer *p = peer_new(10);
	uint32_t first = channel_id(peer_session(p, 0)), second;

	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_CLOSE, first), OK);
	(void)peer_expect(p, MSG_CHANNEL_CLOSE);
	second = channel_id(peer_session(p, 0));
	ck_assert_uint_ne(first, second);
	ck_assert_uint_lt(second, 1u << 31);
	ck_assert_int_eq(peer_data(p, first, 1), ERR_CHANNEL);
	ck_assert_int_eq(peer_adjust(p, first, 1), OK); /* it may be late */
	ck_assert_int_eq(peer_data(p, second, 1), OK);
	peer_free(p);
}
END_TEST

START_TEST(unknown_channels_end_the_connection)
{
	static const uint8_t messages[] = {MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE};
	static const uint32_t ids[] = {0, 1, 255, 256, 1u << 31, UINT32_MAX};
	struct peer *p = peer_new(10);

	for (size_t m = 0; m < sizeof(messages); m++)
		for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
			ck_assert_int_eq(peer_plain(p, messages[m], ids[i]),
			    ERR_CHANNEL);
	peer_free(p);
}
END_TEST

TCase *
check_channel(void)
{
	TCase *tc = tcase_create("connect/channel");

	tcase_add_test(tc, data_reaches_the_owner);
	tcase_add_test(tc, data_beyond_the_window_ends_the_connection);
	tcase_add_test(tc, a_packet_above_the_maximum_ends_the_connection);
	tcase_add_test(tc, the_window_is_opened_again_by_what_was_consumed);
	tcase_add_test(tc, what_the_owner_keeps_is_granted_when_it_is_consumed);
	tcase_add_test(tc, extended_data_is_counted_and_dropped);
	tcase_add_test(tc, data_after_eof_reaches_nobody);
	tcase_add_test(tc, output_is_framed_as_data_or_extended_data);
	tcase_add_test(tc,
	    one_read_fills_several_messages_as_the_window_allows);
	tcase_add_test(tc, room_is_opened_by_the_client_and_the_owner_hears_it);
	tcase_add_test(tc, a_key_exchange_holds_output_back);
	tcase_add_test(tc, the_status_goes_before_eof_and_close);
	tcase_add_test(tc, a_signal_is_told_by_name);
	tcase_add_test(tc, eow_is_for_those_who_know_it);
	tcase_add_loop_test(tc, eof_and_close_work_in_every_order, 0, 24);
	tcase_add_test(tc,
	    after_our_close_their_data_is_taken_and_not_answered);
	tcase_add_test(tc, a_number_is_not_used_again);
	tcase_add_test(tc, unknown_channels_end_the_connection);
	return tc;
}
