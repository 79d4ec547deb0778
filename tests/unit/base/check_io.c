#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(closes_through_the_variable_once)
{
	int fds[2];
	int fd;

	ck_assert_int_eq(io_pipe(fds), OK);
	fd = fds[0];
	errno = ENOENT;
	io_close(&fds[0]);
	io_close(&fds[0]);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(fds[0], -1);
	ck_assert(!is_open(fd));
	io_close(&fds[1]);
}
END_TEST

START_TEST(makes_descriptors_that_no_program_inherits)
{
	int fds[4];

	ck_assert_int_eq(io_pipe(fds), OK);
	ck_assert_int_eq(io_pair(fds + 2), OK);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		io_close(&fds[i]);
	}
}
END_TEST

/* One record of two slices: it was one write. */
START_TEST(keeps_records_of_a_pair_apart)
{
	uint8_t room[16];
	int fds[2];
	size_t n;

	ck_assert_int_eq(io_pair(fds), OK);
	ck_assert_int_eq(io_write(fds[0], SLICE_STR("one"), &n), OK);
	ck_assert_int_eq(io_write(fds[0], SLICE_STR("three"), &n), OK);
	ck_assert_int_eq(io_read(fds[1], BYTES_OF(room), &n), OK);
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(io_read(fds[1], BYTES_OF(room), &n), OK);
	ck_assert_uint_eq(n, 5);
	io_close(&fds[0]);
	ck_assert_int_eq(io_read(fds[1], BYTES_OF(room), &n), ERR_EOF);
	io_close(&fds[1]);
}
END_TEST

START_TEST(writes_pieces_as_one)
{
	const struct slice pieces[] = {SLICE_STR("one"), SLICE_NONE,
	    SLICE_STR(" two")};
	uint8_t room[16];
	int fds[2];
	size_t n;

	ck_assert_int_eq(io_pair(fds), OK); /* one write is one record */
	ck_assert_int_eq(io_write_pieces(fds[0], pieces, 3, &n), OK);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(io_read(fds[1], BYTES_OF(room), &n), OK);
	ck_assert(slice_is(slice_make(room, n), "one two"));
	io_close(&fds[1]);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(io_write_pieces(fds[0], pieces, 3, &n),
	    ERR_PEER_CLOSED);
	ck_assert_uint_eq(n, 0);
	io_close(&fds[0]);
}
END_TEST

