/*
 * parent.c - die with the parent; notice a child's end
 */
#include "sallyport/proc/parent.h"

#include "sallyport/base/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void
parent_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
		log_fatal("PR_SET_PDEATHSIG: %s", strerror(errno));
		_exit(255);
	}
	/* it may have died before, and nothing would tell us */
	if (getppid() != parent)
		_exit(255);
}

enum err
parent_watch_child(pid_t child, int *fd)
{
	*fd = (int)syscall(SYS_pidfd_open, child, 0);
	return *fd < 0 ? ERR_SYSTEM : OK;
}

enum err
parent_reap(pid_t child, bool nohang, int *status)
{
	pid_t got;

	do
		got = waitpid(child, status, nohang ? WNOHANG : 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return ERR_SYSTEM;
	return got == 0 ? ERR_AGAIN : OK;
}

bool
parent_is_crash(int status)
{
	if (!WIFSIGNALED(status))
		return false;
	switch (WTERMSIG(status)) {
	case SIGKILL: /* the deadline, PDEATHSIG, an administrator */
	case SIGTERM:
	case SIGHUP:
	case SIGINT: /* a keyboard's, where -d runs in the foreground */
	case SIGQUIT:
		return false;
	default:
		return true;
	}
}
