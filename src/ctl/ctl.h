/*
 * ctl.h - sallyportctl: the administrator's side of the control socket;
 * private to this room
 *
 * A short-lived program of root's. What it prints comes from the daemon, and
 * in it what strangers chose (names, addresses): all of it is escaped.
 */
#ifndef SALLYPORT_SRC_CTL_CTL_H
#define SALLYPORT_SRC_CTL_CTL_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/rpc/control_ops.h"

#include <stdbool.h>
#include <stdint.h>

/* What the command line said. */
struct ctl {
	const char *socket; /* path */
	bool json;
	bool all;
	char **words; /* after the command */
	int nwords;
	/* of reload */
	uint32_t confirm_s;
	/* of metrics */
	bool prometheus;
	/* of explain */
	const char *file; /* configuration; NULL: the daemon's */
	const char *user, *address, *host, *local_address, *rdomain, *key;
	int local_port;
};

enum { EXIT_NO = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3 };

/* ---- ask.c: the connection -------------------------------------------------- */

/* Connect; tells why it can't and gives NULL. rpc_free. */
struct rpc *ask_open(const struct ctl *c);
/* The same, without a word, as often as it takes for so long. */
struct rpc *ask_patiently(const struct ctl *c, uint32_t ms);
/* A request failed: tell. Gives the exit status. */
int ask_failed(const struct ctl *c, enum err e);

/* ---- commands: exit status ---- */
int show_status(const struct ctl *c); /* show.c */
int show_reload(const struct ctl *c);
int show_confirm(const struct ctl *c);
int show_kill(const struct ctl *c);
int show_metrics(const struct ctl *c);
int lists_sessions(const struct ctl *c); /* lists.c */
int lists_penalties(const struct ctl *c);
int explain_run(const struct ctl *c); /* explain.c */

/* ---- show.c: writing ---- */
/* A text as a JSON string, quotes included; not to be kept (of eight). */
const char *show_json(struct slice text);
/* "3d 4h", "12m 5s": two units, for people. Not to be kept. */
const char *show_age(uint64_t ms);
/* "1.5M". Not to be kept. */
const char *show_octets(uint64_t n);
/* Wall clock as ISO 8601 in UTC. Not to be kept. */
const char *show_time(uint64_t seconds);

#endif
