/*
 * ops_gss.c - gssapi-with-mic: opaque tokens between gate and errand
 *
 * Not an octet of a token is looked at here. An errand that has the keytab and
 * no right reads them (errand/acceptor.c); whose ticket it was it tells after
 * the client's MIC held, over data that are made here. Whether that principal
 * may be the user says another (errand/kuserok.c), with the user's rights.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/wr.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define METHOD      "gssapi-with-mic"
#define SERVICE     "ssh-connection" /* the only one there is */
#define REQUEST     50               /* SSH_MSG_USERAUTH_REQUEST */
#define WHY_MAX     256              /* octets of a reason in the log */
#define GROUPS_SENT 4096u            /* rpc/messages.c */

/* ---- errands ------------------------------------------------------------------ */

static bool
start_errand(const char *task, struct rpc **r, pid_t *pid)
{
	int pair[2];

	if (io_pair(pair) != OK) {
		log_error("GSSAPI: %s", strerror(errno));
		return false;
	}
	if (spawn_image(ROLE_ERRAND, task, pair[1], pid) != OK) {
		log_error("GSSAPI: %s", strerror(errno));
		*pid = 0;
		io_close(&pair[0]);
	}
	io_close(&pair[1]);
	if (*pid > 0)
		*r = rpc_new(pair[0]);
	return *pid > 0;
}

/* Did it die of what it read? */
static bool
stop_errand(struct rpc **r, pid_t *pid)
{
	bool crashed;
	int status;

	if (*pid <= 0)
		return false;
	rpc_free(take(r));
	kill(*pid, SIGKILL);
	crashed =
	    parent_reap(*pid, false, &status) == OK && parent_is_crash(status);
	*pid = 0;
	return crashed;
}

/* The answer lives in r. An errand that died says no. */
static bool
receive_answer(struct rpc *r, struct gss_answer_msg *answer)
{
	uint32_t number;
	enum err e = rpc_receive(r, false, &number);

	if (e == OK && number != ERRAND_GSS_ANSWER)
		e = ERR_RPC;
	if (e == OK)
		e = rpc_decode(r, &layout_gss_answer_msg, answer);
	if (e == OK)
		return answer->ok;
	*answer = (struct gss_answer_msg){
	    .why = slice_cstr(
		e == ERR_EOF ? "its process ended" : err_sentence(e))};
	return false;
}

static bool
ask_acceptor(struct monitor *m, uint32_t number, const struct layout *layout,
    const void *message, struct gss_answer_msg *answer)
{
	enum err e = rpc_send(m->acceptor, number, layout, message);

	if (e == OK)
		return receive_answer(m->acceptor, answer);
	*answer = (struct gss_answer_msg){.why = slice_cstr(err_sentence(e))};
	return false;
}

static void
tell_why(enum log_level level, const char *what,
    const struct gss_answer_msg *answer)
{
	log_at(level, "GSSAPI: %s: %s", what,
	    log_quote_max(answer->why, WHY_MAX));
}

void
ops_gss_stop(struct monitor *m)
{
	if (stop_errand(&m->acceptor, &m->acceptor_pid))
		m->crashed = true;
}

/* False: this host can't, nor will it soon; the client isn't to blame. */
static bool
start_acceptor(struct monitor *m)
{
	SCOPED(mem_free_at)
	char *task = mem_format("acceptor %ld%s%s", (long)getpid(),
	    m->conf.gssapi_strict ? " strict" : "",
	    m->conf.gssapi_delegate ? " delegate" : "");
	struct gss_answer_msg ready;

	if (m->acceptor_broken)
		return false;
	m->acceptor_broken = true;
	if (!start_errand(task, &m->acceptor, &m->acceptor_pid))
		return false;
	if (!receive_answer(m->acceptor, &ready)) {
		tell_why(LEVEL_ERROR, "no tickets can be accepted", &ready);
		ops_gss_stop(m);
		return false;
	}
	m->acceptor_broken = false;
	return true;
}

/* ---- may this principal be that user? ------------------------------------------- */

static enum err
ask_kuserok(const struct monitor *m, struct slice principal, struct rpc *r)
{
	const struct account *a = &m->account;
	SCOPED(buf_clear) struct buf groups = BUF_EMPTY;
	struct wr w = wr_into(&groups);
	struct kuserok_msg msg = {.principal = principal,
	    .user = slice_cstr(a->name),
	    .uid = a->uid,
	    .gid = a->gid};
	enum err e;

	/* a name that nobody may be takes the same time */
	if (!m->valid) {
		msg.user = slice_cstr(creds_unprivileged_name());
		msg.uid = m->common->gate_uid;
		msg.gid = m->common->gate_gid;
	}
	for (size_t i = 0; m->valid && i < a->ngroups && i < GROUPS_SENT; i++)
		wr_u32(&w, a->groups[i]);
	if ((e = wr_end(&w, NULL)) != OK)
		return e;
	msg.groups = buf_slice(&groups);
	return rpc_send(r, ERRAND_KUSEROK, &layout_kuserok_msg, &msg);
}

