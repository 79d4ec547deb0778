/*
 * io.h - descriptors: nonblocking reads and writes, close-on-exec, cleaning up
 *
 * Every descriptor of ours is made with its atomic close-on-exec flag. EINTR
 * is handled here.
 */
#ifndef SALLYPORT_BASE_IO_H
#define SALLYPORT_BASE_IO_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <sys/types.h>
#include <sys/uio.h>

/* close() through a variable: sets it to -1. For SCOPED. -1 is ignored. */
void io_close(int *fd);

MUST_USE enum err io_nonblock(int fd, bool on);

/*
 * Read once. OK with *n > 0; ERR_EOF; ERR_AGAIN; ERR_PEER_RESET;
 * ERR_SYSTEM with errno.
 */
MUST_USE enum err io_read(int fd, struct bytes room, size_t *n);

/* The same into n rooms (at most IO_ROOMS_MAX), one after the other. */
#define IO_ROOMS_MAX 8
MUST_USE enum err
io_read_rooms(int fd, const struct bytes *rooms, size_t n, size_t *got);

/* Write once, maybe in part. OK with *n; ERR_AGAIN; ERR_PEER_CLOSED (EPIPE);
 * ERR_PEER_RESET; ERR_SYSTEM. SIGPIPE must be ignored. */
MUST_USE enum err io_write(int fd, struct slice data, size_t *n);

/* The same of n pieces (at most IO_PIECES_MAX), one after the other. */
#define IO_PIECES_MAX 32
MUST_USE enum err
io_write_pieces(int fd, const struct slice *pieces, size_t n, size_t *put);

/* Write everything, waiting with poll() where it must; blocking helpers. */
MUST_USE enum err io_write_all(int fd, struct slice data);

/* Read to the end or to limit octets (more is ERR_TOO_LONG), appending. */
MUST_USE enum err io_read_all(int fd, size_t limit, struct buf *out);

/* SOCK_SEQPACKET pair, close-on-exec; blocking. */
MUST_USE enum err io_pair(int fds[2]);

/* Connect to a stream socket at a path: non-blocking, close-on-exec. Doesn't
 * wait: a listener that is too busy is ERR_SYSTEM, as all else is. */
MUST_USE enum err io_connect_unix(const char *path, int *fd);

/* pipe2(O_CLOEXEC) */
MUST_USE enum err io_pipe(int fds[2]);

/*
 * Close every descriptor from first on but those in keep (any order, -1
 * entries are skipped), by close_range.
 */
void io_close_but(int first, const int *keep, size_t n);

/* Make 0, 1 and 2 valid (on /dev/null) if they are closed. */
MUST_USE enum err io_std_fds(void);

#endif
