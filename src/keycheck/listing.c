#include "listing.h"

#include "certificate.h"
#include "search.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/conf/conf.h"
#include "sallyport/key/authline.h"

#include <sys/stat.h>

#define PRINCIPALS_OCTETS_MAX ((size_t)4 << 20) /* 50,000 names */

/* Lines of one file, or of a program's output. */
struct lookup {
	struct trial *t;
	const char *path; /* for the log */
};

/* ---- options of a line ----------------------------------------------------- */

static bool
is_from_permitted(const struct lookup *l, const struct keyopts *o, size_t line)
{
	const char *peer = l->t->k->conn->peer_ip;
	const char *host = l->t->k->start->host;

	if (!o->has_from || pattern_host(buf_slice(&o->from), slice_cstr(peer),
				slice_cstr(host)))
		return true;
	log_info("%s:%zu: Authentication tried for %s with correct key but not "
		 "from a permitted host (host=%s, ip=%s, required=%s).",
	    l->path, line, l->t->k->start->user, host, peer,
	    log_quote_max(buf_slice(&o->from), 200));
	return trial_refuse(l->t->k, "option from of %s:%zu doesn't name %s",
	    l->path, line, peer);
}

static bool
is_in_time(const struct lookup *l, const struct keyopts *o, size_t line)
{
	if (o->expires == 0 || clock_wall_s() < (int64_t)o->expires)
		return true;
	log_debug1("%s:%zu: entry expired", l->path, line);
	return trial_refuse(l->t->k, "option expiry-time of %s:%zu is over",
	    l->path, line);
}

static bool
read_options(const struct lookup *l, struct slice text, size_t line,
    struct keyopts *o)
{
	const char *why;

	if (keyopts_parse(text, o, &why) == OK)
		return true;
	log_info("%s:%zu: bad key options: %s", l->path, line, why);
	return trial_refuse(l->t->k, "bad options at %s:%zu: %s", l->path, line,
	    why);
}

/* A CA's line is for its certificates, any other for the key itself. */
static bool
is_for(const struct lookup *l, const struct keyopts *o, size_t line)
{
	if (o->cert_authority == l->t->certified)
		return true;
	return trial_refuse(l->t->k,
	    o->cert_authority
		? "%s:%zu lists it as cert-authority alone"
		: "%s:%zu lists its CA without option cert-authority",
	    l->path, line);
}

/* Do the line's options let the key in, here and now? */
static bool
options_hold(const struct lookup *l, const struct keyopts *o, size_t line)
{
	if (is_in_time(l, o, line) && is_from_permitted(l, o, line))
		return true;
	log_error("Refused by key options at %s:%zu", l->path, line);
	return false;
}

/* ---- found ------------------------------------------------------------------- */

static void
forget(struct listed *listed)
{
	keyopts_clear(&listed->opts);
	buf_clear(&listed->blob);
	buf_clear(&listed->at);
	*listed = (struct listed){.blob = BUF_EMPTY};
}

/* Takes *o. */
static bool
accept(struct trial *t, struct keyopts *o, const char *at, bool trusted)
{
	struct listed *listed = &t->k->listed;

	forget(listed);
	listed->opts = *o;
	listed->trusted = trusted;
	*o = (struct keyopts){.permits = 0};
	if (buf_append(&listed->blob, t->req->blob) == OK &&
	    buf_append_cstr(&listed->at, at) == OK)
		return true;
	forget(listed);
	return false;
}

/* ---- authorized_keys ----------------------------------------------------------- */

static bool
on_key_line(void *ctx, struct slice text, size_t line)
{
	const struct lookup *l = ctx;
	struct trial *t = l->t;
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);
	SCOPED(keyopts_clear) struct keyopts o = {.permits = 0};
	SCOPED(mem_free_at) char *at = NULL;
	struct authline a;
	enum err e = authline_parse(text, &blob, &a);

	if (e != OK && e != ERR_NOT_FOUND)
		log_debug1("%s:%zu: %s", l->path, line, err_sentence(e));
	if (e != OK || !slice_equal(buf_slice(&blob), t->wanted))
		return false;
	if (!read_options(l, a.options, line, &o) || !is_for(l, &o, line) ||
	    !options_hold(l, &o, line))
		return false;
	at = mem_format("%s:%zu", l->path, line);
	if (t->certified && !certificate_holds(t, t->k->start->user, &o, at))
		return false;
	return accept(t, &o, at, false);
}

