/*
 * listener.h - the listener's state; private to this room
 *
 * Everything here runs as root (or as the ordinary user who started it) and
 * never reads an octet that a stranger sent.
 */
#ifndef SALLYPORT_LISTENER_LISTENER_H
#define SALLYPORT_LISTENER_LISTENER_H

#include "tally.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/list.h"
#include "sallyport/base/loop.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/conf/conf.h"
#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/listener_ops.h"
#include "sallyport/rpc/messages.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SOCKETS_MAX 512 /* 256 ports, both families */

/* What the command line said; cmdline.c. */
struct cmdline {
	int argc;
	char **argv; /* as given, for the re-exec */
	char *path;  /* absolute path of the program */
	struct conf_source source;
	char **lines; /* -o and what other flags stand for */
	size_t nlines;
	const char *log_file;    /* -E */
	bool log_stderr;         /* -e */
	bool test;               /* -t */
	bool dump;               /* -T */
	bool dump_plain;         /* -G */
	bool origins;            /* -v: with file and line */
	bool foreground;         /* -D */
	bool inetd;              /* -i */
	unsigned int debug;      /* -d */
	bool quiet;              /* -q */
	enum conf_family family; /* -4, -6 */
	bool family_given;
	const char **specs; /* -C */
	size_t nspecs;
};

/* Addresses of a block, as PerSourceNetBlockSize groups them; admit.c. */
struct block {
	struct link all;      /* in its hash chain */
	struct link by_count; /* among those with as many silent ones */
	struct addr net;
	uint32_t before_login; /* silent and speaking together */
	uint32_t silent;
	struct link waiting; /* its silent clients, oldest first */
};

/* What a source is penalised for: PerSourcePenalties' classes. */
enum penalty {
	PENALTY_CRASH,
	PENALTY_AUTHFAIL,
	PENALTY_NOAUTH,
	PENALTY_INVALIDUSER,
	PENALTY_REFUSED,
	PENALTY_GRACE,
	PENALTY_CLASSES
};

struct penalties; /* penalties.c */

enum client_state {
	CLIENT_SILENT, /* nothing to read yet */
	CLIENT_QUEUED, /* spoke; waits for a spawner that is ready */
	CLIENT_HANDED, /* sent to a spawner, fork not confirmed */
	CLIENT_FORKED, /* has a monitor, is before login */
	CLIENT_IN,     /* logged in */
	CLIENT_ENDED   /* its monitor ended before login without a word; in its
			* generation's list alone, until the wait status
			* tells why */
};

struct generation;

/* One accepted connection until its monitor is gone. */
struct client {
	struct link all;
	struct link group; /* block's waiting, the queue, or generation's */
	enum client_state state;
	uint32_t number;
	int fd; /* our copy, until the fork is confirmed; -1 */
	uint64_t accepted_ms;
	struct block *block;
	struct generation *generation;
	pid_t pid; /* of its monitor */
	char peer_ip[64];
	char local_ip[64];
	uint16_t peer_port;
	uint16_t local_port;
	uint8_t draw;    /* of 100: MaxStartups' early drop takes it at once
			  * the rate is above this */
	uint8_t outcome; /* enum outcome */
	bool timed_out;
	bool charged;       /* its source was penalised for it */
	struct watch watch; /* fd while silent, then the lifeline */
	struct rpc *lifeline;
	struct timer deadline;
	/* the login record that survivors.c must close if it must */
	char line[32];
	char user[65]; /* once it is in; cut */
	pid_t line_pid;
	/* for sallyportctl sessions; control.c */
	bool looking; /* its monitor was asked, and hasn't answered */
	uint64_t looked_ms;
	struct stats_msg stats; /* as of looked_ms; 0: never */
	char version[256];      /* as sent: it may differ after a reload */
	struct listener *listener;
};

enum generation_state {
	GENERATION_STARTING,
	GENERATION_READY,
	GENERATION_RETIRED
};

/* One spawner. */
struct generation {
	struct link all;
	enum generation_state state;
	uint32_t number;
	pid_t pid;
	struct rpc *rpc; /* NULL: gone */
	struct watch watch;
	uint32_t taken; /* connections so far */
	struct timer age;
	struct link clients;
	bool cold; /* started without warming */
	struct listener *listener;
};

/* Why a connection was refused; the numbers of drops are kept by these. */
enum drop {
	DROP_STARTUPS,   /* MaxStartups */
	DROP_PER_SOURCE, /* PerSourceMaxStartups */
	DROP_PENALTY,    /* PerSourcePenalties */
	DROP_KINDS
};

