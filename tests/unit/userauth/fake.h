/*
 * fake.h - somebody who answers userauth's questions as a test says
 *
 * What was asked is a line of words; what was sent a row of strings.
 */
#ifndef FAKE_H
#define FAKE_H

#include "suite.h"

#include "methods.h"
#include "sallyport/base/buf.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"
#include "sallyport/userauth/userauth.h"

struct fake {
	struct userauth auth;

	/* answers */
	enum verdict verdict;
	const char *methods;
	struct slice message;
	struct userauth_found found;
	const char *hostkey;
	const char *token;   /* of a GSSAPI exchange */
	enum err error;      /* of every question, if not OK */
	enum verdict cancel; /* of a dialogue that was given up */
	uint32_t nprompts;
	struct slice prompts;

	/* what happened */
	struct buf asked; /* words, a blank behind each */
	struct buf sent;  /* payloads, as strings */
	unsigned int unimplemented;

	struct buf building;
};

void fake_init(struct fake *f);
void fake_clear(struct fake *f);

/* A message: its number, and what follows. */
enum err fake_input(struct fake *f, uint8_t message, struct slice body);

/* A USERAUTH_REQUEST; NULL for user: "alice", for service: the right one. */
enum err fake_request(struct fake *f, const char *user, const char *service,
    const char *method, struct slice body);

/* To the state by the messages that lead there; forgets what happened. */
void fake_bring_to(struct fake *f, enum userauth_state state);

/* What was asked since the last time; lives until the next. */
const char *fake_asked(struct fake *f);

/* The next payload sent; empty: none. Lives until the next. */
struct slice fake_sent(struct fake *f);

/* A well-formed method part. */
struct slice fake_body(const char *method);

#endif
