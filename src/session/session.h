/*
 * session.h - a session's state; private to this room
 *
 * One process per connection, as the user. It owns the connection after login:
 * transport, channels, and the programs that run on them. What still needs
 * root is asked of the monitor (rpc/monitor_ops.h).
 */
#ifndef SALLYPORT_SESSION_SESSION_H
#define SALLYPORT_SESSION_SESSION_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/io.h"
#include "sallyport/base/list.h"
#include "sallyport/base/loop.h"
#include "sallyport/base/slice.h"
#include "sallyport/conf/conf.h"
#include "sallyport/connect/connect.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/monitor_ops.h"
#include "sallyport/transport/transport.h"

#include "environ.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#define PROGRAMS_MAX 1024 /* of one connection that weren't reaped yet */

/* ---- timeouts.c -------------------------------------------------------------------- */

/* ChannelTimeout's name of a tunnel; the others are the types of RFC 4254 and
 * "agent-connection", "x11-connection". */
#define TIMEOUTS_TUN "tun-connection"

/*
 * How long a channel has been idle. The owner, of whatever kind, fills in s,
 * ch, drop (which closes the channel, and unwatches) and ctx.
 */
struct idle {
	struct link link;
	struct session *s;
	const struct channel *ch;
	void (*drop)(void *ctx);
	void *ctx;
	/* timeouts.c's own */
	uint32_t limit_s; /* 0: never */
	uint64_t moved_ms;
	struct timer timer;
};

struct timeouts {
	struct timer alive;
	uint64_t heard_ms; /* when the client was last heard of */
	uint32_t unanswered;
	struct timer rekey;
	struct timer idle;
	bool active;       /* since the idle timer was set */
	bool heard;        /* since reclaim.c asked for a sign of life */
	bool moved;        /* data on a channel, in this turn */
	uint64_t moved_ms; /* when it was */
	struct timer unused;
	struct link channels; /* struct idle */
	uint32_t global_s;    /* ChannelTimeout's "global"; 0: never */
	struct timer global;
};

/* ---- relay.c: descriptors and their channel ----------------------------- */

struct relay;

/* What the owner of a channel does; NULL where it has nothing to do. */
struct relay_ops {
	bool (*request)(struct relay *r, const struct channel_request *q);
	void (*opened)(struct relay *r, bool yes); /* of a channel of ours */
	size_t (*data)(struct relay *r, struct slice data);
	void (*eof)(struct relay *r);
	void (*closed)(struct relay *r); /* r->ch is valid no more */
	/* Room came, in the channel or the connection. */
	void (*resume)(struct relay *r);
	/* A source ended or ran dry. */
	void (*check)(struct relay *r);
	/* A sink ended by itself: all was written, or nobody reads. */
	void (*sunk)(struct relay *r);
	void (*drop)(struct relay *r); /* close the channel, and let go */
};

/* Whoever owns a channel begins with this. Any of its ops may free it. */
struct relay {
	struct link link; /* session.relays */
	const struct relay_ops *ops;
	struct session *s;
	struct channel *ch; /* NULL: closed */
	struct idle idle;
	bool started; /* what sinks write to is there */
	bool ended;   /* the program: sources are read to the last octet */
	bool subsystem;
	bool terminal; /* its end isn't the client's to tell */
};

/* r owns ch from now on; label is ChannelTimeout's for it. */
void relay_init(struct relay *r, struct session *s, struct channel *ch,
    const struct relay_ops *ops, const char *label);
/* The channel is closed, by whom ever; r->ch is NULL then. */
void relay_leave(struct relay *r);

/* A program's output, or what a socket gives: descriptor to channel. */
struct source {
	struct relay *r;
	int fd; /* -1: ended */
	enum channel_stream stream;
	struct watch watch;
	bool watched; /* false: waits for room in channel or connection */
	bool dry;     /* since the program's end: there was nothing to read */
	bool is_pipe;
	bool enlarged;
	size_t piece; /* how much to ask for: little, until more is there */
	uint64_t total;
};

