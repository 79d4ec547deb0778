/*
 * pam_talk.c - what PAM's modules ask and say
 *
 * The conversation function waits for the client's answer, serving meanwhile
 * what the table allows (rpc/serve.h).
 */
#include "config.h"

#include "monitor.h"

#ifdef WITH_PAM

#include "pam.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/rpc/frame.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define PROMPTS_MAX  100  /* RFC 4256 sets none; sshd's */
#define MESSAGES_MAX 8192 /* octets that a prompt shows */

/* A wrong answer for those who may not come in: PAM does the same work, and it
 * can't be right. */
static const char never_right[] = "\b\n\r\177INCORRECT";

static bool
may_be_right(const struct monitor *m)
{
	return m->valid && admit_root_password(m);
}

/* PAM frees it with free(), as all that follows: it has to be libc's own.
 * As long as what was typed, since a hash may cost by length. */
static char *
wrong_answer(size_t n)
{
	size_t length = n > 0 ? n : sizeof(never_right) - 1;
	char *text = calloc(length + 1, 1);

	for (size_t i = 0; text != NULL && i < length; i++)
		text[i] = never_right[i % (sizeof(never_right) - 1)];
	return text;
}

static void
responses_free(struct pam_response *r, int n)
{
	for (int i = 0; i < n; i++) {
		if (r[i].resp != NULL) {
			secret_wipe(r[i].resp, strlen(r[i].resp));
			free(r[i].resp);
		}
	}
	free(r);
}

static bool
is_prompt(const struct pam_message *m)
{
	return m->msg_style == PAM_PROMPT_ECHO_OFF ||
	       m->msg_style == PAM_PROMPT_ECHO_ON;
}

static void
note_message(struct pam *p, const char *text)
{
	struct buf *b = &p->m->messages;
	size_t n = strlen(text);
	bool whole = n > 0 && text[n - 1] == '\n';

	if (buf_append_cstr(b, text) != OK ||
	    (!whole && buf_append_cstr(b, "\n") != OK))
		log_debug1("PAM has too much to say");
}

/* ---- who answers ----------------------------------------------------------- */

/* The password method: every hidden prompt gets the password. */
static int
answer_password(struct pam *p, int n, const struct pam_message **msg,
    struct pam_response *resp)
{
	for (int i = 0; i < n; i++) {
		if (msg[i]->msg_style == PAM_PROMPT_ECHO_ON)
			return PAM_CONV_ERR;
		if (msg[i]->msg_style != PAM_PROMPT_ECHO_OFF) {
			note_message(p, msg[i]->msg);
			continue;
		}
		resp[i].resp = may_be_right(p->m)
				   ? strdup(p->password)
				   : wrong_answer(strlen(p->password));
	}
	return PAM_SUCCESS;
}

/* Nobody: a key let in. */
static int
answer_nothing(struct pam *p, int n, const struct pam_message **msg)
{
	for (int i = 0; i < n; i++) {
		if (is_prompt(msg[i]))
			return PAM_CONV_ERR;
		note_message(p, msg[i]->msg);
	}
	return PAM_SUCCESS;
}

/* The client's answers, in the prompts' order. */
static int
take_answers(struct pam *p, int n, const struct pam_message **msg,
    struct pam_response *resp)
{
	struct rd r = rd_from(buf_slice(&p->m->answers));

	for (int i = 0; i < n; i++) {
		struct slice s;

		if (!is_prompt(msg[i]))
			continue;
		s = rd_string(&r);
		if (slice_has_nul(s) || s.n >= PAM_MAX_RESP_SIZE)
			return PAM_CONV_ERR;
		resp[i].resp = may_be_right(p->m)
				   ? strndup((const char *)s.p, s.n)
				   : wrong_answer(s.n);
	}
	return rd_end(&r) == OK ? PAM_SUCCESS : PAM_CONV_ERR;
}

/* Show messages and n prompts, and wait. False: there is no answer. */
static bool
converse_once(struct pam *p, struct prompt_rep *rep)
{
	struct monitor *m = p->m;

	rep->instruction = slice_first(buf_slice(&m->messages), MESSAGES_MAX);
	if (ops_password_converse(m, rep) != OK)
		m->gone = true;
	buf_reset(&m->messages); /* they were shown */
	return !m->gone && !m->cancelled && m->nanswers == rep->n;
}

/* All prompts of one call go to the client as one INFO_REQUEST. */
static int
ask_client(struct pam *p, int n, const struct pam_message **msg,
    struct pam_response *resp)
{
	SCOPED(buf_clear) struct buf list = BUF_LIMIT(16 << 10);
	struct prompt_rep rep = {.verdict = VERDICT_PROMPT};
	struct wr w = wr_into(&list);

	if (p->m->gone || p->m->cancelled)
		return PAM_CONV_ERR;
	for (int i = 0; i < n; i++) {
		if (!is_prompt(msg[i])) {
			note_message(p, msg[i]->msg);
			continue;
		}
		wr_cstr(&w, msg[i]->msg);
		wr_bool(&w, msg[i]->msg_style == PAM_PROMPT_ECHO_ON);
		rep.n++;
	}
	if (rep.n == 0)
		return PAM_SUCCESS;
	if (wr_end(&w, NULL) != OK)
		return PAM_CONV_ERR;
	rep.prompts = buf_slice(&list);
	if (!converse_once(p, &rep))
		return PAM_CONV_ERR;
	return take_answers(p, n, msg, resp);
}

void
pam_talk_show(struct pam *p)
{
	struct prompt_rep rep = {.verdict = VERDICT_PROMPT};

	if (p->m->messages.n > 0 && !p->m->gone && !p->m->cancelled)
		(void)converse_once(p, &rep);
}

int
pam_talk_converse(int n, const struct pam_message **msg,
    struct pam_response **out, void *data)
{
	struct pam *p = data;
	struct pam_response *resp;
	int rc;

	*out = NULL;
	if (n <= 0 || n > PROMPTS_MAX)
		return PAM_CONV_ERR;
	resp = calloc((size_t)n, sizeof(*resp));
	if (resp == NULL)
		return PAM_BUF_ERR;
	if (p->password != NULL)
		rc = answer_password(p, n, msg, resp);
	else if (p->dialogue)
		rc = ask_client(p, n, msg, resp);
	else
		rc = answer_nothing(p, n, msg);
	if (rc != PAM_SUCCESS) {
		responses_free(resp, n);
		return rc;
	}
	*out = resp;
	return PAM_SUCCESS;
}

void
pam_talk_delay(int status, unsigned int usec, void *data)
{
	const struct monitor *m = ((const struct pam *)data)->m;
	/* no data wakes us: the gate's death does, and the client's leaving,
	 * which the gate, waiting for us, doesn't see */
	struct pollfd ends[2] = {{.fd = rpc_fd(m->peer)},
	    {.fd = m->conn->in, .events = POLLRDHUP}};

	if (status != PAM_SUCCESS && usec > 0)
		(void)poll(ends, 2, (int)(usec / 1000));
}

#endif
