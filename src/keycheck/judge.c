/*
 * judge.c - one verdict about a key: algorithm, blob, listing, signature
 *
 * Everything here is hostile: the blob and the signature are the network's,
 * the lines are the user's. What the administrator should know is logged here,
 * in sshd's words, as a note to the monitor; "why" is the reason in short, for
 * the monitor's debug line, and never reaches the peer.
 */
#include "keycheck.h"
#include "search.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"
#include "sallyport/conf/conf.h"
#include "sallyport/key/authline.h"
#include "sallyport/key/cert.h"
#include "sallyport/key/sig.h"
#include "sallyport/key/sk.h"

#include <stdarg.h>
#include <stdio.h>

#define USERAUTH_REQUEST 50 /* RFC 4252 §6 */
#define SERVICE          "ssh-connection"
#define METHOD           "publickey"
#define METHOD_HOSTBOUND "publickey-hostbound-v00@openssh.com"
#define SIGNED_MAX       ((size_t)128 << 10)
#define TEXT_MAX         ((size_t)64 << 10)

_Static_assert(KEYOPTS_PTY == PERMIT_PTY && KEYOPTS_PORT == PERMIT_PORT &&
		   KEYOPTS_AGENT == PERMIT_AGENT && KEYOPTS_X11 == PERMIT_X11 &&
		   KEYOPTS_USER_RC == PERMIT_USER_RC &&
		   KEYOPTS_RESTRICT == PERMIT_RESTRICT,
    "a line's permissions travel as they are");

/* A key that is tried, and what was found out about it. */
struct trial {
	struct keycheck *k;
	const struct judge_req *req;
	const struct algo *alg; /* as announced */
	struct key key;
	struct buf base64; /* of the blob: what is searched for */
};

static bool refuse(struct keycheck *k, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
refuse(struct keycheck *k, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	buf_reset(&k->why);
	(void)!buf_append_cstr(&k->why, text);
	return false;
}

/* ---- the key's name for the log ------------------------------------------ */

/* "ED25519 SHA256:…"; nothing but "ED25519" where a hash fails. */
static void
append_key_name(const struct trial *t, const struct key *key, const char *end,
    struct buf *out)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KEY_BLOB_MAX);
	enum hash_id hash = (enum hash_id)t->k->start->conf->fingerprint_hash;

	if (buf_printf(out, "%s%s ", key_log_name(key->type), end) == OK &&
	    key_write(key, &blob) == OK)
		(void)!key_fingerprint(buf_slice(&blob), hash, out);
}

static void
name_certificate(const struct trial *t, const struct cert *c)
{
	struct buf *out = &t->k->key_text;
	struct key ca;

	append_key_name(t, &c->key, "-CERT", out);
	(void)!buf_printf(out, " ID %s (serial %llu) CA ", log_quote(c->id),
	    (unsigned long long)c->serial);
	if (key_parse(c->ca_blob, &ca) == OK)
		append_key_name(t, &ca, "", out);
}

/* ---- may such a key be used at all? -------------------------------------- */

/*
 * Certificates are parsed, so that the log can name them; to be let in by one
 * takes trust in its CA, which nothing here can have yet.
 */
static bool
refuse_certificate(const struct trial *t)
{
	struct cert c;
	enum err e = cert_parse(t->req->blob, &c);

	if (e != OK)
		return refuse(t->k, "certificate: %s", err_sentence(e));
	name_certificate(t, &c);
	log_debug1("keycheck: certificates let nobody in");
	return refuse(t->k, "certificates let nobody in");
}

static bool
is_enabled(const struct trial *t, const char *name)
{
	return algo_list_has(slice_cstr(t->k->start->conf->pubkey_algorithms),
	    slice_cstr(name));
}

static bool
is_algorithm_good(struct trial *t)
{
	if (t->alg == NULL)
		return refuse(t->k, "unknown algorithm");
	if (!slice_is(key_blob_type(t->req->blob), t->alg->blob_type))
		return refuse(t->k, "the key is of another type");
	if (is_enabled(t, t->alg->name))
		return true;
	/* sshd says this before login, and filters know it with its suffix */
	log_info("userauth_pubkey: signature algorithm %s not in "
		 "PubkeyAcceptedAlgorithms [preauth]",
	    t->alg->name);
	return refuse(t->k, "algorithm %s isn't accepted", t->alg->name);
}

/*
 * Numbers that one may use. Of Ed25519 the verification itself refuses what is
 * wrong (points of small order, not canonical), at no cost of its own.
 */
static bool
is_size_good(const struct trial *t)
{
	bool edwards =
	    t->key.type == KEY_ED25519 || t->key.type == KEY_SK_ED25519;
	enum err e =
	    edwards ? OK
		    : key_check(&t->key, t->k->start->conf->required_rsa_size);

	if (e == OK)
		return true;
	if (e == ERR_KEY_LENGTH)
		log_info("refusing %s key: Invalid key length",
		    key_log_name(t->key.type));
	return refuse(t->k, "%s", err_sentence(e));
}

