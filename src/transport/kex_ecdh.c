/*
 * kex_ecdh.c - elliptic curve Diffie-Hellman, RFC 5656 §4, RFC 8731
 *
 * 30: string Q_C ──► 31: string K_S, string Q_S, string signature
 * H covers string Q_C, string Q_S, mpint K.
 */
#include "kex.h"

#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/ecdh.h"
#include "sallyport/crypto/secret.h"

/* RFC 8731 §3.1: X25519's octets too are read as a big-endian integer. */
static enum err
agree(struct kex *k, struct ecdh *pair, struct slice theirs)
{
	uint8_t shared[ECDH_SHARED_MAX];
	struct wr w = wr_into(&k->secret);
	size_t n = 0;
	enum err e;

	e = ecdh_agree(pair, theirs, shared, &n);
	if (e == OK) {
		wr_mpint(&w, slice_make(shared, n));
		e = wr_end(&w, NULL);
	}
	secret_wipe(shared, sizeof(shared));
	return e;
}

enum err
kex_ecdh_step(struct kex *k, uint8_t message, struct slice body)
{
	struct rd r = rd_from(body);
	struct slice theirs = rd_string(&r);
	uint8_t public[ECDH_PUBLIC_MAX];
	struct ecdh *pair = NULL;
	size_t n = 0;
	enum err e = rd_end(&r);

	(void)message; /* there is only one */
	if (e != OK)
		return e;
	if (theirs.n != ecdh_public_octets(k->method->curve))
		return ERR_PUBLIC_VALUE;
	e = ecdh_new(k->method->curve, &pair, public, &n);
	if (e == OK)
		e = agree(k, pair, theirs);
	if (e == OK)
		e = kex_agreed(k, theirs, slice_make(public, n));
	ecdh_free(pair);
	return e;
}
