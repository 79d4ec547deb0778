/*
 * role.h - the roles of our processes: uid, root directory, limits, system
 * calls, title (one table in role.c)
 */
#ifndef SALLYPORT_PROC_ROLE_H
#define SALLYPORT_PROC_ROLE_H

enum role {
	ROLE_LISTENER,
	ROLE_SPAWNER,
	ROLE_KEEPER,
	ROLE_MONITOR,
	ROLE_GATE,
	ROLE_KEYCHECK,
	ROLE_SESSION,
	ROLE_ERRAND,
	ROLE_METRICS,
	ROLE_ACCEPTOR,
	ROLE_COUNT
};

const char *role_name(enum role r); /* "gate" */

#endif
