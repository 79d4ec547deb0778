/*
 * verdict.c - Accepted, Failed: counting, the log's line, the delay
 *
 * Success is produced in verdict_give alone, after: method enabled and its
 * turn, credential verified, account valid, PermitRootLogin, PAM's account
 * management, nothing more due (SEC-34).
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/proc/deadline.h"
#include "sallyport/proc/title.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DELAY_NS      5000000ull    /* a refusal takes this at least … */
#define DELAY_MORE_NS 4200000ull    /* … and up to this, by user and boot */
#define DELAY_END_NS  5000000000ull /* work that took this long hides itself */

bool
verdict_begin(struct monitor *m)
{
	m->request_ns = clock_mono_ns();
	return ++m->requests <= REQUESTS_MAX &&
	       m->failures < m->conf.max_auth_tries;
}

/* Steps hide how long the work took: the bound doubles until above it. */
void
verdict_delay(const struct monitor *m)
{
	uint64_t spent = clock_mono_ns() - m->request_ns;
	uint64_t bound, more = 0;
	uint8_t digest[HASH_MAX];
	struct timespec t;

	if (hash_hmac(HASH_SHA256,
		slice_make(m->common->delay_seed,
		    sizeof(m->common->delay_seed)),
		slice_cstr(m->user != NULL ? m->user : ""), digest) == OK)
		more = ((uint64_t)digest[0] << 24 | (uint64_t)digest[1] << 16 |
			   (uint64_t)digest[2] << 8 | digest[3]) %
		       DELAY_MORE_NS;
	bound = DELAY_NS + more;
	while (bound < spent && bound < DELAY_END_NS)
		bound *= 2;
	if (spent >= bound)
		return;
	t.tv_sec = (time_t)((bound - spent) / 1000000000ull);
	t.tv_nsec = (long)((bound - spent) % 1000000000ull);
	nanosleep(&t, NULL);
}

static void
result_line(const struct monitor *m, enum log_level level, const char *word,
    const char *method, const char *sub, const char *info)
{
	log_at(level, "%s %s%s%s for %s%s from %s port %u ssh2%s%s", word,
	    method, sub != NULL ? "/" : "", sub != NULL ? sub : "",
	    m->valid ? "" : "invalid user ", log_quote(slice_cstr(m->user)),
	    m->conn->peer_ip, (unsigned int)m->conn->peer_port,
	    info != NULL && info[0] != '\0' ? ": " : "",
	    info != NULL ? info : "");
}

void
verdict_postponed(const struct monitor *m, const char *method, const char *sub,
    const char *info)
{
	result_line(m, LEVEL_VERBOSE, "Postponed", method, sub, info);
}

/*
 * The keys of an unknown user aren't even looked at, and all that a client has
 * are tried: filters that count lines have "Invalid user" to count, once.
 */
static enum log_level
failed_level(const struct monitor *m, const char *method, bool loud)
{
	if (!m->valid && strcmp(method, "publickey") == 0)
		return LEVEL_DEBUG1;
	return loud ? LEVEL_INFO : LEVEL_VERBOSE;
}

static enum verdict
too_many(struct monitor *m)
{
	char tries[16];

	log_error("maximum authentication attempts exceeded for %s%s from %s "
		  "port %u ssh2 [preauth]",
	    m->valid ? "" : "invalid user ", log_quote(slice_cstr(m->user)),
	    m->conn->peer_ip, (unsigned int)m->conn->peer_port);
	snprintf(tries, sizeof(tries), "%u",
	    (unsigned int)m->conf.max_auth_tries);
	refusal_log_unlisted(m);
	refusal_log(m, REFUSED_TRIES, tries);
	return VERDICT_TOO_MANY;
}

