/*
 * roles.h - the processes' entry functions, and what one hands the next
 *
 * The only header that a process room includes of another's: whoever starts a
 * process names its entry here. Re-exec'd ones (listener, spawner, keeper,
 * errand) get a channel; forked ones (monitor, gate, keycheck, session, and the
 * errand that looks up names) get what their parent knew. All of them end with _exit, never by returning from
 * main: libraries registered exit handlers.
 */
#ifndef SALLYPORT_ROLES_H
#define SALLYPORT_ROLES_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct conf;
struct conf_set;
struct outputs;
struct rpc;

/* A host key that is offered; from the keeper's list (rpc/messages.h). */
struct common_key {
	uint32_t number; /* the keeper's number of the private key */
	bool certificate;
	struct slice type; /* name inside the blob */
	struct slice blob;
};

/*
 * What is the same for all connections of a generation: made by the spawner
 * before its first fork, read-only afterwards, shared by its children.
 */
struct common {
	const struct conf_set *set;
	const struct conf *conf; /* global values */
	const struct common_key *keys;
	size_t nkeys;
	struct slice moduli; /* the moduli file's text, maybe empty */
	bool root;           /* runs as root */
	bool inetd;          /* -i or -d: no setsid, ends with its connection */
	uid_t gate_uid;      /* unprivileged account */
	gid_t gate_gid;
	uint8_t delay_seed[32]; /* of this boot: steps of a refusal's delay */

	/* what programs printed for earlier connections, as far as it may be
	 * used again (proc/outputs.h); the channel for more of it, or -1 */
	struct outputs *outputs;
	int outputs_channel;
};

/* One connection, as accepted. */
struct conn {
	uint32_t number;
	uint64_t accepted_ms; /* clock_mono_ms; the grace time counts from it */
	char peer_ip[64];     /* numeric, without brackets; "UNKNOWN" */
	uint16_t peer_port;   /* 65535 then */
	char local_ip[64];
	uint16_t local_port;
	char rdomain[32];
	char version[256]; /* our identification line as sent, no CR LF */
	int in; /* the connection: one socket, or with -i two pipes */
	int out;
	int lifeline; /* to the listener; -1 with -i */
	int keeper; /* channel over which the monitor asks the keeper for a link
		     * of this connection's own, at the first signature */
};

/* What a session may do and as whom: the monitor's decision. */
struct grant {
	const char *user; /* name as the system spells it */
	uid_t uid;
	gid_t gid;
	const char *home;
	const char *shell;
	struct slice blocks; /* Match blocks that hold (conf/conf.h) */

	uint32_t permits; /* PERMIT_* of rpc/messages.h, configuration not yet
			   * considered */
	bool has_key_command;
	const char *key_command;  /* command= of the key */
	struct slice environment; /* environment= of the key: list of strings */
	struct slice permitopen;  /* lists of strings */
	struct slice permitlisten;
	uint32_t tunnel;

	const char *const *pam_env; /* NAME=value, NULL-terminated, filtered */
	const char *message; /* what PAM had to say, for an interactive login */
	const char *auth_info; /* ExposeAuthInfo's text, or NULL */
	const char *ccache;    /* KRB5CCNAME, or NULL */
	bool use_lastlog;      /* the monitor will answer login_record */
	bool must_change;      /* the password has expired: passwd, no more */
	bool selinux;          /* programs have a context of their own */
};

/*
 * A monitor's exit status. The listener retires a generation of which a child
 * crashed (SEC-1).
 */
enum {
	MONITOR_EXIT_OK = 0,
	MONITOR_EXIT_FAILED = 255,
	MONITOR_EXIT_CHILD_CRASHED = 70
};

/* ---- entries ------------------------------------------------------------ */

/* sallyportctl, a program of its own. Gives the exit status. */
int ctl_main(int argc, char **argv);

/* sftp-server, likewise: serves descriptors 0 and 1. */
int sftp_main(int argc, char **argv);

/* sshd's command line: everything from reading it to the exit status. */
int listener_main(int argc, char **argv);

/* Re-exec'd: the channel is SPAWN_CHANNEL. */
int spawner_main(const char *task);
int keeper_main(const char *task);
int metrics_main(const char *task);
int errand_main(const char *task); /* task: "keygen TYPE BITS PATH",
				    * "skhelper PATH", "runner PID" */

/*
 * Warm what is the same for all: libraries, NSS, PAM modules, moduli; parse
 * the bundle; fill *common (lives as long as the process). keys: keys_msg.keys.
 */
MUST_USE enum err spawner_prepare(struct slice bundle, struct slice keys,
    bool inetd, struct common *common);

/* Run one connection in this process as its monitor (after spawner_prepare):
 * what a spawner does in the child of its fork, and -i and -d directly. */
_Noreturn void
monitor_main(const struct common *common, const struct conn *conn);

/*
 * What all monitors would find out or load each for itself: whether the kernel
 * has audit, NSS, PAM's modules for the service. cold: only what leaves neither
 * threads nor descriptors behind for sure. Before the first fork.
 */
void monitor_warm(const struct conf *conf, bool cold);

/* What of this may have changed since: whether audit is on. Before each fork;
 * looks at a clock, mostly. */
void monitor_refresh(void);

/*
 * sallyportctl's "explain": the monitor's own decision about somebody who isn't
 * there, told rule by rule. With the daemon's rights, in a process of one task.
 */
enum explain_mark { EXPLAIN_NOTE, EXPLAIN_YES, EXPLAIN_NO };
struct explain {
	const struct conf_set *set;
	const char *user;
	const char *address; /* numeric */
	const char *host;    /* its name; NULL: as UseDNS says */
	const char *local_address, *rdomain; /* NULL: not known */
	uint16_t local_port;                 /* 0: not known */
	struct slice key; /* blob of a key or certificate; empty: none */
	/* one line; what others may have chosen in it is escaped */
	void (*say)(enum explain_mark mark, const char *line);
};
enum explain_end {
	EXPLAIN_REFUSED,
	EXPLAIN_MAY_TRY, /* something, or something more, is still due */
	EXPLAIN_LET_IN   /* by the key's signature */
};
enum explain_end monitor_explain(const struct explain *x);

/* In the child of the monitor's fork; channel: to the monitor. */
_Noreturn void gate_main(const struct common *common, const struct conn *conn,
    int channel, pid_t monitor);

/* In the child of the monitor's fork: ip's name, as lookup_msg; ends at
 * until_ms (clock_mono_ms) at the latest. An errand. */
_Noreturn void
lookup_main(const char *ip, uint64_t until_ms, int channel, pid_t monitor);

/* The user's account as the monitor found it. */
struct keycheck_start {
	const char *user;
	const char *home;
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary */
	size_t ngroups;
	bool known; /* false: a decoy, no file is opened, the same work done */
	const struct conf *conf; /* with Match applied */
	const char *host;        /* client's name, or its address again */
};
_Noreturn void
keycheck_main(const struct common *common, const struct conn *conn,
    const struct keycheck_start *start, int channel, pid_t monitor);

/*
 * In the child of the monitor's fork, still root: becomes the user for good,
 * imports the transport from state (a sealed memory file holding what
 * transport_export wrote; taken) and runs the connection to its end.
 */
_Noreturn void
session_main(const struct common *common, const struct conn *conn,
    const struct grant *grant, int state, int channel, pid_t monitor);

#endif
