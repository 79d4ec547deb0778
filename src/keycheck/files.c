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

/* The first that was left out, for whoever isn't let in for that. */
static void
note_untrusted(struct files *f, const char *path)
{
	struct stat st;

	if (f->untrusted == NULL && stat(path, &st) == 0)
		f->untrusted = mem_format("%.400s has mode 0%o and owner %lu",
		    path, (unsigned int)(st.st_mode & 07777),
		    (unsigned long)st.st_uid);
}

/* StrictModes: nobody else could have written it. */
static bool
is_trusted(struct files *f, int fd, const char *path,
    const struct keycheck_start *start)
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
	note_untrusted(f, why);
	return false;
}

/* A FIFO must not hold us up, a terminal not become ours. */
static int
open_file(const char *path)
{
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static const char *
what(enum files_kind kind)
{
	return kind == FILES_KEYS ? "authorized keys" : "authorized principals";
}

static void
tell_unopened(const struct keycheck_start *start, enum files_kind kind,
    const char *path)
{
	/* Most users have no authorized_keys2 */
	log_at(errno == ENOENT ? LEVEL_DEBUG1 : LEVEL_INFO,
	    "Could not open user '%s' %s '%s': %s", start->user, what(kind),
	    path, strerror(errno));
}

static void
open_one(struct files *f, const struct keycheck_start *start,
    enum files_kind kind, const char *path)
{
	SCOPED(io_close) int fd = -1;
	struct stat st;

	if (f->n == FILES_MAX) {
		log_info("User '%s' has more than %d files of authorized keys",
		    start->user, FILES_MAX);
		return;
	}
	log_debug1("trying %s file %s",
	    kind == FILES_KEYS ? "public key" : what(kind), path);
	fd = open_file(path);
	if (fd < 0 || fstat(fd, &st) != 0) {
		tell_unopened(start, kind, path);
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		log_info("User '%s' %s '%s' is not a regular file", start->user,
		    what(kind), path);
		return;
	}
	if (!is_trusted(f, fd, path, start))
		return;
	f->v[f->n++] = (struct keys_file){.kind = kind,
	    .fd = fd,
	    .path = mem_strdup(path),
	    .size = (size_t)st.st_size};
	fd = -1;
}

/* The administrator's. One that isn't there must not go unnoticed: what it
 * would have said about a key isn't known then. */
static void
open_ours(struct files *f, enum files_kind kind, const char *path)
{
	struct keys_file *file = &f->v[f->n];
	struct stat st;

	if (f->n == FILES_MAX)
		return;
	f->n++;
	*file = (struct keys_file){.kind = kind,
	    .fd = open_file(path),
	    .path = mem_strdup(path)};
	if (file->fd >= 0 && fstat(file->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		file->size = (size_t)st.st_size;
		return;
	}
	file->why = file->fd < 0 ? errno : EINVAL;
	io_close(&file->fd);
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
    enum files_kind kind, const char *pattern)
{
	glob_t g = {.gl_opendir = listing_open,
	    .gl_readdir = listing_next,
	    .gl_closedir = listing_close,
	    .gl_stat = stat,
	    .gl_lstat = lstat};

	if (glob(pattern, GLOB_ALTDIRFUNC, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc && i <= FILES_MAX; i++)
			open_one(f, start, kind, g.gl_pathv[i]);
	else
		log_debug1("no %s match %s", what(kind), pattern);
	globfree(&g);
}

static void
open_named(struct files *f, const struct keycheck_start *start,
    enum files_kind kind, const char *template)
{
	SCOPED(buf_clear) struct buf path = BUF_LIMIT(2 * PATH_OCTETS);
	bool pattern = has_wildcard(template);
	enum err e = expand(start, template, pattern, &path);

	if (e != OK)
		log_error("%s %s: %s",
		    kind == FILES_KEYS ? "AuthorizedKeysFile"
				       : "AuthorizedPrincipalsFile",
		    template, err_sentence(e));
	else if (pattern)
		open_matches(f, start, kind, (const char *)path.p);
	else
		open_one(f, start, kind, (const char *)path.p);
}

/* ---- host-based authentication ---------------------------------------- */

static const struct {
	enum files_kind kind;
	const char *path;
} system_files[] = {
    {FILES_EQUIV, "/etc/hosts.equiv"},
    {FILES_EQUIV, "/etc/ssh/shosts.equiv"},
    {FILES_KNOWN, "/etc/ssh/ssh_known_hosts"},
    {FILES_KNOWN_OLD, "/etc/ssh/ssh_known_hosts2"},
};

/* StrictModes; gives what is to be said about it, or NULL. */
static char *
distrust(const struct keycheck_start *start, enum files_kind kind, int fd,
    const char *path)
{
	char why[PATH_OCTETS];
	bool directory;

	if (!start->conf->strict_modes ||
	    path_trusted(fd, path, start->home, start->uid, why, sizeof(why),
		&directory) == OK)
		return NULL;
	if (kind != FILES_RHOSTS)
		return mem_format("Authentication refused for %s: bad owner or "
				  "modes for %.400s",
		    start->user, why);
	if (directory)
		return mem_format("Rhosts authentication refused for %s: bad "
				  "ownership or modes for home directory.",
		    start->user);
	return mem_format("Rhosts authentication refused for %s: bad modes for "
			  "%.400s",
	    start->user, why);
}

/* Most of them aren't there, and nobody misses them. */
static void
open_host_file(struct files *f, const struct keycheck_start *start,
    enum files_kind kind, const char *path, bool theirs)
{
	SCOPED(io_close) int fd = open_file(path);
	struct keys_file *file = &f->v[f->n];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || f->n == FILES_MAX) {
		log_debug1("%s: %s", path, strerror(errno));
		return;
	}
	f->n++;
	*file = (struct keys_file){.kind = kind,
	    .fd = -1,
	    .path = mem_strdup(path),
	    .size = (size_t)st.st_size};
	if (!S_ISREG(st.st_mode))
		file->fault =
		    mem_format("User %s hosts file %s is not a regular file",
			start->user, path);
	else if (theirs)
		file->fault = distrust(start, kind, fd, path);
	if (file->fault != NULL)
		return;
	file->fd = fd;
	fd = -1;
}

/* Of root no file of the system's says who may become it. */
static void
open_system_hosts(struct files *f, const struct keycheck_start *start)
{
	const size_t n = sizeof(system_files) / sizeof(system_files[0]);

	for (size_t i = 0; i < n; i++)
		if (system_files[i].kind != FILES_EQUIV || start->uid != 0)
			open_host_file(f, start, system_files[i].kind,
			    system_files[i].path, false);
}

static void
open_user_hosts(struct files *f, const struct keycheck_start *start)
{
	const struct conf *c = start->conf;
	const struct {
		bool wanted;
		enum files_kind kind;
		const char *name;
	} names[] = {
	    {c->ignore_rhosts != RHOSTS_YES, FILES_RHOSTS, ".shosts"},
	    {c->ignore_rhosts == RHOSTS_NO, FILES_RHOSTS, ".rhosts"},
	    {!c->ignore_user_known_hosts, FILES_KNOWN, ".ssh/known_hosts"},
	    {!c->ignore_user_known_hosts, FILES_KNOWN_OLD, ".ssh/known_hosts2"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		SCOPED(mem_free_at)
		char *path = mem_format("%s/%s", start->home, names[i].name);

		if (names[i].wanted)
			open_host_file(f, start, names[i].kind, path, true);
	}
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

static void
open_administrators(struct files *f, const struct keycheck_start *start)
{
	const struct conf *conf = start->conf;

	if (conf->trusted_user_ca_keys != NULL && conf->pubkey)
		open_ours(f, FILES_CA, conf->trusted_user_ca_keys);
	for (size_t i = 0; i < conf->revoked_keys.n; i++)
		open_ours(f, FILES_REVOKED, conf->revoked_keys.v[i]);
	if (conf->hostbased)
		open_system_hosts(f, start);
}

static void
open_users(struct files *f, const struct keycheck_start *start)
{
	const struct conf *conf = start->conf;
	const struct conf_list *names = &conf->authorized_keys_files;

	if (conf->hostbased)
		open_user_hosts(f, start);
	if (!conf->pubkey)
		return;
	for (size_t i = 0; i < names->n; i++)
		open_named(f, start, FILES_KEYS, names->v[i]);
	/* names that only certificates of these CAs are asked for */
	if (conf->trusted_user_ca_keys != NULL &&
	    conf->authorized_principals_file != NULL)
		open_named(f, start, FILES_PRINCIPALS,
		    conf->authorized_principals_file);
}

void
files_open(struct files *f, const struct keycheck_start *start)
{
	const struct creds user = {.uid = start->uid,
	    .gid = start->gid,
	    .groups = start->groups,
	    .ngroups = start->ngroups};

	f->n = 0;
	f->untrusted = NULL;
	open_administrators(f, start);
	if (!start->known)
		return;
	need(creds_borrow(&user), "taking");
	open_users(f, start);
	need(creds_return(), "giving back");
}

void
files_clear(struct files *f)
{
	while (f->n > 0) {
		f->n--;
		io_close(&f->v[f->n].fd);
		mem_free(f->v[f->n].path);
		mem_free(f->v[f->n].fault);
	}
	mem_free(f->untrusted);
	f->untrusted = NULL;
}
