/*
 * house.h - a listener's state without its processes
 *
 * A configuration from text, a loop, the log kept as lines "LEVEL text".
 * No spawner is started: who speaks waits in the queue.
 */
#ifndef SALLYPORT_TESTS_LISTENER_HOUSE_H
#define SALLYPORT_TESTS_LISTENER_HOUSE_H

#include "listener.h"
#include "suite.h"

#include "tests/unit/conf/fixture.h"

#include "sallyport/base/buf.h"

struct house {
	struct fixture conf;
	struct cmdline cmd;
	struct buf log;
	struct listener l;
};

void house_init(struct house *h, const char *configuration);
void house_clear(struct house *h);

/* A client of that address, counted, in this state; it has no descriptor. */
struct client *
house_client(struct house *h, const char *ip, enum client_state state);

/* Two ends of a TCP connection on the loopback; ends[0] is accept's. */
void house_tcp(int ends[2]);

/* Turn the loop until nothing happens for a moment. */
void house_run(struct house *h);

bool house_logged(const struct house *h, const char *line);
bool house_said(const struct house *h, const char *part);

#endif
