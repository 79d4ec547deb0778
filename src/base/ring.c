#include "sallyport/base/ring.h"

#include "sallyport/base/must.h"

#include <sys/mman.h>

#define RING_FIRST ((size_t)16 << 10) /* a handshake's needs */

/*
 * Mappings rather than heap: what is given back goes to the kernel at once,
 * and a page that was never read into costs nothing.
 */
static void
give_back(struct ring *r)
{
	if (r->p == NULL)
		return;
	explicit_bzero(r->p, r->high);
	must(munmap(r->p, r->cap) == 0);
	r->p = NULL;
	r->start = r->end = r->cap = r->high = 0;
}

/* Move the unread octets to the front of a mapping of at least need. */
static enum err
grow(struct ring *r, size_t need)
{
	struct ring old = *r;
	size_t cap = RING_FIRST;
	uint8_t *p;

	while (cap < need)
		cap *= 2;
	if (cap > r->max)
		cap = r->max;
	p = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (p == MAP_FAILED)
		return ERR_NOMEM;
	r->p = p;
	r->cap = cap;
	r->start = 0;
	r->end = r->high = old.end - old.start;
	if (r->end > 0)
		memcpy(r->p, old.p + old.start, r->end);
	give_back(&old);
	return OK;
}

enum err
ring_room(struct ring *r, size_t min, struct bytes *room)
{
	size_t unread = r->end - r->start;
	enum err e;

	*room = bytes_make(NULL, 0);
	if (min > r->max - unread)
		return ERR_FULL;
	if (r->cap < unread + min) {
		e = grow(r, unread + min);
		if (e != OK)
			return e;
	} else if (r->cap - r->end < min) {
		memmove(r->p, r->p + r->start, unread);
		r->start = 0;
		r->end = unread;
	}
	if (r->p != NULL)
		*room = bytes_make(r->p + r->end, r->cap - r->end);
	return OK;
}

void
ring_filled(struct ring *r, size_t n)
{
	must(n <= r->cap - r->end);
	r->end += n;
	if (r->end > r->high)
		r->high = r->end;
}

struct bytes
ring_data(struct ring *r)
{
	if (r->start == r->end)
		return bytes_make(NULL, 0);
	return bytes_make(r->p + r->start, r->end - r->start);
}

void
ring_consume(struct ring *r, size_t n)
{
	must(n <= r->end - r->start);
	r->start += n;
	if (r->start == r->end)
		r->start = r->end = 0; /* the pages in front are warm */
}

void
ring_idle(struct ring *r)
{
	if (r->start == r->end)
		give_back(r);
}

void
ring_clear(struct ring *r)
{
	give_back(r);
}
