/*
 * monitor.h - the monitor's state; private to this room
 *
 * One process per connection, as root. It decides, and parses nothing but its
 * own protocol: what a peer sent is compared, hashed or handed on.
 */
#ifndef SALLYPORT_MONITOR_MONITOR_H
#define SALLYPORT_MONITOR_MONITOR_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/conf/conf.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/monitor_ops.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define USER_MAX      1024  /* octets of a name as sent, ":style" included */
#define GROUPS_MAX    65536 /* NGROUPS_MAX */
#define LINES_MAX     64    /* terminals of one connection with records */
#define REQUESTS_MAX  1024  /* authentication requests, as sshd bounds them */
#define USED_KEYS_MAX 16    /* keys of one login with several steps */
#define PASSWORD_MAX  1024  /* octets; longer ones aren't hashed (SEC-37) */
#define LOGS_MAX      2000  /* lines that a gate may have us write (SEC-58) */

/* The user's account, or a decoy for a name that doesn't exist. */
struct account {
	bool known;
	char *name;
	uid_t uid;
	gid_t gid;
	char *home;
	char *shell;
	gid_t *groups; /* primary and supplementary; when looked up */
	size_t ngroups;
	char **group_names; /* as long as groups; looked up where it matters */
	size_t nnames;
};

/* What a login's phases end with; phases.c. */
enum phase_end {
	PHASE_END_FORK,    /* from accept: silence, the queue, the spawner */
	PHASE_END_VERSION, /* the gate started; the peer identified itself */
	PHASE_END_KEX,
	PHASE_END_AUTH,    /* the verdict that lets in */
	PHASE_END_SESSION, /* handing over, PAM's session, the session's fork */
	PHASE_ENDS
};

/* Where AuthenticationMethods stands; methods.c. */
struct methods {
	struct slice *lists; /* what is still due of each list */
	size_t n;
	bool any; /* one success is enough */
};

struct pam; /* pam.c */

/* A terminal that the session was given. */
struct line {
	char name[32]; /* "pts/3" */
	bool recorded; /* utmp and wtmp say that it is in use */
	pid_t pid;
};

struct monitor {
	const struct common *common;
	const struct conn *conn;
	struct conf conf;   /* global, then with Match applied */
	struct rpc *peer;   /* gate, then session */
	struct rpc *keeper; /* a link of its own; NULL until it is needed */
	struct rpc *keycheck;
	struct rpc *lifeline; /* NULL with -i */
	struct rpc *acceptor; /* of a GSSAPI exchange; or NULL */
	struct serve serve;
	unsigned int phase;
	pid_t gate_pid, keycheck_pid, acceptor_pid, session_pid;
	pid_t keys_pid; /* who has, or had last, the transport's keys */
	uint64_t started_ms;
	uint64_t phase_at_ms[PHASE_ENDS];     /* clock_mono_ms; phases.c */
	uint32_t logs;                        /* lines written for the gate */
	char *method, *fingerprint, *cert_id; /* last tried, for ops_log.c */

	const char
	    *host; /* client's name, where there is one; or its address */
	struct rpc *lookup;
	pid_t lookup_pid;
	uint64_t lookup_until_ms;

	uint8_t session_id[64];
	size_t session_id_octets;

	/* who it claims to be */
	char *user_sent; /* as sent */
	char *user;      /* without ":style" and "/role" */
	char *role;      /* SELinux's, or NULL */
	struct account account;
	bool valid; /* exists, and nothing of the account speaks against it */
	bool prohibited;  /* RefuseConnection */
	bool must_change; /* the password has expired: in to change it alone */
	uint32_t told;    /* refusals whose rule was told, by enum refusal */
	const struct explain *explain; /* who asks what is decided; NULL */
	uint32_t unlisted;             /* keys that nobody listed */
	uint8_t *blocks;               /* Match blocks that hold */
	size_t nblocks;

	/* authentication */
	struct methods methods;
	uint32_t requests, failures;
	bool none_tried;          /* once a connection */
	uint64_t request_ns;      /* when the present one came */
	uint8_t (*used_keys)[32]; /* USED_KEYS_MAX; made at the first */
	size_t nused;
	struct buf auth_info;  /* ExposeAuthInfo's lines */
	struct slice auth_key; /* "TYPE BASE64" while a key is decided on */

	/* of the key that opened the door, for the grant */
	uint32_t permits;
	bool has_key_command;
	char *key_command;
	struct buf key_environment, key_permitopen, key_permitlisten;
	uint32_t key_tunnel;

	/* a PAM dialogue */
	struct pam *pam;
	bool answered, cancelled, gone;
	struct buf answers; /* secret */
	uint32_t nanswers;
	struct buf messages; /* what PAM had to say */

