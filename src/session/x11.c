/*
 * x11.c - a display for the client's X server
 *
 * Source:  RFC 4254 §6.3
 *
 * The client makes up the cookie that we are told, and checks it on every
 * channel: the real one never leaves it. Here it is only given to xauth, by the
 * process that becomes the user's program (start.c).
 */
#include "forward.h"

#include "permit.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PORT_FIRST   6000u
#define DISPLAYS_MAX 1000u /* that are tried */
#define PORT_MAX     65535u

/* It goes into a script for xauth: nothing that has a meaning there. */
static bool
is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && strchr(".:/-_", c) == NULL)
			return false;
	}
	return s.n > 0;
}

static struct incoming *
listen_display(struct session *s, uint32_t *display)
{
	enum incoming_where where =
	    s->conf.x11_use_localhost ? INCOMING_LOOPBACK : INCOMING_ANY;
	uint32_t first = s->conf.x11_display_offset;

	for (uint32_t n = first; n - first < DISPLAYS_MAX; n++) {
		struct incoming *in;

		if (n > PORT_MAX - PORT_FIRST)
			return NULL;
		in = incoming_tcp(s, OPEN_X11, where, NULL, PORT_FIRST + n);
		if (in == NULL && errno == EADDRINUSE)
			continue;
		*display = n;
		return in;
	}
	return NULL;
}

static void
name_display(struct program *p, const struct channel_request *q, uint32_t n)
{
	char host[256] = "";

	p->x11.protocol = mem_text(q->text);
	p->x11.cookie = mem_text(q->value);
	if (p->r.s->conf.x11_use_localhost) {
		p->x11.display = mem_format("localhost:%u.%u", n, q->screen);
		p->x11.name = mem_format("unix:%u.%u", n, q->screen);
		return;
	}
	if (gethostname(host, sizeof(host) - 1) != 0)
		log_debug1("gethostname: %s", strerror(errno));
	p->x11.display = mem_format("%s:%u.%u", host, n, q->screen);
	p->x11.name = mem_strdup(p->x11.display);
}

/* The one connection came. */
static void
on_gone(void *ctx)
{
	((struct program *)ctx)->x11.in = NULL;
}

bool
x11_start(struct program *p, const struct channel_request *q)
{
	struct session *s = p->r.s;
	const char *xauth = s->conf.xauth_location;
	uint32_t display;

	if (!permit_x11(&s->conf, s->grant)) {
		log_debug1("X11 forwarding disabled");
		return false;
	}
	if (p->x11.display != NULL || !is_plain(q->text) ||
	    !is_plain(q->value)) {
		log_error("Invalid X11 forwarding data");
		return false;
	}
	if (xauth == NULL || access(xauth, X_OK) != 0) {
		log_debug1("No xauth program; cannot forward X11 connections.");
		return false;
	}
	p->x11.in = listen_display(s, &display);
	if (p->x11.in == NULL) {
		log_error("Failed to allocate internet-domain X11 display "
			  "socket.");
		return false;
	}
	p->x11.in->once = q->single;
	p->x11.in->gone = on_gone;
	p->x11.in->ctx = p;
	name_display(p, q, display);
	return true;
}

void
x11_stop(struct program *p)
{
	if (p->x11.in != NULL)
		incoming_close(take(&p->x11.in));
	mem_free(take(&p->x11.display));
	mem_free(take(&p->x11.name));
	mem_free(take(&p->x11.protocol));
	mem_free(take(&p->x11.cookie));
}
