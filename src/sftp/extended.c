/*
 * extended.c - extensions that ask about file systems and accounts
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#define FLAG_READ_ONLY 1u
#define FLAG_NO_SETUID 2u

/* ---- file systems ---------------------------------------------------------------- */

/* A quota is as a smaller file system. */
static void
within_quota(const struct sftp *s, struct statvfs *v)
{
	uint64_t left = quota_left(s) / v->f_frsize;

	if (s->o->quota == 0)
		return;
	if (v->f_blocks > s->o->quota / v->f_frsize)
		v->f_blocks = s->o->quota / v->f_frsize;
	if (v->f_bfree > left)
		v->f_bfree = left;
	if (v->f_bavail > left)
		v->f_bavail = left;
}

static enum status
reply_statvfs(struct sftp *s, const struct statvfs *v)
{
	uint64_t flags = (v->f_flag & ST_RDONLY ? FLAG_READ_ONLY : 0) |
			 (v->f_flag & ST_NOSUID ? FLAG_NO_SETUID : 0);
	const uint64_t fields[] = {v->f_bsize, v->f_frsize, v->f_blocks,
	    v->f_bfree, v->f_bavail, v->f_files, v->f_ffree, v->f_favail,
	    v->f_fsid, flags, v->f_namemax};
	size_t mark;
	struct wr w = sftp_reply(s, FXP_EXTENDED_REPLY, &mark);

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		wr_u64(&w, fields[i]);
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}

enum status
on_statvfs(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *path = sftp_path(r);
	SCOPED(io_close) int fd = -1;
	struct statvfs v;

	if (path == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_INFO, "statvfs \"%s\"", sftp_quote(path));
	if ((fd = place_open(s, path, O_PATH, 0)) < 0 || fstatvfs(fd, &v) != 0)
		return sftp_status_of(errno);
	within_quota(s, &v);
	return reply_statvfs(s, &v);
}

enum status
on_fstatvfs(struct sftp *s, struct rd *r)
{
	struct handle *h = handles_any(&s->handles, rd_string(r));
	struct statvfs v;

	if (rd_status(r) != OK)
		return FX_BAD_MESSAGE;
	if (h == NULL)
		return FX_FAILURE;
	if (fstatvfs(h->kind == HANDLE_FILE ? h->fd : dirfd(h->folder), &v) !=
	    0)
		return sftp_status_of(errno);
	within_quota(s, &v);
	return reply_statvfs(s, &v);
}

/* ---- this server ---------------------------------------------------------------------- */

enum status
on_limits(struct sftp *s, struct rd *r)
{
	size_t mark;
	struct wr w;

	(void)r;
	w = sftp_reply(s, FXP_EXTENDED_REPLY, &mark);
	wr_u64(&w, SFTP_MESSAGE_MAX);
	wr_u64(&w, SFTP_DATA_MAX);
	wr_u64(&w, SFTP_DATA_MAX);
	wr_u64(&w, s->handles.max);
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}

/* ---- accounts --------------------------------------------------------------------------- */

/* Below SftpRoot everybody's is where he begins: others' are outside. */
const char *
extended_home(const struct sftp *s, const char *user)
{
	bool own = user[0] == '\0' || strcmp(user, s->o->user) == 0;

	if (s->o->root == 0)
		return s->ops->home(s->ops->ctx, user);
	return own ? s->start : NULL;
}

enum status
on_home_directory(struct sftp *s, struct rd *r)
{
	SCOPED(mem_free_at) char *user = sftp_path(r);
	const char *home;

	if (user == NULL)
		return FX_BAD_MESSAGE;
	sftp_say(s, LEVEL_VERBOSE, "home-directory \"%s\"", sftp_quote(user));
	home = extended_home(s, user);
	return home == NULL ? FX_FAILURE : sftp_reply_name(s, home);
}

/* For each number its name, "" where there is none; how many there were. */
static unsigned int
write_names(const struct sftp *s, struct slice numbers,
    const char *(*name)(void *ctx, uint32_t id), struct wr *w)
{
	struct rd r = rd_from(numbers);
	size_t mark = wr_begin(w);
	unsigned int n = 0;

	for (; r.left.n >= 4; n++)
		wr_cstr(w, name(s->ops->ctx, rd_u32(&r)));
	wr_finish(w, mark);
	return n;
}

enum status
on_users_groups_by_id(struct sftp *s, struct rd *r)
{
	struct slice uids = rd_string(r), gids = rd_string(r);
	SCOPED(buf_clear) struct buf names = BUF_LIMIT(SFTP_MESSAGE_MAX - 16);
	struct wr n = wr_into(&names), w;
	unsigned int users, groups;
	size_t mark;

	if (rd_status(r) != OK || uids.n % 4 != 0 || gids.n % 4 != 0)
		return FX_BAD_MESSAGE;
	users = write_names(s, uids, s->ops->user_name, &n);
	groups = write_names(s, gids, s->ops->group_name, &n);
	sftp_say(s, LEVEL_VERBOSE, "users-groups-by-id: %u users, %u groups",
	    users, groups);
	if (wr_end(&n, NULL) != OK)
		return FX_FAILURE;
	w = sftp_reply(s, FXP_EXTENDED_REPLY, &mark);
	wr_raw(&w, buf_slice(&names));
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}