	/* GSSAPI: ops_gss.c, ccache.c */
	bool acceptor_broken; /* it can't be had */
	struct buf gss_token; /* that is being sent */
	struct buf ccache;    /* a file's octets, until it is written; secret */
	char *ccache_name;    /* "FILE:/tmp/…" */

	/* for the statistics; ops_lifeline.c */
	const char *kex, *cipher, *hostkey; /* constants of crypto/algo.c */
	uint32_t failed_publickey, failed_password, failed_kbdint;
	uint32_t failed_other;
	const char *refused; /* the word of the last refusal */
	bool looking;        /* the session was asked, and hasn't answered */
	bool listener_gone;
	struct stats_msg stats; /* as the session told them last */
	uint32_t reclaim_owed;  /* questions that the session didn't answer */
	uint32_t reclaim_hears; /* answers that it may still be told */
	uint32_t reclaim_spent; /* of its own questions, as of the time */
	uint64_t reclaim_ms;    /* (clock_mono_ms) beside it */

	/* handing over and after */
	int state;          /* transport's, a sealed memory file; -1 */
	struct line *lines; /* LINES_MAX; made at the first */
	bool crashed;       /* a child died of a signal of its own doing */

	char *context;      /* SELinux's for the user's programs, or NULL */
	bool trail_session; /* its beginning was recorded by us, not libpam */
};

/* ---- account.c ---- */
/* Warm NSS by a name that files answer. */
void account_warm(void);
/* Fill *a from the system's database; a decoy if the name isn't there. */
void account_find(struct account *a, const char *name);
void account_groups(struct account *a);      /* ids */
void account_group_names(struct account *a); /* and names */
gid_t account_tty_group(gid_t otherwise);
/* The user's groups, as initgroups would set them but without asking NSS again;
 * PAM adds to the list after it. */
bool account_set_groups(const struct account *a);

/* ---- host.c ---- */
/* UseDNS: have the client's name looked up; m->host is its address until then.
 * Before anything secret is known: it takes a fork. */
void host_start(struct monitor *m);
void host_learn(struct monitor *m); /* wait for it; tells what is wrong */
void host_stop(struct monitor *m);

/* ---- admit.c ---- */
/* May this account try at all? Logs why not (refusal.c); false then. */
bool admit_account(struct monitor *m);
/* Root and the method: PermitRootLogin; logs a refusal. */
bool admit_root(struct monitor *m, const char *method, bool forced);

/* An attempt failed that the policy for root wouldn't have let succeed. */
void admit_tell_root(struct monitor *m, const char *method);

/* May a password be right for this account at all (root's policy)? */
bool admit_root_password(const struct monitor *m);

/* ---- refusal.c ---- */
enum refusal {
	REFUSED_UNKNOWN,
	REFUSED_LOCKED,
	REFUSED_SHELL_MISSING,
	REFUSED_SHELL_NOT_EXECUTABLE,
	REFUSED_DENY_USERS,
	REFUSED_ALLOW_USERS,
	REFUSED_ALLOW_USERS_NOT, /* by one of its '!' */
	REFUSED_DENY_GROUPS,
	REFUSED_ALLOW_GROUPS,
	REFUSED_NO_GROUPS,
	REFUSED_EXPIRED,
	REFUSED_ROOT,
	REFUSED_OTHER_ACCOUNT,
	REFUSED_CONNECTION,
	REFUSED_METHODS,
	REFUSED_PAM,
	REFUSED_TRIES,
	REFUSED_UNLISTED,
	REFUSALS
};
/* The line that filters read, and once the rule with the place in the
 * configuration that decided. */
void refusal_log(struct monitor *m, enum refusal why, const char *detail);
/* The same where one entry of a list decided. */
void refusal_log_entry(struct monitor *m, enum refusal why, const char *detail,
    size_t element);
/* The rule alone, where filters are to read of nothing else. */
void refusal_log_rule(struct monitor *m, enum refusal why, const char *detail);
/* Of a rule that was met; only explain.c wants to hear of it. */
void refusal_passed(const struct monitor *m, enum refusal why,
    const char *detail, size_t element);
/* Append " (FILE line 7)": who decided the member of m->conf at this offset. */
MUST_USE enum err refusal_place(const struct monitor *m, size_t member,
    size_t element, struct buf *line);
/* Why a key isn't good; what isn't listed is only counted, and told by the
 * other where nothing else was. */
void refusal_log_key(struct monitor *m, const struct judge_rep *j);
void refusal_log_unlisted(struct monitor *m);

/* ---- methods.c ---- */
/* Begin: AuthenticationMethods and what is enabled. False: cannot be
 * satisfied (logged). */
bool methods_init(struct monitor *m);
bool
methods_allowed(const struct monitor *m, const char *method, const char *sub);
/* A method was passed: is everything done? */
bool methods_passed(struct monitor *m, const char *method, const char *sub);
/* Names that may continue, comma-separated; a static buffer. */
struct slice methods_list(const struct monitor *m);

