#include "sallyport/crypto/cipher.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/crypto/secret.h"

#include "cipher_kind.h"

#include <limits.h>

static const struct cipher_kind *
kind_of(const struct algo *a)
{
	switch (a->mode) {
	case MODE_CTR:
	case MODE_CBC:
		return &cipher_ctr;
	case MODE_GCM:
		return &cipher_gcm;
	case MODE_CHACHAPOLY:
		return &cipher_chachapoly;
	case MODE_NONE:
		break;
	}
	return NULL;
}

enum err
cipher_new(const struct algo *a, enum cipher_way way, struct slice key,
    struct slice iv, struct cipher **out)
{
	struct cipher *c;
	enum err e;

	if (kind_of(a) == NULL)
		return ERR_UNKNOWN_ALGO;
	if (key.n != a->key_octets || iv.n != a->iv_octets)
		return ERR_KEY_LENGTH;
	must(iv.n <= CIPHER_IV_MAX);
	c = mem_new(sizeof(*c));
	c->kind = kind_of(a);
	c->algo = a;
	c->way = way;
	c->key = secret_bytes(key.n);
	slice_copy(key, c->key);
	slice_copy(iv, BYTES_OF(c->iv));
	if ((e = c->kind->start(c)) != OK) {
		cipher_free(c);
		return e;
	}
	*out = c;
	return OK;
}

void
cipher_free(struct cipher *c)
{
	if (c == NULL)
		return;
	EVP_CIPHER_CTX_free(c->ctx);
	EVP_MAC_CTX_free(c->mac);
	secret_free(c->key.p);
	secret_wipe(c, sizeof(*c));
	mem_free(c);
}

enum err
cipher_seal(struct cipher *c, uint32_t seq, struct bytes packet, uint8_t *tag)
{
	must(c->kind->seal != NULL && c->way == CIPHER_SEAL);
	if (packet.n < 4 || packet.n > INT_MAX)
		return ERR_PACKET_LENGTH;
	return c->kind->seal(c, seq, packet, tag);
}

enum err
cipher_length(struct cipher *c, uint32_t seq, const uint8_t first[4],
    uint32_t *length)
{
	must(c->kind->length != NULL);
	return c->kind->length(c, seq, first, length);
}

enum err
cipher_open(struct cipher *c, uint32_t seq, struct bytes packet,
    const uint8_t *tag)
{
	must(c->kind->open != NULL && c->way == CIPHER_OPEN);
	if (packet.n < 4 || packet.n > INT_MAX)
		return ERR_PACKET_LENGTH;
	return c->kind->open(c, seq, packet, tag);
}

enum err
cipher_crypt(struct cipher *c, struct bytes data)
{
	must(c->kind->crypt != NULL);
	if (data.n % c->algo->block != 0 || data.n > INT_MAX)
		return ERR_PACKET_LENGTH;
	return data.n == 0 ? OK : c->kind->crypt(c, data);
}

void
cipher_export(const struct cipher *c, struct wr *w)
{
	uint8_t iv[CIPHER_IV_MAX];

	c->kind->iv_now(c, iv);
	wr_string(w, slice_from(c->key));
	wr_string(w, slice_make(iv, c->algo->iv_octets));
	secret_wipe(iv, sizeof(iv));
}
