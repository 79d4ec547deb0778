/*
 * window.h - flow control of one channel, in both directions
 *
 * Source:  RFC 4254 §5.2
 *
 * What the client may send us is bounded at any time by
 *
 *     left (not sent yet) + backlog (not consumed yet) <= size
 *
 * (but for a while after size was cut). size begins at WINDOW_FIRST, or at
 * WINDOW_LATER where the connection has WINDOW_FULL channels already, and
 * doubles whenever a whole window passed and nothing of it had to wait: the
 * larger window costs nothing then, and a long path is filled. A consumer that
 * lags behind is cut back. Growth is taken from a purse of the connection.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "sallyport/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_FIRST (UINT32_C(2) << 20)
#define WINDOW_LATER (UINT32_C(256) << 10)
#define WINDOW_FULL  32u /* 256 channels: 120 MiB that nobody reads, not 512 */
#define WINDOW_MAX   (UINT32_C(16) << 20)
#define WINDOW_PURSE (UINT32_C(32) << 20) /* growth of all channels together */

struct window_in {
	uint32_t first; /* what size began with */
	uint32_t size;
	uint32_t left;
	uint32_t backlog;
	uint32_t steady; /* octets since the last growth or delay */
	bool waits;      /* something was left when some was consumed */
};

/* n octets came. ERR_WINDOW: more than was granted (SEC-44). */
MUST_USE enum err window_receive(struct window_in *w, size_t n);

/* n octets of the backlog are gone. What is left then waits; what merely came
 * doesn't yet: several packets may be consumed together. */
void window_consume(struct window_in *w, size_t n);

/*
 * What to tell the client by WINDOW_ADJUST, and count as told; 0: not worth a
 * message yet. Growth is taken from and given back to *purse.
 */
uint32_t window_grant(struct window_in *w, uint32_t *purse);

/* The channel ends: growth goes back to *purse. */
void window_end(struct window_in *w, uint32_t *purse);

struct window_out {
	uint32_t left;
	uint32_t packet; /* data of one message, at most */
};

/* The client grants more. ERR_WINDOW beyond 2^32 - 1. */
MUST_USE enum err window_open(struct window_out *w, uint32_t n);

/* Octets that may go in one message of at most max. */
size_t window_room(const struct window_out *w, uint32_t max);

#endif
