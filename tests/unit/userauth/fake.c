#include "fake.h"

#include <stdio.h>

static const char bodies_pubkey[] = "\0\0\0\0\13ssh-ed25519\0\0\0\4BLOB";
static const char bodies_bound[] = "\0\0\0\0\13ssh-ed25519\0\0\0\4BLOB"
				   "\0\0\0\3K_S";
static const char bodies_password[] = "\0\0\0\0\6secret";
static const char bodies_hostbased[] = "\0\0\0\13ssh-ed25519\0\0\0\4BLOB"
				       "\0\0\0\5host.\0\0\0\4user"
				       "\0\0\0\3SIG";
static const char bodies_gssapi[] =
    "\0\0\0\2\0\0\0\3\6\1x"
    "\0\0\0\13\6\11\52\206\110\206\367\22\1\2\2";
static const char bodies_kbdint[] = "\0\0\0\0\0\0\0\0";

struct slice
fake_body(const char *method)
{
	if (strcmp(method, "publickey") == 0)
		return SLICE_STR(bodies_pubkey);
	if (strncmp(method, "publickey-", 10) == 0)
		return SLICE_STR(bodies_bound);
	if (strcmp(method, "password") == 0)
		return SLICE_STR(bodies_password);
	if (strcmp(method, "hostbased") == 0)
		return SLICE_STR(bodies_hostbased);
	if (strcmp(method, "keyboard-interactive") == 0)
		return SLICE_STR(bodies_kbdint);
	if (strcmp(method, "gssapi-with-mic") == 0)
		return SLICE_STR(bodies_gssapi);
	return SLICE_NONE;
}

/* ---- the questions ---- */

static enum err
note(struct fake *f, const char *word, struct slice detail)
{
	ck_assert_int_eq(buf_append_cstr(&f->asked, word), OK);
	if (detail.n > 0) {
		ck_assert_int_eq(buf_append_cstr(&f->asked, ":"), OK);
		ck_assert_int_eq(buf_append(&f->asked, detail), OK);
	}
	ck_assert_int_eq(buf_append_cstr(&f->asked, " "), OK);
	return f->error;
}

static enum err
answer(struct fake *f, enum err e, struct verdict_rep *rep)
{
	rep->verdict = (uint8_t)f->verdict;
	rep->methods = slice_cstr(f->methods);
	rep->message = f->message;
	return e;
}

static enum err
find_user(void *ctx, const struct user_req *req, struct userauth_found *found)
{
	struct fake *f = ctx;

	*found = f->found;
	return note(f, "find_user", req->user);
}

static enum err
none(void *ctx, const struct none_req *req, struct verdict_rep *rep)
{
	(void)req;
	return answer(ctx, note(ctx, "none", SLICE_NONE), rep);
}

static enum err
pubkey(void *ctx, const struct pubkey_req *req, struct verdict_rep *rep)
{
	return answer(ctx,
	    note(ctx, req->hostbound ? "bound" : "pubkey", req->blob), rep);
}

static enum err
hostbased(void *ctx, const struct hostbased_req *req, struct verdict_rep *rep)
{
	return answer(ctx, note(ctx, "hostbased", req->client_host), rep);
}

static enum err
password(void *ctx, const struct password_req *req, struct verdict_rep *rep)
{
	return answer(ctx, note(ctx, "password", slice_first(req->password, 9)),
	    rep);
}

static enum err
other(void *ctx, const struct kbdint_req *req, struct verdict_rep *rep)
{
	return answer(ctx, note(ctx, "other", req->devices), rep);
}

static enum err
prompt(struct fake *f, enum err e, struct prompt_rep *rep)
{
	*rep = (struct prompt_rep){.verdict = (uint8_t)f->verdict,
	    .methods = slice_cstr(f->methods),
	    .message = f->message,
	    .n = f->nprompts,
	    .prompts = f->prompts};
	return e;
}

static enum err
kbdint_start(void *ctx, const struct kbdint_req *req, struct prompt_rep *rep)
{
	return prompt(ctx, note(ctx, "start", req->devices), rep);
}

static enum err
kbdint_answer(void *ctx, const struct answer_req *req, struct prompt_rep *rep)
{
	return prompt(ctx, note(ctx, "answer", slice_skip(req->answers, 4)),
	    rep);
}

static enum err
kbdint_cancel(void *ctx, struct verdict_rep *rep)
{
	struct fake *f = ctx;

	rep->verdict = (uint8_t)f->cancel;
	return note(f, "cancel", SLICE_NONE);
}

static enum err
gss_start(void *ctx, struct verdict_rep *rep)
{
	return answer(ctx, note(ctx, "gss", SLICE_NONE), rep);
}

static enum err
gss_token(void *ctx, const struct token_req *req, struct token_rep *rep)
{
	struct fake *f = ctx;

	*rep = (struct token_rep){.verdict = (uint8_t)f->verdict,
	    .methods = slice_cstr(f->methods),
	    .token = slice_cstr(f->token)};
	return note(f, "token", req->token);
}

static enum err
gss_mic(void *ctx, const struct token_req *req, struct verdict_rep *rep)
{
	return answer(ctx, note(ctx, "mic", req->token), rep);
}

static enum err
gss_cancel(void *ctx, struct verdict_rep *rep)
{
	struct fake *f = ctx;

	rep->verdict = (uint8_t)f->cancel;
	return note(f, "cancel", SLICE_NONE);
}

static struct slice
first_hostkey(void *ctx)
{
	const struct fake *f = ctx;

	return slice_cstr(f->hostkey);
}

