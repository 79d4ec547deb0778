/*
 * sftp_child.h - the SFTP server as a process; private to this room
 */
#ifndef SALLYPORT_SRC_SESSION_SFTP_CHILD_H
#define SALLYPORT_SRC_SESSION_SFTP_CHILD_H

#include "sallyport/conf/conf.h"

/*
 * internal-sftp: the rest of a child that was forked and not exec'd, with the
 * connection's channel on 0 and 1. command: "internal-sftp" and its arguments.
 * log: a descriptor that takes a record for each line, its level's octet
 * first, or -1. note: what is to be said there to begin with, or NULL.
 */
struct sftp_child {
	const char *command;
	const char *user, *home;
	const struct conf *conf; /* SftpRoot and its kin */
	const char *address;     /* the client's */
	int log;
	const char *note;
};

_Noreturn void sftp_child_run(const struct sftp_child *c);

#endif
