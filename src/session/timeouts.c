/*
 * timeouts.c - ClientAlive, ChannelTimeout, unused connections, rekeying by
 * time, and giving memory back when nothing happens
 */
#include "session.h"

#include "forward.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"

#include <string.h>

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
	s->timeouts.active = s->timeouts.heard = true;
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
	buf_clear(&s->spare);
	transport_idle(s->t);
	rpc_idle(s->monitor);
}

static void
on_rekey(struct timer *t)
{
	(void)t; /* the turn that this makes looks whether it is time */
}

/* ---- channels ---- */

/* Names of sshd_config(5) that its own program calls otherwise. */
static const struct {
	const char *label;
	const char *also;
} aliases[] = {
    {TIMEOUTS_TUN, "tun"},
};

static bool
entry_limit(struct slice entry, const char *label, uint32_t *limit)
{
	struct slice type = slice_first(entry, slice_find(entry, '='));

	if (!pattern_match(type, slice_cstr(label), false))
		return false;
	if (text_time(slice_skip(entry, type.n + 1), limit, NULL) != OK)
		*limit = 0;
	return true;
}

static bool
label_limit(const struct conf_list *list, const char *label, uint32_t *limit)
{
	for (size_t i = 0; i < list->n; i++) {
		struct slice entry = slice_cstr(list->v[i]);

		if (entry_limit(entry, label, limit))
			return true;
		for (size_t k = 0; k < sizeof(aliases) / sizeof(aliases[0]);
		     k++)
			if (strcmp(aliases[k].label, label) == 0 &&
			    entry_limit(entry, aliases[k].also, limit))
				return true;
	}
	return false;
}

uint32_t
timeouts_of(const struct conf_list *list, const char *label)
{
	const char *colon = strchr(label, ':');
	uint32_t limit = 0;

	if (label_limit(list, label, &limit) || colon == NULL)
		return limit;
	/* "session" is every session that no entry names more closely */
	for (size_t i = 0; i < list->n; i++) {
		struct slice entry = slice_cstr(list->v[i]);

		if (slice_find(entry, '=') == (size_t)(colon - label) &&
		    memcmp(entry.p, label, (size_t)(colon - label)) == 0 &&
		    text_time(slice_skip(entry, (size_t)(colon - label) + 1),
			&limit, NULL) == OK)
			return limit;
	}
	return 0;
}

/* The limit of all channels together, which no pattern reaches. */
static uint32_t
global_limit(const struct conf_list *list)
{
	uint32_t limit = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct slice entry = slice_cstr(list->v[i]);
		struct slice type = slice_first(entry, slice_find(entry, '='));

		if (slice_is(type, "global") &&
		    text_time(slice_skip(entry, type.n + 1), &limit, NULL) ==
			OK)
			return limit;
	}
	return 0;
}

static void
drop(struct idle *i, uint32_t limit)
{
	if (i->ch != NULL)
		log_verbose("channel %u: closing after %u seconds of "
			    "inactivity",
		    channel_id(i->ch), limit);
	i->drop(i->ctx);
}

static void
on_inactive(struct timer *t)
{
	struct idle *i = t->ctx;
	uint64_t due = i->moved_ms + seconds(i->limit_s);

	if (clock_mono_ms() < due)
		loop_timer(i->s->loop, t, due);
	else
		drop(i, i->limit_s);
}

static void
on_all_inactive(struct timer *t)
{
	struct session *s = t->ctx;
	struct timeouts *to = &s->timeouts;
	uint64_t due = to->moved_ms + seconds(to->global_s);

	if (clock_mono_ms() < due) {
		loop_timer(s->loop, t, due);
		return;
	}
	LIST_EACH_SAFE (it, &to->channels)
		drop(LIST_ITEM(it, struct idle, link), to->global_s);
}

void
timeouts_channels_turn(struct session *s)
{
	struct timeouts *t = &s->timeouts;

	if (t->moved) {
		t->moved = false;
		t->moved_ms = clock_mono_ms();
	}
	if (t->global_s == 0)
		return;
	if (list_empty(&t->channels))
		loop_timer_cancel(&t->global);
	else if (t->global.place == 0)
		loop_timer(s->loop, &t->global,
		    t->moved_ms + seconds(t->global_s));
}

void
timeouts_watch(struct idle *i, const char *label)
{
	struct session *s = i->s;

	if (i->link.next == NULL || list_empty(&i->link))
		list_add_tail(&s->timeouts.channels, &i->link);
	s->timeouts.moved = true;
	i->limit_s = timeouts_of(&s->conf.channel_timeout, label);
	i->timer.on = on_inactive;
	i->timer.ctx = i;
	loop_timer_cancel(&i->timer);
	if (i->limit_s == 0)
		return;
	i->moved_ms = clock_mono_ms();
	loop_timer(s->loop, &i->timer, i->moved_ms + seconds(i->limit_s));
}

void
timeouts_moved(struct idle *i)
{
	i->s->timeouts.moved = true;
	if (i->limit_s > 0)
		i->moved_ms = clock_mono_ms();
}

void
timeouts_unwatch(struct idle *i)
{
	loop_timer_cancel(&i->timer);
	list_remove(&i->link);
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
	t->global = (struct timer){.on = on_all_inactive, .ctx = s};
	t->global_s = global_limit(&s->conf.channel_timeout);
	list_init(&t->channels);
	t->heard_ms = t->moved_ms = clock_mono_ms();
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
	timeouts_channels_turn(s);
	reclaim_turn(s);
}
