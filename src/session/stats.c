/*
 * stats.c - what this session does, told to the monitor when it asks, and at
 * the end
 *
 * Nothing is counted for it that isn't known anyway: one that is never asked
 * pays a flag a turn.
 */
#include "session.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"

static uint32_t
sessions(const struct session *s)
{
	uint32_t n = 0;

	LIST_EACH (l, &s->programs)
		if (LIST_ITEM(l, struct program, link)->r.ch != NULL)
			n++;
	return n;
}

void
stats_tell(struct session *s)
{
	struct stats_msg m = {
	    .channels = (uint32_t)connect_open_channels(s->connect)};

	m.forwards = m.channels - sessions(s);
	m.idle_ms = clock_mono_ms() - s->timeouts.moved_ms;
	transport_totals(s->t, &m.sent, &m.received);
	if (ask_tell_stats(s->monitor, &m, NULL) != OK)
		s->over = true; /* the monitor is gone */
}