/* A program's input: channel to descriptor. */
struct sink {
	struct relay *r;
	int fd; /* -1: ended; what still comes is dropped */
	struct watch watch;
	struct buf backlog; /* what the descriptor didn't take, from head on */
	size_t head;
	bool is_pipe;
	bool is_socket; /* its end is told by shutdown */
	bool enlarged;
	bool ending; /* the client sent EOF: close when all is written */
	uint64_t total, pieces;
};

/* Data of packets in a row, for one sink. */
struct gathering {
	struct sink *sink; /* NULL: nothing */
	struct slice pieces[IO_PIECES_MAX];
	size_t n;
};

enum relay_kind { RELAY_OTHER, RELAY_PIPE, RELAY_SOCKET };

enum relay_kind relay_kind_of(int fd);

/* Both take fd, which must be non-blocking, and watch it. What came for the
 * sink before is kept. */
void relay_open_source(struct source *src, struct relay *r, int fd,
    enum relay_kind kind, enum channel_stream stream);
void relay_open_sink(struct sink *sink, struct relay *r, int fd,
    enum relay_kind kind);
void relay_close_source(struct source *src);
void relay_close_sink(struct sink *sink);

/* Octets that wait for the descriptor */
size_t relay_backlog(const struct sink *sink);

/* Room may have come: read on; of a program that ended to the end. */
void relay_resume(struct source *src);

/* Data for the program; returns how much of it is gone already. The rest may
 * be gathered, with pointers into the transport's ring: see relay_flush. */
size_t relay_take(struct sink *sink, struct slice data);

/* What was gathered of packets that follow each other goes to its descriptor
 * by one write. Before anything but such data is served, and before the
 * connection is read again. */
void relay_flush(struct session *s);

/* No more will come. A terminal stays open: its end isn't the client's. */
void relay_end(struct sink *sink);

/* ---- pty.c ---------------------------------------------------------------- */

#define PTY_NAME_MAX 64

struct pty {
	int master; /* -1: none. The only copy: closing it hangs up */
	char name[PTY_NAME_MAX]; /* "/dev/pts/3" */
};

/*
 * Encoded terminal modes, RFC 4254 §8, applied to *tio. Unknown ones are
 * skipped; opcodes from 160 on end the list. ERR_SHORT where an argument is
 * cut off: what stood before it was applied.
 */
MUST_USE enum err pty_modes(struct slice modes, struct termios *tio);

/* What a client says of a window's size, as the kernel wants it. */
struct winsize pty_size(const struct channel_request *q);

/* "pts/3" of "/dev/pts/3" */
const char *pty_short_name(const struct pty *pty);

/* ---- program.c ----------------------------------------------------------- */

struct incoming;

/* A display of the client's; display NULL: none. */
struct x11 {
	struct incoming *in; /* NULL: none, or it was for one connection */
	char *display;       /* DISPLAY */
	char *name;          /* the same as xauth is to know it */
	char *protocol, *cookie;
};

/* A session channel, and what runs on it. */
struct program {
	struct relay r; /* without a channel only the process is left */
	struct link link;
	uint32_t slot; /* "id K" of the log */

	struct pty pty;
	char *term;                /* TERM, with a terminal */
	struct environment client; /* variables that were accepted */
	struct x11 x11;

	bool forced;       /* not the client's command */
	struct watch said; /* what internal-sftp writes to the log, or -1 */

	pid_t pid;
	struct watch exit; /* its pidfd */
	bool told;
	int status;       /* wait status */
	struct timer eof; /* its descriptors are closed: does it end, too? */
	bool eof_due;
	struct source out, err;
	struct sink in;
};

/* A session channel is wanted; false: too many. */
bool program_open(struct session *s, struct channel *ch);

/* A source ended or ran dry: status, EOF and CLOSE, each when it is time. p
 * may be gone afterwards. */
void program_check(struct program *p);

/* It ended, and can't be waited for any more. p may be gone afterwards. */
void program_exited(struct program *p);

/* ---- run.c: from what the client asks for to a process ------------------- */

struct plan;

/* Start it on p; false, and told in the log: it can't be. */
bool run_program(struct program *p, struct plan *plan);

/* What internal-sftp wrote to the log; waits for its end until that time of
 * clock_mono_ms at most. */
void run_last_words(struct program *p, uint64_t until_ms);

