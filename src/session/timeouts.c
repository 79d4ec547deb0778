/*
 * timeouts.c - ClientAlive, ChannelTimeout, unused connections, rekeying by
 * time, and giving memory back when nothing happens
 */
#include "session.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"

#include <stdio.h>

#define IDLE_MS 1000u /* without traffic, after which buffers are given back */

static uint64_t
seconds(uint32_t s)
{
	return (uint64_t)s * 1000;
}

/* ---- is the client there? ---- */

void
timeouts_heard(struct session *s)
{
	s->timeouts.active = true;
	s->timeouts.unanswered = 0;
	if (s->conf.client_alive_interval_s > 0)
		s->timeouts.heard_ms = clock_mono_ms();
}

static void
on_alive(struct timer *t)
{
	struct session *s = t->ctx;
	struct timeouts *to = &s->timeouts;
	uint64_t interval = seconds(s->conf.client_alive_interval_s);
	uint64_t now = clock_mono_ms();
	uint32_t max = s->conf.client_alive_count_max;

	if (now < to->heard_ms + interval) {
		loop_timer(s->loop, t, to->heard_ms + interval);
		return;
	}
	if (max > 0 && ++to->unanswered > max) {
		log_info("Timeout, client not responding from user %s %s port "
			 "%u",
		    s->grant->user, s->conn->peer_ip, s->conn->peer_port);
		session_stop(s, 255);
		return;
	}
	global_keepalive(s->connect);
	loop_timer(s->loop, t, now + interval);
}

/* ---- is anything done? ---- */

static void
on_unused(struct timer *t)
{
	struct session *s = t->ctx;

	log_info("terminating inactive connection from user %s %s port %u",
	    s->grant->user, s->conn->peer_ip, s->conn->peer_port);
	session_stop(s, 255);
}

static void
watch_unused(struct session *s)
{
	uint32_t limit = s->conf.unused_connection_timeout_s;
	struct timer *t = &s->timeouts.unused;

	if (limit == 0)
		return;
	if (connect_open_channels(s->connect) > 0)
		loop_timer_cancel(t);
	else if (t->place == 0)
		loop_timer(s->loop, t, clock_mono_ms() + seconds(limit));
}

static void
on_idle(struct timer *t)
{
	struct session *s = t->ctx;

	if (s->timeouts.active) {
		s->timeouts.active = false;
		loop_timer(s->loop, t, clock_mono_ms() + IDLE_MS);
		return;
	}
	transport_idle(s->t);
	rpc_idle(s->monitor);
}

static void
on_rekey(struct timer *t)
{
	(void)t; /* the turn that this makes looks whether it is time */
}

/* ---- channels ---- */

uint32_t
timeouts_of(const struct conf_list *list, const char *label)
{
	for (size_t i = 0; i < list->n; i++) {
		struct slice entry = slice_cstr(list->v[i]);
		struct slice type = slice_first(entry, slice_find(entry, '='));
		uint32_t limit;

		if (!pattern_match(type, slice_cstr(label), false))
			continue;
		if (text_time(slice_skip(entry, type.n + 1), &limit, NULL) !=
		    OK)
			return 0;
		return limit;
	}
	return 0;
}

static void
on_inactive(struct timer *t)
{
	struct program *p = t->ctx;
	uint32_t limit = timeouts_of(&p->s->conf.channel_timeout, p->label);

	if (clock_mono_ms() < p->active_ms + seconds(limit)) {
		loop_timer(p->s->loop, t, p->active_ms + seconds(limit));
		return;
	}
	log_verbose("channel %u: closing after %u seconds of inactivity",
	    channel_id(p->ch), limit);
	program_drop(p);
}

void
timeouts_channel(struct program *p)
{
	const struct conf_list *list = &p->s->conf.channel_timeout;
	uint32_t limit;

	if (list->n == 0)
		return;
	p->active_ms = clock_mono_ms();
	p->inactive.on = on_inactive;
	p->inactive.ctx = p;
	limit = timeouts_of(list, p->label);
	if (limit == 0)
		loop_timer_cancel(&p->inactive);
	else if (p->inactive.place == 0)
		loop_timer(p->s->loop, &p->inactive,
		    p->active_ms + seconds(limit));
}

/* ---- all ---- */

void
timeouts_init(struct session *s)
{
	struct timeouts *t = &s->timeouts;

	t->alive = (struct timer){.on = on_alive, .ctx = s};
	t->rekey = (struct timer){.on = on_rekey, .ctx = s};
	t->idle = (struct timer){.on = on_idle, .ctx = s};
	t->unused = (struct timer){.on = on_unused, .ctx = s};
	t->heard_ms = clock_mono_ms();
	if (s->conf.client_alive_interval_s > 0)
		loop_timer(s->loop, &t->alive,
		    t->heard_ms + seconds(s->conf.client_alive_interval_s));
}

void
timeouts_turn(struct session *s)
{
	struct timeouts *t = &s->timeouts;
	uint64_t now = clock_mono_ms();
	uint32_t wait;

	transport_rekey_if_due(s->t, now / 1000);
	wait = transport_rekey_wait(s->t, now / 1000);
	if (wait > 0)
		loop_timer(s->loop, &t->rekey, now + seconds(wait));
	if (t->active && t->idle.place == 0) {
		t->active = false;
		loop_timer(s->loop, &t->idle, now + IDLE_MS);
	}
	watch_unused(s);
}
