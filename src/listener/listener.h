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

/* One listening socket; sockets.c. */
struct listening {
	int fd;
	bool given;  /* by a socket unit: not the configuration's to choose */
	bool wanted; /* by the configuration */
	struct watch watch;
};

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
	uint64_t deadline_ms; /* of its monitor's timer, once it was handed on;
			       * 0: waiting_deadline works it out */
	struct block *block;
	struct generation *generation;
	pid_t pid; /* of its monitor */
	char peer_ip[64];
	char local_ip[64];
	char rdomain[16]; /* routing domain that it came in by, or "" */
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
	/* claims.c; the monitor's word, NOBODY before */
	uint32_t uid; /* whose sessions may be asked */
	bool listens; /* and this one is worth it */
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

/* What one image hands to the one that is executed in its place. */
struct handover {
	int config;        /* bundle to serve, a memory file; -1: files */
	int former_config; /* where that can't be served, this was; -1: none */
	int former_image;  /* by this program */
};

/* What systemd told in the environment; notify.c. */
struct notify {
	char *socket;         /* NOTIFY_SOCKET, or NULL */
	uint64_t watchdog_us; /* WATCHDOG_USEC, 0: none */
	uint32_t store;       /* FDSTORE: descriptors that it keeps for us */
	struct timer beat;
	struct timer status;
	bool settled;   /* this turn came from the status timer itself */
	char told[512]; /* the STATUS of before */
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

	char *start_dir; /* the working directory of the start, or NULL */

	/* sockets.c */
	struct listening sockets[SOCKETS_MAX];
	size_t nsockets;
	int connection; /* Accept=yes gave this one alone; -1 */
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

	/* keepers.c */
	pid_t keeper_pid;
	struct rpc *keeper;          /* NULL: there is none yet */
	struct rpc *keeper_starting; /* then: one that loads its keys */
	struct watch keeper_watch;   /* of either */
	struct timer keeper_late;
	struct buf keys; /* keys_msg.keys */
	int keys_fd;

	/* reload.c, carry.c */
	pid_t check_pid; /* -t of the new program */
	int check_fd;
	struct watch check_watch;
	struct timer check_patience;
	struct timer handed_wait;
	struct buf check_said;
	struct rpc *check_answer; /* over which it sends the bundle */
	bool reload_wanted;
	bool reload_again;           /* asked for anew meanwhile */
	uint64_t reload_since;       /* when -t had said yes */
	char reload_failed[256];     /* why the last changed nothing; or "" */
	struct handover to_next;     /* for the image to come */
	struct handover from_former; /* from the image before */
	struct buf carried;          /* what it left, until that is read */
	bool restored;               /* there was one */
	bool serving;                /* no more about to start */

	/* notify.c */
	struct notify notify;
	char *old_pid_file; /* of the image before */

