/*
 * ops_log.c - log lines of gate and session
 */
#include "monitor.h"

#include "sallyport/base/log.h"

#include <string.h>

/*
 * The gate writes "authenticating user" always: it isn't to learn who exists.
 * For the administrator the words are put right here.
 */
static void
log_disguised(enum log_level level, struct slice text)
{
	static const char gates[] = "authenticating user ";
	const uint8_t *hit = memmem(text.p, text.n, gates, sizeof(gates) - 1);
	size_t head = hit == NULL ? text.n : (size_t)(hit - text.p);
	struct slice rest =
	    slice_skip(text, hit == NULL ? text.n : head + sizeof(gates) - 1);

	log_at(level, "%.*s%s%.*s [preauth]", (int)head, (const char *)text.p,
	    hit == NULL ? "" : "invalid user ", (int)rest.n,
	    rest.n > 0 ? (const char *)rest.p : "");
}

enum err
on_log(struct monitor *m, const struct log_msg *req, struct note_rep *rep)
{
	bool before = m->phase != PHASE_SESSION;
	enum log_level level = (enum log_level)req->level;

	(void)rep;
	if (req->level > LEVEL_DEBUG3 || req->level == LEVEL_QUIET)
		return ERR_RPC;
	if (before && ++m->logs > LOGS_MAX)
		return OK; /* more is a flood */
	if (before && !m->valid && m->user != NULL)
		log_disguised(level, req->text);
	else
		log_at(level, "%.*s%s", (int)req->text.n,
		    req->text.n > 0 ? (const char *)req->text.p : "",
		    before ? " [preauth]" : "");
	return OK;
}
