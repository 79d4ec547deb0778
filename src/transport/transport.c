#include "sallyport/transport/transport.h"

#include "ext_info.h"
#include "failure.h"
#include "inside.h"
#include "rekey.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/crypto/secret.h"
#include "state.h"
#include "version.h"

/* A peer that never completes an exchange is ended (SEC-32). */
#define EXCHANGE_SECONDS    600
#define DISCONNECT_TEXT_MAX 255

struct transport *
transport_new(const struct transport_offer *offer,
    const struct transport_ops *ops)
{
	struct transport *t = mem_new(sizeof(*t));

	t->offer = offer;
	t->ops = ops;
	t->input = RING_LIMIT(INPUT_MAX);
	t->inflated = BUF_LIMIT(TRANSPORT_PACKET_MAX);
	t->phase = WHEN_START;
	output_init(&t->out);
	return t;
}

void
transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	exchange_free(t->exchange);
	packet_clear(&t->in);
	if (t->inflater != NULL)
		t->out.compression->close(t->inflater);
	output_clear(&t->out);
	ring_clear(&t->input);
	buf_clear(&t->inflated);
	buf_clear(&t->peer_version);
	buf_clear(&t->first_hostkey);
	buf_clear(&t->peer_hostkeys);
	buf_clear(&t->their_offer);
	buf_clear(&t->reason_text);
	secret_wipe(t, sizeof(*t));
	mem_free(t);
}

void
transport_use_compression(struct transport *t,
    const struct transport_compression *c)
{
	t->out.compression = c;
}

/* ---- input ---- */

struct ring *
transport_input(struct transport *t)
{
	return &t->input;
}

/*
 * Drop the packet whose payload was given last. Before login it may have held
 * a password (SEC-51).
 */
static void
drop_held(struct transport *t)
{
	struct bytes data = ring_data(&t->input);

	if (t->held == 0)
		return;
	if (t->phase != WHEN_SESSION)
		secret_wipe(data.p, t->held);
	ring_consume(&t->input, t->held);
	t->held = 0;
}

static enum err
identify(struct transport *t)
{
	struct slice in = slice_from(ring_data(&t->input));
	struct version v;
	size_t used = 0;
	enum err e = version_read(in, &v, &used), e2;

	if (e == ERR_MORE)
		return e;
	t->peer_major = v.major;
	t->quirks = v.quirks;
	t->version_error = e;
	e2 = buf_append(&t->peer_version, v.line);
	if (e != OK || e2 != OK)
		return e != OK ? e : e2;
	ring_consume(&t->input, used);
	t->identified = true;
	return exchange_begin(t);
}

/* The next packet's payload; it stays in the ring until the next call. */
static enum err
open_packet(struct transport *t, struct slice *payload)
{
	uint32_t seq = t->in.seq;
	enum err e;

	e = packet_open(&t->in, ring_data(&t->input), payload, &t->held);
	if (e == OK)
		t->in_seq = seq;
	return e;
}

/*
 * The peer's compression runs from login on. Where SUCCESS went out in the
 * middle of an exchange, the peer's NEWKEYS was sent before it came there.
 */
static bool
inflates(struct transport *t)
{
	if (t->out.success && t->exchange == NULL)
		t->inflating = true;
	return t->inflating && t->zlib_in;
}

static enum err
inflate_payload(struct transport *t, struct slice *payload)
{
	const struct transport_compression *c = t->out.compression;
	enum err e = OK;

	if (!inflates(t))
		return OK;
	buf_reset(&t->inflated);
	if (t->inflater == NULL)
		e = c->open(COMPRESS_INFLATE, &t->inflater);
	if (e == OK)
		e = c->inflate(t->inflater, *payload, &t->inflated);
	if (e == OK && t->inflated.n == 0)
		e = ERR_COMPRESS;
	*payload = buf_slice(&t->inflated);
	return e == OK ? OK : ERR_COMPRESS;
}

