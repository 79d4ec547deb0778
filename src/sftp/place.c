/*
 * place.c - where a path of the client's leads
 *
 * Without SftpRoot it is what the kernel says of it. With it each path is
 * walked by one openat2 from the root's descriptor, so that nothing that is
 * renamed or linked meanwhile leads out: neither a link, nor "..", nor a magic
 * link of procfs. What needs a name and not a file works on the descriptor of
 * the folder that the name is in.
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES_MAX 256 /* a walk by ".." is undone where somebody renames */
#define LINKS_MAX 40  /* as the kernel's */
#define FOLDER    (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* ---- below the root ---------------------------------------------------------- */

/* The root is its own parent, as any root is. */
static const char *
behind_root(const char *path)
{
	for (;;) {
		path += strspn(path, "/");
		if (strncmp(path, "..", 2) != 0 ||
		    (path[2] != '/' && path[2] != '\0'))
			return path;
		path += 2;
	}
}

/* A path as the kernel is to see it: from the root on. */
static char *
below(const struct sftp *s, const char *path)
{
	SCOPED(mem_free_at) char *full = NULL;

	if (path[0] != '/')
		path = full = mem_format("%s/%s", s->start, path);
	path = behind_root(path);
	return mem_strdup(path[0] != '\0' ? path : ".");
}

/* EXDEV: it leads out. */
static int
walk(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {.flags = (unsigned int)(flags | O_CLOEXEC),
	    .mode = flags & O_CREAT ? mode : 0,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	long fd = -1;

	for (int i = 0; i < TRIES_MAX && fd < 0; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	return (int)fd;
}

/* ---- files ----------------------------------------------------------------------- */

int
place_open(const struct sftp *s, const char *path, int flags, mode_t mode)
{
	SCOPED(mem_free_at) char *text = NULL;
	int fd;

	if (s->o->root == 0)
		return open(path, flags | O_CLOEXEC, mode);
	if (path[0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	text = below(s, path);
	fd = walk(s->o->root, text, flags, mode);
	if (fd < 0 && errno == EXDEV)
		errno = EACCES;
	return fd;
}

int
place_stat(const struct sftp *s, const char *path, bool follow, struct stat *st)
{
	int fd, failed, why;

	if (s->o->root == 0)
		return fstatat(AT_FDCWD, path, st,
		    follow ? 0 : AT_SYMLINK_NOFOLLOW);
	fd = place_open(s, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
	if (fd < 0)
		return -1;
	failed = fstat(fd, st);
	why = errno;
	io_close(&fd);
	errno = why;
	return failed;
}

/* ---- names ----------------------------------------------------------------------- */

void
place_clear(struct place *p)
{
	if (p->dir != AT_FDCWD)
		io_close(&p->dir);
	mem_free(p->text);
	*p = PLACE_NONE;
}

/* Cut text into a folder and the name in it; true: the name must be one of a
 * folder. A name that isn't one is "." in what it stands for. */
static bool
cut(char *text, const char **folder, const char **name)
{
	size_t n = strlen(text);
	bool slashes = n > 1 && text[n - 1] == '/';
	char *slash;

	while (n > 1 && text[n - 1] == '/')
		text[--n] = '\0';
	slash = strrchr(text, '/');
	*name = slash == NULL ? text : slash + 1;
	*folder = slash == NULL ? "." : slash == text ? "/" : text;
	if (strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0 ||
	    **name == '\0') {
		*folder = text;
		*name = ".";
	} else if (slash != NULL) {
		*slash = '\0';
	}
	return slashes;
}

/* What ends with a slash is a folder, or isn't there yet. */
static bool
may_be_folder(const struct place *p)
{
	struct stat st;

	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    S_ISDIR(st.st_mode))
		return true;
	errno = ENOTDIR;
	return false;
}

int
place_folder(const struct sftp *s, const char *path, struct place *p)
{
	const char *folder;
	bool slashes;

	*p = PLACE_NONE;
	if (path[0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	p->text = mem_strdup(path);
	slashes = cut(p->text, &folder, &p->name);
	p->dir = place_open(s, folder, FOLDER, 0);
	if (p->dir >= 0 && (!slashes || may_be_folder(p)))
		return 0;
	return -1;
}

int
place_find(const struct sftp *s, const char *path, struct place *p)
{
	if (s->o->root != 0)
		return place_folder(s, path, p);
	*p = (struct place){.dir = AT_FDCWD, .name = path};
	return 0;
}

bool
place_leads_out(const struct sftp *s, const char *link, const char *target)
{
	SCOPED(mem_free_at) char *text = NULL;
	SCOPED(mem_free_at) char *full = NULL;
	SCOPED(mem_free_at) char *from = NULL;
	const char *folder, *name;
	int fd;

	if (s->o->root == 0)
		return false;
	if (target[0] == '/')
		return true;
	text = mem_strdup(link);
	(void)cut(text, &folder, &name);
	full = mem_format("%s/%s", folder, target);
	from = below(s, full);
	fd = walk(s->o->root, from, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return errno == EXDEV;
	io_close(&fd);
	return false;
}

/* ---- the name that has no links in it ------------------------------------------------ */

struct trail {
	char *done; /* from the root on, no slash before or behind */
	char *left;
	unsigned int links;
};

static void
trail_clear(struct trail *t)
{
	mem_free(t->done);
	mem_free(t->left);
}

static void
set(char **text, char *to)
{
	mem_free(*text);
	*text = to;
}

/* The next component off the front of what is left. */
static char *
next(struct trail *t)
{
	const char *at = t->left + strspn(t->left, "/");
	size_t n = strcspn(at, "/");
	char *name = mem_text(slice_make(at, n));

	set(&t->left, mem_strdup(at + n + strspn(at + n, "/")));
	return name;
}

static int
go_up(struct trail *t)
{
	char *slash = strrchr(t->done, '/');

	if (t->done[0] == '\0') {
		errno = EACCES;
		return -1;
	}
	*(slash == NULL ? t->done : slash) = '\0';
	return 0;
}

/* A link's target goes before what is left; 1: it is no link. */
static int
follow(struct trail *t, int fd)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target));

	if (n < 0)
		return 1;
	if (target[0] == '/')
		errno = EACCES;
	else if (n == PATH_MAX || ++t->links > LINKS_MAX)
		errno = ELOOP;
	else {
		set(&t->left, mem_format("%.*s/%s", (int)n, target, t->left));
		return 0;
	}
	return -1;
}

/* One component further. The last needn't be there. */
static int
step(const struct sftp *s, struct trail *t)
{
	SCOPED(mem_free_at) char *name = next(t);
	SCOPED(mem_free_at) char *there = NULL;
	int fd, kind;

	if (name[0] == '\0' || strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return go_up(t);
	there = mem_format("%s%s%s", t->done, t->done[0] ? "/" : "", name);
	if (strlen(there) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = walk(s->o->root, there, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 && (errno != ENOENT || t->left[0] != '\0'))
		return -1;
	kind = fd < 0 ? 1 : follow(t, fd);
	io_close(&fd);
	if (kind == 1)
		set(&t->done, take(&there));
	return kind < 0 ? -1 : 0;
}

char *
place_real(const struct sftp *s, const char *path)
{
	SCOPED(trail_clear)
	struct trail t = {.done = mem_strdup(""), .left = below(s, path)};

	while (t.left[0] != '\0')
		if (step(s, &t) != 0)
			return NULL;
	return mem_format("/%s", t.done);
}
