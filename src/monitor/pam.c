/*
 * pam.c - the only user of PAM
 *
 * PAM runs in the monitor of its one connection. Its conversation function
 * waits for the client's answer, serving meanwhile what the table allows. Built
 * without PAM this file says no to everything and the rest doesn't notice.
 */
#include "config.h"

#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/proc/spawn.h"

#ifdef WITH_PAM

#include <dlfcn.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PROMPTS_MAX 100 /* RFC 4256 sets none; sshd's */
#define LIMITS      16  /* RLIM_NLIMITS */

#define PAM_LIBRARY "libpam.so.0"

/*
 * libpam is loaded by those configurations that say UsePAM: it and what it
 * brings (libaudit, libcap-ng) is a fifth of a process's mappings otherwise,
 * which every fork copies, and nothing that a gate should have at hand.
 */
/* clang-format off */
#define PAM_CALLS(C)                                               \
	C(start) C(end) C(authenticate) C(acct_mgmt) C(chauthtok)  \
	C(setcred) C(open_session) C(close_session) C(set_item)    \
	C(get_item) C(getenvlist) C(strerror)
/* clang-format on */
#define PAM_MEMBER(name) __typeof__(pam_##name) *name;

/* Filled once, by the spawner before its first fork. */
static struct {
	bool loaded;
	PAM_CALLS(PAM_MEMBER)
} lib;

static bool
load(void)
{
	void *so;

	if (lib.loaded)
		return true;
	so = dlopen(PAM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (so == NULL) {
		log_error("UsePAM: %s", dlerror());
		return false;
	}
#define PAM_FIND(name)                                                         \
	*(void **)(void *)&lib.name = dlsym(so, "pam_" #name);                 \
	if (lib.name == NULL)                                                  \
		return false;
	PAM_CALLS(PAM_FIND)
	lib.loaded = true;
	return true;
}

struct pam {
	pam_handle_t *handle;
	struct monitor *m;
	int status;           /* of the last call */
	const char *password; /* password method: what to answer */
	bool dialogue;        /* keyboard-interactive: ask the client */
	bool authenticated, cred, session;
	char **environment;
	struct rlimit limits[LIMITS];
};

/* A wrong password for those who may not come in: PAM does the same work, and
 * it can't be right. */
static const char never_right[] = "\b\n\r\177INCORRECT";

/* Modules run programs and mind signals: none is blocked around their calls
 * but those that we handle ourselves. */
static void
signals_for_modules(bool on)
{
	static sigset_t saved;
	sigset_t none;

	if (on) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, &saved);
	} else {
		sigprocmask(SIG_SETMASK, &saved, NULL);
	}
}

/* ---- conversation ------------------------------------------------------------ */

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

	if (buf_append_cstr(b, text) != OK || buf_append_cstr(b, "\n") != OK)
		log_debug1("PAM has too much to say");
}

/* The password method: every hidden prompt gets the password. */
static int
answer_password(struct pam *p, int n, const struct pam_message **msg,
    struct pam_response *resp)
{
	for (int i = 0; i < n; i++) {
		if (msg[i]->msg_style == PAM_PROMPT_ECHO_OFF)
			resp[i].resp = strdup(p->password);
		else if (msg[i]->msg_style == PAM_PROMPT_ECHO_ON)
			return PAM_CONV_ERR;
		else
			note_message(p, msg[i]->msg);
	}
	return PAM_SUCCESS;
}

/* All prompts of one call go to the client as one INFO_REQUEST. */
static int
ask_client(struct pam *p, int n, const struct pam_message **msg,
    struct pam_response *resp)
{
	SCOPED(buf_clear) struct buf list = BUF_LIMIT(16 << 10);
	struct prompt_rep rep = {.verdict = VERDICT_PROMPT};
	struct monitor *m = p->m;
	struct wr w = wr_into(&list);
	struct rd r;

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
	rep.instruction = slice_first(buf_slice(&m->messages), 8192);
	if (ops_password_converse(m, &rep) != OK) {
		m->gone = true;
		return PAM_CONV_ERR;
	}
	buf_reset(&m->messages); /* they were shown */
	if (m->cancelled || m->nanswers != rep.n)
		return PAM_CONV_ERR;
	r = rd_from(buf_slice(&m->answers));
	for (int i = 0; i < n; i++) {
		struct slice s;

		if (!is_prompt(msg[i]))
			continue;
		s = rd_string(&r);
		if (slice_has_nul(s) || s.n >= PAM_MAX_RESP_SIZE)
			return PAM_CONV_ERR;
		resp[i].resp = strndup((const char *)s.p, s.n);
	}
	return rd_end(&r) == OK ? PAM_SUCCESS : PAM_CONV_ERR;
}

