/*
 * files.c - requests on files: open, close, read, write, copy
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* pflags of OPEN, draft §6.3 */
enum {
	PF_READ = 1,
	PF_WRITE = 2,
	PF_APPEND = 4,
	PF_CREAT = 8,
	PF_TRUNC = 16,
	PF_EXCL = 32
};

#define MODES 07777u

/* ---- open and close ------------------------------------------------------------ */

static int
open_flags(uint32_t pflags)
{
	int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC; /* a FIFO waits */

	if ((pflags & PF_READ) && (pflags & PF_WRITE))
		flags |= O_RDWR;
	else
		flags |= pflags & PF_WRITE ? O_WRONLY : O_RDONLY;
	flags |= pflags & PF_APPEND ? O_APPEND : 0;
	flags |= pflags & PF_CREAT ? O_CREAT : 0;
	flags |= pflags & PF_TRUNC ? O_TRUNC : 0;
	flags |= pflags & PF_EXCL ? O_EXCL : 0;
	return flags;
}

static const char *
flags_text(uint32_t pflags, char room[64])
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {{PF_READ, "READ"}, {PF_WRITE, "WRITE"},
	    {PF_APPEND, "APPEND"}, {PF_CREAT, "CREATE"}, {PF_TRUNC, "TRUNCATE"},
	    {PF_EXCL, "EXCL"}};
	size_t n = 0;

	room[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pflags & names[i].flag)
			n += (size_t)snprintf(room + n, 64 - n, "%s%s",
			    n > 0 ? "," : "", names[i].name);
	return room;
}

/* O_TRUNC, where it is to be known how much that sets free. */
static bool
empty(struct sftp *s, int fd)
{
	struct quota_file q;
	int failed = 0;

	(void)quota_before(s, fd, 0, &q);
	if (q.counts)
		failed = ftruncate(fd, 0);
	quota_after(s, fd, &q);
	return failed == 0;
}

/* As it is: with SftpQuota it is emptied by a call of its own. */
static int
open_in_place(struct sftp *s, const char *path, int flags, mode_t mode)
{
	bool apart = s->o->quota != 0 && (flags & O_TRUNC) != 0;
	int fd = place_open(s, path, apart ? flags & ~O_TRUNC : flags, mode);
	int why;

	if (fd < 0 || !apart || empty(s, fd))
		return fd;
	why = errno;
	io_close(&fd);
	errno = why;
	return -1;
}

static void
open_new(struct sftp *s, const char *path, int flags, mode_t mode,
    struct handle *new)
{
	bool forced = s->o->has_file_mode;
	mode_t mask = forced ? umask(0) : 0;

	mode = forced ? s->o->file_mode : mode;
	if (!upload_begin(s, path, flags, mode, new))
		new->fd = open_in_place(s, path, flags, mode);
	if (forced)
		(void)umask(mask);
}

enum status
on_open(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	uint32_t pflags = rd_u32(r);
	struct attrs a = attrs_read(r);
	uint32_t mode = a.has & ATTR_MODE ? a.mode : 0666;
	struct handle new = {.kind = HANDLE_FILE,
	    .append = (pflags & PF_APPEND) != 0};
	char room[64];

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (s->o->read_only &&
	    (pflags & (PF_WRITE | PF_APPEND | PF_CREAT | PF_TRUNC)) != 0) {
		sftp_say(s, LEVEL_VERBOSE,
		    "Refusing open request in read-only mode");
		return FX_PERMISSION_DENIED;
	}
	sftp_say(s, LEVEL_INFO, "open \"%s\" flags %s mode 0%o",
	    sftp_quote(path), flags_text(pflags, room), mode & MODES);
	open_new(s, path, open_flags(pflags), (mode_t)(mode & MODES), &new);
	if (new.fd < 0)
		return sftp_done(-1);
	if (own_is(new.fd)) {
		io_close(&new.fd);
		return FX_PERMISSION_DENIED;
	}
	return sftp_reply_handle(s, &new, path);
}

enum status
on_close(struct sftp *s, struct rd *r)
{
	struct slice number = rd_string(r);
	struct handle *h;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if ((h = handles_any(&s->handles, number)) == NULL)
		return FX_NO_SUCH_FILE;
	if (h->kind == HANDLE_FOLDER)
		sftp_say(s, LEVEL_INFO, "closedir \"%s\"", sftp_quote(h->path));
	else
		sftp_say(s, LEVEL_INFO,
		    "close \"%s\" bytes read %llu written %llu",
		    sftp_quote(h->path), (unsigned long long)h->octets_read,
		    (unsigned long long)h->octets_written);
	if (h->upload != NULL)
		return sftp_status_of(upload_end(s, h));
	quota_close(s, h);
	return sftp_status_of(handles_close(&s->handles, h));
}

/* ---- data ------------------------------------------------------------------------ */

#define DATA_HEAD 13u /* length, type, id, length of the data */

