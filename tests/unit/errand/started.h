/*
 * started.h - an errand that lives while a test speaks with it
 */
#ifndef SALLYPORT_TESTS_STARTED_H
#define SALLYPORT_TESTS_STARTED_H

#include "sallyport/rpc/frame.h"

/* Fork one; its channel, which started_end frees. One at a time. */
struct rpc *started(const char *task);

/* Close the channel and wait; its exit status, or -1 where it has none. */
int started_end(void);

#endif
