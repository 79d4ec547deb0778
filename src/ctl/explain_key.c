/*
 * explain_key.c - where a key is listed, and what its line says
 *
 * The files are opened with the user's rights, as a login would; what is
 * printed of a line is what its options mean, not the line: it may be
 * somebody's secret.
 */
#include "ctl.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/path.h"
#include "sallyport/base/pattern.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/key/authline.h"
#include "sallyport/key/keyopts.h"
#include "sallyport/proc/creds.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX ((size_t)64 << 10)
#define LIST_MAX     ((size_t)64 << 20) /* as keycheck reads */
#define PATH_OCTETS  4096

/* The key that is looked for, and what was found out. */
struct hunt {
	const struct case_of *x;
	struct buf blob;
	enum key_type type;
	struct key_case *result;
};

/* ---- the key itself ------------------------------------------------------------- */

static bool
read_key(struct hunt *h, const char *path)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(KEY_FILE_MAX);
	SCOPED(io_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct slice rest, line;
	struct authline a;

	if (fd < 0 || io_read_all(fd, KEY_FILE_MAX, &text) != OK) {
		explain_line(MARK_NO, "key: %s: %s", path, strerror(errno));
		return false;
	}
	for (rest = buf_slice(&text); slice_next(&rest, '\n', &line);) {
		if (authline_parse(line, &h->blob, &a) != OK)
			continue;
		h->type = a.type;
		if (!a.certificate)
			return true;
		explain_line(MARK_NO,
		    "key: %s is a certificate: only the plain "
		    "key is looked for here",
		    path);
		return false;
	}
	explain_line(MARK_NO, "key: %s holds no public key", path);
	return false;
}

/* Would its signatures be taken? */
static bool
is_accepted(const struct hunt *h)
{
	const char *accepted = h->x->conf.pubkey_algorithms;
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++)
		if (a->kind == ALGO_KEY && a->key == h->type &&
		    (a->flags & ALGO_CERT) == 0 &&
		    algo_list_has(slice_cstr(accepted), slice_cstr(a->name)))
			return true;
	explain_line(MARK_NO, "PubkeyAcceptedAlgorithms: none for %s%s",
	    key_log_name(h->type),
	    explain_origin(h->x, &h->x->conf.pubkey_algorithms, 0));
	return false;
}

static void
tell_key(const struct hunt *h)
{
	SCOPED(buf_clear) struct buf print = BUF_LIMIT(256);
	enum hash_id hash = (enum hash_id)h->x->conf.fingerprint_hash;

	if (key_fingerprint(buf_slice(&h->blob), hash, &print) == OK)
		explain_line(MARK_NONE, "key: %s %.*s", key_log_name(h->type),
		    (int)print.n, (const char *)print.p);
	for (size_t i = 0; i < h->x->conf.revoked_keys.n; i++)
		explain_line(MARK_NONE, "RevokedKeys: %s is asked, too%s",
		    h->x->conf.revoked_keys.v[i],
		    explain_origin(h->x, &h->x->conf.revoked_keys, i));
}

/* ---- its line ------------------------------------------------------------------------ */

static bool
tell_conditions(const struct hunt *h, const struct keyopts *o)
{
	enum pattern_result r = PATTERN_NONE;
	bool ok = true;

	if (o->cert_authority) {
		explain_line(MARK_NO, "  cert-authority: its certificates, not "
				      "the key itself");
		ok = false;
	}
	if (o->expires != 0) {
		bool over = clock_wall_s() >= (int64_t)o->expires;

		explain_line(over ? MARK_NO : MARK_YES, "  expiry-time: %s",
		    show_time(o->expires));
		ok = ok && !over;
	}
	if (o->has_from) {
		bool from = pattern_addr_list(buf_slice(&o->from),
				slice_cstr(h->x->c->address), &r) == OK &&
			    r == PATTERN_HIT;

		explain_line(from ? MARK_YES : MARK_NO, "  from: %.*s",
		    (int)o->from.n, (const char *)o->from.p);
		ok = ok && from;
	}
	return ok;
}

static void
tell_list(const char *name, const struct buf *list)
{
	struct rd r = rd_from(buf_slice(list));

	while (r.left.n > 0 && rd_status(&r) == OK) {
		struct slice s = rd_string(&r);

		explain_line(MARK_NONE, "  %s: %.*s", name, (int)s.n,
		    (const char *)s.p);
	}
}

static void
tell_permits(const struct keyopts *o)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {{KEYOPTS_PTY, "pty"}, {KEYOPTS_PORT, "port-forwarding"},
	    {KEYOPTS_AGENT, "agent-forwarding"},
	    {KEYOPTS_X11, "x11-forwarding"}, {KEYOPTS_USER_RC, "user-rc"}};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((o->permits & bits[i].bit) == 0)
			explain_line(MARK_NONE, "  no %s", bits[i].name);
	if (o->has_command)
		explain_line(MARK_NONE, "  command: %.*s", (int)o->command.n,
		    (const char *)o->command.p);
	tell_list("environment", &o->environment);
	tell_list("permitopen", &o->permitopen);
	tell_list("permitlisten", &o->permitlisten);
}

/* True: this line lets in, and no other is looked at. */
static bool
look_at_line(struct hunt *h, const char *path, size_t number,
    struct slice options)
{
	struct keyopts o;
	const char *why;
	bool ok = keyopts_parse(options, &o, &why) == OK;

