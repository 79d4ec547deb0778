/*
 * quota.c - SftpQuota: how many octets may lie below SftpRoot
 *
 * A file counts once, with its size, holes included. What is there is counted
 * at the beginning; then each request that changes a size tells the
 * difference. What others write meanwhile isn't seen, so it is no substitute
 * for the file system's quotas. What can't be counted counts as too much:
 * files can be read and removed, but nothing may grow.
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_MAX 1000000u /* some seconds of a login */
#define DEPTH_MAX   128u     /* a descriptor each */
#define LINKED_MAX  65536u /* files of several names; beyond: each name counts */

/* ---- what is there ------------------------------------------------------------- */

struct inode {
	dev_t dev;
	ino_t ino;
};

/* Files of several names that were counted: open addressing, half full. */
struct count {
	uint64_t octets;
	uint32_t entries;
	bool failed;
	struct inode *seen; /* 2 * LINKED_MAX, or NULL: none yet */
	uint32_t nseen;
};

static bool
is_new(struct count *c, const struct stat *st)
{
	uint32_t at = (uint32_t)(st->st_ino * 2654435761u) % (2 * LINKED_MAX);

	if (c->seen == NULL)
		c->seen = mem_array((size_t)2 * LINKED_MAX, sizeof(*c->seen));
	for (; c->seen[at].ino != 0; at = (at + 1) % (2 * LINKED_MAX))
		if (c->seen[at].ino == st->st_ino &&
		    c->seen[at].dev == st->st_dev)
			return false;
	if (c->nseen < LINKED_MAX) {
		c->seen[at] = (struct inode){st->st_dev, st->st_ino};
		c->nseen++;
	}
	return true;
}

/* Folders of his own that the user closed to himself would hide what is in
 * them; into those of others he didn't put anything. */
static void
unreadable(struct count *c, const struct stat *st)
{
	c->failed |= st->st_uid == geteuid();
}

static void
count_folder(struct count *c, int parent, const char *name, unsigned int depth);

static void
count_entry(struct count *c, DIR *folder, const char *name, unsigned int depth)
{
	struct stat st, here;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (fstatat(dirfd(folder), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT && fstat(dirfd(folder), &here) == 0)
			unreadable(c, &here);
		return;
	}
	if (++c->entries > ENTRIES_MAX)
		c->failed = true;
	else if (S_ISDIR(st.st_mode))
		count_folder(c, dirfd(folder), name, depth + 1);
	else if (S_ISREG(st.st_mode) && (st.st_nlink == 1 || is_new(c, &st)))
		c->octets += (uint64_t)st.st_size;
}

static void
count_folder(struct count *c, int parent, const char *name, unsigned int depth)
{
	int fd = openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *d;
	struct stat st;
	DIR *folder;

	if (fd < 0 || (folder = fdopendir(fd)) == NULL) {
		if (fd >= 0 || errno != EACCES)
			c->failed |= errno != ENOENT;
		else if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			unreadable(c, &st);
		io_close(&fd);
		return;
	}
	c->failed |= depth > DEPTH_MAX;
	while (!c->failed && (d = readdir(folder)) != NULL)
		count_entry(c, folder, d->d_name, depth);
	closedir(folder);
}

void
quota_count(struct sftp *s)
{
	struct count c = {0};

	if (s->o->quota == 0)
		return;
	count_folder(&c, s->o->root, ".", 0);
	mem_free(c.seen);
	s->quota = (struct quota){.used = c.octets, .unknown = c.failed};
	if (c.failed)
		sftp_say(s, LEVEL_ERROR,
		    "SftpQuota: what is stored can't be counted, nothing may "
		    "be added");
	else
		sftp_say(s, LEVEL_VERBOSE, "quota: %llu of %llu octets used",
		    (unsigned long long)c.octets,
		    (unsigned long long)s->o->quota);
}

uint64_t
quota_left(const struct sftp *s)
{
	if (s->o->quota == 0)
		return UINT64_MAX;
	if (s->quota.unknown || s->quota.used >= s->o->quota)
		return 0;
	return s->o->quota - s->quota.used;
}

/* ---- what changes ------------------------------------------------------------------ */

static void
shrink(struct sftp *s, uint64_t n)
{
	s->quota.used -= n < s->quota.used ? n : s->quota.used;
}

uint64_t
quota_end(const struct sftp *s, const struct quota_file *q)
{
	uint64_t left = q->counts ? quota_left(s) : UINT64_MAX;

	return left > UINT64_MAX - q->size ? UINT64_MAX : q->size + left;
}

bool
quota_before(const struct sftp *s, int fd, uint64_t end, struct quota_file *q)
{
	struct stat st;

	*q = (struct quota_file){.counts = false};
	if (s->o->quota == 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return true;
	*q = (struct quota_file){.counts = true, .size = (uint64_t)st.st_size};
	if (end <= q->size || end <= quota_end(s, q))
		return true;
	errno = EDQUOT;
	return false;
}

void
quota_after(struct sftp *s, int fd, const struct quota_file *q)
{
	struct stat st;

	if (!q->counts || fstat(fd, &st) != 0)
		return;
	if ((uint64_t)st.st_size >= q->size)
		s->quota.used += (uint64_t)st.st_size - q->size;
	else
		shrink(s, q->size - (uint64_t)st.st_size);
}

/* ---- what goes ----------------------------------------------------------------------- */

struct quota_name
quota_look(const struct sftp *s, int dir, const char *name)
{
	struct stat st;

	if (s->o->quota == 0 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return (struct quota_name){.last = false};
	return (
	    struct quota_name){.last = S_ISREG(st.st_mode) && st.st_nlink == 1,
	    .dev = st.st_dev,
	    .ino = st.st_ino,
	    .size = (uint64_t)st.st_size};
}

/* Is it open, by a handle other than that? */
static bool
is_open(const struct sftp *s, dev_t dev, ino_t ino, const struct handle *but)
{
	struct stat st;

	for (uint32_t i = 0; i < s->handles.n; i++) {
		const struct handle *h = &s->handles.v[i];

		if (h != but && h->kind == HANDLE_FILE &&
		    fstat(h->fd, &st) == 0 && st.st_dev == dev &&
		    st.st_ino == ino)
			return true;
	}
	return false;
}

void
quota_gone(struct sftp *s, const struct quota_name *q)
{
	if (q->last && !is_open(s, q->dev, q->ino, NULL))
		shrink(s, q->size);
}

void
quota_close(struct sftp *s, const struct handle *h)
{
	struct stat st;

	if (s->o->quota != 0 && h->kind == HANDLE_FILE &&
	    fstat(h->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0 &&
	    !is_open(s, st.st_dev, st.st_ino, h))
		shrink(s, (uint64_t)st.st_size);
}
