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
	tcase_add_test(tc, one_too_many_gets_a_text_and_the_end);
	tcase_add_test(tc, the_oldest_silent_one_makes_room);
	tcase_add_test(tc, without_a_socket_there_is_no_name);
	return tc;
}
