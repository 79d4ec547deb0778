/*
 * resolve.h - a host's addresses
 *
 * Names are looked up by a helper process, since a resolver may take its time
 * and parses what the network says; it dies at its deadline or when nobody
 * wants to know any more.
 */
#ifndef SALLYPORT_SESSION_RESOLVE_H
#define SALLYPORT_SESSION_RESOLVE_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#define RESOLVE_MAX 16u /* addresses of one name; further ones are left out */

struct loop;
struct resolve;

union resolve_address { /* without a port */
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct resolved {
	int32_t error; /* getaddrinfo's */
	uint32_t n;
	union resolve_address addresses[RESOLVE_MAX];
};

/*
 * The addresses of a name; of an address, itself; of localhost, the loopback's
 * two. done is called once, never within this call; found lives for the call,
 * NULL: there are none, why tells the resolver's reason. NULL: no helper could
 * be started.
 */
struct resolve *resolve_host(struct loop *loop, const char *host,
    void (*done)(void *ctx, const struct resolved *found, const char *why),
    void *ctx);

/* Never mind: done isn't called. */
void resolve_cancel(struct resolve *r);

#endif
