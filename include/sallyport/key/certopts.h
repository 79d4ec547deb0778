/*
 * certopts.h - what a certificate allows, and how that goes together with the
 * options of the line that trusts it
 *
 * Source:  OpenSSH's PROTOCOL.certkeys; sshd(8) AUTHORIZED_KEYS FILE FORMAT
 * Runs in: keycheck. No I/O.
 *
 * A certificate permits what its extensions name and nothing else; what its
 * critical options demand must be understood, or it is of no use. Extensions
 * that we don't know are passed over.
 */
#ifndef SALLYPORT_KEY_CERTOPTS_H
#define SALLYPORT_KEY_CERTOPTS_H

#include "sallyport/key/cert.h"
#include "sallyport/key/keyopts.h"

/* Why a certificate's options are no good: sentence, foreign text apart. */
struct certopts_fault {
	const char *why;   /* without foreign text */
	struct slice name; /* of the option; borrows from the certificate */
};

/*
 * The options of a user's certificate, as those of a line; its end is in
 * o->expires. ERR_UNSUPPORTED: a critical option that we don't know;
 * ERR_FORMAT: malformed, with data where there must be none, or given twice.
 * Clear *o (keyopts_clear) in either case.
 */
MUST_USE enum err certopts_read(const struct cert *c, struct keyopts *o,
    struct certopts_fault *fault);

/*
 * Add a certificate's options to those of a line: *o becomes what both allow.
 * ERR_DENIED: both force a command, and not the same; ERR_TOO_LONG.
 */
MUST_USE enum err certopts_merge(struct keyopts *o, const struct keyopts *cert);

#endif
