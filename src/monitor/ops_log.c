/*
 * ops_log.c - log lines of gate and session; journald's fields
 */
#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <string.h>

/* ---- what the lines of this connection are about ------------------------- */

void
ops_log_connection(const struct monitor *m)
{
	if (!log_has_fields())
		return;
	log_field(LOG_FIELD_CONNECTION,
	    mem_format("%u", (unsigned int)m->conn->number));
	log_field(LOG_FIELD_ADDRESS, m->conn->peer_ip);
	log_field(LOG_FIELD_PORT,
	    mem_format("%u", (unsigned int)m->conn->peer_port));
}

/* As it stands in the lines: a copy, since log_quote's rooms are used anew. */
void
ops_log_user(const struct monitor *m)
{
	if (log_has_fields())
		log_field(LOG_FIELD_USER,
		    mem_strdup(log_quote(slice_cstr(m->user))));
}

struct slice
ops_log_fingerprint(struct slice info)
{
	info = slice_skip(info, slice_find(info, ' ') + 1);
	info = slice_first(info, slice_find(info, ' '));
	return slice_first(info, slice_find(info, ','));
}

/*
 * "ED25519-CERT SHA256:… ID text (serial 1) CA …": the id is its maker's and
 * may hold blanks and parentheses; what follows the last " (serial " is ours.
 */
static struct slice
cert_id_of(struct slice info)
{
	static const char before[] = " ID ";
	const uint8_t *at = NULL;
	struct slice rest;
	size_t n = 0;

	if (info.n > 0) /* an empty one may have no address */
		at = memmem(info.p, info.n, before, sizeof(before) - 1);
	if (at == NULL)
		return SLICE_NONE;
	rest = slice_skip(info, (size_t)(at - info.p) + sizeof(before) - 1);
	for (size_t i = 0; i < rest.n; i++)
		if (slice_starts(slice_skip(rest, i), SLICE_STR(" (serial ")))
			n = i;
	return slice_first(rest, n);
}

static void
replace(enum log_field_id field, char **kept, struct slice text)
{
	log_field(field, NULL);
	mem_free(*kept);
	*kept = text.n > 0 ? mem_text(text) : NULL;
	log_field(field, *kept);
}

void
ops_log_credential(struct monitor *m, const char *method, const char *info)
{
	struct slice text = slice_cstr(info);

	if (!log_has_fields())
		return;
	replace(LOG_FIELD_METHOD, &m->method, slice_cstr(method));
	replace(LOG_FIELD_FINGERPRINT, &m->fingerprint,
	    ops_log_fingerprint(text));
	replace(LOG_FIELD_CERT_ID, &m->cert_id, cert_id_of(text));
}

/* ---- lines of gate and session ------------------------------------------ */

/*
 * The gate writes "authenticating user" always: it isn't to learn who exists.
 * For the administrator the words are put right here.
 */
static void
log_disguised(enum log_level level, bool forced, struct slice text)
{
	static const char gates[] = "authenticating user ";
	const uint8_t *hit = memmem(text.p, text.n, gates, sizeof(gates) - 1);
	size_t head = hit == NULL ? text.n : (size_t)(hit - text.p);
	struct slice rest =
	    slice_skip(text, hit == NULL ? text.n : head + sizeof(gates) - 1);

	log_relay(level, forced, "%.*s%s%.*s [preauth]", (int)head,
	    (const char *)text.p, hit == NULL ? "" : "invalid user ",
	    (int)rest.n, rest.n > 0 ? (const char *)rest.p : "");
}

/* Whose line it is; in a root directory of its own a session has no other way
 * to the log than ours, and says so. */
static const char *
suffix_of(const struct monitor *m)
{
	if (m->phase != PHASE_SESSION)
		return " [preauth]";
	return m->conf.chroot_directory != NULL ? " [postauth]" : "";
}

enum err
on_log(struct monitor *m, const struct log_msg *req, struct note_rep *rep)
{
	bool before = m->phase != PHASE_SESSION;
	enum log_level level = (enum log_level)req->level;
	/* only where somebody asked for it: what a level keeps out of the log
	 * a gate can't bring in */
	bool forced = req->forced && m->conf.log_verbose.n > 0;

	(void)rep;
	if (req->level > LEVEL_DEBUG3 || req->level == LEVEL_QUIET)
		return ERR_RPC;
	if (before && ++m->logs > LOGS_MAX)
		return OK; /* more is a flood */
	if (before && !m->valid && m->user != NULL)
		log_disguised(level, forced, req->text);
	else
		log_relay(level, forced, "%.*s%s", (int)req->text.n,
		    req->text.n > 0 ? (const char *)req->text.p : "",
		    suffix_of(m));
	return OK;
}
