/*
 * rd.h - reader of the data types of RFC 4251 §5
 *
 * A reader fails once and stays failed: after the first fault every getter
 * yields zero or an empty slice, so a parser reads like the message's
 * definition and asks once, at the end. Slices borrow from the input.
 */
#ifndef SALLYPORT_BASE_RD_H
#define SALLYPORT_BASE_RD_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

struct rd {
	struct slice left;
	enum err err;
};

struct rd rd_from(struct slice s);

uint8_t rd_u8(struct rd *r);
bool rd_bool(struct rd *r); /* any non-zero octet is true */
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
struct slice rd_raw(struct rd *r, size_t n);
struct slice rd_string(struct rd *r);

/* string of at most max octets without NUL; ERR_FORMAT or ERR_TOO_LONG */
struct slice rd_text(struct rd *r, size_t max);

/*
 * mpint that is not negative, as magnitude without leading zero octets.
 * ERR_FORMAT for negative ones and for superfluous leading zeros; at most max
 * octets of magnitude, else ERR_TOO_LONG.
 */
struct slice rd_mpint(struct rd *r, size_t max);

/*
 * name-list of RFC 4251 §5: printable US-ASCII without blanks, at most max
 * octets; ERR_FORMAT, ERR_TOO_LONG. Names are told apart by
 * slice_next(&list, ',', &name); they may be empty or longer than the 64
 * octets of RFC 4250 §4.6.1, and are then names that nobody knows.
 */
struct slice rd_namelist(struct rd *r, size_t max);

struct slice rd_rest(struct rd *r); /* everything that is left */

/* Note a fault that the caller found; the first one counts. */
void rd_fail(struct rd *r, enum err e);

/* OK so far, whether octets are left or not. */
MUST_USE enum err rd_status(const struct rd *r);

/* OK if nothing failed and nothing is left: ERR_SHORT, ERR_TRAILING, … */
MUST_USE enum err rd_end(const struct rd *r);

#endif
