/*
 * phases.c - how long each phase of a login took
 *
 * For the log and for whoever counts. The gate tells when it had read what, so
 * what it tells is only believed as far as it fits between our own times.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"

void
phases_reach(struct monitor *m, enum phase_end end, uint64_t at_ms)
{
	uint64_t before = m->conn->accepted_ms;
	uint64_t now = clock_mono_ms();

	for (size_t i = 0; i < (size_t)end; i++)
		if (m->phase_at_ms[i] > before)
			before = m->phase_at_ms[i];
	if (at_ms > now)
		at_ms = now;
	m->phase_at_ms[end] = at_ms < before ? before : at_ms;
}

uint32_t
phases_ms(const struct monitor *m, enum phase_end end)
{
	uint64_t before = end == PHASE_END_FORK ? m->conn->accepted_ms
						: m->phase_at_ms[end - 1];
	uint64_t at = m->phase_at_ms[end];

	if (at <= before || before == 0)
		return 0;
	return at - before < UINT32_MAX ? (uint32_t)(at - before) : UINT32_MAX;
}

void
phases_log(const struct monitor *m)
{
	log_verbose("Login phases of %s from %s port %u: fork %u ms, version "
		    "%u ms, key exchange %u ms, authentication %u ms, session "
		    "%u ms",
	    log_quote(slice_cstr(m->user)), m->conn->peer_ip,
	    (unsigned int)m->conn->peer_port,
	    (unsigned int)phases_ms(m, PHASE_END_FORK),
	    (unsigned int)phases_ms(m, PHASE_END_VERSION),
	    (unsigned int)phases_ms(m, PHASE_END_KEX),
	    (unsigned int)phases_ms(m, PHASE_END_AUTH),
	    (unsigned int)phases_ms(m, PHASE_END_SESSION));
}
