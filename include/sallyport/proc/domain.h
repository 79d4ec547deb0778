/*
 * domain.h - SELinux: this process moves to another domain
 *
 * Source:  proc_pid_attr(5). Plain reads and writes, no library: for a process
 *          that is already the user's.
 */
#ifndef SALLYPORT_PROC_DOMAIN_H
#define SALLYPORT_PROC_DOMAIN_H

#include "sallyport/base/err.h"

#define DOMAIN_OF_SELF "/proc/thread-self/attr"

/*
 * Go on with another type, and the user, role and level of now:
 * "system_u:system_r:sshd_t:s0" becomes "system_u:system_r:TYPE:s0".
 *
 * folder: DOMAIN_OF_SELF, but for tests. ERR_SYSTEM with errno: there is no
 * /proc, no SELinux, or the policy forbids it; ERR_FORMAT: the present context
 * isn't one. Nothing has changed then.
 */
MUST_USE enum err domain_change(const char *folder, const char *type);

#endif
