/*
 * global.h - requests that belong to no channel
 *
 * Source:  RFC 4254 §4, §7.1; OpenSSH's PROTOCOL §2.2, §2.4, §2.5
 * Runs in: session. The slices point into the message.
 */
#ifndef SALLYPORT_CONNECT_GLOBAL_H
#define SALLYPORT_CONNECT_GLOBAL_H

#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connect;

enum global_kind {
	GLOBAL_TCPIP_FORWARD,
	GLOBAL_TCPIP_CANCEL,
	GLOBAL_STREAMLOCAL_FORWARD,
	GLOBAL_STREAMLOCAL_CANCEL,
	GLOBAL_PROVE_KEYS
};

/* What the owner says to a client's request. */
enum global_answer {
	GLOBAL_NO,
	GLOBAL_YES,
	GLOBAL_LATER /* global_settle will say it */
};

/*
 * Requests that wait for the answer to an earlier one, and their octets: a
 * client asks for its forwards in one go. More than that ends the connection.
 */
#define GLOBAL_WAITING_MAX    512u
#define GLOBAL_WAITING_OCTETS ((size_t)256 << 10)

/* Members that a kind doesn't have are empty. */
struct global_request {
	enum global_kind kind;
	bool want_reply;
	struct slice target; /* address to bind, or path */
	uint32_t port;       /* as sent: may be above 65535 */
	struct slice blobs;  /* strings, one after the other */
};

/*
 * The answer that was put off; reply follows REQUEST_SUCCESS. Answers carry no
 * name, so requests that came meanwhile have waited and are taken now, each
 * after the one before (RFC 4254 §4): the owner may be asked within this call.
 */
void global_settle(struct connect *c, bool yes, struct slice reply);

/* hostkeys-00@openssh.com: tell the public keys; once after login. */
void
global_announce_keys(struct connect *c, const struct slice *blobs, size_t n);

/*
 * keepalive@openssh.com, to which any answer will do: on a channel if one is
 * open, else as a global request.
 */
void global_keepalive(struct connect *c);

#endif
