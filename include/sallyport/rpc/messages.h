/*
 * messages.h - every message between our processes
 *
 * A list inside a message is a slice that holds RFC 4251 strings one after the
 * other, read with rd and written with wr. Limits stand in messages.c.
 */
#ifndef SALLYPORT_RPC_MESSAGES_H
#define SALLYPORT_RPC_MESSAGES_H

#include "sallyport/base/slice.h"
#include "sallyport/rpc/layout.h"

/* Nothing but the number; one dummy member, since no message is empty. */
struct empty_msg {
	uint8_t zero;
};

/* The reply column's word for "nothing is answered" (serve.h). */
struct note_rep {
	uint8_t zero;
};

/* A line for the log: gate, keycheck and session to the monitor. */
struct log_msg {
	uint8_t level; /* enum log_level */
	bool forced;   /* LogVerbose names the place: whatever the level */
	struct slice text;
};

/* ---- listener, spawner, keeper ------------------------------------- */

/* A connection's facts, from accept() on. */
struct conn_msg {
	uint32_t number; /* of this connection, for the log and the table */
	uint64_t accepted_ms; /* clock_mono_ms at accept */
	struct slice peer_ip; /* numeric; "UNKNOWN" without a socket */
	uint32_t peer_port;   /* 65535 then */
	struct slice local_ip;
	uint32_t local_port;
	struct slice rdomain;
	struct slice version; /* our identification line as sent, no CR LF */
	struct rpc_fd conn;
	struct rpc_fd lifeline; /* the monitor's end */
};

/* First message to a spawner. */
struct spawner_start_msg {
	struct slice log; /* log_export */
	uint32_t generation;
	struct rpc_fd config; /* conf_bundle, a sealed memory file */
	struct rpc_fd keys;   /* keys_msg.keys as a sealed memory file */
	struct rpc_fd keeper; /* a link to the keeper; -1 if none */
};

/* Spawner to listener: warmed up. */
struct spawner_ready_msg {
	uint32_t threads; /* foreign threads and descriptors after warming */
	uint32_t descriptors;
};

/* Spawner to listener: the monitor was forked; drop your copy. */
struct forked_msg {
	uint32_t number;
	uint32_t pid;
};

/* Spawner to listener: a monitor was reaped. */
struct reaped_msg {
	uint32_t number;
	uint32_t pid;
	uint32_t status;                /* wait status */
	struct slice peer_ip, local_ip; /* of its connection, for the log */
};

/* A program that was tried with -t: it could take over. */
struct probe_msg {
	uint32_t carries; /* CARRY_VERSION of listener/listener.h */
	struct rpc_fd
	    config; /* the bundle that it read, a sealed memory file */
};

/* First message to a keeper. */
struct keeper_start_msg {
	struct slice log;
	struct slice hostkeys;     /* list: path, then "d" (default: missing is
				* no error) or "c" (configured) */
	struct slice certificates; /* list: paths */
	struct slice provider;     /* SecurityKeyProvider: a path, or empty */
	struct slice agent;        /* HostKeyAgent's socket, or empty */
	struct slice places;       /* list: LogVerbose */
	bool check;                /* -t: load, report, end */
};

/*
 * Keeper to listener: what was loaded. keys is a list of entries, each
 *     u32 number of the private key, bool certificate, string blob type,
 *     string public blob
 * in the order of the configuration, a key before its certificate.
 */
struct keys_msg {
	struct slice keys;
	uint32_t count; /* private keys loaded */
};

/* Listener or spawner to keeper: a link for one connection (or, from the
 * listener, for a spawner: further_links true, it may send link itself). */
struct link_msg {
	bool further_links;
	struct rpc_fd link;
};

/* Listener to keeper: a link to HostKeyAgent; -1: it isn't to be had. */
struct agent_msg {
	struct rpc_fd link;
};

/* Monitor to keeper over its link. */
struct keeper_sign_msg {
	uint32_t key;      /* number of the private key */
	struct slice alg;  /* plain signature algorithm: "rsa-sha2-512" */
	struct slice hash; /* exchange hash H; the first is the session id */
};
struct keeper_prove_msg {
	uint32_t key;
	struct slice alg;
	struct slice blob; /* the key's public blob; signed with the session id
			    * of this link as hostkeys-prove-00 says */
};
struct signature_msg {
	bool ok;
	struct slice signature; /* blob: string alg, string octets … */
};

