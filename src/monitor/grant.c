/*
 * grant.c - what the session may do, and its start
 *
 * The user's groups, then pam_setcred, then pam_open_session (pam_group
 * adds to the list in place); the session keeps this process's list.
 */
#include "monitor.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
grant_fill(struct monitor *m, struct grant *g)
{
	*g = (struct grant){.user = m->account.name,
	    .uid = m->account.uid,
	    .gid = m->account.gid,
	    .home = m->account.home,
	    .shell = m->account.shell,
	    .blocks = slice_make(m->blocks, m->nblocks),
	    .permits = m->permits,
	    .has_key_command = m->has_key_command,
	    .key_command = m->key_command,
	    .environment = buf_slice(&m->key_environment),
	    .permitopen = buf_slice(&m->key_permitopen),
	    .permitlisten = buf_slice(&m->key_permitlisten),
	    .tunnel = m->key_tunnel,
	    .pam_env = m->conf.use_pam ? pam_environment(m) : NULL,
	    .ccache = m->ccache_name,
	    .use_lastlog = m->common->root,
	    .must_change = m->must_change,
	    .selinux = m->context != NULL};
	if (m->messages.n > 0)
		g->message = mem_text(buf_slice(&m->messages));
	if (m->auth_info.n > 0)
		g->auth_info = mem_text(buf_slice(&m->auth_info));
}

/* Keyrings that modules make are to have the user's context, too. */
static enum err
open_session(struct monitor *m)
{
	enum err e;

	if ((e = contexts_find(m)) != OK || !m->conf.use_pam)
		return e;
	contexts_before_modules(m);
	e = pam_session(m);
	contexts_after_modules(m);
	return e;
}

static _Noreturn void
become_session(struct monitor *m, const struct grant *g, int channel,
    pid_t monitor)
{
	pam_forget(m);
	if (contexts_enter(m) != OK)
		_exit(MONITOR_EXIT_FAILED);
	session_main(m->common, m->conn, g, m->state, channel, monitor);
}

enum err
grant_start(struct monitor *m)
{
	struct grant g;
	pid_t self = getpid();
	int channel = -1;
	enum err e;

	if (m->common->root && !account_set_groups(&m->account)) {
		log_error("groups of %s: %s", m->account.name, strerror(errno));
		return ERR_SYSTEM;
	}
	ccache_store(m);
	if (m->ccache_name != NULL)
		pam_put(m, "KRB5CCNAME", m->ccache_name);
	if ((e = open_session(m)) != OK)
		return e;
	if ((e = trail_login(m)) != OK)
		return e;
	grant_fill(m, &g);
	m->session_pid = monitor_fork(m, &channel);
	if (m->session_pid == 0)
		become_session(m, &g, channel, self);
	pam_restore_limits(m);
	io_close(&m->state);
	if (m->session_pid < 0) {
		log_error("session: fork: %s", strerror(errno));
		return ERR_SYSTEM;
	}
	m->keys_pid = m->session_pid;
	m->peer = rpc_new(channel);
	log_verbose("User child is on pid %ld", (long)m->session_pid);
	return OK;
}
