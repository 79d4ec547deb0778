/*
 * open.h - kinds of channel that a client may ask for
 *
 * Source:  RFC 4254 §5.1, §6.1, §7.2; OpenSSH's PROTOCOL §2.3, §2.4
 * Runs in: session. The slices point into the message.
 */
#ifndef SALLYPORT_CONNECT_OPEN_H
#define SALLYPORT_CONNECT_OPEN_H

#include "sallyport/base/slice.h"

#include <stdint.h>

/* Reason codes of SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 §5.1 */
#define OPEN_PROHIBITED     1u
#define OPEN_CONNECT_FAILED 2u
#define OPEN_UNKNOWN_TYPE   3u
#define OPEN_SHORTAGE       4u

enum open_kind {
	OPEN_SESSION,
	OPEN_DIRECT_TCPIP,
	OPEN_DIRECT_STREAMLOCAL,
	OPEN_TUN
};

/* What a client asked for; members that its kind doesn't have are empty. */
struct channel_open {
	enum open_kind kind;
	struct slice target;     /* host, or path of a Unix socket */
	uint32_t port;           /* as sent: may be above 65535 */
	struct slice originator; /* address as the client tells it */
	uint32_t originator_port;
	uint32_t tun_mode; /* 1 point-to-point, 2 ethernet */
	uint32_t tun_unit;
};

#endif
