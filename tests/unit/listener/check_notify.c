#include "house.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A manager: its socket's name, for NOTIFY_SOCKET, and its end. */
struct manager {
	char name[64];
	int fd;
};

static void
manager_start(struct manager *m, bool abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t n;

	snprintf(m->name, sizeof(m->name), "%ssallyport-check-%ld",
	    abstract ? "@" : "/tmp/", (long)getpid());
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			strlen(m->name));
	memcpy(a.sun_path, m->name, strlen(m->name));
	if (abstract)
		a.sun_path[0] = '\0';
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(m->fd, (struct sockaddr *)&a,
			     abstract ? n : (socklen_t)(n + 1)),
	    0);
}

static void
manager_stop(struct manager *m)
{
	if (m->name[0] == '/')
		unlink(m->name);
	close(m->fd);
}

/* The next datagram is that. */
static bool
heard(struct manager *m, const char *lines)
{
	char text[512];
	ssize_t n = recv(m->fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return strcmp(text, lines) == 0;
}

START_TEST(readiness_is_told)
{
	struct manager m;
	char lines[100];
	struct house h;

	manager_start(&m, _i == 0);
	setenv("NOTIFY_SOCKET", m.name, 1);
	house_init(&h, "PidFile none\n");
	notify_init(&h.l);
	notify_ready(&h.l);
	snprintf(lines, sizeof(lines), "READY=1\nMAINPID=%ld", (long)getpid());
	ck_assert(heard(&m, lines));
	clock_fake(5000, 0);
	notify_reloading(&h.l);
	ck_assert(heard(&m, "RELOADING=1\nMONOTONIC_USEC=5000000"));
	clock_fake(0, 0);
	strcpy(h.l.reload_failed, "why");
	notify_resumed(&h.l);
	ck_assert(heard(&m, "READY=1\nSTATUS=0 logged in, 0 before login, "
			    "0 silent; the last reload failed: why"));
	notify_stopping(&h.l);
	ck_assert(heard(&m, "STOPPING=1"));
	manager_stop(&m);
	house_clear(&h);
}
END_TEST

START_TEST(no_child_finds_what_systemd_told)
{
	static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC",
	    "WATCHDOG_PID", "FDSTORE", "LISTEN_FDS", "LISTEN_PID",
	    "LISTEN_FDNAMES"};
	struct house h;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		setenv(names[i], "1", 1);
	house_init(&h, "");
	notify_init(&h.l);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_ptr_null(getenv(names[i]));
	house_clear(&h);
}
END_TEST

/* One of a virtual machine's host, and names that are none. */
START_TEST(other_sockets_are_left_alone)
{
	static const char *const names[] = {"vsock:2:1234", "", "@", "relative",
	    "vsock-stream:2:99"};
	struct house h;

	setenv("NOTIFY_SOCKET", names[_i], 1);
	house_init(&h, "PidFile none\n");
	notify_init(&h.l);
	notify_ready(&h.l);
	ck_assert(!house_said(&h, "NOTIFY_SOCKET"));
	house_clear(&h);
}
END_TEST

/* The beat is the loop's: a loop that stands still is silent. */
START_TEST(the_watchdog_is_fed_while_the_loop_turns)
{
	struct manager m;
	struct house h;
	int beats = 0;

	manager_start(&m, true);
	setenv("NOTIFY_SOCKET", m.name, 1);
	setenv("WATCHDOG_USEC", "100000", 1);
	house_init(&h, "PidFile none\n");
	notify_init(&h.l);
	notify_ready(&h.l);
	(void)heard(&m, "READY=1");
	ck_assert(heard(&m, "WATCHDOG=1"));
	usleep(200000);
	ck_assert(!heard(&m, "WATCHDOG=1"));
	for (int i = 0; i < 100 && beats < 3; i++) {
		loop_turn(h.l.loop, 20);
		beats += heard(&m, "WATCHDOG=1");
	}
	ck_assert_int_eq(beats, 3);
	manager_stop(&m);
	house_clear(&h);
}
END_TEST

START_TEST(a_foreign_watchdog_is_not_fed)
{
	struct house h;

	setenv("WATCHDOG_USEC", "100000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	house_init(&h, "");
	notify_init(&h.l);
	ck_assert(h.l.notify.watchdog_us == 0);
	house_clear(&h);
}
END_TEST

/* What changes is told a moment later, what doesn't isn't. */
START_TEST(the_status_follows_the_counts)
{
	struct manager m;
	struct house h;

	manager_start(&m, true);
	house_init(&h, "PidFile none\n");
	h.l.notify.socket = m.name;
	house_client(&h, "192.0.2.7", CLIENT_SILENT);
	house_client(&h, "192.0.2.7", CLIENT_FORKED);
	notify_turn(&h.l);
	ck_assert(!heard(&m, "STATUS="));
	loop_turn(h.l.loop, 5000);
	ck_assert(heard(&m, "STATUS=0 logged in, 1 before login, 1 silent"));
	/* its own turn is no reason to look again */
	notify_turn(&h.l);
	ck_assert(h.l.notify.status.place == 0);
	notify_turn(&h.l);
	strcpy(h.l.reload_failed, "line 3");
	loop_turn(h.l.loop, 5000);
	ck_assert(heard(&m, "STATUS=0 logged in, 1 before login, 1 silent; "
			    "the last reload failed: line 3"));
	manager_stop(&m);
	house_clear(&h);
}
END_TEST

/* As many as the store holds, and none that systemd has itself. */
START_TEST(listening_sockets_are_stored)
{
	struct manager m;
	struct house h;
	char room[64], control[256];
	struct iovec iov = {room, sizeof(room) - 1};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	const struct cmsghdr *c;
	ssize_t n;

	manager_start(&m, true);
	house_init(&h, "PidFile none\n");
	h.l.notify.socket = m.name;
	h.l.notify.store = 3;
	for (int i = 0; i < 4; i++)
		h.l.sockets[h.l.nsockets++] =
		    (struct listening){.fd = socket(AF_INET, SOCK_STREAM, 0),
			.given = i == 1};
	notify_ready(&h.l);
	ck_assert(heard(&m, "FDSTOREREMOVE=1\nFDNAME=listen"));
	n = recvmsg(m.fd, &msg, 0);
	ck_assert_int_gt(n, 0);
	room[n] = '\0';
	ck_assert_str_eq(room, "FDSTORE=1\nFDNAME=listen");
	c = CMSG_FIRSTHDR(&msg);
	ck_assert(c != NULL && c->cmsg_len == CMSG_LEN(2 * sizeof(int)));
	manager_stop(&m);
	house_clear(&h);
}
END_TEST

TCase *
check_notify(void)
{
	TCase *tc = tcase_create("listener/notify");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, readiness_is_told, 0, 2);
	tcase_add_test(tc, no_child_finds_what_systemd_told);
	tcase_add_loop_test(tc, other_sockets_are_left_alone, 0, 5);
	tcase_add_test(tc, the_watchdog_is_fed_while_the_loop_turns);
	tcase_add_test(tc, a_foreign_watchdog_is_not_fed);
	tcase_add_test(tc, the_status_follows_the_counts);
	tcase_add_test(tc, listening_sockets_are_stored);
	return tc;
}
