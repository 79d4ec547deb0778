/*
 * ops_key.c - a key, the user's or their host's: asks keycheck
 *
 * The blob is the network's and the key file the user's: neither is parsed
 * here. keycheck's yes is believed; the monitor remembers by hash which keys
 * were used, so that two steps need two keys.
 */
#include "monitor.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/proc/parent.h"
#include "sallyport/rpc/keycheck_ops.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TUNNEL_ANY UINT32_MAX /* judge_rep.tunnel: no device is named */

/* keycheck's own lines, for the log. */
static void
on_note(void *ctx, struct rpc *r, uint32_t number)
{
	struct log_msg line;

	(void)ctx;
	if (number == LOG_NOTE && rpc_decode(r, &layout_log_msg, &line) == OK &&
	    line.level >= LEVEL_FATAL && line.level <= LEVEL_DEBUG3)
		log_relay((enum log_level)line.level, line.forced, "%.*s",
		    (int)line.text.n,
		    line.text.n > 0 ? (const char *)line.text.p : "");
}

/* Forked always before PAM saw anything: a fork copies the password, too. */
void
ops_key_start(struct monitor *m)
{
	struct keycheck_start start = {.user = m->account.name,
	    .home = m->account.home,
	    .uid = m->account.uid,
	    .gid = m->account.gid,
	    .groups = m->account.groups,
	    .ngroups = m->account.ngroups,
	    .known = m->valid,
	    .conf = &m->conf,
	    .host = m->host};
	pid_t self = getpid();
	int channel = -1;

	m->keycheck_pid = monitor_fork(m, &channel);
	if (m->keycheck_pid == 0)
		keycheck_main(m->common, m->conn, &start, channel, self);
	if (m->keycheck_pid < 0) {
		log_error("keycheck: fork: %s", strerror(errno));
		return;
	}
	m->keycheck = rpc_new(channel);
	rpc_on_note(m->keycheck, on_note, m);
}

void
ops_key_stop(struct monitor *m)
{
	int status;

	if (m->keycheck_pid <= 0)
		return;
	rpc_free(take(&m->keycheck));
	kill(m->keycheck_pid, SIGKILL);
	if (parent_reap(m->keycheck_pid, false, &status) == OK &&
	    parent_is_crash(status))
		m->crashed = true;
	m->keycheck_pid = 0;
}

static bool
was_used(const struct monitor *m, struct slice identity)
{
	for (size_t i = 0; i < m->nused; i++)
		if (slice_equal(identity, SLICE_OF(m->used_keys[i])))
			return true;
	return false;
}

static enum err
note_lists(struct monitor *m, const struct judge_rep *r)
{
	enum err e = OK;

	m->key_environment.max = m->key_permitopen.max =
	    m->key_permitlisten.max = 256 << 10;
	if (m->key_environment.n == 0)
		e = buf_append(&m->key_environment, r->environment);
	if (e == OK && m->key_permitopen.n == 0)
		e = buf_append(&m->key_permitopen, r->permitopen);
	if (e == OK && m->key_permitlisten.n == 0)
		e = buf_append(&m->key_permitlisten, r->permitlisten);
	return e;
}

/*
 * Note what the key's line grants. With several keys the restrictions add up:
 * a permission must be given by each, and a command stays once it is set.
 */
static enum err
note_options(struct monitor *m, const struct judge_rep *r)
{
	m->permits = (m->permits & r->permits & PERMIT_ALL) |
		     ((m->permits | r->permits) & PERMIT_RESTRICT);
	if (r->has_command && !m->has_key_command) {
		m->has_key_command = true;
		m->key_command = mem_text(r->force_command);
	}
	if (r->tunnel != TUNNEL_ANY || m->nused == 1)
		m->key_tunnel = r->tunnel;
	return note_lists(m, r);
}

/* Two keys that want different commands can't both have their way. */
static bool
command_fits(const struct monitor *m, const struct judge_rep *r)
{
	if (!r->has_command || !m->has_key_command ||
	    slice_is(r->force_command, m->key_command))
		return true;
	log_error("forced command options do not match");
	return false;
}

static enum err
fetch(struct monitor *m, const struct judge_req *ask,
    const struct judge_rep *rep, int *output)
{
	if (rep->want != WANT_NETGROUPS)
		return ask->hostbased ? ERR_RPC : command_run(m, rep, output);
	return ask->hostbased ? netgroups_run(m, output) : ERR_RPC;
}

/*
 * Ask keycheck; fetch what it needs to hear of, and ask again. It may want
 * every program and all netgroups once, and no more.
 */