static enum verdict
failed(struct monitor *m, const char *method, const char *sub, const char *info)
{
	bool none = strcmp(method, "none") == 0;
	bool loud = !m->valid || strcmp(method, "password") == 0 ||
		    m->failures + 1 >= m->conf.max_auth_tries / 2;

	/* a "none" that asks for the methods is how everybody begins */
	if (!none || m->requests > 1)
		m->failures++;
	if (!none)
		ops_lifeline_note_failure(m, method);
	if (none && !m->conf.permit_empty_passwords)
		return VERDICT_FAILED;
	if (none)
		loud = !m->valid;
	ops_log_credential(m, method, info);
	result_line(m, failed_level(m, method, loud), "Failed", method, sub,
	    info);
	if (!none) {
		admit_tell_root(m, method);
		trail_failed(m);
	}
	if (strcmp(method, "password") == 0)
		records_failed(m);
	if (!none)
		verdict_delay(m);
	if (m->failures < m->conf.max_auth_tries)
		return VERDICT_FAILED;
	return too_many(m);
}

/* For ExposeAuthInfo and PAM's modules; what doesn't fit is left out. */
static void
note_method(struct monitor *m, const char *method, const char *sub)
{
	size_t before = m->auth_info.n;

	if (!m->conf.expose_auth_info && !m->conf.use_pam)
		return;
	if (buf_printf(&m->auth_info, "%s%s%s%s%.*s\n", method,
		sub != NULL ? "/" : "", sub != NULL ? sub : "",
		m->auth_key.n > 0 ? " " : "", (int)m->auth_key.n,
		m->auth_key.n > 0 ? (const char *)m->auth_key.p : "") != OK)
		log_info("ExposeAuthInfo: %zu octets are all there is room for",
		    before);
}

/* An expired password lets in to a terminal, to be changed there. */
static void
confine(struct monitor *m)
{
	m->permits = (m->permits & PERMIT_PTY) | PERMIT_RESTRICT;
	log_info("User %s must change the password before anything else",
	    m->account.name);
}

enum verdict
verdict_give(struct monitor *m, bool authenticated, const char *method,
    const char *sub, const char *info)
{
	bool forced = m->has_key_command || m->conf.force_command != NULL;

	if (!authenticated || !m->valid || !methods_allowed(m, method, sub) ||
	    !admit_root(m, method, forced))
		return failed(m, method, sub, info);
	note_method(m, method, sub);
	if (!methods_passed(m, method, sub)) {
		ops_log_credential(m, method, info);
		result_line(m, LEVEL_INFO, "Partial", method, sub, info);
		return VERDICT_PARTIAL;
	}
	/* PAM may still say that this account may not come in now */
	if (m->conf.use_pam && !pam_account(m)) {
		(void)failed(m, method, sub, info);
		m->phase = PHASE_REFUSED;
		return VERDICT_REFUSED;
	}
	if (m->must_change)
		confine(m);
	deadline_clear(); /* before PAM opens its session */
	m->phase = PHASE_DONE;
	phases_reach(m, PHASE_END_AUTH, clock_mono_ms());
	ops_log_credential(m, method, info);
	result_line(m, LEVEL_INFO, "Accepted", method, sub, info);
	title_set("%.64s [priv]", m->account.name);
	ops_lifeline_logged_in(m, method);
	return VERDICT_SUCCESS;
}

void
verdict_reply(const struct monitor *m, enum verdict v, struct verdict_rep *rep)
{
	rep->verdict = (uint8_t)v;
	rep->methods = methods_list(m);
	rep->message = verdict_message(m, v);
}

struct slice
verdict_message(const struct monitor *m, unsigned int v)
{
	return v == VERDICT_REFUSED ? buf_slice(&m->messages) : SLICE_NONE;
}

uint8_t
verdict_outcome(const struct monitor *m)
{
	if (m->phase == PHASE_DONE)
		return OUTCOME_OK;
	if (m->prohibited)
		return OUTCOME_REFUSED;
	if (m->failures > 0)
		return OUTCOME_AUTHFAIL;
	if (m->user != NULL && !m->account.known)
		return OUTCOME_INVALIDUSER;
	return OUTCOME_NOAUTH;
}
