/*
 * peer.h - both sides of a connection that is tested: a transport that keeps
 * what is sent, an owner that notes what it is asked, and a client's messages
 *
 * The room is linked with this transport instead of the real one, so no keys
 * and no packets are needed to look at payloads.
 */
#ifndef PEER_H
#define PEER_H

#include "suite.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/connect/connect.h"
#include "sallyport/transport/transport.h"

#include <stdbool.h>
#include <string.h>

struct transport {
	struct buf sent; /* strings, one after the other */
	struct buf room; /* of the payloads being built */
	size_t next;     /* where the next one stands in it */
	size_t size;     /* how far one lies from the next */
	bool held;       /* a key exchange: bulk has to wait */
	enum err fault;  /* what sending gives from now on */
	const char *version;
	unsigned int unimplemented;
};

struct peer {
	struct transport t;
	struct connect_ops ops;
	struct connect *c;

	/* what the owner does */
	bool yes;      /* its answer to everything */
	bool later;    /* but to a wish for a channel it says none yet */
	size_t leaves; /* octets of data that it doesn't consume at once */

	/* what it saw */
	struct channel *ch; /* the last one that was opened */
	struct channel_open opened;
	struct channel_request request;
	struct global_request global;
	unsigned int confirmations, failures; /* of channels of ours */
	unsigned int requests, globals, opens, eofs, closes, writables;
	struct buf data;
	struct buf names; /* copies of the request's text and value */

	struct buf m; /* message being written */
};

struct peer *peer_new(uint32_t max_sessions);
void peer_free(struct peer *p);

/* Write the client's next message: number first; then peer_give it. */
struct wr peer_begin(struct peer *p, uint8_t message);
enum err peer_give(struct peer *p);

/* Whole messages. */
enum err peer_open(struct peer *p, const char *type, uint32_t window);
enum err peer_data(struct peer *p, uint32_t id, size_t n);
enum err peer_plain(struct peer *p, uint8_t message, uint32_t id);
enum err peer_adjust(struct peer *p, uint32_t id, uint32_t n);

/* A request with nothing behind want_reply. */
enum err peer_request(struct peer *p, uint32_t id, const char *name);

/* The next message that was sent; false: there is none. It lives until the
 * next thing is sent. */
bool peer_sent(struct peer *p, struct slice *payload);

/* The next one is there and has this number; a reader behind it. */
struct rd peer_expect(struct peer *p, uint8_t message);
void peer_expect_nothing(struct peer *p);

/* A session channel, confirmed; the client's number is 7. */
struct channel *peer_session(struct peer *p, uint32_t window);
#define PEER_NUMBER 7u

#endif
