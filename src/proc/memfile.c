/*
 * memfile.c - sealed memory files: what is too large for a message
 */
#include "sallyport/proc/memfile.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whoever got it can rely on it: neither length nor octets change again. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u /* Linux 6.3; some systems insist on it */
#endif

static int
create(const char *name)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd;
}

enum err
memfile_make(const char *name, struct slice data, int *fd)
{
	SCOPED(io_close) int made = create(name);
	enum err e;

	*fd = -1;
	if (made < 0)
		return ERR_SYSTEM;
	if ((e = io_write_all(made, data)) != OK)
		return e;
	if (fcntl(made, F_ADD_SEALS, SEALS) != 0)
		return ERR_SYSTEM;
	*fd = made;
	made = -1;
	return OK;
}

/* Read at an offset: the one that the sender's copy shares is the sender's. */
static enum err
read_at(int fd, struct bytes room, size_t offset)
{
	while (room.n > 0) {
		ssize_t n = pread(fd, room.p, room.n, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_RPC;
		room = bytes_skip(room, (size_t)n);
		offset += (size_t)n;
	}
	return OK;
}

enum err
memfile_size(int fd, size_t *size)
{
	int seals = fcntl(fd, F_GET_SEALS); /* of no other kind of file */
	off_t end;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return ERR_RPC;
	if ((end = lseek(fd, 0, SEEK_END)) < 0)
		return ERR_RPC;
	*size = (size_t)end;
	return OK;
}

enum err
memfile_read(int fd, struct buf *out)
{
	struct bytes room;
	size_t size;
	enum err e;

	if ((e = memfile_size(fd, &size)) != OK)
		return e;
	if (size == 0)
		return OK;
	if ((e = buf_reserve(out, size, &room)) != OK)
		return e;
	if ((e = read_at(fd, bytes_first(room, size), 0)) != OK)
		return e;
	buf_filled(out, size);
	return OK;
}
