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
#include "sallyport/conf/conf.h"
#include "sallyport/rpc/control_ops.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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

/* ---- account.c ---- */
struct account {
	bool known;
	char *name, *home, *shell;
	uid_t uid;
	gid_t gid;
	gid_t *ids; /* of groups, primary and supplementary */
	size_t nids;
	char **groups; /* names, of those that have one */
	size_t ngroups;
};
void account_find(struct account *a, const char *name);
/* The user's rights, to look into the files; until creds_return. */
MUST_USE enum err account_borrow(const struct account *a);

/* ---- explain.c, explain_key.c ---- */

/* What a login would be decided by. */
struct case_of {
	const struct ctl *c;
	const struct conf_set *set;
	struct conf conf; /* with Match applied */
	struct slice blocks;
	struct account account;
	bool allowed; /* nothing spoke against the account yet */
};

/* " (FILE:LINE)", or " (default)", of conf's member; element: of a list. Not
 * to be kept. */
const char *
explain_origin(const struct case_of *x, const void *member, size_t element);

/* One line of the answer: "yes  WHAT", "no   WHAT", or "     WHAT". */
enum mark { MARK_NONE, MARK_YES, MARK_NO };
void explain_line(enum mark mark, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Where the key of --key is listed, and whether it lets in. */
struct key_case {
	bool lets_in;
	bool has_command;
};
void explain_key(const struct case_of *x, struct key_case *result);

#endif
