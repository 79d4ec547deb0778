/*
 * oracle.c - the questions of transport and userauth as requests to the monitor
 *
 * Each waits for its answer. Where the channel fails, the monitor is gone or
 * has found fault with us, and there is nothing to go on with: ERR_RPC.
 */
#include "gate.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"

#include <unistd.h>

#define BANNER_MAX ((size_t)1 << 20)

static enum err
asked(enum err e)
{
	return e == OK ? OK : ERR_RPC;
}

/* ---- the log ---- */

static void
send_line(void *ctx, enum log_level level, const char *text)
{
	struct gate *g = ctx;
	struct log_msg line = {.level = (uint8_t)level,
	    .forced = log_is_forced(),
	    .text = slice_cstr(text)};

	/* nobody is left who could be told */
	if (ask_log(g->monitor, &line, NULL) != OK)
		_exit(1);
}

void
oracle_take_log(struct gate *g)
{
	log_to_function(send_line, g);
}

/* ---- key exchange ---- */

static enum err
sign(void *ctx, uint32_t key, struct slice alg, struct slice hash,
    struct slice *signature)
{
	struct gate *g = ctx;
	struct sign_req req = {.key = key,
	    .alg = alg,
	    .hash = hash,
	    .kex = slice_cstr(transport_kex_alg(g->transport)),
	    .cipher = slice_cstr(transport_cipher_alg(g->transport))};
	struct sign_rep rep = {.signature = SLICE_NONE};
	enum err e;

	offer_complete(g);
	e = ask_sign_kex(g->monitor, &req, &rep);
	*signature = rep.signature;
	return asked(e);
}

static enum err
group(void *ctx, uint32_t min, uint32_t n, uint32_t max, struct slice *p,
    struct slice *generator)
{
	struct gate *g = ctx;
	struct modulus_req req = {.min = min, .n = n, .max = max};
	struct modulus_rep rep = {.found = false};
	enum err e = ask_pick_group(g->monitor, &req, &rep);

	if (e != OK)
		return ERR_RPC;
	*p = rep.p;
	*generator = rep.g;
	return rep.found ? OK : ERR_NOT_FOUND;
}

struct transport_ops
oracle_transport(struct gate *g)
{
	return (struct transport_ops){.sign = sign, .group = group, .ctx = g};
}

/* ---- user authentication ---- */

/* The same blocks applied to the same configuration: no option travels. */
static enum err
apply_match(struct gate *g, struct slice matched)
{
	struct conf *own;
	enum err e;

	if (matched.n == 0)
		return OK;
	own = mem_new(sizeof(*own));
	if ((e = conf_apply(g->common->set, matched, own)) != OK) {
		mem_free(own);
		return e;
	}
	g->conf = own;
	log_set_level(own->log_level);
	log_places(own->log_verbose.v, own->log_verbose.n);
	return OK;
}

static enum err
find_user(void *ctx, const struct user_req *req, struct userauth_found *found)
{
	struct gate *g = ctx;
	struct user_rep rep = {.banner = {-1}};
	struct user_req timed = *req;
	enum err e;

	timed.version_at_ms = g->version_at_ms;
	timed.kex_at_ms = g->kex_at_ms;
	e = ask_find_user(g->monitor, &timed, &rep);
	if (e == OK)
		e = apply_match(g, rep.matched);
	if (e == OK && rep.banner.fd >= 0) {
		g->banner = BUF_LIMIT(BANNER_MAX);
		e = memfile_read(rep.banner.fd, &g->banner);
	}
	io_close(&rep.banner.fd);
	found->banner = buf_slice(&g->banner);
	found->refused = rep.refused;
	return asked(e);
}

/* The banner was sent by now. */
static void
second_ext_info(void *ctx)
{
	struct gate *g = ctx;
	SCOPED(mem_free_at)
	char *names = offer_sig_algs(g->conf->pubkey_algorithms);

	buf_clear(&g->banner);
	transport_second_ext_info(g->transport, slice_cstr(names));
}

static enum err
none(void *ctx, const struct none_req *req, struct verdict_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_auth_none(g->monitor, req, rep));
}

static enum err
pubkey(void *ctx, const struct pubkey_req *req, struct verdict_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_auth_pubkey(g->monitor, req, rep));
}

static enum err
hostbased(void *ctx, const struct hostbased_req *req, struct verdict_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_auth_hostbased(g->monitor, req, rep));
}

static enum err
password(void *ctx, const struct password_req *req, struct verdict_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_auth_password(g->monitor, req, rep));
}

static enum err
other(void *ctx, const struct kbdint_req *req, struct verdict_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_auth_other(g->monitor, req, rep));
}

static enum err
kbdint_start(void *ctx, const struct kbdint_req *req, struct prompt_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_kbdint_start(g->monitor, req, rep));
}

static enum err
kbdint_answer(void *ctx, const struct answer_req *req, struct prompt_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_kbdint_answer(g->monitor, req, rep));
}

static enum err
kbdint_cancel(void *ctx, struct verdict_rep *rep)
{
	const struct empty_msg req = {0};
	struct gate *g = ctx;

	return asked(ask_kbdint_cancel(g->monitor, &req, rep));
}

static enum err
gss_start(void *ctx, struct verdict_rep *rep)
{
	const struct empty_msg req = {0};
	struct gate *g = ctx;

	return asked(ask_gss_start(g->monitor, &req, rep));
}

static enum err
gss_token(void *ctx, const struct token_req *req, struct token_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_gss_token(g->monitor, req, rep));
}

static enum err
gss_mic(void *ctx, const struct token_req *req, struct verdict_rep *rep)
{
	struct gate *g = ctx;

	return asked(ask_gss_mic(g->monitor, req, rep));
}

static enum err
gss_cancel(void *ctx, struct verdict_rep *rep)
{
	const struct empty_msg req = {0};
	struct gate *g = ctx;

	return asked(ask_gss_cancel(g->monitor, &req, rep));
}

/* ---- the transport, as userauth sees it ---- */

static struct slice
first_hostkey(void *ctx)
{
	const struct gate *g = ctx;

	return transport_first_hostkey(g->transport);
}

static struct wr
begin(void *ctx, size_t max)
{
	struct gate *g = ctx;

	return transport_begin(g->transport, max);
}

static enum err
end(void *ctx, const struct wr *w)
{
	struct gate *g = ctx;

	return transport_end(g->transport, w);
}

static void
unimplemented(void *ctx)
{
	struct gate *g = ctx;

	transport_unimplemented(g->transport);
}

const struct userauth_ops oracle_auth = {
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
