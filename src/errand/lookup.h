/*
 * lookup.h - the client's name; private to the room
 *
 * What the DNS says of an address is its owner's to write. So it counts only if
 * the name's own owner says the same: the name's addresses must hold this one.
 */
#ifndef SALLYPORT_SRC_ERRAND_LOOKUP_H
#define SALLYPORT_SRC_ERRAND_LOOKUP_H

#include "sallyport/rpc/errand_ops.h"

#include <netdb.h>
#include <sys/socket.h>

#define LOOKUP_NAME_MAX 255 /* RFC 1035 §2.3.4 */

/* libc's, or a test's; 0 is success. */
struct lookup_resolver {
	int (*name_of)(const struct sockaddr *a, socklen_t n, char *name,
	    size_t size);
	int (*addresses_of)(const char *name, int family,
	    struct addrinfo **list); /* freed with freeaddrinfo */
};

/*
 * The name of a numeric address, in lower case. name (of LOOKUP_NAME_MAX + 1
 * octets) is filled with what there is to tell for each result but
 * LOOKUP_NONE; only with LOOKUP_CONFIRMED may it be believed.
 */
enum lookup_result
lookup_name(const struct lookup_resolver *r, const char *ip, char *name);

#endif
