/*
 * pam.c - the only caller of PAM
 *
 * PAM runs in the monitor of its one connection; what its modules ask is
 * pam_talk.c's. Built without PAM this file says no to everything and the rest
 * doesn't notice.
 */
#include "config.h"

#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/proc/deadline.h"
#include "sallyport/proc/spawn.h"

#ifdef WITH_PAM

#include "pam.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAM_LIBRARY "libpam.so.0"

/*
 * Modules have as long to open a session, and again to close it, as to let
 * somebody in. Where LoginGraceTime sets no bound, its default is this one's:
 * unmounting a home directory takes seconds, a file server that is gone half a
 * minute, and who takes longer would keep this process for ever.
 */
#define MODULES_S 120

/* CPU time that any password's hash takes, and no other refusal does. */
#define HASH_MIN_NS 1000000

/*
 * libpam is loaded by those configurations that say UsePAM: it and what it
 * brings (libaudit, libcap-ng) is a fifth of a process's mappings otherwise,
 * which every fork copies, and nothing that a gate should have at hand.
 */
/* clang-format off */
#define PAM_CALLS(C)                                               \
	C(start) C(end) C(authenticate) C(acct_mgmt) C(chauthtok)  \
	C(setcred) C(open_session) C(close_session) C(set_item)    \
	C(get_item) C(putenv) C(getenvlist) C(strerror)
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

static void
do_nothing(int signo)
{
	(void)signo;
}

/* Modules run programs and mind signals: around their calls none is blocked,
 * and those that we ignore have a handler, since exec puts that back. */
static void
signals_for_modules(bool on)
{
	static const int ignored[] = {SIGPIPE, SIGXCPU, SIGXFSZ};
	static sigset_t saved;
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], on ? do_nothing : SIG_IGN);
	if (on) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, &saved);
	} else {
		sigprocmask(SIG_SETMASK, &saved, NULL);
	}
}

/* ---- calls ---------------------------------------------------------------------- */

/* libpam opens a service's modules in pam_start and closes them in pam_end:
 * a handle that is never ended keeps them mapped for the children. */
void
pam_warm(const struct conf *conf)
{
	static const struct pam_conv conv = {pam_talk_converse, NULL};
	pam_handle_t *keep = NULL;

	if (!conf->use_pam || !load())
		return;
	if (lib.start(conf->pam_service, "root", &conv, &keep) != PAM_SUCCESS)
		log_debug1("PAM service %s isn't to be had", conf->pam_service);
}

/* From now on; it ends this process. The listener tells of it. */
static void
bound_modules(const struct monitor *m)
{
	uint32_t s = m->conf.login_grace_s;

	if (s == 0)
		s = MODULES_S;
	if (deadline_set(clock_mono_ms() + (uint64_t)s * 1000) != OK)
		log_debug1("PAM's modules have no deadline");
}

static bool
worked(struct pam *p, const char *what)
{
	if (p->status == PAM_SUCCESS)
		return true;
	log_debug1("PAM: %s: %s", what, lib.strerror(p->handle, p->status));
	return false;
}

/* NAME=value in the modules' environment; the session gets it only where
 * variable_is_allowed. */
static void
put_variable(struct pam *p, const char *name, const char *value)
{
	SCOPED(mem_free_at) char *text = mem_format("%s=%s", name, value);

	if (lib.putenv(p->handle, text) != PAM_SUCCESS)
		log_debug1("PAM takes no variable %s", name);
}

void
pam_put(struct monitor *m, const char *name, const char *value)
{
	if (m->pam != NULL)
		put_variable(m->pam, name, value);
}

static void
set_items(struct pam *p)
{
	const struct conn *c = p->m->conn;
	SCOPED(mem_free_at)
	char *ends = mem_format("%s %u %s %u", c->peer_ip, c->peer_port,
	    c->local_ip, c->local_port);
	void (*delay)(int, unsigned int, void *) = pam_talk_delay;
	const void *function;

	memcpy(&function, &delay, sizeof(function));
	p->status = lib.set_item(p->handle, PAM_RHOST, p->m->host);
	/* some modules refuse to work without a terminal's name */
	if (p->status == PAM_SUCCESS)
		p->status = lib.set_item(p->handle, PAM_TTY, "ssh");
	if (p->status == PAM_SUCCESS)
		p->status = lib.set_item(p->handle, PAM_FAIL_DELAY, function);
	put_variable(p, "SSH_CONNECTION", ends);
	if (p->m->role != NULL) /* for pam_selinux */
		put_variable(p, "SELINUX_ROLE_REQUESTED", p->m->role);
}

/* Modules may go by what was proved before: a second factor for passwords
 * alone, say. */
static void
tell_steps(struct pam *p)
{
	SCOPED(mem_free_at) char *steps = NULL;

	if (p->m->auth_info.n == 0)
		return;
	steps = mem_text(buf_slice(&p->m->auth_info));
	put_variable(p, "SSH_AUTH_INFO_0", steps);
}

