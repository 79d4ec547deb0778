/*
 * files.h - the files that decide about keys, opened but not read
 *
 * Private to keycheck. What AuthorizedKeysFile and AuthorizedPrincipalsFile
 * name is opened with the claimed user's rights (SEC-10), and so are their
 * known_hosts and .rhosts; what the administrator names (TrustedUserCAKeys,
 * RevokedKeys) or the system has, with those of the start. All of it is looked
 * at through the descriptor.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_FILES_H
#define SALLYPORT_SRC_KEYCHECK_FILES_H

#include "sallyport/base/err.h"
#include "sallyport/roles.h"

#define FILES_MAX 64 /* of all names and globs together */

enum files_kind {
	FILES_KEYS,
	FILES_PRINCIPALS,
	FILES_CA,
	FILES_REVOKED,
	FILES_KNOWN,     /* known_hosts, the system's and the user's */
	FILES_KNOWN_OLD, /* known_hosts2, for hosts that nothing is known of */
	FILES_EQUIV,     /* hosts.equiv and shosts.equiv */
	FILES_RHOSTS     /* the user's .rhosts and .shosts */
};

struct keys_file {
	enum files_kind kind;
	int fd;      /* -1: couldn't be opened; only of the administrator's */
	int why;     /* errno then */
	char *path;  /* for the log */
	size_t size; /* when it was opened: how large a room to read into */
	char *fault; /* of host-based files: why fd is -1, a line for the log
		      * once somebody would have looked into it */
};

struct files {
	struct keys_file v[FILES_MAX];
	size_t n;
	char
	    *untrusted; /* "PATH has mode …": what StrictModes left out first */
};

/*
 * Open what there is, in the configuration's order: the administrator's first.
 * What can't be had of the user's is told in the log and left out; files of
 * host-based authentication may be missing. The process has the user's rights
 * meanwhile and its own back afterwards; ends the process where that can't be
 * done.
 */
void files_open(struct files *f, const struct keycheck_start *start);

/* Close and free. */
void files_clear(struct files *f);

#endif
