/*
 * open.h - kinds of channel: those that a client asks for, and ours
 *
 * Source:  RFC 4254 §5.1, §6.1, §6.3.2, §7.2; OpenSSH's PROTOCOL §2.3, §2.4
 * Runs in: session. The slices point into the message.
 */
#ifndef SALLYPORT_CONNECT_OPEN_H
#define SALLYPORT_CONNECT_OPEN_H

#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct connect;

/* Reason codes of SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 §5.1 */
#define OPEN_PROHIBITED     1u
#define OPEN_CONNECT_FAILED 2u
#define OPEN_UNKNOWN_TYPE   3u
#define OPEN_SHORTAGE       4u

enum open_kind {
	OPEN_SESSION,
	OPEN_DIRECT_TCPIP,
	OPEN_DIRECT_STREAMLOCAL,
	OPEN_TUN,
	/* ours */
	OPEN_FORWARDED_TCPIP,
	OPEN_FORWARDED_STREAMLOCAL,
	OPEN_X11,
	OPEN_AGENT,        /* auth-agent@openssh.com */
	OPEN_AGENT_CONNECT /* the same by its later name */
};

/* What the owner says to a client's wish. */
enum open_answer {
	OPEN_NO,     /* refused; the code is that of the kind */
	OPEN_YES,    /* confirmed */
	OPEN_FAILED, /* OPEN_CONNECT_FAILED: what it leads to isn't there */
	OPEN_FULL,   /* OPEN_SHORTAGE */
	OPEN_LATER   /* open_settle will say it */
};

#define OPEN_LATER_MAX 128u /* that wait for somebody, of one connection */

/* What is asked for; members that its kind doesn't have are empty. */
struct channel_open {
	enum open_kind kind;
	struct slice target;     /* host, or path of a Unix socket; of ours:
				  * what we listen on, as the client named it */
	uint32_t port;           /* as sent: may be above 65535 */
	struct slice originator; /* address; a client's as it tells it */
	uint32_t originator_port;
	uint32_t tun_mode; /* 1 point-to-point, 2 ethernet */
	uint32_t tun_unit;
};

/*
 * The answer that was put off: anything but OPEN_LATER. But for OPEN_YES ch
 * isn't the owner's any more.
 */
void open_settle(struct channel *ch, enum open_answer answer);

/*
 * Ask the client for a channel of one of our kinds; connect_ops.opened tells
 * what it said. Nothing can be sent on it before. NULL: too many.
 */
struct channel *open_ask(struct connect *c, const struct channel_open *req);

#endif
