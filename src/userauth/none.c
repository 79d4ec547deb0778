/*
 * none.c - method "none", RFC 4252 §5.2: which methods are there?
 */
#include "methods.h"

#include "sallyport/base/rd.h"

static enum err
read_request(struct slice body, struct request *req)
{
	struct rd r = rd_from(body);

	req->hopeless = false;
	return rd_end(&r);
}

static enum err
ask(const struct userauth *u, const struct request *req, struct prompt_rep *rep)
{
	const struct none_req q = {0};
	struct verdict_rep v = {0};
	enum err e = u->ops->none(u->ctx, &q, &v);

	(void)req;
	return methods_verdict(e, &v, rep);
}

const struct method none_method = {
    .name = "none",
    .said = "none",
    .read = read_request,
    .ask = ask,
};
