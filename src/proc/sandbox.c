/*
 * sandbox.c - enter what the role's row says
 */
#include "sallyport/proc/sandbox.h"

#include "config.h"
#include "row.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/title.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_FATAL 255 /* as sshd's */

/* Half a sandbox is none (SEC-12). */
static void
need(enum err e, const char *what)
{
	if (e == OK)
		return;
	if (e == ERR_SYSTEM)
		log_fatal("sandbox: %s: %s", what, strerror(errno));
	else
		log_fatal("sandbox: %s: %s", what, err_sentence(e));
	_exit(EXIT_FATAL);
}

static enum err
system_err(int result)
{
	return result == 0 ? OK : ERR_SYSTEM;
}

static enum err
set_limits(const struct role_row *row)
{
	for (size_t i = 0; i < row->nlimits; i++) {
		rlim_t value = row->limits[i].value;
		struct rlimit now, both = {value, value};

		/* what root, or whoever started us, allowed less of stays */
		if (getrlimit(row->limits[i].resource, &now) != 0)
			return ERR_SYSTEM;
		if (now.rlim_max < value)
			both.rlim_cur = both.rlim_max = now.rlim_max;
		if (setrlimit(row->limits[i].resource, &both) != 0)
			return ERR_SYSTEM;
	}
	return OK;
}

const char *
sandbox_root_path(void)
{
	return PRIVSEP_PATH;
}

static int
open_directory(void)
{
	return open(PRIVSEP_PATH,
	    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * Gives a descriptor of the empty directory: root's, writable by no other. It
 * may be gone though the service runs: the unit of another SSH server, which
 * shares it, takes it away when it stops.
 */
static enum err
open_root(int *fd)
{
	struct stat st;

	*fd = open_directory();
	if (*fd < 0 && errno == ENOENT && mkdir(PRIVSEP_PATH, 0755) == 0)
		*fd = open_directory();
	if (*fd < 0 || fstat(*fd, &st) != 0)
		return ERR_SYSTEM;
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return ERR_DENIED;
	return OK;
}

enum err
sandbox_root_ready(void)
{
	SCOPED(io_close) int fd = -1;

	return open_root(&fd);
}

static enum err
enter_root(void)
{
	SCOPED(io_close) int fd = -1;
	enum err e = open_root(&fd);

	if (e != OK)
		return e;
	if (fchdir(fd) != 0 || chroot(".") != 0 || chdir("/") != 0)
		return ERR_SYSTEM;
	return OK;
}

void
sandbox_prepare(enum role role)
{
	seccomp_prepare(role_row(role)->lists, ROLE_LISTS_MAX);
}

void
sandbox_undumpable(void)
{
	need(system_err(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)), "dumpable");
}

void
sandbox_enter(enum role role, pid_t parent)
{
	const struct role_row *row = role_row(role);
	unsigned int steps = creds_is_root() ? row->as_root : row->as_user;
	struct creds nobody = {.groups = NULL};

	if (row->title != NULL)
		title_set("%s", row->title);
	if (steps & STEP_IDS)
		need(creds_unprivileged(&nobody.uid, &nobody.gid),
		    creds_unprivileged_name());
	need(set_limits(row), "limits");
	if (steps & STEP_ROOT_DIR)
		need(enter_root(), PRIVSEP_PATH);
	if (steps & STEP_BOUNDING)
		need(creds_drop_bounding(), "bounding set");
	if (steps & STEP_IDS)
		need(creds_become(&nobody), "ids");
	if (steps & STEP_CAPABILITIES)
		need(creds_drop_capabilities(), "capabilities");
	if (steps & STEP_UNDUMPABLE)
		sandbox_undumpable();
	if (parent != 0)
		parent_die_with(parent);
	if (steps & STEP_NO_NEW_PRIVS)
		need(system_err(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
		    "no_new_privs");
	if (steps & STEP_FILTER)
		need(seccomp_enter(row->lists, ROLE_LISTS_MAX), "filter");
}

bool
sandbox_is_filtered(pid_t pid)
{
	static const char line[] = "\nSeccomp:\t2\n";
	SCOPED(io_close) int fd = -1;
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || io_read_all(fd, 16384, &text) != OK)
		return false;
	return memmem(text.p, text.n, line, sizeof(line) - 1) != NULL;
}
