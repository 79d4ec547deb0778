/*
 * channel.h - one channel, as its owner sees it
 *
 * Source:  RFC 4254 §5
 * Runs in: session.
 *
 *     the program's output ──► channel_bulk, read into it, channel_bulk_seal
 *     the client's data    ──► connect_ops.data, later channel_consumed
 *
 * Nothing here fails towards the owner: what can't be sent is noted in the
 * connection (connect_status), which is over then.
 */
#ifndef SALLYPORT_CONNECT_CHANNEL_H
#define SALLYPORT_CONNECT_CHANNEL_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel;

/* Streams from us to the client: data, or extended data of that type. */
enum channel_stream { CHANNEL_OUT = 0, CHANNEL_ERR = 1 };

#define CHANNEL_PACKET_MAX 32768u /* data of one message, in either direction */
#define CHANNEL_BULK_HEAD  13u    /* octets of header before it, at most */

uint32_t channel_id(const struct channel *ch); /* ours; for the log */

/* Whatever the owner wants to find again; NULL at first. */
void channel_set_owner(struct channel *ch, void *owner);
void *channel_owner(const struct channel *ch);

/* ---- to the client ---- */

/*
 * Octets that may go in one message now, at most CHANNEL_PACKET_MAX; 0: the
 * window is shut, a key exchange holds data back, or the channel is ending.
 */
size_t channel_room(const struct channel *ch);

#define CHANNEL_BULK_MAX 8u /* packets under construction */

/*
 * Rooms for max octets of data each (at most channel_room) in the packets
 * under construction, to be filled in order and sealed, or abandoned, before
 * anything else is sent. *count: how many, at most CHANNEL_BULK_MAX; lowered
 * to what window and transport allow, at least 1. ERR_FULL, ERR_NOMEM: the
 * connection is over.
 */
MUST_USE enum err channel_bulk(struct channel *ch, enum channel_stream stream,
    size_t max, struct bytes *rooms, size_t *count);
/* n > 0 octets were put into the rooms, in order, all full but the last. */
void channel_bulk_seal(struct channel *ch, size_t n);
void channel_bulk_abandon(struct channel *ch);

/*
 * One message with these octets, at least one, as tunnels send them: the
 * client counts four more of its window for each. False: there is no room, and
 * nothing was sent.
 */
bool channel_datagram(struct channel *ch, struct slice datagram);

/* No more data will come; once is enough, more do no harm. */
void channel_eof(struct channel *ch);

/* How the program ended, RFC 4254 §6.10; name without "SIG". */
void channel_exit_status(struct channel *ch, uint32_t status);
void channel_exit_signal(struct channel *ch, const char *name, bool core);

/* eow@openssh.com: nobody reads the client's data any more. Sent only to
 * software that knows it, and on session channels. */
void channel_eow(struct channel *ch);

/*
 * The owner is done: EOF if it wasn't sent, then CLOSE. The channel isn't the
 * owner's any more. Not to be called within connect_ops.closed.
 */
void channel_close(struct channel *ch);

/* ---- from the client ---- */

/* Octets that connect_ops.data had left to the owner were consumed. */
void channel_consumed(struct channel *ch, size_t n);

#endif