static bool
is_authorized(struct monitor *m, struct slice principal)
{
	SCOPED(mem_free_at)
	char *task = mem_format("kuserok %ld", (long)getpid());
	struct gss_answer_msg answer;
	struct rpc *r = NULL;
	pid_t pid = 0;
	bool good = false;

	if (!start_errand(task, &r, &pid))
		return false;
	if (ask_kuserok(m, principal, r) == OK) {
		good = receive_answer(r, &answer) && m->valid;
		if (!good && answer.why.n > 0)
			tell_why(LEVEL_ERROR, "krb5_kuserok", &answer);
	}
	/* the user may have killed it: that is no crash of ours */
	(void)stop_errand(&r, &pid);
	return good;
}

/* The errand may have been broken into: a name with other octets would be more
 * than one in the log or on the way to a parser. */
static bool
is_principal(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == 0x7f)
			return false;
	return name.n > 0;
}

static bool
authorize(struct monitor *m, struct slice principal, const char *quoted)
{
	bool good = is_authorized(m, principal);

	if (!m->valid)
		return false;
	log_info("%s to %s, krb5 principal %s (krb5_kuserok)",
	    good ? "Authorized" : "Not authorized", m->account.name, quoted);
	return good;
}

/* ---- the exchange ----------------------------------------------------------------- */

enum err
on_gss_start(struct monitor *m, const struct empty_msg *req,
    struct verdict_rep *rep)
{
	(void)req;
	if (!verdict_begin(m)) {
		verdict_reply(m, VERDICT_TOO_MANY, rep);
	} else if (!methods_allowed(m, METHOD, NULL)) {
		verdict_reply(m, verdict_give(m, false, METHOD, NULL, NULL),
		    rep);
	} else if (start_acceptor(m)) {
		m->phase = PHASE_TOKEN;
		verdict_reply(m, VERDICT_PROMPT, rep);
	} else {
		verdict_reply(m, VERDICT_FAILED, rep);
	}
	return OK;
}

enum err
on_gss_token(struct monitor *m, const struct token_req *req,
    struct token_rep *rep)
{
	const struct gss_token_msg msg = {.token = req->token};
	struct gss_answer_msg answer;
	struct verdict_rep v = {.verdict = VERDICT_PROMPT};
	bool good;

	m->request_ns = clock_mono_ns(); /* not what the client took */
	good = ask_acceptor(m, ERRAND_GSS_TOKEN, &layout_gss_token_msg, &msg,
	    &answer);
	buf_clear(&m->gss_token);
	if (buf_append(&m->gss_token, answer.token) == OK)
		rep->token = buf_slice(&m->gss_token);
	m->phase = good ? PHASE_MIC : PHASE_AUTH;
	if (!good) {
		tell_why(LEVEL_INFO, "token refused", &answer);
		ops_gss_stop(m);
		verdict_reply(m, verdict_give(m, false, METHOD, NULL, NULL),
		    &v);
	}
	rep->verdict = v.verdict;
	rep->methods = v.methods;
	rep->message = v.message;
	return OK;
}

/* RFC 4462 §3.5; the name as the client sent it. */
static enum err
mic_data(const struct monitor *m, struct buf *out)
{
	struct wr w = wr_into(out);

	wr_string(&w, slice_make(m->session_id, m->session_id_octets));
	wr_u8(&w, REQUEST);
	wr_cstr(&w, m->user_sent);
	wr_cstr(&w, SERVICE);
	wr_cstr(&w, METHOD);
	return wr_end(&w, NULL);
}

/* What the client gave away, until somebody is in. */
static void
keep_credentials(struct monitor *m, struct slice ccache)
{
	buf_clear(&m->ccache);
	m->ccache = BUF_SECRET(GSS_CCACHE_MAX);
	if (m->conf.gssapi_delegate && buf_append(&m->ccache, ccache) != OK)
		log_error("GSSAPI: delegated credentials are too large");
}

enum err
on_gss_mic(struct monitor *m, const struct token_req *req,
    struct verdict_rep *rep)
{
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;
	SCOPED(mem_free_at) char *info = NULL;
	struct gss_mic_msg msg = {.mic = req->token};
	struct gss_answer_msg answer;
	bool good;
	enum err e = mic_data(m, &data);

	if (e != OK)
		return e;
	m->request_ns = clock_mono_ns();
	m->phase = PHASE_AUTH;
	msg.data = buf_slice(&data);
	good =
	    ask_acceptor(m, ERRAND_GSS_MIC, &layout_gss_mic_msg, &msg, &answer);
	if (!good)
		tell_why(LEVEL_INFO, "MIC refused", &answer);
	if (is_principal(answer.principal))
		info = mem_strdup(
		    log_quote_max(answer.principal, GSS_PRINCIPAL_MAX));
	good = good && info != NULL && authorize(m, answer.principal, info);
	if (good)
		keep_credentials(m, answer.ccache);
	m->auth_key = slice_cstr(info);
	verdict_reply(m, verdict_give(m, good, METHOD, NULL, info), rep);
	m->auth_key = SLICE_NONE;
	ops_gss_stop(m);
	return OK;
}

/* Given up for another request: it counts, nothing more. */
enum err
on_gss_cancel(struct monitor *m, const struct empty_msg *req,
    struct verdict_rep *rep)
{
	(void)req;
	m->phase = PHASE_AUTH;
	m->failures++;
	ops_gss_stop(m);
	verdict_reply(m, VERDICT_FAILED, rep);
	return OK;
}
