/*
 * pubkey.c - method "publickey", RFC 4252 §7, and its host-bound form
 *
 *     bool has_sig | string alg | string blob | [string server_host_key] |
 *     [string sig, where has_sig]
 *
 * The host-bound form says in the signed data to which server it was made, so
 * that an agent can tell where its signature goes.
 */
#include "methods.h"

#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"

/* A name or blob that no key of ours can have: it fails like any other. */
static bool
is_hopeless(const struct pubkey_req *q)
{
	return q->alg.n > METHODS_NAME_MAX || slice_has_nul(q->alg) ||
	       q->blob.n > METHODS_BLOB_MAX || q->sig.n > METHODS_BLOB_MAX ||
	       q->hostkey.n > METHODS_BLOB_MAX;
}

static enum err
read_any(struct slice body, bool hostbound, struct request *req)
{
	struct pubkey_req *q = &req->pubkey;
	struct rd r = rd_from(body);

	*q = (struct pubkey_req){.hostbound = hostbound};
	q->has_sig = rd_bool(&r);
	q->alg = rd_string(&r);
	q->blob = rd_string(&r);
	q->hostkey = hostbound ? rd_string(&r) : SLICE_NONE;
	q->sig = q->has_sig ? rd_string(&r) : SLICE_NONE;
	req->hopeless = is_hopeless(q);
	return rd_end(&r);
}

static enum err
read_plain(struct slice body, struct request *req)
{
	return read_any(body, false, req);
}

static enum err
read_hostbound(struct slice body, struct request *req)
{
	return read_any(body, true, req);
}

static enum err
ask(const struct userauth *u, const struct request *req, struct prompt_rep *rep)
{
	struct verdict_rep v = {0};
	enum err e;

	/* A signature that was made for another server ends the connection:
	 * somebody in the middle is passing it on. */
	if (req->pubkey.hostbound &&
	    !slice_equal(req->pubkey.hostkey, u->ops->first_hostkey(u->ctx)))
		return ERR_SIGNATURE;
	e = u->ops->pubkey(u->ctx, &req->pubkey, &v);
	return methods_verdict(e, &v, rep);
}

static void
write_ok(struct wr *w, const struct request *req)
{
	wr_u8(w, MSG_USERAUTH_PK_OK);
	wr_string(w, req->pubkey.alg);
	wr_string(w, req->pubkey.blob);
}

const struct method pubkey_method = {
    .name = "publickey",
    .said = "publickey",
    .read = read_plain,
    .ask = ask,
    .write_ok = write_ok,
};

const struct method pubkey_hostbound_method = {
    .name = "publickey-hostbound-v00@openssh.com",
    .said = "publickey",
    .read = read_hostbound,
    .ask = ask,
    .write_ok = write_ok,
};
