/*
 * chroot.h - a root directory that only root can have made
 *
 * Source:  SEC-50. Whoever can write to a directory above it, or to it, could
 *          put files there that root's programs trust (a password file for su,
 *          a library), so each must be root's and writable by nobody else.
 * Runs in: a session that is still root.
 */
#ifndef SALLYPORT_PROC_CHROOT_H
#define SALLYPORT_PROC_CHROOT_H

#include "sallyport/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct chroot_fault {
	char path[4096]; /* how far we came; a folder above ends with '/' */
	bool above;      /* a folder above the one that is meant */
};

/*
 * Walk to an absolute path, one descriptor after the other; symbolic links
 * are followed, each directory that they lead through is looked at, too. What
 * is looked at is what is entered. The working directory is the new root then.
 *
 * ERR_FORMAT: path isn't absolute. ERR_DENIED: a directory isn't root's, or is
 * writable by its group or others. ERR_SYSTEM with errno: no such directory,
 * not a directory, too many links, no right to change the root. The last two
 * fill in *fault. The caller must not go on after any of them.
 */
MUST_USE enum err chroot_enter(const char *path, struct chroot_fault *fault);

#endif
