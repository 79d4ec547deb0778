/*
 * judge.c - one verdict about a key: algorithm, blob, listing, signature
 *
 * Everything here is hostile: the blob and the signature are the network's,
 * the lines are the user's. What the administrator should know is logged here,
 * in sshd's words, as a note to the monitor; "why" is the reason in short, for
 * the monitor's line with the rule, and never reaches the peer.
 */
#include "certificate.h"
#include "hostbased.h"
#include "listing.h"
#include "revoked.h"
#include "trial.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/conf/conf.h"
#include "sallyport/key/sig.h"
#include "sallyport/key/sk.h"

#include <stdio.h>

#define USERAUTH_REQUEST 50 /* RFC 4252 §6 */
#define SERVICE          "ssh-connection"
#define METHOD           "publickey"
#define METHOD_HOSTBOUND "publickey-hostbound-v00@openssh.com"
#define METHOD_HOSTBASED "hostbased"
#define SIGNED_MAX       ((size_t)128 << 10)
#define TEXT_MAX         ((size_t)64 << 10)

_Static_assert(KEYOPTS_PTY == PERMIT_PTY && KEYOPTS_PORT == PERMIT_PORT &&
		   KEYOPTS_AGENT == PERMIT_AGENT && KEYOPTS_X11 == PERMIT_X11 &&
		   KEYOPTS_USER_RC == PERMIT_USER_RC &&
		   KEYOPTS_RESTRICT == PERMIT_RESTRICT,
    "a line's permissions travel as they are");

/* ---- may such a key be used at all? -------------------------------------- */

static bool
is_enabled(const struct trial *t, const char *name)
{
	const struct conf *c = t->k->start->conf;
	const char *accepted =
	    t->req->hostbased ? c->hostbased_algorithms : c->pubkey_algorithms;

	return algo_list_has(slice_cstr(accepted), slice_cstr(name));
}

static bool
refuse_algorithm(const struct trial *t)
{
	bool host = t->req->hostbased;
	const char *keyword =
	    host ? "HostbasedAcceptedAlgorithms" : "PubkeyAcceptedAlgorithms";

	/* sshd says this before login, and filters know it with its suffix */
	log_info("userauth_%s: signature algorithm %s not in %s [preauth]",
	    host ? "hostbased" : "pubkey", t->alg->name, keyword);
	return trial_refuse_by(t->k,
	    host ? RULE_HOST_ALGORITHMS : RULE_ALGORITHMS,
	    "signature algorithm %s isn't in %s", t->alg->name, keyword);
}

static bool
is_algorithm_good(const struct trial *t)
{
	if (t->alg == NULL)
		return trial_refuse(t->k, "unknown algorithm");
	if (!slice_is(key_blob_type(t->req->blob), t->alg->blob_type))
		return trial_refuse(t->k, "the key is of another type");
	return is_enabled(t, t->alg->name) || refuse_algorithm(t);
}

/*
 * Numbers that one may use. Of Ed25519 the verification itself refuses what is
 * wrong (points of small order, not canonical), at no cost of its own.
 */
static bool
is_size_good(const struct trial *t)
{
	bool edwards = t->key.type == KEY_ED25519 ||
		       t->key.type == KEY_SK_ED25519 ||
		       t->key.type == KEY_MLDSA44_ED25519;
	enum err e =
	    edwards ? OK
		    : key_check(&t->key, t->k->start->conf->required_rsa_size);

	if (e == OK)
		return true;
	if (e != ERR_KEY_LENGTH)
		return trial_refuse(t->k, "%s", err_sentence(e));
	log_info("refusing %s key: Invalid key length",
	    key_log_name(t->key.type));
	return trial_refuse_by(t->k, RULE_RSA_SIZE,
	    "a length of %u bits; RequiredRSASize is %u",
	    sign_rsa_bits(&t->key.pub),
	    (unsigned int)t->k->start->conf->required_rsa_size);
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
	return trial_refuse(t->k, "signed for another server's host key");
}

static bool
is_acceptable(const struct trial *t)
{
	return is_algorithm_good(t) &&
	       (!t->certified || certificate_algorithm_is_good(t)) &&
	       is_size_good(t) &&
	       ((!t->req->hostbased && listing_knows(t)) ||
		   revoked_by_none(t)) &&
	       is_host_ours(t);
}

