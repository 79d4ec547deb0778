/*
 * inetd.c - -i, -d and systemd's Accept=yes: one connection, served by this
 * process
 *
 * Listener and spawner in one: the keeper is started, what a spawner prepares
 * is prepared here, and this process becomes the connection's monitor.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/must.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void
inetd_version(const struct conf *conf, char *room, size_t size)
{
	const char *addendum = conf->version_addendum;
	int n = snprintf(room, size, "SSH-2.0-Sallyport_%s OpenSSH_9.9%s%.200s",
	    SALLYPORT_VERSION, addendum != NULL ? " " : "",
	    addendum != NULL ? addendum : "");

	must(n > 0 && (size_t)n < size);
}

static _Noreturn void
give_up(struct listener *l, const char *what)
{
	log_fatal("%s", what);
	exit(l->exit_status != 0 ? l->exit_status : 255);
}

/* -d: the first connection that comes to the ports. */
static int
wait_for_one(struct listener *l)
{
	struct pollfd p[SOCKETS_MAX];

	if (sockets_open(l) != OK)
		give_up(l, "no connection can come");
	for (size_t i = 0; i < l->nsockets; i++)
		p[i] =
		    (struct pollfd){.fd = l->sockets[i].fd, .events = POLLIN};
	for (;;) {
		if (poll(p, (nfds_t)l->nsockets, -1) < 0 && errno != EINTR)
			give_up(l, "poll failed");
		for (size_t i = 0; i < l->nsockets; i++) {
			int fd =
			    accept4(l->sockets[i].fd, NULL, NULL, SOCK_CLOEXEC);

			if (fd >= 0) {
				sockets_close(l);
				return fd;
			}
		}
	}
}

static bool
same_socket(int a, int b)
{
	struct stat s, t;

	return fstat(a, &s) == 0 && fstat(b, &t) == 0 && S_ISSOCK(s.st_mode) &&
	       s.st_ino == t.st_ino && s.st_dev == t.st_dev;
}

/* -i: the connection leaves 0 and 1, so that nothing else writes to it. */
static void
take_standard(struct listener *l, struct conn *c)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	c->in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	c->out = same_socket(STDIN_FILENO, STDOUT_FILENO)
		     ? c->in
		     : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (null < 0 || c->in < 0 || c->out < 0)
		give_up(l, "no descriptors left");
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	/* the peer may share our standard error: nothing goes there unasked */
	if (!l->cmd->log_stderr && l->cmd->log_file == NULL &&
	    l->cmd->debug == 0)
		dup2(null, STDERR_FILENO);
	io_close(&null);
}

static void
name_ends(struct listener *l, struct conn *c)
{
	struct client *ends = waiting_new(l);

	waiting_names(ends, c->in);
	memcpy(c->peer_ip, ends->peer_ip, sizeof(ends->peer_ip));
	memcpy(c->local_ip, ends->local_ip, sizeof(ends->local_ip));
	memcpy(c->rdomain, ends->rdomain, sizeof(ends->rdomain));
	c->peer_port = ends->peer_port;
	c->local_port = ends->local_port;
}

_Noreturn void
inetd_run(struct listener *l)
{
	static struct common common; /* lives as long as the process */
	struct conn c = {.number = 1, .in = -1, .out = -1, .lifeline = -1};
	char line[sizeof(c.version) + 2];
	int n;

	makekeys_missing(l);
	if (keepers_start(l) != OK)
		exit(l->exit_status != 0 ? l->exit_status : 255);
	if (l->connection >= 0)
		c.in = c.out = l->connection;
	else if (l->cmd->inetd)
		take_standard(l, &c);
	else
		c.in = c.out = wait_for_one(l);
	c.accepted_ms = clock_mono_ms();
	name_ends(l, &c);
	waiting_keepalive(l, c.in);
	memcpy(c.version, l->version, sizeof(l->version));
	n = snprintf(line, sizeof(line), "%s\r\n", c.version);
	if (io_write_all(c.out, slice_make(line, (size_t)n)) != OK)
		log_verbose("Connection closed by %s port %u", c.peer_ip,
		    (unsigned int)c.peer_port);
	if (spawner_prepare(buf_slice(&l->bundle), buf_slice(&l->keys), true,
		&common) != OK)
		give_up(l, "the configuration can't be prepared");
	monitor_warm(common.conf, false);
	c.keeper = rpc_fd(l->keeper);
	const int keep[] = {c.in, c.out, c.keeper, log_fd(), spawn_image_fd()};
	io_close_but(3, keep, sizeof(keep) / sizeof(keep[0]));
	monitor_main(&common, &c);
}
