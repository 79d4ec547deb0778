#include "house.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static struct client *
accept_one(struct house *h, int ends[2])
{
	house_tcp(ends);
	waiting_accept(&h->l, ends[0]);
	return list_empty(&h->l.clients)
		   ? NULL
		   : LIST_ITEM(h->l.clients.prev, struct client, all);
}

START_TEST(our_line_is_sent_and_nothing_read)
{
	struct client *c;
	char text[64];
	struct house h;
	int ends[2];

	house_init(&h, "");
	c = accept_one(&h, ends);
	house_run(&h);
	ck_assert_int_eq(recv(ends[1], text, sizeof(text), MSG_DONTWAIT), 14);
	ck_assert_int_eq(memcmp(text, "SSH-2.0-Test\r\n", 14), 0);
	ck_assert_int_eq(c->state, CLIENT_SILENT);
	ck_assert_str_eq(c->peer_ip, "127.0.0.1");
	ck_assert_uint_eq(h.l.silent, 1);
	close(ends[1]);
	house_clear(&h);
}
END_TEST

/* It waits in the queue, and what it said is still there to be read. */
START_TEST(who_speaks_is_handed_on_unread)
{
	struct client *c;
	char octet;
	struct house h;
	int ends[2];

	house_init(&h, "");
	c = accept_one(&h, ends);
	ck_assert_int_eq(send(ends[1], "S", 1, 0), 1);
	house_run(&h);
	ck_assert_int_eq(c->state, CLIENT_QUEUED);
	ck_assert_uint_eq(h.l.silent, 0);
	ck_assert_uint_eq(h.l.speaking, 1);
	ck_assert_int_eq(recv(c->fd, &octet, 1, MSG_DONTWAIT), 1);
	close(ends[1]);
	house_clear(&h);
}
END_TEST

START_TEST(who_leaves_without_a_word_leaves_a_line)
{
	struct house h;
	int ends[2];

	house_init(&h, "");
	accept_one(&h, ends);
	close(ends[1]);
	house_run(&h);
	ck_assert(list_empty(&h.l.clients));
	ck_assert_uint_eq(h.l.silent, 0);
	ck_assert(
	    house_said(&h, "VERBOSE Connection closed by 127.0.0.1 port "));
	house_clear(&h);
}
END_TEST

/* "SSH-…" and a half-closed connection: it spoke, and is heard. */
START_TEST(who_speaks_and_closes_is_heard)
{
	struct client *c;
	struct house h;
	int ends[2];

	house_init(&h, "");
	c = accept_one(&h, ends);
	ck_assert_int_eq(send(ends[1], "SSH-2.0-x\r\n", 11, 0), 11);
	ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
	house_run(&h);
	ck_assert_int_eq(c->state, CLIENT_QUEUED);
	close(ends[1]);
	house_clear(&h);
}
END_TEST

START_TEST(silence_ends_with_the_grace_time)
{
	struct client *c;
	struct house h;
	int ends[2];

	house_init(&h, "LoginGraceTime 1\n");
	c = accept_one(&h, ends);
	ck_assert_uint_eq(waiting_deadline(c), c->accepted_ms + 1000);
	for (int i = 0; i < 100 && !list_empty(&h.l.clients); i++)
		loop_turn(h.l.loop, 50);
	ck_assert(list_empty(&h.l.clients));
	ck_assert(house_said(&h, "INFO Timeout before authentication for "
				 "connection from 127.0.0.1 to 127.0.0.1"));
	close(ends[1]);
	house_clear(&h);
	house_init(&h, "LoginGraceTime 0\n");
	c = accept_one(&h, ends);
	ck_assert_uint_eq(waiting_deadline(c), UINT64_MAX);
	close(ends[1]);
	house_clear(&h);
}
END_TEST

/* In the queue, or with a spawner that doesn't get to it; as after a reload. */
START_TEST(who_waits_for_a_monitor_has_the_grace_time_too)
{
	struct client *c;
	struct house h;
	int ends[2];
	char octet;

	house_init(&h, "LoginGraceTime 1\n");
	house_tcp(ends);
	c = house_client(&h, "192.0.2.7",
	    _i == 0 ? CLIENT_QUEUED : CLIENT_HANDED);
	c->fd = ends[0];
	c->accepted_ms -= 1000;
	waiting_watch(c);
	house_run(&h);
	ck_assert(list_empty(&h.l.clients));
	ck_assert_uint_eq(h.l.speaking, 0);
	ck_assert(house_said(&h, "INFO Timeout before authentication"));
	ck_assert_int_eq(recv(ends[1], &octet, 1, MSG_DONTWAIT), 0);
	close(ends[1]);
	house_clear(&h);
}
END_TEST

START_TEST(one_too_many_gets_a_text_and_the_end)
{
	char text[64];
	ssize_t n;
	struct house h;
	int ends[2];

	house_init(&h, "MaxStartups 1\n");
	h.l.speaking = 1;
	accept_one(&h, ends);
	h.l.speaking = 0;
	ck_assert(list_empty(&h.l.clients));
	n = recv(ends[1], text, sizeof(text), 0);
	ck_assert_int_eq(n, 26);
	ck_assert_int_eq(memcmp(text, "Not allowed at this time\r\n", 26), 0);
	ck_assert_int_eq(recv(ends[1], text, sizeof(text), 0), 0);
	ck_assert(house_said(&h, "INFO drop connection #"));
	close(ends[1]);
	house_clear(&h);
}
END_TEST

