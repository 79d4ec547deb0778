/*
 * row.h - what a role's row says; private to proc
 */
#ifndef SALLYPORT_SRC_PROC_ROW_H
#define SALLYPORT_SRC_PROC_ROW_H

#include "sallyport/proc/role.h"

#include "seccomp.h"

#include <sys/resource.h>

/* What sandbox_enter does, in this order. */
#define STEP_ROOT_DIR     1u  /* the empty root directory */
#define STEP_BOUNDING     2u  /* no capability by exec */
#define STEP_IDS          4u  /* the unprivileged account */
#define STEP_CAPABILITIES 8u  /* none; a user may have been given some */
#define STEP_UNDUMPABLE   16u /* no core, no ptrace, no /proc/PID/mem */
#define STEP_NO_NEW_PRIVS 32u /* no privilege by exec */
#define STEP_FILTER       64u /* the rows of calls */

#ifdef __GLIBC__
#define LIMIT_KIND __rlimit_resource_t
#else
#define LIMIT_KIND int
#endif

struct limit {
	LIMIT_KIND resource; /* RLIMIT_… */
	rlim_t value;        /* soft and hard */
};

#define ROLE_LISTS_MAX 3

struct role_row {
	const char *name;
	const char *title; /* for ps; NULL: the process sets its own */
	unsigned int as_root;
	unsigned int as_user; /* without the steps that need root */
	const struct limit *limits;
	size_t nlimits;
	struct call_list lists[ROLE_LISTS_MAX];
};

const struct role_row *role_row(enum role r);

#endif
