/*
 * sandbox.h - enter what the role's row says
 *
 * Order: limits, root directory, bounding set, groups, gid, uid, verify, not
 * dumpable (a change of ids resets it), PDEATHSIG (which that clears),
 * no_new_privs, filter. Any failure ends the process: never "log and go on" (SEC-12). Without root, steps that
 * need it are left out by the row.
 */
#ifndef SALLYPORT_PROC_SANDBOX_H
#define SALLYPORT_PROC_SANDBOX_H

#include "sallyport/base/err.h"
#include "sallyport/proc/role.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Become what role.c says of role. parent: the pid that must still be the
 * parent after PDEATHSIG is set (0: don't set it). Descriptors were closed by
 * the caller before (io_close_but).
 */
void sandbox_enter(enum role role, pid_t parent);

/*
 * Work out a role's filter before the first fork, so that children which will
 * enter it share the result (a spawner, for gate and keycheck).
 */
void sandbox_prepare(enum role role);

/* Make this process not dumpable, no core file (keeper, session, monitor). */
void sandbox_undumpable(void);

/*
 * The empty root directory of the confined processes: made where it is
 * missing, then checked to be root's and writable by nobody else.
 * sandbox_enter does the same; the listener may ask at start, as root, to tell
 * earlier. ERR_SYSTEM with errno, ERR_DENIED.
 */
MUST_USE enum err sandbox_root_ready(void);
const char *sandbox_root_path(void); /* for the log */

/* For tests, which look from outside: a confined process can't open files.
 * Does a filter confine pid (/proc/PID/status)? */
bool sandbox_is_filtered(pid_t pid);

#endif