static bool
search_keys(struct trial *t, int fd, size_t size, const char *path)
{
	struct lookup l = {.t = t, .path = path};
	bool found;
	enum err e = search_file(fd, size, buf_slice(&t->base64), on_key_line,
	    &l, &found);

	if (e != OK)
		log_info("%s: %s", path, err_sentence(e));
	return e == OK && found;
}

static bool
is_in_files(struct trial *t)
{
	const struct files *f = &t->k->files;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].kind == FILES_KEYS &&
		    search_keys(t, f->v[i].fd, f->v[i].size, f->v[i].path))
			return true;
	return false;
}

/* ---- TrustedUserCAKeys ----------------------------------------------------------- */

static bool
on_ca_line(void *ctx, struct slice text, size_t line)
{
	const struct lookup *l = ctx;
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);
	struct authline a;
	enum err e = authline_parse(text, &blob, &a);

	(void)line;
	/* what options would mean here nobody has said */
	return e == OK && a.options.n == 0 && !a.certificate &&
	       slice_equal(buf_slice(&blob), l->t->wanted);
}

/* The file that lists the certificate's CA, or NULL. */
static const struct keys_file *
find_ca(struct trial *t)
{
	const struct files *f = &t->k->files;
	struct lookup l = {.t = t};
	bool found;

	for (size_t i = 0; i < f->n && t->certified; i++) {
		const struct keys_file *file = &f->v[i];
		enum err e;

		if (file->kind != FILES_CA)
			continue;
		if (file->fd < 0) {
			log_error("Could not open TrustedUserCAKeys '%s': %s",
			    file->path, strerror(file->why));
			continue;
		}
		l.path = file->path;
		e = search_file(file->fd, file->size, buf_slice(&t->base64),
		    on_ca_line, &l, &found);
		if (e == OK && found)
			return file;
		if (e != OK)
			log_error("%s: %s", file->path, err_sentence(e));
	}
	return NULL;
}

static bool
accept_certificate(struct trial *t, const char *user, struct keyopts *o,
    const char *ca_path)
{
	return certificate_holds(t, user, o, ca_path) &&
	       accept(t, o, ca_path, true);
}

/* ---- principals ------------------------------------------------------------------ */

static bool
try_principal(const struct lookup *l, struct slice text, size_t line,
    const char *ca_path)
{
	SCOPED(keyopts_clear) struct keyopts o = {.permits = 0};
	struct slice options;
	struct slice name;

	if (authline_principal(text, &options, &name) != OK ||
	    !cert_names(&l->t->cert, name) ||
	    !read_options(l, options, line, &o))
		return false;
	if (o.cert_authority) {
		log_info("%s:%zu: bad key options: cert-authority has no "
			 "meaning here",
		    l->path, line);
		return false;
	}
	return options_hold(l, &o, line) &&
	       accept_certificate(l->t, NULL, &o, ca_path);
}

static bool
search_principals(struct trial *t, int fd, size_t size, const char *path,
    const char *ca_path)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(PRINCIPALS_OCTETS_MAX);
	struct lookup l = {.t = t, .path = path};
	enum err e = search_read(fd, size, &text);
	struct slice rest = buf_slice(&text);
	struct slice line;

	if (e != OK)
		log_info("%s: %s", path, err_sentence(e));
	for (size_t n = 1; e == OK && slice_next(&rest, '\n', &line); n++)
		if (try_principal(&l, line, n, ca_path))
			return true;
	return false;
}

static bool
is_named_in_files(struct trial *t, const char *ca_path)
{
	const struct files *f = &t->k->files;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].kind == FILES_PRINCIPALS &&
		    search_principals(t, f->v[i].fd, f->v[i].size, f->v[i].path,
			ca_path))
			return true;
	return false;
}

/* ---- in order ---------------------------------------------------------------------- */

/* Programs aren't asked about users who don't exist. */
static bool
wait_for(struct trial *t, enum judge_want want, uint32_t which)
{
	struct waiting *w = &t->k->waiting;

	if (!t->k->start->known)
		return false;
	buf_reset(&w->blob);
	if (buf_append(&w->blob, t->req->blob) != OK)
		return false;
	w->want = want;
	w->which = which;
	return true;
}

