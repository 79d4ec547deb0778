/*
 * kex_hybrid.c - a KEM and a curve together: ML-KEM or sntrup761, and X25519
 *
 * Source: draft-ietf-sshm-mlkem-hybrid-kex, draft-ietf-sshm-ntruprime-ssh
 *
 * 30: string( KEM public key || curve point )
 * 31: string K_S, string( KEM ciphertext || curve point ), string signature
 * K is HASH( KEM secret || curve secret ), encoded as a string, not an mpint.
 * Both halves must pass (SEC-30).
 */
#include "kex.h"

#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/ecdh.h"
#include "sallyport/crypto/kem.h"
#include "sallyport/crypto/secret.h"

#define SHARED_MAX (KEM_SHARED + ECDH_SHARED_MAX)
#define PUBLIC_MAX (KEM_CIPHERTEXT_MAX + ECDH_PUBLIC_MAX)

static enum err
combine(struct kex *k, struct slice both)
{
	uint8_t digest[HASH_MAX];
	struct wr w = wr_into(&k->secret);
	enum err e = hash_once(k->method->hash, both, digest);

	if (e == OK) {
		wr_string(&w, slice_make(digest, kex_hash_octets(k)));
		e = wr_end(&w, NULL);
	}
	secret_wipe(digest, sizeof(digest));
	return e;
}

/* Our point behind the ciphertext, the curve's secret behind the KEM's. */
static enum err
curve_half(struct kex *k, struct slice point, uint8_t *public, size_t *npublic,
    uint8_t *shared, size_t *nshared)
{
	struct ecdh *pair = NULL;
	enum err e = ecdh_new(k->method->curve, &pair, public, npublic);

	if (e == OK)
		e = ecdh_agree(pair, point, shared, nshared);
	ecdh_free(pair);
	return e;
}

static enum err
agree(struct kex *k, struct slice theirs)
{
	size_t key = kem_public_octets(k->method->kem);
	size_t ciphertext = kem_ciphertext_octets(k->method->kem);
	uint8_t shared[SHARED_MAX], public[PUBLIC_MAX];
	size_t npublic = 0, nshared = 0;
	enum err e;

	e = kem_encapsulate(k->method->kem, slice_first(theirs, key), public,
	    shared);
	if (e == OK)
		e = curve_half(k, slice_skip(theirs, key), &public[ciphertext],
		    &npublic, &shared[KEM_SHARED], &nshared);
	if (e == OK)
		e = combine(k, slice_make(shared, KEM_SHARED + nshared));
	if (e == OK)
		e = kex_agreed(k, theirs,
		    slice_make(public, ciphertext + npublic));
	secret_wipe(shared, sizeof(shared));
	return e;
}

enum err
kex_hybrid_step(struct kex *k, uint8_t message, struct slice body)
{
	const struct algo *m = k->method;
	struct rd r = rd_from(body);
	struct slice theirs = rd_string(&r);
	enum err e = rd_end(&r);

	(void)message; /* there is only one */
	if (e != OK)
		return e;
	if (theirs.n !=
	    kem_public_octets(m->kem) + ecdh_public_octets(m->curve))
		return ERR_PUBLIC_VALUE;
	return agree(k, theirs);
}
