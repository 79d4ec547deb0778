/*
 * gsstoken.h - tokens of the Kerberos mechanism, as its acceptor meets them
 *
 * Source:  RFC 2743 §3.1 (the frame), RFC 4121 §4.1 (context tokens, the
 *          authenticator's checksum) and §4.2.6.1 (MICs)
 * Runs in: the errand "acceptor". No I/O, no cryptography.
 *
 *     frame:     0x60 | DER length | 0x06 9 OID | token id (2) | message
 *     checksum:  u32 16 | bindings (16) | u32 flags | [u16 1 | u16 n | n octets
 *                of KRB-CRED] | extensions; all numbers little-endian
 *     MIC:       04 04 | flags | FF FF FF FF FF | u64 sequence | checksum
 */
#ifndef SALLYPORT_SRC_ERRAND_GSSTOKEN_H
#define SALLYPORT_SRC_ERRAND_GSSTOKEN_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdint.h>

/* Token ids, RFC 4121 §4.1 */
#define GSSTOKEN_AP_REQ 0x0100u
#define GSSTOKEN_AP_REP 0x0200u
#define GSSTOKEN_ERROR  0x0300u

/* Read a framed token of this id. Gives the message within, which points into
 * token. ERR_SHORT, ERR_TRAILING; ERR_FORMAT: another mechanism or id. */
MUST_USE enum err
gsstoken_read(struct slice token, uint16_t id, struct slice *message);

/* Append a framed token to out. ERR_TOO_LONG. */
MUST_USE enum err
gsstoken_write(uint16_t id, struct slice message, struct buf *out);

/* Flags of the authenticator's checksum, RFC 4121 §4.1.1.1 */
#define GSSTOKEN_DELEGATES 1u
#define GSSTOKEN_MUTUAL    2u

#define GSSTOKEN_CHECKSUM_TYPE 0x8003

struct gsstoken_checksum {
	uint32_t flags;
	struct slice credentials; /* KRB-CRED, where flags say so; or empty */
};

/* Read the checksum of that type. Channel bindings aren't looked at: ours are
 * the MIC over the session id. ERR_SHORT, ERR_FORMAT. */
MUST_USE enum err
gsstoken_read_checksum(struct slice octets, struct gsstoken_checksum *sum);

/* Flags of a MIC, RFC 4121 §4.2.2 */
#define GSSTOKEN_BY_ACCEPTOR     1u
#define GSSTOKEN_SEALED          2u
#define GSSTOKEN_ACCEPTORS_KEY   4u
#define GSSTOKEN_MIC_HEADER      16u /* octets */
#define GSSTOKEN_USAGE_INITIATOR 25  /* key usage of its MICs, RFC 4121 §2 */

struct gsstoken_mic {
	uint8_t flags;
	struct slice header; /* what the checksum covers behind the message */
	struct slice checksum;
};

/* ERR_SHORT, ERR_FORMAT; the checksum isn't verified here. */
MUST_USE enum err
gsstoken_read_mic(struct slice token, struct gsstoken_mic *mic);

#endif
