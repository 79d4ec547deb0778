/*
 * chroot.c - a root directory that only root can have made
 */
#include "sallyport/proc/chroot.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's */
#define DIRECTORY (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct walk {
	int fd;          /* where we are */
	char *left;      /* what is to go; starts with no slash */
	struct buf path; /* how we came here, for the log */
	unsigned int links;
};

static void
walk_clear(struct walk *w)
{
	io_close(&w->fd);
	mem_free(w->left);
	buf_clear(&w->path);
}

static void
set_left(struct walk *w, char *path)
{
	char *left = mem_strdup(path + strspn(path, "/"));

	mem_free(path);
	mem_free(w->left);
	w->left = left;
}

static enum err
check(const struct walk *w)
{
	struct stat st;

	if (fstat(w->fd, &st) != 0)
		return ERR_SYSTEM;
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return ERR_DENIED;
	return OK;
}

static enum err
start_at_root(struct walk *w)
{
	io_close(&w->fd);
	buf_reset(&w->path);
	w->fd = open("/", DIRECTORY);
	if (w->fd < 0)
		return ERR_SYSTEM;
	return buf_append_cstr(&w->path, "/") != OK ? ERR_SYSTEM : check(w);
}

/* The link's target, n octets, goes before what is left. */
static enum err
follow(struct walk *w, const char *target, size_t n)
{
	if (n == PATH_MAX || ++w->links > LINKS_MAX) {
		errno = ELOOP;
		return ERR_SYSTEM;
	}
	set_left(w, mem_format("%.*s/%s", (int)n, target, w->left));
	return target[0] == '/' ? start_at_root(w) : OK;
}

static enum err
append(struct walk *w, const char *name)
{
	if (buf_printf(&w->path, "%s%s", name, *w->left ? "/" : "") == OK)
		return OK;
	errno = ENAMETOOLONG;
	return ERR_SYSTEM;
}

/* Into the next directory: the folder it is in is root's, so that between two
 * calls nobody else makes it another one. */
static enum err
step(struct walk *w)
{
	size_t length = strcspn(w->left, "/");
	SCOPED(mem_free_at) char *name = mem_text(slice_make(w->left, length));
	char target[PATH_MAX];
	ssize_t n;
	int fd;

	set_left(w, mem_strdup(w->left + length));
	n = readlinkat(w->fd, name, target, sizeof(target));
	if (n > 0)
		return follow(w, target, (size_t)n);
	if (append(w, name) != OK)
		return ERR_SYSTEM;
	fd = openat(w->fd, name, DIRECTORY);
	if (fd < 0)
		return ERR_SYSTEM;
	io_close(&w->fd);
	w->fd = fd;
	return check(w);
}

static enum err
enter(const struct walk *w)
{
	if (fchdir(w->fd) != 0 || chroot(".") != 0 || chdir("/") != 0)
		return ERR_SYSTEM;
	return OK;
}

enum err
chroot_enter(const char *path, struct chroot_fault *fault)
{
	SCOPED(walk_clear)
	struct walk w = {.fd = -1, .path = BUF_LIMIT(sizeof(fault->path) - 1)};
	enum err e;

	if (path[0] != '/')
		return ERR_FORMAT;
	set_left(&w, mem_strdup(path));
	e = start_at_root(&w);
	while (e == OK && *w.left != '\0')
		e = step(&w);
	if (e == OK)
		e = enter(&w);
	snprintf(fault->path, sizeof(fault->path), "%.*s", (int)w.path.n,
	    (const char *)w.path.p);
	fault->above = *w.left != '\0';
	return e;
}
