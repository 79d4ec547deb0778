/*
 * ask.c - the connection to the daemon
 */
#include "ctl.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define PATIENCE_S 120 /* a large configuration is checked by then */
#define PAUSE_MS   20

static int
try_open(const struct ctl *c)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = PATIENCE_S};
	size_t n = strlen(c->socket);
	int fd;

	if (n >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, c->socket, n);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0) {
		int why = errno;

		io_close(&fd);
		errno = why;
	}
	return fd;
}

struct rpc *
ask_open(const struct ctl *c)
{
	int fd = try_open(c);

	if (fd >= 0)
		return rpc_new(fd);
	fprintf(stderr, "sallyportctl: %s: %s\n", c->socket, strerror(errno));
	return NULL;
}

struct rpc *
ask_patiently(const struct ctl *c, uint32_t ms)
{
	uint64_t end = clock_mono_ms() + ms;
	int fd;

	while ((fd = try_open(c)) < 0 && clock_mono_ms() < end)
		poll(NULL, 0, PAUSE_MS);
	return fd >= 0 ? rpc_new(fd) : NULL;
}

int
ask_failed(const struct ctl *c, enum err e)
{
	const char *why = e == ERR_EOF || e == ERR_PEER_CLOSED
			      ? "the daemon doesn't talk to us"
			  : e == ERR_AGAIN ? "no answer in time"
					   : err_sentence(e);

	fprintf(stderr, "sallyportctl: %s: %s\n", c->socket, why);
	return EXIT_NO_DAEMON;
}