static void
tell_accepted(const struct trial *t)
{
	const struct listed *l = &t->k->listed;
	SCOPED(buf_clear) struct buf ca = BUF_LIMIT(256);
	SCOPED(mem_free_at) char *at = mem_text(buf_slice(&l->at));
	struct key key;

	if (!t->certified) {
		log_verbose("Accepted key %s found at %s", trial_name(t, false),
		    at);
		return;
	}
	if (key_parse(t->cert.ca_blob, &key) == OK)
		trial_name_key(t, &key, l->trusted ? " CA" : "", &ca);
	log_verbose("Accepted certificate ID \"%s\" (serial %llu) signed by "
		    "%s%.*s %s %s",
	    log_quote(t->cert.id), (unsigned long long)t->cert.serial,
	    l->trusted ? "" : "CA ", (int)ca.n,
	    ca.n > 0 ? (const char *)ca.p : "", l->trusted ? "via" : "found at",
	    at);
}

/* Where a line said something against it, that is the reason. */
static bool
refuse_unlisted(struct keycheck *k)
{
	if (k->why.n > 0)
		return false;
	if (k->files.untrusted == NULL)
		return trial_refuse_by(k, RULE_UNLISTED, "not listed");
	return trial_refuse_by(k, RULE_STRICT_MODES,
	    "not listed, where StrictModes left a file out: %s",
	    k->files.untrusted);
}

static bool
is_listed(struct trial *t, struct judge_rep *rep)
{
	struct keycheck *k = t->k;

	switch (listing_look(t)) {
	case LISTING_FOUND:
		buf_reset(&k->why); /* of what was looked at before */
		tell_accepted(t);
		return true;
	case LISTING_WAITS:
		rep->want = (uint8_t)k->waiting.want;
		rep->which = k->waiting.which;
		return false;
	case LISTING_NONE:
	default:
		return refuse_unlisted(k);
	}
}

/* ---- does the signature hold? -------------------------------------------- */

static const char *
method_signed(const struct judge_req *req)
{
	if (req->hostbased)
		return METHOD_HOSTBASED;
	return req->hostbound ? METHOD_HOSTBOUND : METHOD;
}

/* RFC 4252 §7 and §9; of the hostbound form, with the host key at the end. */
static enum err
build_signed(const struct judge_req *req, struct buf *data)
{
	struct wr w = wr_into(data);

	wr_string(&w, req->session_id);
	wr_u8(&w, USERAUTH_REQUEST);
	wr_string(&w, req->user);
	wr_cstr(&w, SERVICE);
	wr_cstr(&w, method_signed(req));
	if (!req->hostbased)
		wr_bool(&w, true);
	wr_string(&w, req->alg);
	wr_string(&w, req->blob);
	if (req->hostbound)
		wr_string(&w, req->hostkey);
	if (req->hostbased) {
		wr_string(&w, req->client_host);
		wr_string(&w, req->client_user);
	}
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
	return trial_refuse_by(t->k,
	    conf->pubkey_touch || conf->pubkey_verify ? RULE_TOUCH : RULE_NONE,
	    "%s is required", lacking);
}

/*
 * The name inside the signature counts, too. Of a certificate it is a plain
 * key's, which needn't be accepted by itself: some accepted name of the same
 * certificates must stand for it.
 */
static bool
is_inner_enabled(const struct trial *t, const struct algo *inner)
{
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++)
		if (a->kind == ALGO_KEY &&
		    slice_is(slice_cstr(a->blob_type), t->alg->blob_type) &&
		    slice_is(slice_cstr(a->plain), inner->name) &&
		    is_enabled(t, a->name))
			return true;
	return false;
}

