/*
 * notify.c - readiness: the pid file, and what systemd wants to know
 *
 * sd_notify(3) is a datagram of lines to NOTIFY_SOCKET; no library. A unit
 * that kills whoever doesn't report (WatchdogSec=) gets WATCHDOG=1 from a timer
 * of the loop: it comes only if the loop turns.
 *
 * Listening sockets go into the unit's descriptor store, where it has one: a
 * restart then refuses nobody, since the next process finds them bound and
 * with those who connected meanwhile.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

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

#define STATUS_MS   1000 /* STATUS changes no more often */
#define STORE_BATCH 64   /* descriptors a datagram; the kernel takes 253 */

/* ---- the socket ---------------------------------------------------------------- */

/* "/path" or "@abstract"; a virtual machine's vsock:… isn't ours to speak to. */
static bool
address_of(const char *name, struct sockaddr_un *a, socklen_t *n)
{
	size_t length = name == NULL ? 0 : strlen(name);

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length < 2 || length >= sizeof(a->sun_path) ||
	    (name[0] != '/' && name[0] != '@'))
		return false;
	memcpy(a->sun_path, name, length);
	*n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (name[0] == '@')
		a->sun_path[0] = '\0';
	else
		*n += 1;
	return true;
}

static void
attach(struct msghdr *m, char *room, const int *fds, size_t n)
{
	struct cmsghdr *c;

	if (n == 0)
		return;
	memset(room, 0, CMSG_SPACE(n * sizeof(int)));
	m->msg_control = room;
	m->msg_controllen = CMSG_SPACE(n * sizeof(int));
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
}

/* A manager that is slow must not hold us up: what it doesn't take is lost,
 * but for the log at debug level. */
static void
tell_with(struct listener *l, const char *lines, const int *fds, size_t n)
{
	_Alignas(
	    struct cmsghdr) char room[CMSG_SPACE(STORE_BATCH * sizeof(int))];
	struct iovec iov = {(void *)(uintptr_t)lines, strlen(lines)};
	struct sockaddr_un to;
	struct msghdr m = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1};
	SCOPED(io_close) int fd = -1;

	if (!address_of(l->notify.socket, &to, &m.msg_namelen))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	attach(&m, room, fds, n);
	if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0)
		log_debug1("NOTIFY_SOCKET: %s", strerror(errno));
}

static void
tell(struct listener *l, const char *lines)
{
	tell_with(l, lines, NULL, 0);
}

static uint64_t
number_of(const char *name, uint64_t max)
{
	const char *text = getenv(name);
	uint64_t n;

	return text != NULL && text_number(slice_cstr(text), 1, max, &n) == OK
		   ? n
		   : 0;
}

void
notify_init(struct listener *l)
{
	static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_PID",
	    "WATCHDOG_USEC", "FDSTORE", "LISTEN_PID", "LISTEN_FDS",
	    "LISTEN_FDNAMES", "LISTEN_PIDFDID", "REMOTE_ADDR", "REMOTE_PORT"};
	const char *path = getenv("NOTIFY_SOCKET");
	uint64_t pid = number_of("WATCHDOG_PID", INT32_MAX);

	if (path != NULL)
		l->notify.socket = mem_strdup(path);
	if (pid == 0 || pid == (uint64_t)getpid())
		l->notify.watchdog_us = number_of("WATCHDOG_USEC", INT64_MAX);
	l->notify.store = (uint32_t)number_of("FDSTORE", UINT32_MAX);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

/* ---- the pid file --------------------------------------------------------------- */

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

/* A reload may have moved it. */
static void
move_pid_file(struct listener *l)
{
	const char *path = l->conf->pid_file;

	write_pid_file(path);
	if (l->old_pid_file != NULL &&
	    (path == NULL || strcmp(path, l->old_pid_file) != 0))
		unlink(l->old_pid_file);
	mem_free(take(&l->old_pid_file));
}

/* ---- what is told ------------------------------------------------------------------ */