/* ---- verdict.c ---- */
/* An authentication request begins: counts it. False: too many. */
bool verdict_begin(struct monitor *m);
/*
 * The one place that says yes (SEC-34). authenticated: the credential holds.
 * method is "publickey" …; sub "pam" or NULL; info what follows "ssh2: ".
 * Logs, counts, waits where it must, and gives the verdict.
 */
enum verdict verdict_give(struct monitor *m, bool authenticated,
    const char *method, const char *sub, const char *info);
/* "Postponed": a key that would do, a dialogue between steps. */
void verdict_postponed(const struct monitor *m, const char *method,
    const char *sub, const char *info);
/* Hold a refusal back, so that its time tells nothing. */
void verdict_delay(const struct monitor *m);
/* The verdict and what may continue, as the answer to an auth_ request. */
void
verdict_reply(const struct monitor *m, enum verdict v, struct verdict_rep *rep);
/* What goes with it: why PAM refuses, for the client to show. */
struct slice verdict_message(const struct monitor *m, unsigned int v);
uint8_t verdict_outcome(const struct monitor *m);

/* ---- phases.c ---- */
/* It ended, at that time (clock_mono_ms), if that can be. */
void phases_reach(struct monitor *m, enum phase_end end, uint64_t at_ms);
/* How long it took; 0 where it wasn't reached. */
uint32_t phases_ms(const struct monitor *m, enum phase_end end);
void phases_log(const struct monitor *m); /* one VERBOSE line for all */

/* ---- shadow.c ---- */
/* Check against crypt(3); costs the same whether the user exists. */
bool shadow_check(const struct monitor *m, struct slice password);
/* The time that this takes, for nothing. */
void shadow_decoy(void);
enum shadow_state {
	SHADOW_USABLE,
	SHADOW_LOCKED,
	SHADOW_EXPIRED, /* the account */
	SHADOW_AGED     /* the password */
};
/* One look at shadow(5); logs an expired password, and tells the user in words
 * what is about to expire. */
enum shadow_state shadow_state(const char *name, struct buf *words);

/* ---- pam.c ---- */
/* Load libpam and the service's modules, if the configuration wants them. */
void pam_warm(const struct conf *conf);
MUST_USE enum err pam_begin(struct monitor *m);
bool pam_password(struct monitor *m, struct slice password);
/* Runs PAM's dialogue inside on_kbdint_start. True: authenticated. */
bool pam_dialogue(struct monitor *m);
/* Account management; logs a refusal. */
bool pam_account(struct monitor *m);
MUST_USE enum err pam_session(struct monitor *m);
const char *const *pam_environment(struct monitor *m);
/* For the modules' environment, and so the session's. */
void pam_put(struct monitor *m, const char *name, const char *value);
/* After the session's fork: limits of this process as before pam_limits. */
void pam_restore_limits(struct monitor *m);
void pam_forget(struct monitor *m); /* in the session's process */
void pam_finish(struct monitor *m);

/* ---- trail.c ---- */
/* Is there audit, and what is this program called? Before the first fork. */
void trail_warm(void);
/* Has it been switched on or off? Before each fork. */
void trail_refresh(void);
/* A signature was judged, the user's or the host's; a password, without PAM. */
#define TRAIL_PUBKEY    "pubkey_auth grantors=auth-key"
#define TRAIL_HOSTBASED "hostbased_auth grantors=auth-key"
void trail_key(struct monitor *m, const char *operation,
    struct slice fingerprint, bool good);
void trail_password(struct monitor *m, bool good);
void trail_failed(struct monitor *m); /* an attempt to come in */
/* Somebody is in. An error, which is logged: without a record nobody is. */
MUST_USE enum err trail_login(struct monitor *m);
void trail_line(struct monitor *m, const struct line *line, bool open);
/* The connection is over, and who had its keys is no more. */
void trail_end(struct monitor *m);

/* ---- ops_user.c ---- */
/* Find the account that m->user names, and the configuration for it. */
MUST_USE enum err ops_user_find(struct monitor *m);

/* ---- contexts.c ---- */
/* Load libselinux where SELinux is on. Before the first fork. */
void contexts_warm(void);
/* The same with this library; enforce: a file that begins with "0" where the
 * policy isn't enforced (keeps the name). */
void contexts_load(const char *library, const char *enforce);
/* Where SELinux is on: "name/role" and "name/role:style" name a role, which is
 * cut off *user. Gives it, or NULL: there is none. */
char *contexts_role(struct slice *user);
/* The account's context into m->context. ERR_DENIED, which is logged: it has
 * none, and the policy is enforced. */