enum err
pam_begin(struct monitor *m)
{
	struct pam *p = mem_new(sizeof(*p));
	struct pam_conv conv = {pam_talk_converse, p};

	p->m = m;
	if (!load())
		return ERR_SYSTEM;
	m->pam = p;
	signals_for_modules(true);
	p->status = lib.start(m->conf.pam_service, m->user, &conv, &p->handle);
	if (p->status == PAM_SUCCESS)
		set_items(p);
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

static int64_t
cpu_ns(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/*
 * SEC-36: pam_unix hashes nothing for a name that isn't there, nor for a locked
 * one. Such a refusal pays for its hash here, whatever the module.
 */
static void
refused(struct pam *p, int64_t began_ns)
{
	struct monitor *m = p->m;

	/* filters count "Failed password" already */
	log_at(p->dialogue ? LEVEL_ERROR : LEVEL_DEBUG1,
	    "PAM: %s for %s%s from %s", lib.strerror(p->handle, p->status),
	    m->valid ? "" : "illegal user ", log_quote(slice_cstr(m->user)),
	    m->host);
	if (cpu_ns() - began_ns < HASH_MIN_NS)
		shadow_decoy();
	/* the modules want no more of this: keys are what is left */
	if (p->status == PAM_MAXTRIES)
		m->conf.password = m->conf.kbdint = false;
}

static bool
authenticate(struct pam *p)
{
	struct monitor *m = p->m;
	int flags =
	    m->conf.permit_empty_passwords ? 0 : (int)PAM_DISALLOW_NULL_AUTHTOK;
	int64_t began_ns = cpu_ns();

	buf_reset(&m->messages); /* of a try before */
	tell_steps(p);
	signals_for_modules(true);
	p->status = lib.authenticate(p->handle, flags);
	signals_for_modules(false);
	if (m->gone || m->cancelled)
		return false;
	if (p->status != PAM_SUCCESS) {
		refused(p, began_ns);
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

	m->pam->password = text;
	good = authenticate(m->pam);
	m->pam->password = NULL;
	secret_wipe(text, password.n);
	mem_free(text);
	return good;
}

/* Account management, once a login. */
static int
account(struct pam *p)
{
	if (p->accounted)
		return p->account;
	tell_steps(p);
	signals_for_modules(true);
	p->account = p->status = lib.acct_mgmt(p->handle, 0);
	signals_for_modules(false);
	p->accounted = true;
	return p->account;
}

/* The dialogue is a place to change a password that has expired. */
static bool
change_password(struct pam *p)
{
	signals_for_modules(true);
	p->status = lib.chauthtok(p->handle, PAM_CHANGE_EXPIRED_AUTHTOK);
	signals_for_modules(false);
	if (!worked(p, "password change"))
		return false;
	p->account = PAM_SUCCESS;
	return true;
}

bool
pam_dialogue(struct monitor *m)
{
	struct pam *p = m->pam;
	bool good;

	p->dialogue = true;
	m->cancelled = false;
	good = authenticate(p);
	if (good && account(p) == PAM_NEW_AUTHTOK_REQD)
		good = change_password(p);
	pam_talk_show(p);
	p->dialogue = false;
	return good && !m->cancelled && !m->gone;
}

bool
pam_account(struct monitor *m)
{
	struct pam *p = m->pam;
	int status = account(p);

	/* such a one may come in to change it, and for nothing else */
	if (status == PAM_NEW_AUTHTOK_REQD)
		m->must_change = true;
	if ((status == PAM_SUCCESS || m->must_change) && same_user(p))
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
	for (unsigned int i = 0; i < PAM_LIMITS; i++)
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
	for (unsigned int i = 0; i < PAM_LIMITS; i++)
		restore_limit(i, &m->pam->limits[i]);
}

enum err
pam_session(struct monitor *m)
{
	struct pam *p = m->pam;
	const char *what = "pam_setcred";

	note_limits(p);
	tell_steps(p);
	bound_modules(m);
	signals_for_modules(true);
	p->status = lib.setcred(p->handle, PAM_ESTABLISH_CRED);
	if (p->status == PAM_SUCCESS || !p->authenticated) {
		/* after a key login some modules have no credentials to set */
		p->cred = p->status == PAM_SUCCESS;
		what = "pam_open_session";
		p->status = lib.open_session(p->handle, 0);
		p->session = p->status == PAM_SUCCESS;
	}
	signals_for_modules(false);
	deadline_clear();
	if (p->session)
		return OK;
	log_error("PAM: %s(): %s", what, lib.strerror(p->handle, p->status));
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
	if (p->session || p->cred) {
		ops_lifeline_outcome(m, OUTCOME_CLOSING);
		bound_modules(m);
	}
	signals_for_modules(true);
	if (p->session)
		p->status = lib.close_session(p->handle, 0);
	if (p->cred)
		p->status = lib.setcred(p->handle, PAM_DELETE_CRED);
	lib.end(p->handle, p->status);
	signals_for_modules(false);
	deadline_clear();
	p->handle = NULL;
}

#else /* without PAM: UsePAM is told as unsupported where it is parsed */

void
pam_warm(const struct conf *conf)
{
	(void)conf;
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
pam_put(struct monitor *m, const char *name, const char *value)
{
	(void)m;
	(void)name;
	(void)value;
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
