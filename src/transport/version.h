/*
 * version.h - identification lines, RFC 4253 §4.2
 *
 *     SSH-protoversion-softwareversion SP comments CR LF
 *
 * Runs in: gate. A client sends one line and nothing before it.
 */
#ifndef VERSION_H
#define VERSION_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define VERSION_LINE_MAX 8192 /* as OpenSSH reads; the RFC says 255 */

/* What the peer's software needs to be treated like. */
#define VERSION_BAD_CURVE25519 1u /* sends K's leading zeros wrongly */

struct version {
	struct slice line; /* without CR LF; points into the input */
	uint32_t major;
	unsigned int quirks;
};

/*
 * The line at the start of in. On OK *used is the line's length with its end.
 * ERR_MORE: no end of line yet. ERR_VERSION: not an identification line, or
 * too long; ERR_VERSION_MAJOR: neither 2.x nor 1.99. v->line is set in both
 * cases as far as there is a line, for the log.
 */
MUST_USE enum err
version_read(struct slice in, struct version *v, size_t *used);

/* The plain text that answers such an error; empty for others. */
struct slice version_answer(enum err e);

#endif