	/* makekeys.c */
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
/* -E: open the file anew by its name; it may have been rotated away. */
void cmdline_reopen_log(const struct cmdline *c);

/* ---- testmode.c ---- */
/* -t, -T, -G: check, dump, exit status. */
int testmode_run(struct cmdline *c);

/* ---- listener.c ---- */
void listener_init(struct listener *l, struct cmdline *c);

/*
 * ---- sockets.c ----
 * Where the configuration says to listen. Sockets of an image before, of
 * systemd's descriptor store and of its socket units are in l->sockets then.
 */
/* Take LISTEN_FDS of the environment, if they are meant for us. */
void sockets_receive(struct listener *l);
/*
 * Keep those that are wanted, bind those that are missing. Who isn't wanted
 * any more is emptied of waiting connections and closed, unless nothing else
 * could be bound or a name couldn't be resolved. ERR_SYSTEM: there is no
 * socket to listen on.
 */
MUST_USE enum err sockets_open(struct listener *l);
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
/* Of 100 newcomers, how many MaxStartups would refuse now. */
uint32_t admit_chance(const struct listener *l);
/* How many of this address's block are before login. */
uint32_t admit_here(struct listener *l, const char *ip);
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
/* The same for whoever asks: *why is also set where a penalty is too small to
 * be enforced; *left_ms of it, 0: there is none. */
bool penalties_look(struct listener *l, const char *ip, const char **why,
    uint64_t *left_ms);
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
/* Its deadline until it has a monitor and, where it is silent, its first octet.
 * Also after a reload. */
void waiting_watch(struct client *c);
struct client *waiting_new(struct listener *l);
/* Addresses and ports of both ends, "UNKNOWN" 65535 without a socket; the
 * routing domain. */
void waiting_names(struct client *c, int fd);
/* When its login must be done; UINT64_MAX for never. */
uint64_t waiting_deadline(const struct client *c);
void waiting_grace_over(struct client *c); /* tells and charges */
/* Its end is charged to its source; once, whoever reports it first. */
void waiting_charge(struct client *c, enum penalty why);
/* Forget a client: closes what is ours. */
void waiting_free(struct client *c);
void waiting_keepalive(const struct listener *l, int fd);

/* ---- keepers.c ---- */
/* Start the keeper and learn its keys; blocks. ERR_NOT_FOUND: no keys. */
MUST_USE enum err keepers_start(struct listener *l);
void keepers_watch(struct listener *l);
/* Start another while connections are accepted: they wait for it. */
void keepers_restart(struct listener *l);

/* ---- spawners.c ---- */
/* Keeper, and the first generation. Where l->serving, what fails is tried
 * again. */
MUST_USE enum err spawners_start(struct listener *l);
/* See that one generation is ready or on its way ahead of need. */
void spawners_ahead(struct listener *l);
/* A keeper or spawner that couldn't be made now is tried again. */
void spawners_retry(struct listener *l);
/* A child whose work is over, or of before a reload: reap it when it ends. */
void spawners_forget(struct listener *l, pid_t pid);
/* A client spoke: hand it on now or when a spawner is ready. */
void spawners_give(struct listener *l, struct client *c);
/* A process of this generation crashed: retire it, end those before login. */
void spawners_crashed(struct generation *g);
void spawners_let_go(struct client *c); /* it is no more before login */
/* A reload came to nothing: hand on who was held back for it. */
void spawners_resume(struct listener *l);
/* Fresh generations, with our standard error of now. */
void spawners_renew(struct listener *l);

/* ---- survivors.c ---- */
void survivors_watch(struct client *c); /* its lifeline */
/* A monitor's wait status; c: its client, NULL where the lifeline ended first. */
void survivors_reaped(struct generation *g, struct client *c,
    const struct reaped_msg *m);

/*
 * ---- claims.c ----
 * A session that finds a port taken asks the others of its user whether they
 * hold it, and whether their clients are still there. The listener passes
 * questions and answers on; it keeps nothing and waits for nobody.
 */
#define NOBODY UINT32_MAX /* no account has this number */
void claims_listens(struct client *c, const struct listens_msg *m);
void claims_ask(struct client *c, const struct reclaim_msg *m);
void claims_answer(const struct client *c, const struct reclaimed_msg *m);

/*
 * ---- reload.c ----
 * HUP: the file at the absolute path of the start, which may be new, is tried
 * with -t and then executed in our place; it serves the configuration that it
 * read when it was tried.
 */
/* Begin; what comes of it is logged. Asked for while another is under way, it
 * follows that one. */
void reload_begin(struct listener *l);
/* Execute as soon as it may be done without a new try. */
void reload_execute(struct listener *l);
/* Goes on with a reload that waits for handed clients; by the loop. */
void reload_continue(struct listener *l);
/* What the new program read when it was tried, or what the files say. */
MUST_USE enum err reload_configure(struct listener *l);
/* The image after an exec serves: the way back is closed. */
void reload_done(struct listener *l);
/* It can't serve: execute what served before. Returns where it can't. */
void reload_back(struct listener *l, const char *why);
/* -t for a listener that tries us: hand it the bundle. */
MUST_USE enum err reload_answer(const struct listener *l);
#define RELOAD_PROBE "SALLYPORT_PROBE" /* names the channel to it */

/*
 * ---- carry.c ----
 * What crosses the exec: listening sockets, clients with their lifelines,
 * counts, penalties, children, in a sealed memory file named in the
 * environment.
 */
#define CARRY_VARIABLE "SALLYPORT_RELOAD"
#define CARRY_VERSION  2 /* of the format; carry.c says what changes it */
/* Write l and next; keep every descriptor in it open over the exec. */
MUST_USE enum err carry_pack(struct listener *l, int *fd);
/* The exec failed: descriptors are close-on-exec again; closes fd. */
void carry_undo(struct listener *l, int fd);
/* After the exec: what can be read without a configuration. False: this is
 * an ordinary start. */
bool carry_receive(struct listener *l);
/* The rest: clients and penalties, counted by l->conf. */
void carry_restore(struct listener *l);

/* ---- makekeys.c ---- */
/* No HostKey is named and none of the default ones is there. */
bool makekeys_due(const struct listener *l);
void makekeys_missing(struct listener *l); /* missing default ones */
void makekeys_watch(struct listener *l);   /* one made in the background */

/*
 * ---- notify.c ----
 * The pid file, and sd_notify(3): datagrams to NOTIFY_SOCKET, no library.
 */
/* Take what systemd told off the environment: no child has use for it. After
 * sockets_receive. */
void notify_init(struct listener *l);
#define NOTIFY_STORED "listen"         /* name of our sockets in its store */
void notify_ready(struct listener *l); /* pid file, READY=1, descriptors */
void notify_reloading(struct listener *l);
void notify_resumed(struct listener *l); /* a reload that changed nothing */
void notify_stopping(struct listener *l);
void notify_alive(struct listener *l); /* WATCHDOG=1, before a long step */
void notify_turn(struct listener *l);  /* after each turn: STATUS, if due */

/* ---- inetd.c ---- */
/* -i, -d: one connection, in this process. */
_Noreturn void inetd_run(struct listener *l);
#define SALLYPORT_VERSION "0.1"
/* Identification line without CR LF, from the configuration. */
void inetd_version(const struct conf *conf, char *room, size_t size);

#endif