enum err
ops_key_judge(struct monitor *m, struct judge_req *ask, struct judge_rep *rep)
{
	ask->session_id = slice_make(m->session_id, m->session_id_octets);
	ask->user = slice_cstr(m->user_sent);
	ask->output.fd = -1;
	if (m->keycheck == NULL) {
		*rep = (struct judge_rep){0};
		return OK;
	}
	for (size_t turns = m->conf.authorized_keys_commands.n + 2; turns > 0;
	     turns--) {
		enum err e = ask_judge(m->keycheck, ask, rep);

		io_close(&ask->output.fd);
		if (e != OK || rep->want == WANT_NOTHING)
			return e;
		if ((e = fetch(m, ask, rep, &ask->output.fd)) != OK)
			return e;
		ask->resumed = true;
	}
	io_close(&ask->output.fd);
	return ERR_RPC;
}

/* A key that passed a step of this login isn't taken for another. */
static bool
is_fresh(struct monitor *m, const struct judge_rep *j)
{
	struct slice type =
	    slice_first(j->key_text, slice_find(j->key_text, ' '));

	if (!was_used(m, j->identity))
		return true;
	log_info("refusing previously-used %s key", log_quote(type));
	return false;
}

static enum err
note_key(struct monitor *m, const struct judge_rep *j)
{
	if (m->nused == USED_KEYS_MAX)
		return ERR_FULL;
	if (m->used_keys == NULL)
		m->used_keys = mem_array(USED_KEYS_MAX, sizeof(*m->used_keys));
	slice_copy(j->identity, BYTES_OF(m->used_keys[m->nused]));
	m->nused++;
	return note_options(m, j);
}

/* One key of one request. */
struct attempt {
	struct judge_req ask;
	struct judge_rep said;
	char info[512]; /* behind "ssh2: " in the log */
};

/* What keycheck said is told; it may be broken, so what it gives is looked at. */
static enum err
try(struct monitor *m, struct attempt *a)
{
	struct slice text;
	enum err e = ops_key_judge(m, &a->ask, &a->said);

	if (e != OK)
		return e; /* keycheck's death is this connection's */
	text = slice_first(a->said.key_text, sizeof(a->info) - 1);
	(void)slice_to_cstr(text, a->info, sizeof(a->info));
	if (m->valid && a->said.why.n > 0)
		refusal_log_key(m, &a->said);
	return a->said.allowed && a->said.identity.n != sizeof(m->used_keys[0])
		   ? ERR_RPC
		   : OK;
}

/* Proven or not: the verdict. */
static enum err
give(struct monitor *m, const struct attempt *a, bool good,
    struct verdict_rep *rep)
{
	bool host = a->ask.hostbased;
	enum err e;

	if (good && (e = note_key(m, &a->said)) != OK)
		return e;
	if (a->ask.has_sig)
		trail_key(m, host ? TRAIL_HOSTBASED : TRAIL_PUBKEY,
		    ops_log_fingerprint(slice_cstr(a->info)), good);
	m->auth_key = a->said.authinfo;
	verdict_reply(m,
	    verdict_give(m, good, host ? "hostbased" : "publickey", NULL,
		a->info),
	    rep);
	m->auth_key = SLICE_NONE;
	return OK;
}

enum err
on_auth_pubkey(struct monitor *m, const struct pubkey_req *req,
    struct verdict_rep *rep)
{
	struct attempt a = {.ask = {.has_sig = req->has_sig,
				.hostbound = req->hostbound,
				.alg = req->alg,
				.blob = req->blob,
				.hostkey = req->hostkey,
				.sig = req->sig}};
	bool good;
	enum err e;

	if (!verdict_begin(m)) {
		verdict_reply(m, VERDICT_TOO_MANY, rep);
		return OK;
	}
	/* keycheck may be there for hosts' keys alone */
	if (m->conf.pubkey && (e = try(m, &a)) != OK)
		return e;
	good = a.said.allowed && m->valid && is_fresh(m, &a.said) &&
	       command_fits(m, &a.said) &&
	       methods_allowed(m, "publickey", NULL);
	if (!req->has_sig && good) {
		verdict_postponed(m, "publickey", NULL, a.info);
		verdict_reply(m, VERDICT_PK_OK, rep);
		return OK;
	}
	return give(m, &a, good && req->has_sig && a.said.verified, rep);
}

enum err
on_auth_hostbased(struct monitor *m, const struct hostbased_req *req,
    struct verdict_rep *rep)
{
	struct attempt a = {.ask = {.hostbased = true,
				.has_sig = true,
				.alg = req->alg,
				.blob = req->blob,
				.client_host = req->client_host,
				.client_user = req->client_user,
				.sig = req->sig}};
	enum err e;

	if (!verdict_begin(m)) {
		verdict_reply(m, VERDICT_TOO_MANY, rep);
		return OK;
	}
	/* keycheck is asked only where the method is on, and its turn */
	if (methods_allowed(m, "hostbased", NULL) && (e = try(m, &a)) != OK)
		return e;
	return give(m, &a,
	    a.said.allowed && a.said.verified && m->valid &&
		is_fresh(m, &a.said),
	    rep);
}