/* A list that can't be asked revokes every key (SEC-54). */
static bool
is_unrevoked(const struct trial *t)
{
	const struct conf_list *lists = &t->k->start->conf->revoked_keys;

	if (lists->n == 0)
		return true;
	log_error("Error checking authentication key %.*s in revoked keys file "
		  "%s: %s",
	    (int)t->k->key_text.n, (const char *)t->k->key_text.p, lists->v[0],
	    err_sentence(ERR_UNSUPPORTED));
	return refuse(t->k, "revocation can't be checked");
}

/* Bound to a host key: to one of ours, so that no other server's login is
 * replayed here. */
static bool
is_host_ours(const struct trial *t)
{
	const struct common *common = t->k->common;

	if (!t->req->hostbound)
		return true;
	for (size_t i = 0; i < common->nkeys; i++)
		if (slice_equal(common->keys[i].blob, t->req->hostkey))
			return true;
	return refuse(t->k, "signed for another server's host key");
}

static enum err
encode(struct trial *t)
{
	struct buf *info = &t->k->authinfo;
	struct slice text;
	enum err e = key_write_text(t->req->blob, info);

	if (e != OK)
		return e;
	text = buf_slice(info);
	return buf_append(&t->base64,
	    slice_skip(text, slice_find(text, ' ') + 1));
}

static bool
is_acceptable(struct trial *t)
{
	bool certificate;
	enum err e;

	if (key_type_of(key_blob_type(t->req->blob), &certificate) == KEY_NONE)
		return refuse(t->k, "unknown type of key");
	if (certificate)
		return refuse_certificate(t);
	if ((e = key_parse(t->req->blob, &t->key)) != OK)
		return refuse(t->k, "key: %s", err_sentence(e));
	append_key_name(t, &t->key, "", &t->k->key_text);
	if ((e = encode(t)) != OK)
		return refuse(t->k, "key: %s", err_sentence(e));
	return is_algorithm_good(t) && is_size_good(t) && is_unrevoked(t) &&
	       is_host_ours(t);
}

/* ---- is it listed? ------------------------------------------------------- */

struct lookup {
	struct trial *t;
	const char *path;
};

static bool
is_from_permitted(const struct lookup *l, const struct keyopts *o, size_t line)
{
	struct slice ip = slice_cstr(l->t->k->conn->peer_ip);
	enum pattern_result result = PATTERN_NONE;

	if (!o->has_from)
		return true;
	if (pattern_addr_list(buf_slice(&o->from), ip, &result) == OK &&
	    result == PATTERN_HIT)
		return true;
	log_info("%s:%zu: Authentication tried for %s with correct key but not "
		 "from a permitted host (host=%s, ip=%s, required=%s).",
	    l->path, line, l->t->k->start->user, l->t->k->conn->peer_ip,
	    l->t->k->conn->peer_ip, log_quote_max(buf_slice(&o->from), 200));
	return false;
}

static bool
is_in_time(const struct lookup *l, const struct keyopts *o, size_t line)
{
	if (o->expires == 0 || clock_wall_s() < (int64_t)o->expires)
		return true;
	log_debug1("%s:%zu: entry expired", l->path, line);
	return false;
}

/* Do the line's options let the key in, here and now? */
static bool
do_options_hold(const struct lookup *l, struct slice text, size_t line,
    struct keyopts *o)
{
	const char *why;

	if (keyopts_parse(text, o, &why) != OK) {
		log_info("%s:%zu: bad key options: %s", l->path, line, why);
		return false;
	}
	if (o->cert_authority) /* its certificates, not the key itself */
		return false;
	if (is_in_time(l, o, line) && is_from_permitted(l, o, line))
		return true;
	log_error("Refused by key options at %s:%zu", l->path, line);
	return false;
}

static void
forget(struct listed *listed)
{
	keyopts_clear(&listed->opts);
	buf_clear(&listed->blob);
	buf_clear(&listed->at);
	*listed = (struct listed){.blob = BUF_EMPTY};
}

static bool
on_line(void *ctx, struct slice text, size_t line)
{
	const struct lookup *l = ctx;
	struct listed *listed = &l->t->k->listed;
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);
	struct authline a;
	enum err e = authline_parse(text, &blob, &a);

	if (e != OK || !slice_equal(buf_slice(&blob), l->t->req->blob)) {
		if (e != OK && e != ERR_NOT_FOUND)
			log_debug1("%s:%zu: %s", l->path, line,
			    err_sentence(e));
		return false;
	}
	forget(listed);
	if (do_options_hold(l, a.options, line, &listed->opts) &&
	    buf_append(&listed->blob, buf_slice(&blob)) == OK &&
	    buf_printf(&listed->at, "%s:%zu", l->path, line) == OK)
		return true;
	forget(listed);
	return false;
}

static bool
search_one(struct trial *t, const struct keys_file *file)
{
	struct lookup l = {.t = t, .path = file->path};
	bool found;
	enum err e = search_file(file->fd, file->size, buf_slice(&t->base64),
	    on_line, &l, &found);

	if (e != OK)
		log_info("%s: %s", file->path, err_sentence(e));
	return e == OK && found;
}

