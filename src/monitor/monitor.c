/*
 * monitor.c - life of a connection: gate, verdict, session, end
 *
 * The cascade is monitor, gate, keycheck, session: each ends at the end of its
 * channel, and the children also by PDEATHSIG. The monitor itself outlives
 * listener, spawner and keeper.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/proc/deadline.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/proc/title.h"
#include "sallyport/rpc/keycheck_ops.h"
#include "sallyport/rpc/listener_ops.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FREED_OCTET 0x5a /* what freed memory is overwritten with */
#define PATIENCE_MS 5000 /* for a session that is told to end */

MONITOR_TABLE(monitor_ops);

/* SIGTERM (loginctl terminate-session): the session is closed in order. */
static volatile sig_atomic_t terminated;

static void
on_terminate(int signo)
{
	(void)signo;
	terminated = 1;
}

/* ---- children ------------------------------------------------------------ */

pid_t
monitor_fork(struct monitor *m, int *channel)
{
	int pair[2];
	pid_t pid;

	if (io_pair(pair) != OK)
		return -1;
	/* once PAM's modules ran, fork(3) with all it does */
	pid = m->pam != NULL ? spawn_fork_modules() : spawn_fork();
	if (pid != 0) {
		io_close(&pair[1]);
		if (pid < 0)
			io_close(&pair[0]);
		*channel = pair[0];
		return pid;
	}
	io_close(&pair[0]);
	if (m->peer != NULL) {
		int fd = rpc_fd(m->peer);

		io_close(&fd);
	}
	*channel = pair[1];
	return 0;
}

static enum err
start_gate(struct monitor *m)
{
	pid_t self = getpid();
	int channel = -1;
	int fds[3];

	m->gate_pid = monitor_fork(m, &channel);
	if (m->gate_pid == 0) {
		fds[0] = m->conn->in;
		fds[1] = m->conn->out;
		fds[2] = channel;
		io_close_but(3, fds, 3);
		gate_main(m->common, m->conn, channel, self);
	}
	if (m->gate_pid < 0)
		return ERR_SYSTEM;
	m->keys_pid = m->gate_pid;
	m->peer = rpc_new(channel);
	return OK;
}

/* Wait for a child that is ending; note whether it crashed. */
static void
bury(struct monitor *m, pid_t *pid)
{
	int status;

	if (*pid <= 0)
		return;
	if (parent_reap(*pid, false, &status) == OK &&
	    parent_is_crash(status)) {
		m->crashed = true;
		log_debug1("child %ld of this connection: wait status 0x%x",
		    (long)*pid, (unsigned int)status);
	}
	*pid = 0;
}

static void
end_child(struct monitor *m, pid_t *pid)
{
	int status;

	if (*pid > 0 && parent_reap(*pid, true, &status) == ERR_AGAIN)
		kill(*pid, SIGKILL);
	else if (*pid > 0 && parent_is_crash(status))
		m->crashed = true;
	else if (*pid > 0)
		*pid = 0;
	bury(m, pid);
}

/* ---- telling the listener -------------------------------------------------- */

void
monitor_tell_listener(struct monitor *m, uint32_t number,
    const struct layout *layout, const void *message)
{
	if (m->lifeline != NULL &&
	    rpc_send(m->lifeline, number, layout, message) != OK)
		log_debug1("the listener is gone");
}

/* ---- serving ----------------------------------------------------------------- */

/* Before login it has nothing to say. */
static bool
heeds_listener(const struct monitor *m)
{
	return m->phase == PHASE_SESSION && m->lifeline != NULL &&
	       !m->listener_gone;
}

enum err
monitor_wait(struct monitor *m)
{
	struct pollfd p[3] = {{.fd = rpc_fd(m->peer), .events = POLLIN},
	    {.fd = m->keycheck != NULL ? rpc_fd(m->keycheck) : -1},
	    {.fd = -1, .events = POLLIN}};
	sigset_t none;

	sigemptyset(&none);
	do {
		p[2].fd = heeds_listener(m) ? rpc_fd(m->lifeline) : -1;
		if (ppoll(p, 3, NULL, &none) < 0 && errno != EINTR)
			return ERR_SYSTEM;
		if (terminated)
			return ERR_EOF;
		if (p[2].revents != 0 && !ops_lifeline_take(m)) {
			terminated = 1;
			return ERR_EOF;
		}
	} while (p[0].revents == 0 && p[1].revents == 0);
	if ((p[1].revents & (POLLHUP | POLLERR)) != 0)
		return ERR_EOF; /* keycheck was killed */
	return OK;
}

static enum err
serve(struct monitor *m, bool (*until)(const struct monitor *m))
{
	enum err e = OK;

	while (e == OK && !until(m)) {
		if ((e = monitor_wait(m)) != OK)
			break;
		e = serve_one(&m->serve, m->peer, m->phase, false);
	}
	rpc_idle(m->peer);
	return e;
}

static bool
is_handed_over(const struct monitor *m)
{
	return m->state >= 0;
}

static bool
never(const struct monitor *m)
{
	(void)m;
	return false;
}

/* ---- one connection's life ------------------------------------------------------ */

/* What Linux, libc and PAM would do to us, undone. */
static void
settle(const struct monitor *m)
{
	struct sigaction term = {.sa_handler = on_terminate};
	sigset_t set;

	/* pam_unix leaves lines of /etc/shadow in freed memory, which the
	 * session would inherit */
	mallopt(M_PERTURB, FREED_OCTET);
	if (!m->common->inetd && setsid() < 0)
		log_debug1("setsid: %s", strerror(errno));
	sandbox_undumpable();
	/* handled only while we wait: a handler sets a flag, ppoll sees it */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTERM, &term, NULL);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGXCPU, SIG_IGN);
}

