/*
 * password.c - method "password", RFC 4252 §8
 *
 *     bool change | string password | [string new, where change]
 *
 * The password stays where it came: in the input ring, which the transport
 * wipes, and in the monitor's frame, which rpc wipes.
 */
#include "methods.h"

#include "sallyport/base/rd.h"

/* What a message takes. Far more than is ever hashed (SEC-37), so a longer
 * password is as wrong when it is cut. */
#define PASSWORD_MAX 65536u

static enum err
read_request(struct slice body, struct request *req)
{
	struct rd r = rd_from(body);
	bool change = rd_bool(&r);

	req->password.password = slice_first(rd_string(&r), PASSWORD_MAX);
	if (change)
		(void)rd_string(&r);
	/* changing a password isn't supported */
	req->hopeless = change;
	return rd_end(&r);
}

static enum err
ask(const struct userauth *u, const struct request *req, struct prompt_rep *rep)
{
	struct verdict_rep v = {0};
	enum err e = u->ops->password(u->ctx, &req->password, &v);

	return methods_verdict(e, &v, rep);
}

const struct method password_method = {
    .name = "password",
    .said = "password",
    .read = read_request,
    .ask = ask,
};
