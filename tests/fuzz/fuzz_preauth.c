/*
 * fuzz_preauth.c - everything before login over a pipe in memory: transport
 * and user authentication, with a client that may be made to say anything
 * (SEC §11, target 5)
 *
 * The first octet chooses: packets in clear, from the first one on; or a whole
 * key exchange, and then packets under its keys. What follows is a row of
 * steps: a payload is sent, sent again, cut, swapped with the next; octets are
 * damaged.
 */

/* The client's assertions, outside of a test suite */
#define CHECK_H
#define ck_assert(c)             must(c)
#define ck_assert_msg(c, ...)    must(c)
#define ck_assert_int_eq(a, b)   must((a) == (b))
#define ck_assert_uint_eq(a, b)  must((a) == (b))
#define ck_assert_uint_le(a, b)  must((a) <= (b))
#define ck_assert_uint_ge(a, b)  must((a) >= (b))
#define ck_assert_uint_gt(a, b)  must((a) > (b))
#define ck_assert_ptr_nonnull(p) must((p) != NULL)

#include "auth_oracle.h"

#include "../unit/transport/client.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct house {
	struct pair pair;
	struct auth_oracle oracle;
	struct userauth auth;
	struct buf last; /* payload sent before */
};

/* The server's side, as src/gate runs it; output goes nowhere. */
static enum err
run_server(struct house *h)
{
	struct transport *t = h->pair.t;
	struct slice payload;
	enum err e = OK;

	while (e == OK && !userauth_is_done(&h->auth)) {
		e = transport_next(t, 1, &payload);
		if (e == OK)
			e = userauth_input(&h->auth, payload);
	}
	transport_sent(t, transport_output(t).n);
	return e;
}

static enum err
deliver(struct house *h)
{
	struct ring *in = transport_input(h->pair.t);
	struct buf *wire = &h->pair.c.wire;
	struct bytes room;

	if (wire->n == 0)
		return ERR_MORE;
	if (ring_room(in, wire->n, &room) != OK)
		return ERR_FULL;
	ring_filled(in, slice_copy(buf_slice(wire), room));
	buf_reset(wire);
	return run_server(h);
}

static struct slice
piece(struct rd *r)
{
	size_t n = rd_u8(r);

	n |= (size_t)rd_u8(r) << 8;
	return rd_raw(r, n < r->left.n ? n : r->left.n);
}

static void
put(struct house *h, struct slice payload)
{
	if (payload.n > 0 && payload.n < 100000)
		client_put(&h->pair.c, payload);
}

/* A well-formed request, since they are long to find. */
static void
put_request(struct house *h, struct slice body, uint8_t what)
{
	static const char *const methods[] = {"none", "publickey", "password",
	    "keyboard-interactive"};
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_u8(&w, MSG_USERAUTH_REQUEST);
	wr_cstr(&w, "alice");
	wr_cstr(&w, "ssh-connection");
	wr_cstr(&w, methods[what % 4]);
	wr_raw(&w, body);
	must(wr_end(&w, NULL) == OK);
	put(h, buf_slice(&b));
}

static void
damage(struct house *h, uint8_t where)
{
	struct buf *wire = &h->pair.c.wire;

	if (wire->n > 0)
		wire->p[where % wire->n] ^= (uint8_t)(1u << (where & 7));
}

static enum err
step(struct house *h, struct rd *r)
{
	uint8_t what = rd_u8(r);
	struct slice body;

	switch (what & 7) {
	case 0:
	case 1: /* insert */
		body = piece(r);
		buf_reset(&h->last);
		must(buf_append(&h->last, body) == OK);
		put(h, body);
		break;
	case 2: /* repeat */
		put(h, buf_slice(&h->last));
		break;
	case 3: /* cut */
		put(h, slice_first(buf_slice(&h->last), rd_u8(r)));
		break;
	case 4: /* swap: now the next, then this one */
		put(h, piece(r));
		put(h, buf_slice(&h->last));
		break;
	case 5:
		put_request(h, piece(r), what >> 3);
		break;
	case 6:
		put(h, SLICE_STR("\5\0\0\0\14ssh-userauth"));
		break;
	default:
		damage(h, rd_u8(r));
		break;
	}
	return what & 0x80 ? ERR_MORE : deliver(h);
}

static void
exchange_keys(struct house *h)
{
	struct client *c = &h->pair.c;
	struct transport *t = h->pair.t;
	struct slice payload;

	client_start(c);
	do {
		struct ring *in = transport_input(t);
		struct bytes room;

		must(ring_room(in, c->wire.n + 1, &room) == OK);
		ring_filled(in, slice_copy(buf_slice(&c->wire), room));
		buf_reset(&c->wire);
		must(transport_next(t, 1, &payload) == ERR_MORE);
		must(client_take(c, transport_output(t)) == ERR_MORE);
		transport_sent(t, transport_output(t).n);
	} while (c->wire.n > 0);
	must(c->keyed && transport_is_keyed(t));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(slice_make(data, size));
	struct client_options o = client_usual;
	uint8_t how = rd_u8(&r);
	struct house h = {.last = BUF_EMPTY};
	enum err e = ERR_MORE;

	o.strict = how & 2;
	o.ext_info = how & 4;
	pair_init(&h.pair, &o);
	h.oracle = (struct auth_oracle){.input = &r, .transport = h.pair.t};
	userauth_init(&h.auth, &auth_oracle_ops, &h.oracle);
	if (how & 1)
		exchange_keys(&h);
	else if (how & 8)
		client_start(&h.pair.c);
	else
		must(buf_append_cstr(&h.pair.c.wire, "SSH-2.0-x\r\n") == OK);
	while (e == ERR_MORE && r.left.n > 0)
		e = step(&h, &r);
	/* SEC-34: without keys and a verdict nobody is in */
	must(!userauth_is_done(&h.auth) ||
	     (h.oracle.success && transport_is_keyed(h.pair.t)));
	userauth_clear(&h.auth);
	buf_clear(&h.oracle.building);
	buf_clear(&h.last);
	pair_clear(&h.pair);
	return 0;
}