/* A limit to how often drops of some kinds are told; admit.c. */
struct drop_log {
	const char *name;  /* of the rule, for the log */
	uint32_t from;     /* so many at a time: lines are withheld */
	uint64_t every_ms; /* a sum of them, while it lasts */
	uint32_t level;    /* up with each drop, down by one a second */
	uint64_t level_ms; /* when level was right */
	uint32_t withheld; /* since the last sum */
	uint64_t told_ms;  /* when that was */
	struct timer timer;
};

struct listener {
	struct cmdline *cmd;
	struct loop *loop;
	struct conf_set *set;
	const struct conf *conf;
	struct buf bundle;
	int config_fd; /* the bundle as a sealed memory file */
	char version[256];
	bool root;

	/* sockets.c */
	int sockets[SOCKETS_MAX];
	struct watch socket_watch[SOCKETS_MAX];
	size_t nsockets;
	struct timer accept_pause;

	/* admit.c, waiting.c */
	struct link clients;
	struct link queue;                /* CLIENT_QUEUED */
	uint64_t hash_key[5];             /* admit_hash */
	struct penalties *penalties;      /* penalties.c; NULL: none are kept */
	struct link *blocks;              /* hash table */
	struct link silent_by_count[257]; /* blocks; 256 stands for more */
	uint32_t silent, silent_max;
	uint32_t speaking; /* QUEUED, HANDED, FORKED: MaxStartups counts them */
	uint32_t last_number;
	uint64_t drops[DROP_KINDS];   /* since the start, for metrics */
	struct drop_log drop_logs[2]; /* of load, of penalties */

	/* tally.c, control.c, confirm.c, scrape.c */
	struct tally tally;
	struct control *control; /* NULL: none */
	struct confirm *confirm; /* NULL: nothing is to be confirmed */
	struct scrape *scrape;   /* NULL: nobody asks for metrics */

	/* spawners.c */
	struct link generations;
	struct generation *current, *next;
	uint32_t last_generation;
	bool never_warm; /* warming left threads or descriptors */
	struct timer retry;
	pid_t *former; /* children of before: their end is only to be reaped */
	size_t nformer;

	/* the keeper; spawners.c */
	pid_t keeper_pid;
	struct rpc *keeper;
	struct watch keeper_watch;
	struct buf keys; /* keys_msg.keys */
	int keys_fd;

	/* reload.c */
	pid_t check_pid; /* -t of the new file */
	int check_fd;
	struct watch check_watch;
	struct buf check_said;
	bool reload_wanted;
	uint64_t reload_since; /* when -t had said yes */
	pid_t keygen_pid;
	int keygen_fd;
	struct watch keygen_watch;

	bool stopping;
	int exit_status;
};

/* ---- cmdline.c ---- */
/* Fills *c or ends the process with usage, as sshd does. */
void cmdline_parse(int argc, char **argv, struct cmdline *c);
/* What conf_parse and conf_advise have to say; ctx: the command line. */
void cmdline_complain(void *ctx, enum log_level level, const char *line);
/* Read and parse the configuration, telling every complaint. */
MUST_USE enum err
cmdline_configure(struct cmdline *c, struct buf *bundle, struct conf_set **set);
/* The same with a bundle that is there already. */
MUST_USE enum err cmdline_parse_bundle(struct cmdline *c,
    const struct buf *bundle, struct conf_set **set);
/* Where lines go, by flags and configuration. */
void cmdline_log(const struct cmdline *c, const struct conf *conf);

/* ---- testmode.c ---- */
/* -t, -T, -G: check, dump, exit status. */
int testmode_run(struct cmdline *c);

/* ---- sockets.c ---- */
MUST_USE enum err sockets_bind(struct listener *l);
void sockets_watch(struct listener *l);
void sockets_close(struct listener *l);

/* ---- admit.c ---- */
void admit_init(struct listener *l);
/*
 * May this client come in, now that it connected; and, now that it spoke? Both
 * hold the same draw against MaxStartups' rate, so that who is asked twice
 * isn't dropped twice as often. False: *why, for admit_drop.
 */
struct admit_refusal {
	enum drop kind;
	const char *reason; /* for the log */
};
bool admit_at_accept(struct listener *l, const struct client *c,
    struct admit_refusal *why);
bool admit_at_first_octet(const struct listener *l, const struct client *c,
    struct admit_refusal *why);
struct block *admit_block(struct listener *l, const char *ip);
void admit_count(struct listener *l, struct client *c); /* came */
void admit_silent_over(struct listener *l, struct client *c);
void admit_uncount(struct listener *l, struct client *c); /* gone or in */
/* The silent client to give up when there are too many. */
struct client *admit_victim(struct listener *l);
/* Count and tell a refusal. */
void admit_drop(struct listener *l, const struct client *c,
    const struct admit_refusal *why);
