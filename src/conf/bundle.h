/*
 * bundle.h - a configuration's texts in one piece
 *
 * What the start said and every file that was read, each once, so that
 * whoever has the bundle needs no file. Text, for the eye and for fuzzers:
 *
 *     sallyport-bundle 1
 *     KIND N M
 *     <N octets><M octets>
 *     KIND N M
 *     ...
 *
 *     kind   N octets    M octets
 *     cwd    -           working directory at the start
 *     home   -           home of whoever started it
 *     ports  -           - (Port lines of files don't count)
 *     line   -           one configuration line of the start
 *     file   name        its octets; the first one is the main file
 *     glob   pattern     numbers of the files that Include of it means, in
 *                        order, separated by blanks
 */
#ifndef SALLYPORT_CONF_BUNDLE_H
#define SALLYPORT_CONF_BUNDLE_H

#include "sallyport/base/buf.h"
#include "sallyport/conf/conf.h"

#include <stdbool.h>
#include <stddef.h>

#define BUNDLE_GLOBS    1024
#define BUNDLE_LINES    4096
#define BUNDLE_FILE_MAX ((size_t)16 << 20)

struct bundle_part {
	struct slice name;
	struct slice body;
};

/* An open bundle; everything borrows from its text. */
struct bundle {
	struct slice cwd;
	struct slice home;
	bool ports_final;
	struct bundle_part *lines;
	size_t nlines;
	struct bundle_part *files;
	size_t nfiles;
	struct bundle_part *globs;
	size_t nglobs;
};

/* ERR_FORMAT, ERR_FULL; free with bundle_close in any case. */
MUST_USE enum err bundle_open(struct slice text, struct bundle *b);
void bundle_close(struct bundle *b);

/* The part for a pattern as it stands in the file; NULL: nothing fits it. */
const struct bundle_part *
bundle_glob(const struct bundle *b, struct slice pattern);

/* conf_read */
MUST_USE enum err bundle_read(const struct conf_source *source,
    struct buf *bundle, char *why, size_t size);

#endif
