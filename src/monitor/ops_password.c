/*
 * ops_password.c - passwords and prompts
 *
 * A password lives in the frame that brought it, which rpc wipes, and for the
 * time of a dialogue in a secret buffer.
 */
#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"

#include <string.h>

static bool
check(struct monitor *m, struct slice password)
{
	/* too long: refused, yet at the price of one hash (SEC-37) */
	bool fits = password.n <= PASSWORD_MAX && !slice_has_nul(password);
	struct slice tried = fits ? password : SLICE_STR("");
	bool good =
	    m->conf.use_pam ? pam_password(m, tried) : shadow_check(m, tried);

	good =
	    good && fits && (password.n > 0 || m->conf.permit_empty_passwords);
	if (!m->conf.use_pam)
		trail_password(m, good);
	return good;
}

enum err
on_auth_password(struct monitor *m, const struct password_req *req,
    struct verdict_rep *rep)
{
	bool good = false;

	if (!verdict_begin(m)) {
		verdict_reply(m, VERDICT_TOO_MANY, rep);
		return OK;
	}
	if (methods_allowed(m, "password", NULL))
		good = check(m, req->password);
	verdict_reply(m, verdict_give(m, good, "password", NULL, NULL), rep);
	return m->gone ? ERR_EOF : OK;
}

/* ---- keyboard-interactive ---------------------------------------------------- */

/*
 * Without PAM: one prompt for the password, checked like the method's. The
 * dialogue is the same as PAM's: see serve.h.
 */
static enum err
ask_one(struct monitor *m, const char *prompt, bool echo)
{
	SCOPED(buf_clear) struct buf list = BUF_LIMIT(1024);
	struct wr w = wr_into(&list);
	struct prompt_rep rep = {.verdict = VERDICT_PROMPT, .n = 1};
	enum err e;

	wr_cstr(&w, prompt);
	wr_bool(&w, echo);
	if ((e = wr_end(&w, NULL)) != OK)
		return e;
	rep.prompts = buf_slice(&list);
	return ops_password_converse(m, &rep);
}

/*
 * Send prompts, serve what may be asked meanwhile, until the client answered
 * (m->answers), gave up (m->cancelled) or is gone (an error).
 */
enum err
ops_password_converse(struct monitor *m, const struct prompt_rep *prompts)
{
	unsigned int phase = m->phase;
	enum err e;

	m->answered = m->cancelled = false;
	buf_reset(&m->answers);
	if ((e = serve_reply(&m->serve, prompts)) != OK)
		return e;
	m->phase = PHASE_PROMPT;
	while (e == OK && !m->answered && !m->cancelled) {
		if ((e = monitor_wait(m)) == OK)
			e = serve_one(&m->serve, m->peer, m->phase, false);
	}
	m->phase = phase;
	return e;
}

enum err
on_kbdint_answer(struct monitor *m, const struct answer_req *req,
    struct prompt_rep *rep)
{
	enum err e;

	(void)rep;
	buf_reset(&m->answers);
	if ((e = buf_append(&m->answers, req->answers)) != OK)
		return e;
	m->nanswers = req->n;
	m->answered = true;
	serve_defer(&m->serve);
	return OK;
}

enum err
on_kbdint_cancel(struct monitor *m, const struct empty_msg *req,
    struct verdict_rep *rep)
{
	(void)req;
	(void)rep;
	m->cancelled = true;
	serve_defer(&m->serve);
	return OK;
}

static bool
password_dialogue(struct monitor *m)
{
	struct rd r;
	struct slice answer;

	if (ask_one(m, "Password: ", false) != OK) {
		m->gone = true;
		return false;
	}
	if (m->cancelled || m->nanswers != 1)
		return false;
	r = rd_from(buf_slice(&m->answers));
	answer = rd_string(&r);
	if (rd_end(&r) != OK)
		return false;
	return check(m, answer);
}

enum err
on_kbdint_start(struct monitor *m, const struct kbdint_req *req,
    struct prompt_rep *rep)
{
	const char *sub = m->conf.use_pam ? "pam" : NULL;
	bool good = false;

	(void)req; /* device names: there is one device, used once a request */
	if (!verdict_begin(m)) {
		rep->verdict = VERDICT_TOO_MANY;
		return OK;
	}
	/* without PAM all there is to ask for is a password, and whoever turned
	 * those off knows no other dialogue of sshd's */
	if (methods_allowed(m, "keyboard-interactive", sub) &&
	    (m->conf.use_pam || m->conf.password))
		good = m->conf.use_pam ? pam_dialogue(m) : password_dialogue(m);
	buf_clear(&m->answers);
	m->answers = BUF_SECRET(32 << 10);
	if (m->gone)
		return ERR_EOF;
	if (m->cancelled) {
		/* abandoned for another request: it counts, nothing more */
		m->cancelled = false;
		m->failures++;
		rep->verdict = VERDICT_FAILED;
	} else {
		rep->verdict = (uint8_t)verdict_give(m, good,
		    "keyboard-interactive", sub, NULL);
		rep->message = verdict_message(m, rep->verdict);
	}
	rep->methods = methods_list(m);
	return m->gone ? ERR_EOF : OK;
}
