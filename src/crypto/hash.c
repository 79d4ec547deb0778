#include "sallyport/crypto/hash.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include "library.h"

#include <limits.h>
#include <openssl/hmac.h>
#include <sodium.h>

/*
 * libcrypto's way to a digest leads over a dozen pages, which a process that
 * was just forked has to fault in one by one: for a key's fingerprint that
 * costs more than the hash. Up to here libsodium's plain code is cheaper.
 */
#define SMALL_OCTETS 4096

struct hash {
	EVP_MD_CTX *ctx; /* libcrypto wipes its state when it is freed */
	bool failed;
};

size_t
hash_octets(enum hash_id id)
{
	static const uint8_t octets[] = {
	    [HASH_MD5] = 16,
	    [HASH_SHA1] = 20,
	    [HASH_SHA256] = 32,
	    [HASH_SHA384] = 48,
	    [HASH_SHA512] = 64,
	};

	return (size_t)id < sizeof(octets) ? octets[id] : 0;
}

enum err
hash_begin(enum hash_id id, struct hash **out)
{
	const EVP_MD *md = library_md(id);
	struct hash *h;

	if (md == NULL)
		return ERR_UNKNOWN_ALGO;
	h = mem_new(sizeof(*h));
	h->ctx = EVP_MD_CTX_new();
	must(h->ctx != NULL);
	h->failed = EVP_DigestInit_ex(h->ctx, md, NULL) != 1;
	*out = h;
	return OK;
}

void
hash_add(struct hash *h, struct slice data)
{
	if (data.n > 0 && EVP_DigestUpdate(h->ctx, data.p, data.n) != 1)
		h->failed = true;
}

void
hash_add_u32(struct hash *h, uint32_t v)
{
	uint8_t be[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v};

	hash_add(h, SLICE_OF(be));
}

void
hash_add_string(struct hash *h, struct slice s)
{
	must(s.n <= UINT32_MAX);
	hash_add_u32(h, (uint32_t)s.n);
	hash_add(h, s);
}

enum err
hash_end(struct hash *h, uint8_t *out)
{
	bool good = !h->failed && EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;

	EVP_MD_CTX_free(h->ctx);
	mem_free(h);
	return good ? OK : ERR_CRYPTO;
}

enum err
hash_once(enum hash_id id, struct slice data, uint8_t *out)
{
	struct hash *h;
	enum err e;

	if (id == HASH_SHA256 && data.n <= SMALL_OCTETS) {
		crypto_hash_sha256(out, data.p, data.n);
		return OK;
	}
	if ((e = hash_begin(id, &h)) != OK)
		return e;
	hash_add(h, data);
	return hash_end(h, out);
}

enum err
hash_hmac(enum hash_id id, struct slice key, struct slice data, uint8_t *out)
{
	static const uint8_t nothing; /* NULL would mean "the key as before" */
	const EVP_MD *md = library_md(id);

	if (md == NULL)
		return ERR_UNKNOWN_ALGO;
	if (key.n > INT_MAX)
		return ERR_TOO_LONG;
	return HMAC(md, key.n > 0 ? key.p : &nothing, (int)key.n,
		   data.n > 0 ? data.p : &nothing, data.n, out, NULL) != NULL
		   ? OK
		   : ERR_CRYPTO;
}
