#include "sallyport/crypto/kem.h"

#include "sallyport/base/must.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include "kem_mlkem768.h"
#include "kem_sntrup761.h"

#include <openssl/evp.h>
#include <openssl/opensslv.h>

static enum err
mlkem768_encapsulate(struct slice public, uint8_t *ciphertext, uint8_t *shared);
static enum err mlkem768_keypair(uint8_t *public, uint8_t *secret);
static enum err mlkem768_decapsulate(const uint8_t *secret,
    const uint8_t *ciphertext, uint8_t *shared);
static enum err sntrup761_encapsulate(struct slice public, uint8_t *ciphertext,
    uint8_t *shared);

struct kem {
	size_t public_octets, ciphertext_octets, secret_octets;
	enum err (*encapsulate)(struct slice public, uint8_t *ciphertext,
	    uint8_t *shared);
	enum err (*keypair)(uint8_t *public, uint8_t *secret);
	enum err (*decapsulate)(const uint8_t *secret,
	    const uint8_t *ciphertext, uint8_t *shared);
};

/* clang-format off */
static const struct kem kems[] = {
	[KEM_MLKEM768] = {MLKEM768_PUBLIC, MLKEM768_CIPHERTEXT, MLKEM768_SECRET,
	    mlkem768_encapsulate, mlkem768_keypair, mlkem768_decapsulate},
	[KEM_SNTRUP761] = {SNTRUP761_PUBLIC, SNTRUP761_CIPHERTEXT, SNTRUP761_SECRET,
	    sntrup761_encapsulate, kem_sntrup761_keypair, kem_sntrup761_decapsulate},
};
/* clang-format on */

_Static_assert(MLKEM768_PUBLIC <= KEM_PUBLIC_MAX &&
		   SNTRUP761_PUBLIC <= KEM_PUBLIC_MAX &&
		   MLKEM768_CIPHERTEXT <= KEM_CIPHERTEXT_MAX &&
		   SNTRUP761_CIPHERTEXT <= KEM_CIPHERTEXT_MAX &&
		   MLKEM768_SECRET <= KEM_SECRET_MAX &&
		   SNTRUP761_SECRET <= KEM_SECRET_MAX,
    "the door's sizes hold the longest");

static const struct kem *
kem_of(enum kem_id k)
{
	must(k == KEM_MLKEM768 || k == KEM_SNTRUP761);
	return &kems[k];
}

size_t
kem_public_octets(enum kem_id k)
{
	return kem_of(k)->public_octets;
}

size_t
kem_ciphertext_octets(enum kem_id k)
{
	return kem_of(k)->ciphertext_octets;
}

size_t
kem_secret_octets(enum kem_id k)
{
	return kem_of(k)->secret_octets;
}

enum err
kem_encapsulate(enum kem_id k, struct slice public, uint8_t *ciphertext,
    uint8_t *shared)
{
	if (public.n != kem_public_octets(k))
		return ERR_PUBLIC_VALUE;
	return kem_of(k)->encapsulate(public, ciphertext, shared);
}

enum err
kem_keypair(enum kem_id k, uint8_t *public, uint8_t *secret)
{
	return kem_of(k)->keypair(public, secret);
}

enum err
kem_decapsulate(enum kem_id k, struct slice secret, struct slice ciphertext,
    uint8_t *shared)
{
	if (secret.n != kem_secret_octets(k))
		return ERR_KEY_LENGTH;
	if (ciphertext.n != kem_ciphertext_octets(k))
		return ERR_PUBLIC_VALUE;
	return kem_of(k)->decapsulate(secret.p, ciphertext.p, shared);
}

/* ---- ML-KEM: libcrypto's, or ours ---- */

#if OPENSSL_VERSION_NUMBER >= 0x30500000L
/* False where libcrypto doesn't have it or doesn't take the key. */
static bool
libcrypto_encapsulate(struct slice public, uint8_t *ciphertext, uint8_t *shared)
{
	size_t ciphertext_n = MLKEM768_CIPHERTEXT, shared_n = KEM_SHARED;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ML-KEM-768", NULL,
	    public.p, public.n);
	bool good =
	    key != NULL &&
	    (ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL)) != NULL &&
	    EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
	    EVP_PKEY_encapsulate(ctx, ciphertext, &ciphertext_n, shared,
		&shared_n) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good && ciphertext_n == MLKEM768_CIPHERTEXT &&
	       shared_n == KEM_SHARED;
}
#else
static bool
libcrypto_encapsulate(struct slice public, uint8_t *ciphertext, uint8_t *shared)
{
	(void)public;
	(void)ciphertext;
	(void)shared;
	return false;
}
#endif

static enum err
mlkem768_encapsulate(struct slice public, uint8_t *ciphertext, uint8_t *shared)
{
	uint8_t m[32];
	enum err e;

	if (libcrypto_encapsulate(public, ciphertext, shared))
		return OK;
	rng_bytes(BYTES_OF(m));
	e = kem_mlkem768_encapsulate_from(public, m, ciphertext, shared);
	secret_wipe(m, sizeof(m));
	return e;
}

static enum err
mlkem768_keypair(uint8_t *public, uint8_t *secret)
{
	uint8_t seed[64];
	enum err e;

	rng_bytes(BYTES_OF(seed));
	e = kem_mlkem768_keypair_from(seed, public, secret);
	secret_wipe(seed, sizeof(seed));
	return e;
}

static enum err
mlkem768_decapsulate(const uint8_t *secret, const uint8_t *ciphertext,
    uint8_t *shared)
{
	kem_mlkem768_decapsulate(secret, ciphertext, shared);
	return OK;
}

/* ---- sntrup761 ---- */

static enum err
sntrup761_encapsulate(struct slice public, uint8_t *ciphertext, uint8_t *shared)
{
	uint8_t draw[SNTRUP761_DRAW];
	enum err e;

	rng_bytes(BYTES_OF(draw));
	e = kem_sntrup761_encapsulate_from(public.p, draw, ciphertext, shared);
	secret_wipe(draw, sizeof(draw));
	return e;
}
