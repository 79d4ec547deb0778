/*
 * ccfile.h - delegated credentials as the file of a credential cache
 *
 * Source:  MIT's description of the file format, version 4
 * Runs in: the errand "acceptor", which has no right to a file: what is
 *          written here becomes one with the user's rights (monitor/ccache.c).
 *
 *     05 04 | u16 octets of the header (0) | default principal | credential…
 *     principal:  u32 type | u32 n | realm | n × component
 *     credential: client | server | u16 key type, key | 4 × u32 times |
 *                 u8 is_skey | u32 flags | addresses | authorization data |
 *                 ticket | second ticket
 *
 * All numbers are big-endian, data have a length of four octets before them.
 */
#ifndef SALLYPORT_SRC_ERRAND_CCFILE_H
#define SALLYPORT_SRC_ERRAND_CCFILE_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"

#include <krb5.h>

/* Append a file of these credentials (NULL-terminated, at least one), whose
 * first client it belongs to. ERR_FORMAT: there is none; ERR_TOO_LONG. */
MUST_USE enum err ccfile_write(krb5_creds *const *creds, struct buf *out);

#endif
