/*
 * AES-GCM, RFC 5647 §7: the length goes in clear as additional data; the IV is
 * four fixed octets and a counter of the packets, which has nothing to do with
 * the sequence number.
 */
#include "cipher_kind.h"

#include "sallyport/crypto/secret.h"

#include "library.h"

#define GCM_IV        12
#define GCM_IV_FIXED  4
#define GCM_TAG       16
#define LENGTH_OCTETS 4

static enum err
gcm_start(struct cipher *c)
{
	const EVP_CIPHER *type = library_cipher(c->algo);

	if (type == NULL)
		return ERR_UNKNOWN_ALGO;
	c->ctx = EVP_CIPHER_CTX_new();
	if (c->ctx == NULL || EVP_CipherInit_ex(c->ctx, type, NULL, c->key.p,
				  c->iv, c->way == CIPHER_SEAL) != 1)
		return ERR_CRYPTO;
	return OK;
}

/* The invocation counter: big-endian, wraps. */
static void
iv_advance(uint8_t iv[GCM_IV])
{
	for (size_t i = GCM_IV; i-- > GCM_IV_FIXED;)
		if (++iv[i] != 0)
			break;
}

/* The key stays; only the IV is new. Then the length and the rest. */
static bool
gcm_run(struct cipher *c, struct bytes packet)
{
	struct bytes body = bytes_skip(packet, LENGTH_OCTETS);
	int n;

	return EVP_CipherInit_ex(c->ctx, NULL, NULL, NULL, c->iv, -1) == 1 &&
	       EVP_CipherUpdate(c->ctx, NULL, &n, packet.p, LENGTH_OCTETS) ==
		   1 &&
	       (body.n == 0 || (EVP_CipherUpdate(c->ctx, body.p, &n, body.p,
				    (int)body.n) == 1 &&
				   n == (int)body.n));
}

static enum err
gcm_seal(struct cipher *c, uint32_t seq, struct bytes packet, uint8_t *tag)
{
	uint8_t none[GCM_TAG];
	int n;

	(void)seq;
	if (!gcm_run(c, packet) || EVP_CipherFinal_ex(c->ctx, none, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, tag) !=
		1)
		return ERR_CRYPTO;
	iv_advance(c->iv);
	return OK;
}

static enum err
gcm_length(struct cipher *c, uint32_t seq, const uint8_t first[4], uint32_t *n)
{
	(void)c, (void)seq;
	*n = (uint32_t)first[0] << 24 | (uint32_t)first[1] << 16 |
	     (uint32_t)first[2] << 8 | first[3];
	return OK;
}

/* In one pass: what came out is wiped if the tag doesn't hold. */
static enum err
gcm_open(struct cipher *c, uint32_t seq, struct bytes packet,
    const uint8_t *tag)
{
	uint8_t given[GCM_TAG];
	int n;

	(void)seq;
	slice_copy(slice_make(tag, GCM_TAG), BYTES_OF(given));
	if (!gcm_run(c, packet) ||
	    EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG,
		given) != 1 ||
	    EVP_CipherFinal_ex(c->ctx, given, &n) != 1) {
		secret_wipe(packet.p, packet.n);
		return ERR_MAC;
	}
	iv_advance(c->iv);
	return OK;
}

static void
gcm_iv_now(const struct cipher *c, uint8_t iv[CIPHER_IV_MAX])
{
	slice_copy(SLICE_OF(c->iv), bytes_make(iv, CIPHER_IV_MAX));
}

const struct cipher_kind cipher_gcm = {
    .start = gcm_start,
    .seal = gcm_seal,
    .length = gcm_length,
    .open = gcm_open,
    .iv_now = gcm_iv_now,
};
