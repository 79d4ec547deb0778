/*
 * Counter mode (RFC 4344 §4) and, where the configuration names it, CBC
 * (RFC 4253 §6.3). Both run on over the packets: libcrypto's context keeps the
 * counter or the chain.
 */
#include "cipher_kind.h"

#include "sallyport/base/must.h"

#include "library.h"

static enum err
ctr_start(struct cipher *c)
{
	const EVP_CIPHER *type = library_cipher(c->algo);

	if (type == NULL)
		return ERR_UNKNOWN_ALGO;
	c->ctx = EVP_CIPHER_CTX_new();
	if (c->ctx == NULL ||
	    EVP_CipherInit_ex(c->ctx, type, NULL, c->key.p, c->iv,
		c->way == CIPHER_SEAL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(c->ctx, 0) != 1)
		return ERR_CRYPTO;
	return OK;
}

static enum err
ctr_crypt(struct cipher *c, struct bytes data)
{
	int n;

	if (EVP_CipherUpdate(c->ctx, data.p, &n, data.p, (int)data.n) != 1 ||
	    n != (int)data.n)
		return ERR_CRYPTO;
	return OK;
}

static void
ctr_iv_now(const struct cipher *c, uint8_t iv[CIPHER_IV_MAX])
{
	must(
	    EVP_CIPHER_CTX_get_updated_iv(c->ctx, iv, c->algo->iv_octets) == 1);
}

const struct cipher_kind cipher_ctr = {
    .start = ctr_start,
    .crypt = ctr_crypt,
    .iv_now = ctr_iv_now,
};
