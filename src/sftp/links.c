/*
 * links.c - requests on names: remove, rename, link, and what a link says
 */
#include "inside.h"

#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum status
on_remove(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	SCOPED(place_clear) struct place p = PLACE_NONE;
	struct quota_name q;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "remove name \"%s\"", sftp_quote(path));
	if (place_find(s, path, &p) != 0)
		return sftp_done(-1);
	q = quota_look(s, p.dir, p.name);
	if (unlinkat(p.dir, p.name, 0) != 0)
		return sftp_done(-1);
	quota_gone(s, &q);
	return FX_OK;
}

/* ---- two names ---------------------------------------------------------------- */

struct two {
	char *old, *new; /* as the client said them */
	struct place from, to;
};

#define TWO_NONE ((struct two){.from = PLACE_NONE, .to = PLACE_NONE})

static void
two_clear(struct two *t)
{
	mem_free(t->old);
	mem_free(t->new);
	place_clear(&t->from);
	place_clear(&t->to);
}

/* False after a fault; what is said goes to the log. */
static bool
two_read(struct sftp *s, struct rd *r, const char *what, struct two *t)
{
	*t = TWO_NONE;
	t->old = sftp_path(r);
	t->new = sftp_path(r);
	if (rd_status(r) != OK)
		return false;
	sftp_say(s, LEVEL_INFO, "%s old \"%s\" new \"%s\"", what,
	    sftp_quote(t->old), sftp_quote(t->new));
	return true;
}

static int
two_find(const struct sftp *s, struct two *t)
{
	if (place_find(s, t->old, &t->from) != 0)
		return -1;
	return place_find(s, t->new, &t->to);
}

static bool
has_no_links(int why)
{
	return why == EOPNOTSUPP || why == ENOSYS || why == EXDEV ||
	       why == EPERM;
}

static int
rename_it(const struct two *t)
{
	return renameat(t->from.dir, t->from.name, t->to.dir, t->to.name);
}

static enum status
rename_checked(const struct two *t)
{
	struct stat st;

	if (fstatat(t->to.dir, t->to.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return FX_FAILURE;
	return sftp_done(rename_it(t));
}

/* A link can't come into being where there is something already. */
static enum status
rename_file(const struct two *t)
{
	if (linkat(t->from.dir, t->from.name, t->to.dir, t->to.name, 0) != 0) {
		if (has_no_links(errno))
			return rename_checked(t);
		return sftp_done(-1);
	}
	if (unlinkat(t->from.dir, t->from.name, 0) == 0)
		return FX_OK;
	(void)unlinkat(t->to.dir, t->to.name, 0); /* it is where it was */
	return FX_FAILURE;
}

enum status
on_rename(struct sftp *s, struct rd *r)
{
	SCOPED(two_clear) struct two t = TWO_NONE;
	struct stat st;

	if (!two_read(s, r, "rename", &t))
		return FX_BAD_MESSAGE;
	if (two_find(s, &t) != 0 ||
	    fstatat(t.from.dir, t.from.name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return sftp_done(-1);
	return S_ISREG(st.st_mode) ? rename_file(&t) : rename_checked(&t);
}

/* Two names of one file: the call does nothing. */
static bool
is_same(const struct two *t, const struct quota_name *there)
{
	struct stat st;

	return fstatat(t->from.dir, t->from.name, &st, AT_SYMLINK_NOFOLLOW) ==
		   0 &&
	       st.st_dev == there->dev && st.st_ino == there->ino;
}

enum status
on_posix_rename(struct sftp *s, struct rd *r)
{
	SCOPED(two_clear) struct two t = TWO_NONE;
	struct quota_name q;

	if (!two_read(s, r, "posix-rename", &t))
		return FX_BAD_MESSAGE;
	if (two_find(s, &t) != 0)
		return sftp_done(-1);
	q = quota_look(s, t.to.dir, t.to.name);
	q.last = q.last && !is_same(&t, &q);
	if (rename_it(&t) != 0)
		return sftp_done(-1);
	quota_gone(s, &q);
	return FX_OK;
}

enum status
on_hardlink(struct sftp *s, struct rd *r)
{
	SCOPED(two_clear) struct two t = TWO_NONE;

	if (!two_read(s, r, "hardlink", &t))
		return FX_BAD_MESSAGE;
	if (two_find(s, &t) != 0)
		return sftp_done(-1);
	return sftp_done(
	    linkat(t.from.dir, t.from.name, t.to.dir, t.to.name, 0));
}

/*
 * What it leads to comes first, against the draft: all clients do so. Below
 * SftpRoot none is made that leads out: we wouldn't follow it, but others who
 * serve these files would.
 */
enum status
on_symlink(struct sftp *s, struct rd *r)
{
	SCOPED(two_clear) struct two t = TWO_NONE;

	if (!two_read(s, r, "symlink", &t))
		return FX_BAD_MESSAGE;
	if (place_leads_out(s, t.new, t.old))
		return FX_PERMISSION_DENIED;
	if (place_find(s, t.new, &t.to) != 0)
		return sftp_done(-1);
	return sftp_done(symlinkat(t.old, t.to.dir, t.to.name));
}

enum status
on_readlink(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	SCOPED(place_clear) struct place p = PLACE_NONE;
	char target[4097];
	ssize_t n;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_VERBOSE, "readlink \"%s\"", sftp_quote(path));
	if (place_find(s, path, &p) != 0)
		return sftp_done(-1);
	n = readlinkat(p.dir, p.name, target, sizeof(target) - 1);
	if (n < 0)
		return sftp_done(-1);
	target[n] = '\0';
	return sftp_reply_name(s, target);
}
