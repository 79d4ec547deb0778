/*
 * issued.h - certificates that a test makes as it likes
 *
 *     struct issued c = ISSUED; c.names = "alice,bob"; issued_make(&c, &blob);
 */
#ifndef SALLYPORT_TESTS_KEYCHECK_ISSUED_H
#define SALLYPORT_TESTS_KEYCHECK_ISSUED_H

#include "home.h"

#include "sallyport/key/cert.h"

struct issued {
	const char *key; /* test keys by their name */
	const char *ca;
	uint64_t serial;
	uint32_t kind;
	const char *id;
	const char *names; /* comma-separated; "": none */
	uint64_t after;
	uint64_t before;
	const char *command;   /* force-command, or NULL */
	const char *source;    /* source-address, or NULL */
	const char *critical;  /* another critical option, or NULL */
	const char *extension; /* one, without a value, or NULL */
};

/* Alice's, for ever, of serial 7. */
#define ISSUED                                                                 \
	((struct issued){.key = "ed25519",                                     \
	    .ca = "ca",                                                        \
	    .serial = 7,                                                       \
	    .kind = CERT_USER,                                                 \
	    .id = "an id",                                                     \
	    .names = "alice",                                                  \
	    .before = CERT_FOREVER})

/* Append the blob. */
void issued_make(const struct issued *c, struct buf *blob);

#endif