/* Answers of our own are bounded by what the peer doesn't read (SEC-29). */
static enum err
may_answer(const struct transport *t)
{
	return output_pending(&t->out).n > OUTPUT_REPLIES ? ERR_FULL : OK;
}

static enum err
send_unimplemented(struct transport *t)
{
	struct wr w;
	enum err e = may_answer(t);

	if (e != OK)
		return e;
	w = output_begin_now(&t->out, 5);
	wr_u8(&w, MSG_UNIMPLEMENTED);
	wr_u32(&w, t->in_seq);
	return output_end(&t->out, &w);
}

void
transport_unimplemented(struct transport *t)
{
	enum err e = send_unimplemented(t);

	if (e != OK && t->broken == OK)
		t->broken = e;
}

static enum err
on_disconnect(struct transport *t, struct slice payload)
{
	struct rd r = rd_from(payload);

	(void)rd_u8(&r);
	t->reason_code = rd_u32(&r);
	buf_reset(&t->reason_text);
	if (buf_append(&t->reason_text,
		slice_first(rd_string(&r), REASON_MAX)) != OK)
		return ERR_NOMEM;
	return ERR_PEER_DISCONNECT;
}

/* Once, and only from a client that said so, before it asks for a service. */
static enum err
on_ext_info(struct transport *t, struct slice payload)
{
	struct ext_info info;
	enum err e;

	if (!t->takes_ext_info)
		return send_unimplemented(t);
	t->takes_ext_info = false;
	if ((e = ext_info_parse(payload, &info)) != OK)
		return e;
	t->ext_in_auth = info.in_auth;
	return OK;
}

static enum err
on_ping(struct transport *t, struct slice payload)
{
	struct rd r = rd_from(payload);
	struct slice data;
	struct wr w;
	enum err e;

	(void)rd_u8(&r);
	data = rd_string(&r);
	if ((e = rd_end(&r)) != OK || (e = may_answer(t)) != OK)
		return e;
	w = output_begin(&t->out, 5 + data.n);
	wr_u8(&w, MSG_PONG);
	wr_string(&w, data);
	return output_end(&t->out, &w);
}

/* What isn't allowed now: the strict exchange has words of its own. */
static enum err
forbidden(struct transport *t, uint8_t message)
{
	t->fault_message = message;
	return t->phase == WHEN_STRICT ? ERR_STRICT_KEX : ERR_PHASE;
}

/* *deliver: it is for the layer above. */
static enum err
dispatch(struct transport *t, struct slice payload, bool *deliver)
{
	uint8_t message = payload.p[0];
	enum err e = OK;

	switch (phases_action(t->phase, message)) {
	case ACT_END:
		return forbidden(t, message);
	case ACT_UNKNOWN:
		return send_unimplemented(t);
	case ACT_DROP:
		return OK;
	case ACT_DELIVER:
		*deliver = true;
		if (message == MSG_SERVICE_REQUEST)
			t->takes_ext_info = false;
		return OK;
	case ACT_DISCONNECT:
		return on_disconnect(t, payload);
	case ACT_KEXINIT:
		return exchange_kexinit(t, payload);
	case ACT_KEX:
		e = exchange_message(t, payload);
		break;
	case ACT_NEWKEYS:
		e = exchange_newkeys(t, payload);
		break;
	case ACT_EXT_INFO:
		return on_ext_info(t, payload);
	case ACT_PING:
		return on_ping(t, payload);
	}
	return e == ERR_PHASE ? forbidden(t, message) : e;
}

/* Before login no exchange is started by us: spent keys end the connection. */
static enum err
check_spent(const struct transport *t)
{
	if (t->phase != WHEN_AUTH)
		return OK;
	if (rekey_is_spent(&t->in, t->offer->rekey_octets) ||
	    rekey_is_spent(&t->out.dir, t->offer->rekey_octets))
		return ERR_REKEY;
	return OK;
}

