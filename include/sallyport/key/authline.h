/*
 * authline.h - one line of authorized_keys, or of a .pub file
 *
 * Source:  sshd(8) AUTHORIZED_KEYS FILE FORMAT
 * Runs in: keycheck, keeper (host certificates' files). No I/O.
 *
 *      [options] type base64 [comment]
 *
 * Options are one word, in which quotes protect blanks.
 */
#ifndef SALLYPORT_KEY_AUTHLINE_H
#define SALLYPORT_KEY_AUTHLINE_H

#include "sallyport/base/buf.h"
#include "sallyport/key/key.h"

#define AUTHLINE_MAX ((size_t)16 << 10) /* SEC §10 */

struct authline {
	struct slice options; /* as written, for keyopts_parse; maybe empty */
	struct slice comment;
	enum key_type type;
	bool certificate;
};

/*
 * Parse a line (with or without its newline); the blob goes to *blob, which is
 * reset first, the slices borrow from line. ERR_NOT_FOUND: blank or a comment;
 * ERR_UNKNOWN_ALGO: no known type where one should stand; ERR_FORMAT: a quote
 * without end, bad base64, or a blob of another type.
 */
MUST_USE enum err
authline_parse(struct slice line, struct buf *blob, struct authline *a);

/*
 * The base64 of a key of type name, to *blob, which is reset first.
 * ERR_FORMAT: bad base64, or a blob of another type.
 */
MUST_USE enum err
authline_decode(struct slice name, struct slice letters, struct buf *blob);

/*
 * Parse a line of AuthorizedPrincipalsFile, "[options] name": the name follows
 * the last blank, a "#" ends the line wherever it stands, even in quotes. The
 * slices borrow from line. ERR_NOT_FOUND: nothing is left; ERR_FORMAT: NUL.
 */
MUST_USE enum err authline_principal(struct slice line, struct slice *options,
    struct slice *name);

#endif
