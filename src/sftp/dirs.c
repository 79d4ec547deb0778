/*
 * dirs.c - requests on folders, and where a path leads
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES_MAX 100                 /* of one reply, as sshd's */
#define REPLY_MAX   ((size_t)200 << 10) /* and octets, below a message's bound */

/* ---- open, make, remove ------------------------------------------------------- */

static DIR *
open_folder(const struct sftp *s, const char *path)
{
	int fd = place_open(s, path,
	    O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOCTTY, 0);
	DIR *folder;

	if (fd >= 0 && own_is(fd)) {
		io_close(&fd);
		errno = EACCES;
	}
	if (fd < 0)
		return NULL;
	if ((folder = fdopendir(fd)) == NULL)
		io_close(&fd);
	return folder;
}

enum status
on_opendir(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	struct handle new = {.kind = HANDLE_FOLDER, .fd = -1};

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "opendir \"%s\"", sftp_quote(path));
	if ((new.folder = open_folder(s, path)) == NULL)
		return sftp_done(-1);
	return sftp_reply_handle(s, &new, path);
}

/* With a mode that is forced, this one to the last bit: the call leaves some
 * to the kernel. */
static enum status
make_folder(const struct sftp *s, const struct place *p, mode_t mode)
{
	SCOPED(io_close) int fd = -1;

	bool forced = s->o->has_dir_mode;

	if (mkdirat(p->dir, p->name, forced ? 0700 : mode) != 0)
		return sftp_done(-1);
	if (!forced)
		return FX_OK;
	fd = openat(p->dir, p->name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return sftp_done(fd < 0 ? -1 : fchmod(fd, s->o->dir_mode));
}

enum status
on_mkdir(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	SCOPED(place_clear) struct place p = PLACE_NONE;
	struct attrs a = attrs_read(r);
	mode_t mode = a.has & ATTR_MODE ? (mode_t)(a.mode & 07777) : 0777;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "mkdir name \"%s\" mode 0%o", sftp_quote(path),
	    (unsigned int)mode);
	if (place_find(s, path, &p) != 0)
		return sftp_done(-1);
	return make_folder(s, &p, mode);
}

enum status
on_rmdir(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	SCOPED(place_clear) struct place p = PLACE_NONE;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "rmdir name \"%s\"", sftp_quote(path));
	if (place_find(s, path, &p) != 0)
		return sftp_done(-1);
	return sftp_done(unlinkat(p.dir, p.name, AT_REMOVEDIR));
}

/* ---- the entries -------------------------------------------------------------------- */

static char
kind_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFBLK:
		return 'b';
	case S_IFCHR:
		return 'c';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	default:
		return '-';
	}
}

/* "-rwxr-sr-t", as ls writes it. */
static void
mode_text(mode_t mode, char room[11])
{
	static const char letters[] = "rwxrwxrwx";
	static const struct {
		mode_t bit;
		int at;
		char with, without; /* execution */
	} special[] = {{S_ISUID, 3, 's', 'S'}, {S_ISGID, 6, 's', 'S'},
	    {S_ISVTX, 9, 't', 'T'}};

	room[0] = kind_letter(mode);
	for (int i = 0; i < 9; i++)
		room[1 + i] = mode & (0400u >> i) ? letters[i] : '-';
	for (size_t i = 0; i < 3; i++)
		if (mode & special[i].bit)
			room[special[i].at] = room[special[i].at] == 'x'
						  ? special[i].with
						  : special[i].without;
	room[10] = '\0';
}

/* Half a year back the hour isn't of interest any more, but the year is. */
static void
date_text(time_t when, char room[32])
{
	time_t now = time(NULL);
	bool old = when < now - (time_t)365 * 24 * 3600 / 2 || when > now;
	struct tm local;

	if (localtime_r(&when, &local) == NULL ||
	    strftime(room, 32, old ? "%b %e  %Y" : "%b %e %H:%M", &local) == 0)
		snprintf(room, 32, "?");
}

static const char *
name_or_number(const char *name, unsigned long number, char room[24])
{
	if (name != NULL)
		return name;
	snprintf(room, 24, "%lu", number);
	return room;
}

/* A line of "ls -l", whose fields clients take apart. */
static void
long_name(const struct sftp *s, const char *name, const struct stat *st,
    struct wr *w)
{
	char mode[11], date[32], uid[24], gid[24], head[192];
	const struct sftp_ops *ops = s->ops;
	size_t mark = wr_begin(w);
	int n;

