#include "hostbased.h"

#include "certificate.h"
#include "known.h"
#include "netgroups.h"
#include "rhosts.h"
#include "search.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/conf/conf.h"

#define RHOSTS_OCTETS_MAX ((size_t)1 << 20) /* 20,000 lines */

/* ---- who is it? ----------------------------------------------------------------- */

/* RFC 4252 §9 has the name fully qualified: some end it with the root's dot. */
static struct slice
without_dot(struct slice name)
{
	return name.n > 0 && name.p[name.n - 1] == '.'
		   ? slice_first(name, name.n - 1)
		   : name;
}

/* Of a host's name or address. Others could play tricks with patterns. */
static bool
is_host_sane(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z');

		if (!word && memchr(".-_:%", c, 5) == NULL)
			return false;
	}
	return name.n > 0;
}

/* One word of .rhosts; and nothing that could write a log's line further. */
static bool
is_user_sane(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == 0x7f || name.p[i] == '"')
			return false;
	return name.n > 0;
}

void
hostbased_init(struct hostbased *h, struct trial *t)
{
	const struct keycheck *k = t->k;

	*h = (struct hostbased){.t = t,
	    .sent = mem_text(without_dot(t->req->client_host)),
	    .host = k->start->host,
	    .address = k->conn->peer_ip};
	text_lower(h->sent);
	if (k->start->conf->hostbased_name_from_packet)
		h->host = h->address = h->sent;
}

void
hostbased_clear(struct hostbased *h)
{
	mem_free(h->sent);
	h->sent = NULL;
}

/* The name that was sent counts for nothing else then. */
static void
tell_mismatch(const struct hostbased *h)
{
	const struct keycheck *k = h->t->k;

	if (k->start->conf->hostbased_name_from_packet ||
	    strcmp(h->sent, h->host) == 0)
		return;
	log_info("userauth_hostbased mismatch: client sends %s, but we resolve "
		 "%s to %s",
	    h->sent, k->conn->peer_ip, h->host);
}

/* ---- is the key that host's? ------------------------------------------------------ */

/* A file that couldn't be believed may be the reason; NULL: there is none. */
static const char *
left_out(const struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].fault != NULL &&
		    (f->v[i].kind == FILES_KNOWN ||
			f->v[i].kind == FILES_KNOWN_OLD))
			return f->v[i].path;
	return NULL;
}

static bool
refuse_unknown(const struct hostbased *h)
{
	struct keycheck *k = h->t->k;
	const char *path = left_out(&k->files);

	if (path != NULL)
		return trial_refuse(k,
		    "no known_hosts has it for %s, and %s was left out",
		    h->host, path);
	if (k->start->conf->ignore_user_known_hosts)
		return trial_refuse_by(k, RULE_USER_KNOWN_HOSTS,
		    "the system's known_hosts doesn't have it for %s", h->host);
	return trial_refuse(k, "no known_hosts has it for %s", h->host);
}

static void
tell_known(const struct hostbased *h)
{
	SCOPED(buf_clear) struct buf name = BUF_LIMIT(256);
	const struct trial *t = h->t;
	struct key ca;

	if (!t->certified)
		trial_name_key(t, &t->key, " public key", &name);
	else if (key_parse(t->cert.ca_blob, &ca) == OK)
		trial_name_key(t, &ca, " CA", &name);
	log_verbose("Accepted %s%s%s%.*s from %s@%s",
	    t->certified ? "certificate ID \"" : "",
	    t->certified ? log_quote(t->cert.id) : "",
	    t->certified ? "\" signed by " : "", (int)name.n,
	    name.n > 0 ? (const char *)name.p : "",
	    log_quote(t->req->client_user), h->host);
}

bool
hostbased_is_known(struct hostbased *h)
{
	SCOPED(mem_free_at) char *at = NULL;
	struct trial *t = h->t;

	if (!is_host_sane(slice_cstr(h->sent)) ||
	    !is_user_sane(t->req->client_user))
		return trial_refuse(t->k,
		    "the client's host or user can't be called that");
	tell_mismatch(h);
	switch (known_look(t, slice_cstr(h->host), &at)) {
	case KNOWN_YES:
		break;
	case KNOWN_NOT_ANY_MORE:
		log_error("WARNING: revoked key for %s attempted "
			  "authentication",
		    h->host);
		return trial_refuse(t->k, "marked @revoked at %s", at);
	case KNOWN_UNREADABLE:
		return trial_refuse(t->k, "%s can't be read whole", at);
	case KNOWN_NO:
	default:
		return refuse_unknown(h);
	}
	log_debug1("key for %s found at %s", h->host, at);
	if (t->certified && !certificate_holds_host(t, h->host, at))
		return false;
	tell_known(h);
	return true;
}

