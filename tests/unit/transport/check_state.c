#include "client.h"
#include "inside.h"
#include "sallyport/base/mem.h"
#include "state.h"
#include "suite.h"

static const char *const ciphers[] = {"chacha20-poly1305@openssh.com",
    "aes128-gcm@openssh.com", "aes256-ctr", "aes128-cbc", "3des-cbc"};
static const char *const macs[] = {"hmac-sha2-256-etm@openssh.com",
    "umac-128@openssh.com"};

#define COMBINATIONS 10

static struct client_options
combination(int i)
{
	struct client_options o = client_usual;

	o.ciphers = ciphers[i % 5];
	o.macs = macs[i / 5];
	return o;
}

static void
talks(struct pair *p)
{
	client_send(&p->c, SLICE_STR("\136from the client"));
	ck_assert_int_eq(pair_send(p, SLICE_STR("\136from the server")), OK);
	ck_assert_int_eq(pair_run(p), ERR_MORE);
	ck_assert(slice_is(pair_got(p), "\136from the client"));
	ck_assert(slice_is(client_got(&p->c), "\136from the server"));
}

START_TEST(goes_on_in_another_process)
{
	struct client_options o = combination(_i);
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, &o);
	pair_login(&p);
	talks(&p);
	pair_hand_over(&p);
	talks(&p);
	client_rekey(&p.c);
	talks(&p);
	pair_hand_over(&p);
	talks(&p);
	ck_assert_mem_eq(p.c.session_id, transport_session_id(p.t).p,
	    p.c.session_id_n);
	ck_assert(
	    slice_equal(transport_first_hostkey(p.t), buf_slice(&p.blob)));
	ck_assert(slice_is(transport_peer_version(p.t), CLIENT_VERSION));
	ck_assert(transport_peer_takes(p.t, "ssh-ed25519"));
	ck_assert_str_eq(transport_hostkey_alg(p.t), "ssh-ed25519");
}
END_TEST

/* Cut the client's octets anywhere: the rest comes to the new process. */
static void
hands_over_at(int way, size_t cut)
{
	struct client_options o = combination(way);
	SCOPED(pair_clear) struct pair p;
	SCOPED(buf_clear) struct buf rest = BUF_EMPTY;

	pair_init(&p, &o);
	pair_login(&p);
	client_send(&p.c, SLICE_STR("\136one"));
	client_send(&p.c, SLICE_STR("\136two"));
	ck_assert_int_eq(pair_send(&p, SLICE_STR("\136three")), OK);
	ck_assert_uint_le(cut, p.c.wire.n);
	ck_assert_int_eq(buf_append(&rest,
			     slice_skip(buf_slice(&p.c.wire), cut)),
	    OK);
	p.c.wire.n = cut;
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_int_eq(pair_send(&p, SLICE_STR("\136four")), OK);
	pair_hand_over(&p); /* "four" is sealed and unsent */
	ck_assert_int_eq(buf_append(&p.c.wire, buf_slice(&rest)), OK);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert(slice_is(pair_got(&p), "\136one"));
	ck_assert(slice_is(pair_got(&p), "\136two"));
	ck_assert(slice_is(client_got(&p.c), "\136three"));
	ck_assert(slice_is(client_got(&p.c), "\136four"));
}

START_TEST(hands_over_in_the_middle_of_a_packet)
{
	for (size_t cut = 0; cut < 60; cut++)
		hands_over_at(_i, cut);
}
END_TEST

/* As gate and session do: the gate has no zlib and leaves the rest unread. */
START_TEST(begins_compression_in_the_session)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.comp = "zlib@openssh.com";
	pair_init(&p, &o);
	transport_use_compression(p.t, NULL);
	pair_login(&p);
	client_send(&p.c, SLICE_STR("\136compressed"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.got.n, 0);
	pair_hand_over(&p);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert(slice_is(pair_got(&p), "\136compressed"));
	talks(&p);
	client_rekey(&p.c);
	talks(&p);
}
END_TEST

