/*
 * path.h - percent tokens; who may write to a path
 */
#ifndef SALLYPORT_BASE_PATH_H
#define SALLYPORT_BASE_PATH_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <sys/types.h>

struct path_token {
	char letter;
	const char *value; /* NULL: known here, but without a value: "" */
};

/*
 * Replace %x by its value ("%%" is always known), appending to out.
 * ERR_FORMAT: an unknown token or a lone '%' at the end. tokens ends with
 * letter 0.
 */
MUST_USE enum err path_expand(const char *template,
    const struct path_token *tokens, struct buf *out);

/*
 * StrictModes: the open file fd, known as path (absolute), and every directory
 * above it up to home (or the root) must belong to root or uid, and be
 * writable by nobody else. Symbolic links are followed first, so directories
 * are those of the real path. ERR_DENIED with the offender's path in why and
 * *directory telling its kind; ERR_SYSTEM with errno and the path in why. home
 * may be NULL.
 */
MUST_USE enum err path_trusted(int fd, const char *path, const char *home,
    uid_t uid, char *why, size_t size, bool *directory);

#endif