/* Tell what was withheld of the lines about drops, before the process ends. */
void admit_drops_over(struct listener *l);
/* An address as a number that nobody outside can foresee: whoever chooses
 * addresses can't fill one chain of a table. */
uint32_t admit_hash(const struct listener *l, const uint8_t octets[16]);

/*
 * ---- penalties.c ----
 * Sources that behaved badly, by address block. All of it is a no-op where
 * PerSourcePenalties is off; addresses of PerSourcePenaltyExemptList are never
 * penalised nor refused.
 */
struct penalties *penalties_new(void); /* gives; penalties_free */
void penalties_free(struct listener *l);
/* Is this address kept out? Then *why is the reason, for the log. */
bool penalties_refuse(struct listener *l, const char *ip, const char **why);
/* A connection from there ended that way. Logs what comes of it. */
void penalties_charge(struct listener *l, const char *ip, enum penalty why);

/* One penalised block, as penalties_list tells it. */
struct penalties_row {
	char block[80];     /* "192.0.2.7/32" */
	const char *reason; /* "penalty: failed authentication": the last one */
	uint64_t left_ms;   /* until it is over; at least 1 */
	bool active;        /* enforced; else below min, and only counted */
};
typedef void penalties_each(void *ctx, const struct penalties_row *row);
/* Every entry that isn't over, in no order. each may not change the table. */
void penalties_list(struct listener *l, penalties_each *each, void *ctx);
size_t penalties_count(struct listener *l, bool active_only);
/*
 * Forget the penalties of "ADDR" (its block), "ADDR/BITS" (all inside) or of
 * everybody (an empty text); *n: how many. ERR_FORMAT, ERR_TOO_LONG: no such
 * address or number of bits.
 */
MUST_USE enum err
penalties_clear(struct listener *l, struct slice block, size_t *n);

/* Across a reload: one string of a version of its own. Import takes it off r
 * and drops what it doesn't know; never fails r but for a missing string. */
void penalties_export(struct listener *l, struct wr *w);
void penalties_import(struct listener *l, struct rd *r);

/* ---- waiting.c ---- */
/* A descriptor from accept(); takes it. */
void waiting_accept(struct listener *l, int fd);
void waiting_watch(struct client *c); /* also after a reload */
struct client *waiting_new(struct listener *l);
/* Addresses and ports of both ends; "UNKNOWN" 65535 without a socket. */
void waiting_names(struct client *c, int fd);
/* When its login must be done; UINT64_MAX for never. */
uint64_t waiting_deadline(const struct client *c);
void waiting_grace_over(struct client *c); /* tells and charges */
/* Its end is charged to its source; once, whoever reports it first. */
void waiting_charge(struct client *c, enum penalty why);
/* Forget a client: closes what is ours. */
void waiting_free(struct client *c);
void waiting_keepalive(const struct listener *l, int fd);

/* ---- spawners.c ---- */
/* Start the keeper and learn its keys; blocks. ERR_NOT_FOUND: no keys. */
MUST_USE enum err spawners_start_keeper(struct listener *l);
void spawners_watch_keeper(struct listener *l);
/* First generation and the one ahead. */
MUST_USE enum err spawners_start(struct listener *l);
/* A child whose work is over, or of before a reload: reap it when it ends. */
void spawners_forget(struct listener *l, pid_t pid);
/* A client spoke: hand it on now or when a spawner is ready. */
void spawners_give(struct listener *l, struct client *c);
/* A process of this generation crashed: retire it, end those before login. */
void spawners_crashed(struct generation *g);
void spawners_let_go(struct client *c); /* it is no more before login */

/* ---- survivors.c ---- */
void survivors_watch(struct client *c); /* its lifeline */
/* A monitor's wait status; c: its client, NULL where the lifeline ended first. */
void survivors_reaped(struct generation *g, struct client *c,
    const struct reaped_msg *m);

/* ---- reload.c ---- */
void reload_begin(struct listener *l);
/* Goes on with a reload that waits for handed clients; by the loop. */
void reload_continue(struct listener *l);
/* After a re-exec: sockets and clients of before. False: a fresh start. */
bool reload_restore(struct listener *l);
void reload_make_keys(struct listener *l);    /* missing default host keys */
void reload_watch_keygen(struct listener *l); /* the one in the background */

/* ---- notify.c ---- */
void notify_ready(struct listener *l); /* pid file, READY=1 */
void notify_reloading(struct listener *l);
void notify_stopping(struct listener *l);

/* ---- inetd.c ---- */
/* -i, -d: one connection, in this process. */
_Noreturn void inetd_run(struct listener *l);
#define SALLYPORT_VERSION "0.1"
/* Identification line without CR LF, from the configuration. */
void inetd_version(const struct conf *conf, char *room, size_t size);

#endif
