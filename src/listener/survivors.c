/*
 * survivors.c - lifelines: outcomes, and the records of a monitor that was
 * killed
 *
 * Each monitor holds the far end of its connection's lifeline, alone. It tells
 * the login (which frees a place of MaxStartups), the terminal's record, and
 * the outcome; an end without an outcome is a monitor that was killed, and
 * then utmp and wtmp are closed from here.
 */
#include "listener.h"

#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/roles.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <utmpx.h>

/* The grace time ran out within this of a monitor's death: it was that. */
#define DEADLINE_SLACK_MS 250

/* What the monitor would have written at the end of its terminal's use. */
static void
close_record(struct client *c)
{
	struct utmpx u = {.ut_type = DEAD_PROCESS, .ut_pid = c->line_pid};
	struct timeval now;
	size_t n = strlen(c->line);

	if (c->line[0] == '\0' || !c->listener->root)
		return;
	gettimeofday(&now, NULL);
	u.ut_tv.tv_sec = (int32_t)now.tv_sec;
	u.ut_tv.tv_usec = (int32_t)now.tv_usec;
	memcpy(u.ut_line, c->line,
	    n < sizeof(u.ut_line) ? n : sizeof(u.ut_line));
	/* the id is the line's end, as at its opening */
	n = n > sizeof(u.ut_id) ? n - sizeof(u.ut_id) : 0;
	strncpy(u.ut_id, c->line + n, sizeof(u.ut_id));
	setutxent();
	if (pututxline(&u) == NULL)
		log_debug1("utmp of %s can't be closed", c->line);
	endutxent();
	updwtmpx("/var/log/wtmp", &u);
	log_info("closed the login record of %s, whose monitor was killed",
	    c->line);
	c->line[0] = '\0';
}

static bool
past_deadline(const struct client *c)
{
	uint64_t at = waiting_deadline(c);

	return at != UINT64_MAX && clock_mono_ms() + DEADLINE_SLACK_MS >= at;
}

/* With a monitor that may say so: this is heard before, or instead of, the
 * word of a spawner that a reload has cut off. */
static bool
is_before_login(const struct client *c)
{
	return c->state == CLIENT_HANDED || c->state == CLIENT_FORKED;
}

/* No longer before login, for whatever reason. */
static void
not_before_login(struct client *c)
{
	admit_uncount(c->listener, c);
	loop_timer_cancel(&c->deadline);
	spawners_let_go(c);
}

/* clang-format off */
static const struct {
	bool charged;
	enum penalty why;
} charges[] = {
	[OUTCOME_NONE]        = {false, 0},
	[OUTCOME_OK]          = {false, 0},
	[OUTCOME_NOAUTH]      = {true, PENALTY_NOAUTH},
	[OUTCOME_AUTHFAIL]    = {true, PENALTY_AUTHFAIL},
	[OUTCOME_INVALIDUSER] = {true, PENALTY_INVALIDUSER},
	[OUTCOME_CRASH]       = {true, PENALTY_CRASH},
	[OUTCOME_REFUSED]     = {true, PENALTY_REFUSED},
};
/* clang-format on */

/* Its monitor said how the way in ended; after a login nothing is charged. */
static void
charge_outcome(struct client *c)
{
	if (c->state != CLIENT_IN &&
	    c->outcome < sizeof(charges) / sizeof(charges[0]) &&
	    charges[c->outcome].charged)
		waiting_charge(c, charges[c->outcome].why);
}

/*
 * Killed by somebody, or by a fault of its own? Its wait status tells: the
 * place is free already, the record waits in its generation's list.
 */
static void
await_status(struct client *c)
{
	admit_uncount(c->listener, c);
	loop_timer_cancel(&c->deadline);
	loop_remove(&c->watch);
	list_remove(&c->all);
	rpc_free(take(&c->lifeline));
	c->state = CLIENT_ENDED;
}

/* Who was in has lost a monitor that had more to do. A module that hangs is
 * among those that kill it: it has a deadline (monitor/pam.c). */
static void
tell_unfinished(const struct client *c)
{
	if (c->outcome == OUTCOME_CLOSING)
		log_error(
		    "PAM: the session of %s from %s port %u wasn't closed: "
		    "monitor %ld was killed, or a module took longer than "
		    "LoginGraceTime",
		    c->user, c->peer_ip, (unsigned int)c->peer_port,
		    (long)c->pid);
	else if (c->state == CLIENT_IN && c->outcome == OUTCOME_NONE)
		log_info("monitor %ld of %s from %s port %u was killed",
		    (long)c->pid, c->user, c->peer_ip,
		    (unsigned int)c->peer_port);
}

static void
lifeline_ended(struct client *c)
{
	bool before = is_before_login(c);

	if (c->outcome == OUTCOME_NONE && before && past_deadline(c) &&
	    !c->timed_out)
		waiting_grace_over(c);
	charge_outcome(c);
	if (c->outcome == OUTCOME_NONE && before && !c->charged &&
	    c->generation != NULL) {
		await_status(c);
		return;
	}
	tell_unfinished(c);
	close_record(c);
	waiting_free(c);
}

static void
line_changed(struct client *c, const struct line_msg *m)
{
	c->line[0] = '\0';
	if (!m->open)
		return;
	if (!slice_to_cstr(m->line, c->line, sizeof(c->line)))
		log_debug1("a login record's name doesn't fit");
	c->line_pid = (pid_t)m->pid;
}