START_TEST(exports_between_exchanges_only)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	SCOPED(pair_clear) struct pair p;
	struct wr w = wr_into(&b);

	pair_init(&p, NULL);
	ck_assert_int_eq(transport_export(p.t, &w), ERR_PHASE);
	pair_login(&p);
	p.offer.rekey_octets = 1;
	transport_rekey_if_due(p.t, 0);
	ck_assert(transport_is_exchanging(p.t));
	w = wr_into(&b);
	ck_assert_int_eq(transport_export(p.t, &w), ERR_PHASE);
}
END_TEST

START_TEST(does_not_export_a_running_compression)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;
	struct wr w = wr_into(&b);

	o.comp = "zlib@openssh.com";
	pair_init(&p, &o);
	pair_login(&p);
	talks(&p);
	ck_assert_int_eq(transport_export(p.t, &w), ERR_UNSUPPORTED);
}
END_TEST

static void
exported(struct pair *p, struct buf *b)
{
	struct wr w = wr_into(b);

	pair_login(p);
	client_send(&p->c, SLICE_STR("\136unread"));
	p->c.wire.n -= 7;
	ck_assert_int_eq(pair_run(p), ERR_MORE);
	ck_assert_int_eq(transport_export(p->t, &w), OK);
}

static enum err
imports(struct pair *p, struct slice state)
{
	struct transport *t = NULL;
	enum err e = transport_import(state, &p->offer, &p->ops, &t);

	transport_free(t);
	return e;
}

START_TEST(refuses_every_prefix_and_a_longer_one)
{
	struct client_options o = combination(_i);
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, &o);
	exported(&p, &b);
	ck_assert_int_eq(imports(&p, buf_slice(&b)), OK);
	for (size_t n = 0; n < b.n; n++)
		ck_assert_int_ne(imports(&p, slice_first(buf_slice(&b), n)),
		    OK);
	ck_assert_int_eq(buf_append(&b, SLICE_STR("x")), OK);
	ck_assert_int_eq(imports(&p, buf_slice(&b)), ERR_TRAILING);
}
END_TEST

/* Whatever an octet becomes, import says yes or no; it breaks nothing, nor
 * does the transport that comes out of a yes. */
START_TEST(survives_a_change_of_any_octet)
{
	struct client_options o = combination(_i);
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	SCOPED(pair_clear) struct pair p;
	struct slice payload;
	struct transport *t;
	enum err e;

	pair_init(&p, &o);
	exported(&p, &b);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= (uint8_t)(i % 3 == 0 ? 0xff : 1u << (i % 8));
		t = NULL;
		e = transport_import(buf_slice(&b), &p.offer, &p.ops, &t);
		if (e == OK) {
			e = transport_next(t, 0, &payload);
			ck_assert(e != OK || payload.n > 0);
		}
		transport_free(t);
		b.p[i] ^= (uint8_t)(i % 3 == 0 ? 0xff : 1u << (i % 8));
	}
}
END_TEST

TCase *
check_state(void)
{
	TCase *tc = tcase_create("transport/state");

	tcase_set_timeout(tc, 180);
	tcase_add_loop_test(tc, goes_on_in_another_process, 0, COMBINATIONS);
	tcase_add_loop_test(tc, hands_over_in_the_middle_of_a_packet, 0,
	    COMBINATIONS);
	tcase_add_test(tc, begins_compression_in_the_session);
	tcase_add_test(tc, exports_between_exchanges_only);
	tcase_add_test(tc, does_not_export_a_running_compression);
	tcase_add_loop_test(tc, refuses_every_prefix_and_a_longer_one, 0,
	    COMBINATIONS);
	tcase_add_loop_test(tc, survives_a_change_of_any_octet, 0,
	    COMBINATIONS);
	return tc;
}
