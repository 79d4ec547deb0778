/*
 * explain.c - what would become of a login, told rule by rule
 *
 * For sallyportctl, which calls this in a process of its own: the monitor's
 * decision about somebody who isn't there, by the very functions that decide
 * about those who are. Passwords and what PAM's modules say are left out: they
 * aren't known before somebody tries.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/proc/creds.h"
#include "sallyport/rpc/keycheck_ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_OCTETS ((size_t)2048)

/* The one who asks; and whether the log's lines are part of the answer. */
struct inquiry {
	const struct explain *x;
	struct monitor *m;
	bool heard;
};

static void __attribute__((format(printf, 3, 4)))
say(const struct monitor *m, enum explain_mark mark, const char *format, ...)
{
	char line[LINE_OCTETS];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	/* names in it are a stranger's, or a user's */
	m->explain->say(mark, log_quote_max(slice_cstr(line), 900));
}

/* TEXT (FILE line 7), by the member of the configuration. */
static void __attribute__((format(printf, 5, 6)))
say_at(const struct monitor *m, enum explain_mark mark, const void *member,
    size_t element, const char *format, ...)
{
	SCOPED(buf_clear) struct buf place = BUF_LIMIT(LINE_OCTETS);
	size_t offset = (size_t)((const char *)member - (const char *)&m->conf);
	char text[LINE_OCTETS];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (refusal_place(m, offset, element, &place) != OK)
		buf_reset(&place);
	say(m, mark, "%s%.*s", text, (int)place.n,
	    place.n > 0 ? (const char *)place.p : "");
}

/* What the log would be told while a key is judged. */
static void
hear(void *ctx, enum log_level level, const char *line)
{
	const struct inquiry *q = ctx;

	(void)level;
	if (q->heard)
		q->x->say(EXPLAIN_NOTE, line);
}

/* ---- the one who would come ------------------------------------------------- */

static bool
take_text(char *room, size_t size, const char *text)
{
	return text == NULL || slice_to_cstr(slice_cstr(text), room, size);
}

static bool
describe(const struct explain *x, struct common *common, struct conn *conn)
{
	*common = (struct common){.set = x->set,
	    .conf = conf_global(x->set),
	    .outputs_channel = -1,
	    .root = creds_is_root()};
	*conn = (struct conn){.accepted_ms = clock_mono_ms(),
	    .local_port = x->local_port,
	    .in = -1,
	    .out = -1,
	    .lifeline = -1,
	    .keeper = -1};
	return take_text(conn->peer_ip, sizeof(conn->peer_ip), x->address) &&
	       take_text(conn->local_ip, sizeof(conn->local_ip),
		   x->local_address) &&
	       take_text(conn->rdomain, sizeof(conn->rdomain), x->rdomain) &&
	       (!common->root || creds_unprivileged(&common->gate_uid,
				     &common->gate_gid) == OK);
}

/* ---- account ----------------------------------------------------------------- */

static void
tell_blocks(const struct monitor *m)
{
	struct conf_origin at;

	for (size_t i = 0; i < m->nblocks * 8; i++)
		if ((m->blocks[i / 8] >> (i % 8) & 1) != 0 &&
		    conf_block(m->common->set, i, &at))
			say(m, EXPLAIN_NOTE, "Match holds (%s line %u)",
			    at.file, at.line);
}

static void
tell_pam(const struct monitor *m)
{
	if (m->conf.use_pam)
		say_at(m, EXPLAIN_NOTE, &m->conf.pam_service, 0,
		    "PAM has its say too: /etc/pam.d/%s", m->conf.pam_service);
}

static bool
decide_account(struct monitor *m)
{
	bool good;

	if (m->conf.refuse_connection) {
		refusal_log(m, REFUSED_CONNECTION,
		    m->account.known ? "" : "invalid user ");
		return false;
	}
	good = admit_account(m);
	return methods_init(m) && good;
}

/* ---- methods ------------------------------------------------------------------ */

static bool
tell_method(const struct monitor *m, const char *method, const char *keyword,
    const bool *member)
{
	bool due = methods_allowed(m, method, NULL);

	say_at(m, *member ? EXPLAIN_YES : EXPLAIN_NO, member, 0, "%s: %s %s%s",
	    method, keyword, *member ? "yes" : "no",
	    *member && !due ? ", but it isn't its turn" : "");
	return due;
}

/* Of a list that one line gives the place is that of the first. */
static void
tell_list_of(const struct monitor *m, const struct conf_list *l,
    const char *keyword)
{
	struct slice blocks = slice_make(m->blocks, m->nblocks);
	struct conf_origin at;

	for (size_t i = 0; i < l->n; i++)
		say_at(m, EXPLAIN_NOTE, l,
		    conf_origin(&m->conf, blocks, l, i, &at) ? i : 0, "%s %s",
		    keyword, l->v[i]);
}

