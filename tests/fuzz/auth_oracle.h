/*
 * auth_oracle.h - userauth's questions answered by octets of the input, and
 * what must hold whatever they are
 */
#ifndef AUTH_ORACLE_H
#define AUTH_ORACLE_H

#include "sallyport/base/buf.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"
#include "sallyport/userauth/userauth.h"

struct auth_oracle {
	struct rd *input;            /* verdicts come from here */
	struct transport *transport; /* where payloads go; NULL: nowhere */
	struct buf building;
	unsigned int users; /* how often find_user was asked */
	unsigned int asked; /* questions that have a verdict */
	unsigned int told;  /* answers that were sent */
	bool success;       /* a verdict said so */
	bool success_told;
	bool prompting;  /* a dialogue is open */
	bool exchanging; /* or one of GSSAPI */
};

/* A last verdict; the question was allowed. */
static inline enum err
auth_oracle_verdict(struct auth_oracle *o, uint8_t *verdict)
{
	*verdict = rd_u8(o->input) % 8;
	must(o->users == 1 && !o->success && !o->prompting && !o->exchanging);
	o->asked++;
	o->success = *verdict == VERDICT_SUCCESS;
	return *verdict == 7 ? ERR_RPC : OK;
}

static inline enum err
auth_oracle_answer(void *ctx, struct verdict_rep *rep)
{
	rep->methods = SLICE_STR("publickey,password");
	return auth_oracle_verdict(ctx, &rep->verdict);
}

static inline enum err
auth_oracle_find(void *ctx, const struct user_req *req,
    struct userauth_found *found)
{
	static const uint8_t text[40000] = {'b', '\n', 0xe2, 0x82, 0xac, 0xff};
	struct auth_oracle *o = ctx;
	uint8_t how = rd_u8(o->input);

	must(req->user.n <= 1024 && !slice_has_nul(req->user));
	must(++o->users == 1);
	found->refused = how == 1;
	found->banner = slice_make(text, how & 2 ? sizeof(text) : how & 7);
	return OK;
}

static inline enum err
auth_oracle_none(void *ctx, const struct none_req *req, struct verdict_rep *rep)
{
	(void)req;
	return auth_oracle_answer(ctx, rep);
}

static inline enum err
auth_oracle_pubkey(void *ctx, const struct pubkey_req *req,
    struct verdict_rep *rep)
{
	must(req->alg.n <= 64 && req->blob.n <= 32768 && req->sig.n <= 32768);
	must(req->has_sig || req->sig.n == 0);
	return auth_oracle_answer(ctx, rep);
}

static inline enum err
auth_oracle_hostbased(void *ctx, const struct hostbased_req *req,
    struct verdict_rep *rep)
{
	must(req->alg.n <= 64 && req->blob.n <= 32768 && req->sig.n <= 32768);
	must(req->client_host.n <= 256 && req->client_user.n <= 256);
	must(!slice_has_nul(req->client_host));
	return auth_oracle_answer(ctx, rep);
}

static inline enum err
auth_oracle_password(void *ctx, const struct password_req *req,
    struct verdict_rep *rep)
{
	must(req->password.n <= 65536);
	return auth_oracle_answer(ctx, rep);
}

/* One that can't succeed doesn't. */
static inline enum err
auth_oracle_other(void *ctx, const struct kbdint_req *req,
    struct verdict_rep *rep)
{
	struct auth_oracle *o = ctx;

	must(req->devices.n > 0 && req->devices.n <= 64);
	must(slice_find(req->devices, ' ') == req->devices.n);
	must(o->users == 1 && !o->prompting);
	o->asked++;
	rep->verdict = VERDICT_FAILED;
	return OK;
}

static inline enum err
auth_oracle_prompts(struct auth_oracle *o, struct prompt_rep *rep)
{
	enum err e;

	o->prompting = false;
	e = auth_oracle_verdict(o, &rep->verdict);
	rep->n = 2;
	rep->prompts = SLICE_STR("\0\0\0\1a\0\0\0\0\1b\1");
	o->prompting = rep->verdict == VERDICT_PROMPT;
	return e;
}

static inline enum err
auth_oracle_start(void *ctx, const struct kbdint_req *req,
    struct prompt_rep *rep)
{
	struct auth_oracle *o = ctx;

	must(req->devices.n <= 4096 && !o->prompting);
	return auth_oracle_prompts(o, rep);
}

static inline enum err
auth_oracle_reply(void *ctx, const struct answer_req *req,
    struct prompt_rep *rep)
{
	struct auth_oracle *o = ctx;