	if (!ok) {
		explain_line(MARK_NO, "%s:%zu: bad options: %s", path, number,
		    why);
	} else {
		explain_line(MARK_NONE, "%s:%zu: listed", path, number);
		ok = tell_conditions(h, &o);
	}
	if (ok) {
		tell_permits(&o);
		h->result->lets_in = true;
		h->result->has_command = o.has_command;
	}
	keyopts_clear(&o);
	return ok;
}

static bool
look_at_text(struct hunt *h, const char *path, struct slice text)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);
	struct authline a;
	struct slice line;

	for (size_t n = 1; slice_next(&text, '\n', &line); n++)
		if (line.n <= AUTHLINE_MAX &&
		    authline_parse(line, &blob, &a) == OK &&
		    slice_equal(buf_slice(&blob), buf_slice(&h->blob)) &&
		    look_at_line(h, path, n, a.options))
			return true;
	return false;
}

/* ---- its file ---------------------------------------------------------------------------- */

static bool
is_trusted(const struct hunt *h, int fd, const char *path)
{
	const struct account *a = &h->x->account;
	char why[PATH_OCTETS];
	bool directory;

	if (!h->x->conf.strict_modes || path_trusted(fd, path, a->home, a->uid,
					    why, sizeof(why), &directory) == OK)
		return true;
	explain_line(MARK_NO, "StrictModes: bad ownership or modes for %s %s%s",
	    directory ? "directory" : "file", why,
	    explain_origin(h->x, &h->x->conf.strict_modes, 0));
	return false;
}

static bool
look_at_file(struct hunt *h, const char *path)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(LIST_MAX);
	SCOPED(io_close) int fd = -1;
	struct stat st;

	if (account_borrow(&h->x->account) != OK)
		exit(EXIT_NO); /* rights of neither */
	fd = open(path, flags);
	if (creds_return() != OK)
		exit(EXIT_NO);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		explain_line(MARK_NONE, "%s: %s", path,
		    fd < 0 ? strerror(errno) : "not a regular file");
		return false;
	}
	if (!is_trusted(h, fd, path))
		return false;
	if (io_read_all(fd, LIST_MAX, &text) != OK) {
		explain_line(MARK_NO, "%s: can't be read whole", path);
		return false;
	}
	if (look_at_text(h, path, buf_slice(&text)))
		return true;
	explain_line(MARK_NONE, "%s: no line that lets in", path);
	return false;
}

static bool
look_at_matches(struct hunt *h, const char *pattern)
{
	glob_t g = {.gl_pathc = 0};
	bool found = false;
	int rc;

	if (account_borrow(&h->x->account) != OK)
		exit(EXIT_NO);
	rc = glob(pattern, 0, NULL, &g);
	if (creds_return() != OK)
		exit(EXIT_NO);
	if (rc != 0)
		explain_line(MARK_NONE, "%s: no such file", pattern);
	for (size_t i = 0; rc == 0 && i < g.gl_pathc && !found; i++)
		found = look_at_file(h, g.gl_pathv[i]);
	globfree(&g);
	return found;
}

/* Tokens replaced; relative to the home directory. */
static bool
look_at_name(struct hunt *h, const char *template)
{
	const struct account *a = &h->x->account;
	SCOPED(mem_free_at)
	char *uid = mem_format("%lu", (unsigned long)a->uid);
	const struct path_token tokens[] = {{'h', a->home}, {'u', a->name},
	    {'U', uid}, {0, NULL}};
	SCOPED(buf_clear) struct buf path = BUF_LIMIT(PATH_OCTETS);
	SCOPED(mem_free_at) char *name = NULL;

	if (path_expand(template, tokens, &path) != OK) {
		explain_line(MARK_NO, "AuthorizedKeysFile %s: bad token",
		    template);
		return false;
	}
	if (path.n > 0 && path.p[0] == '/')
		name = mem_text(buf_slice(&path));
	else
		name = mem_format("%s/%.*s", a->home, (int)path.n,
		    (const char *)path.p);
	return strpbrk(template, "*?[") != NULL ? look_at_matches(h, name)
						: look_at_file(h, name);
}

static void
tell_commands(const struct case_of *x, const struct key_case *result)
{
	const struct conf_list *commands = &x->conf.authorized_keys_commands;

	for (size_t i = 0; i < commands->n && !result->lets_in; i++)
		explain_line(MARK_NONE,
		    "AuthorizedKeysCommand: %s isn't run here%s",
		    commands->v[i], explain_origin(x, commands, i));
}

void
explain_key(const struct case_of *x, struct key_case *result)
{
	const struct conf_list *files = &x->conf.authorized_keys_files;
	struct hunt h = {.x = x,
	    .blob = BUF_LIMIT(AUTHLINE_MAX),
	    .result = result};

	*result = (struct key_case){.lets_in = false};
	if (x->account.known && read_key(&h, x->c->key) && is_accepted(&h)) {
		tell_key(&h);
		for (size_t i = 0; i < files->n && !result->lets_in; i++) {
			explain_line(MARK_NONE, "AuthorizedKeysFile: %s%s",
			    files->v[i], explain_origin(x, files, i));
			(void)look_at_name(&h, files->v[i]);
		}
		tell_commands(x, result);
	}
	buf_clear(&h.blob);
}