static void
logged_in(struct client *c, const struct facts_msg *m)
{
	not_before_login(c);
	c->state = CLIENT_IN;
	io_close(&c->fd); /* where its spawner didn't confirm the fork */
	if (!slice_to_cstr(slice_first(m->user, sizeof(c->user) - 1), c->user,
		sizeof(c->user)))
		log_debug1("a user's name can't be told");
	tally_facts(&c->listener->tally, m);
}

/* Of sessions that ask each other; they have to be there. */
static enum err
receive_claim(struct client *c, uint32_t number)
{
	struct listens_msg listens;
	struct reclaim_msg question;
	struct reclaimed_msg answer;
	enum err e = ERR_RPC;

	if (c->state != CLIENT_IN)
		return e;
	if (number == LIFELINE_LISTENS &&
	    (e = rpc_decode(c->lifeline, &layout_listens_msg, &listens)) == OK)
		claims_listens(c, &listens);
	if (number == LIFELINE_RECLAIM &&
	    (e = rpc_decode(c->lifeline, &layout_reclaim_msg, &question)) == OK)
		claims_ask(c, &question);
	if (number == LIFELINE_RECLAIMED &&
	    (e = rpc_decode(c->lifeline, &layout_reclaimed_msg, &answer)) == OK)
		claims_answer(c, &answer);
	return e;
}

static enum err
receive(struct client *c)
{
	struct facts_msg facts;
	struct line_msg line;
	struct stats_msg stats;
	struct outcome_msg outcome;
	uint32_t number;
	enum err e = rpc_receive(c->lifeline, true, &number);

	if (e != OK)
		return e;
	switch (number) {
	case LIFELINE_LOGGED_IN:
		e = rpc_decode(c->lifeline, &layout_facts_msg, &facts);
		if (e == OK && is_before_login(c))
			logged_in(c, &facts);
		break;
	case LIFELINE_REFUSED:
		e = rpc_decode(c->lifeline, &layout_facts_msg, &facts);
		if (e == OK && c->state != CLIENT_IN)
			tally_facts(&c->listener->tally, &facts);
		break;
	case LIFELINE_STATS:
		e = rpc_decode(c->lifeline, &layout_stats_msg, &stats);
		if (e == OK)
			control_looked(c, &stats);
		break;
	case LIFELINE_LINE:
		e = rpc_decode(c->lifeline, &layout_line_msg, &line);
		if (e == OK)
			line_changed(c, &line);
		break;
	case LIFELINE_OUTCOME:
		e = rpc_decode(c->lifeline, &layout_outcome_msg, &outcome);
		if (e == OK) {
			c->outcome = outcome.outcome;
			if (outcome.outcome != OUTCOME_CLOSING)
				tally_outcome(&c->listener->tally, &outcome);
		}
		break;
	default:
		e = receive_claim(c, number);
	}
	if (e == OK)
		rpc_idle(c->lifeline);
	return e;
}

static void
on_lifeline(struct watch *w, unsigned int events)
{
	struct client *c = w->ctx;
	enum err e = receive(c);

	(void)events;
	if (e == OK || e == ERR_AGAIN)
		return;
	/*
	 * Unconfirmed, with the lifeline broken: its spawner died with the
	 * message unread. on_spawner sees that too and hands it on again,
	 * unless it was before a reload.
	 */
	if (c->state == CLIENT_HANDED && c->generation != NULL) {
		loop_remove(w);
		return;
	}
	lifeline_ended(c);
}

void
survivors_watch(struct client *c)
{
	loop_remove(&c->watch);
	c->watch = (struct watch){.fd = rpc_fd(c->lifeline),
	    .events = LOOP_READ,
	    .on = on_lifeline,
	    .ctx = c};
	must(loop_add(c->listener->loop, &c->watch) == OK);
}

static void
crashed(struct generation *g, struct client *c)
{
	if (c != NULL && c->state != CLIENT_IN)
		waiting_charge(c, PENALTY_CRASH);
	spawners_crashed(g);
}

/* A monitor's wait status: was something of its connection crashing? */
void
survivors_reaped(struct generation *g, struct client *c,
    const struct reaped_msg *m)
{
	int status = (int)m->status;

	if (WIFEXITED(status) &&
	    WEXITSTATUS(status) == MONITOR_EXIT_CHILD_CRASHED) {
		/* the monitor has told, and knew more */
		log_debug1("a child of monitor %u crashed",
		    (unsigned int)m->pid);
		crashed(g, c);
	} else if (WIFSIGNALED(status)) {
		int signo = WTERMSIG(status);

		if (signo == SIGKILL || signo == SIGTERM || signo == SIGHUP ||
		    signo == SIGINT) {
			log_debug1("monitor %u ended by signal %d",
			    (unsigned int)m->pid, signo);
			return;
		}
		log_error("session process %u for connection from %.*s to "
			  "%.*s killed by signal %d",
		    (unsigned int)m->pid, (int)m->peer_ip.n,
		    (const char *)m->peer_ip.p, (int)m->local_ip.n,
		    (const char *)m->local_ip.p, signo);
		crashed(g, c);
	}
}