	mode_text(st->st_mode, mode);
	date_text(st->st_mtime, date);
	n = snprintf(head, sizeof(head), "%s %3lu %-8.64s ", mode,
	    (unsigned long)st->st_nlink,
	    name_or_number(ops->user_name(ops->ctx, st->st_uid), st->st_uid,
		uid));
	n += snprintf(head + n, sizeof(head) - (size_t)n, "%-8.64s %8llu %s ",
	    name_or_number(ops->group_name(ops->ctx, st->st_gid), st->st_gid,
		gid),
	    (unsigned long long)st->st_size, date);
	wr_raw(w, slice_make(head, (size_t)n));
	wr_raw(w, slice_cstr(name));
	wr_finish(w, mark);
}

static void
write_entry(const struct sftp *s, const char *name, const struct stat *st,
    struct wr *w)
{
	struct attrs a = attrs_of(st);

	wr_cstr(w, name);
	long_name(s, name, st, w);
	attrs_write(w, &a);
}

/* Those that went meanwhile, or can't be looked at, aren't there. */
static uint32_t
write_entries(const struct sftp *s, DIR *folder, struct buf *out)
{
	struct wr w = wr_into(out);
	const struct dirent *d;
	struct stat st;
	uint32_t n = 0;

	while (n < ENTRIES_MAX && w.n < REPLY_MAX &&
	       (d = readdir(folder)) != NULL) {
		if (fstatat(dirfd(folder), d->d_name, &st,
			AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		write_entry(s, d->d_name, &st, &w);
		n++;
	}
	return wr_end(&w, NULL) == OK ? n : 0;
}

enum status
on_readdir(struct sftp *s, struct rd *r)
{
	struct handle *h =
	    handles_get(&s->handles, rd_string(r), HANDLE_FOLDER);
	SCOPED(buf_clear) struct buf entries = BUF_LIMIT(SFTP_MESSAGE_MAX);
	uint32_t n;
	size_t mark;
	struct wr w;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	if ((n = write_entries(s, h->folder, &entries)) == 0)
		return FX_EOF;
	w = sftp_reply(s, FXP_NAME, &mark);
	wr_u32(&w, n);
	wr_raw(&w, buf_slice(&entries));
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}

/* ---- where a path leads -------------------------------------------------------------- */

/* The folder that holds path's last component: "." for a bare name. */
static char *
parent_of(const char *path, const char **last)
{
	const char *slash = strrchr(path, '/');

	*last = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		return mem_strdup(".");
	return slash == path
		   ? mem_strdup("/")
		   : mem_text(slice_make(path, (size_t)(slash - path)));
}

/* The last component needn't be there yet: a client asks where it would be. */
static char *
resolve_missing(const char *path)
{
	const char *last;
	SCOPED(mem_free_at) char *parent = parent_of(path, &last);
	char folder[PATH_MAX];

	if (realpath(parent, folder) == NULL)
		return NULL;
	if (last[0] == '\0')
		return mem_strdup(folder);
	return mem_format("%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
	    last);
}

static enum status
reply_resolved(struct sftp *s, const char *path)
{
	SCOPED(mem_free_at) char *missing = NULL;
	char real[PATH_MAX];

	if (path[0] == '\0')
		path = ".";
	if (s->o->root != 0) {
		missing = place_real(s, path);
		return missing == NULL ? sftp_done(-1)
				       : sftp_reply_name(s, missing);
	}
	if (realpath(path, real) != NULL)
		return sftp_reply_name(s, real);
	if (errno != ENOENT || (missing = resolve_missing(path)) == NULL)
		return sftp_done(-1);
	return sftp_reply_name(s, missing);
}

enum status
on_realpath(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_VERBOSE, "realpath \"%s\"", sftp_quote(path));
	return reply_resolved(s, path);
}

/* "~/x" is below the start folder, "~joe/x" below joe's home. */
static char *
expand(const struct sftp *s, const char *path)
{
	size_t n = strcspn(path, "/");
	SCOPED(mem_free_at) char *user = NULL;
	const char *home;

	if (path[0] != '~')
		return mem_strdup(path);
	if (n == 1)
		return mem_format("%s%s", s->start != NULL ? s->start : ".",
		    path + 1);
	user = mem_text(slice_make(path + 1, n - 1));
	home = extended_home(s, user);
	return home == NULL ? NULL : mem_format("%s%s", home, path + n);
}

static enum status
reply_no_user(struct sftp *s)
{
	size_t mark;
	struct wr w = sftp_reply(s, FXP_STATUS, &mark);

	wr_u32(&w, FX_NO_SUCH_FILE);
	wr_cstr(&w, "no such user");
	wr_cstr(&w, "");
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}

enum status
on_expand_path(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	SCOPED(mem_free_at) char *full = NULL;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_VERBOSE, "expand \"%s\"", sftp_quote(path));
	if ((full = expand(s, path)) == NULL)
		return reply_no_user(s);
	return reply_resolved(s, full);
}
