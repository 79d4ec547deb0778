/*
 * claims.c - what sessions of one user ask each other about a port that is
 * taken
 *
 * By the numbers of connections and users, which are the monitors' word; the
 * rest of a question is the sessions' own affair. A question costs one walk
 * over the clients and one for each answer, of which there are ASKED_MAX at
 * most; how often a session asks is bounded by its monitor.
 */
#include "listener.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"

#define ASKED_MAX 64u /* sessions, of one question; the oldest are asked */

void
claims_listens(struct client *c, const struct listens_msg *m)
{
	c->uid = m->uid;
	c->listens = true;
}

/* A monitor that doesn't take it now has to do without. */
static bool
tell(const struct client *c, uint32_t number, const struct layout *layout,
    const void *message)
{
	return io_nonblock(rpc_fd(c->lifeline), true) == OK &&
	       rpc_send(c->lifeline, number, layout, message) == OK;
}

static bool
is_asked(const struct client *c, const struct client *asker)
{
	return c != asker && c->state == CLIENT_IN && c->listens &&
	       c->uid == asker->uid;
}

void
claims_ask(struct client *c, const struct reclaim_msg *m)
{
	struct reclaim_msg question = *m;
	struct reclaimed_msg asked = {.asker = c->number,
	    .serial = m->serial,
	    .state = RECLAIM_ASKED};

	c->uid = m->uid;
	question.asker = c->number;
	LIST_EACH (it, &c->listener->clients) {
		struct client *other = LIST_ITEM(it, struct client, all);

		if (is_asked(other, c) && asked.number < ASKED_MAX &&
		    tell(other, LIFELINE_RECLAIM, &layout_reclaim_msg,
			&question))
			asked.number++;
	}
	if (!tell(c, LIFELINE_RECLAIMED, &layout_reclaimed_msg, &asked))
		log_debug1("connection %u isn't told who was asked",
		    (unsigned int)c->number);
}

/* To the asker alone, and only if it is of the same user. */
void
claims_answer(const struct client *c, const struct reclaimed_msg *m)
{
	if (c->uid == NOBODY || m->state == RECLAIM_ASKED)
		return;
	LIST_EACH (it, &c->listener->clients) {
		struct client *asker = LIST_ITEM(it, struct client, all);

		if (asker->number != m->asker)
			continue;
		if (asker->state == CLIENT_IN && asker->uid == c->uid &&
		    !tell(asker, LIFELINE_RECLAIMED, &layout_reclaimed_msg, m))
			log_debug1("an answer is lost");
		return;
	}
}
