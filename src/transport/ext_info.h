/*
 * ext_info.h - SSH_MSG_EXT_INFO, RFC 8308
 *
 *     byte 7 | u32 count | count × ( string name | string value )
 */
#ifndef EXT_INFO_H
#define EXT_INFO_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"

#include <stdbool.h>

#define EXT_INFO_ENTRIES_MAX 1023

/* What a client may tell. */
struct ext_info {
	bool in_auth; /* ext-info-in-auth@openssh.com: wants a second one */
};

/* Ours: the first one, or the second with server-sig-algs alone. */
void ext_info_write(struct wr *w, struct slice sig_algs, bool first);

/*
 * The client's payload. Unknown names are skipped; NUL in a name, or in the
 * value of a known one, is ERR_FORMAT.
 */
MUST_USE enum err ext_info_parse(struct slice payload, struct ext_info *info);

#endif
