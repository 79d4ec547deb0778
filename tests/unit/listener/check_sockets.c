#include "house.h"

#include "sallyport/base/io.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket that listens on this address; its port in *port. */
static int
listening(const char *ip, uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_eq(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	a.sin_port = htons(*port);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static int
connected(const char *ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A configuration with these addresses, "%u" in them is the port. */
static void
init(struct house *h, const char *lines, uint16_t port)
{
	char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), lines, (unsigned int)port,
	    (unsigned int)port);
#pragma GCC diagnostic pop
	house_init(h, text);
}

/* A port that is free on 127.0.0.2, too: the first it listens on. */
static int
listening_beside(uint16_t *port)
{
	for (;;) {
		struct sockaddr_in a = {.sin_family = AF_INET};
		int fd, other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc;

		*port = 0;
		fd = listening("127.0.0.1", port);
		a.sin_port = htons(*port);
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
		rc = bind(other, (struct sockaddr *)&a, sizeof(a));
		close(other);
		if (rc == 0)
			return fd;
		close(fd);
	}
}

START_TEST(what_is_wanted_stays_as_it_is)
{
	uint16_t port;
	int fd = listening_beside(&port);
	struct house h;

	init(&h, "Port %u\nListenAddress 127.0.0.1\nListenAddress 127.0.0.2\n",
	    port);
	h.l.sockets[h.l.nsockets++].fd = fd;
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert_uint_eq(h.l.nsockets, 2);
	ck_assert_int_eq(h.l.sockets[0].fd, fd);
	ck_assert(!house_said(&h, "Server stops"));
	ck_assert(house_said(&h, "INFO Server listening on 127.0.0.2 port "));
	sockets_close(&h.l);
	house_clear(&h);
}
END_TEST

/* Who connected before an address is given up is a client like any other. */
START_TEST(a_socket_that_goes_is_emptied)
{
	uint16_t old = 0, port = 0;
	int fd = listening("127.0.0.1", &old), client;
	struct house h;

	close(listening("127.0.0.1", &port));
	init(&h, "Port %u\nListenAddress 127.0.0.1\n", port);
	h.l.sockets[h.l.nsockets++].fd = fd;
	client = connected("127.0.0.1", old);
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert_uint_eq(h.l.nsockets, 1);
	ck_assert(house_said(&h, "INFO Server stops listening on 127.0.0.1"));
	ck_assert_uint_eq(h.l.silent, 1);
	ck_assert_int_lt(connected("127.0.0.1", old), 0);
	close(client);
	sockets_close(&h.l);
	house_clear(&h);
}
END_TEST

/* The wildcard is in the way of each of its addresses. */
START_TEST(a_wildcard_makes_way)
{
	uint16_t port = 0;
	int fd = listening("0.0.0.0", &port);
	struct house h;

	init(&h, "Port %u\nListenAddress 127.0.0.1\n", port);
	h.l.sockets[h.l.nsockets++].fd = fd;
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert_uint_eq(h.l.nsockets, 1);
	ck_assert_int_lt(connected("127.0.0.2", port), 0);
	ck_assert(!house_said(&h, "ERROR"));
	sockets_close(&h.l);
	house_clear(&h);
}
END_TEST

START_TEST(a_busy_port_is_one_error)
{
	uint16_t port;
	int fd = listening_beside(&port);
	char line[100];
	struct house h;

	/* one that can be had is enough */
	init(&h, "Port %u\nListenAddress 127.0.0.1\nListenAddress 127.0.0.2\n",
	    port);
	snprintf(line, sizeof(line),
	    "ERROR Bind to port %u on 127.0.0.1 "
	    "failed: Address already in use.",
	    (unsigned int)port);
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert(house_logged(&h, line));
	sockets_close(&h.l);
	house_clear(&h);
	init(&h, "Port %u\nListenAddress 127.0.0.1\n", port);
	ck_assert_int_eq(sockets_open(&h.l), ERR_SYSTEM);
	ck_assert(house_logged(&h, line));
	ck_assert(house_logged(&h, "FATAL Cannot bind any address."));
	close(fd);
	house_clear(&h);
}
END_TEST

/* Better the old address than none. */
START_TEST(nothing_new_to_be_had_keeps_the_old)
{
	uint16_t old = 0, busy = 0;
	int fd = listening("127.0.0.1", &old);
	int other = listening("127.0.0.1", &busy);
	struct house h;

	init(&h, "Port %u\nListenAddress 127.0.0.1\n", busy);
	h.l.sockets[h.l.nsockets++].fd = fd;
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert_uint_eq(h.l.nsockets, 1);
	ck_assert_int_eq(h.l.sockets[0].fd, fd);
	ck_assert(house_said(&h, "ERROR still listening where it was before"));
	close(other);
	sockets_close(&h.l);
	house_clear(&h);
}
END_TEST

START_TEST(an_unknown_name_closes_nothing)
{
	uint16_t old = 0, port = 0;
	int fd = listening("127.0.0.1", &old);
	struct house h;

	close(listening("127.0.0.2", &port));
	init(&h,
	    "Port %u\nListenAddress 127.0.0.2\n"
	    "ListenAddress not.a.name.invalid:%u\n",
	    port);
	h.l.sockets[h.l.nsockets++].fd = fd;
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert_uint_eq(h.l.nsockets, 2);
	ck_assert(house_said(&h, "ERROR bad addr or host: not.a.name.invalid"));
	sockets_close(&h.l);
	house_clear(&h);
}
END_TEST

/* Two lines, or a name and an address, may mean the same. */
START_TEST(an_address_is_bound_once)
{
	uint16_t port = 0;
	struct house h;

	close(listening("127.0.0.1", &port));
	init(&h, "ListenAddress 127.0.0.1:%u\nListenAddress 127.0.0.1:%u\n",
	    port);
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert_uint_eq(h.l.nsockets, 1);
	ck_assert(!house_said(&h, "ERROR"));
	sockets_close(&h.l);
	house_clear(&h);
}
END_TEST

/* ---- LISTEN_FDS ------------------------------------------------------------------ */

/* Flags of the first, as sockets_receive left them. */
struct flags {
	int descriptor, file;
};

/*
 * sockets_receive with these as descriptors 3 and up. Before anything else
 * happens they are moved away: the test's frame has its own there.
 */
static struct flags
pass(struct house *h, const int *fds, int n, const char *names, const char *pid)
{
	struct flags flags;
	char text[16];
	int saved[4];

	house_init(h, "Port 1\n");
	snprintf(text, sizeof(text), "%d", n);
	setenv("LISTEN_FDS", text, 1);
	snprintf(text, sizeof(text), "%ld", (long)getpid());
	setenv("LISTEN_PID", pid != NULL ? pid : text, 1);
	unsetenv("LISTEN_FDNAMES");
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
	for (int i = 0; i < n; i++)
		saved[i] = fcntl(3 + i, F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < n; i++)
		dup2(fds[i], 3 + i);
	sockets_receive(&h->l);
	flags = (struct flags){fcntl(3, F_GETFD), fcntl(3, F_GETFL)};
	for (size_t i = 0; i < h->l.nsockets; i++)
		h->l.sockets[i].fd =
		    fcntl(h->l.sockets[i].fd, F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < n; i++)
		if (saved[i] >= 0)
			dup2(saved[i], 3 + i);
	return flags;
}

START_TEST(sockets_of_a_unit_are_served_alone)
{
	uint16_t a = 0, b = 0;
	int fds[] = {fcntl(listening("127.0.0.1", &a), F_DUPFD, 50),
	    fcntl(listening("127.0.0.1", &b), F_DUPFD, 50)};
	struct flags flags;
	struct house h;

	flags = pass(&h, fds, 2, "sallyportd.socket:" NOTIFY_STORED, NULL);
	ck_assert_uint_eq(h.l.nsockets, 2);
	ck_assert(h.l.sockets[0].given && !h.l.sockets[1].given);
	ck_assert((flags.descriptor & FD_CLOEXEC) != 0);
	ck_assert((flags.file & O_NONBLOCK) != 0);
	/* the stored one is ours, and the unit's says where to listen */
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert_uint_eq(h.l.nsockets, 1);
	ck_assert(h.l.sockets[0].given);
	ck_assert(house_said(&h, "Port and ListenAddress have no effect"));
	/* told once */
	h.l.restored = true;
	buf_reset(&h.log);
	ck_assert_int_eq(sockets_open(&h.l), OK);
	ck_assert(!house_said(&h, "no effect"));
	house_clear(&h);
}
END_TEST

START_TEST(a_connection_is_no_listening_socket)
{
	struct house h;
	int ends[2];

	house_tcp(ends);
	ends[0] = fcntl(ends[0], F_DUPFD, 50);
	pass(&h, ends, 1, "connection", NULL);
	ck_assert_uint_eq(h.l.nsockets, 0);
	ck_assert_int_eq(h.l.connection, 3);
	house_clear(&h);
}
END_TEST

/* The variables are inherited by whoever they aren't meant for. */
START_TEST(what_is_meant_for_another_is_not_taken)
{
	static const char *const pids[] = {"1", "", "no number",
	    "99999999999999999999"};
	uint16_t port = 0;
	int fd = fcntl(listening("127.0.0.1", &port), F_DUPFD, 50);
	struct house h;

	pass(&h, &fd, 1, NULL, pids[_i]);
	ck_assert(h.l.nsockets == 0 && h.l.connection < 0);
	house_clear(&h);
}
END_TEST

TCase *
check_sockets(void)
{
	TCase *tc = tcase_create("listener/sockets");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_is_wanted_stays_as_it_is);
	tcase_add_test(tc, a_socket_that_goes_is_emptied);
	tcase_add_test(tc, a_wildcard_makes_way);
	tcase_add_test(tc, a_busy_port_is_one_error);
	tcase_add_test(tc, nothing_new_to_be_had_keeps_the_old);
	tcase_add_test(tc, an_unknown_name_closes_nothing);
	tcase_add_test(tc, an_address_is_bound_once);
	tcase_add_test(tc, sockets_of_a_unit_are_served_alone);
	tcase_add_test(tc, a_connection_is_no_listening_socket);
	tcase_add_loop_test(tc, what_is_meant_for_another_is_not_taken, 0, 4);
	return tc;
}
