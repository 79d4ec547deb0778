/*
 * wr.h - writer of the data types of RFC 4251 §5
 *
 * Writes into a fixed room or into a growing buf. Fails once and stays failed
 * (ERR_TOO_LONG); ask at the end with wr_end.
 */
#ifndef SALLYPORT_BASE_WR_H
#define SALLYPORT_BASE_WR_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

struct wr {
	struct bytes room; /* fixed room, if grow is NULL */
	size_t n;          /* octets written by this writer */
	struct buf *grow;  /* appended to, if not NULL */
	enum err err;
};

struct wr wr_to(struct bytes room);
struct wr wr_into(struct buf *b); /* keeps b until wr_end */

void wr_u8(struct wr *w, uint8_t v);
void wr_bool(struct wr *w, bool v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_raw(struct wr *w, struct slice s);
void wr_string(struct wr *w, struct slice s);
void wr_cstr(struct wr *w, const char *s); /* string; NULL writes "" */

/* mpint from a magnitude, big-endian, leading zeros allowed */
void wr_mpint(struct wr *w, struct slice magnitude);

/*
 * A string whose length is known later:
 *     mark = wr_begin(&w); ...; wr_finish(&w, mark);
 */
size_t wr_begin(struct wr *w);
void wr_finish(struct wr *w, size_t mark);

void wr_fail(struct wr *w, enum err e);

/* How many octets were written, if n is not NULL; 0 after a fault. */
MUST_USE enum err wr_end(const struct wr *w, size_t *n);

#endif
