/*
 * keyopts.h - options of an authorized_keys line
 *
 * Source:  sshd(8) AUTHORIZED_KEYS FILE FORMAT
 * Runs in: keycheck. No I/O; local time is read from libc's zone.
 *
 * Fails closed (SEC-39): an option that is unknown, malformed or given twice
 * where that makes no sense refuses the line.
 */
#ifndef SALLYPORT_KEY_KEYOPTS_H
#define SALLYPORT_KEY_KEYOPTS_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#define KEYOPTS_PTY     1u /* bits of permits; all on by default */
#define KEYOPTS_PORT    2u
#define KEYOPTS_AGENT   4u
#define KEYOPTS_X11     8u
#define KEYOPTS_USER_RC 16u
#define KEYOPTS_ALL     31u
#define KEYOPTS_RESTRICT                                                       \
	32u /* restrict was said: what has no name of its own
			      * (tunnels, what future versions add) is off */

#define KEYOPTS_ENVIRONMENT_MAX 1024
#define KEYOPTS_PERMIT_MAX      4096
#define KEYOPTS_TUNNEL_ANY      UINT32_MAX

/* Owned; keyopts_clear. Lists are RFC 4251 strings one after the other. */
struct keyopts {
	uint32_t permits;
	bool cert_authority;
	bool no_touch;    /* a FIDO key needn't be touched */
	bool verify;      /* it must have checked its user */
	bool has_command; /* command may be empty */
	bool has_from;
	bool has_principals;
	bool has_source;
	struct buf command;
	struct buf from;         /* pattern list */
	struct buf source;       /* addresses, of a certificate (certopts.h) */
	struct buf principals;   /* comma-separated */
	struct buf environment;  /* list of NAME=value, each name once */
	struct buf permitopen;   /* list of host:port, as written */
	struct buf permitlisten; /* list of [host:]port, as written */
	size_t nenvironment;
	size_t npermitopen;
	size_t npermitlisten;
	uint32_t tunnel;  /* device number, or KEYOPTS_TUNNEL_ANY */
	uint64_t expires; /* seconds since 1970; 0: never */
};

/*
 * Parse the options word of a line (may be empty). ERR_FORMAT, ERR_FULL, …
 * with a sentence without foreign text in *why. Clear *o in either case.
 */
MUST_USE enum err
keyopts_parse(struct slice text, struct keyopts *o, const char **why);

void keyopts_clear(struct keyopts *o);

#endif