static void
set_deadline(const struct monitor *m)
{
	uint32_t grace = m->conf.login_grace_s;

	if (grace > 0 &&
	    deadline_set(m->conn->accepted_ms + (uint64_t)grace * 1000) != OK) {
		log_fatal("the grace time's timer can't be set");
		_exit(MONITOR_EXIT_FAILED);
	}
}

/* The way in didn't end in a session. */
static _Noreturn void
leave_refused(struct monitor *m)
{
	if (m->phase != PHASE_DONE)
		refusal_log_unlisted(m);
	host_stop(m);
	ops_key_stop(m);
	ops_gss_stop(m);
	ccache_destroy(m);
	end_child(m, &m->gate_pid);
	trail_end(m);
	pam_finish(m);
	ops_lifeline_refused(m);
	if (m->crashed) {
		log_info("Session process %ld unpriv child crash for "
			 "connection from %s to %s",
		    (long)getpid(), m->conn->peer_ip, m->conn->local_ip);
		ops_lifeline_outcome(m, OUTCOME_CRASH);
		_exit(MONITOR_EXIT_CHILD_CRASHED);
	}
	ops_lifeline_outcome(m, (enum outcome)verdict_outcome(m));
	_exit(MONITOR_EXIT_FAILED);
}

/*
 * Gently, it says goodbye to its client. It is a process of the user's, who
 * may have stopped it, or worse: it isn't waited for without end.
 */
static bool
ends_when_told(pid_t session)
{
	SCOPED(io_close) int fd = -1;
	struct pollfd p = {.events = POLLIN};

	if (parent_watch_child(session, &fd) != OK)
		return false;
	kill(session, SIGTERM);
	kill(session, SIGCONT);
	p.fd = fd;
	return poll(&p, 1, PATIENCE_MS) > 0;
}

/* What it said last: what it transferred. */
static void
drain(struct monitor *m)
{
	while (serve_one(&m->serve, m->peer, m->phase, true) == OK)
		continue;
}

static void
run_session(struct monitor *m)
{
	enum err e;

	m->phase = PHASE_SESSION;
	if (m->keeper != NULL)
		rpc_idle(m->keeper);
	e = serve(m, never);
	if (e != ERR_EOF)
		log_error("session of %s: %s", m->account.name,
		    err_sentence(e));
	/* a session that broke the rules, or that was told to end */
	if (e != ERR_EOF || (terminated && !ends_when_told(m->session_pid)))
		kill(m->session_pid, SIGKILL);
	bury(m, &m->session_pid);
	if (e == ERR_EOF)
		drain(m);
	ops_session_close_lines(m);
	trail_end(m);
	pam_finish(m);
	if (m->conf.gssapi_cleanup)
		ccache_destroy(m);
	ops_lifeline_outcome(m, OUTCOME_OK);
	log_debug1("session of %s closed", m->account.name);
}

void
monitor_init(struct monitor *m, const struct common *common,
    const struct conn *conn)
{
	m->common = common;
	m->conn = conn;
	m->conf = *common->conf;
	if (conn->lifeline >= 0)
		m->lifeline = rpc_new(conn->lifeline);
	m->serve = (struct serve)SERVE_INIT(monitor_ops, m);
	m->phase = PHASE_KEX;
	phases_reach(m, PHASE_END_FORK, clock_mono_ms());
	m->state = -1;
	m->permits = PERMIT_ALL;
	m->key_tunnel = UINT32_MAX; /* no key names a device */
	m->auth_info = BUF_LIMIT(64 << 10);
	m->messages = BUF_LIMIT(16 << 10);
	m->answers = BUF_SECRET(32 << 10);
}

/* Here and not by who accepted it: log readers tell connections apart by the
 * process that writes of them. */
static void
tell_connection(const struct conn *c)
{
	bool routed = c->rdomain[0] != '\0';

	log_verbose("Connection from %s port %u on %s port %u%s%s%s",
	    c->peer_ip, (unsigned int)c->peer_port, c->local_ip,
	    (unsigned int)c->local_port, routed ? " rdomain \"" : "",
	    c->rdomain, routed ? "\"" : "");
}

void
monitor_warm(const struct conf *conf, bool cold)
{
	trail_warm();
	contexts_warm();
	if (cold)
		return;
	account_warm();
	pam_warm(conf);
}

void
monitor_refresh(void)
{
	trail_refresh();
}

_Noreturn void
monitor_main(const struct common *common, const struct conn *conn)
{
	struct monitor *m = mem_new(sizeof(*m));
	int in = conn->in, out = conn->out;
	enum err e;

	monitor_init(m, common, conn);
	settle(m);
	ops_log_connection(m);
	tell_connection(conn);
	set_deadline(m);
	title_set("[accepted]");
	host_start(m);
	if ((e = start_gate(m)) != OK) {
		log_error("gate: fork: %s", strerror(errno));
		leave_refused(m);
	}
	e = serve(m, is_handed_over);
	if (e != OK && e != ERR_EOF)
		log_error("gate of %s port %u: %s", conn->peer_ip,
		    (unsigned int)conn->peer_port, err_sentence(e));
	if (e != OK)
		leave_refused(m);
	ops_key_stop(m);
	ops_gss_stop(m);
	command_forget(m);
	rpc_free(take(&m->peer));
	bury(m, &m->gate_pid);
	if (m->crashed)
		leave_refused(m);
	if ((e = grant_start(m)) != OK)
		leave_refused(m);
	phases_reach(m, PHASE_END_SESSION, clock_mono_ms());
	phases_log(m);
	/* the peer must see the end when the session closes the connection */
	if (out != in)
		io_close(&out);
	io_close(&in);
	run_session(m);
	_exit(MONITOR_EXIT_OK);
}
