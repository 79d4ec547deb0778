/*
 * parent.h - die with the parent; notice a child's end
 */
#ifndef SALLYPORT_PROC_PARENT_H
#define SALLYPORT_PROC_PARENT_H

#include "sallyport/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * PR_SET_PDEATHSIG SIGKILL, after the last change of ids, then check that
 * parent is still the parent; ends the process if not.
 */
void parent_die_with(pid_t parent);

/* Descriptor readable at the child's end (pidfd_open, close-on-exec). */
MUST_USE enum err parent_watch_child(pid_t child, int *fd);

/*
 * Wait for one child (never -1); wait status to *status. With nohang,
 * ERR_AGAIN while it lives. ERR_SYSTEM where it is no child of ours.
 */
MUST_USE enum err parent_reap(pid_t child, bool nohang, int *status);

/* A signal ended it that we didn't send (SIGKILL by our deadline counts as
 * ours; SIGTERM, SIGHUP, SIGKILL of an administrator aren't crashes). */
bool parent_is_crash(int status);

#endif
