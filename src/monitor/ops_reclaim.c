/*
 * ops_reclaim.c - what sessions of one user ask each other about a port that
 * is taken
 *
 *     session -> this monitor -> listener (claims.c) -> monitors of the user's
 *     -> their sessions, which ask their clients; and the same way back
 *
 * Whose sessions these are is the monitors' word. What a session says reaches
 * its user's sessions alone; how often, is bounded here.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/rpc/listener_ops.h"

/* Questions of one session: one a second, and so many in a burst; a client has
 * as many forwards, and each connection that is gone frees all of its own. */
#define QUESTIONS_MAX 16u
#define QUESTION_MS   1000u

/* A stopped session is never sent more than its channel holds. */
#define OWED_MAX  16u
#define HEARS_MAX 65u /* answers to a question: the listener asks 64 */

/* ---- what our session says ---- */

enum err
on_listens(struct monitor *m, const struct listens_msg *req,
    struct note_rep *rep)
{
	const struct listens_msg msg = {.uid = (uint32_t)m->account.uid};

	(void)req;
	(void)rep;
	monitor_tell_listener(m, LIFELINE_LISTENS, &layout_listens_msg, &msg);
	return OK;
}

static bool
may_ask(struct monitor *m)
{
	uint64_t now = clock_mono_ms();
	uint64_t passed = (now - m->reclaim_ms) / QUESTION_MS;

	if (passed > 0) {
		m->reclaim_spent -= passed < m->reclaim_spent
					? (uint32_t)passed
					: m->reclaim_spent;
		m->reclaim_ms = now;
	}
	if (m->reclaim_spent >= QUESTIONS_MAX)
		return false;
	m->reclaim_spent++;
	return true;
}

enum err
on_reclaim(struct monitor *m, const struct reclaim_msg *req,
    struct note_rep *rep)
{
	struct reclaim_msg q = *req;
	const struct reclaimed_msg nobody = {.serial = req->serial,
	    .state = RECLAIM_ASKED};

	(void)rep;
	if (m->lifeline == NULL || m->listener_gone || !may_ask(m))
		return rpc_send(m->peer, SESSION_RECLAIMED,
		    &layout_reclaimed_msg, &nobody);
	q.uid = (uint32_t)m->account.uid;
	m->reclaim_hears = HEARS_MAX;
	monitor_tell_listener(m, LIFELINE_RECLAIM, &layout_reclaim_msg, &q);
	return OK;
}

/* One that wasn't asked has nothing to answer. */
enum err
on_reclaimed(struct monitor *m, const struct reclaimed_msg *req,
    struct note_rep *rep)
{
	(void)rep;
	if (m->reclaim_owed == 0)
		return ERR_PHASE;
	m->reclaim_owed--;
	monitor_tell_listener(m, LIFELINE_RECLAIMED, &layout_reclaimed_msg,
	    req);
	return OK;
}

/* ---- what the listener passes on ---- */

enum err
ops_reclaim_question(struct monitor *m)
{
	struct reclaim_msg q;
	struct reclaimed_msg no = {.state = RECLAIM_NOT_HELD};
	enum err e = rpc_decode(m->lifeline, &layout_reclaim_msg, &q);

	if (e != OK)
		return e;
	if (m->reclaim_owed < OWED_MAX &&
	    rpc_send(m->peer, SESSION_RECLAIM, &layout_reclaim_msg, &q) == OK) {
		m->reclaim_owed++;
		return OK;
	}
	no.asker = q.asker;
	no.serial = q.serial;
	monitor_tell_listener(m, LIFELINE_RECLAIMED, &layout_reclaimed_msg,
	    &no);
	return OK;
}

enum err
ops_reclaim_answer(struct monitor *m)
{
	struct reclaimed_msg a;
	enum err e = rpc_decode(m->lifeline, &layout_reclaimed_msg, &a);

	if (e != OK || m->reclaim_hears == 0)
		return e;
	m->reclaim_hears--;
	if (rpc_send(m->peer, SESSION_RECLAIMED, &layout_reclaimed_msg, &a) !=
	    OK)
		log_debug1("the session is gone");
	return OK;
}
