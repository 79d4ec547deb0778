/*
 * stat.c - requests on attributes: asked, and set
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MODES      07777u
#define FCHMODAT2  452 /* Linux 6.6; younger than many a header */
#define PROC_LINK  "/proc/self/fd/%d"
#define OPEN_QUIET (O_NONBLOCK | O_NOCTTY) /* a FIFO doesn't wait */

static int
descriptor(const struct handle *h)
{
	return h->kind == HANDLE_FILE ? h->fd : dirfd(h->folder);
}

/* ---- asked ---------------------------------------------------------------------- */

static enum status
stat_path(struct sftp *s, struct rd *r, bool follow)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	const struct handle *h;
	struct stat st;
	int failed;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_VERBOSE, "%sstat name \"%s\"", follow ? "" : "l",
	    sftp_quote(path));
	h = upload_at(s, path);
	failed =
	    h != NULL ? fstat(h->fd, &st) : place_stat(s, path, follow, &st);
	return failed ? sftp_done(-1) : sftp_reply_attrs(s, &st);
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
	if (fstat(descriptor(h), &st) != 0)
		return sftp_done(-1);
	return sftp_reply_attrs(s, &st);
}

/* ---- set ---------------------------------------------------------------------------- */

/*
 * What is to be changed: a handle's file, or a name as the calls that end with
 * "at" take it. With SftpRoot dir is the file itself, opened for nothing but
 * this, and name is "".
 */
struct target {
	const char *path; /* as the client said it */
	int fd;           /* -1: it is the name */
	int dir;
	const char *name;
	int flags; /* AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW or 0 */
	bool follow;
};

static int
set_open_size(struct sftp *s, int fd, uint64_t size)
{
	struct quota_file q;
	int failed;

	if (!quota_before(s, fd, size, &q))
		return -1;
	failed = ftruncate(fd, (off_t)size);
	quota_after(s, fd, &q);
	return failed;
}

static int
set_size(struct sftp *s, const struct target *t, const struct attrs *a)
{
	int fd, failed, why;

	if (a->size > INT64_MAX || (t->fd < 0 && !t->follow)) {
		errno = EINVAL;
		return -1;
	}
	if (t->fd >= 0)
		return set_open_size(s, t->fd, a->size);
	if (s->o->root == 0)
		return truncate(t->path, (off_t)a->size);
	fd = place_open(s, t->path, O_WRONLY | OPEN_QUIET, 0);
	if (fd < 0)
		return -1;
	failed = set_open_size(s, fd, a->size);
	why = errno;
	io_close(&fd);
	errno = why;
	return failed;
}

mode_t
stat_mode(const struct sftp *s, mode_t kind, uint32_t wanted)
{
	const struct sftp_options *o = s->o;

	if (S_ISREG(kind) && o->has_file_mode)
		return o->file_mode;
	if (S_ISDIR(kind) && o->has_dir_mode)
		return o->dir_mode;
	return (mode_t)(wanted & MODES) & ~(o->has_umask ? o->umask : 0);
}

/*
 * Of a file that is opened for nothing, in three ways: by a call that not all
 * kernels have, by procfs, which not all root directories have, or by opening
 * it in earnest, which not all files allow.
 */
static int
set_mode_opened(struct sftp *s, const struct target *t, mode_t mode)
{
	char link[40];
	int fd, failed;

	if (syscall(FCHMODAT2, t->dir, "", mode, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
	snprintf(link, sizeof(link), PROC_LINK, t->dir);
	if (chmod(link, mode) == 0)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return -1;
	fd = place_open(s, t->path,
	    O_RDONLY | OPEN_QUIET | (t->follow ? 0 : O_NOFOLLOW), 0);
	failed = fd < 0 ? -1 : fchmod(fd, mode);
	if (fd >= 0)
		io_close(&fd);
	return failed;
}

static int
set_mode(struct sftp *s, const struct target *t, const struct attrs *a)
{
	struct stat st = {.st_mode = 0};
	mode_t mode;

	if ((s->o->has_file_mode || s->o->has_dir_mode) &&
	    (t->fd >= 0 ? fstat(t->fd, &st)
			: fstatat(t->dir, t->name, &st, t->flags)) != 0)
		return -1;
	mode = stat_mode(s, st.st_mode, a->mode);
	if (t->fd >= 0)
		return fchmod(t->fd, mode);
	return t->flags & AT_EMPTY_PATH
		   ? set_mode_opened(s, t, mode)
		   : fchmodat(t->dir, t->name, mode, t->flags);
}

static int
set_times(struct sftp *s, const struct target *t, const struct attrs *a)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)a->atime},
	    {.tv_sec = (time_t)a->mtime}};

	(void)s;
	return t->fd >= 0 ? futimens(t->fd, times)
			  : utimensat(t->dir, t->name, times, t->flags);
}

static int
set_owner(struct sftp *s, const struct target *t, const struct attrs *a)
{
	(void)s;
	return t->fd >= 0 ? fchown(t->fd, a->uid, a->gid)
			  : fchownat(t->dir, t->name, a->uid, a->gid, t->flags);
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
set_all(struct sftp *s, const struct target *t, const struct attrs *a)
{
	const char *path = sftp_quote(t->path);
	enum status status = FX_OK;
	char room[32];

	if (a->has & ATTR_SIZE) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" size %llu", path,
		    (unsigned long long)a->size);
		if (set_size(s, t, a) != 0)
			status = sftp_done(-1);
	}
	if (a->has & ATTR_MODE) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" mode %04o", path,
		    a->mode & MODES);
		if (set_mode(s, t, a) != 0)
			status = sftp_done(-1);
	}
	if (a->has & ATTR_TIMES) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" modtime %s", path,
		    time_text(a->mtime, room));
		if (set_times(s, t, a) != 0)
			status = sftp_done(-1);
	}
	if (a->has & ATTR_OWNER) {
		sftp_say(s, LEVEL_INFO, "set \"%s\" owner %u group %u", path,
		    a->uid, a->gid);
		if (set_owner(s, t, a) != 0)
			status = sftp_done(-1);
	}
	return status;
}

static enum status
set_below_root(struct sftp *s, struct target *t, const struct attrs *a)
{
	enum status status;

	t->dir =
	    place_open(s, t->path, O_PATH | (t->follow ? 0 : O_NOFOLLOW), 0);
	if (t->dir < 0)
		return sftp_done(-1);
	t->name = "";
	t->flags = AT_EMPTY_PATH;
	status = set_all(s, t, a);
	io_close(&t->dir);
	return status;
}

static enum status
set_path(struct sftp *s, struct rd *r, bool follow)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	struct attrs a = attrs_read(r);
	struct target t = {.path = path,
	    .fd = -1,
	    .dir = AT_FDCWD,
	    .name = path,
	    .flags = follow ? 0 : AT_SYMLINK_NOFOLLOW,
	    .follow = follow};
	const struct handle *h;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if ((h = upload_at(s, path)) != NULL)
		t.fd = h->fd;
	return t.fd < 0 && s->o->root != 0 ? set_below_root(s, &t, &a)
					   : set_all(s, &t, &a);
}

enum status
on_setstat(struct sftp *s, struct rd *r)
{
	return set_path(s, r, true);
}

enum status
on_lsetstat(struct sftp *s, struct rd *r)
{
	return set_path(s, r, false);
}

enum status
on_fsetstat(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_any(&s->handles, rd_string(r));
	struct attrs a = attrs_read(r);
	struct target t = {.follow = true};

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	t.path = h->path;
	t.fd = descriptor(h);
	return set_all(s, &t, &a);
}