/* The store is what we listen on now, whatever it was before. */
static void
store_sockets(struct listener *l)
{
	int fds[STORE_BATCH];
	size_t n = 0;

	if (l->notify.store == 0)
		return;
	tell(l, "FDSTOREREMOVE=1\nFDNAME=" NOTIFY_STORED);
	for (size_t i = 0; i < l->nsockets && i < l->notify.store; i++) {
		if (l->sockets[i].given)
			continue; /* systemd has it already */
		fds[n++] = l->sockets[i].fd;
		if (n < STORE_BATCH)
			continue;
		tell_with(l, "FDSTORE=1\nFDNAME=" NOTIFY_STORED, fds, n);
		n = 0;
	}
	if (n > 0)
		tell_with(l, "FDSTORE=1\nFDNAME=" NOTIFY_STORED, fds, n);
}

static void
status_text(struct listener *l, char *room, size_t size)
{
	unsigned int in = 0;
	int n;

	LIST_EACH (it, &l->clients)
		in += LIST_ITEM(it, struct client, all)->state == CLIENT_IN;
	n = snprintf(room, size,
	    "STATUS=%u logged in, %u before login, %u silent", in,
	    (unsigned int)l->speaking, (unsigned int)l->silent);
	if (l->reload_failed[0] != '\0' && n > 0 && (size_t)n < size)
		snprintf(room + n, size - (size_t)n,
		    "; the last reload failed: %s", l->reload_failed);
}

static void
on_status(struct timer *t)
{
	struct listener *l = t->ctx;
	char text[sizeof(l->notify.told)];

	l->notify.settled = true;
	status_text(l, text, sizeof(text));
	if (strcmp(text, l->notify.told) == 0)
		return;
	memcpy(l->notify.told, text, sizeof(text));
	tell(l, text);
}

/*
 * Something happened, maybe nothing that is told: look in a second. The timer's
 * own turn doesn't count, so that an idle daemon sleeps.
 */
void
notify_turn(struct listener *l)
{
	struct notify *n = &l->notify;

	if (n->socket == NULL)
		return;
	if (n->status.place == 0 && !n->settled) {
		n->status = (struct timer){.on = on_status, .ctx = l};
		loop_timer(l->loop, &n->status, clock_mono_ms() + STATUS_MS);
	}
	n->settled = false;
}

void
notify_alive(struct listener *l)
{
	if (l->notify.watchdog_us > 0)
		tell(l, "WATCHDOG=1");
}

static void
on_beat(struct timer *t)
{
	struct listener *l = t->ctx;

	notify_alive(l);
	/* twice in the time that is given, sd_watchdog_enabled(3) */
	loop_timer(l->loop, t,
	    clock_mono_ms() + 1 + l->notify.watchdog_us / 2000);
}

void
notify_ready(struct listener *l)
{
	char lines[64];

	if (l->cmd->debug == 0 && !l->cmd->inetd)
		move_pid_file(l);
	store_sockets(l);
	snprintf(lines, sizeof(lines), "READY=1\nMAINPID=%ld", (long)getpid());
	tell(l, lines);
	if (l->notify.watchdog_us > 0) {
		l->notify.beat = (struct timer){.on = on_beat, .ctx = l};
		on_beat(&l->notify.beat);
	}
	if (l->notify.socket != NULL)
		notify_turn(l);
}

void
notify_reloading(struct listener *l)
{
	char lines[96];

	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)(clock_mono_ns() / 1000));
	tell(l, lines);
}

void
notify_resumed(struct listener *l)
{
	/* as after a reload that succeeded: sshd's users wait for the file */
	char lines[sizeof("READY=1\n") + sizeof(l->notify.told)];

	if (l->cmd->debug == 0 && !l->cmd->inetd)
		move_pid_file(l);
	status_text(l, l->notify.told, sizeof(l->notify.told));
	/* at once with why it failed: "systemctl reload" returns on READY */
	snprintf(lines, sizeof(lines), "READY=1\n%s", l->notify.told);
	tell(l, lines);
}

void
notify_stopping(struct listener *l)
{
	tell(l, "STOPPING=1");
	if (l->conf->pid_file != NULL)
		unlink(l->conf->pid_file);
}
