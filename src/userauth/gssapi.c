/*
 * gssapi.c - method "gssapi-with-mic", RFC 4462 §3
 *
 *     request:   u32 n | n × string mechanism (DER)
 *     60:        string mechanism: the one that we choose
 *     61:        string token, in either direction
 *     65:        string token of an error, likewise
 *     66:        string MIC, the client's
 *     63:        nothing: the client's end without a MIC
 *
 * The mechanism is Kerberos, and no other. It can protect what is said, so an
 * end without a MIC, which no key of this connection is bound to, is refused:
 * RFC 4462 §3.4 wants it where there is no integrity.
 */
#include "methods.h"

#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"

#define MECHANISMS_MAX 64u /* clients name one or two */

/* 1.2.840.113554.1.2.2, with tag and length */
static const uint8_t krb5[] = {0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12,
    0x01, 0x02, 0x02};

static enum err
read_request(struct slice body, struct request *req)
{
	struct rd r = rd_from(body);
	uint32_t n = rd_u32(&r);
	bool found = false;

	if (n > MECHANISMS_MAX)
		rd_fail(&r, ERR_FORMAT);
	for (uint32_t i = 0; i < n && rd_status(&r) == OK; i++)
		found = slice_equal(rd_string(&r), SLICE_OF(krb5)) || found;
	req->hopeless = !found;
	return rd_end(&r);
}

static enum err
ask(const struct userauth *u, const struct request *req, struct prompt_rep *rep)
{
	struct verdict_rep v = {0};

	(void)req;
	return methods_verdict(u->ops->gss_start(u->ctx, &v), &v, rep);
}

const struct method gssapi_method = {
    .name = "gssapi-with-mic",
    .said = "gssapi-with-mic",
    .read = read_request,
    .ask = ask,
};

enum err
gssapi_send_choice(const struct userauth *u)
{
	struct wr w = u->ops->begin(u->ctx, 16 + sizeof(krb5));

	wr_u8(&w, MSG_USERAUTH_GSSAPI_RESPONSE);
	wr_string(&w, SLICE_OF(krb5));
	return u->ops->end(u->ctx, &w);
}

/* An empty token isn't sent. */
enum err
gssapi_send_token(const struct userauth *u, uint8_t message, struct slice token)
{
	struct wr w;

	if (token.n == 0)
		return OK;
	w = u->ops->begin(u->ctx, 16 + token.n);
	wr_u8(&w, message);
	wr_string(&w, token);
	return u->ops->end(u->ctx, &w);
}

enum err
gssapi_read_token(struct slice body, size_t max, struct token_req *req)
{
	struct rd r = rd_from(body);

	req->token = rd_string(&r);
	if (req->token.n > max)
		rd_fail(&r, ERR_TOO_LONG);
	return rd_end(&r);
}
