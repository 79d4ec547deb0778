/*
 * ops_kex.c - answers for key exchange: the host key's signature, a group
 */
#include "monitor.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/crypto/dh.h"
#include "sallyport/rpc/keeper_ops.h"

#include <string.h>

/*
 * The link to the keeper is made when it is needed: a stranger who never gets
 * to a key exchange doesn't cost the sockets. ERR_PEER_CLOSED: no keeper.
 */
static enum err
link_keeper(struct monitor *m)
{
	struct link_msg msg = {.further_links = false};
	struct rpc *root;
	int pair[2];
	enum err e;

	if (m->keeper != NULL)
		return OK;
	if ((e = io_pair(pair)) != OK)
		return e;
	root = rpc_new(m->conn->keeper);
	msg.link.fd = pair[0];
	e = rpc_send(root, KEEPER_link, &layout_link_msg, &msg);
	rpc_free(root); /* from here on its own link is all it has */
	io_close(&pair[0]);
	m->keeper = rpc_new(pair[1]);
	return e;
}

/* One hash a key exchange; the first is the session id (RFC 4253 §7.2). */
enum err
on_sign_kex(struct monitor *m, const struct sign_req *req, struct sign_rep *rep)
{
	struct keeper_sign_msg ask = {.alg = req->alg, .hash = req->hash};
	struct signature_msg answer;
	enum err e;

	if (req->key >= m->common->nkeys ||
	    req->hash.n > sizeof(m->session_id) || req->hash.n < 20)
		return ERR_RPC;
	ask.key = m->common->keys[req->key].number;
	if ((e = link_keeper(m)) != OK ||
	    (e = ask_sign(m->keeper, &ask, &answer)) != OK) {
		log_error("the keeper of the host keys is gone: no signature "
			  "for %s port %u",
		    m->conn->peer_ip, (unsigned int)m->conn->peer_port);
		return e;
	}
	if (!answer.ok)
		return ERR_DENIED;
	if (m->session_id_octets == 0) {
		memcpy(m->session_id, req->hash.p, req->hash.n);
		m->session_id_octets = req->hash.n;
		ops_lifeline_note_exchange(m, req);
	}
	rep->signature = answer.signature;
	return OK;
}

enum err
on_prove_key(struct monitor *m, const struct prove_req *req,
    struct sign_rep *rep)
{
	struct keeper_prove_msg ask = {.alg = req->alg};
	struct signature_msg answer;
	enum err e;

	if (req->key >= m->common->nkeys)
		return ERR_RPC;
	ask.key = m->common->keys[req->key].number;
	ask.blob = m->common->keys[req->key].blob;
	if ((e = link_keeper(m)) != OK)
		return e;
	if ((e = ask_prove(m->keeper, &ask, &answer)) != OK)
		return e;
	rep->signature = answer.ok ? answer.signature : SLICE_NONE;
	return OK;
}

/* From the moduli file, else a built-in group (RFC 4419 §3). */
enum err
on_pick_group(struct monitor *m, const struct modulus_req *req,
    struct modulus_rep *rep)
{
	static uint8_t prime[DH_OCTETS_MAX], generator;
	struct dh_modulus found;
	enum dh_group_id group;

	generator = 2;
	rep->found = true;
	rep->g = slice_make(&generator, 1);
	if (dh_moduli_choose(m->common->moduli, req->min, req->n, req->max,
		&found, prime) == OK) {
		generator = found.generator;
		rep->p = slice_make(prime, found.n);
	} else if (dh_fallback(req->min, req->n, req->max, &group) == OK) {
		rep->p = dh_group_prime(group);
	} else {
		rep->found = false;
	}
	return OK;
}
