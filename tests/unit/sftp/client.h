/*
 * client.h - a client: sends requests to a server in a process of its own, and
 * looks at the replies. Each works in a fresh folder.
 */
#ifndef SALLYPORT_TESTS_SFTP_CLIENT_H
#define SALLYPORT_TESTS_SFTP_CLIENT_H

#include "suite.h"

#include "inside.h"

#include "sallyport/base/mem.h"

struct client {
	pid_t pid;
	int fd;        /* a stream socket to the server */
	char dir[64];  /* where both work */
	uint32_t id;   /* of the last request */
	struct buf in; /* the last reply, without its length */
	struct sftp_options o;
	int log; /* reading end of its log: lines */
};

/* Before it starts, o may be changed; client_start sends INIT. */
void client_init(struct client *c);
void client_start(struct client *c);
/* Before it starts: the present folder is its SftpRoot. */
void client_root(struct client *c);
void client_clear(struct client *c); /* for SCOPED */

/* A request is a format: s string, u u32, q u64, h handle of 4 octets (u32). */
void client_send(struct client *c, unsigned int type, const char *format, ...);

/* The next reply, behind its id, which must be that of the last request. */
struct rd client_reply(struct client *c, unsigned int type);
uint32_t client_status(struct client *c);
uint32_t client_handle(struct client *c);

/* The server's exit status, after the client left. */
int client_leave(struct client *c);

/* A file in the folder with a text, and a file's text. */
void client_put(const char *name, const char *text);
void client_holds(const char *name, const char *text);

#endif