/* Something that isn't a key: would it do, as far as one can know? */
static bool
words_may_do(struct monitor *m)
{
	const struct conf *c = &m->conf;
	bool ticket = c->gssapi && tell_method(m, "gssapi-with-mic",
				       "GSSAPIAuthentication", &c->gssapi);
	bool password =
	    tell_method(m, "password", "PasswordAuthentication", &c->password);
	bool prompts = tell_method(m, "keyboard-interactive",
	    "KbdInteractiveAuthentication", &c->kbdint);

	if (ticket)
		return admit_root(m, "gssapi-with-mic", false);
	if (!password && !prompts)
		return false;
	return admit_root(m, password ? "password" : "keyboard-interactive",
	    false);
}

/* Whom the host would have to be called, and which files would name it. */
static bool
host_may_do(struct monitor *m)
{
	static const char *const words[] = {[RHOSTS_NO] = "no",
	    [RHOSTS_SHOSTS_ONLY] = "shosts-only",
	    [RHOSTS_YES] = "yes"};
	const struct conf *c = &m->conf;

	if (!tell_method(m, "hostbased", "HostbasedAuthentication",
		&c->hostbased))
		return false;
	say_at(m, EXPLAIN_NOTE, &c->hostbased_name_from_packet, 0,
	    "HostbasedUsesNameFromPacketOnly %s: the host is called %s",
	    c->hostbased_name_from_packet ? "yes" : "no",
	    c->hostbased_name_from_packet ? "what it says" : m->host);
	say_at(m, EXPLAIN_NOTE, &c->ignore_rhosts, 0, "IgnoreRhosts %s",
	    words[c->ignore_rhosts]);
	say_at(m, EXPLAIN_NOTE, &c->ignore_user_known_hosts, 0,
	    "IgnoreUserKnownHosts %s",
	    c->ignore_user_known_hosts ? "yes" : "no");
	return admit_root(m, "hostbased", c->force_command != NULL);
}

/* ---- what a key's line grants --------------------------------------------------- */

static void
tell_list(const struct monitor *m, const char *name, struct slice list)
{
	struct rd r = rd_from(list);

	while (r.left.n > 0 && rd_status(&r) == OK) {
		struct slice s = rd_string(&r);

		say(m, EXPLAIN_NOTE, "  %s: %.*s", name, (int)s.n,
		    s.n > 0 ? (const char *)s.p : "");
	}
}

static void
tell_permits(const struct monitor *m, uint32_t permits)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {{PERMIT_PTY, "pty"}, {PERMIT_PORT, "port-forwarding"},
	    {PERMIT_AGENT, "agent-forwarding"}, {PERMIT_X11, "x11-forwarding"},
	    {PERMIT_USER_RC, "user-rc"}};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((permits & bits[i].bit) == 0)
			say(m, EXPLAIN_NOTE, "  no %s", bits[i].name);
}

