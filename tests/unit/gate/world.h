/*
 * world.h - a gate in a process of its own, between a client and a monitor
 *
 * The client is tests/unit/transport's, the monitor answers as a test says.
 * What the gate logs is kept as lines "LEVEL text".
 */
#ifndef WORLD_H
#define WORLD_H

#include "suite.h"

#include "client.h"
#include "sallyport/base/mem.h"
#include "sallyport/conf/conf.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/monitor_ops.h"

struct world;

struct monitor {
	struct world *world;
	unsigned int phase;
	enum verdict verdict; /* of every question */
	bool refused;
	const char *matched_user; /* Match: user, else as sent */
	int banner;               /* a memory file, or -1 */
	int state;                /* handed over, or -1 */
	struct buf asked;         /* words, a blank behind each */
	struct buf log;
};

struct world {
	struct conf_set *set;
	struct common common;
	struct common_key key;
	struct conn conn;
	struct signer *signer;
	struct buf blob, signature;
	struct monitor monitor;
	struct serve serve;
	struct rpc *channel;
	struct client client;
	const char *planted; /* octets that come before the gate's, or NULL */
	bool raw;            /* what comes is kept unread in client.in */
	int in, out; /* our end of the connection; the same for a socket */
	int gate_in, gate_out; /* the gate's, if they were kept */
	pid_t gate;
	bool channel_open;
};

/* A world with this configuration (lines, NULL-terminated; NULL: defaults).
 * Nothing runs yet. */
void world_init(struct world *w, const char *const *lines);

/* Fork the gate: over a socket, or over two pipes whose gate's ends are kept
 * open here, too. */
void world_start(struct world *w, bool pipes);

/* Carry and answer until nothing moves for a moment. */
void world_run(struct world *w);

/* The same until the gate ends; its exit status, or 256 and the signal's
 * number. */
int world_end(struct world *w);

void world_clear(struct world *w);

/* Octets as they are. */
void world_write(struct world *w, struct slice octets);

/* Keyed, and the service accepted. */
void world_service(struct world *w);

/* A USERAUTH_REQUEST of "alice"; after it the gate's answer is there. */
void world_request(struct world *w, const char *user, const char *method,
    struct slice body);

/* Does a line "LEVEL text" stand in the log? */
bool world_logged(const struct world *w, const char *line);

/* What was asked so far; lives until the next. */
const char *world_asked(struct world *w);

#endif
