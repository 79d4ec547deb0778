#include "sallyport/userauth/userauth.h"

#include "methods.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"

#define USER_MAX 1024u /* octets of a name as sent; any log is shorter */

static const char auth_service[] = "ssh-userauth";
static const char next_service[] = "ssh-connection";

void
userauth_init(struct userauth *u, const struct userauth_ops *ops, void *ctx)
{
	*u = (struct userauth){.ops = ops, .ctx = ctx};
}

void
userauth_clear(struct userauth *u)
{
	mem_free(u->user);
	mem_free(u->service);
	mem_free(u->why);
	*u = (struct userauth){.ops = u->ops, .ctx = u->ctx};
}

bool
userauth_is_done(const struct userauth *u)
{
	return u->state == USERAUTH_DONE;
}

const char *
userauth_name(const struct userauth *u)
{
	return u->user;
}

const char *
userauth_fail(const struct userauth *u, enum err e)
{
	return u->why != NULL ? u->why : err_sentence(e);
}

/* Note the words for an error, and give it. why: taken. */
static enum err
fail(struct userauth *u, enum err e, char *why)
{
	mem_free(u->why);
	u->why = why;
	return e;
}

/* ---- what the client is told ---- */

static enum err
send_names(const struct userauth *u, uint8_t message, struct slice names,
    bool partial)
{
	struct wr w = u->ops->begin(u->ctx, 16 + names.n);

	wr_u8(&w, message);
	if (message != MSG_USERAUTH_SUCCESS)
		wr_string(&w, names);
	if (message == MSG_USERAUTH_FAILURE)
		wr_bool(&w, partial);
	return u->ops->end(u->ctx, &w);
}

static enum err
send_ok(const struct userauth *u, const struct method *m,
    const struct request *req)
{
	struct wr w;

	if (m == NULL || m->write_ok == NULL)
		return ERR_RPC;
	w = u->ops->begin(u->ctx, 16 + req->pubkey.alg.n + req->pubkey.blob.n);
	m->write_ok(&w, req);
	return u->ops->end(u->ctx, &w);
}

/* A dialogue goes on: with prompts, or with the client's first token. */
static enum err
send_prompts(struct userauth *u, const struct method *m,
    const struct prompt_rep *rep)
{
	struct wr w;

	if (m == &gssapi_method) {
		u->state = USERAUTH_TOKEN;
		return gssapi_send_choice(u);
	}
	if (m != &kbdint_method)
		return ERR_RPC;
	w = u->ops->begin(u->ctx, kbdint_request_max(rep));
	kbdint_write_request(&w, rep);
	u->prompts = rep->n;
	u->state = USERAUTH_PROMPT;
	return u->ops->end(u->ctx, &w);
}

static bool
in_dialogue(const struct userauth *u)
{
	return u->state == USERAUTH_PROMPT || u->state == USERAUTH_TOKEN ||
	       u->state == USERAUTH_MIC;
}

/*
 * Tell a verdict. m, req: what was asked for; NULL where that could only be
 * refused. A verdict that doesn't fit the question is an error of ours.
 */
static enum err
tell(struct userauth *u, const struct method *m, const struct request *req,
    const struct prompt_rep *rep)
{
	enum err e;

	if (in_dialogue(u))
		u->state = USERAUTH_PROMPTED;
	switch (rep->verdict) {
	case VERDICT_FAILED:
	case VERDICT_PARTIAL:
		return send_names(u, MSG_USERAUTH_FAILURE, rep->methods,
		    rep->verdict == VERDICT_PARTIAL);
	case VERDICT_SUCCESS:
		if (m == NULL)
			return ERR_RPC;
		u->state = USERAUTH_DONE;
		return send_names(u, MSG_USERAUTH_SUCCESS, SLICE_NONE, false);
	case VERDICT_PK_OK:
		return send_ok(u, m, req);
	case VERDICT_PROMPT:
		return send_prompts(u, m, rep);
	case VERDICT_TOO_MANY:
		return ERR_TOO_MANY_AUTH;
	case VERDICT_REFUSED:
		e = banner_send(u, rep->message);
		return e == OK ? ERR_DENIED : e;
	default:
		return ERR_RPC;
	}
}

