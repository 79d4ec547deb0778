/*
 * desk.h - a monitor's state without its processes
 *
 * A configuration from text, an account and a peer that the test chooses, and
 * the log kept as lines "LEVEL text". The processes that a monitor starts are
 * played by this file: keycheck answers by what the blob says, gate and
 * session end at once.
 *
 *     struct desk d;
 *     desk_init(&d, "PasswordAuthentication no\n");
 *     ck_assert_str_eq(desk_methods(&d), "publickey,keyboard-interactive");
 *     desk_clear(&d);
 */
#ifndef SALLYPORT_TESTS_MONITOR_DESK_H
#define SALLYPORT_TESTS_MONITOR_DESK_H

#include "monitor.h"
#include "suite.h"

#include "tests/unit/conf/fixture.h"

#include "sallyport/base/buf.h"
#include "sallyport/roles.h"

struct desk {
	struct fixture conf;
	struct common common;
	struct conn conn;
	struct buf log;
	struct rpc *gate; /* the other end, after desk_gate */
	struct monitor m; /* peer 192.0.2.7 port 4711, account "alice" */
};

void desk_init(struct desk *d, const char *configuration);
void desk_clear(struct desk *d);

/* A peer for d->m that the test writes to and reads from: d->gate. */
void desk_gate(struct desk *d);

/* Take one request of the gate's and answer it. */
enum err desk_serve(struct desk *d);

/* A name, or who runs this test; with groups "staff" and "wheel". */
void desk_user(struct desk *d, const char *name);

/* Names that may continue; valid until the next call. */
const char *desk_methods(const struct desk *d);

/* Does this line "LEVEL text" stand in the log? Does a part of it? */
bool desk_logged(const struct desk *d, const char *line);
bool desk_said(const struct desk *d, const char *part);
void desk_forget_log(struct desk *d);

/* What the played keycheck says of a blob: it is listed if the blob begins
 * with "good", verified if the signature is "sig"; "good command", "good
 * restrict" carry these options; "crash" ends it by a signal; "group" wants
 * netgroups first, and any answer will do; "program" wants one for ever. */

/* And of a key, for a program's arguments: set before ops_key_start. */
extern struct tokens_rep desk_told;

/* And wants to know of netgroups: likewise. */
extern struct netgroups_msg desk_questions;

/*
 * An errand that is exec'd is this program again, which main gives to
 * desk_errand: it prints arguments, then "--" and the environment, a line
 * each, then "uid gid timeout". By its path a program ends otherwise:
 * /bin/status with 3, /bin/signal by 9, /bin/slow too late, /bin/long,
 * /bin/absent, /bin/unsafe; /bin/crash answers nothing. Of netgroups it says
 * that whoever begins with a "y" is in each; "crash" answers nothing.
 */
int desk_errand(void);

/* What the next host_start's errand will tell, or that it never does. */
extern struct lookup_msg desk_lookup;
extern bool desk_lookup_silent;

/*
 * Linux audit, as the kernel is seen from here: records come to desk_audit as
 * lines "TYPE text". desk_audit_off: it is switched off; desk_audit_errno: it
 * takes nothing, for this reason.
 */
extern struct buf desk_audit;
extern bool desk_audit_off;
extern int desk_audit_errno;

#endif
