/*
 * ML-DSA-44 and Ed25519 as one: a key of both, a signature of both, and who
 * forges it has broken both.
 *
 * Source: draft-ietf-lamps-pq-composite-sigs, MLDSA44-Ed25519-SHA512, and
 *         OpenSSH's use of it
 *
 *      public key 1344: ML-DSA-44's 1312 | Ed25519's 32
 *      private key 64:  ML-DSA-44's seed 32 | Ed25519's 32
 *      signature 2484:  ML-DSA-44's 2420 | Ed25519's 64
 *
 * What both sign is not the message but a text that names the pair, so that
 * neither half is a signature of its own key alone.
 */
#include "sign_kind.h"

#include "sallyport/crypto/hash.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include "mldsa44.h"

#include <sodium.h>
#include <string.h>

#define PREFIX      "CompositeAlgorithmSignatures2025"
#define LABEL       "COMPSIG-MLDSA44-Ed25519-SHA512"
#define SEEDS       64
#define HALF        32 /* Ed25519's seed, and its point */
#define SIG_ED25519 64
#define SIG_OCTETS  (MLDSA44_SIGNATURE + SIG_ED25519)
#define POINT       (MLDSA44_PUBLIC + HALF)
#define TEXT        (sizeof(PREFIX LABEL) + 64) /* with the NUL between */

_Static_assert(SIG_OCTETS <= SIGN_RAW_MAX, "the door's size holds it");

static struct public_key
edwards_of(struct slice point)
{
	return (struct public_key){.type = KEY_ED25519,
	    .point = slice_skip(point, MLDSA44_PUBLIC)};
}

static enum err
mldsa44_check(const struct public_key *k, unsigned int bits_min)
{
	struct public_key half = edwards_of(k->point);

	if (k->point.n != POINT)
		return ERR_KEY_LENGTH;
	return sign_ed25519.check(&half, bits_min);
}

/* The text that stands for a message; its one octet 0 says that the
 * application has no context of its own. */
static enum err
make_text(struct slice message, uint8_t text[TEXT])
{
	memcpy(text, PREFIX LABEL, sizeof(PREFIX LABEL));
	return hash_once(HASH_SHA512, message, text + sizeof(PREFIX LABEL));
}

static enum err
mldsa44_hold(struct slice point, struct slice text, struct slice sig)
{
	uint8_t mu[MLDSA44_MU];
	enum err e = mldsa44_mu(point.p, SLICE_STR(LABEL), text, mu);

	return e == OK ? mldsa44_verify(point.p, mu, sig.p) : e;
}

static enum err
mldsa44_verify_both(const struct public_key *k, enum hash_id hash,
    struct slice message, const struct raw_signature *sig)
{
	struct public_key half = edwards_of(k->point);
	struct raw_signature tail = {
	    .octets = slice_skip(sig->octets, MLDSA44_SIGNATURE)};
	uint8_t text[TEXT];
	enum err e;

	if (k->point.n != POINT || sig->octets.n != SIG_OCTETS)
		return ERR_SIGNATURE;
	if (make_text(message, text) != OK)
		return ERR_SIGNATURE;
	e = sign_ed25519.verify(&half, hash, SLICE_OF(text), &tail);
	return e == OK ? mldsa44_hold(k->point, SLICE_OF(text), sig->octets)
		       : e;
}

/* Its room: seeds 64, Ed25519's point (which libsodium wants behind the seed),
 * and the whole public key. */
enum err
sign_mldsa44_signer(struct slice seeds64, struct signer **out)
{
	struct signer *s;
	uint8_t *public;

	if (seeds64.n != SEEDS)
		return ERR_KEY_LENGTH;
	s = sign_new(&sign_mldsa44, KEY_MLDSA44_ED25519, SEEDS + HALF + POINT);
	slice_copy(seeds64, s->room);
	public = s->room.p + SEEDS + HALF;
	mldsa44_public(s->room.p, public);
	crypto_sign_seed_keypair(public + MLDSA44_PUBLIC, s->room.p + HALF,
	    seeds64.p + HALF);
	s->public.point = slice_make(public, POINT);
	s->private.d = slice_from(bytes_first(s->room, SEEDS));
	*out = s;
	return OK;
}

static enum err
mldsa44_generate(enum key_type type, unsigned int bits, struct signer **s)
{
	struct bytes seeds = secret_bytes(SEEDS);
	enum err e;

	(void)type, (void)bits;
	rng_bytes(seeds);
	e = sign_mldsa44_signer(slice_from(seeds), s);
	secret_free(seeds.p);
	return e;
}

static enum err
mldsa44_sign_both(struct signer *s, enum hash_id hash, struct slice message,
    uint8_t *out, struct raw_signature *sig)
{
	uint8_t text[TEXT], mu[MLDSA44_MU], fresh[MLDSA44_RANDOM];
	enum err e = make_text(message, text);

	(void)hash;
	if (e == OK)
		e = mldsa44_mu(s->public.point.p, SLICE_STR(LABEL),
		    SLICE_OF(text), mu);
	if (e != OK)
		return e;
	rng_bytes(BYTES_OF(fresh));
	mldsa44_sign(s->room.p, mu, fresh, out);
	secret_wipe(fresh, sizeof(fresh));
	if (crypto_sign_detached(out + MLDSA44_SIGNATURE, NULL, text,
		sizeof(text), s->room.p + HALF) != 0)
		return ERR_CRYPTO;
	sig->octets = slice_make(out, SIG_OCTETS);
	return OK;
}

const struct sign_kind sign_mldsa44 = {
    .check = mldsa44_check,
    .verify = mldsa44_verify_both,
    .sign = mldsa44_sign_both,
    .generate = mldsa44_generate,
};