static void
second_ext_info(void *ctx)
{
	struct fake *f = ctx;
	struct wr w = wr_into(&f->sent);

	wr_cstr(&w, "\7");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

static struct wr
begin(void *ctx, size_t max)
{
	struct fake *f = ctx;
	struct bytes room;

	/* exactly the room that was asked for: one octet more would show */
	buf_clear(&f->building);
	ck_assert_int_eq(buf_reserve(&f->building, max, &room), OK);
	return wr_to(bytes_first(room, max));
}

static enum err
end(void *ctx, const struct wr *w)
{
	struct fake *f = ctx;
	struct wr out = wr_into(&f->sent);
	size_t n;

	ck_assert_int_eq(wr_end(w, &n), OK);
	wr_string(&out, slice_first(slice_from(w->room), n));
	ck_assert_int_eq(wr_end(&out, NULL), OK);
	return OK;
}

static void
unimplemented(void *ctx)
{
	struct fake *f = ctx;

	f->unimplemented++;
}

static const struct userauth_ops ops = {
    .find_user = find_user,
    .none = none,
    .pubkey = pubkey,
    .hostbased = hostbased,
    .password = password,
    .other = other,
    .kbdint_start = kbdint_start,
    .kbdint_answer = kbdint_answer,
    .kbdint_cancel = kbdint_cancel,
    .gss_start = gss_start,
    .gss_token = gss_token,
    .gss_mic = gss_mic,
    .gss_cancel = gss_cancel,
    .first_hostkey = first_hostkey,
    .second_ext_info = second_ext_info,
    .begin = begin,
    .end = end,
    .unimplemented = unimplemented,
};

/* ---- the test's side ---- */

void
fake_init(struct fake *f)
{
	*f = (struct fake){.methods = "publickey,password",
	    .hostkey = "K_S",
	    .token = "ours",
	    .nprompts = 1,
	    .prompts = SLICE_STR("\0\0\0\4Pin?\0")};
	userauth_init(&f->auth, &ops, f);
}

void
fake_clear(struct fake *f)
{
	userauth_clear(&f->auth);
	buf_clear(&f->asked);
	buf_clear(&f->sent);
	buf_clear(&f->building);
}

enum err
fake_input(struct fake *f, uint8_t message, struct slice body)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_u8(&w, message);
	wr_raw(&w, body);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	return userauth_input(&f->auth, buf_slice(&b));
}

enum err
fake_request(struct fake *f, const char *user, const char *service,
    const char *method, struct slice body)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_cstr(&w, user == NULL ? "alice" : user);
	wr_cstr(&w, service == NULL ? "ssh-connection" : service);
	wr_cstr(&w, method);
	wr_raw(&w, body);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	return fake_input(f, MSG_USERAUTH_REQUEST, buf_slice(&b));
}

static void
dialogue(struct fake *f)
{
	f->verdict = VERDICT_PROMPT;
	ck_assert_int_eq(fake_request(f, NULL, NULL, "keyboard-interactive",
			     fake_body("keyboard-interactive")),
	    OK);
	f->verdict = VERDICT_FAILED;
}

static void
exchange(struct fake *f, bool token)
{
	f->verdict = VERDICT_PROMPT;
	ck_assert_int_eq(fake_request(f, NULL, NULL, "gssapi-with-mic",
			     fake_body("gssapi-with-mic")),
	    OK);
	if (token)
		ck_assert_int_eq(fake_input(f, MSG_USERAUTH_GSSAPI_TOKEN,
				     SLICE_STR("\0\0\0\2to")),
		    OK);
	f->verdict = VERDICT_FAILED;
}

void
fake_bring_to(struct fake *f, enum userauth_state state)
{
	if (state != USERAUTH_START)
		ck_assert_int_eq(fake_input(f, MSG_SERVICE_REQUEST,
				     SLICE_STR("\0\0\0\14ssh-userauth")),
		    OK);
	if (state == USERAUTH_USER)
		ck_assert_int_eq(fake_request(f, NULL, NULL, "none",
				     SLICE_NONE),
		    OK);
	if (state == USERAUTH_PROMPT || state == USERAUTH_PROMPTED)
		dialogue(f);
	if (state == USERAUTH_TOKEN || state == USERAUTH_MIC)
		exchange(f, state == USERAUTH_MIC);
	if (state == USERAUTH_PROMPTED)
		ck_assert_int_eq(fake_input(f, MSG_USERAUTH_INFO_RESPONSE,
				     SLICE_STR("\0\0\0\1\0\0\0\1x")),
		    OK);
	if (state == USERAUTH_DONE) {
		f->verdict = VERDICT_SUCCESS;
		ck_assert_int_eq(fake_request(f, NULL, NULL, "none",
				     SLICE_NONE),
		    OK);
		f->verdict = VERDICT_FAILED;
	}
	ck_assert_int_eq(f->auth.state, state);
	buf_reset(&f->asked);
	buf_reset(&f->sent);
}

const char *
fake_asked(struct fake *f)
{
	static char text[1024];

	ck_assert(slice_to_cstr(buf_slice(&f->asked), text, sizeof(text)));
	buf_reset(&f->asked);
	return text;
}

struct slice
fake_sent(struct fake *f)
{
	static uint8_t room[65536];
	struct rd r = rd_from(buf_slice(&f->sent));
	struct slice s;

	if (f->sent.n == 0)
		return SLICE_NONE;
	s = rd_string(&r);
	ck_assert_int_eq(rd_status(&r), OK);
	s = slice_make(room, slice_copy(s, BYTES_OF(room)));
	buf_consume(&f->sent, 4 + s.n);
	return s;
}
