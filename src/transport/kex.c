#include "kex.h"

#include "sallyport/base/must.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/secret.h"

#define SECRET_MAX ((size_t)1 << 11) /* a bignum of 8192 bits, encoded */

struct method {
	uint8_t due; /* the client's first message */
	uint8_t reply;
	enum err (*step)(struct kex *k, uint8_t message, struct slice body);
};

/* clang-format off */
static const struct method methods[] = {
	[KEX_DH]     = { KEX_INIT,        KEX_REPLY,     kex_dh_step },
	[KEX_GEX]    = { KEX_GEX_REQUEST, KEX_GEX_REPLY, kex_gex_step },
	[KEX_ECDH]   = { KEX_INIT,        KEX_REPLY,     kex_ecdh_step },
	[KEX_HYBRID] = { KEX_INIT,        KEX_REPLY,     kex_hybrid_step },
};
/* clang-format on */

void
kex_init(struct kex *k, const struct algo *method, size_t need,
    const struct transport_ops *ops)
{
	k->method = method;
	k->ops = ops;
	k->need = need;
	k->due = methods[method->family].due;
	k->reply = methods[method->family].reply;
	k->secret = BUF_SECRET(SECRET_MAX);
}

void
kex_clear(struct kex *k)
{
	buf_clear(&k->prime);
	buf_clear(&k->generator);
	buf_clear(&k->transcript);
	buf_clear(&k->answer);
	buf_clear(&k->secret);
	k->due = 0;
}

enum err
kex_step(struct kex *k, uint8_t message, struct slice body)
{
	if (k->due == 0 || message != k->due)
		return ERR_PHASE;
	return methods[k->method->family].step(k, message, body);
}

enum err
kex_agreed(struct kex *k, struct slice client, struct slice server)
{
	struct wr w = wr_into(&k->transcript);
	struct wr a = wr_into(&k->answer);
	enum err e;

	wr_string(&w, client);
	wr_string(&w, server);
	wr_string(&a, server);
	k->due = 0;
	e = wr_end(&w, NULL);
	return e == OK ? wr_end(&a, NULL) : e;
}

size_t
kex_hash_octets(const struct kex *k)
{
	return hash_octets(k->method->hash);
}

enum err
kex_hash(const struct kex *k, const struct kex_parties *p, uint8_t *h)
{
	struct hash *hash;
	enum err e;

	must(k->due == 0 && k->secret.n > 0);
	if ((e = hash_begin(k->method->hash, &hash)) != OK)
		return e;
	hash_add_string(hash, p->client_version);
	hash_add_string(hash, p->server_version);
	hash_add_string(hash, p->client_init);
	hash_add_string(hash, p->server_init);
	hash_add_string(hash, p->hostkey);
	hash_add(hash, buf_slice(&k->transcript));
	hash_add(hash, buf_slice(&k->secret));
	return hash_end(hash, h);
}

void
kex_reply(const struct kex *k, struct wr *w, struct slice hostkey,
    struct slice signature)
{
	wr_u8(w, k->reply);
	wr_string(w, hostkey);
	wr_raw(w, buf_slice(&k->answer));
	wr_string(w, signature);
}

/* HASH(K || H || tail), where tail is X || session_id, or what came so far. */
static enum err
derive_piece(const struct kex *k, struct slice h, struct slice tail,
    struct slice tail2, uint8_t *out)
{
	struct hash *hash;
	enum err e;

	if ((e = hash_begin(k->method->hash, &hash)) != OK)
		return e;
	hash_add(hash, buf_slice(&k->secret));
	hash_add(hash, h);
	hash_add(hash, tail);
	hash_add(hash, tail2);
	return hash_end(hash, out);
}

enum err
kex_derive(const struct kex *k, struct slice h, char letter,
    struct slice session_id, struct bytes out)
{
	size_t piece = kex_hash_octets(k);
	uint8_t digest[HASH_MAX];
	struct bytes left = out;
	enum err e;

	if (out.n == 0)
		return OK;
	e = derive_piece(k, h, slice_make(&letter, 1), session_id, digest);
	for (;;) {
		if (e != OK)
			break;
		left = bytes_skip(left,
		    slice_copy(slice_make(digest, piece), left));
		if (left.n == 0)
			break;
		e = derive_piece(k, h, slice_make(out.p, out.n - left.n),
		    SLICE_NONE, digest);
	}
	secret_wipe(digest, sizeof(digest));
	return e;
}
