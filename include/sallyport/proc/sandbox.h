/*
 * sandbox.h - enter what the role's row says
 *
 * Order (architecture, Traps): limits, root directory, bounding set, groups,
 * gid, uid, verify, not dumpable, PDEATHSIG, no_new_privs, filter. Any failure
 * ends the process: never "log and go on" (SEC-12). Without root, steps that
 * need it are left out by the row.
 */
#ifndef SALLYPORT_PROC_SANDBOX_H
#define SALLYPORT_PROC_SANDBOX_H

#include "sallyport/proc/role.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Become what role.c says of role. parent: the pid that must still be the
 * parent after PDEATHSIG is set (0: don't set it). Descriptors were closed by
 * the caller before (io_close_but).
 */
void sandbox_enter(enum role role, pid_t parent);

/* Make this process not dumpable, no core file (keeper, session, monitor). */
void sandbox_undumpable(void);

/* For tests: is the filter in force (reads /proc/self/status)? */
bool sandbox_is_filtered(void);

#endif