/* The first line that lets it in wins. */
static bool
is_listed(struct trial *t)
{
	struct keycheck *k = t->k;
	bool found = slice_equal(buf_slice(&k->listed.blob), t->req->blob);

	for (size_t i = 0; i < k->files.n && !found; i++)
		found = search_one(t, &k->files.v[i]);
	if (!found)
		return refuse(k, "not listed");
	log_verbose("Accepted key %.*s found at %.*s", (int)k->key_text.n,
	    (const char *)k->key_text.p, (int)k->listed.at.n,
	    (const char *)k->listed.at.p);
	return true;
}

/* ---- does the signature hold? -------------------------------------------- */

/* RFC 4252 §7; of the hostbound form, with the host key at the end. */
static enum err
build_signed(const struct judge_req *req, struct buf *data)
{
	struct wr w = wr_into(data);

	wr_string(&w, req->session_id);
	wr_u8(&w, USERAUTH_REQUEST);
	wr_string(&w, req->user);
	wr_cstr(&w, SERVICE);
	wr_cstr(&w, req->hostbound ? METHOD_HOSTBOUND : METHOD);
	wr_bool(&w, true);
	wr_string(&w, req->alg);
	wr_string(&w, req->blob);
	if (req->hostbound)
		wr_string(&w, req->hostkey);
	return wr_end(&w, NULL);
}

/* What the configuration says of touch wins over the line's waiver. */
static bool
is_user_proven(const struct trial *t, const struct sig *s)
{
	const struct conf *conf = t->k->start->conf;
	const struct keyopts *o = &t->k->listed.opts;
	bool touch = conf->pubkey_touch || !o->no_touch;
	bool verify = conf->pubkey_verify || o->verify;
	const char *lacking = NULL;

	if (!key_is_sk(t->key.type))
		return true;
	if (touch && (s->flags & SK_PRESENT) == 0)
		lacking = "user presence (authenticator touch)";
	else if (verify && (s->flags & SK_VERIFIED) == 0)
		lacking = "user verification";
	if (lacking == NULL)
		return true;
	log_info("public key %.*s signature for %s from %s port %u rejected: "
		 "%s requirement not met",
	    (int)t->k->key_text.n, (const char *)t->k->key_text.p,
	    t->k->start->user, t->k->conn->peer_ip,
	    (unsigned int)t->k->conn->peer_port, lacking);
	return refuse(t->k, "%s is required", lacking);
}

static bool
is_signed(const struct trial *t)
{
	SCOPED(buf_clear) struct buf data = BUF_LIMIT(SIGNED_MAX);
	struct sig s;
	enum err e = sig_parse(t->req->sig, &s);

	if (e == OK && !is_enabled(t, s.alg->name))
		e = ERR_UNKNOWN_ALGO; /* the one inside counts, too */
	if (t->req->session_id.n == 0)
		e = ERR_PHASE; /* would hold for every session */
	if (e == OK)
		e = build_signed(t->req, &data);
	if (e == OK)
		e = sig_verify(&t->key, t->alg, &s, buf_slice(&data));
	if (e != OK)
		return refuse(t->k, "%s", err_sentence(e));
	if (!is_user_proven(t, &s))
		return false;
	if (key_is_sk(t->key.type))
		(void)!buf_printf(&t->k->key_text, ", signature count = %u",
		    (unsigned int)s.counter);
	return true;
}

/* ---- the answer ---------------------------------------------------------- */

static void
reset(struct buf *b, size_t max)
{
	buf_clear(b);
	*b = BUF_LIMIT(max);
}

static void
fill_options(const struct listed *listed, struct judge_rep *rep)
{
	const struct keyopts *o = &listed->opts;

	rep->found_at = buf_slice(&listed->at);
	rep->permits = o->permits;
	rep->has_command = o->has_command;
	rep->force_command = buf_slice(&o->command);
	rep->environment = buf_slice(&o->environment);
	rep->permitopen = buf_slice(&o->permitopen);
	rep->permitlisten = buf_slice(&o->permitlisten);
	rep->tunnel = o->tunnel;
	rep->expires = o->expires;
}

enum err
on_judge(struct keycheck *k, const struct judge_req *req, struct judge_rep *rep)
{
	struct trial t = {.k = k,
	    .req = req,
	    .alg = algo_find(ALGO_KEY, req->alg),
	    .base64 = BUF_LIMIT(TEXT_MAX)};

	reset(&k->key_text, k->key_text.max);
	reset(&k->why, k->why.max);
	reset(&k->authinfo, TEXT_MAX);
	rep->allowed = is_acceptable(&t) && is_listed(&t);
	rep->verified = rep->allowed && req->has_sig && is_signed(&t);
	buf_clear(&t.base64);
	if (rep->allowed)
		fill_options(&k->listed, rep);
	rep->key_text = buf_slice(&k->key_text);
	rep->why = buf_slice(&k->why);
	rep->authinfo = buf_slice(&k->authinfo);
	return OK;
}
