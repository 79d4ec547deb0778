/*
 * connect.h - RFC 4254 as a function from payloads to payloads and events
 *
 * Source:  RFC 4254, RFC 4335, OpenSSH's PROTOCOL §2
 * Runs in: session. No descriptors, no clock, no log.
 *
 * Payloads of messages 80 to 127 come from transport_next; answers go to the
 * same transport; what the protocol can't decide is asked through struct
 * connect_ops. Channels are looked up in one place, by a number that holds the
 * slot's generation, so one that is gone isn't mistaken for its successor
 * (SEC-43).
 */
#ifndef SALLYPORT_CONNECT_CONNECT_H
#define SALLYPORT_CONNECT_CONNECT_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/connect/channel.h"
#include "sallyport/connect/global.h"
#include "sallyport/connect/open.h"
#include "sallyport/connect/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;

#define CONNECT_CHANNELS_MAX 256u /* of one connection, SEC §10 */

/*
 * The owner's part. Slices are borrowed for the call. Between open (true) and
 * closed, or the owner's own channel_close, ch is valid.
 */
struct connect_ops {
	void *ctx;

	/* May it be opened? Of what is put off (OPEN_LATER) nothing more is
	 * told before open_settle. */
	enum open_answer (*open)(void *ctx, struct channel *ch,
	    const struct channel_open *req);

	/* The client's answer to open_ask. If it is no, ch isn't the owner's
	 * any more. */
	void (*opened)(void *ctx, struct channel *ch, bool yes);

	/* Is it granted? Answered if the client wants to know. */
	bool (*request)(void *ctx, struct channel *ch,
	    const struct channel_request *req);

	/*
	 * Data, at most what the window allows. Returns how many octets are
	 * consumed already; the rest the owner keeps a copy of, and tells
	 * channel_consumed when they are.
	 */
	size_t (*data)(void *ctx, struct channel *ch, struct slice data);

	/* The client sends no more data on it. */
	void (*eof)(void *ctx, struct channel *ch);

	/* The client closed it: ch isn't the owner's any more. */
	void (*closed)(void *ctx, struct channel *ch);

	/* The window was opened: channel_room may be positive again. */
	void (*writable)(void *ctx, struct channel *ch);

	/* Is it granted? What follows REQUEST_SUCCESS is appended to reply.
	 * After GLOBAL_LATER nothing more is asked before global_settle. */
	enum global_answer (*global)(void *ctx,
	    const struct global_request *req, struct buf *reply);
};

struct connect;

/* Gives; keeps t and ops. */
struct connect *connect_new(struct transport *t, const struct connect_ops *ops,
    uint32_t max_sessions);

/* Channels are freed without a message; closed isn't called. */
void connect_free(struct connect *c);

/*
 * One payload, its message number first. Errors end the connection:
 * ERR_CHANNEL, ERR_WINDOW, ERR_PHASE, ERR_SHORT and other faults of a
 * message's layout, or what connect_status tells.
 */
MUST_USE enum err connect_take(struct connect *c, struct slice payload);

/* The first thing that went wrong while sending, or OK. */
MUST_USE enum err connect_status(const struct connect *c);

/* After an error: the sentence for the client and the log. */
const char *connect_reason(const struct connect *c, enum err e);

/* Channels that are open from the owner's point of view. */
size_t connect_open_channels(const struct connect *c);

#endif