/* Keeper to the errand that has FIDO host keys sign (errand/skhelper.c). */
struct fido_sign_msg {
	uint32_t number;     /* returns with the answer */
	struct slice blob;   /* public key */
	uint8_t flags;       /* what its file demands: SK_* of key/sk.h */
	struct slice handle; /* the device's own name of the key */
	struct slice data;   /* to sign */
};
struct fido_signed_msg {
	uint32_t number;
	bool ok;
	struct slice signature; /* blob */
};

/* ---- a monitor's lifeline to the listener ---------------------------- */

enum outcome { /* how a connection ended; PerSourcePenalties' classes */
	OUTCOME_NONE,
	OUTCOME_OK,       /* logged in, ended in order */
	OUTCOME_NOAUTH,   /* left without an attempt */
	OUTCOME_AUTHFAIL, /* at least one failed attempt */
	OUTCOME_INVALIDUSER,
	OUTCOME_CRASH,   /* gate or keycheck died of a signal */
	OUTCOME_REFUSED, /* RefuseConnection */
	OUTCOME_CLOSING  /* not the last: PAM's modules close the session, and
			  * have a deadline for it. Not counted. */
};

struct outcome_msg {
	uint8_t outcome;
	uint64_t sent; /* octets of the session, sealed and opened */
	uint64_t received;
};

/*
 * The way in is over, for better or worse: what there is to count. Names are
 * those of their tables (crypto/algo.h, RFC 4252); empty: it didn't come to
 * that.
 */
struct facts_msg {
	struct slice user;    /* who is in; empty: nobody */
	struct slice method;  /* that opened the door */
	struct slice refusal; /* the account's, one word of monitor/refusal.c */
	struct slice kex;     /* of the first key exchange */
	struct slice hostkey;
	struct slice cipher;
	/* phases of the way (monitor/phases.c); 0: not reached */
	uint32_t wait_ms; /* accept to fork: silence and queue */
	uint32_t version_ms;
	uint32_t kex_ms;
	uint32_t auth_ms;
	uint32_t failed_publickey; /* attempts */
	uint32_t failed_password;
	uint32_t failed_kbdint;
	uint32_t failed_other;
};

/* What a session does, when it is asked, and at its end. */
struct stats_msg {
	uint32_t channels; /* open ones */
	uint32_t forwards; /* of these, connections that are forwarded */
	uint64_t idle_ms;  /* since data last moved on a channel */
	uint64_t sent;     /* octets sealed and opened */
	uint64_t received;
};

/* A login record was written or taken back: what survivors.c has to close. */
struct line_msg {
	bool open;
	struct slice line; /* "pts/3" */
	struct slice user;
	uint32_t pid;
};

/* ---- gate to monitor -------------------------------------------------- */

struct sign_req {
	uint32_t key;      /* index into the public list (common.keys) */
	struct slice alg;  /* signature algorithm's plain name */
	struct slice hash; /* exchange hash H, RFC 4253 §8 */
	struct slice kex;  /* names, for the statistics; or empty */
	struct slice cipher;
};
struct sign_rep {
	struct slice signature; /* blob */
};

struct modulus_req { /* RFC 4419 §3, as the client sent them */
	uint32_t min;
	uint32_t n;
	uint32_t max;
};
struct modulus_rep {
	bool found;
	struct slice p; /* magnitudes */
	struct slice g;
};

struct user_req {
	struct slice user; /* as sent, ":style" included */
	struct slice service;
	/* clock_mono_ms: the peer's identification line was read; its first
	 * message after the key exchange was. For the log and the metrics. */
	uint64_t version_at_ms;
	uint64_t kex_at_ms;
};
struct user_rep {
	struct slice matched; /* blockset of conf/match.h */
	struct slice methods; /* that can continue */
	struct rpc_fd banner; /* sealed memory file, or -1 */
	bool refused;         /* RefuseConnection: end now */
};

