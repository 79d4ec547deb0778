/*
 * creds.h - become a user for good, and prove that there is no way back
 *
 * SEC-9: the one function that drops privilege. Any failure is fatal to the
 * caller: it must not go on.
 */
#ifndef SALLYPORT_PROC_CREDS_H
#define SALLYPORT_PROC_CREDS_H

#include "sallyport/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct creds {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary groups to set; see below */
	size_t ngroups;
	bool keep_groups; /* leave the process's list as it is */
};

/*
 * setgroups, setresgid, setresuid, then check that every id is what was asked
 * and that uid 0 can't be had again. Without root: only checks that the ids
 * are ours already. ERR_SYSTEM, ERR_DENIED.
 */
MUST_USE enum err creds_become(const struct creds *c);

/* Effective ids and groups to a user's and back; saved uid stays root.
 * Without root both do nothing. */
MUST_USE enum err creds_borrow(const struct creds *c);
MUST_USE enum err creds_return(void);

/* Ids of the unprivileged account (configure: --with-privsep-user), looked up
 * once, before any root directory changes. ERR_NOT_FOUND. */
MUST_USE enum err creds_unprivileged(uid_t *uid, gid_t *gid);

/* Empty every capability set, the ambient and the bounding one. */
MUST_USE enum err creds_drop_capabilities(void);

bool creds_is_root(void); /* effective uid 0 at start */

#endif
