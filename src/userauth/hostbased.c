/*
 * hostbased.c - method "hostbased", RFC 4252 §9
 *
 *     string alg | string blob | string client_host | string client_user |
 *     string sig
 *
 * The client's host vouches for its user; there is no question before the
 * signature. Nothing of it is resolved or looked up here.
 */
#include "methods.h"

#include "sallyport/base/rd.h"

/* A name that no host, user or key of ours can have: it fails like any other. */
static bool
is_hopeless(const struct hostbased_req *q)
{
	return q->alg.n > METHODS_NAME_MAX || slice_has_nul(q->alg) ||
	       q->blob.n > METHODS_BLOB_MAX || q->sig.n > METHODS_BLOB_MAX ||
	       q->client_host.n > METHODS_PARTY_MAX ||
	       slice_has_nul(q->client_host) ||
	       q->client_user.n > METHODS_PARTY_MAX ||
	       slice_has_nul(q->client_user);
}

static enum err
read_request(struct slice body, struct request *req)
{
	struct hostbased_req *q = &req->hostbased;
	struct rd r = rd_from(body);

	q->alg = rd_string(&r);
	q->blob = rd_string(&r);
	q->client_host = rd_string(&r);
	q->client_user = rd_string(&r);
	q->sig = rd_string(&r);
	req->hopeless = is_hopeless(q);
	return rd_end(&r);
}

static enum err
ask(const struct userauth *u, const struct request *req, struct prompt_rep *rep)
{
	struct verdict_rep v = {0};
	enum err e = u->ops->hostbased(u->ctx, &req->hostbased, &v);

	return methods_verdict(e, &v, rep);
}

const struct method hostbased_method = {
    .name = "hostbased",
    .said = "hostbased",
    .read = read_request,
    .ask = ask,
};