/* Into the reply that is under way: the file's octets are copied by nobody. */
enum status
on_read(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_get(&s->handles, rd_string(r), HANDLE_FILE);
	uint64_t offset = rd_u64(r);
	uint32_t n = rd_u32(r);
	struct bytes room;
	struct wr w;
	ssize_t got;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	if (n > SFTP_DATA_MAX)
		n = SFTP_DATA_MAX;
	if (offset > INT64_MAX)
		return sftp_status_of(EINVAL);
	if (buf_reserve(&s->out, DATA_HEAD + n, &room) != OK)
		return FX_FAILURE;
	got = pread(h->fd, room.p + DATA_HEAD, n, (off_t)offset);
	if (got <= 0)
		return got < 0 ? sftp_done(-1) : FX_EOF;
	h->octets_read += (uint64_t)got;
	w = wr_to(bytes_first(room, DATA_HEAD));
	wr_u32(&w, (uint32_t)got + DATA_HEAD - 4);
	wr_u8(&w, FXP_DATA);
	wr_u32(&w, s->id);
	wr_u32(&w, (uint32_t)got);
	if (wr_end(&w, NULL) == OK)
		buf_filled(&s->out, DATA_HEAD + (size_t)got);
	return FX_REPLIED;
}

static ssize_t
put(struct sftp *s, struct handle *h, uint64_t offset, struct slice data)
{
	struct quota_file q = {.counts = false};
	ssize_t n;

	if (s->o->quota != 0) {
		struct stat st;

		if (h->append && fstat(h->fd, &st) == 0)
			offset = (uint64_t)st.st_size;
		if (!quota_before(s, h->fd, offset + data.n, &q))
			return -1;
	}
	n = h->append ? write(h->fd, data.p, data.n)
		      : pwrite(h->fd, data.p, data.n, (off_t)offset);
	quota_after(s, h->fd, &q);
	return n;
}

enum status
on_write(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_get(&s->handles, rd_string(r), HANDLE_FILE);
	uint64_t offset = rd_u64(r);
	struct slice data = rd_string(r);
	ssize_t n;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	if (offset > INT64_MAX)
		return sftp_status_of(EINVAL);
	n = put(s, h, offset, data);
	h->failed |= n != (ssize_t)data.n;
	if (n < 0)
		return sftp_done(-1);
	h->octets_written += (uint64_t)n;
	return (size_t)n == data.n ? FX_OK : FX_FAILURE;
}

enum status
on_fsync(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_get(&s->handles, rd_string(r), HANDLE_FILE);

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_NO_SUCH_FILE;
	sftp_say(s, LEVEL_VERBOSE, "fsync \"%s\"", sftp_quote(h->path));
	return sftp_done(fsync(h->fd));
}

#define COPY_PIECE ((size_t)128 << 20) /* one call's, so that a signal counts */
#define COPY_ROOM  ((size_t)64 << 10)

/* What one step copied, 0 at the end, -1 with errno. */
static ssize_t
copy_step(int from, off_t *at, int to, off_t *there, size_t max)
{
	uint8_t room[COPY_ROOM];
	ssize_t n = copy_file_range(from, at, to, there,
		    max < COPY_PIECE ? max : COPY_PIECE, 0),
		put;

	if (n >= 0 || (errno != EXDEV && errno != EINVAL && errno != ENOSYS &&
			  errno != EOPNOTSUPP))
		return n;
	n = pread(from, room, max < sizeof(room) ? max : sizeof(room), *at);
	if (n <= 0)
		return n;
	put = pwrite(to, room, (size_t)n, *there);
	if (put != n) {
		errno = put < 0 ? errno : ENOSPC;
		return -1;
	}
	*at += n;
	*there += n;
	return n;
}

static bool
is_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) != 0 || fstat(b, &y) != 0 ||
	       (x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* One step, no further than the quota allows. */
static ssize_t
copy_within(struct sftp *s, int from, off_t *at, int to, off_t *there,
    uint64_t max)
{
	struct quota_file q;
	uint64_t end;
	ssize_t n;

	if (!quota_before(s, to, (uint64_t)*there + 1, &q))
		return -1;
	end = quota_end(s, &q);
	if (max > end - (uint64_t)*there)
		max = end - (uint64_t)*there;
	n = copy_step(from, at, to, there,
	    max < SIZE_MAX ? (size_t)max : SIZE_MAX);
	quota_after(s, to, &q);
	return n;
}

/* All, where n is 0: to the end. */
static enum status
copy(struct sftp *s, struct handle *from, off_t at, struct handle *to,
    off_t there, uint64_t n)
{
	uint64_t left = n == 0 ? UINT64_MAX : n;

	while (left > 0) {
		ssize_t step =
		    copy_within(s, from->fd, &at, to->fd, &there, left);

		to->failed |= step < 0;
		if (step < 0)
			return sftp_done(-1);
		if (step == 0)
			return n == 0 ? FX_OK : FX_EOF;
		from->octets_read += (uint64_t)step;
		to->octets_written += (uint64_t)step;
		left -= (uint64_t)step;
	}
	return FX_OK;
}

enum status
on_copy_data(struct sftp *s, struct rd *r)
{
	struct handle *from =
	    handles_get(&s->handles, rd_string(r), HANDLE_FILE);
	uint64_t at = rd_u64(r), n = rd_u64(r);
	struct handle *to = handles_get(&s->handles, rd_string(r), HANDLE_FILE);
	uint64_t there = rd_u64(r);

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (from == NULL || to == NULL)
		return FX_NO_SUCH_FILE;
	if (at > INT64_MAX || there > INT64_MAX)
		return sftp_status_of(EINVAL);
	if (is_same_file(from->fd, to->fd))
		return FX_FAILURE;
	return copy(s, from, (off_t)at, to, (off_t)there, n);
}