/* ---- a request ---- */

struct envelope {
	struct slice user; /* ":style" included */
	struct slice service;
	struct slice method;
	struct slice body; /* the method's part */
};

/* SEC-24: none of the names may hold a NUL. */
static enum err
read_envelope(struct slice body, struct envelope *v)
{
	struct rd r = rd_from(body);

	v->user = rd_text(&r, USER_MAX);
	v->service = rd_text(&r, METHODS_NAME_MAX);
	v->method = rd_text(&r, METHODS_NAME_MAX);
	v->body = rd_rest(&r);
	return rd_end(&r);
}

static struct slice
without_style(struct slice user)
{
	return slice_first(user, slice_find(user, ':'));
}

/* The first request: who is it? What was proved for one name never counts for
 * another, so it is asked once (SEC-35). */
static enum err
meet(struct userauth *u, const struct envelope *v)
{
	const struct user_req req = {.user = v->user, .service = v->service};
	struct userauth_found found = {.refused = false};
	enum err e;

	u->user = mem_text(without_style(v->user));
	u->service = mem_text(v->service);
	u->state = USERAUTH_USER;
	if ((e = u->ops->find_user(u->ctx, &req, &found)) != OK)
		return e;
	if (found.refused)
		return ERR_DENIED;
	if ((e = banner_send(u, found.banner)) != OK)
		return e;
	u->ops->second_ext_info(u->ctx);
	return OK;
}

static enum err
check_same(struct userauth *u, const struct envelope *v)
{
	struct slice user = without_style(v->user);

	if (slice_is(user, u->user) && slice_is(v->service, u->service))
		return OK;
	return fail(u, ERR_PHASE,
	    mem_format("Change of username or service not allowed: "
		       "(%s,%s) -> (%s,%s)",
		log_quote(slice_cstr(u->user)),
		log_quote(slice_cstr(u->service)), log_quote(user),
		log_quote(v->service)));
}

/* A new request abandons the dialogue that is open, RFC 4256 §3.1. */
static enum err
abandon(struct userauth *u)
{
	struct verdict_rep rep = {.verdict = VERDICT_FAILED};
	bool prompts = u->state == USERAUTH_PROMPT;
	enum err e;

	if (!in_dialogue(u))
		return OK;
	u->state = USERAUTH_PROMPTED;
	e = prompts ? u->ops->kbdint_cancel(u->ctx, &rep)
		    : u->ops->gss_cancel(u->ctx, &rep);
	if (e != OK)
		return e;
	if (rep.verdict == VERDICT_TOO_MANY)
		return ERR_TOO_MANY_AUTH;
	return rep.verdict == VERDICT_FAILED ? OK : ERR_RPC;
}

/* Names of the wire hold no blanks, RFC 4251 §6: such a one could pretend to
 * be more of the log's line than its method. */
static struct slice
name_for_log(struct slice method)
{
	bool good = method.n > 0;

	for (size_t i = 0; i < method.n; i++)
		good &= method.p[i] > ' ' && method.p[i] < 0x7f;
	return good ? method : SLICE_STR("invalid-method");
}

/* Methods that we don't have, and requests that can't succeed. */
static enum err
ask_other(const struct userauth *u, struct slice name, struct prompt_rep *rep)
{
	const struct kbdint_req req = {.devices = name_for_log(name)};
	struct verdict_rep v = {0};
	enum err e = u->ops->other(u->ctx, &req, &v);

	return methods_verdict(e, &v, rep);
}

/* *m is NULL afterwards where nothing but a refusal fits. */
static enum err
ask(const struct userauth *u, const struct method **m, struct slice name,
    const struct request *req, struct prompt_rep *rep)
{
	/* RFC 4252 §5: no such service, so nobody gets in to it */
	bool foreign = strcmp(u->service, next_service) != 0;

	if (*m != NULL && (req->hopeless || foreign)) {
		name = slice_cstr((*m)->said);
		*m = NULL;
	}
	return *m != NULL ? (*m)->ask(u, req, rep) : ask_other(u, name, rep);
}

