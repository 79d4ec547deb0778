/*
 * scrape.c - the process that serves MetricsListen: its socket, its start
 *
 * Whoever asks over HTTP is read there, without privilege; here comes nothing
 * but its request for the figures (rpc/control_ops.h, METRICS).
 */
#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/spawn.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_MS 1000 /* a process that ended is started again */
#define BACKLOG  16

struct scrape {
	int fd; /* the listening socket; -1 */
	char *address;
	pid_t pid;
	struct visitor *visitor;
	struct timer retry;
};

static void start(struct listener *l);

static struct scrape *
scrape_of(struct listener *l)
{
	if (l->scrape == NULL) {
		l->scrape = mem_new(sizeof(*l->scrape));
		l->scrape->fd = -1;
	}
	return l->scrape;
}

int
scrape_fd(const struct listener *l)
{
	return l->scrape != NULL ? l->scrape->fd : -1;
}

const char *
scrape_address(const struct listener *l)
{
	return l->scrape != NULL ? l->scrape->address : NULL;
}

void
scrape_inherit(struct listener *l, int fd, struct slice address)
{
	struct scrape *s = scrape_of(l);

	s->fd = fd;
	s->address = mem_text(address);
}

/* ---- sockets -------------------------------------------------------------- */

static int
fail(const char *path, const char *why)
{
	log_error("%s: %s", path, why);
	return -1;
}

/* Ours, and nobody else may put a socket of his own in our place. */
static bool
folder_ready(const char *path)
{
	const char *end = strrchr(path, '/');
	SCOPED(mem_free_at)
	char *folder = mem_text(slice_make(path, (size_t)(end - path)));
	struct stat s;

	if (folder[0] == '\0')
		return false;
	if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
		fail(folder, strerror(errno));
		return false;
	}
	if (stat(folder, &s) == 0 && S_ISDIR(s.st_mode) &&
	    (s.st_uid == 0 || s.st_uid == geteuid()) &&
	    (s.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return true;
	fail(folder, "must be root's, and writable by nobody else");
	return false;
}

/* Somebody serves it: another daemon, whose socket stays. */
static bool
is_served(const struct sockaddr_un *a, int type)
{
	SCOPED(io_close) int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	return fd >= 0 &&
	       connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;
}

int
scrape_bind_path(struct listener *l, const char *path, int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, rc;

	(void)l;
	if (strlen(path) >= sizeof(a.sun_path))
		return fail(path, "too long for a socket's path");
	memcpy(a.sun_path, path, strlen(path));
	if (!folder_ready(path))
		return -1;
	if (is_served(&a, type)) {
		log_info("%s is served by another process already", path);
		return -1;
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return fail(path, strerror(errno));
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(path, strerror(errno));
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (rc == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	fail(path, strerror(errno));
	io_close(&fd);
	return -1;
}

/* "127.0.0.1:9822", "[::1]:9822": conf checked that it is of the loopback. */
static int
bind_loopback(const char *text)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	SCOPED(mem_free_at) char *host = mem_strdup(text);
	char *port = strrchr(host, ':');
	char *name = host[0] == '[' ? host + 1 : host;
	struct addrinfo *a;
	const int on = 1;
	int fd, rc;

	*port++ = '\0';
	if (host[0] == '[')
		host[strlen(host) - 1] = '\0';
	if ((rc = getaddrinfo(name, port, &hints, &a)) != 0)
		return fail(text, gai_strerror(rc));
	fd =
	    socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, a->ai_addr, a->ai_addrlen) != 0 ||
		listen(fd, BACKLOG) != 0))
		io_close(&fd);
	if (fd < 0)
		fail(text, strerror(errno));
	freeaddrinfo(a);
	return fd;
}

/* ---- the process ------------------------------------------------------------ */

static void
retry_later(struct listener *l)
{
	loop_timer(l->loop, &l->scrape->retry, clock_mono_ms() + RETRY_MS);
}

static void
on_retry(struct timer *t)
{
	start(t->ctx);
}

static void
on_gone(struct visitor *v)
{
	struct listener *l = v->l;

	l->scrape->visitor = NULL;
	spawners_forget(l, l->scrape->pid);
	l->scrape->pid = 0;
	if (!l->stopping)
		retry_later(l);
}

static void
start(struct listener *l)
{
	struct scrape *s = l->scrape;
	struct metrics_start_msg m = {.socket = {s->fd}};
	char word[32];
	int pair[2];

	if (io_pair(pair) != OK) {
		retry_later(l);
		return;
	}
	if (spawn_image(ROLE_METRICS, NULL, pair[1], &s->pid) != OK ||
	    io_nonblock(pair[0], true) != OK) {
		log_error("metrics: %s", strerror(errno));
		io_close(&pair[0]);
		io_close(&pair[1]);
		retry_later(l);
		return;
	}
	io_close(&pair[1]);
	s->visitor = control_visitor(l, pair[0], PHASE_METRICS);
	s->visitor->gone = on_gone;
	log_export(word);
	m.log = slice_cstr(word);
	if (rpc_send(s->visitor->rpc, METRICS_START, &layout_metrics_start_msg,
		&m) != OK)
		control_leave(s->visitor);
}

void
scrape_open(struct listener *l)
{
	const char *address = l->conf->metrics_listen;
	struct scrape *s = l->scrape;

	if (s != NULL && s->fd >= 0 &&
	    (address == NULL || strcmp(address, s->address) != 0)) {
		if (s->address[0] == '/')
			unlink(s->address);
		io_close(&s->fd);
	}
	if (address == NULL)
		return;
	s = scrape_of(l);
	s->retry = (struct timer){.on = on_retry, .ctx = l};
	if (s->fd < 0)
		s->fd = address[0] == '/'
			    ? scrape_bind_path(l, address, SOCK_STREAM)
			    : bind_loopback(address);
	if (s->fd < 0)
		return;
	s->address = mem_strdup(address);
	start(l);
}

void
scrape_stop(struct listener *l)
{
	if (l->scrape == NULL)
		return;
	if (l->scrape->visitor != NULL)
		control_leave(l->scrape->visitor);
	loop_timer_cancel(&l->scrape->retry);
	if (l->stopping && l->scrape->fd >= 0 && l->scrape->address[0] == '/')
		unlink(l->scrape->address);
}