enum verdict {
	VERDICT_FAILED,
	VERDICT_PK_OK,   /* this key would do */
	VERDICT_PARTIAL, /* passed; more is due */
	VERDICT_SUCCESS,
	VERDICT_PROMPT,   /* keyboard-interactive goes on */
	VERDICT_TOO_MANY, /* failed for the last time: disconnect */
	VERDICT_REFUSED   /* right, and yet: show the message, disconnect */
};

struct none_req {
	uint8_t zero;
};
struct verdict_rep {
	uint8_t verdict;
	struct slice methods; /* that can continue */
	struct slice message; /* with VERDICT_REFUSED: PAM's, or empty */
};

struct pubkey_req { /* RFC 4252 §7 */
	bool has_sig;
	bool hostbound; /* publickey-hostbound-v00@openssh.com */
	struct slice alg;
	struct slice blob;
	struct slice hostkey; /* of hostbound: K_S of the first exchange */
	struct slice sig;
};

struct hostbased_req { /* RFC 4252 §9 */
	struct slice alg;
	struct slice blob;        /* the host's key or certificate */
	struct slice client_host; /* its name, as sent */
	struct slice client_user; /* who it says is there */
	struct slice sig;
};

struct password_req {
	struct slice password;
};

struct kbdint_req {
	struct slice devices; /* submethods */
};
struct answer_req {
	uint32_t n;
	struct slice answers; /* list of n strings */
};
struct prompt_rep {
	uint8_t verdict; /* VERDICT_PROMPT, or the end of the dialogue */
	struct slice methods, message; /* begins as a verdict_rep */
	struct slice name;
	struct slice instruction;
	uint32_t n;
	struct slice prompts; /* n times: string prompt, bool echo */
};

/* gssapi-with-mic, RFC 4462 §3 */
struct token_req {
	struct slice token; /* or a MIC */
};
struct token_rep {
	uint8_t verdict; /* VERDICT_PROMPT, or the end of the exchange */
	struct slice methods, message; /* begins as a verdict_rep */
	struct slice token; /* for the client: of an error, where it failed */
};

/* The connection goes over: transport/state.h, a sealed memory file. */
struct hand_over_msg {
	struct rpc_fd state;
};

/* ---- session to monitor ----------------------------------------------- */

struct pty_req {
	uint8_t zero;
};
struct pty_rep {
	bool ok;
	struct slice name;    /* "/dev/pts/3" */
	struct rpc_fd master; /* the only copy; TIOCGPTPEER opens the slave */
};

/* A program starts on the terminal: write utmp, wtmp, lastlog. */
struct login_req {
	struct slice line; /* "/dev/pts/3" */
	uint32_t pid;
};
struct login_rep {
	uint64_t last_time; /* seconds since 1970; 0: never */
	struct slice last_host;
};

/* The terminal isn't used any more: records closed, owner given back. */
struct pty_done_req {
	struct slice line;
};

/*
 * Who holds this port or path, and is its client still there? A session asks
 * the other sessions of its user, by way of monitor, listener, and monitor.
 */
struct reclaim_msg {
	uint32_t uid;      /* whose: the asking monitor's word */
	uint32_t asker;    /* the asking connection: the listener's word */
	uint32_t serial;   /* of the question: the asking session's */
	uint32_t port;     /* 0: a path */
	struct slice path; /* as it was bound */
};

enum reclaim_state {
	RECLAIM_ASKED,    /* number of sessions that were asked */
	RECLAIM_NOT_HELD, /* not by this session */
	RECLAIM_ALIVE,    /* by this one, and its client is there */
	RECLAIM_GIVEN_UP  /* was: this session closed all that listened */
};

/* The answers: one ASKED of the listener's, then one a session. */
struct reclaimed_msg {
	uint32_t asker;
	uint32_t serial;
	uint8_t state;
	uint32_t number;
};

/* A session listens for its client from now on: it is worth asking. */
struct listens_msg {
	uint32_t uid; /* the monitor's word */
};

struct prove_req {
	uint32_t key; /* index into the public list */
	struct slice alg;
};

