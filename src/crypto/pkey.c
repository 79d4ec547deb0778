#include "pkey.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/crypto/secret.h"

#include <openssl/err.h>

void
pkey_parts_init(struct pkey_parts *parts, size_t octets, bool private)
{
	*parts =
	    (struct pkey_parts){.params = {OSSL_PARAM_END}, .secret = private};
	parts->room = private ? secret_bytes(octets)
			      : bytes_make(mem_new(octets), octets);
}

static void
parts_add(struct pkey_parts *parts, OSSL_PARAM param)
{
	must(parts->count + 1 < PKEY_PARAMS);
	parts->params[parts->count++] = param;
	parts->params[parts->count] = (OSSL_PARAM)OSSL_PARAM_END;
}

/* libcrypto takes numbers in the machine's order. */
static void
reverse(struct bytes b)
{
	for (size_t i = 0; i < b.n / 2; i++) {
		uint8_t t = b.p[i];

		b.p[i] = b.p[b.n - 1 - i];
		b.p[b.n - 1 - i] = t;
	}
}

static void
native_order(struct bytes b)
{
	const uint16_t one = 1;

	if (*(const uint8_t *)&one == 1)
		reverse(b);
}

void
pkey_parts_number(struct pkey_parts *parts, const char *name,
    struct slice magnitude)
{
	struct bytes at =
	    bytes_first(bytes_skip(parts->room, parts->used), magnitude.n);

	must(at.n == magnitude.n);
	slice_copy(magnitude, at);
	native_order(at);
	parts->used += at.n;
	parts_add(parts, OSSL_PARAM_construct_BN(name, at.p, at.n));
}

/* The library takes a plain pointer, but doesn't write through it. */
void
pkey_parts_text(struct pkey_parts *parts, const char *name, const char *text)
{
	parts_add(parts,
	    OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)text, 0));
}

void
pkey_parts_octets(struct pkey_parts *parts, const char *name,
    struct slice octets)
{
	parts_add(parts, OSSL_PARAM_construct_octet_string(name,
			     (void *)(uintptr_t)octets.p, octets.n));
}

void
pkey_parts_clear(struct pkey_parts *parts)
{
	if (parts->secret)
		secret_free(parts->room.p);
	else
		mem_free(parts->room.p);
	*parts = (struct pkey_parts){.params = {OSSL_PARAM_END}};
}

enum err
pkey_make(const char *type, const struct pkey_parts *parts, EVP_PKEY **key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM params[PKEY_PARAMS];
	bool good;

	memcpy(params, parts->params, sizeof(params));
	*key = NULL;
	good = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	       EVP_PKEY_fromdata(ctx, key,
		   parts->secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
		   params) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!good)
		ERR_clear_error();
	return good ? OK : ERR_KEY_FORMAT;
}

enum err
pkey_number(const EVP_PKEY *key, const char *name, struct bytes room,
    struct slice *out)
{
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_BN(name, room.p, room.n),
	    OSSL_PARAM_END};

	secret_wipe(room.p, room.n);
	if (EVP_PKEY_get_params(key, params) != 1 ||
	    !OSSL_PARAM_modified(params) || params[0].return_size > room.n) {
		ERR_clear_error();
		return ERR_KEY_FORMAT;
	}
	native_order(room);
	*out = slice_from(room);
	while (out->n > 0 && out->p[0] == 0)
		*out = slice_skip(*out, 1);
	return OK;
}

enum err
pkey_sign(EVP_PKEY *key, const EVP_MD *md, struct slice message, uint8_t *sig,
    size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL && md != NULL &&
		    EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
		    EVP_DigestSign(ctx, sig, n, message.p, message.n) == 1;

	EVP_MD_CTX_free(ctx);
	if (!good)
		ERR_clear_error();
	return good ? OK : ERR_CRYPTO;
}

enum err
pkey_verify(EVP_PKEY *key, const EVP_MD *md, struct slice message,
    struct slice sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good =
	    ctx != NULL && md != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, sig.p, sig.n, message.p, message.n) == 1;

	EVP_MD_CTX_free(ctx);
	if (!good)
		ERR_clear_error();
	return good ? OK : ERR_SIGNATURE;
}
