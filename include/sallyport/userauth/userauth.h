/*
 * userauth.h - RFC 4252 and 4256 as seen from the gate
 *
 * Source:  RFC 4252, RFC 4256; publickey-hostbound-v00@openssh.com
 * Runs in: gate. No I/O, no clock, no log above debug. It decides nothing:
 *          whether a user exists and a credential holds, how often one may
 *          try and what is still due are the answers of struct userauth_ops,
 *          each of which waits until the question is answered.
 *
 *     START ──SERVICE_REQUEST──► SERVICE ──first USERAUTH_REQUEST──► USER
 *                                                                     │
 *     DONE ◄──success── any of USER, PROMPT, MIC, PROMPTED            │
 *                                                                     ▼
 *     PROMPTED ◄──answered for good, or abandoned── PROMPT (keyboard-interactive)
 *         ▲                                         TOKEN ──► MIC (GSSAPI)
 *         └───────────────────────────────────────────┴───────┘
 *
 * A state by message table in userauth.c says what may come when.
 */
#ifndef SALLYPORT_USERAUTH_USERAUTH_H
#define SALLYPORT_USERAUTH_USERAUTH_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"
#include "sallyport/rpc/messages.h"

#include <stdbool.h>
#include <stdint.h>

enum userauth_state {
	USERAUTH_START,    /* no service yet */
	USERAUTH_SERVICE,  /* ssh-userauth was accepted */
	USERAUTH_USER,     /* the user's name is known */
	USERAUTH_PROMPT,   /* an INFO_REQUEST waits for its answer */
	USERAUTH_TOKEN,    /* a GSSAPI token is due */
	USERAUTH_MIC,      /* it was accepted: the MIC is due */
	USERAUTH_PROMPTED, /* as USER, but there was a dialogue, which ended */
	USERAUTH_DONE,     /* SSH_MSG_USERAUTH_SUCCESS was sent */
	USERAUTH_STATES
};

/* What is known once the user's name is. */
struct userauth_found {
	struct slice banner; /* text of the administrator's, maybe empty */
	bool refused;        /* end the connection without a word */
};

/*
 * Who decides, and where payloads go. Slices of a reply live until the next
 * question. An error of any of these ends the connection: userauth_input
 * returns it.
 */
struct userauth_ops {
	enum err (*find_user)(void *ctx, const struct user_req *req,
	    struct userauth_found *found);
	enum err (*none)(void *ctx, const struct none_req *req,
	    struct verdict_rep *rep);
	enum err (*pubkey)(void *ctx, const struct pubkey_req *req,
	    struct verdict_rep *rep);
	enum err (*hostbased)(void *ctx, const struct hostbased_req *req,
	    struct verdict_rep *rep);
	enum err (*password)(void *ctx, const struct password_req *req,
	    struct verdict_rep *rep);
	/* A request that can't succeed: it counts and fails. */
	enum err (*other)(void *ctx, const struct kbdint_req *req,
	    struct verdict_rep *rep);
	enum err (*kbdint_start)(void *ctx, const struct kbdint_req *req,
	    struct prompt_rep *rep);
	enum err (*kbdint_answer)(void *ctx, const struct answer_req *req,
	    struct prompt_rep *rep);
	enum err (*kbdint_cancel)(void *ctx, struct verdict_rep *rep);
	/* VERDICT_PROMPT: the token is awaited; after it the MIC */
	enum err (*gss_start)(void *ctx, struct verdict_rep *rep);
	enum err (*gss_token)(void *ctx, const struct token_req *req,
	    struct token_rep *rep);
	enum err (*gss_mic)(void *ctx, const struct token_req *req,
	    struct verdict_rep *rep);
	enum err (*gss_cancel)(void *ctx, struct verdict_rep *rep);

	/* K_S of the connection's first key exchange */
	struct slice (*first_hostkey)(void *ctx);
	/* The user is known: a second EXT_INFO goes now, if it was asked for */
	void (*second_ext_info)(void *ctx);

	/* As transport_begin and transport_end */
	struct wr (*begin)(void *ctx, size_t max);
	enum err (*end)(void *ctx, const struct wr *w);
	/* Answer SSH_MSG_UNIMPLEMENTED for the payload being handled */
	void (*unimplemented)(void *ctx);
};

struct userauth {
	const struct userauth_ops *ops;
	void *ctx;
	enum userauth_state state;
	char *user;       /* of the first request, without ":style"; or NULL */
	char *service;    /* likewise */
	uint32_t prompts; /* in PROMPT: how many answers are due */
	char *why;        /* what there is to say about an error, or NULL */
};

/* Keeps ops and ctx. */
void
userauth_init(struct userauth *u, const struct userauth_ops *ops, void *ctx);
void userauth_clear(struct userauth *u);

/*
 * Handle one payload of the transport: a message of 5, 50 to 79. Answers are
 * sent before it returns. An error ends the connection; see userauth_fail.
 * ERR_DENIED: the user was refused at first sight, or by the account in the
 * end: nothing more is to be said.
 */
MUST_USE enum err userauth_input(struct userauth *u, struct slice payload);

/* Text for the log and SSH_MSG_DISCONNECT after an error of userauth_input;
 * its code is err_disconnect_code. Lives until the next call. */
const char *userauth_fail(const struct userauth *u, enum err e);

/* USERAUTH_SUCCESS was sent: nothing more is taken. */
bool userauth_is_done(const struct userauth *u);

/* The name that was claimed, as sent (quote it), or NULL. */
const char *userauth_name(const struct userauth *u);

/* A method's parser for tests and fuzzers: OK or why request is malformed.
 * body is what follows the method's name; unknown methods are OK. */
MUST_USE enum err userauth_parse(const char *method, struct slice body);

#endif
