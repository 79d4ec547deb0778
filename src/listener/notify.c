/*
 * notify.c - readiness: the pid file, and systemd's socket where it has one
 *
 * sd_notify(3) is a datagram with lines to NOTIFY_SOCKET; no library.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void
tell_systemd(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = path == NULL ? 0 : strlen(path);
	SCOPED(io_close) int fd = -1;

	if (n < 2 || n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0'; /* abstract */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
		(const struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		log_debug1("NOTIFY_SOCKET: %s", strerror(errno));
}

static void
write_pid_file(const char *path)
{
	SCOPED(io_close) int fd = -1;
	char text[32];
	int n;

	if (path == NULL)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd < 0) {
		log_error("Couldn't create pid file \"%s\": %s", path,
		    strerror(errno));
		return;
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (io_write_all(fd, slice_make(text, (size_t)n)) != OK ||
	    fchmod(fd, 0644) != 0)
		log_error("pid file \"%s\": %s", path, strerror(errno));
}

void
notify_ready(struct listener *l)
{
	char lines[64];

	if (l->cmd->debug == 0 && !l->cmd->inetd)
		write_pid_file(l->conf->pid_file);
	snprintf(lines, sizeof(lines), "READY=1\nMAINPID=%ld", (long)getpid());
	tell_systemd(lines);
}

void
notify_reloading(struct listener *l)
{
	char lines[96];

	(void)l;
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)(clock_mono_ns() / 1000));
	tell_systemd(lines);
}

void
notify_stopping(struct listener *l)
{
	tell_systemd("STOPPING=1");
	if (l->conf->pid_file != NULL)
		unlink(l->conf->pid_file);
}
