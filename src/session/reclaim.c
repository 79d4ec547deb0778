/*
 * reclaim.c - ports that a connection holds whose client is gone
 *
 *     one session                              another of the user's
 *     port in use: reclaim_ask ── question ──► holds it? asks its client
 *     answers are counted     ◄── answer ───── alive, or not: then it closes
 *     and it tries again                       what listens, and ends
 *
 * The way between them is monitor, listener, monitor (monitor/ops_reclaim.c,
 * listener/claims.c). Notes come whenever something is asked of the monitor,
 * also while a packet is made: what they set off happens in the loop.
 */
#include "forward.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define LIFE_MS     3000u             /* for a client to give a sign of life */
#define PATIENCE_MS (LIFE_MS + 1500u) /* for the others, who ask theirs */
#define DUE_MAX     16u /* askers at a time; its monitor asks for no more */
#define EXIT_FATAL  255

struct question {
	uint32_t asker, serial;
};

struct reclaim {
	/* ours */
	uint32_t serial;
	void (*done)(void *ctx); /* NULL: nothing is asked */
	void *ctx;
	bool counted; /* asked is known */
	uint32_t asked, answers;
	struct timer patience;

	/* others', who are told when our client gave a sign, or didn't */
	struct question due[DUE_MAX];
	size_t ndue;
	bool probing;
	struct timer probe;
	bool pressing;  /* something waited for the client to take it */
	uint64_t acked; /* octets that it had taken at that time */

	struct timer soon; /* notes came */
};

static void on_patience(struct timer *t);
static void on_probe(struct timer *t);
static void on_soon(struct timer *t);

static struct reclaim *
reclaim_of(struct session *s)
{
	struct reclaim *r = s->reclaim;

	if (r != NULL)
		return r;
	r = s->reclaim = mem_new(sizeof(*r));
	r->patience = (struct timer){.on = on_patience, .ctx = s};
	r->probe = (struct timer){.on = on_probe, .ctx = s};
	r->soon = (struct timer){.on = on_soon, .ctx = s};
	return r;
}

void
reclaim_free(struct session *s)
{
	struct reclaim *r = take(&s->reclaim);

	if (r == NULL)
		return;
	loop_timer_cancel(&r->patience);
	loop_timer_cancel(&r->probe);
	loop_timer_cancel(&r->soon);
	mem_free(r);
}

/* ---- our question ---- */

void
reclaim_cancel(struct session *s)
{
	if (s->reclaim == NULL)
		return;
	loop_timer_cancel(&s->reclaim->patience);
	s->reclaim->done = NULL;
}

static void
finish(struct session *s)
{
	void (*done)(void *) = s->reclaim->done;
	void *ctx = s->reclaim->ctx;

	reclaim_cancel(s);
	done(ctx);
}

static void
on_patience(struct timer *t)
{
	finish(t->ctx);
}

void
reclaim_ask(struct session *s, uint32_t port, const char *path,
    void (*done)(void *ctx), void *ctx)
{
	struct reclaim *r = reclaim_of(s);
	struct reclaim_msg m = {.serial = ++r->serial, .port = port};

	if (port == 0)
		m.path = slice_cstr(path);
	r->done = done;
	r->ctx = ctx;
	r->counted = false;
	r->asked = r->answers = 0;
	loop_timer(s->loop, &r->patience, clock_mono_ms() + PATIENCE_MS);
	if (ask_reclaim(s->monitor, &m, NULL) != OK)
		s->over = true; /* the monitor is gone */
}

static bool
is_answered(const struct reclaim *r)
{
	return r->done != NULL && r->counted && r->answers >= r->asked;
}

static void
note_answer(struct session *s, const struct reclaimed_msg *m)
{
	struct reclaim *r = reclaim_of(s);

	if (r->done == NULL || m->serial != r->serial)
		return; /* it came too late */
	if (m->state == RECLAIM_ASKED) {
		r->counted = true;
		r->asked = m->number;
	} else {
		r->answers++;
	}
	if (is_answered(r))
		loop_timer(s->loop, &r->soon, clock_mono_ms());
}

