/*
 * host.c - the client's name, where UseDNS asks for it
 *
 * An errand looks it up, without privilege and while keys are exchanged; here
 * it is only waited for, and not for ever. Without a name that maps back the
 * address is what there is.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/parent.h"
#include "sallyport/rpc/errand_ops.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

/* A name server that is down costs libc five seconds, then it asks the next. */
#define LOOKUP_MS 10000

void
host_start(struct monitor *m)
{
	uint64_t until = clock_mono_ms() + LOOKUP_MS;
	pid_t self = getpid();
	int channel = -1;

	m->host = m->conn->peer_ip;
	if (!m->conf.use_dns || strcmp(m->host, "UNKNOWN") == 0)
		return;
	m->lookup_pid = monitor_fork(m, &channel);
	if (m->lookup_pid == 0)
		lookup_main(m->conn->peer_ip, until, channel, self);
	if (m->lookup_pid < 0) {
		log_error("look-up: fork: %s", strerror(errno));
		return;
	}
	m->lookup = rpc_new(channel);
	m->lookup_until_ms = until;
}

void
host_stop(struct monitor *m)
{
	int status;

	if (m->lookup_pid <= 0)
		return;
	rpc_free(take(&m->lookup));
	kill(m->lookup_pid, SIGKILL);
	if (parent_reap(m->lookup_pid, false, &status) == OK &&
	    parent_is_crash(status))
		m->crashed = true;
	m->lookup_pid = 0;
}

/* The errand may have been broken into by an answer: its word is checked
 * against the alphabet of names before it reaches patterns. */
static bool
is_sane(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') ||
			(name.p[i] >= '0' && name.p[i] <= '9') ||
			memchr(".-_", name.p[i], 3) != NULL))
			return false;
	return name.n > 0;
}

static void
judge(struct monitor *m, const struct lookup_msg *found)
{
	const char *name = log_quote(found->name), *ip = m->conn->peer_ip;

	switch (found->result) {
	case LOOKUP_CONFIRMED:
		if (is_sane(found->name))
			m->host = mem_text(found->name);
		break;
	case LOOKUP_UNKNOWN:
		log_info("reverse mapping checking getaddrinfo for %s [%s] "
			 "failed.",
		    name, ip);
		break;
	case LOOKUP_ELSEWHERE:
		log_info("Address %s maps to %s, but this does not map back "
			 "to the address.",
		    ip, name);
		break;
	case LOOKUP_NASTY:
		log_info("Nasty PTR record \"%s\" is set up for %s, ignoring",
		    name, ip);
		break;
	default:
		break; /* it has no name */
	}
}

/* Readable, before the time is over? */
static bool
wait_for_answer(const struct monitor *m)
{
	struct pollfd p = {.fd = rpc_fd(m->lookup), .events = POLLIN};
	uint64_t now;
	int n = 0;

	while (n <= 0 && (now = clock_mono_ms()) < m->lookup_until_ms) {
		n = poll(&p, 1, (int)(m->lookup_until_ms - now));
		if (n < 0 && errno != EINTR)
			return false;
	}
	return n > 0;
}

void
host_learn(struct monitor *m)
{
	struct lookup_msg found;
	uint32_t number;

	if (m->lookup_pid <= 0)
		return;
	if (wait_for_answer(m) &&
	    rpc_receive(m->lookup, false, &number) == OK &&
	    number == ERRAND_NAME &&
	    rpc_decode(m->lookup, &layout_lookup_msg, &found) == OK)
		judge(m, &found);
	else
		log_info("no name was found for %s in time", m->conn->peer_ip);
	host_stop(m);
}