static int
converse(int n, const struct pam_message **msg, struct pam_response **out,
    void *data)
{
	struct pam *p = data;
	struct pam_response *resp;
	int rc = PAM_SUCCESS;

	*out = NULL;
	if (n <= 0 || n > PROMPTS_MAX)
		return PAM_CONV_ERR;
	/* PAM frees it with free(): it has to be libc's own */
	resp = calloc((size_t)n, sizeof(*resp));
	if (resp == NULL)
		return PAM_BUF_ERR;
	if (p->password != NULL)
		rc = answer_password(p, n, msg, resp);
	else if (p->dialogue)
		rc = ask_client(p, n, msg, resp);
	else
		for (int i = 0; i < n && rc == PAM_SUCCESS; i++) {
			if (is_prompt(msg[i]))
				rc = PAM_CONV_ERR;
			else
				note_message(p, msg[i]->msg);
		}
	if (rc != PAM_SUCCESS) {
		responses_free(resp, n);
		return rc;
	}
	*out = resp;
	return PAM_SUCCESS;
}

/* ---- calls ---------------------------------------------------------------------- */

/* libpam opens a service's modules in pam_start and closes them in pam_end:
 * a handle that is never ended keeps them mapped for the children. */
void
monitor_warm(const struct conf *conf)
{
	static const struct pam_conv conv = {converse, NULL};
	pam_handle_t *keep = NULL;

	account_warm();
	if (!conf->use_pam || !load())
		return;
	if (lib.start(conf->pam_service, "root", &conv, &keep) != PAM_SUCCESS)
		log_debug1("PAM service %s isn't to be had", conf->pam_service);
}

static bool
worked(struct pam *p, const char *what)
{
	if (p->status == PAM_SUCCESS)
		return true;
	log_debug1("PAM: %s: %s", what, lib.strerror(p->handle, p->status));
	return false;
}

enum err
pam_begin(struct monitor *m)
{
	struct pam *p = mem_new(sizeof(*p));
	struct pam_conv conv = {converse, p};

	p->m = m;
	if (!load())
		return ERR_SYSTEM;
	m->pam = p;
	signals_for_modules(true);
	p->status = lib.start(m->conf.pam_service, m->user, &conv, &p->handle);
	if (p->status == PAM_SUCCESS)
		p->status =
		    lib.set_item(p->handle, PAM_RHOST, m->host);
	/* some modules refuse to work without a terminal's name */
	if (p->status == PAM_SUCCESS)
		p->status = lib.set_item(p->handle, PAM_TTY, "ssh");
	signals_for_modules(false);
	if (p->status == PAM_SUCCESS)
		return OK;
	log_error("PAM: can't start service %s", m->conf.pam_service);
	return ERR_SYSTEM;
}

/* SEC-41: a module may not make it another user. */
static bool
same_user(struct pam *p)
{
	const void *now = NULL;

	if (lib.get_item(p->handle, PAM_USER, &now) != PAM_SUCCESS ||
	    now == NULL)
		return false;
	if (strcmp(now, p->m->user) == 0)
		return true;
	log_error("PAM: user name changed by a module: refused");
	return false;
}

static bool
authenticate(struct pam *p)
{
	struct monitor *m = p->m;
	int flags =
	    m->conf.permit_empty_passwords ? 0 : (int)PAM_DISALLOW_NULL_AUTHTOK;

	signals_for_modules(true);
	p->status = lib.authenticate(p->handle, flags);
	signals_for_modules(false);
	if (m->gone || m->cancelled)
		return false;
	if (p->status != PAM_SUCCESS) {
		log_error("PAM: %s for %s%s from %s",
		    lib.strerror(p->handle, p->status),
		    m->valid ? "" : "illegal user ",
		    log_quote(slice_cstr(m->user)), m->host);
		return false;
	}
	p->authenticated = same_user(p) && m->valid;
	return p->authenticated;
}

bool
pam_password(struct monitor *m, struct slice password)
{
	char *text = mem_text(password);
	bool good;

	m->pam->password =
	    m->valid && admit_root_password(m) ? text : never_right;
	good = authenticate(m->pam);
	m->pam->password = NULL;
	secret_wipe(text, password.n);
	mem_free(text);
	return good;
}

bool
pam_dialogue(struct monitor *m)
{
	bool good;

	m->pam->dialogue = true;
	m->cancelled = false;
	good = authenticate(m->pam);
	if (good && m->pam->status == PAM_SUCCESS) {
		signals_for_modules(true);
		m->pam->status = lib.acct_mgmt(m->pam->handle, 0);
		if (m->pam->status == PAM_NEW_AUTHTOK_REQD)
			m->pam->status = lib.chauthtok(m->pam->handle,
			    PAM_CHANGE_EXPIRED_AUTHTOK);
		signals_for_modules(false);
		good = worked(m->pam, "account") && !m->cancelled && !m->gone;
	}
	m->pam->dialogue = false;
	return good;
}

