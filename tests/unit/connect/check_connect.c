#include "peer.h"

START_TEST(answers_to_keepalives_are_taken)
{
	struct peer *p = peer_new(10);

	(void)peer_begin(p, MSG_REQUEST_SUCCESS);
	ck_assert_int_eq(peer_give(p), OK);
	(void)peer_begin(p, MSG_REQUEST_FAILURE);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_SUCCESS, 99), OK);
	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_FAILURE, 99), OK);
	peer_expect_nothing(p);
	peer_free(p);
}
END_TEST

START_TEST(nobody_confirms_what_was_not_opened)
{
	struct peer *p = peer_new(10);

	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_OPEN_CONFIRMATION, 0),
	    ERR_CHANNEL);
	ck_assert_int_eq(peer_plain(p, MSG_CHANNEL_OPEN_FAILURE, 0),
	    ERR_CHANNEL);
	peer_free(p);
}
END_TEST

START_TEST(other_numbers_are_unimplemented)
{
	struct peer *p = peer_new(10);
	unsigned int n = 0;

	for (int m = 80; m <= 127; m++) {
		if (m <= 82 || (m >= 90 && m <= 100))
			continue;
		(void)peer_begin(p, (uint8_t)m);
		ck_assert_int_eq(peer_give(p), OK);
		ck_assert_uint_eq(p->t.unimplemented, ++n);
	}
	peer_free(p);
}
END_TEST

START_TEST(what_can_not_be_sent_ends_the_connection)
{
	struct peer *p = peer_new(10);

	p->t.fault = ERR_FULL;
	ck_assert_int_eq(connect_status(p->c), OK);
	ck_assert_int_eq(peer_open(p, "session", 0), ERR_FULL);
	ck_assert_int_eq(connect_status(p->c), ERR_FULL);
	p->t.fault = OK; /* it stays so */
	ck_assert_int_eq(connect_status(p->c), ERR_FULL);
	peer_free(p);
}
END_TEST

/* Whatever comes, it is refused or served, and channels stay bounded. */
START_TEST(garbage_does_no_harm)
{
	struct peer *p = peer_new(3);
	uint32_t x = (uint32_t)_i * 40503u + 7;

	for (int i = 0; i < 3000; i++) {
		struct wr w;

		x = x * 1664525u + 1013904223u;
		w = peer_begin(p, (uint8_t)(90 + (x >> 24) % 11));
		for (uint32_t n = (x >> 16) % 6; n > 0; n--)
			wr_u32(&w, (x >> (n * 3)) % 5);
		(void)(peer_give(p) == OK);
		if (i % 8 == 0)
			(void)(peer_open(p, "session", x) == OK);
		buf_reset(&p->t.sent);
		ck_assert_uint_le(connect_open_channels(p->c), 3);
	}
	peer_free(p);
}
END_TEST

TCase *
check_connect(void)
{
	TCase *tc = tcase_create("connect/connect");

	tcase_add_test(tc, answers_to_keepalives_are_taken);
	tcase_add_test(tc, nobody_confirms_what_was_not_opened);
	tcase_add_test(tc, other_numbers_are_unimplemented);
	tcase_add_test(tc, what_can_not_be_sent_ends_the_connection);
	tcase_add_loop_test(tc, garbage_does_no_harm, 0, 8);
	return tc;
}
