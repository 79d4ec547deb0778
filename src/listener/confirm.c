/*
 * confirm.c - a reload that is to be confirmed: else the old configuration
 * comes back
 *
 * Who changes the configuration over the very connection that it allows wants
 * this. The old one is the bundle that was served with (conf/conf.h), with its
 * included files and command line; it waits, a sealed memory file, across the
 * exec. It comes back by another exec, as what a reload tried does. Programs
 * don't come back: a new binary stays.
 */
#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <fcntl.h>

struct confirm {
	int bundle;      /* what comes back; -1: nothing waits */
	uint64_t at_ms;  /* when; 0: nothing waits */
	uint64_t was_ms; /* the same, before the exec that is tried now */
	uint32_t want_s; /* with the next reload; 0: not */
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

	if (c == NULL || c->at_ms == 0)
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
	struct confirm *c = l->confirm;

	log_error("the new configuration wasn't confirmed in time; going back "
		  "to the one before");
	io_close(&l->to_next.config);
	l->to_next.config = c->bundle;
	c->bundle = -1;
	c->at_ms = c->want_s = 0;
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

void
confirm_before_exec(struct listener *l)
{
	struct confirm *c = l->confirm;

	if (c == NULL)
		return;
	c->was_ms = c->at_ms;
	if (c->want_s == 0)
		return;
	if (c->bundle < 0)
		c->bundle = fcntl(l->config_fd, F_DUPFD_CLOEXEC, 3);
	c->at_ms = clock_mono_ms() + (uint64_t)c->want_s * 1000;
}

void
confirm_exec_failed(struct listener *l)
{
	struct confirm *c = l->confirm;

	if (c == NULL)
		return;
	c->want_s = 0;
	c->at_ms = c->was_ms;
	if (c->at_ms == 0)
		io_close(&c->bundle);
}

int
confirm_fd(const struct listener *l)
{
	return l->confirm != NULL ? l->confirm->bundle : -1;
}

void
confirm_export(const struct listener *l, struct wr *w)
{
	wr_u32(w, (uint32_t)confirm_fd(l));
	wr_u64(w, l->confirm != NULL ? l->confirm->at_ms : 0);
}

void
confirm_import(struct listener *l, struct rd *r)
{
	int fd = (int)rd_u32(r);
	uint64_t at_ms = rd_u64(r);

	if (rd_status(r) != OK || fd < 0 || at_ms == 0)
		return;
	confirm_of(l)->bundle = fd;
	confirm_of(l)->at_ms = at_ms;
}
