/*
 * forward.h - forwarded connections, and what listens for them
 *
 * Source:  RFC 4254 §6.3, §6.5, §7; OpenSSH's PROTOCOL §2.4
 *
 *     direct-*     client opens ──► dial or connect ──► forward
 *     forwarded-*, x11, agent
 *                  incoming accepts ──► the client is asked ──► forward
 */
#ifndef SALLYPORT_SESSION_FORWARD_H
#define SALLYPORT_SESSION_FORWARD_H

#include "resolve.h"
#include "session.h"

/* ---- forward.c: one connection ------------------------------------------- */

/* What a client wants to reach; the answer to connect_ops.open. */
enum open_answer forward_open(struct session *s, struct channel *ch,
    const struct channel_open *req);

/* Somebody connected to fd (taken): ask the client for a channel. */
void
forward_accepted(struct session *s, const struct channel_open *req, int fd);

/* ---- incoming.c: what listens ----------------------------------------------- */

#define INCOMING_MAX   64u /* of one connection */
#define INCOMING_DOORS 8u  /* sockets of one: an address each */

struct incoming;

/* A socket that listens. */
struct door {
	struct incoming *in;
	int fd;
	struct watch watch;
};

struct incoming {
	struct link link; /* session.incomings */
	struct session *s;
	enum open_kind kind;
	char *target;            /* as the client named it: address or path */
	uint32_t port;           /* bound */
	bool once;               /* one connection, and it is over: x11 */
	char *path;              /* of a Unix socket: removed at the end */
	void (*gone)(void *ctx); /* it ended by itself (once); or NULL */
	void *ctx;
	struct door doors[INCOMING_DOORS];
	size_t ndoors;
	struct timer pause; /* no descriptors are left */
};

/* Which addresses to listen on. */
enum incoming_where { INCOMING_LOOPBACK, INCOMING_ANY, INCOMING_THESE };

/*
 * Listen on port (0: any that is free) of one or both families, or at these
 * addresses (else NULL); a port in use by one of them is in use. NULL and
 * errno, or what session.incomings holds.
 */
struct incoming *incoming_tcp(struct session *s, enum open_kind kind,
    enum incoming_where where, const struct resolved *these, uint32_t port);

/* Listen on a path with this umask; unlink: over a socket that is there. */
struct incoming *incoming_path(struct session *s, enum open_kind kind,
    const char *path, uint32_t mask, bool unlink_first);

void incoming_close(struct incoming *in);
void incoming_close_all(struct session *s);

/*
 * ---- remote.c: what the client has us listen on ----
 *
 * The global requests of RFC 4254 §7.1 and their like for paths. One whose
 * answer has to wait, for a resolver or for the connection that holds its port,
 * is the only one at that time.
 */
enum global_answer remote_request(struct session *s,
    const struct global_request *q, struct buf *reply);
void remote_stop(struct session *s); /* what waits is never answered */

/* Does this connection listen on that port, or on that path with port 0, for
 * its client? */
bool remote_holds(const struct session *s, uint32_t port, const char *path);
void remote_close_all(struct session *s);

/*
 * ---- reclaim.c: ports that a connection holds whose client is gone ----
 *
 * Ask the other connections of this user: one that holds the port (or, with
 * port 0, the path) and whose client gives no sign of life ends. done is called
 * once, when it is worth to try again or nobody is left to wait for, never
 * within this call. One at a time.
 */
void reclaim_ask(struct session *s, uint32_t port, const char *path,
    void (*done)(void *ctx), void *ctx);
void reclaim_cancel(struct session *s); /* done isn't called any more */
/* The monitor's notes of it, not decoded yet. */
MUST_USE enum err reclaim_on_note(struct session *s, uint32_t number);
void reclaim_turn(struct session *s); /* after every turn */
void reclaim_free(struct session *s);

/* ---- agent.c, x11.c ------------------------------------------------------------ */

/* auth-agent-req@openssh.com, or agent-req with connect_name. */
bool agent_start(struct session *s, bool connect_name);
void agent_stop(struct session *s);

/* tun.c: a tunnel device and a channel of datagrams */
enum open_answer
tun_open(struct session *s, struct channel *ch, const struct channel_open *req);

bool x11_start(struct program *p, const struct channel_request *q);
void x11_stop(struct program *p);

#endif
