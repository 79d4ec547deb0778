/*
 * methods.h - the methods of user authentication; private to this room
 *
 * A method reads its part of a request, whole, before anybody is asked
 * (SEC-36: a malformed request ends the connection whoever the user is), then
 * asks, then the verdict is told by userauth.c alike for all.
 */
#ifndef METHODS_H
#define METHODS_H

#include "sallyport/userauth/userauth.h"

/* What may go to the monitor; rpc/messages.c says the same. */
#define METHODS_NAME_MAX   64u
#define METHODS_BLOB_MAX   32768u
#define METHODS_PARTY_MAX  256u   /* octets of a client host's or user's name */
#define METHODS_ANSWER_MAX 32768u /* all answers of one dialogue's step */

/* The method's part of a request; slices point into the payload. */
struct request {
	bool hopeless; /* well-formed, but nothing that could succeed */
	union {
		struct pubkey_req pubkey;
		struct hostbased_req hostbased;
		struct password_req password;
		struct kbdint_req kbdint;
	};
};

struct method {
	const char *name; /* on the wire */
	const char *said; /* in the log */
	enum err (*read)(struct slice body, struct request *req);
	/* rep is zero; a verdict_rep fills its first three members */
	enum err (*ask)(const struct userauth *u, const struct request *req,
	    struct prompt_rep *rep);
	/* Write the message that says VERDICT_PK_OK; NULL: never */
	void (*write_ok)(struct wr *w, const struct request *req);
};

/* NULL: unknown, or nothing that we have. */
const struct method *methods_find(struct slice name);

/* By place, for tests; NULL behind the last. */
const struct method *methods_row(size_t i);

/* The first members of *rep from a method's verdict. */
enum err methods_verdict(enum err e, const struct verdict_rep *verdict,
    struct prompt_rep *rep);

extern const struct method none_method;
extern const struct method pubkey_method;
extern const struct method pubkey_hostbound_method;
extern const struct method hostbased_method;
extern const struct method password_method;
extern const struct method kbdint_method;
extern const struct method gssapi_method;

/* ---- kbdint.c: the dialogue's messages ---- */

/* SSH_MSG_USERAUTH_INFO_REQUEST; octets that it takes at most. */
size_t kbdint_request_max(const struct prompt_rep *prompts);
void kbdint_write_request(struct wr *w, const struct prompt_rep *prompts);

/* SSH_MSG_USERAUTH_INFO_RESPONSE behind its number: n answers are due. */
MUST_USE enum err
kbdint_read_response(struct slice body, uint32_t n, struct answer_req *req);

/* ---- gssapi.c: the exchange's messages ---- */

/* SSH_MSG_USERAUTH_GSSAPI_RESPONSE: the mechanism that we choose. */
MUST_USE enum err gssapi_send_choice(const struct userauth *u);

/* A message that is a token: 61 or 65. An empty one isn't sent. */
MUST_USE enum err gssapi_send_token(const struct userauth *u, uint8_t message,
    struct slice token);

/* The same of the client's, or a MIC, behind its number. */
MUST_USE enum err
gssapi_read_token(struct slice body, size_t max, struct token_req *req);

/* ---- banner.c ---- */

/* Send text as SSH_MSG_USERAUTH_BANNER, in pieces that every client takes. */
MUST_USE enum err banner_send(const struct userauth *u, struct slice text);

/* Octets of the valid character at the start of s, made of printable text, or
 * 0: the first octet isn't fit to be sent. */
size_t banner_character(struct slice s);

#endif