static bool
is_signed(const struct trial *t)
{
	SCOPED(buf_clear) struct buf data = BUF_LIMIT(SIGNED_MAX);
	struct sig s;
	enum err e = sig_parse(t->req->sig, &s);

	if (e == OK && !is_inner_enabled(t, s.alg))
		e = ERR_UNKNOWN_ALGO;
	if (t->req->session_id.n == 0)
		e = ERR_PHASE; /* would hold for every session */
	if (e == OK)
		e = build_signed(t->req, &data);
	if (e == OK)
		e = sig_verify(&t->key, t->alg, &s, buf_slice(&data));
	if (e != OK)
		return trial_refuse(t->k, "%s", err_sentence(e));
	/* nobody sits at a host's key, so nobody can touch it */
	if (t->req->hostbased)
		return true;
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

/*
 * The host proves itself first: for a stranger's sake no list is searched for
 * who may come from there, and nobody asked about netgroups.
 */
static bool
is_vouched_for(struct trial *t, struct judge_rep *rep)
{
	struct hostbased h;
	bool good;

	hostbased_init(&h, t);
	good = hostbased_is_known(&h) && is_signed(t) &&
	       hostbased_is_equivalent(&h, rep);
	hostbased_clear(&h);
	return good;
}

/* A host's key has no options. */
static void
fill_no_options(struct judge_rep *rep)
{
	rep->permits = PERMIT_ALL;
	rep->tunnel = KEYOPTS_TUNNEL_ANY;
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

/* Two steps need two keys, and a certificate is none of its own. */
static enum err
fill_identity(const struct trial *t, struct judge_rep *rep)
{
	uint8_t *id = t->k->identity;

	rep->identity = slice_make(id, hash_octets(HASH_SHA256));
	return hash_once(HASH_SHA256, t->plain, id);
}

static enum err
fill(const struct trial *t, struct judge_rep *rep)
{
	struct keycheck *k = t->k;

	(void)!key_write_text(t->req->blob, &k->authinfo);
	if (t->req->hostbased) {
		fill_no_options(rep);
		hostbased_tell_client(t, " ", &k->authinfo);
	} else {
		fill_options(&k->listed, rep);
	}
	return fill_identity(t, rep);
}

enum err
on_judge(struct keycheck *k, const struct judge_req *req, struct judge_rep *rep)
{
	SCOPED(trial_clear) struct trial t = {.k = NULL};
	int output = req->output.fd;
	enum err e = OK;

	reset(&k->key_text, k->key_text.max);
	reset(&k->why, k->why.max);
	k->rule = RULE_NONE;
	reset(&k->authinfo, TEXT_MAX);
	if (!trial_init(&t, k, req)) {
		rep->allowed = false;
	} else if (req->hostbased) {
		hostbased_name(&t, &k->key_text);
		rep->allowed = rep->verified =
		    is_acceptable(&t) && is_vouched_for(&t, rep);
	} else {
		trial_name_whole(&t, &k->key_text);
		rep->allowed = is_acceptable(&t) && is_listed(&t, rep);
		rep->verified = rep->allowed && req->has_sig && is_signed(&t);
	}
	if (rep->allowed)
		e = fill(&t, rep);
	rep->key_text = buf_slice(&k->key_text);
	rep->why = buf_slice(&k->why);
	rep->rule = (uint8_t)k->rule;
	rep->authinfo = buf_slice(&k->authinfo);
	io_close(&output);
	return e;
}

/* ---- a program's arguments ------------------------------------------------- */

static void
put_fingerprint(const struct trial *t, struct slice blob, struct wr *w)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(256);
	enum hash_id hash = (enum hash_id)t->k->start->conf->fingerprint_hash;
	enum err e = key_fingerprint(blob, hash, &text);

	if (e != OK)
		wr_fail(w, e);
	wr_string(w, buf_slice(&text));
}

/* As in a key file, without the type before it. */
static void
put_base64(struct slice blob, struct wr *w)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(TEXT_MAX);
	enum err e = key_write_text(blob, &text);
	struct slice s = buf_slice(&text);

	if (e != OK)
		wr_fail(w, e);
	wr_string(w, slice_skip(s, slice_find(s, ' ') + 1));
}

/* In the order of struct tokens_rep. */
static enum err
write_tokens(const struct trial *t, struct buf *out)
{
	struct wr w = wr_into(out);
	char serial[24];

	put_fingerprint(t, t->plain, &w);
	put_base64(t->req->blob, &w);
	wr_string(&w, key_blob_type(t->req->blob));
	if (t->certified) {
		put_fingerprint(t, t->cert.ca_blob, &w);
		put_base64(t->cert.ca_blob, &w);
		wr_string(&w, key_blob_type(t->cert.ca_blob));
		wr_string(&w, t->cert.id);
		snprintf(serial, sizeof(serial), "%llu",
		    (unsigned long long)t->cert.serial);
		wr_cstr(&w, serial);
	}
	return wr_end(&w, NULL);
}

enum err
on_tokens(struct keycheck *k, const struct empty_msg *req,
    struct tokens_rep *rep)
{
	const struct judge_req asked = {.blob = buf_slice(&k->waiting.blob)};
	SCOPED(trial_clear) struct trial t = {.k = NULL};
	struct rd r;
	enum err e;

	(void)req;
	reset(&k->tokens, 4 * TEXT_MAX);
	if (k->waiting.want == WANT_NOTHING || !trial_init(&t, k, &asked))
		return OK;
	if ((e = write_tokens(&t, &k->tokens)) != OK)
		return e;
	r = rd_from(buf_slice(&k->tokens));
	rep->fingerprint = rd_string(&r);
	rep->key = rd_string(&r);
	rep->type = rd_string(&r);
	if (!t.certified)
		return rd_end(&r);
	rep->ca_fingerprint = rd_string(&r);
	rep->ca_key = rd_string(&r);
	rep->ca_type = rd_string(&r);
	rep->id = rd_string(&r);
	rep->serial = rd_string(&r);
	return rd_end(&r);
}