static void
tell_expiry(const struct monitor *m, uint64_t expires)
{
	time_t at = (time_t)expires;
	struct tm tm;
	char text[32];

	if (expires != 0 && gmtime_r(&at, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		say(m, EXPLAIN_NOTE, "  until %s", text);
}

static void
tell_grant(const struct monitor *m, const struct judge_rep *j)
{
	say(m, EXPLAIN_YES, "key: listed at %.*s", (int)j->found_at.n,
	    j->found_at.n > 0 ? (const char *)j->found_at.p : "");
	tell_expiry(m, j->expires);
	tell_permits(m, j->permits);
	if (j->has_command)
		say(m, EXPLAIN_NOTE, "  command: %.*s", (int)j->force_command.n,
		    j->force_command.n > 0 ? (const char *)j->force_command.p
					   : "");
	tell_list(m, "environment", j->environment);
	tell_list(m, "permitopen", j->permitopen);
	tell_list(m, "permitlisten", j->permitlisten);
}

/* ---- a key ------------------------------------------------------------------------ */

/* As a client would: of those that the key can sign with, the first that is
 * accepted; where none is, the verdict says so. */
static const char *
choose_algorithm(const struct monitor *m, struct slice blob)
{
	struct rd r = rd_from(blob);
	struct slice type = rd_string(&r);
	const char *any = NULL;
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
		if (a->kind != ALGO_KEY || !slice_is(type, a->blob_type))
			continue;
		if (algo_list_has(slice_cstr(m->conf.pubkey_algorithms),
			slice_cstr(a->name)))
			return a->name;
		if (any == NULL)
			any = a->name;
	}
	return any != NULL ? any : "";
}

static void
tell_one_of(const struct monitor *m, const char *const *member,
    const char *keyword)
{
	if (*member != NULL)
		say_at(m, EXPLAIN_NOTE, member, 0, "%s %s", keyword, *member);
}

/* Where it is looked for, in that order. */
static void
tell_sources(const struct monitor *m)
{
	const struct conf *c = &m->conf;

	tell_list_of(m, &c->revoked_keys, "RevokedKeys");
	tell_list_of(m, &c->authorized_keys_files, "AuthorizedKeysFile");
	tell_one_of(m, &c->trusted_user_ca_keys, "TrustedUserCAKeys");
	tell_one_of(m, &c->authorized_principals_file,
	    "AuthorizedPrincipalsFile");
	tell_one_of(m, &c->authorized_principals_command,
	    "AuthorizedPrincipalsCommand");
	tell_list_of(m, &c->authorized_keys_commands, "AuthorizedKeysCommand");
}

static bool
judge(struct monitor *m, struct judge_rep *j)
{
	struct judge_req ask = {.blob = m->explain->key};
	enum err e;

	ask.alg = slice_cstr(choose_algorithm(m, ask.blob));
	m->told = 0;
	if ((e = ops_key_judge(m, &ask, j)) != OK) {
		say(m, EXPLAIN_NO, "key: %s", err_sentence(e));
		return false;
	}
	say(m, EXPLAIN_NOTE, "key: %.*s", (int)j->key_text.n,
	    j->key_text.n > 0 ? (const char *)j->key_text.p : "");
	if (!j->allowed) {
		refusal_log_key(m, j);
		refusal_log_unlisted(m);
	}
	return j->allowed;
}

static bool
key_lets_in(struct inquiry *q)
{
	struct monitor *m = q->m;
	struct judge_rep j = {0};
	bool good;

	tell_sources(m);
	/* the files are looked into as for anybody, whatever was said before */
	m->valid = m->account.known;
	account_groups(&m->account);
	m->conf.log_level = LEVEL_DEBUG1; /* which file was tried */
	log_set_level(LEVEL_DEBUG1);
	q->heard = true;
	ops_key_start(m);
	good = judge(m, &j);
	q->heard = false;
	log_set_level(LEVEL_VERBOSE);
	if (good)
		tell_grant(m, &j);
	good = good && admit_root(m, "publickey",
			   j.has_command || m->conf.force_command != NULL);
	ops_key_stop(m);
	return good;
}

static enum explain_end
end_with_key(struct inquiry *q)
{
	struct monitor *m = q->m;
	struct slice left;

	if (!key_lets_in(q) || !methods_allowed(m, "publickey", NULL))
		return EXPLAIN_REFUSED;
	if (methods_passed(m, "publickey", NULL))
		return EXPLAIN_LET_IN;
	left = methods_list(m);
	say(m, EXPLAIN_NOTE, "then due: %.*s", (int)left.n,
	    left.n > 0 ? (const char *)left.p : "");
	return EXPLAIN_MAY_TRY;
}

static enum explain_end
decide_methods(struct inquiry *q)
{
	struct monitor *m = q->m;
	bool by_key = tell_method(m, "publickey", "PubkeyAuthentication",
	    &m->conf.pubkey);
	bool words, by_host;

	tell_list_of(m, &m->conf.authentication_methods,
	    "AuthenticationMethods");
	tell_one_of(m, &m->conf.force_command, "ForceCommand");
	if (q->x->key.n > 0)
		return by_key ? end_with_key(q) : EXPLAIN_REFUSED;
	by_key = by_key && admit_root(m, "publickey", true);
	m->told = 0;
	words = words_may_do(m);
	m->told = 0;
	by_host = host_may_do(m);
	return words || by_key || by_host ? EXPLAIN_MAY_TRY : EXPLAIN_REFUSED;
}

/* ---- all ------------------------------------------------------------------------------ */

enum explain_end
monitor_explain(const struct explain *x)
{
	struct monitor *m = mem_new(sizeof(*m));
	struct inquiry q = {.x = x, .m = m};
	struct common common;
	struct conn conn;
	enum explain_end end;
	bool good;

	if (!describe(x, &common, &conn)) {
		x->say(EXPLAIN_NO, "there is no account for the processes that "
				   "judge keys, or a text is too long");
		return EXPLAIN_REFUSED;
	}
	monitor_init(m, &common, &conn);
	m->explain = x;
	m->user = mem_strdup(x->user);
	m->user_sent = mem_strdup(x->user);
	log_to_function(hear, &q);
	if (!common.root)
		say(m, EXPLAIN_NOTE,
		    "decided as by an ordinary user's own server");
	host_start(m);
	if (x->host != NULL) {
		host_stop(m);
		m->host = x->host;
	}
	if (ops_user_find(m) != OK)
		return EXPLAIN_REFUSED;
	log_set_level(LEVEL_VERBOSE);
	tell_blocks(m);
	good = decide_account(m);
	if (!m->account.known || m->conf.refuse_connection)
		return EXPLAIN_REFUSED;
	tell_pam(m);
	end = decide_methods(&q);
	return good ? end : EXPLAIN_REFUSED;
}
