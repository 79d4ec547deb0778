/*
 * ring.h - the input of a connection: large reads in, contiguous packets out
 *
 * Octets lie contiguously, so a packet can be opened in place. What is left of
 * a partial packet is moved to the front when room is short: at most one
 * packet for each large read. Memory is allocated at the first use and given
 * back by ring_idle.
 */
#ifndef SALLYPORT_BASE_RING_H
#define SALLYPORT_BASE_RING_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

struct ring {
	uint8_t *p;
	size_t start; /* first unread octet */
	size_t end;   /* behind the last octet */
	size_t cap;
	size_t max;  /* limit of cap; set by RING_LIMIT */
	size_t high; /* octets ever written, to be wiped */
};

#define RING_LIMIT(m) ((struct ring){.max = (m)})

/*
 * Room to read into, at least min octets. ERR_FULL where unread octets and min
 * together exceed max; ERR_NOMEM. Pointers from ring_data are no longer valid.
 */
MUST_USE enum err ring_room(struct ring *r, size_t min, struct bytes *room);
void ring_filled(struct ring *r, size_t n);

/* All unread octets, contiguous and writable (packets are opened in place). */
struct bytes ring_data(struct ring *r);
void ring_consume(struct ring *r, size_t n);

/* Give memory back if nothing is unread. Wipes. */
void ring_idle(struct ring *r);
void ring_clear(struct ring *r); /* wipes and frees */

#endif