/* ---- monitor to keycheck ------------------------------------------------ */

struct judge_req {
	bool has_sig;
	bool hostbound;
	struct slice alg;
	struct slice blob;
	struct slice hostkey;
	struct slice sig;
	struct slice session_id; /* as the monitor noted it */
	struct slice user;       /* as sent, ":style" included */
	/* the key is a host's, which vouches for its user (hostbased_req) */
	bool hostbased;
	struct slice client_host;
	struct slice client_user;
	/* asked again, now with what keycheck wanted, a program's output or
	 * netgroups' answers: a sealed memory file, or -1 where it failed */
	bool resumed;
	struct rpc_fd output;
};

/* Whose output keycheck needs before it can say (judge_rep.want). */
enum judge_want {
	WANT_NOTHING,
	WANT_KEYS,       /* of AuthorizedKeysCommand, the line number .which */
	WANT_PRINCIPALS, /* of AuthorizedPrincipalsCommand */
	WANT_NETGROUPS   /* the answers to netgroups_msg */
};

/* What decided against a key; the monitor knows where it stands. */
enum judge_rule {
	RULE_NONE,     /* no keyword: its option, its signature, itself */
	RULE_UNLISTED, /* nothing, nobody knows it */
	RULE_ALGORITHMS,
	RULE_CA_ALGORITHMS,
	RULE_RSA_SIZE,
	RULE_REVOKED,
	RULE_STRICT_MODES,
	RULE_TOUCH, /* PubkeyAuthOptions */
	RULE_HOST_ALGORITHMS,
	RULE_USER_KNOWN_HOSTS, /* IgnoreUserKnownHosts */
	RULE_RHOSTS,           /* IgnoreRhosts */
	JUDGE_RULES
};

/* What an authorized_keys line grants, flattened. Lists of strings. */
struct judge_rep {
	bool allowed;  /* the key is listed and nothing speaks against it */
	bool verified; /* has_sig, and the signature holds */
	uint8_t want;  /* enum judge_want: then nothing else is told yet */
	uint32_t which;
	struct slice identity; /* hash of the plain key: of a certificate the
				* same as of its key alone */
	struct slice key_text; /* for the log: "ED25519 SHA256:…" */
	struct slice why;      /* a refusal for the log, or empty */
	uint8_t rule;          /* enum judge_rule: what refused it */
	struct slice found_at; /* "PATH:LINE" */
	struct slice authinfo; /* "TYPE BASE64" for ExposeAuthInfo */

	/* options; see key/keyopts.h for their meaning */
	uint32_t permits;           /* bits, below */
	struct slice force_command; /* empty and has_command: an empty one */
	bool has_command;
	struct slice environment; /* list of NAME=value */
	struct slice permitopen;
	struct slice permitlisten;
	uint32_t tunnel;  /* device, or UINT32_MAX for any */
	uint64_t expires; /* seconds since 1970; 0: never */
};

/* Of the key that was judged last, for a program's arguments. */
struct tokens_rep {
	struct slice fingerprint;    /* %f */
	struct slice key;            /* %k, base64 */
	struct slice type;           /* %t */
	struct slice ca_fingerprint; /* %F; of certificates, like the next */
	struct slice ca_key;         /* %K */
	struct slice ca_type;        /* %T */
	struct slice id;             /* %i */
	struct slice serial;         /* %s, decimal */
};

/*
 * Who is in which netgroup? keycheck to the monitor, and that to an errand
 * (errand/innetgr.c). questions is a list of three strings each: netgroup,
 * host, user, of which one of the last two is empty. answers has an octet for
 * each, 1 for yes and 0 for no.
 */
#define NETGROUPS_OCTETS_MAX 16384u

struct netgroups_msg {
	struct slice questions;
};
struct netgroups_rep {
	struct slice answers;
};

/* ---- monitor to the errand that runs a program (errand/runner.c) --------- */

struct runner_msg {
	struct slice argv; /* list; the first is an absolute path */
	struct slice env;  /* list of NAME=value */
	uint32_t uid;
	uint32_t gid;
	struct slice groups; /* supplementary; four octets each */
	uint32_t timeout_ms;
	uint32_t output_max; /* octets */
};