START_TEST(tells_waiting_from_the_end)
{
	uint8_t room[4];
	int fds[2];
	size_t n;

	ck_assert_int_eq(io_pipe(fds), OK);
	ck_assert_int_eq(io_nonblock(fds[0], true), OK);
	ck_assert_int_eq(io_read(fds[0], BYTES_OF(room), &n), ERR_AGAIN);
	ck_assert_uint_eq(n, 0);
	io_close(&fds[1]);
	ck_assert_int_eq(io_read(fds[0], BYTES_OF(room), &n), ERR_EOF);
	io_close(&fds[0]);
	ck_assert_int_eq(io_read(fds[0], BYTES_OF(room), &n), ERR_SYSTEM);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(switches_nonblocking_off_again)
{
	int fds[2];

	ck_assert_int_eq(io_pipe(fds), OK);
	ck_assert_int_eq(io_nonblock(fds[1], true), OK);
	ck_assert(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
	ck_assert_int_eq(io_nonblock(fds[1], false), OK);
	ck_assert(!(fcntl(fds[1], F_GETFL) & O_NONBLOCK));
	ck_assert_int_eq(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	io_close(&fds[0]);
	io_close(&fds[1]);
	ck_assert_int_eq(io_nonblock(fds[1], true), ERR_SYSTEM);
}
END_TEST

START_TEST(says_that_nobody_reads)
{
	int fds[2];
	size_t n;

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(io_pipe(fds), OK);
	io_close(&fds[0]);
	ck_assert_int_eq(io_write(fds[1], SLICE_STR("x"), &n), ERR_PEER_CLOSED);
	ck_assert_int_eq(io_write_all(fds[1], SLICE_STR("x")), ERR_PEER_CLOSED);
	io_close(&fds[1]);
}
END_TEST

START_TEST(says_that_the_peer_was_reset)
{
	uint8_t room[4];
	int fds[2];
	size_t n;

	/* A Unix stream with unread octets at its close is reset. */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(io_write(fds[1], SLICE_STR("x"), &n), OK);
	io_close(&fds[0]);
	ck_assert_int_eq(io_read(fds[1], BYTES_OF(room), &n), ERR_PEER_RESET);
	io_close(&fds[1]);
}
END_TEST

#define LARGE ((size_t)300000) /* more than a pipe takes */

/* Another process sends LARGE octets of a pattern into a nonblocking pipe. */
static int
large_source(void)
{
	static uint8_t octets[LARGE];
	int fds[2];

	for (size_t i = 0; i < LARGE; i++)
		octets[i] = (uint8_t)(i % 251);
	ck_assert_int_eq(io_pipe(fds), OK);
	ck_assert_int_eq(io_nonblock(fds[0], true), OK);
	ck_assert_int_eq(io_nonblock(fds[1], true), OK);
	if (fork() == 0) {
		close(fds[0]);
		_exit(io_write_all(fds[1], slice_make(octets, LARGE)) != OK);
	}
	io_close(&fds[1]);
	return fds[0];
}

START_TEST(writes_and_reads_everything_even_where_it_must_wait)
{
	SCOPED(buf_clear) struct buf all = BUF_LIMIT(LARGE);
	int fd = large_source();
	int status;

	ck_assert_int_eq(io_read_all(fd, LARGE, &all), OK);
	ck_assert_uint_eq(all.n, LARGE);
	for (size_t i = 0; i < LARGE; i++)
		ck_assert_uint_eq(all.p[i], i % 251);
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	io_close(&fd);
}
END_TEST

START_TEST(reads_no_more_than_the_limit)
{
	size_t limit = (size_t)_i;
	SCOPED(buf_clear) struct buf all = BUF_EMPTY;
	int fds[2];

	ck_assert_int_eq(io_pipe(fds), OK);
	ck_assert_int_eq(io_write_all(fds[1], SLICE_STR("12345")), OK);
	io_close(&fds[1]);
	ck_assert_int_eq(io_read_all(fds[0], limit, &all),
	    limit < 5 ? ERR_TOO_LONG : OK);
	ck_assert_uint_eq(all.n, limit < 5 ? limit : 5);
	io_close(&fds[0]);
}
END_TEST

START_TEST(appends_what_it_reads)
{
	SCOPED(buf_clear) struct buf all = BUF_EMPTY;
	int fds[2];

	ck_assert_int_eq(buf_append_cstr(&all, "ab"), OK);
	ck_assert_int_eq(io_pipe(fds), OK);
	ck_assert_int_eq(io_write_all(fds[1], SLICE_STR("cd")), OK);
	io_close(&fds[1]);
	ck_assert_int_eq(io_read_all(fds[0], 100, &all), OK);
	ck_assert(slice_is(buf_slice(&all), "abcd"));
	io_close(&fds[0]);
}
END_TEST

/* libcheck forks each test, so these close what they like. */
START_TEST(closes_all_but_those_named)
{
	int fds[8];
	int keep[4];

	for (size_t i = 0; i < 8; i++)
		fds[i] = fcntl(0, F_DUPFD, 40 + (int)i);
	keep[0] = fds[6];
	keep[1] = -1;
	keep[2] = fds[1];
	keep[3] = 2; /* below the first: nobody asked to close it */
	io_close_but(fds[0], keep, 4);
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(is_open(fds[i]), i == 1 || i == 6);
	ck_assert(is_open(2));
	io_close_but(fds[0], NULL, 0);
	ck_assert(!is_open(fds[1]));
	ck_assert(!is_open(fds[6]));
}
END_TEST

/* Any of the three may be closed: their numbers must not go to a socket. */
START_TEST(makes_the_three_descriptors_valid)
{
	int saved = fcntl(2, F_DUPFD, 10);
	bool open[3];

	for (int fd = 0; fd <= 2; fd++)
		if (_i & 1 << fd)
			close(fd);
	if (io_std_fds() != OK)
		_exit(1);
	for (int fd = 0; fd <= 2; fd++)
		open[fd] = is_open(fd);
	dup2(saved, 2);
	ck_assert(open[0] && open[1] && open[2]);
	ck_assert_int_eq(fcntl(0, F_GETFD), 0);
	close(saved);
}
END_TEST

/* Whatever is wrong with the path, there is no descriptor then. */
START_TEST(connects_to_a_path_or_says_why_not)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/check-io.XXXXXX", longer[sizeof(at.sun_path) + 1];
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = 7;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/socket", dir);
	ck_assert_int_eq(io_connect_unix(at.sun_path, &fd), ERR_SYSTEM);
	ck_assert(fd == -1 && errno == ENOENT);
	ck_assert_int_eq(bind(listening, (const struct sockaddr *)&at,
			     sizeof(at)),
	    0);
	ck_assert_int_eq(io_connect_unix(at.sun_path, &fd), ERR_SYSTEM);
	ck_assert(fd == -1 && errno == ECONNREFUSED);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(io_connect_unix(at.sun_path, &fd), OK);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	io_close(&fd);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(io_connect_unix(longer, &fd), ERR_SYSTEM);
	ck_assert(fd == -1 && errno == ENAMETOOLONG);
	close(listening);
	unlink(at.sun_path);
	rmdir(dir);
}
END_TEST

TCase *
check_io(void)
{
	TCase *tc = tcase_create("base/io");

	tcase_add_test(tc, closes_through_the_variable_once);
	tcase_add_test(tc, makes_descriptors_that_no_program_inherits);
	tcase_add_test(tc, keeps_records_of_a_pair_apart);
	tcase_add_test(tc, writes_pieces_as_one);
	tcase_add_test(tc, tells_waiting_from_the_end);
	tcase_add_test(tc, switches_nonblocking_off_again);
	tcase_add_test(tc, says_that_nobody_reads);
	tcase_add_test(tc, says_that_the_peer_was_reset);
	tcase_add_test(tc, writes_and_reads_everything_even_where_it_must_wait);
	tcase_add_loop_test(tc, reads_no_more_than_the_limit, 0, 8);
	tcase_add_test(tc, appends_what_it_reads);
	tcase_add_test(tc, connects_to_a_path_or_says_why_not);
	tcase_add_test(tc, closes_all_but_those_named);
	tcase_add_loop_test(tc, makes_the_three_descriptors_valid, 0, 8);
	return tc;
}
