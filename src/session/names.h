/*
 * names.h - names of accounts, for the SFTP server; private to this room
 */
#ifndef SALLYPORT_SRC_SESSION_NAMES_H
#define SALLYPORT_SRC_SESSION_NAMES_H

#include <sys/types.h>

/* NULL: unknown. Valid until the next call. A listing asks for the same few
 * again and again: the last ones are kept. */
const char *names_user(void *ctx, uid_t uid);
const char *names_group(void *ctx, gid_t gid);

/* Home of a user, "" being the process's own; NULL: no such user. */
const char *names_home(void *ctx, const char *user);

#endif
