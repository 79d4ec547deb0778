/*
 * knownline.h - one line of known_hosts
 *
 * Source:  sshd(8) SSH_KNOWN_HOSTS FILE FORMAT
 * Runs in: keycheck (host-based authentication). No I/O.
 *
 *      [@cert-authority|@revoked] hosts type base64 [comment]
 *
 * hosts is a list of patterns, or one name as "|1|SALT|HASH": both in base64,
 * the hash being HMAC-SHA1 of the name under the salt.
 */
#ifndef SALLYPORT_KEY_KNOWNLINE_H
#define SALLYPORT_KEY_KNOWNLINE_H

#include "sallyport/base/buf.h"
#include "sallyport/key/key.h"

#define KNOWNLINE_MAX ((size_t)16 << 10) /* SEC §10 */

enum known_marker {
	KNOWN_HOST,      /* no marker: the key is the hosts' */
	KNOWN_AUTHORITY, /* it signs the hosts' certificates */
	KNOWN_REVOKED    /* nobody is to believe it any more */
};

struct knownline {
	enum known_marker marker;
	struct slice hosts; /* as written, for knownline_names */
	enum key_type type;
};

/*
 * Parse a line (with or without its newline); the blob goes to *blob, which is
 * reset first, the slices borrow from line. ERR_NOT_FOUND: blank or a comment;
 * ERR_UNKNOWN_ALGO: no plain key's type where one should stand, which old
 * lines of another protocol haven't; ERR_FORMAT: an unknown marker or more
 * than one, bad base64, a blob of another type, NUL.
 */
MUST_USE enum err
knownline_parse(struct slice line, struct buf *blob, struct knownline *k);

/*
 * Does the line speak of host, a name or an address in lower case? A negated
 * pattern that holds wins, wherever it stands.
 */
bool knownline_names(const struct knownline *k, struct slice host);

#endif
