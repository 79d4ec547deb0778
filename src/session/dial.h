/*
 * dial.h - connect to a host: names, several addresses, a deadline
 *
 * Source:  RFC 8305 (happy eyeballs)
 *
 * A name is looked up by a helper process, since a resolver may take its time
 * and parses what the network says; it dies at its deadline or when nobody
 * wants to know any more. Addresses of both families take turns, and one that
 * doesn't answer in a quarter of a second gets company.
 */
#ifndef SALLYPORT_SESSION_DIAL_H
#define SALLYPORT_SESSION_DIAL_H

#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct dial;
struct session;

/* How it ended. */
enum dial_end {
	DIAL_CONNECTED,
	DIAL_FAILED,   /* nobody answers; why is errno's word for it */
	DIAL_UNKNOWN,  /* no such name; why tells the resolver's reason */
	DIAL_FORBIDDEN /* ForwardAllow or ForwardDeny: no address is left */
};

/*
 * Connect to host (a name or an address) and port (1 to 65535). done is called
 * once, never within this call; fd, non-blocking, is its to close. NULL: no
 * helper could be started.
 */
struct dial *dial_host(struct session *s, struct slice host, uint32_t port,
    void (*done)(void *ctx, enum dial_end end, int fd, const char *why),
    void *ctx);

/* Never mind: done isn't called. */
void dial_cancel(struct dial *d);

#endif