enum runner_end {
	RUNNER_DONE,     /* exit status 0: output is there */
	RUNNER_STATUS,   /* another one, in number */
	RUNNER_SIGNAL,   /* died of it */
	RUNNER_TIMEOUT,  /* was killed for it */
	RUNNER_TOO_LONG, /* printed more than it may; killed */
	RUNNER_ABSENT,   /* errno of stat, in number */
	RUNNER_UNSAFE,   /* others may write to path, or it is no program */
	RUNNER_BROKEN    /* it couldn't be started: errno in number */
};

struct runner_end_msg {
	uint8_t end;    /* enum runner_end */
	bool directory; /* RUNNER_UNSAFE: what path is */
	uint32_t number;
	struct slice path;
	struct rpc_fd output; /* sealed memory file, or -1 */
};

/* Monitor to its spawner: what a program printed, for a while. */
struct output_msg {
	struct slice key;  /* hash of what was run (proc/outputs.h) */
	uint64_t until_ms; /* clock_mono_ms */
	struct rpc_fd output;
};

#define PERMIT_PTY      1u
#define PERMIT_PORT     2u /* port forwarding */
#define PERMIT_AGENT    4u
#define PERMIT_X11      8u
#define PERMIT_USER_RC  16u
#define PERMIT_RESTRICT 32u /* the line said restrict: tun is off too */
#define PERMIT_ALL      31u /* a line without options */

/* ---- the control socket (rpc/control_ops.h) ------------------------------ */

struct number_req {
	uint32_t number;
};
struct text_req {
	struct slice text;
};
struct done_rep {
	bool ok;
	uint32_t number;   /* how many, where that is a sensible question */
	struct slice text; /* why not; lines */
};

struct status_rep {
	struct slice version;
	struct slice program; /* path, and that of the configuration's file */
	struct slice file;
	struct slice listening;   /* list: "ADDRESS:PORT" */
	struct slice generations; /* list: sentences */
	uint64_t started_s;       /* wall clock; a reload is no start */
	uint64_t uptime_ms;
	uint64_t connections; /* accepted since then */
	uint64_t reloads;
	uint32_t pid;
	uint32_t keeper_pid; /* 0: there is none at the moment */
	uint32_t silent;     /* connections before login */
	uint32_t speaking;
	uint32_t sessions;
	uint32_t penalised;
	uint32_t confirm_s; /* until the old configuration comes back; 0: it
			     * isn't going to */
	bool confirming;
};

struct list_req {
	uint32_t after;
	bool all; /* connections before login, penalties below the bound */
};
struct list_rep {
	bool more;
	struct slice entries;
};

struct session_entry {
	uint32_t number;
	uint32_t pid;  /* of its monitor; 0: none yet */
	uint8_t state; /* enum session_state */
	struct slice user;
	struct slice peer_ip;
	uint32_t peer_port;
	struct slice local_ip;
	uint32_t local_port;
	struct slice line; /* its terminal, the last one; or empty */
	uint64_t age_ms;   /* since it was accepted */
	bool told;         /* the session answered: the rest holds */
	uint32_t channels;
	uint32_t forwards;
	uint64_t idle_ms;
	uint64_t sent;
	uint64_t received;
};
enum session_state { SESSION_SILENT, SESSION_BEFORE_LOGIN, SESSION_IN };

struct penalty_entry {
	struct slice block;
	struct slice reason;
	uint64_t left_ms;
	bool enforced;
};

/* What load and penalties say about a source now. */
struct admission_rep {
	bool ok; /* it is an address */
	bool penalised;
	struct slice penalty;    /* the reason, or empty: no penalty */
	uint64_t penalty_ms;     /* left of it */
	uint32_t here;           /* before login, from its block of addresses */
	uint32_t here_max;       /* UINT32_MAX: no bound */
	uint32_t speaking;       /* whom MaxStartups counts */
	uint32_t startups_begin; /* its three numbers */
	uint32_t startups_rate;
	uint32_t startups_full;
	uint32_t chance; /* of 100 newcomers, how many it would refuse */
};