static enum listing
refuse_unnamed(const struct trial *t, const char *ca_path)
{
	(void)certificate_refuse(t, ca_path,
	    "Certificate does not contain an authorized principal");
	return LISTING_NONE;
}

/* Without any keyword about principals, the user's name must be one. */
static enum listing
ask_ca(struct trial *t)
{
	const struct conf *conf = t->k->start->conf;
	const struct keys_file *ca = find_ca(t);
	SCOPED(keyopts_clear)
	struct keyopts o = {.permits = KEYOPTS_ALL,
	    .no_touch = true,
	    .tunnel = KEYOPTS_TUNNEL_ANY};

	if (ca == NULL)
		return LISTING_NONE;
	if (conf->authorized_principals_file == NULL &&
	    conf->authorized_principals_command == NULL)
		return accept_certificate(t, t->k->start->user, &o, ca->path)
			   ? LISTING_FOUND
			   : LISTING_NONE;
	if (is_named_in_files(t, ca->path))
		return LISTING_FOUND;
	if (conf->authorized_principals_command != NULL &&
	    wait_for(t, WANT_PRINCIPALS, 0))
		return LISTING_WAITS;
	return refuse_unnamed(t, ca->path);
}

static enum listing
ask_command(struct trial *t, uint32_t which)
{
	const struct conf_list *all =
	    &t->k->start->conf->authorized_keys_commands;

	return which < all->n && wait_for(t, WANT_KEYS, which) ? LISTING_WAITS
							       : LISTING_NONE;
}

/* Output of a program that failed is none: the descriptor is -1 then. */
static bool
has_output(const struct trial *t, size_t *size)
{
	struct stat st;

	if (t->req->output.fd < 0 || fstat(t->req->output.fd, &st) != 0)
		return false;
	*size = (size_t)st.st_size;
	return true;
}

/* The program's path, for the log. */
static char *
program(const char *line)
{
	struct conf_command c;

	if (!conf_command_read(line, &c))
		return mem_strdup("");
	return mem_text(slice_make(c.line, strcspn(c.line, " \t")));
}

static bool
is_listed_by_command(struct trial *t, uint32_t which)
{
	const struct conf_list *all =
	    &t->k->start->conf->authorized_keys_commands;
	SCOPED(mem_free_at) char *path = program(all->v[which]);
	size_t size;

	return has_output(t, &size) &&
	       search_keys(t, t->req->output.fd, size, path);
}

static bool
is_named_by_command(struct trial *t)
{
	const struct conf *conf = t->k->start->conf;
	const struct keys_file *ca = find_ca(t);
	SCOPED(mem_free_at)
	char *path = program(conf->authorized_principals_command);
	size_t size;

	if (ca == NULL)
		return false;
	if (has_output(t, &size) &&
	    search_principals(t, t->req->output.fd, size, path, ca->path))
		return true;
	(void)refuse_unnamed(t, ca->path);
	return false;
}

bool
listing_knows(const struct trial *t)
{
	const struct keycheck *k = t->k;

	return slice_equal(buf_slice(&k->listed.blob), t->req->blob) ||
	       (t->req->resumed &&
		   slice_equal(buf_slice(&k->waiting.blob), t->req->blob));
}

static enum listing
look_first(struct trial *t)
{
	enum listing found;

	if (is_in_files(t))
		return LISTING_FOUND;
	found = ask_ca(t);
	return found == LISTING_NONE ? ask_command(t, 0) : found;
}

enum listing
listing_look(struct trial *t)
{
	struct waiting *w = &t->k->waiting;
	enum judge_want want = w->want;
	uint32_t which = w->which;

	w->want = WANT_NOTHING;
	if (slice_equal(buf_slice(&t->k->listed.blob), t->req->blob))
		return LISTING_FOUND;
	if (!t->req->resumed)
		return look_first(t);
	if (want == WANT_NOTHING || !listing_knows(t))
		return LISTING_NONE;
	if (want == WANT_KEYS ? is_listed_by_command(t, which)
			      : is_named_by_command(t))
		return LISTING_FOUND;
	return ask_command(t, want == WANT_KEYS ? which + 1 : 0);
}
