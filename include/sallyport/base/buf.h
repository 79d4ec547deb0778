/*
 * buf.h - owned octets, growing up to a stated limit
 *
 * A secret buffer wipes what it held at every growth, shrink and clear.
 * Fields may be read by anybody, written by buf.c and wr.c alone.
 */
#ifndef SALLYPORT_BASE_BUF_H
#define SALLYPORT_BASE_BUF_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#define BUF_MAX ((size_t)64 << 20) /* where no smaller limit is stated */

struct buf {
	uint8_t *p;
	size_t n;    /* octets in use */
	size_t cap;  /* octets allocated */
	size_t max;  /* limit of n; 0 counts as BUF_MAX */
	bool secret; /* wipe what is given back */
};

#define BUF_EMPTY     ((struct buf){0})
#define BUF_LIMIT(m)  ((struct buf){.max = (m)})
#define BUF_SECRET(m) ((struct buf){.max = (m), .secret = true})

/*
 * Room for exactly n more octets behind the used ones, which may move.
 * ERR_TOO_LONG beyond max; ERR_NOMEM.
 */
MUST_USE enum err buf_reserve(struct buf *b, size_t n, struct bytes *room);

/* n octets of the room that buf_reserve gave are now in use. */
void buf_filled(struct buf *b, size_t n);

/* ERR_TOO_LONG, ERR_NOMEM; s doesn't lie in b itself. */
MUST_USE enum err buf_append(struct buf *b, struct slice s);
MUST_USE enum err buf_append_cstr(struct buf *b, const char *s);
MUST_USE enum err buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Drop n octets off the front (all where there are fewer). */
void buf_consume(struct buf *b, size_t n);

/* Forget the contents, keep the memory. */
void buf_reset(struct buf *b);

/* Free; the buffer is empty and usable again. For SCOPED. */
void buf_clear(struct buf *b);

static inline struct slice
buf_slice(const struct buf *b)
{
	return slice_make(b->p, b->n);
}

#endif
