/*
 * known.h - is a key a host's, by known_hosts?
 *
 * Private to keycheck. The system's files and the user's count alike; a
 * certificate is known by its CA. What is marked @revoked for the host, in any
 * of them, is refused: the key, the key of a certificate, and its CA.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_KNOWN_H
#define SALLYPORT_SRC_KEYCHECK_KNOWN_H

#include "trial.h"

enum known {
	KNOWN_NO,
	KNOWN_YES,
	KNOWN_NOT_ANY_MORE, /* @revoked */
	KNOWN_UNREADABLE    /* a file, which could say @revoked */
};

/*
 * host: a name or an address, in lower case. *at gives where that stands,
 * "PATH:LINE" or of KNOWN_UNREADABLE "PATH"; mem_free. Logs what is wrong with
 * a file.
 */
enum known known_look(struct trial *t, struct slice host, char **at);

#endif