	must(o->prompting && req->n == 2 && req->answers.n <= 32768);
	return auth_oracle_prompts(o, rep);
}

static inline enum err
auth_oracle_cancel(void *ctx, struct verdict_rep *rep)
{
	struct auth_oracle *o = ctx;

	must(o->prompting);
	o->prompting = false;
	rep->verdict = rd_u8(o->input) % 2 ? VERDICT_TOO_MANY : VERDICT_FAILED;
	return OK;
}

static inline enum err
auth_oracle_gss_start(void *ctx, struct verdict_rep *rep)
{
	struct auth_oracle *o = ctx;
	enum err e = auth_oracle_answer(o, rep);

	o->exchanging = rep->verdict == VERDICT_PROMPT;
	return e;
}

static inline enum err
auth_oracle_gss_token(void *ctx, const struct token_req *req,
    struct token_rep *rep)
{
	struct auth_oracle *o = ctx;
	enum err e;

	must(o->exchanging && req->token.n <= GSS_TOKEN_MAX);
	o->exchanging = false;
	e = auth_oracle_verdict(o, &rep->verdict);
	o->exchanging = rep->verdict == VERDICT_PROMPT;
	rep->token = SLICE_STR("token");
	o->asked++; /* a failure is told after a token */
	return e;
}

static inline enum err
auth_oracle_gss_mic(void *ctx, const struct token_req *req,
    struct verdict_rep *rep)
{
	struct auth_oracle *o = ctx;

	must(o->exchanging && req->token.n <= GSS_MIC_MAX);
	o->exchanging = false;
	return auth_oracle_answer(o, rep);
}

static inline enum err
auth_oracle_gss_cancel(void *ctx, struct verdict_rep *rep)
{
	struct auth_oracle *o = ctx;

	must(o->exchanging);
	o->exchanging = false;
	rep->verdict = rd_u8(o->input) % 2 ? VERDICT_TOO_MANY : VERDICT_FAILED;
	return OK;
}

static inline struct slice
auth_oracle_hostkey(void *ctx)
{
	(void)ctx;
	return SLICE_STR("K_S");
}

static inline void
auth_oracle_ext_info(void *ctx)
{
	struct auth_oracle *o = ctx;

	if (o->transport != NULL)
		transport_second_ext_info(o->transport,
		    SLICE_STR("ssh-ed25519"));
}

static inline struct wr
auth_oracle_begin(void *ctx, size_t max)
{
	struct auth_oracle *o = ctx;
	struct bytes room;

	if (o->transport != NULL)
		return transport_begin(o->transport, max);
	buf_clear(&o->building);
	must(buf_reserve(&o->building, max, &room) == OK);
	return wr_to(bytes_first(room, max));
}

/* The first octet of a payload tells whether something is said too early. */
static inline enum err
auth_oracle_end(void *ctx, const struct wr *w)
{
	struct auth_oracle *o = ctx;

	must(wr_end(w, NULL) == OK);
	must(!o->success_told);
	if (w->room.p[0] == MSG_USERAUTH_SUCCESS) {
		must(o->success);
		o->success_told = true;
	}
	if (w->room.p[0] != MSG_USERAUTH_BANNER &&
	    w->room.p[0] != MSG_SERVICE_ACCEPT)
		must(++o->told <= o->asked);
	return o->transport != NULL ? transport_end(o->transport, w) : OK;
}

static inline void
auth_oracle_unimplemented(void *ctx)
{
	struct auth_oracle *o = ctx;

	if (o->transport != NULL)
		transport_unimplemented(o->transport);
}

static const struct userauth_ops auth_oracle_ops = {
    .find_user = auth_oracle_find,
    .none = auth_oracle_none,
    .pubkey = auth_oracle_pubkey,
    .hostbased = auth_oracle_hostbased,
    .password = auth_oracle_password,
    .other = auth_oracle_other,
    .kbdint_start = auth_oracle_start,
    .kbdint_answer = auth_oracle_reply,
    .kbdint_cancel = auth_oracle_cancel,
    .gss_start = auth_oracle_gss_start,
    .gss_token = auth_oracle_gss_token,
    .gss_mic = auth_oracle_gss_mic,
    .gss_cancel = auth_oracle_gss_cancel,
    .first_hostkey = auth_oracle_hostkey,
    .second_ext_info = auth_oracle_ext_info,
    .begin = auth_oracle_begin,
    .end = auth_oracle_end,
    .unimplemented = auth_oracle_unimplemented,
};

#endif
