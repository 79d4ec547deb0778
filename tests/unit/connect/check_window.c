#include "suite.h"

#include "window.h"

#include <stdbool.h>

static struct window_in
fresh(void)
{
	return (struct window_in){.first = WINDOW_FIRST,
	    .size = WINDOW_FIRST,
	    .left = WINDOW_FIRST};
}

START_TEST(takes_what_was_granted_and_not_an_octet_more)
{
	struct window_in w = fresh();

	ck_assert_int_eq(window_receive(&w, WINDOW_FIRST), OK);
	ck_assert_int_eq(window_receive(&w, 0), OK);
	ck_assert_int_eq(window_receive(&w, 1), ERR_WINDOW);
}
END_TEST

START_TEST(grants_nothing_that_was_not_consumed)
{
	struct window_in w = fresh();
	uint32_t purse = WINDOW_PURSE;

	ck_assert_int_eq(window_receive(&w, WINDOW_FIRST), OK);
	ck_assert_uint_eq(window_grant(&w, &purse), 0);
	window_consume(&w, WINDOW_FIRST);
	ck_assert_uint_ge(window_grant(&w, &purse), WINDOW_FIRST);
}
END_TEST

START_TEST(says_nothing_about_keystrokes)
{
	struct window_in w = fresh();
	uint32_t purse = WINDOW_PURSE;

	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(window_receive(&w, 1), OK);
		window_consume(&w, 1);
		ck_assert_uint_eq(window_grant(&w, &purse), 0);
	}
}
END_TEST

/* What a fast consumer takes; returns the largest promise at any time. */
static uint32_t
stream(struct window_in *w, uint32_t *purse, uint64_t octets)
{
	uint32_t most = 0;

	for (uint64_t n = 0; n < octets; n += 32768) {
		ck_assert_int_eq(window_receive(w, 32768), OK);
		window_consume(w, 32768);
		(void)window_grant(w, purse);
		most = w->left > most ? w->left : most;
	}
	return most;
}

START_TEST(grows_to_its_bound_while_nothing_waits)
{
	struct window_in w = fresh();
	uint32_t purse = WINDOW_PURSE;

	ck_assert_uint_le(stream(&w, &purse, WINDOW_FIRST / 2), WINDOW_FIRST);
	ck_assert_uint_eq(stream(&w, &purse, (uint64_t)8 * WINDOW_MAX),
	    WINDOW_MAX);
	ck_assert_uint_eq(purse, WINDOW_PURSE - WINDOW_MAX + WINDOW_FIRST);
	window_end(&w, &purse);
	ck_assert_uint_eq(purse, WINDOW_PURSE);
}
END_TEST

/* What one read of the connection brings may be consumed by one write. */
START_TEST(grows_where_packets_are_consumed_together)
{
	struct window_in w = fresh();
	uint32_t purse = WINDOW_PURSE;

	for (int i = 0; i < 16; i++) {
		for (int packet = 0; packet < 8; packet++)
			ck_assert_int_eq(window_receive(&w, 32768), OK);
		window_consume(&w, (size_t)8 * 32768);
		(void)window_grant(&w, &purse);
	}
	ck_assert_uint_gt(w.size, WINDOW_FIRST);
}
END_TEST

START_TEST(growth_of_all_channels_comes_from_one_purse)
{
	struct window_in w[4];
	uint32_t purse = WINDOW_PURSE;
	uint64_t extra = 0;

	for (int i = 0; i < 4; i++) {
		w[i] = fresh();
		(void)stream(&w[i], &purse, (uint64_t)8 * WINDOW_MAX);
		extra += w[i].size - WINDOW_FIRST;
	}
	ck_assert_uint_eq(extra + purse, WINDOW_PURSE);
}
END_TEST

START_TEST(a_consumer_that_lags_never_gets_a_larger_one)
{
	struct window_in w = fresh();
	uint32_t purse = WINDOW_PURSE;

	ck_assert_int_eq(window_receive(&w, 32768), OK);
	for (int i = 0; i < 10000; i++) {
		/* one packet always waits behind */
		if (window_receive(&w, 32768) != OK)
			ck_abort();
		window_consume(&w, 32768);
		(void)window_grant(&w, &purse);
		ck_assert_uint_eq(w.size, WINDOW_FIRST);
	}
}
END_TEST

START_TEST(a_consumer_that_stops_is_cut_back)
{
	struct window_in w = fresh();
	uint32_t purse = WINDOW_PURSE;
	uint64_t waiting = 0;

	(void)stream(&w, &purse, (uint64_t)8 * WINDOW_MAX);
	while (window_receive(&w, 32768) == OK) {
		waiting += 32768;
		(void)window_grant(&w, &purse);
	}
	ck_assert_uint_le(waiting, WINDOW_MAX);
	ck_assert_uint_eq(w.size, WINDOW_FIRST);
	ck_assert_uint_eq(purse, WINDOW_PURSE);
}
END_TEST

/* However it is used: what is promised and what waits stay in the bound. */
START_TEST(promise_and_backlog_stay_within_the_bound)
{
	struct window_in w = fresh();
	uint32_t purse = WINDOW_PURSE, x = (uint32_t)_i * 2654435761u + 1;

	for (int i = 0; i < 20000; i++) {
		x = x * 1664525u + 1013904223u;
		if (window_receive(&w, (x >> 8) % 32769) != OK)
			ck_assert_uint_gt((x >> 8) % 32769, w.left);
		window_consume(&w, (x >> 4) % (w.backlog + 1));
		(void)window_grant(&w, &purse);
		ck_assert_uint_le((uint64_t)w.left + w.backlog, WINDOW_MAX);
		ck_assert_uint_le(purse, WINDOW_PURSE);
	}
}
END_TEST

START_TEST(the_peers_window_does_not_overflow)
{
	struct window_out w = {.left = 0, .packet = 32768};

	ck_assert_int_eq(window_open(&w, UINT32_MAX), OK);
	ck_assert_int_eq(window_open(&w, 1), ERR_WINDOW);
	ck_assert_uint_eq(w.left, UINT32_MAX);
}
END_TEST

START_TEST(room_is_the_least_of_window_packet_and_ours)
{
	struct window_out w = {.left = 100, .packet = 50};

	ck_assert_uint_eq(window_room(&w, 32768), 50);
	ck_assert_uint_eq(window_room(&w, 10), 10);
	w.left = 20;
	ck_assert_uint_eq(window_room(&w, 32768), 20);
	w.packet = 0;
	ck_assert_uint_eq(window_room(&w, 32768), 0);
}
END_TEST

TCase *
check_window(void)
{
	TCase *tc = tcase_create("connect/window");

	tcase_add_test(tc, takes_what_was_granted_and_not_an_octet_more);
	tcase_add_test(tc, grants_nothing_that_was_not_consumed);
	tcase_add_test(tc, says_nothing_about_keystrokes);
	tcase_add_test(tc, grows_to_its_bound_while_nothing_waits);
	tcase_add_test(tc, grows_where_packets_are_consumed_together);
	tcase_add_test(tc, growth_of_all_channels_comes_from_one_purse);
	tcase_add_test(tc, a_consumer_that_lags_never_gets_a_larger_one);
	tcase_add_test(tc, a_consumer_that_stops_is_cut_back);
	tcase_add_loop_test(tc, promise_and_backlog_stay_within_the_bound, 0,
	    8);
	tcase_add_test(tc, the_peers_window_does_not_overflow);
	tcase_add_test(tc, room_is_the_least_of_window_packet_and_ours);
	return tc;
}
