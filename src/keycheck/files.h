/*
 * files.h - the files that AuthorizedKeysFile names, opened as their owner
 *
 * Private to keycheck. SEC-10: opened with the claimed user's rights, looked at
 * through the descriptor, not read here.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_FILES_H
#define SALLYPORT_SRC_KEYCHECK_FILES_H

#include "sallyport/base/err.h"
#include "sallyport/roles.h"

#define FILES_MAX 64 /* of all names and globs together */

struct keys_file {
	int fd;
	char *path;  /* for the log */
	size_t size; /* when it was opened: how large a room to read into */
};

struct files {
	struct keys_file v[FILES_MAX];
	size_t n;
};

/*
 * Open what there is, in the configuration's order. What can't be had is told
 * in the log and left out. The process has the user's rights meanwhile and its
 * own back afterwards; ends the process where that can't be done.
 */
void files_open(struct files *f, const struct keycheck_start *start);

/* Close and free. */
void files_clear(struct files *f);

#endif