/* One packet, from the ring to its handler. */
static enum err
step(struct transport *t, struct slice *payload, bool *deliver)
{
	enum err e;

	if (!t->identified)
		return identify(t);
	/* Compressed ones are the session's, which has the table for it. */
	if (inflates(t) && t->out.compression == NULL)
		return ERR_MORE;
	if ((e = check_spent(t)) != OK)
		return e;
	if ((e = open_packet(t, payload)) != OK)
		return e;
	if ((e = inflate_payload(t, payload)) != OK)
		return e;
	if (t->skip_packet) { /* whatever it is, RFC 4253 §7 */
		t->skip_packet = false;
		return OK;
	}
	return dispatch(t, *payload, deliver);
}

enum err
transport_next(struct transport *t, uint64_t now_s, struct slice *payload)
{
	bool deliver = false;
	enum err e = t->broken;

	t->now_s = now_s;
	*payload = SLICE_NONE;
	drop_held(t);
	while (e == OK && !deliver) {
		drop_held(t);
		e = step(t, payload, &deliver);
	}
	if (e != OK && e != ERR_MORE)
		t->broken = e;
	return e;
}

bool
transport_payloads_stay(const struct transport *t)
{
	return t->phase == WHEN_SESSION && !t->zlib_in;
}

/* ---- output ---- */

struct wr
transport_begin(struct transport *t, size_t max)
{
	return output_begin(&t->out, max);
}

enum err
transport_end(struct transport *t, const struct wr *w)
{
	return output_end(&t->out, w);
}

enum err
transport_bulk(struct transport *t, size_t size, struct bytes *rooms,
    size_t *count)
{
	return output_bulk(&t->out, size, rooms, count);
}

enum err
transport_bulk_seal(struct transport *t, size_t n)
{
	return output_bulk_seal(&t->out, n);
}

void
transport_bulk_abandon(struct transport *t)
{
	output_abandon(&t->out);
}

bool
transport_may_send(const struct transport *t)
{
	return t->keyed && !t->out.held;
}

bool
transport_is_exchanging(const struct transport *t)
{
	return t->exchange != NULL;
}

struct slice
transport_output(const struct transport *t)
{
	return output_pending(&t->out);
}

void
transport_sent(struct transport *t, size_t n)
{
	output_sent(&t->out, n);
}

void
transport_idle(struct transport *t)
{
	drop_held(t);
	ring_idle(&t->input);
	buf_clear(&t->inflated);
	output_idle(&t->out);
}

/* No control characters; nothing that isn't ASCII. */
static void
write_safe(struct wr *w, struct slice text)
{
	size_t mark = wr_begin(w);

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		wr_u8(w, c >= 0x20 && c < 0x7f ? c : '?');
	}
	wr_finish(w, mark);
}

void
transport_disconnect(struct transport *t, uint32_t code, const char *text)
{
	struct wr w;
	enum err e;

	if (!t->identified || code == DISCONNECT_NONE)
		return;
	output_abandon(&t->out); /* whatever was being built */
	w = output_begin_now(&t->out, DISCONNECT_TEXT_MAX + 16);
	wr_u8(&w, MSG_DISCONNECT);
	wr_u32(&w, code);
	write_safe(&w, slice_first(slice_cstr(text), DISCONNECT_TEXT_MAX));
	wr_cstr(&w, ""); /* language */
	e = output_end(&t->out, &w);
	(void)e; /* a farewell that can't be sent isn't an error of its own */
}

/* ---- what went wrong ---- */

uint32_t
transport_fail(struct transport *t, enum err e, const char **text)
{
	*text = failure_text(t, e);
	/* Before the identification there are no packets to say it in. */
	return t->identified ? err_disconnect_code(e) : DISCONNECT_NONE;
}

struct slice
transport_their_offer(const struct transport *t)
{
	return buf_slice(&t->their_offer);
}

uint32_t
transport_peer_reason(const struct transport *t, struct slice *text)
{
	*text = buf_slice(&t->reason_text);
	return t->reason_code;
}

struct slice
transport_plain_answer(const struct transport *t)
{
	return version_answer(t->version_error);
}

/* ---- what is known ---- */

bool
transport_is_keyed(const struct transport *t)
{
	return t->keyed;
}