MUST_USE enum err contexts_find(struct monitor *m);
/* Around the opening of PAM's session: keyrings have this context; and a module
 * may have chosen another. */
void contexts_before_modules(const struct monitor *m);
void contexts_after_modules(struct monitor *m);
/* In the session's process, still root: what it execs starts there. ERR_DENIED
 * as above. */
MUST_USE enum err contexts_enter(const struct monitor *m);
/* A terminal gets the context that the policy has for it, or keeps its own. */
void contexts_terminal(const struct monitor *m, int fd, const char *name);

/* ---- ops_key.c ---- */
/* keycheck's word on a key, with what it wants to hear of programs and
 * netgroups; what only the monitor knows is filled into *ask. *rep lives until
 * the next request; all zero without a keycheck. */
MUST_USE enum err
ops_key_judge(struct monitor *m, struct judge_req *ask, struct judge_rep *rep);
/* Fork keycheck, once the user is known; before PAM saw anything. */
void ops_key_start(struct monitor *m);
void ops_key_stop(struct monitor *m);

/* ---- ops_log.c ---- */
/* What journald is told beside the lines (base/log.h), if it is there. */
void ops_log_connection(const struct monitor *m);
void ops_log_user(const struct monitor *m);
/* Until the next: "publickey" …, and what follows "ssh2: " or NULL. */
void
ops_log_credential(struct monitor *m, const char *method, const char *info);
/* The fingerprint in "ED25519 SHA256:…"; empty where there is none. */
struct slice ops_log_fingerprint(struct slice info);

/* ---- command.c ---- */
/*
 * Run the program whose output keycheck wants. Gives *output, a sealed memory
 * file, or -1 where there is none: the program failed, which is logged. Errors
 * are keycheck's.
 */
MUST_USE enum err
command_run(struct monitor *m, const struct judge_rep *asked, int *output);
/* Once somebody is in: a session keeps nothing of what programs printed. */
void command_forget(struct monitor *m);

/* ---- netgroups.c ---- */
/*
 * Have answered what keycheck wants to know of netgroups. Gives *output, a
 * sealed memory file, or -1 where there is no answer, which is logged. Errors
 * are keycheck's.
 */
MUST_USE enum err netgroups_run(struct monitor *m, int *output);

/* ---- ops_gss.c ---- */
/* End of an exchange, if one is open. */
void ops_gss_stop(struct monitor *m);

/* ---- ccache.c ---- */
/* Write delegated credentials, if there are any, as the user: m->ccache_name
 * then. */
void ccache_store(struct monitor *m);
/* Remove what ccache_store wrote. */
void ccache_destroy(struct monitor *m);

/* ---- ops_password.c ---- */
MUST_USE enum err
ops_password_converse(struct monitor *m, const struct prompt_rep *prompts);

/* ---- ops_session.c ---- */
void ops_session_close_lines(struct monitor *m);

/* ---- ops_lifeline.c ---- */
/* What was agreed on in the first key exchange, by the gate's word. */
void ops_lifeline_note_exchange(struct monitor *m, const struct sign_req *req);
void ops_lifeline_note_failure(struct monitor *m, const char *method);
/* The way in is over: somebody is in by this method; or nobody. */
void ops_lifeline_logged_in(struct monitor *m, const char *method);
void ops_lifeline_refused(struct monitor *m);
void ops_lifeline_outcome(struct monitor *m, enum outcome o);
/* One note of the listener's, when its descriptor is readable. False: the
 * session is to be closed. */
bool ops_lifeline_take(struct monitor *m);

/* ---- ops_reclaim.c ---- */
/* From the listener, received but not decoded: another session's question, an
 * answer to ours. */
MUST_USE enum err ops_reclaim_question(struct monitor *m);
MUST_USE enum err ops_reclaim_answer(struct monitor *m);

/* ---- records.c ---- */
struct last_login {
	uint64_t time;
	char host[257];
};
void records_login(const struct monitor *m, struct line *line,
    struct last_login *last);
void records_logout(const struct monitor *m, struct line *line);
void records_failed(const struct monitor *m); /* btmp, where it exists */

/* ---- grant.c ---- */
/* Fork the session; returns in the monitor. */
MUST_USE enum err grant_start(struct monitor *m);

/* ---- monitor.c ---- */
void monitor_init(struct monitor *m, const struct common *common,
    const struct conn *conn);
/* Wait for the peer's next request. ERR_EOF where a process of this connection
 * ended or we were told to end. */
MUST_USE enum err monitor_wait(struct monitor *m);
void monitor_tell_listener(struct monitor *m, uint32_t number,
    const struct layout *layout, const void *message);
/* Fork a child of this connection. In the child: descriptors but keep are
 * closed; returns its end of the channel. In the parent: 0 and *channel. */
pid_t monitor_fork(struct monitor *m, int *channel);

#endif
