/*
 * state.h - a running transport as octets, for handing over to another process
 *
 * Runs in: export in the gate, import in the session. The gate may be broken
 * in, so the import takes every field as hostile (SEC-7): what it accepts is a
 * transport that could have come about, and nothing else.
 *
 *     u32 version | who: string session id, peer's line, first K_S,
 *     client's host key list, host key algorithm | u32 quirks | u32 flags |
 *     u64 time of keys | direction in | direction out |
 *     u32 number of the last packet | u32 peeked | string unread | unsent
 *
 *     direction: string cipher, key, iv, mac, mac key | u32 sequence number |
 *     u64 packets, octets, total | bool zlib
 */
#ifndef STATE_H
#define STATE_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"

struct transport;

/* Between exchanges only, and with no compression begun. */
void state_export(const struct transport *t, struct wr *w);

/* t is fresh. ERR_SHORT, ERR_TRAILING, ERR_FORMAT, ERR_UNKNOWN_ALGO … */
MUST_USE enum err state_import(struct transport *t, struct slice state);

#endif
