/*
 * confirm.c - a reload that is to be confirmed: else the old configuration
 * comes back
 *
 * Who changes the configuration over the very connection that it allows wants
 * this. The old one is the bundle that was served with (conf/conf.h), with its
 * included files and command line; it waits, a sealed memory file, across the
 * exec. It comes back by another exec, which reads the bundle instead of the
 * files. Programs don't come back: a new binary stays.
 */
#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/proc/memfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "DESCRIPTOR MILLISECONDS": what waits, until when on the monotonic clock */
#define WAITING_VARIABLE "SALLYPORT_CONFIRM"
/* "DESCRIPTOR": the bundle to serve with */
#define BUNDLE_VARIABLE "SALLYPORT_BUNDLE"

struct confirm {
	int bundle;       /* what comes back; -1: what is served with now */
	uint64_t at_ms;   /* 0: not under way, only wanted */
	uint32_t want_s;  /* with the next reload; 0: not */
	bool coming_back; /* the next exec is for that */
	struct timer timer;
};

static struct confirm *
confirm_of(struct listener *l)
{
	if (l->confirm == NULL) {
		l->confirm = mem_new(sizeof(*l->confirm));
		l->confirm->bundle = -1;
	}
	return l->confirm;
}

void
confirm_want(struct listener *l, uint32_t seconds)
{
	if (seconds > 0)
		confirm_of(l)->want_s = seconds;
}

void
confirm_unwant(struct listener *l)
{
	if (l->confirm != NULL)
		l->confirm->want_s = 0;
}

bool
confirm_waits(const struct listener *l, uint32_t *seconds)
{
	const struct confirm *c = l->confirm;
	uint64_t now = clock_mono_ms();

	*seconds = 0;
	if (c == NULL || c->at_ms == 0)
		return false;
	if (c->at_ms > now)
		*seconds = (uint32_t)((c->at_ms - now + 999) / 1000);
	return true;
}

bool
confirm_given(struct listener *l)
{
	struct confirm *c = l->confirm;

	if (c == NULL || c->at_ms == 0 || c->coming_back)
		return false;
	loop_timer_cancel(&c->timer);
	io_close(&c->bundle);
	c->at_ms = 0;
	log_info("the new configuration was confirmed");
	return true;
}

/* ---- coming back ------------------------------------------------------------ */

static void
on_time_over(struct timer *t)
{
	struct listener *l = t->ctx;

	log_error("the new configuration wasn't confirmed in time; going back "
		  "to the one before");
	l->confirm->coming_back = true;
	reload_execute(l);
}

void
confirm_watch(struct listener *l)
{
	struct confirm *c = l->confirm;

	if (c == NULL || c->at_ms == 0)
		return;
	c->timer = (struct timer){.on = on_time_over, .ctx = l};
	loop_timer(l->loop, &c->timer, c->at_ms);
}

/* ---- around the exec ---------------------------------------------------------- */

static void
hand_on(int fd, const char *variable, const char *text)
{
	if (fcntl(fd, F_SETFD, 0) != 0 || setenv(variable, text, 1) != 0)
		log_error("what is to be confirmed is lost in this reload");
}

void
confirm_before_exec(struct listener *l)
{
	struct confirm *c = l->confirm;
	char text[64];

	if (c == NULL || (c->want_s == 0 && c->at_ms == 0))
		return;
	if (c->bundle < 0)
		c->bundle = fcntl(l->config_fd, F_DUPFD_CLOEXEC, 3);
	if (c->want_s > 0)
		c->at_ms = clock_mono_ms() + (uint64_t)c->want_s * 1000;
	if (c->coming_back)
		snprintf(text, sizeof(text), "%d", c->bundle);
	else
		snprintf(text, sizeof(text), "%d %llu", c->bundle,
		    (unsigned long long)c->at_ms);
	hand_on(c->bundle, c->coming_back ? BUNDLE_VARIABLE : WAITING_VARIABLE,
	    text);
}

void
confirm_exec_failed(struct listener *l)
{
	unsetenv(WAITING_VARIABLE);
	unsetenv(BUNDLE_VARIABLE);
	if (l->confirm == NULL)
		return;
	l->confirm->want_s = 0;
	l->confirm->coming_back = false;
	confirm_watch(l);
}

/* ---- in the next image ---------------------------------------------------------- */

static int
descriptor_of(struct slice text)
{
	uint64_t fd;

	return text_number(text, 3, INT32_MAX, &fd) == OK ? (int)fd : -1;
}

/* A confirmation is waited for since before the exec. */
static void
take_waiting(struct listener *l)
{
	struct slice rest = slice_cstr(getenv(WAITING_VARIABLE));
	struct slice fd = SLICE_NONE;
	uint64_t at;

	if (rest.n == 0)
		return;
	if (slice_next(&rest, ' ', &fd) && descriptor_of(fd) >= 0 &&
	    text_number(rest, 1, UINT64_MAX, &at) == OK) {
		confirm_of(l)->bundle = descriptor_of(fd);
		confirm_of(l)->at_ms = at;
		(void)!fcntl(l->confirm->bundle, F_SETFD, FD_CLOEXEC);
	}
	unsetenv(WAITING_VARIABLE);
}

/* The bundle that comes back; a binary that can't read it reads the files. */
static enum err
take_bundle(struct listener *l, int fd)
{
	SCOPED(io_close) int bundle = fd;
	enum err e = memfile_read(bundle, &l->bundle);

	if (e == OK)
		e = cmdline_parse_bundle(l->cmd, &l->bundle, &l->set);
	if (e == OK)
		return OK;
	log_error("the configuration of before can't be read: %s",
	    err_sentence(e));
	buf_clear(&l->bundle);
	return e;
}

enum err
confirm_configure(struct listener *l)
{
	int fd = descriptor_of(slice_cstr(getenv(BUNDLE_VARIABLE)));

	unsetenv(BUNDLE_VARIABLE);
	take_waiting(l);
	if (fd >= 0 && take_bundle(l, fd) == OK)
		return OK;
	return reload_configure(l);
}
