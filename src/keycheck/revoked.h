/*
 * revoked.h - is a key, or the CA of a certificate, revoked?
 *
 * Private to keycheck. The files that RevokedKeys names: revocation lists
 * (key/krl.h), or text with one public key a line. One that can't be read or
 * is damaged refuses every key (SEC-54).
 */
#ifndef SALLYPORT_SRC_KEYCHECK_REVOKED_H
#define SALLYPORT_SRC_KEYCHECK_REVOKED_H

#include "trial.h"

#define REVOKED_MAX BUF_MAX /* octets of a file: 8 million serials */

/* Logs and notes why not; true where no file speaks against the key. */
bool revoked_by_none(const struct trial *t);

#endif
