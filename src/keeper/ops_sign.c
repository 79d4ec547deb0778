/*
 * ops_sign.c - what the keeper signs: what it can recognise, and only that
 *
 * SEC-4. A connection's link has an exchange hash signed, by its length; the
 * first one is the session's id. The proof that a hostkeys-prove-00 request
 * asks for is built here, from that id and the key's own blob, so no text of
 * anybody's choice is ever signed. Whether it is time for a signature is the monitor's to know.
 */
#include "keeper.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/key/sig.h"

#define PROVE_NAME "hostkeys-prove-00@openssh.com"
#define PROOF_MAX  (KEY_BLOB_MAX + 256)

/* The key's own kinds of signature: no certificate's name, no web page's. */
static const struct algo *
algorithm(const struct hostkey *key, struct slice name)
{
	const struct algo *a = algo_find(ALGO_CA, name);

	if (a == NULL || a->key != key->type)
		return NULL;
	return !key_is_sk(key->type) || slice_is(name, a->blob_type) ? a : NULL;
}

static enum err
sign_here(struct keeper *k, const struct hostkey *key, const struct algo *a,
    struct slice data)
{
	uint8_t room[SIGN_RAW_MAX];
	struct raw_signature raw = {SLICE_NONE, SLICE_NONE, SLICE_NONE};
	enum err e = signer_sign(key->signer, a->hash, data, room, &raw);

	buf_reset(&k->answer);
	return e == OK ? sig_write(a, &raw, &k->answer) : e;
}

/* OK: the answer lies in k->answer, or comes later (serve_owes tells). */
static enum err
sign(struct keeper_peer *p, uint32_t number, struct slice alg,
    struct slice data)
{
	const struct hostkey *key = hostkeys_find(&p->keeper->keys, number);
	const struct algo *a;

	if (key == NULL)
		return ERR_NOT_FOUND;
	if ((a = algorithm(key, alg)) == NULL)
		return ERR_UNKNOWN_ALGO;
	if (key->in_agent)
		return agent_sign(p, key, a, data);
	if (key->signer == NULL)
		return fido_sign(p, key, data);
	return sign_here(p->keeper, key, a, data);
}

/* A refusal is an answer: the monitor ends its connection by itself. */
static enum err
answer(struct keeper *k, enum err e, struct signature_msg *rep)
{
	rep->ok = e == OK;
	rep->signature = e == OK ? buf_slice(&k->answer) : SLICE_NONE;
	if (e != OK)
		log_debug1("keeper: not signed: %s", err_sentence(e));
	return OK;
}

/* The digests that key exchange methods use (SHA-1, SHA-2), and SHA-512. */
static bool
is_digest(struct slice hash)
{
	return hash.n == hash_octets(HASH_SHA1) ||
	       hash.n == hash_octets(HASH_SHA256) ||
	       hash.n == hash_octets(HASH_SHA384) ||
	       hash.n == hash_octets(HASH_SHA512);
}

enum err
on_sign(struct keeper_peer *p, const struct keeper_sign_msg *req,
    struct signature_msg *rep)
{
	enum err e = ERR_FORMAT;

	if (is_digest(req->hash))
		e = sign(p, req->key, req->alg, req->hash);
	if (e == OK && p->session_octets == 0)
		p->session_octets =
		    slice_copy(req->hash, BYTES_OF(p->session_id));
	return answer(p->keeper, e, rep);
}

/* string name, string session id, string blob: OpenSSH's PROTOCOL §2.5 */
static enum err
build_proof(const struct keeper_peer *p, const struct keeper_prove_msg *req,
    struct buf *data)
{
	const struct hostkey *key = hostkeys_find(&p->keeper->keys, req->key);
	struct wr w = wr_into(data);

	if (key == NULL || !slice_equal(buf_slice(&key->blob), req->blob))
		return ERR_NOT_FOUND;
	if (p->session_octets == 0)
		return ERR_PHASE;
	wr_cstr(&w, PROVE_NAME);
	wr_string(&w, slice_make(p->session_id, p->session_octets));
	wr_string(&w, buf_slice(&key->blob));
	return wr_end(&w, NULL);
}

enum err
on_prove(struct keeper_peer *p, const struct keeper_prove_msg *req,
    struct signature_msg *rep)
{
	SCOPED(buf_clear) struct buf data = BUF_LIMIT(PROOF_MAX);
	enum err e = build_proof(p, req, &data);

	if (e == OK)
		e = sign(p, req->key, req->alg, buf_slice(&data));
	return answer(p->keeper, e, rep);
}

/*
 * A spawner's own link may make links as the listener's may. One that can't be
 * watched is closed: its connection ends, whoever asked goes on.
 */
enum err
on_link(struct keeper_peer *p, const struct link_msg *req, struct note_rep *rep)
{
	enum err e;

	(void)rep;
	if (req->link.fd < 0)
		return ERR_RPC;
	e = keeper_add(p->keeper, rpc_new(req->link.fd),
	    req->further_links ? KEEPER_ROOT : KEEPER_LINK);
	if (e != OK)
		log_error("keeper: no further link: %s", err_sentence(e));
	return OK;
}

enum err
on_agent(struct keeper_peer *p, const struct agent_msg *req,
    struct note_rep *rep)
{
	(void)rep;
	agent_link(p->keeper, req->link.fd);
	return OK;
}