/* Admitted while few spoke, it speaks when there are too many: it has our line
 * by then, so it is told in a packet. */
START_TEST(one_too_many_after_our_line_gets_a_disconnect)
{
	uint8_t text[128];
	struct rd r;
	size_t n, padding;
	struct house h;
	int ends[2];

	house_init(&h, "MaxStartups 1\n");
	accept_one(&h, ends);
	ck_assert_int_eq(recv(ends[1], text, 14, 0), 14);
	h.l.speaking = 1;
	ck_assert_int_eq(send(ends[1], "S", 1, 0), 1);
	house_run(&h);
	h.l.speaking = 0;
	ck_assert(list_empty(&h.l.clients));
	n = (size_t)recv(ends[1], text, sizeof(text), 0);
	/* RFC 4253 §6: lengths, a multiple of 8, at least 4 of padding */
	ck_assert(n >= 16 && n <= sizeof(text) && n % 8 == 0);
	r = rd_from(slice_make(text, n));
	ck_assert_uint_eq(rd_u32(&r), n - 4);
	padding = rd_u8(&r);
	ck_assert_uint_ge(padding, 4);
	ck_assert_uint_eq(rd_u8(&r), 1);
	ck_assert_uint_eq(rd_u32(&r), 12);
	ck_assert(slice_is(rd_string(&r), "Not allowed at this time"));
	ck_assert_uint_eq(rd_string(&r).n, 0);
	ck_assert_uint_eq(rd_rest(&r).n, padding);
	ck_assert_int_eq(rd_end(&r), OK);
	close(ends[1]);
	house_clear(&h);
}
END_TEST

/* What is charged, and to whom: the source of who does it. */
START_TEST(leaving_without_a_word_and_silence_are_charged)
{
	static const struct {
		const char *configuration, *reason;
		bool leaves;
	} cases[] = {
	    {"", "penalty: connections without attempting authentication",
		true},
	    {"LoginGraceTime 1\n", "penalty: exceeded LoginGraceTime", false},
	};
	struct house h;
	int ends[2];

	house_init(&h, cases[_i].configuration);
	accept_one(&h, ends);
	if (cases[_i].leaves)
		close(ends[1]);
	for (int i = 0; i < 100 && !list_empty(&h.l.clients); i++)
		loop_turn(h.l.loop, 50);
	ck_assert_uint_eq(penalties_count(&h.l, false), 1);
	ck_assert(house_said(&h, cases[_i].reason));
	if (!cases[_i].leaves)
		close(ends[1]);
	house_clear(&h);
}
END_TEST

/* It isn't to blame that there were others. */
START_TEST(who_is_turned_away_isnt_charged)
{
	struct house h;
	int ends[2][2];

	house_init(&h, "MaxStartups 1\n");
	h.l.silent_max = 1;
	accept_one(&h, ends[0]);
	accept_one(&h, ends[1]);
	h.l.speaking = 1;
	ck_assert_int_eq(send(ends[1][1], "S", 1, 0), 1);
	house_run(&h);
	h.l.speaking = 0;
	ck_assert(list_empty(&h.l.clients));
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	for (int i = 0; i < 2; i++)
		close(ends[i][1]);
	house_clear(&h);
}
END_TEST

START_TEST(the_oldest_silent_one_makes_room)
{
	int ends[3][2];
	struct house h;

	house_init(&h, "");
	h.l.silent_max = 2;
	for (int i = 0; i < 3; i++)
		accept_one(&h, ends[i]);
	ck_assert_uint_eq(h.l.silent, 2);
	ck_assert(house_said(&h, "given up for another"));
	for (int i = 0; i < 3; i++)
		close(ends[i][1]);
	house_clear(&h);
}
END_TEST

/* Two pipes of -i have no names. */
START_TEST(without_a_socket_there_is_no_name)
{
	struct client *c;
	struct house h;
	int fds[2];

	house_init(&h, "");
	ck_assert_int_eq(pipe(fds), 0);
	c = waiting_new(&h.l);
	waiting_names(c, fds[0]);
	ck_assert_str_eq(c->peer_ip, "UNKNOWN");
	ck_assert_uint_eq(c->peer_port, 65535);
	close(fds[0]);
	close(fds[1]);
	house_clear(&h);
}
END_TEST

TCase *
check_waiting(void)
{
	TCase *tc = tcase_create("listener/waiting");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, our_line_is_sent_and_nothing_read);
	tcase_add_test(tc, who_speaks_is_handed_on_unread);
	tcase_add_test(tc, who_leaves_without_a_word_leaves_a_line);
	tcase_add_test(tc, who_speaks_and_closes_is_heard);
	tcase_add_test(tc, silence_ends_with_the_grace_time);
	tcase_add_loop_test(tc, who_waits_for_a_monitor_has_the_grace_time_too,
	    0, 2);
	tcase_add_test(tc, one_too_many_gets_a_text_and_the_end);
	tcase_add_test(tc, one_too_many_after_our_line_gets_a_disconnect);
	tcase_add_loop_test(tc, leaving_without_a_word_and_silence_are_charged,
	    0, 2);
	tcase_add_test(tc, who_is_turned_away_isnt_charged);
	tcase_add_test(tc, the_oldest_silent_one_makes_room);
	tcase_add_test(tc, without_a_socket_there_is_no_name);
	return tc;
}
