/*
 * files.c - requests on files: open, read, write, attributes, names
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
	new.fd = open(path, open_flags(pflags), (mode_t)(mode & MODES));
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

enum status
on_write(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_get(&s->handles, rd_string(r), HANDLE_FILE);
	uint64_t offset = rd_u64(r);
	struct slice data = rd_string(r);
	ssize_t put;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	if (offset > INT64_MAX)
		return sftp_status_of(EINVAL);
	put = h->append ? write(h->fd, data.p, data.n)
			: pwrite(h->fd, data.p, data.n, (off_t)offset);
	if (put < 0)
		return sftp_done(-1);
	h->octets_written += (uint64_t)put;
	return (size_t)put == data.n ? FX_OK : FX_FAILURE;
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

/* All, where n is 0: to the end. */
static enum status
copy(struct handle *from, off_t at, struct handle *to, off_t there, uint64_t n)
{
	uint64_t left = n == 0 ? UINT64_MAX : n;

	while (left > 0) {
		ssize_t step = copy_step(from->fd, &at, to->fd, &there,
		    left < SIZE_MAX ? (size_t)left : SIZE_MAX);

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
	return copy(from, (off_t)at, to, (off_t)there, n);
}

/* ---- attributes --------------------------------------------------------------------- */

static enum status
stat_path(struct sftp *s, struct rd *r, bool follow)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	struct stat st;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_VERBOSE, "%sstat name \"%s\"", follow ? "" : "l",
	    sftp_quote(path));
	if (fstatat(AT_FDCWD, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return sftp_done(-1);
	return sftp_reply_attrs(s, &st);
}

enum status
on_stat(struct sftp *s, struct rd *r)
{
	return stat_path(s, r, true);
}

enum status
on_lstat(struct sftp *s, struct rd *r)
{
	return stat_path(s, r, false);
}

enum status
on_fstat(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_any(&s->handles, rd_string(r));
	struct stat st;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	if (fstat(h->kind == HANDLE_FILE ? h->fd : dirfd(h->folder), &st) != 0)
		return sftp_done(-1);
	return sftp_reply_attrs(s, &st);
}

/* What is to be changed: a path, followed or not, or an open file. */
struct target {
	const char *path; /* for the log; the target where fd is -1 */
	int fd;
	int flags; /* AT_SYMLINK_NOFOLLOW or 0 */
};

static int
set_size(const struct target *t, const struct attrs *a)
{
	if (a->size > INT64_MAX || (t->flags & AT_SYMLINK_NOFOLLOW) != 0) {
		errno = EINVAL;
		return -1;
	}
	return t->fd >= 0 ? ftruncate(t->fd, (off_t)a->size)
			  : truncate(t->path, (off_t)a->size);
}

static int
set_mode(const struct target *t, const struct attrs *a)
{
	mode_t mode = (mode_t)(a->mode & MODES);

	return t->fd >= 0 ? fchmod(t->fd, mode)
			  : fchmodat(AT_FDCWD, t->path, mode, t->flags);
}

static int
set_times(const struct target *t, const struct attrs *a)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)a->atime},
	    {.tv_sec = (time_t)a->mtime}};

	return t->fd >= 0 ? futimens(t->fd, times)
			  : utimensat(AT_FDCWD, t->path, times, t->flags);
}

static int
set_owner(const struct target *t, const struct attrs *a)
{
	return t->fd >= 0
		   ? fchown(t->fd, a->uid, a->gid)
		   : fchownat(AT_FDCWD, t->path, a->uid, a->gid, t->flags);
}

static const char *
time_text(uint32_t when, char room[32])
{
	time_t t = (time_t)when;
	struct tm local;

	if (localtime_r(&t, &local) == NULL ||
	    strftime(room, 32, "%Y%m%d-%H:%M:%S", &local) == 0)
		snprintf(room, 32, "%u", when);
	return room;
}

