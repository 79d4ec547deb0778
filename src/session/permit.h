/*
 * permit.h - what may be forwarded, as configuration and key say
 *
 * Most restrictive wins: every list has to agree. No descriptors, no log.
 */
#ifndef SALLYPORT_SESSION_PERMIT_H
#define SALLYPORT_SESSION_PERMIT_H

#include "sallyport/base/slice.h"
#include "sallyport/conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

struct grant;

/* Is this direction of forwarding on, for TCP or for Unix sockets? way is
 * FORWARD_LOCAL (the client opens) or FORWARD_REMOTE (it has us listen). */
bool
permit_tcp(const struct conf *c, const struct grant *g, enum conf_forward way);
bool permit_streamlocal(const struct conf *c, const struct grant *g,
    enum conf_forward way);
bool permit_agent(const struct conf *c, const struct grant *g);
bool permit_x11(const struct conf *c, const struct grant *g);

/*
 * PermitOpen and permitopen: entries "HOST:PORT", HOST as the client spells it
 * or "*". Port 0 and above 65535 are never permitted.
 */
bool permit_open(const struct conf *c, const struct grant *g, struct slice host,
    uint32_t port);

/* A path has neither host nor port: a list that names any excludes it. */
bool permit_open_path(const struct conf *c, const struct grant *g);

/* PermitListen and permitlisten: HOST is a pattern. Port 0 (any that is free)
 * needs "*". */
bool permit_listen(const struct conf *c, const struct grant *g,
    struct slice host, uint32_t port);

/*
 * ForwardDeny and ForwardAllow of one address: "HOST:PORTS", HOST a pattern of
 * names or addresses or a CIDR block, PORTS "*", "N" or "N-M". name is what the
 * client asked for, address what it is, as text.
 */
bool permit_target(const struct conf *c, struct slice name,
    struct slice address, uint32_t port);

#endif
