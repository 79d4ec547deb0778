/*
 * home.h - a user with a home folder, what keycheck is told of them, and the
 * lines that it logged
 */
#ifndef SALLYPORT_TESTS_KEYCHECK_HOME_H
#define SALLYPORT_TESTS_KEYCHECK_HOME_H

#include "key/fixture.h"

#include "sallyport/conf/conf.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/messages.h"

struct home {
	char dir[32];
	struct conf conf;
	const char *names[8]; /* of AuthorizedKeysFile */
	struct common_key host;
	struct buf host_blob;
	struct common common;
	struct conn conn;
	struct keycheck_start start;
	struct buf lines; /* logged, one a line */
};

/* AuthorizedKeysFile is ".ssh/authorized_keys", the peer 192.0.2.1. */
void home_init(struct home *h);
void home_clear(struct home *h);

/* Write a file below the home folder; its folders are made. */
void
home_write(struct home *h, const char *name, mode_t mode, const char *text);

/* "OPTIONS TYPE BASE64 COMMENT\n" of a test key; gives. */
char *home_line(const char *options, const char *key);

/* Is there a logged line with this text in it? The process logs there. */
void home_capture(struct home *h);
bool home_logged(const struct home *h, const char *text);

#endif