/* All are tried; the last that fails is what the client hears. */
static enum status
set_all(const struct sftp *s, const struct target *t, const struct attrs *a)
{
	const char *path = sftp_quote(t->path);
	enum status status = FX_OK;
	char room[32];

	if (a->has & ATTR_SIZE) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" size %llu", path,
		    (unsigned long long)a->size);
		if (set_size(t, a) != 0)
			status = sftp_done(-1);
	}
	if (a->has & ATTR_MODE) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" mode %04o", path,
		    a->mode & MODES);
		if (set_mode(t, a) != 0)
			status = sftp_done(-1);
	}
	if (a->has & ATTR_TIMES) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" modtime %s", path,
		    time_text(a->mtime, room));
		if (set_times(t, a) != 0)
			status = sftp_done(-1);
	}
	if (a->has & ATTR_OWNER) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" owner %u group %u", path,
		    a->uid, a->gid);
		if (set_owner(t, a) != 0)
			status = sftp_done(-1);
	}
	return status;
}

static enum status
set_path(struct sftp *s, struct rd *r, int flags)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	struct attrs a = attrs_read(r);
	struct target t = {.path = path, .fd = -1, .flags = flags};

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	return set_all(s, &t, &a);
}

enum status
on_setstat(struct sftp *s, struct rd *r)
{
	return set_path(s, r, 0);
}

enum status
on_lsetstat(struct sftp *s, struct rd *r)
{
	return set_path(s, r, AT_SYMLINK_NOFOLLOW);
}

enum status
on_fsetstat(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_any(&s->handles, rd_string(r));
	struct attrs a = attrs_read(r);
	struct target t = {.fd = -1};

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	t.path = h->path;
	t.fd = h->kind == HANDLE_FILE ? h->fd : dirfd(h->folder);
	return set_all(s, &t, &a);
}

/* ---- names --------------------------------------------------------------------------- */

enum status
on_remove(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "remove name \"%s\"", sftp_quote(path));
	return sftp_done(unlink(path));
}

static bool
has_no_links(int why)
{
	return why == EOPNOTSUPP || why == ENOSYS || why == EXDEV ||
	       why == EPERM;
}

static enum status
rename_checked(const char *from, const char *to)
{
	struct stat st;

	if (lstat(to, &st) == 0)
		return FX_FAILURE;
	return sftp_done(rename(from, to));
}

/* A link can't come into being where there is something already. */
static enum status
rename_file(const char *from, const char *to)
{
	if (link(from, to) != 0) {
		if (has_no_links(errno))
			return rename_checked(from, to);
		return sftp_done(-1);
	}
	if (unlink(from) == 0)
		return FX_OK;
	(void)unlink(to); /* it is where it was */
	return FX_FAILURE;
}

/* Two paths of a request; false after a fault. */
static bool
two_paths(struct rd *r, char **one, char **other)
{
	*one = sftp_path(r);
	*other = sftp_path(r);
	return rd_status(r) == OK;
}

enum status
on_rename(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *from = NULL;
	SCOPED(mem_free_at) char *to = NULL;
	struct stat st;

	if (!two_paths(r, &from, &to))
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "rename old \"%s\" new \"%s\"",
	    sftp_quote(from), sftp_quote(to));
	if (lstat(from, &st) != 0)
		return sftp_done(-1);
	return S_ISREG(st.st_mode) ? rename_file(from, to)
				   : rename_checked(from, to);
}

/* What is one system call on two names. */
static enum status
change_two(struct sftp *s, struct rd *r, const char *what,
    int (*change)(const char *old, const char *new))
{
	SCOPED(mem_free_at) char *old = NULL;
	SCOPED(mem_free_at) char *new = NULL;

	if (!two_paths(r, &old, &new))
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "%s old \"%s\" new \"%s\"", what,
	    sftp_quote(old), sftp_quote(new));
	return sftp_done(change(old, new));
}

enum status
on_posix_rename(struct sftp *s, struct rd *r)
{
	return change_two(s, r, "posix-rename", rename);
}

enum status
on_hardlink(struct sftp *s, struct rd *r)
{
	return change_two(s, r, "hardlink", link);
}

/* What it leads to comes first, against the draft: all clients do so. */
enum status
on_symlink(struct sftp *s, struct rd *r)
{
	return change_two(s, r, "symlink", symlink);
}

enum status
on_readlink(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	char target[4097];
	ssize_t n;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_VERBOSE, "readlink \"%s\"", sftp_quote(path));
	if ((n = readlink(path, target, sizeof(target) - 1)) < 0)
		return sftp_done(-1);
	target[n] = '\0';
	return sftp_reply_name(s, target);
}
