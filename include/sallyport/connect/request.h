/*
 * request.h - what a client may ask on a session channel
 *
 * Source:  RFC 4254 §6, RFC 4335, OpenSSH's PROTOCOL §2.1
 * Runs in: session. The slices point into the message; none of them holds a
 *          NUL, but for the octets of modes and those of value.
 */
#ifndef SALLYPORT_CONNECT_REQUEST_H
#define SALLYPORT_CONNECT_REQUEST_H

#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum request_kind {
	REQUEST_PTY,
	REQUEST_X11,
	REQUEST_AGENT,         /* auth-agent-req@openssh.com */
	REQUEST_AGENT_CONNECT, /* agent-req: channels by their later name */
	REQUEST_ENV,
	REQUEST_SHELL,
	REQUEST_EXEC,
	REQUEST_SUBSYSTEM,
	REQUEST_WINDOW,
	REQUEST_BREAK,
	REQUEST_SIGNAL,
	REQUEST_EOW
};

/* Members that a kind doesn't have are empty. */
struct channel_request {
	enum request_kind kind;
	struct slice text;   /* TERM, variable, command, subsystem, signal,
			    * x11's protocol */
	struct slice value;  /* of a variable; x11's cookie */
	struct slice modes;  /* of a terminal, RFC 4254 §8 */
	uint32_t cols, rows; /* of a terminal */
	uint32_t width_pixels, height_pixels;
	uint32_t break_ms;
	bool single; /* x11: one connection only */
	uint32_t screen;
};

#endif
