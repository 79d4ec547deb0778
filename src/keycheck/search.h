/*
 * search.h - lines of a file that hold a text
 *
 * Private to keycheck. A file of 50,000 keys is read in large pieces and
 * searched as one text; only a line that holds the key's base64 is looked at.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_SEARCH_H
#define SALLYPORT_SRC_KEYCHECK_SEARCH_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#define SEARCH_FILE_MAX ((size_t)16 << 20) /* SEC §10 */
#define SEARCH_LINE_MAX ((size_t)16 << 10)

/* A line with the text, without its newline; true: it was the one. */
typedef bool search_hit(void *ctx, struct slice line, size_t number);

/*
 * Call hit for each line of fd that holds text (not empty), until it says
 * true: then *found. size: about how long the file is. The descriptor's
 * position isn't used. Lines beyond SEARCH_LINE_MAX count, but aren't looked
 * at. ERR_TOO_LONG: the file goes on after SEARCH_FILE_MAX octets; ERR_SYSTEM.
 */
MUST_USE enum err search_file(int fd, size_t size, struct slice text,
    search_hit *hit, void *ctx, bool *found);

/*
 * All of fd, appended to text, whose max bounds it (ERR_TOO_LONG). size as
 * above. ERR_SYSTEM.
 */
MUST_USE enum err search_read(int fd, size_t size, struct buf *text);

#endif