/* ---- others' questions ---- */

static void
answer(struct session *s, const struct question *q, enum reclaim_state state)
{
	const struct reclaimed_msg m = {.asker = q->asker,
	    .serial = q->serial,
	    .state = (uint8_t)state};

	if (ask_reclaimed(s->monitor, &m, NULL) != OK)
		s->over = true; /* the monitor is gone */
}

static void
answer_all(struct session *s, enum reclaim_state state)
{
	struct reclaim *r = s->reclaim;

	for (size_t i = 0; i < r->ndue; i++)
		answer(s, &r->due[i], state);
	r->ndue = 0;
	r->probing = false;
	loop_timer_cancel(&r->probe);
}

static void
note_question(struct session *s, const struct reclaim_msg *m)
{
	struct reclaim *r = reclaim_of(s);
	const struct question q = {.asker = m->asker, .serial = m->serial};
	SCOPED(mem_free_at) char *path = mem_text(m->path);

	if (r->ndue == DUE_MAX || !remote_holds(s, m->port, path)) {
		answer(s, &q, RECLAIM_NOT_HELD);
		return;
	}
	r->due[r->ndue++] = q;
	loop_timer(s->loop, &r->soon, clock_mono_ms());
}

/* Octets that the client's side has taken. A client that takes what we have
 * for it is there, though its answer stands behind megabytes on a slow line. */
static uint64_t
taken(const struct session *s)
{
	struct tcp_info info = {.tcpi_bytes_acked = 0};
	socklen_t n = sizeof(info);

	if (getsockopt(s->out, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		return 0;
	return info.tcpi_bytes_acked;
}

static bool
is_pressing(const struct session *s)
{
	int n = 0;

	return ioctl(s->out, SIOCOUTQ, &n) == 0 && n > 0;
}

static void
start_probe(struct session *s)
{
	struct reclaim *r = s->reclaim;

	r->probing = true;
	r->pressing = is_pressing(s);
	r->acked = taken(s);
	s->timeouts.heard = false;
	global_keepalive(s->connect);
	loop_timer(s->loop, &r->probe, clock_mono_ms() + LIFE_MS);
}

static void
give_up(struct session *s)
{
	log_info("no sign of life from user %s %s port %u in %u seconds, and "
		 "another connection wants what it listens on: closing it",
	    s->grant->user, s->conn->peer_ip, s->conn->peer_port,
	    LIFE_MS / 1000);
	remote_close_all(s);
	answer_all(s, RECLAIM_GIVEN_UP);
	session_stop(s, EXIT_FATAL);
}

static void
on_probe(struct timer *t)
{
	struct session *s = t->ctx;
	const struct reclaim *r = s->reclaim;

	if (s->timeouts.heard || (r->pressing && taken(s) > r->acked))
		answer_all(s, RECLAIM_ALIVE);
	else
		give_up(s);
}

void
reclaim_turn(struct session *s)
{
	if (s->reclaim != NULL && s->reclaim->probing && s->timeouts.heard)
		answer_all(s, RECLAIM_ALIVE);
}

/* ---- notes ---- */

static void
on_soon(struct timer *t)
{
	struct session *s = t->ctx;
	struct reclaim *r = s->reclaim;

	if (r->ndue > 0 && !r->probing)
		start_probe(s);
	if (is_answered(r))
		finish(s);
}

enum err
reclaim_on_note(struct session *s, uint32_t number)
{
	struct reclaim_msg question;
	struct reclaimed_msg said;
	enum err e = ERR_RPC;

	if (number == SESSION_RECLAIM &&
	    (e = rpc_decode(s->monitor, &layout_reclaim_msg, &question)) == OK)
		note_question(s, &question);
	if (number == SESSION_RECLAIMED &&
	    (e = rpc_decode(s->monitor, &layout_reclaimed_msg, &said)) == OK)
		note_answer(s, &said);
	return e;
}
