/*
 * netgroups.h - questions about netgroups, which somebody else answers
 *
 * Private to keycheck. Who is in a netgroup only the system's databases know,
 * and keycheck reaches none. So the files are read twice: what they want to
 * know is noted and asked for (WANT_NETGROUPS), then they are read with the
 * answers. Those live as long as the request.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_NETGROUPS_H
#define SALLYPORT_SRC_KEYCHECK_NETGROUPS_H

#include "keycheck.h"
#include "rhosts.h"

/* A new request, or the same with its answers. False: there are none, though
 * they were asked for. */
bool netgroups_begin(struct keycheck *k, const struct judge_req *req);

/* A rhosts_ask; ctx: struct keycheck. */
enum rhosts_answer netgroups_ask(void *ctx, struct slice group,
    struct slice host, struct slice user);

#endif
