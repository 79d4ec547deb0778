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

/*
 * Effective ids and groups to a user's and back; real and saved ids stay
 * root's. Not nested. Without root both do nothing. After a failure the
 * process has ids of neither and must end. ERR_SYSTEM, ERR_DENIED.
 */
MUST_USE enum err creds_borrow(const struct creds *c);
MUST_USE enum err creds_return(void);

/*
 * Ids of the unprivileged account (configure: --with-privsep-user), looked up
 * once, before any root directory changes; whoever forks calls it first, so
 * that its children needn't. Uid 0 counts as none. ERR_NOT_FOUND.
 */
MUST_USE enum err creds_unprivileged(uid_t *uid, gid_t *gid);

const char *creds_unprivileged_name(void); /* for the log */

/* Empty the bounding set: no exec brings a capability back. Needs root, so it
 * comes before creds_become. ERR_SYSTEM. */
MUST_USE enum err creds_drop_bounding(void);

/* Empty all the other capability sets, the ambient one too, and verify;
 * after creds_become. ERR_SYSTEM, ERR_DENIED. */
MUST_USE enum err creds_drop_capabilities(void);

/* Is there such an account? Asks NSS; for who tests a configuration. */
bool creds_has_user(const char *name);
bool creds_has_group(const char *name);

/* Names of a user's groups, as Match Group compares them; none for who isn't
 * there. Gives array and names; n tells how many. */
char **creds_group_names(const char *user, size_t *n);

/* Real uid 0: true while a user's rights are borrowed, false for good after
 * creds_become made us somebody else. */
bool creds_is_root(void);

#endif
