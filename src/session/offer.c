/*
 * offer.c - what the transport offers in a re-exchange, and host keys
 *
 * The session has no private key: a signature is asked of the monitor, which
 * asks the keeper.
 */
#include "session.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"

#include <string.h>

static enum err
sign(void *ctx, uint32_t key, struct slice alg, struct slice hash,
    struct slice *signature)
{
	struct session *s = ctx;
	struct sign_req req = {.key = key, .alg = alg, .hash = hash};
	struct sign_rep rep;
	enum err e;

	if ((e = ask_sign_kex(s->monitor, &req, &rep)) != OK) {
		log_error("no signature for a new key exchange with %s port "
			  "%u: %s",
		    s->conn->peer_ip, s->conn->peer_port, err_sentence(e));
		return e;
	}
	*signature = rep.signature;
	return rep.signature.n > 0 ? OK : ERR_SIGNATURE;
}

static enum err
group(void *ctx, uint32_t min, uint32_t n, uint32_t max, struct slice *p,
    struct slice *g)
{
	struct session *s = ctx;
	struct modulus_req req = {.min = min, .n = n, .max = max};
	struct modulus_rep rep;
	enum err e;

	if ((e = ask_pick_group(s->monitor, &req, &rep)) != OK)
		return e;
	*p = rep.p;
	*g = rep.g;
	return rep.found ? OK : ERR_NOT_FOUND;
}

void
offer_init(struct offer *o, struct session *s)
{
	const struct common *common = s->common;
	const struct conf *conf = &s->conf;

	o->keys = mem_array(common->nkeys, sizeof(*o->keys));
	for (size_t i = 0; i < common->nkeys; i++)
		o->keys[i] =
		    (struct transport_hostkey){.type = common->keys[i].type,
			.blob = common->keys[i].blob};
	o->ops = (struct transport_ops){.sign = sign, .group = group, .ctx = s};
	o->offer =
	    (struct transport_offer){.kex = slice_cstr(conf->kex_algorithms),
		.hostkey_algorithms = slice_cstr(conf->hostkey_algorithms),
		.ciphers = slice_cstr(conf->ciphers),
		.macs = slice_cstr(conf->macs),
		.compression = conf->compression
				   ? SLICE_STR("none,zlib@openssh.com")
				   : SLICE_STR("none"),
		.keys = o->keys,
		.nkeys = common->nkeys,
		.version = slice_cstr(s->conn->version),
		.rekey_octets = conf->rekey_octets,
		.rekey_seconds = conf->rekey_seconds};
}

void
offer_announce(struct session *s)
{
	const struct common *common = s->common;
	SCOPED(mem_free_at)
	struct slice *blobs = mem_array(common->nkeys, sizeof(*blobs));
	size_t n = 0;

	for (size_t i = 0; i < common->nkeys; i++)
		if (!common->keys[i].certificate)
			blobs[n++] = common->keys[i].blob;
	global_announce_keys(s->connect, blobs, n);
}

/* ---- hostkeys-prove-00@openssh.com ---- */

static const struct common_key *
find_key(const struct common *common, struct slice blob)
{
	for (size_t i = 0; i < common->nkeys; i++)
		if (!common->keys[i].certificate &&
		    slice_equal(common->keys[i].blob, blob))
			return &common->keys[i];
	return NULL;
}

/*
 * By which algorithm: an RSA key has several. The one of the exchange, if it
 * was RSA's; else the best that the client's list named.
 */
static struct slice
prove_alg(const struct session *s, const struct common_key *key)
{
	const char *used = transport_hostkey_alg(s->t);

	if (!slice_is(key->type, "ssh-rsa"))
		return key->type;
	if (strcmp(used, "rsa-sha2-256") == 0 ||
	    strcmp(used, "rsa-sha2-512") == 0)
		return slice_cstr(used);
	if (!transport_peer_takes(s->t, "rsa-sha2-512") &&
	    transport_peer_takes(s->t, "rsa-sha2-256"))
		return SLICE_STR("rsa-sha2-256");
	return SLICE_STR("rsa-sha2-512");
}

static enum err
prove(struct session *s, struct slice blob, struct wr *w)
{
	const struct common_key *key = find_key(s->common, blob);
	struct prove_req req;
	struct sign_rep rep;
	enum err e;

	if (key == NULL)
		return ERR_NOT_FOUND;
	req.key = (uint32_t)(key - s->common->keys);
	req.alg = prove_alg(s, key);
	if ((e = ask_prove_key(s->monitor, &req, &rep)) != OK)
		return e;
	if (rep.signature.n == 0)
		return ERR_SIGNATURE;
	wr_string(w, rep.signature);
	return wr_end(w, NULL);
}

/* All or nothing, in the order asked; each key once is enough. */
bool
offer_prove(struct session *s, struct slice blobs, struct buf *reply)
{
	struct rd r = rd_from(blobs);
	struct wr w = wr_into(reply);
	enum err e = OK;
	size_t n = 0;

	while (e == OK && r.left.n > 0) {
		if (++n > s->common->nkeys)
			return false;
		e = prove(s, rd_string(&r), &w);
	}
	if (e != OK)
		log_debug1("hostkeys-prove: %s", err_sentence(e));
	return e == OK && n > 0;
}