/* What the daemon serves with: conf/conf.h's bundle, a sealed memory file. */
struct configuration_rep {
	struct rpc_fd bundle;
};

struct figures_req {
	bool openmetrics; /* else the text format of Prometheus */
};
struct figures_rep {
	struct slice text;
};

/* Listener to the process that serves MetricsListen. */
struct metrics_start_msg {
	struct slice log;
	struct rpc_fd socket; /* listening */
};

/* ---- the errand that looks up a client's name (errand/lookup.c) to monitor */

enum lookup_result {
	LOOKUP_NONE,      /* the address has no name */
	LOOKUP_CONFIRMED, /* the name has this address */
	LOOKUP_UNKNOWN,   /* the name has none */
	LOOKUP_ELSEWHERE, /* the name has others */
	LOOKUP_NASTY      /* it reads like an address, or like no name */
};

struct lookup_msg {
	uint8_t result;    /* enum lookup_result */
	struct slice name; /* in lower case */
};

/* ---- GSSAPI: monitor and its errands (errand/acceptor.c, kuserok.c) ------- */

#define GSS_TOKEN_MAX     98304u /* two large tickets; less than a frame */
#define GSS_REPLY_MAX     4096u
#define GSS_MIC_MAX       1024u
#define GSS_CCACHE_MAX    98304u
#define GSS_PRINCIPAL_MAX 1024u
#define GSS_WHY_MAX       1024u

struct gss_token_msg {
	struct slice token;
};
struct gss_mic_msg {
	struct slice data; /* what it has to be made of: the monitor's words */
	struct slice mic;
};
struct gss_answer_msg {
	bool ok;
	struct slice why;       /* not; for the log */
	struct slice token;     /* for the client, maybe empty */
	struct slice principal; /* whose MIC it is, right or wrong */
	struct slice ccache; /* what was delegated: a credential cache's file */
};
struct kuserok_msg {
	struct slice principal;
	struct slice user;
	uint32_t uid;
	uint32_t gid;
	struct slice groups; /* supplementary; four octets each */
};

/* Every message's layout: struct layout layout_NAME. */
/* clang-format off */
#define MESSAGES(M) \
	M(empty_msg) M(note_rep) M(log_msg) M(conn_msg) \
	M(spawner_start_msg) M(spawner_ready_msg) M(forked_msg) M(reaped_msg) \
	M(probe_msg) \
	M(keeper_start_msg) M(keys_msg) M(link_msg) M(agent_msg) \
	M(keeper_sign_msg) \
	M(keeper_prove_msg) M(signature_msg) M(fido_sign_msg) \
	M(fido_signed_msg) M(outcome_msg) M(line_msg) M(facts_msg) M(stats_msg) \
	M(sign_req) \
	M(sign_rep) M(modulus_req) M(modulus_rep) M(user_req) M(user_rep) \
	M(none_req) M(verdict_rep) M(pubkey_req) M(hostbased_req) M(password_req) \
	M(kbdint_req) M(answer_req) M(prompt_rep) M(hand_over_msg) \
	M(pty_req) M(pty_rep) M(login_req) M(login_rep) M(pty_done_req) \
	M(reclaim_msg) M(reclaimed_msg) M(listens_msg) \
	M(prove_req) M(judge_req) M(judge_rep) M(tokens_rep) \
	M(netgroups_msg) M(netgroups_rep) \
	M(runner_msg) M(runner_end_msg) M(output_msg) M(lookup_msg) \
	M(token_req) M(token_rep) M(gss_token_msg) M(gss_mic_msg) \
	M(gss_answer_msg) M(kuserok_msg) M(number_req) M(text_req) \
	M(done_rep) M(status_rep) M(list_req) M(list_rep) M(session_entry) \
	M(penalty_entry) M(admission_rep) M(configuration_rep) M(figures_req) M(figures_rep) \
	M(metrics_start_msg)
/* clang-format on */
#define MESSAGE_LAYOUT(m) extern const struct layout layout_##m;
MESSAGES(MESSAGE_LAYOUT)
#undef MESSAGE_LAYOUT

#endif
