#include "files.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/path.h"
#include "sallyport/conf/conf.h"
#include "sallyport/proc/creds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_OCTETS    4096
#define ENTRIES_MAX    4096 /* looked at in one directory for a wildcard */
#define EXIT_NO_RIGHTS 255

/* ---- one file --------------------------------------------------------- */

/* StrictModes: nobody else could have written it. */
static bool
is_trusted(int fd, const char *path, const struct keycheck_start *start)
{
	char why[PATH_OCTETS];
	bool directory;
	enum err e;

	if (!start->conf->strict_modes)
		return true;
	e = path_trusted(fd, path, start->home, start->uid, why, sizeof(why),
	    &directory);
	if (e == OK)
		return true;
	log_info("Authentication refused: bad ownership or modes for %s %s",
	    directory ? "directory" : "file", why);
	return false;
}

static void
tell_unopened(const struct keycheck_start *start, const char *path)
{
	/* Most users have no authorized_keys2 */
	log_at(errno == ENOENT ? LEVEL_DEBUG1 : LEVEL_INFO,
	    "Could not open user '%s' authorized keys '%s': %s", start->user,
	    path, strerror(errno));
}

static void
open_one(struct files *f, const struct keycheck_start *start, const char *path)
{
	/* A FIFO must not hold us up, a terminal not become ours */
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	SCOPED(io_close) int fd = -1;
	struct stat st;

	if (f->n == FILES_MAX) {
		log_info("User '%s' has more than %d files of authorized keys",
		    start->user, FILES_MAX);
		return;
	}
	log_debug1("trying public key file %s", path);
	fd = open(path, flags);
	if (fd < 0 || fstat(fd, &st) != 0) {
		tell_unopened(start, path);
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		log_info("User '%s' authorized keys '%s' is not a regular file",
		    start->user, path);
		return;
	}
	if (!is_trusted(fd, path, start))
		return;
	f->v[f->n++] = (struct keys_file){.fd = fd,
	    .path = mem_strdup(path),
	    .size = (size_t)st.st_size};
	fd = -1;
}

/* ---- names ------------------------------------------------------------ */

static bool
has_wildcard(const char *template)
{
	return strpbrk(template, "*?[") != NULL;
}

/* Append text; for a pattern so that nothing in it is one. */
static enum err
append_literal(struct buf *out, const char *text, bool pattern)
{
	enum err e = OK;

	for (; *text != '\0' && e == OK; text++) {
		if (pattern && strchr("*?[]\\", *text) != NULL)
			e = buf_append_cstr(out, "\\");
		if (e == OK)
			e = buf_append(out, slice_make(text, 1));
	}
	return e;
}

static char *
literal(const char *text, bool pattern)
{
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(2 * PATH_OCTETS);

	if (append_literal(&b, text, pattern) != OK)
		return mem_strdup("");
	return mem_text(buf_slice(&b));
}

/* Tokens replaced; relative to the home directory. */
static enum err
expand(const struct keycheck_start *start, const char *template, bool pattern,
    struct buf *out)
{
	SCOPED(mem_free_at) char *home = literal(start->home, pattern);
	SCOPED(mem_free_at) char *user = literal(start->user, pattern);
	SCOPED(mem_free_at)
	char *uid = mem_format("%lu", (unsigned long)start->uid);
	SCOPED(buf_clear) struct buf path = BUF_LIMIT(PATH_OCTETS);
	const struct path_token tokens[] = {{'h', home}, {'u', user},
	    {'U', uid}, {0, NULL}};
	enum err e = path_expand(template, tokens, &path);

	if (e != OK)
		return e;
	if (path.n == 0 || path.p[0] != '/') {
		e = buf_append_cstr(out, home);
		if (e == OK)
			e = buf_append_cstr(out, "/");
	}
	if (e == OK)
		e = buf_append(out, buf_slice(&path));
	return e == OK ? buf_append(out, slice_make("", 1)) : e;
}

/*
 * glob() with bounded directories: they are the user's, who could let us look
 * through a million names.
 */
struct listing {
	DIR *dir;
	size_t seen;
};

static void *
listing_open(const char *path)
{
	DIR *dir = opendir(path);
	struct listing *l;

	if (dir == NULL)
		return NULL;
	l = mem_new(sizeof(*l));
	l->dir = dir;
	return l;
}

static struct dirent *
listing_next(void *ctx)
{
	struct listing *l = ctx;

	return l->seen++ < ENTRIES_MAX ? readdir(l->dir) : NULL;
}

static void
listing_close(void *ctx)
{
	struct listing *l = ctx;

	closedir(l->dir);
	mem_free(l);
}

static void
open_matches(struct files *f, const struct keycheck_start *start,
    const char *pattern)
{
	glob_t g = {.gl_opendir = listing_open,
	    .gl_readdir = listing_next,
	    .gl_closedir = listing_close,
	    .gl_stat = stat,
	    .gl_lstat = lstat};

	if (glob(pattern, GLOB_ALTDIRFUNC, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc && i <= FILES_MAX; i++)
			open_one(f, start, g.gl_pathv[i]);
	else
		log_debug1("no authorized keys match %s", pattern);
	globfree(&g);
}

static void
open_named(struct files *f, const struct keycheck_start *start,
    const char *template)
{
	SCOPED(buf_clear) struct buf path = BUF_LIMIT(2 * PATH_OCTETS);
	bool pattern = has_wildcard(template);
	enum err e = expand(start, template, pattern, &path);

	if (e != OK)
		log_error("AuthorizedKeysFile %s: %s", template,
		    err_sentence(e));
	else if (pattern)
		open_matches(f, start, (const char *)path.p);
	else
		open_one(f, start, (const char *)path.p);
}

/* ---- all of them ------------------------------------------------------ */

static void
need(enum err e, const char *what)
{
	if (e == OK)
		return;
	log_error("keycheck: %s the user's rights: %s", what, err_sentence(e));
	_exit(EXIT_NO_RIGHTS);
}

void
files_open(struct files *f, const struct keycheck_start *start)
{
	const struct conf_list *names = &start->conf->authorized_keys_files;
	const struct creds user = {.uid = start->uid,
	    .gid = start->gid,
	    .groups = start->groups,
	    .ngroups = start->ngroups};

	f->n = 0;
	if (!start->known)
		return;
	need(creds_borrow(&user), "taking");
	for (size_t i = 0; i < names->n; i++)
		open_named(f, start, names->v[i]);
	need(creds_return(), "giving back");
}

void
files_clear(struct files *f)
{
	while (f->n > 0) {
		f->n--;
		io_close(&f->v[f->n].fd);
		mem_free(f->v[f->n].path);
	}
}
