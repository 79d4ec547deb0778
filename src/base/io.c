#include "sallyport/base/io.h"

#include "sallyport/base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_FIRST 4096u  /* most of what we read whole is small */
#define READ_PIECE 65536u /* and key files of a large site aren't */

void
io_close(int *fd)
{
	int saved = errno; /* SCOPED runs this behind a failed call */

	if (*fd >= 0)
		close(*fd); /* EINTR: Linux has closed it nevertheless */
	*fd = -1;
	errno = saved;
}

enum err
io_nonblock(int fd, bool on)
{
	int old = fcntl(fd, F_GETFL);
	int want = on ? old | O_NONBLOCK : old & ~O_NONBLOCK;

	if (old < 0)
		return ERR_SYSTEM;
	if (want != old && fcntl(fd, F_SETFL, want) < 0)
		return ERR_SYSTEM;
	return OK;
}

static enum err
err_of_errno(void)
{
	switch (errno) {
	case EAGAIN:
		return ERR_AGAIN;
	case ECONNRESET:
		return ERR_PEER_RESET;
	case EPIPE:
		return ERR_PEER_CLOSED;
	default:
		return ERR_SYSTEM;
	}
}

static enum err
read_result(ssize_t got, size_t *n)
{
	*n = got > 0 ? (size_t)got : 0;
	if (got < 0)
		return err_of_errno();
	return got == 0 ? ERR_EOF : OK;
}

enum err
io_read(int fd, struct bytes room, size_t *n)
{
	ssize_t got;

	must(room.n > 0); /* or the answer would look like the end */
	do
		got = read(fd, room.p, room.n);
	while (got < 0 && errno == EINTR);
	return read_result(got, n);
}

enum err
io_read_rooms(int fd, const struct bytes *rooms, size_t n, size_t *got)
{
	struct iovec parts[IO_ROOMS_MAX];
	ssize_t all;

	must(n > 0 && n <= IO_ROOMS_MAX && rooms[0].n > 0);
	for (size_t i = 0; i < n; i++)
		parts[i] = (struct iovec){rooms[i].p, rooms[i].n};
	do
		all = readv(fd, parts, (int)n);
	while (all < 0 && errno == EINTR);
	return read_result(all, got);
}

static enum err
write_result(ssize_t put, size_t *n)
{
	*n = put > 0 ? (size_t)put : 0;
	return put < 0 ? err_of_errno() : OK;
}

enum err
io_write(int fd, struct slice data, size_t *n)
{
	ssize_t put;

	do
		put = write(fd, data.p, data.n);
	while (put < 0 && errno == EINTR);
	return write_result(put, n);
}

enum err
io_write_pieces(int fd, const struct slice *pieces, size_t n, size_t *put)
{
	struct iovec parts[IO_PIECES_MAX];
	ssize_t all;

	must(n > 0 && n <= IO_PIECES_MAX);
	for (size_t i = 0; i < n; i++)
		parts[i] =
		    (struct iovec){(void *)(uintptr_t)pieces[i].p, pieces[i].n};
	do
		all = writev(fd, parts, (int)n);
	while (all < 0 && errno == EINTR);
	return write_result(all, put);
}

/* Until fd is ready for events, or broken: the next call tells how. */
static enum err
wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, -1);
	while (n < 0 && errno == EINTR);
	return n < 0 ? ERR_SYSTEM : OK;
}

enum err
io_write_all(int fd, struct slice data)
{
	enum err e;
	size_t n;

	while (data.n > 0) {
		e = io_write(fd, data, &n);
		if (e == ERR_AGAIN)
			e = wait_for(fd, POLLOUT);
		if (e != OK)
			return e;
		data = slice_skip(data, n);
	}
	return OK;
}

static enum err
read_waiting(int fd, struct bytes room, size_t *n)
{
	enum err e;

	while ((e = io_read(fd, room, n)) == ERR_AGAIN)
		if ((e = wait_for(fd, POLLIN)) != OK)
			return e;
	return e;
}

/* Is this the end? An octet beyond the limit is one too many. */
static enum err
read_end(int fd)
{
	uint8_t octet = 0;
	size_t n;
	enum err e = read_waiting(fd, BYTES_OF(octet), &n);

	if (e == ERR_EOF)
		return OK;
	return e == OK ? ERR_TOO_LONG : e;
}

enum err
io_read_all(int fd, size_t limit, struct buf *out)
{
	size_t piece = READ_FIRST;

	for (size_t left = limit, n; left > 0; left -= n) {
		struct bytes room;
		enum err e;

		e = buf_reserve(out, left < piece ? left : piece, &room);
		if (e != OK)
			return e;
		if (room.n > left)
			room.n = left;
		e = read_waiting(fd, room, &n);
		if (e == ERR_EOF)
			return OK;
		if (e != OK)
			return e;
		buf_filled(out, n);
		piece = READ_PIECE;
	}
	return read_end(fd);
}

enum err
io_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return ERR_SYSTEM;
	return OK;
}

enum err
io_connect_unix(const char *path, int *fd)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	*fd = -1;
	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	strcpy(to.sun_path, path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return ERR_SYSTEM;
	if (connect(*fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return OK;
	io_close(fd);
	return ERR_SYSTEM;
}

enum err
io_pipe(int fds[2])
{
	return pipe2(fds, O_CLOEXEC) < 0 ? ERR_SYSTEM : OK;
}

/* Kernels before 5.9 and some containers have no close_range. */
static void
close_between(unsigned int first, unsigned int last)
{
	long open_max;

	if (first > last || close_range(first, last, 0) == 0)
		return;
	open_max = sysconf(_SC_OPEN_MAX);
	for (unsigned int fd = first; fd <= last && fd < open_max; fd++)
		close((int)fd);
}

/* The lowest of keep that isn't below from; -1 where there is none. */
static int
lowest_from(int from, const int *keep, size_t n)
{
	int lowest = -1;

	for (size_t i = 0; i < n; i++)
		if (keep[i] >= from && (lowest < 0 || keep[i] < lowest))
			lowest = keep[i];
	return lowest;
}

void
io_close_but(int first, const int *keep, size_t n)
{
	int kept;

	must(first >= 0);
	while ((kept = lowest_from(first, keep, n)) >= 0) {
		if (kept > first)
			close_between((unsigned)first, (unsigned)kept - 1);
		first = kept + 1;
	}
	close_between((unsigned)first, UINT_MAX);
}

enum err
io_std_fds(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is fd: those below are taken. They
		 * are for programs that we start, so not close-on-exec. */
		if (open("/dev/null", O_RDWR) != fd)
			return ERR_SYSTEM;
	}
	return OK;
}