/* ---- channels.c: who owns which channel ---------------------------------- */

void channels_init(struct session *s);
/* Room came in the connection. */
void channels_resume(struct session *s);
/* The connection ends: terminals are hung up, pipes and sockets closed. */
void channels_drop_all(struct session *s);

/* ---- start.c: between fork and exec ------------------------------------------ */

/* What is to be run; slices and texts live as long as the start. */
struct plan {
	const char *command;  /* NULL: a login shell */
	const char *original; /* the client's, where another was forced */
	char *subsystem;      /* name */
	bool by_config;       /* ForceCommand */
	bool nologin;         /* show /etc/nologin, and leave */
	bool must_change;     /* passwd, whatever was asked for */
	bool internal;        /* internal-sftp: forked, not exec'd */
	int log;              /* where that one tells what it does */
	uint64_t last_time;   /* of the login before; 0: don't tell */
	char last_host[257];
};

/* Start it with fds as its 0, 1 and 2; the process, or -1 with errno. */
pid_t start_program(const struct program *p, const struct plan *plan,
    const int fds[3]);

#define START_NOLOGIN "/etc/nologin"

/* ---- offer.c: host keys, by way of the monitor ---------------------------------- */

struct offer {
	struct transport_offer offer;
	struct transport_ops ops;
	struct transport_hostkey *keys;
};

void offer_init(struct offer *o, struct session *s);
void offer_announce(struct session *s); /* hostkeys-00@openssh.com */
bool offer_prove(struct session *s, struct slice blobs, struct buf *reply);

void timeouts_init(struct session *s);
void timeouts_heard(struct session *s);
/* After every turn. */
void timeouts_turn(struct session *s);
void timeouts_channels_turn(struct session *s); /* the part of the channels */
/* A channel's kind is known, or known better: from now on it is a label as
 * ChannelTimeout has them. */
void timeouts_watch(struct idle *i, const char *label);
void timeouts_moved(struct idle *i); /* data, in either direction */
void timeouts_unwatch(struct idle *i);
/* ChannelTimeout's value for a label, in seconds; 0: never. */
uint32_t timeouts_of(const struct conf_list *list, const char *label);

/* ---- stats.c ---- */
void stats_tell(struct session *s);

/* ---- session.c ------------------------------------------------------------------------ */

struct session {
	const struct common *common;
	const struct conn *conn;
	const struct grant *grant;
	struct conf conf;
	struct loop *loop;
	struct rpc *monitor;
	struct watch monitor_watch;

	struct offer offer;
	struct transport *t;
	struct connect_ops connect_ops;
	struct connect *connect;

	int in, out; /* two descriptors, also of one socket */
	struct watch in_watch, out_watch;
	bool reading, writing; /* watched */
	size_t read_size;      /* adapts to what comes */
	bool is_socket;

	struct link relays; /* all that own a channel */
	struct gathering gathering;
	struct buf spare; /* what a sink will need that has to keep data */
	struct link programs;
	struct link incomings;   /* what listens */
	struct incoming *agent;  /* of these, the agent's socket; or NULL */
	struct remote *remote;   /* a request for one that waits; or NULL */
	struct reclaim *reclaim; /* made when there is something to ask */
	bool told_listens;       /* the monitor knows */
	char *agent_dir;         /* to be removed with it; or NULL */
	char *tunnel;            /* the last device, for SSH_TUNNEL; or NULL */
	uint32_t enlarged;       /* pipes */
	bool has_terminal;       /* link_qos */
	bool qos_known;
	uint32_t qos;        /* TOS octet in force */
	uint32_t qos_before; /* and as it was: IPQoS none */
	char *auth_file;     /* SSH_USER_AUTH; removed at the end */

	struct timeouts timeouts;
	bool over;
	bool said_goodbye; /* a disconnect message was seen or sent */
	int exit_status;
};

/* End the connection with SSH_MSG_DISCONNECT and a line. */
void session_disconnect(struct session *s, uint32_t code, const char *text);

/* End it without a word. */
void session_stop(struct session *s, int exit_status);

/* "USER@pts/0,pts/1", or "USER@notty" */
void session_title(const struct session *s);

#endif
