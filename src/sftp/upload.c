/*
 * upload.c - SftpAtomicUpload: a file comes into being when it is whole
 *
 * What a client puts is written to a file of another name in the same folder,
 * which takes the name it is meant for when the handle is closed. Until then,
 * and if the client never comes to that, what was there before is there. This
 * client may ask for the new file's attributes by the name it is going to
 * have.
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct upload {
	struct place to;
	char temporary[32];
};

static void
upload_free(struct upload *u)
{
	place_clear(&u->to);
	mem_free(u);
}

/*
 * One that replaces nothing, or a plain file of the user's own that goes by
 * this name alone and that he may write to: of others the owner, the other
 * names or the kind would be lost. st_nlink 0: nothing is there.
 */
static bool
may_replace(const struct place *to, struct stat *st)
{
	int fd;

	*st = (struct stat){.st_nlink = 0};
	if (strcmp(to->name, ".") == 0)
		return false;
	if (fstatat(to->dir, to->name, st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	if (!S_ISREG(st->st_mode) || st->st_nlink != 1 ||
	    st->st_uid != geteuid())
		return false;
	fd = openat(to->dir, to->name,
	    O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	io_close(&fd);
	return true;
}

/* As what it replaces. */
static bool
dress(int fd, const struct stat *old)
{
	struct stat st;

	if (old->st_nlink == 0)
		return true;
	if (fstat(fd, &st) != 0)
		return false;
	if (st.st_gid != old->st_gid && fchown(fd, (uid_t)-1, old->st_gid) != 0)
		return false;
	return fchmod(fd, old->st_mode & 07777) == 0;
}

static int
make(struct upload *u, int flags, mode_t mode, const struct stat *old)
{
	uint64_t number;
	int fd;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -1;
	snprintf(u->temporary, sizeof(u->temporary), ".upload-%016llx",
	    (unsigned long long)number);
	fd = openat(u->to.dir, u->temporary,
	    (flags & ~O_TRUNC) | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd >= 0 && !dress(fd, old)) {
		io_close(&fd);
		(void)unlinkat(u->to.dir, u->temporary, 0);
	}
	return fd;
}

bool
upload_begin(struct sftp *s, const char *path, int flags, mode_t mode,
    struct handle *new)
{
	const int wanted = O_CREAT | O_TRUNC;
	struct upload *u;
	struct stat old;

	/* O_EXCL: such a file's being there is what is wanted */
	if (!s->o->atomic || (flags & wanted) != wanted ||
	    (flags & (O_EXCL | O_APPEND)) != 0 ||
	    (flags & O_ACCMODE) == O_RDONLY)
		return false;
	u = mem_new(sizeof(*u));
	if (place_folder(s, path, &u->to) != 0 || !may_replace(&u->to, &old) ||
	    (new->fd = make(u, flags, mode, &old)) < 0) {
		upload_free(u);
		return false;
	}
	new->upload = u;
	s->uploads++;
	return true;
}

/* ---- its end -------------------------------------------------------------------- */

static struct upload *
detach(struct sftp *s, struct handle *h)
{
	s->uploads--;
	return take(&h->upload);
}

static void
discard(struct sftp *s, struct upload *u)
{
	struct quota_name q = quota_look(s, u->to.dir, u->temporary);

	if (unlinkat(u->to.dir, u->temporary, 0) == 0)
		quota_gone(s, &q);
}

/* Closed without a fault, it is what was sent. */
int
upload_end(struct sftp *s, struct handle *h)
{
	bool bad = h->failed;
	struct upload *u = detach(s, h);
	struct quota_name old = quota_look(s, u->to.dir, u->to.name);
	int why = handles_close(&s->handles, h);

	if (why == 0 && bad)
		why = EIO;
	if (why == 0 &&
	    renameat(u->to.dir, u->temporary, u->to.dir, u->to.name) != 0)
		why = errno;
	if (why == 0)
		quota_gone(s, &old);
	else
		discard(s, u);
	upload_free(u);
	return why;
}

void
upload_drop(struct sftp *s, struct handle *h)
{
	struct upload *u = detach(s, h);

	discard(s, u);
	upload_free(u);
}

/* ---- meanwhile --------------------------------------------------------------------- */

const struct handle *
upload_at(const struct sftp *s, const char *path)
{
	SCOPED(place_clear) struct place p = PLACE_NONE;
	struct stat here, there;

	if (s->uploads == 0 || place_folder(s, path, &p) != 0 ||
	    fstat(p.dir, &here) != 0)
		return NULL;
	for (uint32_t i = 0; i < s->handles.n; i++) {
		const struct handle *h = &s->handles.v[i];

		if (h->upload != NULL &&
		    strcmp(h->upload->to.name, p.name) == 0 &&
		    fstat(h->upload->to.dir, &there) == 0 &&
		    here.st_dev == there.st_dev && here.st_ino == there.st_ino)
			return h;
	}
	return NULL;
}
