/*
 * listing.h - is a key, or the CA of a certificate, listed for this user?
 *
 * Private to keycheck. In this order, and the first that lets it in wins: the
 * lines of AuthorizedKeysFile; TrustedUserCAKeys, with the principals that
 * AuthorizedPrincipalsFile and AuthorizedPrincipalsCommand name; the lines that
 * each AuthorizedKeysCommand prints.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_LISTING_H
#define SALLYPORT_SRC_KEYCHECK_LISTING_H

#include "trial.h"

enum listing {
	LISTING_NONE,
	LISTING_FOUND, /* keycheck.listed tells where */
	LISTING_WAITS  /* keycheck.waiting tells for which program's output */
};

/* Look, or go on with what the program printed (req->resumed). */
enum listing listing_look(struct trial *t);

/* Was this very blob found, or is it the one that waits? It needn't be asked
 * again whether it is revoked. */
bool listing_knows(const struct trial *t);

#endif