/* ---- may its users come in? ------------------------------------------------------- */

static enum rhosts_result
search_one(const struct hostbased *h, const struct keys_file *file)
{
	struct keycheck *k = h->t->k;
	const struct rhosts_claim claim = {.host = slice_cstr(h->host),
	    .address = slice_cstr(h->address),
	    .client_user = h->t->req->client_user,
	    .account = slice_cstr(k->start->user)};
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(RHOSTS_OCTETS_MAX);
	enum rhosts_result result;
	size_t line = 0;
	enum err e;

	if (file->fault != NULL) {
		log_info("%s", file->fault);
		(void)trial_refuse(k, "%s was left out", file->path);
		return RHOSTS_NOTHING;
	}
	if ((e = search_read(file->fd, file->size, &text)) != OK) {
		log_info("%s: %s", file->path, err_sentence(e));
		return RHOSTS_NOTHING;
	}
	result =
	    rhosts_search(buf_slice(&text), &claim, netgroups_ask, k, &line);
	if (result == RHOSTS_ACCEPTED)
		log_debug1("%s@%s may come in as %s by %s:%zu",
		    log_quote(claim.client_user), h->host,
		    log_quote(claim.account), file->path, line);
	if (result == RHOSTS_DENIED)
		(void)trial_refuse(k, "denied by %s:%zu", file->path, line);
	return result;
}

/* A denial ends the search of its file alone. */
static enum rhosts_result
search_all(const struct hostbased *h)
{
	const struct files *f = &h->t->k->files;
	enum rhosts_result result = RHOSTS_NOTHING;
	bool waits = false;

	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].kind != FILES_EQUIV && f->v[i].kind != FILES_RHOSTS)
			continue;
		result = search_one(h, &f->v[i]);
		waits = waits || result == RHOSTS_WAITS;
		if (!waits && result == RHOSTS_ACCEPTED)
			return result;
	}
	return waits ? RHOSTS_WAITS : RHOSTS_NOTHING;
}

/* A file that said something against it is the reason. */
static bool
refuse_unlisted(const struct hostbased *h)
{
	static const char *const unseen[] = {[RHOSTS_NO] = "",
	    [RHOSTS_YES] = ", the account's own not looked at",
	    [RHOSTS_SHOSTS_ONLY] = ", .rhosts not looked at"};
	struct keycheck *k = h->t->k;
	enum conf_rhosts ignored = k->start->conf->ignore_rhosts;

	if (k->why.n > 0)
		return false;
	return trial_refuse_by(k,
	    ignored == RHOSTS_NO ? RULE_NONE : RULE_RHOSTS,
	    "no file lets %s of %s in%s", log_quote(h->t->req->client_user),
	    h->host, unseen[ignored]);
}

bool
hostbased_is_equivalent(struct hostbased *h, struct judge_rep *rep)
{
	struct keycheck *k = h->t->k;

	if (!netgroups_begin(k, h->t->req))
		return trial_refuse(k, "netgroups can't be asked");
	switch (search_all(h)) {
	case RHOSTS_ACCEPTED:
		buf_reset(&k->why); /* of files before */
		return true;
	case RHOSTS_WAITS:
		if (h->t->req->resumed)
			return trial_refuse(k, "too many netgroups are named");
		rep->want = WANT_NETGROUPS;
		return false;
	case RHOSTS_DENIED:
	case RHOSTS_NOTHING:
	default:
		return refuse_unlisted(h);
	}
}

/* ---- for the log -------------------------------------------------------------------- */

void
hostbased_tell_client(const struct trial *t, const char *before,
    struct buf *out)
{
	struct slice host = without_dot(t->req->client_host);

	if (!is_host_sane(host) || !is_user_sane(t->req->client_user))
		return;
	(void)!buf_printf(out, "%sclient user \"%s\", client host \"%s\"",
	    before, log_quote_max(t->req->client_user, 100),
	    log_quote_max(host, 100));
}

void
hostbased_name(const struct trial *t, struct buf *out)
{
	trial_name_whole(t, out);
	hostbased_tell_client(t, ", ", out);
}
