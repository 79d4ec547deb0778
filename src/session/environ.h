/*
 * environ.h - the environment of a program, in order of precedence
 *
 * Source:  sshd(8) LOGIN PROCESS and ENVIRONMENT; SEC-48
 */
#ifndef SALLYPORT_SESSION_ENVIRON_H
#define SALLYPORT_SESSION_ENVIRON_H

#include "sallyport/base/slice.h"
#include "sallyport/conf/conf.h"
#include "sallyport/roles.h"

#include <stdbool.h>
#include <stddef.h>

/* SEC §10: what a client may have us keep */
#define ENVIRON_CLIENT_MAX    128u
#define ENVIRON_CLIENT_OCTETS ((size_t)64 << 10)

struct environment {
	char **v; /* NAME=value, NULL-terminated once there is one */
	size_t n;
	size_t octets;
};

void environ_clear(struct environment *e);

/* Set or replace; value NULL does nothing. */
void environ_set(struct environment *e, struct slice name, const char *value);
const char *environ_get(const struct environment *e, const char *name);

/*
 * May a client set this? AcceptEnv names it, and it is neither malformed nor
 * one that changes what a loader or a shell runs.
 */
bool environ_accepts(const struct conf_list *accept, struct slice name);

/* A client's variable. False: not accepted, or one too many. */
bool environ_add_client(struct environment *e, const struct conf_list *accept,
    struct slice name, struct slice value);

/* Lines NAME=value of a file's text, for names that patterns allow. */
void environ_add_text(struct environment *e, struct slice text,
    const struct conf_list *patterns);

struct environ_facts {
	const struct conf *conf;
	const struct grant *grant;
	const struct conn *conn;
	const struct environment *client;
	const char *shell;
	const char *term;     /* or NULL, as those below */
	const char *tty;      /* "/dev/pts/3" */
	const char *original; /* the client's command */
	const char *auth_file;
	const char *display;    /* of X11 */
	const char *agent;      /* path of its socket */
	const char *tunnel;     /* its device */
	struct slice user_file; /* text of ~/.ssh/environment */
};

/* All of it, later ones win. */
void environ_build(struct environment *e, const struct environ_facts *f);

#endif
