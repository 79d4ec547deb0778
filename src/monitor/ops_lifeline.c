/*
 * ops_lifeline.c - what the listener is told, and what it asks
 *
 * The lifeline carries what there is to count, once a connection, and the
 * listener's two requests: how is the session doing, and close it. What a
 * session does it is asked by a note; while it owes an answer it isn't asked
 * again, so a session that doesn't answer holds nobody up. What sessions ask
 * each other goes over it, too (ops_reclaim.c).
 */
#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/rpc/listener_ops.h"

#include <string.h>

/* ---- noting ------------------------------------------------------------- */

/* A name as the table has it: the gate could say anything. */
static const char *
known_name(enum algo_kind kind, struct slice name)
{
	const struct algo *a = algo_find(kind, name);

	return a != NULL ? a->name : NULL;
}

void
ops_lifeline_note_exchange(struct monitor *m, const struct sign_req *req)
{
	m->kex = known_name(ALGO_KEX, req->kex);
	m->cipher = known_name(ALGO_CIPHER, req->cipher);
	m->hostkey = known_name(ALGO_KEY, req->alg);
}

void
ops_lifeline_note_failure(struct monitor *m, const char *method)
{
	if (strcmp(method, "publickey") == 0)
		m->failed_publickey++;
	else if (strcmp(method, "password") == 0)
		m->failed_password++;
	else if (strcmp(method, "keyboard-interactive") == 0)
		m->failed_kbdint++;
	else
		m->failed_other++;
}

/* ---- telling ------------------------------------------------------------ */

static void
tell_facts(struct monitor *m, uint32_t number, const char *method)
{
	struct facts_msg f = {.method = slice_cstr(method),
	    .refusal = slice_cstr(m->refused),
	    .kex = slice_cstr(m->kex),
	    .hostkey = slice_cstr(m->hostkey),
	    .cipher = slice_cstr(m->cipher),
	    .wait_ms = phases_ms(m, PHASE_END_FORK),
	    .version_ms = phases_ms(m, PHASE_END_VERSION),
	    .kex_ms = phases_ms(m, PHASE_END_KEX),
	    .auth_ms = phases_ms(m, PHASE_END_AUTH),
	    .failed_publickey = m->failed_publickey,
	    .failed_password = m->failed_password,
	    .failed_kbdint = m->failed_kbdint,
	    .failed_other = m->failed_other};

	if (number == LIFELINE_LOGGED_IN)
		f.user = slice_first(slice_cstr(m->account.name), 256);
	monitor_tell_listener(m, number, &layout_facts_msg, &f);
}

void
ops_lifeline_logged_in(struct monitor *m, const char *method)
{
	tell_facts(m, LIFELINE_LOGGED_IN, method);
}

/* Of one who was in already and whose session can't be had, all is said. */
void
ops_lifeline_refused(struct monitor *m)
{
	if (m->phase != PHASE_DONE)
		tell_facts(m, LIFELINE_REFUSED, NULL);
}

void
ops_lifeline_outcome(struct monitor *m, enum outcome o)
{
	struct outcome_msg msg = {.outcome = (uint8_t)o,
	    .sent = m->stats.sent,
	    .received = m->stats.received};

	monitor_tell_listener(m, LIFELINE_OUTCOME, &layout_outcome_msg, &msg);
}

/* ---- being asked -------------------------------------------------------- */

static void
look(struct monitor *m)
{
	const struct empty_msg empty = {0};

	if (!m->looking)
		m->looking = rpc_send(m->peer, SESSION_LOOK, &layout_empty_msg,
				 &empty) == OK;
}

static enum err
take(struct monitor *m, uint32_t number)
{
	struct empty_msg empty;
	enum err e;

	if (number == LIFELINE_RECLAIM)
		return ops_reclaim_question(m);
	if (number == LIFELINE_RECLAIMED)
		return ops_reclaim_answer(m);
	e = rpc_decode(m->lifeline, &layout_empty_msg, &empty);
	if (e == OK && number == LIFELINE_LOOK)
		look(m);
	return e;
}

bool
ops_lifeline_take(struct monitor *m)
{
	uint32_t number = 0;
	enum err e = rpc_receive(m->lifeline, true, &number);

	if (e == OK)
		e = take(m, number);
	rpc_idle(m->lifeline);
	if (e == ERR_AGAIN)
		return true;
	if (e != OK) {
		m->listener_gone = true; /* sessions live on without it */
		return true;
	}
	return number != LIFELINE_END;
}

enum err
on_tell_stats(struct monitor *m, const struct stats_msg *req,
    struct note_rep *rep)
{
	(void)rep;
	m->stats = *req;
	if (m->looking)
		monitor_tell_listener(m, LIFELINE_STATS, &layout_stats_msg,
		    req);
	m->looking = false;
	return OK;
}