static void
debug_request(const struct envelope *v)
{
	if (log_level_now() < LEVEL_DEBUG1)
		return;
	log_debug1("userauth-request for user %s service %s method %s",
	    log_quote(v->user), log_quote(v->service), log_quote(v->method));
}

static enum err
on_request(struct userauth *u, struct slice body)
{
	struct request req = {.hopeless = false};
	struct prompt_rep rep = {0};
	const struct method *m;
	struct envelope v;
	enum err e;

	if ((e = read_envelope(body, &v)) != OK)
		return e;
	debug_request(&v);
	m = methods_find(v.method);
	if (m != NULL && (e = m->read(v.body, &req)) != OK)
		return e;
	e = u->user == NULL ? meet(u, &v) : check_same(u, &v);
	if (e != OK || (e = abandon(u)) != OK)
		return e;
	e = ask(u, &m, v.method, &req, &rep);
	if (e == ERR_SIGNATURE)
		return fail(u, ERR_PHASE,
		    mem_strdup("signature is bound to another host key"));
	return e == OK ? tell(u, m, &req, &rep) : e;
}

static enum err
on_response(struct userauth *u, struct slice body)
{
	struct prompt_rep rep = {0};
	struct answer_req req;
	enum err e;

	if ((e = kbdint_read_response(body, u->prompts, &req)) != OK)
		return e;
	if ((e = u->ops->kbdint_answer(u->ctx, &req, &rep)) != OK)
		return e;
	return tell(u, &kbdint_method, NULL, &rep);
}

/* ---- gssapi-with-mic: the exchange ---- */

static enum err
on_token(struct userauth *u, struct slice body)
{
	struct token_rep rep = {0};
	struct prompt_rep head = {0};
	struct token_req req;
	bool good;
	enum err e;

	if ((e = gssapi_read_token(body, GSS_TOKEN_MAX, &req)) != OK)
		return e;
	if ((e = u->ops->gss_token(u->ctx, &req, &rep)) != OK)
		return e;
	good = rep.verdict == VERDICT_PROMPT;
	e = gssapi_send_token(u,
	    good ? MSG_USERAUTH_GSSAPI_TOKEN : MSG_USERAUTH_GSSAPI_ERRTOK,
	    rep.token);
	if (e != OK)
		return e;
	if (good) {
		u->state = USERAUTH_MIC;
		return OK;
	}
	/* a token alone lets nobody in */
	if (rep.verdict == VERDICT_SUCCESS || rep.verdict == VERDICT_PARTIAL)
		return ERR_RPC;
	head.verdict = rep.verdict;
	head.methods = rep.methods;
	head.message = rep.message;
	return tell(u, &gssapi_method, NULL, &head);
}

static enum err
ask_mic(struct userauth *u, const struct token_req *req)
{
	struct verdict_rep v = {0};
	struct prompt_rep rep = {0};
	enum err e = u->ops->gss_mic(u->ctx, req, &v);

	if (methods_verdict(e, &v, &rep) != OK)
		return e;
	if (rep.verdict == VERDICT_PROMPT)
		return ERR_RPC;
	return tell(u, &gssapi_method, NULL, &rep);
}

static enum err
on_mic(struct userauth *u, struct slice body)
{
	struct token_req req;
	enum err e = gssapi_read_token(body, GSS_MIC_MAX, &req);

	return e == OK ? ask_mic(u, &req) : e;
}

/* The client's end without a MIC: it is one of no octets, which is none. */
static enum err
on_complete(struct userauth *u, struct slice body)
{
	const struct token_req none = {.token = SLICE_NONE};

	return body.n == 0 ? ask_mic(u, &none) : ERR_TRAILING;
}

/* The client found fault with our token: it goes on with another request, and
 * awaits no answer. */
static enum err
on_error_token(struct userauth *u, struct slice body)
{
	struct token_req req;
	enum err e = gssapi_read_token(body, GSS_TOKEN_MAX, &req);

	return e == OK ? abandon(u) : e;
}

/* May come again, with the same answer. */
static enum err
on_service(struct userauth *u, struct slice body)
{
	struct rd r = rd_from(body);
	struct slice service = rd_string(&r);
	enum err e = rd_end(&r);

	if (e != OK)
		return e;
	if (!slice_is(service, auth_service))
		return fail(u, ERR_SERVICE,
		    mem_format("bad service request %s", log_quote(service)));
	if (u->state == USERAUTH_START)
		u->state = USERAUTH_SERVICE;
	return send_names(u, MSG_SERVICE_ACCEPT, service, false);
}