bool
pam_account(struct monitor *m)
{
	struct pam *p = m->pam;

	signals_for_modules(true);
	p->status = lib.acct_mgmt(p->handle, 0);
	signals_for_modules(false);
	if (p->status == PAM_SUCCESS && same_user(p))
		return true;
	log_fatal("Access denied for user %s by PAM account configuration "
		  "[preauth]",
	    m->account.name);
	refusal_log(m, REFUSED_PAM,
	    p->status == PAM_SUCCESS ? "the user name was changed"
				     : lib.strerror(p->handle, p->status));
	return false;
}

/* pam_limits sets limits on this process; the session is to inherit them, we
 * are not to keep them. */
static void
note_limits(struct pam *p)
{
	for (unsigned int i = 0; i < LIMITS; i++)
		(void)getrlimit(i, &p->limits[i]);
}

/* Without CAP_SYS_RESOURCE, as in many containers, a hard limit stays lowered:
 * then the soft one goes as near as it may. */
static void
restore_limit(unsigned int which, const struct rlimit *was)
{
	struct rlimit now;

	if (setrlimit(which, was) == 0 || getrlimit(which, &now) != 0)
		return;
	now.rlim_cur =
	    was->rlim_cur < now.rlim_max ? was->rlim_cur : now.rlim_max;
	(void)setrlimit(which, &now);
}

void
pam_restore_limits(struct monitor *m)
{
	if (m->pam == NULL || !m->pam->session)
		return;
	for (unsigned int i = 0; i < LIMITS; i++)
		restore_limit(i, &m->pam->limits[i]);
}

enum err
pam_session(struct monitor *m)
{
	struct pam *p = m->pam;

	note_limits(p);
	signals_for_modules(true);
	p->status = lib.setcred(p->handle, PAM_ESTABLISH_CRED);
	if (p->status == PAM_SUCCESS || !p->authenticated) {
		/* after a key login some modules have no credentials to set */
		p->cred = p->status == PAM_SUCCESS;
		p->status = lib.open_session(p->handle, 0);
		p->session = p->status == PAM_SUCCESS;
	}
	signals_for_modules(false);
	if (p->session)
		return OK;
	log_error("PAM: pam_open_session(): %s",
	    lib.strerror(p->handle, p->status));
	return m->common->root ? ERR_DENIED : OK;
}

/* Loader and shell control variables never come from a module (SEC-41), nor
 * what only we may say. */
static bool
variable_is_allowed(const char *v)
{
	static const char *const refused[] = {"LD_", "SSH_AUTH_INFO",
	    "SSH_CONNECTION", "GCONV_PATH=", "BASH_ENV=", "ENV=", "NLSPATH=",
	    "GLIBC_TUNABLES=", "IFS="};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strncmp(v, refused[i], strlen(refused[i])) == 0)
			return false;
	return true;
}

const char *const *
pam_environment(struct monitor *m)
{
	char **list;
	size_t n = 0;

	if (m->pam == NULL)
		return NULL;
	list = lib.getenvlist(m->pam->handle);
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		if (variable_is_allowed(list[i]))
			list[n++] = list[i];
	if (list != NULL)
		list[n] = NULL;
	return (const char *const *)list;
}

/* In the session: what the modules keep (lines of /etc/shadow among it) is let
 * go of in this copy; the session itself is the monitor's to close. */
void
pam_forget(struct monitor *m)
{
	if (m->pam != NULL && m->pam->handle != NULL)
		lib.end(m->pam->handle, m->pam->status | (int)PAM_DATA_SILENT);
}

void
pam_finish(struct monitor *m)
{
	struct pam *p = m->pam;

	if (p == NULL || p->handle == NULL)
		return;
	signals_for_modules(true);
	if (p->session)
		p->status = lib.close_session(p->handle, 0);
	if (p->cred)
		p->status = lib.setcred(p->handle, PAM_DELETE_CRED);
	lib.end(p->handle, p->status);
	signals_for_modules(false);
	p->handle = NULL;
}

#else /* without PAM: UsePAM is told as unsupported where it is parsed */

void
monitor_warm(const struct conf *conf)
{
	(void)conf;
	account_warm();
}

enum err
pam_begin(struct monitor *m)
{
	m->conf.use_pam = false; /* a server without PAM goes on */
	return OK;
}

bool
pam_password(struct monitor *m, struct slice password)
{
	return shadow_check(m, password);
}

bool
pam_dialogue(struct monitor *m)
{
	(void)m;
	return false;
}

bool
pam_account(struct monitor *m)
{
	(void)m;
	return true;
}

void
pam_restore_limits(struct monitor *m)
{
	(void)m;
}

enum err
pam_session(struct monitor *m)
{
	(void)m;
	return OK;
}

const char *const *
pam_environment(struct monitor *m)
{
	(void)m;
	return NULL;
}

void
pam_forget(struct monitor *m)
{
	(void)m;
}

void
pam_finish(struct monitor *m)
{
	(void)m;
}

#endif