struct slice
transport_session_id(const struct transport *t)
{
	return slice_make(t->session_id, t->session_id_n);
}

struct slice
transport_peer_version(const struct transport *t)
{
	return buf_slice(&t->peer_version);
}

struct slice
transport_first_hostkey(const struct transport *t)
{
	return buf_slice(&t->first_hostkey);
}

bool
transport_peer_takes(const struct transport *t, const char *alg)
{
	return algo_list_has(buf_slice(&t->peer_hostkeys), slice_cstr(alg));
}

const char *
transport_hostkey_alg(const struct transport *t)
{
	return t->hostkey_alg == NULL ? "" : t->hostkey_alg->name;
}

const char *
transport_kex_alg(const struct transport *t)
{
	return t->exchange == NULL || t->exchange->outcome.kex == NULL
		   ? ""
		   : t->exchange->outcome.kex->name;
}

const char *
transport_cipher_alg(const struct transport *t)
{
	return t->exchange == NULL || t->exchange->outcome.cipher_out == NULL
		   ? ""
		   : t->exchange->outcome.cipher_out->name;
}

void
transport_totals(const struct transport *t, uint64_t *sent, uint64_t *received)
{
	*sent = t->out.dir.total;
	*received = t->in.total;
}

/* ---- phases from above ---- */

void
transport_authenticated(struct transport *t)
{
	if (t->phase == WHEN_AUTH)
		t->phase = WHEN_SESSION;
	if (t->after == WHEN_AUTH)
		t->after = WHEN_SESSION;
}

void
transport_second_ext_info(struct transport *t, struct slice sig_algs)
{
	struct wr w;
	enum err e;

	if (!t->ext_in_auth)
		return;
	t->ext_in_auth = false;
	w = output_begin(&t->out, 64 + sig_algs.n);
	ext_info_write(&w, sig_algs, false);
	e = output_end(&t->out, &w);
	if (e != OK && t->broken == OK)
		t->broken = e;
}

static bool
is_due(const struct transport *t)
{
	const struct transport_offer *o = t->offer;

	if (rekey_is_due(&t->in, o->rekey_octets) ||
	    rekey_is_due(&t->out.dir, o->rekey_octets))
		return true;
	return o->rekey_seconds > 0 && rekey_seconds_left(t->rekeyed_s,
					   o->rekey_seconds, t->now_s) == 0;
}

void
transport_rekey_if_due(struct transport *t, uint64_t now_s)
{
	enum err e = OK;

	t->now_s = now_s;
	if (t->exchange != NULL) {
		t->slow_exchange = rekey_seconds_left(t->exchange->began_s,
				       EXCHANGE_SECONDS, now_s) == 0;
		e = t->slow_exchange ? ERR_REKEY : OK;
	} else if (t->phase == WHEN_SESSION && is_due(t)) {
		e = exchange_begin(t);
	}
	if (e != OK && t->broken == OK)
		t->broken = e;
}

uint32_t
transport_rekey_wait(const struct transport *t, uint64_t now_s)
{
	if (t->exchange != NULL)
		return 1 + rekey_seconds_left(t->exchange->began_s,
			       EXCHANGE_SECONDS, now_s);
	if (t->phase != WHEN_SESSION || t->offer->rekey_seconds == 0)
		return 0;
	return 1 +
	       rekey_seconds_left(t->rekeyed_s, t->offer->rekey_seconds, now_s);
}

/* ---- handing over ---- */

enum err
transport_export(struct transport *t, struct wr *w)
{
	if (t->exchange != NULL || !t->keyed || t->broken != OK)
		return ERR_PHASE;
	drop_held(t);
	state_export(t, w);
	return wr_end(w, NULL);
}

enum err
transport_import(struct slice state, const struct transport_offer *offer,
    const struct transport_ops *ops, struct transport **t)
{
	struct transport *fresh = transport_new(offer, ops);
	enum err e = state_import(fresh, state);

	if (e != OK)
		transport_free(fresh);
	else
		*t = fresh;
	return e;
}