/* ---- what may come when ---- */

enum act { END = 0, UNK, DROP, SERV, REQ, RESP, TOK, ERRT, DONE, MIC };

/*
 * What only a server sends has no handler at all (SEC-34), and a reply to a
 * dialogue that is over ends the connection.
 */
/* clang-format off */
static const struct row {
	uint8_t first, last; /* message numbers, both included */
	uint8_t acts[USERAUTH_STATES];
} rows[] = {
	/* messages            START SERVICE USER  PROMPT TOKEN MIC   PROMPTED DONE */
	{ 0,   4, /* transport */
	                     { END,  END,    END,  END,   END,  END,  END,     END  } },
	{ 5,   5, /* SERVICE_REQUEST */
	                     { SERV, SERV,   SERV, SERV,  SERV, SERV, SERV,    DROP } },
	{ 6,  49, /* transport */
	                     { END,  END,    END,  END,   END,  END,  END,     END  } },
	{50,  50, /* USERAUTH_REQUEST; after success RFC 4252 §5.1 */
	                     { UNK,  REQ,    REQ,  REQ,   REQ,  REQ,  REQ,     DROP } },
	{51,  60, /* FAILURE, SUCCESS, BANNER, … PK_OK: a server's */
	                     { UNK,  UNK,    UNK,  UNK,   UNK,  UNK,  UNK,     UNK  } },
	{61,  61, /* INFO_RESPONSE, GSSAPI_TOKEN */
	                     { UNK,  UNK,    UNK,  RESP,  TOK,  END,  END,     END  } },
	{62,  62,            { UNK,  UNK,    UNK,  UNK,   UNK,  UNK,  UNK,     UNK  } },
	{63,  63, /* GSSAPI_EXCHANGE_COMPLETE */
	                     { UNK,  UNK,    UNK,  UNK,   END,  DONE, END,     UNK  } },
	{64,  64, /* GSSAPI_ERROR: a server's */
	                     { UNK,  UNK,    UNK,  UNK,   UNK,  UNK,  UNK,     UNK  } },
	{65,  65, /* GSSAPI_ERRTOK */
	                     { UNK,  UNK,    UNK,  UNK,   ERRT, ERRT, END,     UNK  } },
	{66,  66, /* GSSAPI_MIC */
	                     { UNK,  UNK,    UNK,  UNK,   END,  MIC,  END,     UNK  } },
	{67,  79, /* of other methods */
	                     { UNK,  UNK,    UNK,  UNK,   UNK,  UNK,  UNK,     UNK  } },
	{80, 255, /* SEC-34: channels do not exist yet */
	                     { END,  END,    END,  END,   END,  END,  END,     END  } },
};
/* clang-format on */

static enum act
act_of(enum userauth_state state, uint8_t message)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (message <= rows[i].last)
			return (enum act)rows[i].acts[state];
	return END;
}

enum err
userauth_input(struct userauth *u, struct slice payload)
{
	struct slice body = slice_skip(payload, 1);

	if (payload.n == 0)
		return ERR_SHORT;
	switch (act_of(u->state, payload.p[0])) {
	case SERV:
		return on_service(u, body);
	case REQ:
		return on_request(u, body);
	case RESP:
		return on_response(u, body);
	case TOK:
		return on_token(u, body);
	case ERRT:
		return on_error_token(u, body);
	case DONE:
		return on_complete(u, body);
	case MIC:
		return on_mic(u, body);
	case UNK:
		u->ops->unimplemented(u->ctx);
		return OK;
	case DROP:
		return OK;
	case END:
		break;
	}
	return fail(u, ERR_PHASE,
	    mem_format("protocol error: rcvd type %u", payload.p[0]));
}

enum err
userauth_parse(const char *method, struct slice body)
{
	const struct method *m = methods_find(slice_cstr(method));
	struct request req = {.hopeless = false};

	return m == NULL ? OK : m->read(body, &req);
}
