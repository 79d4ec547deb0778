#include "client.h"
#include "inside.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/crypto/rng.h"
#include "suite.h"

#define DATA SLICE_STR("\136some channel data")

/* ---- identification ---- */

START_TEST(answers_what_is_no_ssh_in_plain_text)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	ck_assert_int_eq(buf_append_cstr(&p.c.wire, "GET / HTTP/1.0\r\n\r\n"),
	    OK);
	ck_assert_int_eq(pair_run(&p), ERR_VERSION);
	ck_assert(slice_is(transport_plain_answer(p.t),
	    "Invalid SSH identification string.\r\n"));
	ck_assert(slice_is(transport_peer_version(p.t), "GET / HTTP/1.0"));
	transport_disconnect(p.t, 2, "nothing to say it in");
	ck_assert_uint_eq(transport_output(p.t).n, 0);
}
END_TEST

START_TEST(stays_broken)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	ck_assert_int_eq(buf_append_cstr(&p.c.wire, "junk\n"), OK);
	ck_assert_int_eq(pair_run(&p), ERR_VERSION);
	client_start(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_VERSION);
}
END_TEST

START_TEST(says_nothing_before_it_knows_the_peer)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(transport_output(p.t).n, 0);
}
END_TEST

START_TEST(tells_what_had_no_match)
{
	static const struct {
		enum err err;
		size_t member;
	} cases[] = {{ERR_NO_KEX, offsetof(struct client_options, kex)},
	    {ERR_NO_HOSTKEY, offsetof(struct client_options, hostkeys)},
	    {ERR_NO_CIPHER, offsetof(struct client_options, ciphers)},
	    {ERR_NO_MAC, offsetof(struct client_options, macs)},
	    {ERR_NO_COMP, offsetof(struct client_options, comp)}};
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.strict = o.ext_info = false;
	*(const char **)(void *)((char *)&o + cases[_i].member) =
	    "first,second";
	pair_init(&p, &o);
	client_start(&p.c);
	p.c.o = client_usual;
	ck_assert_int_eq(pair_run(&p), cases[_i].err);
	ck_assert(slice_is(transport_their_offer(p.t), "first,second"));
}
END_TEST

/* ---- phases ---- */

/* Before the exchange: the peer's message comes ahead of its KEXINIT. */
static enum err
ahead_of_kexinit(struct pair *p, uint8_t message)
{
	uint8_t payload[12] = {message};

	ck_assert_int_eq(buf_append_cstr(&p->c.wire, CLIENT_VERSION "\r\n"),
	    OK);
	client_put(&p->c, SLICE_OF(payload));
	return pair_run(p);
}

/* CVE-2023-48795: whatever comes first, a strict offer behind it is late. */
static void
late_after(int i)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	if (ahead_of_kexinit(&p, (uint8_t)i) != ERR_MORE)
		return; /* ended even sooner */
	client_rekey(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_STRICT_KEX);
}

START_TEST(ends_when_a_strict_offer_is_not_the_first_packet)
{
	for (int i = 0; i < 256; i++)
		late_after(i);
}
END_TEST

START_TEST(bears_noise_before_an_offer_that_is_not_strict)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.strict = false;
	pair_init(&p, &o);
	ck_assert_int_eq(ahead_of_kexinit(&p, (uint8_t)_i), ERR_MORE);
	client_rekey(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert(transport_is_keyed(p.t));
}
END_TEST

/* In the middle of the initial exchange, instead of the message due. */
static void
strict_ends_at(int i)
{
	uint8_t payload[12] = {(uint8_t)i};
	SCOPED(pair_clear) struct pair p;
	enum err e;

	pair_init(&p, NULL);
	client_start(&p.c);
	client_put(&p.c, SLICE_OF(payload));
	e = pair_run(&p);
	if (i == MSG_DISCONNECT)
		ck_assert_int_eq(e, ERR_PEER_DISCONNECT);
	else if (i == 30)
		ck_assert_int_ne(e, ERR_MORE); /* its body is no point */
	else
		ck_assert_int_eq(e, ERR_STRICT_KEX);
	ck_assert(!transport_is_keyed(p.t));
	ck_assert_uint_eq(p.got.n, 0);
}

START_TEST(ends_a_strict_exchange_at_any_other_message)
{
	for (int i = 0; i < 256; i++)
		strict_ends_at(i);
}
END_TEST

static void
bears(int i)
{
	uint8_t payload[12] = {(uint8_t)i};
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;
	bool noise = (i >= 2 && i <= 4) || i == 192 || i == 193;
	enum err e;

	o.strict = false;
	pair_init(&p, &o);
	client_start(&p.c);
	client_put(&p.c, SLICE_OF(payload));
	e = pair_run(&p);
	ck_assert((e == ERR_MORE) == noise);
	ck_assert(transport_is_keyed(p.t) == noise);
	ck_assert_uint_eq(p.got.n, 0);
}

START_TEST(bears_noise_alone_in_an_exchange_that_is_not_strict)
{
	for (int i = 0; i < 256; i++)
		bears(i);
}
END_TEST

static void
is_unknown(int i)
{
	uint8_t payload[12] = {(uint8_t)i};
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	client_start(&p.c);
	client_send(&p.c, SLICE_OF(payload));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.got.n, 0);
	ck_assert_uint_eq(p.c.unimplemented, 0); /* counted from NEWKEYS */
}

START_TEST(delivers_nothing_of_a_session_before_login)
{
	for (int i = 80; i < 128; i++)
		is_unknown(i);
}
END_TEST

START_TEST(answers_unknown_messages_with_their_number)
{
	SCOPED(pair_clear) struct pair p;
	uint32_t seq;

	pair_init(&p, NULL);
	pair_login(&p);
	seq = p.c.out_side.seq;
	client_send(&p.c, SLICE_STR("\200unknown"));
	client_send(&p.c, DATA);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.unimplemented, seq);
	transport_unimplemented(p.t); /* the layer above says so as well */
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.unimplemented, seq + 1);
}
END_TEST

START_TEST(ignores_requests_after_success)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	client_send(&p.c, SLICE_STR("\62again"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.got.n, 0);
	ck_assert_uint_eq(p.c.unimplemented, UINT32_MAX);
}
END_TEST

/* ---- pings, ext-info, farewells ---- */

START_TEST(answers_pings_after_login)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	client_send(&p.c, SLICE_STR("\300\0\0\0\3abc"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert(slice_equal(client_got(&p.c), SLICE_STR("\301\0\0\0\3abc")));
	client_send(&p.c, SLICE_STR("\301\0\0\0\3abc"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.got.n, 0);
	client_send(&p.c, SLICE_STR("\300\0\0\0\4abc"));
	ck_assert_int_eq(pair_run(&p), ERR_SHORT);
}
END_TEST

START_TEST(bounds_answers_that_nobody_reads)
{
	SCOPED(pair_clear) struct pair p;
	struct slice payload;
	struct bytes room;
	enum err e = ERR_MORE;

	pair_init(&p, NULL);
	pair_login(&p);
	for (int i = 0; i < 100000 && e == ERR_MORE; i++) {
		client_send(&p.c, SLICE_STR("\200unknown"));
		ck_assert_int_eq(ring_room(transport_input(p.t), p.c.wire.n,
				     &room),
		    OK);
		ring_filled(transport_input(p.t),
		    slice_copy(buf_slice(&p.c.wire), room));
		buf_reset(&p.c.wire);
		e = transport_next(p.t, 0, &payload);
	}
	ck_assert_int_eq(e, ERR_FULL);
	ck_assert_uint_lt(transport_output(p.t).n, 2 << 20);
}
END_TEST

#define IN_AUTH                                                                \
	SLICE_STR("\7\0\0\0\1\0\0\0\34ext-info-in-auth@openssh.com\0\0\0\1"    \
		  "0")

START_TEST(sends_a_second_ext_info_where_it_is_wanted)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	client_start(&p.c);
	if (_i == 1)
		client_send(&p.c, IN_AUTH);
	client_send(&p.c, SLICE_STR("\5service"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.ext_infos, 1);
	transport_second_ext_info(p.t, SLICE_STR("rsa-sha2-256"));
	transport_second_ext_info(p.t, SLICE_STR("rsa-sha2-256"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.ext_infos, _i == 1 ? 2 : 1);
	if (_i == 1)
		ck_assert(slice_equal(buf_slice(&p.c.ext_info),
		    SLICE_STR("\7\0\0\0\1\0\0\0\17server-sig-algs\0\0\0\14"
			      "rsa-sha2-256")));
}
END_TEST

/* Once, before the service request, and from whom it was announced. */
START_TEST(takes_ext_info_in_its_place_alone)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.ext_info = _i != 2;
	pair_init(&p, &o);
	client_start(&p.c);
	if (_i == 0)
		client_send(&p.c, IN_AUTH);
	if (_i == 1)
		client_send(&p.c, SLICE_STR("\5service"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.unimplemented, UINT32_MAX);
	client_send(&p.c, IN_AUTH);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_ne(p.c.unimplemented, UINT32_MAX);
}
END_TEST

START_TEST(tells_the_peers_reason)
{
	SCOPED(pair_clear) struct pair p;
	struct slice text;

	pair_init(&p, NULL);
	pair_login(&p);
	client_send(&p.c, SLICE_STR("\1\0\0\0\13\0\0\0\3bye\0\0\0\0"));
	client_send(&p.c, DATA);
	ck_assert_int_eq(pair_run(&p), ERR_PEER_DISCONNECT);
	ck_assert_uint_eq(transport_peer_reason(p.t, &text), 11);
	ck_assert(slice_is(text, "bye"));
	ck_assert_uint_eq(p.got.n, 0); /* nothing behind it is read */
}
END_TEST

START_TEST(takes_leave_in_safe_words)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	transport_disconnect(p.t, 2, "a\nb\033c");
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert(slice_equal(client_got(&p.c),
	    SLICE_STR("\1\0\0\0\2\0\0\0\5a?b?c\0\0\0\0")));
}
END_TEST

/* ---- rekeying ---- */

static void
load(struct pair *p, int n)
{
	for (int i = 0; i < n; i++) {
		client_send(&p->c, DATA);
		ck_assert_int_eq(pair_send(p, DATA), OK);
	}
}

static void
loaded(struct pair *p, int n)
{
	for (int i = 0; i < n; i++) {
		ck_assert(slice_equal(pair_got(p), DATA));
		ck_assert(slice_equal(client_got(&p->c), DATA));
	}
	ck_assert_uint_eq(p->got.n, 0);
	ck_assert_uint_eq(p->c.got.n, 0);
}

/* Loads before and behind the offers, from both sides, in small pieces. */
START_TEST(rekeys_under_load_from_either_side)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.comp = (_i & 4) != 0 ? "zlib@openssh.com" : "none";
	o.strict = (_i & 8) != 0;
	pair_init(&p, &o);
	pair_login(&p);
	p.piece = 100;
	load(&p, 20);
	p.offer.rekey_octets = (_i & 1) != 0 ? 1 : 0;
	transport_rekey_if_due(p.t, 0);
	p.offer.rekey_octets = 0;
	if ((_i & 2) != 0)
		client_rekey(&p.c);
	load(&p, 20);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	loaded(&p, 40);
	ck_assert_uint_eq(p.c.exchanges, (_i & 3) != 0 ? 2 : 1);
}
END_TEST

START_TEST(rekeys_by_octets_in_either_direction)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	p.offer.rekey_octets = 20000;
	pair_login(&p);
	for (int i = 0; i < 1000; i++) {
		if (_i == 0)
			client_send(&p.c, DATA);
		else
			ck_assert_int_eq(pair_send(&p, DATA), OK);
		ck_assert_int_eq(pair_run(&p), ERR_MORE);
		transport_rekey_if_due(p.t, 0);
	}
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_ge(p.c.exchanges, 3);
	ck_assert_uint_le(p.c.exchanges, 6);
}
END_TEST

START_TEST(rekeys_by_time)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	p.offer.rekey_seconds = 60;
	p.now_s = 1000;
	ck_assert_uint_eq(transport_rekey_wait(p.t, 1000), 0);
	pair_login(&p);
	ck_assert_uint_eq(transport_rekey_wait(p.t, 1000), 61);
	transport_rekey_if_due(p.t, 1059);
	ck_assert(!transport_is_exchanging(p.t));
	transport_rekey_if_due(p.t, 1060);
	ck_assert(transport_is_exchanging(p.t));
	ck_assert(!transport_may_send(p.t));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.exchanges, 2);
	ck_assert(transport_may_send(p.t));
}
END_TEST

START_TEST(ends_a_peer_that_does_not_complete_an_exchange)
{
	SCOPED(pair_clear) struct pair p;
	struct slice payload;

	pair_init(&p, NULL);
	pair_login(&p);
	p.offer.rekey_octets = 1;
	transport_rekey_if_due(p.t, 0);
	transport_rekey_if_due(p.t, 599);
	ck_assert_int_eq(transport_next(p.t, 599, &payload), ERR_MORE);
	transport_rekey_if_due(p.t, 600);
	ck_assert_int_eq(transport_next(p.t, 600, &payload), ERR_REKEY);
}
END_TEST

START_TEST(rekeys_during_authentication_when_asked)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	client_start(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	client_rekey(&p.c);
	client_send(&p.c, SLICE_STR("\62a request"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_uint_eq(p.c.exchanges, 2);
	ck_assert(slice_is(pair_got(&p), "\62a request"));
	ck_assert_uint_eq(p.c.ext_infos, 1);
}
END_TEST

START_TEST(bears_few_exchanges_before_login)
{
	SCOPED(pair_clear) struct pair p;
	enum err e;

	pair_init(&p, NULL);
	client_start(&p.c);
	for (int i = 0; (e = pair_run(&p)) == ERR_MORE && i < 100; i++)
		client_rekey(&p.c);
	ck_assert_int_eq(e, ERR_FULL);
	ck_assert_uint_le(p.signatures, 4);
}
END_TEST

START_TEST(bears_any_number_of_exchanges_after_login)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	for (int i = 0; i < 30; i++) {
		client_rekey(&p.c);
		ck_assert_int_eq(pair_run(&p), ERR_MORE);
	}
	ck_assert_uint_eq(p.c.exchanges, 31);
}
END_TEST

/* SUCCESS that waits for an exchange: export waits for its end as well. */
START_TEST(logs_in_across_an_exchange)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.comp = _i == 1 ? "zlib@openssh.com" : "none";
	pair_init(&p, &o);
	client_start(&p.c);
	client_send(&p.c, SLICE_STR("\62a request"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	transport_authenticated(p.t); /* so that we may begin */
	p.offer.rekey_octets = 1;
	transport_rekey_if_due(p.t, 0);
	p.offer.rekey_octets = 0;
	ck_assert_int_eq(pair_send(&p, SLICE_STR("\64")), OK);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert(p.c.authenticated);
	ck_assert_uint_eq(p.c.exchanges, 2);
	ck_assert(slice_is(pair_got(&p), "\62a request"));
	ck_assert(slice_is(client_got(&p.c), "\64"));
	pair_hand_over(&p);
	load(&p, 3);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	loaded(&p, 3);
}
END_TEST

START_TEST(never_begins_an_exchange_before_login)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	p.offer.rekey_seconds = 1;
	client_start(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	transport_rekey_if_due(p.t, 1000);
	ck_assert(!transport_is_exchanging(p.t));
}
END_TEST

START_TEST(ends_when_keys_are_spent_before_login)
{
	SCOPED(pair_clear) struct pair p;
	static uint8_t request[30000] = {50};
	const char *text;
	enum err e = ERR_MORE;

	pair_init(&p, NULL);
	p.offer.rekey_octets = 1000;
	client_start(&p.c);
	for (int i = 0; i < 50 && e == ERR_MORE; i++) {
		client_send(&p.c, SLICE_OF(request));
		e = pair_run(&p);
	}
	ck_assert_int_eq(e, ERR_REKEY);
	(void)transport_fail(p.t, e, &text);
	ck_assert_str_eq(text,
	    "RekeyLimit exceeded before authentication completed");
}
END_TEST

/* After the peer's offer there is nothing but the exchange. */
START_TEST(ends_at_data_in_the_peers_exchange)
{
	SCOPED(pair_clear) struct pair p;
	const char *text;

	pair_init(&p, NULL);
	pair_login(&p);
	client_rekey(&p.c);
	client_put(&p.c, DATA);
	ck_assert_int_eq(pair_run(&p), ERR_PHASE);
	(void)transport_fail(p.t, ERR_PHASE, &text);
	ck_assert_str_eq(text, "non-transport message 94 received from peer "
			       "during key exchange");
}
END_TEST

START_TEST(ends_at_a_second_offer)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	client_rekey(&p.c);
	client_put(&p.c, buf_slice(&p.c.init_c));
	ck_assert_int_eq(pair_run(&p), ERR_PHASE);
}
END_TEST

START_TEST(answers_pings_behind_an_exchange)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	client_rekey(&p.c);
	client_put(&p.c, SLICE_STR("\300\0\0\0\1x"));
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert(slice_equal(client_got(&p.c), SLICE_STR("\301\0\0\0\1x")));
}
END_TEST

/* ---- octets ---- */

START_TEST(moves_bulk_both_ways)
{
	static const char *const ciphers[] = {"chacha20-poly1305@openssh.com",
	    "aes128-gcm@openssh.com", "aes128-ctr"};
	struct client_options o = client_usual;
	static uint8_t block[32768 + 9];
	SCOPED(pair_clear) struct pair p;
	uint64_t sent, received;
	struct bytes rooms[2];
	size_t blocks = 0;

	o.ciphers = ciphers[_i % 3];
	o.comp = _i >= 3 ? "zlib@openssh.com" : "none";
	pair_init(&p, &o);
	pair_login(&p);
	rng_bytes(BYTES_OF(block));
	block[0] = MSG_CHANNEL_DATA;
	for (int i = 0; i < 8; i++) {
		for (int j = 0; j < 8; j++) {
			size_t count = 2; /* one, where they are compressed */

			ck_assert_int_eq(transport_bulk(p.t, sizeof(block),
					     rooms, &count),
			    OK);
			for (size_t k = 0; k < count; k++)
				slice_copy(SLICE_OF(block), rooms[k]);
			for (size_t k = 0; k < count; k++, blocks++)
				ck_assert_int_eq(transport_bulk_seal(p.t,
						     sizeof(block)),
				    OK);
			transport_bulk_abandon(p.t);
		}
		client_send(&p.c, SLICE_OF(block));
		ck_assert_int_eq(pair_run(&p), ERR_MORE);
	}
	ck_assert_uint_eq(blocks, _i < 3 ? 128 : 64);
	while (blocks-- > 0)
		ck_assert(slice_equal(client_got(&p.c), SLICE_OF(block)));
	for (int i = 0; i < 8; i++)
		ck_assert(slice_equal(pair_got(&p), SLICE_OF(block)));
	transport_totals(p.t, &sent, &received);
	ck_assert_uint_gt(sent, 64 * sizeof(block));
	ck_assert_uint_gt(received, 8 * sizeof(block));
}
END_TEST

/* Flip a bit of any octet on the way: nothing changed is ever delivered. */
static bool
flips(size_t at)
{
	SCOPED(pair_clear) struct pair p;
	struct slice got;

	pair_init(&p, NULL);
	pair_login(&p);
	client_send(&p.c, DATA);
	client_send(&p.c, DATA);
	if (at == p.c.wire.n)
		return false;
	p.c.wire.p[at] ^= (uint8_t)(1u << (at % 8));
	(void)pair_run(&p);
	while ((got = pair_got(&p)).n > 0)
		ck_assert(slice_equal(got, DATA));
	return true;
}

START_TEST(delivers_nothing_that_was_changed)
{
	size_t at = 0;

	while (flips(at))
		at++;
	ck_assert_uint_gt(at, 100);
}
END_TEST

START_TEST(gives_memory_back_when_idle)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	load(&p, 100);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	transport_idle(p.t);
	ck_assert_uint_eq(p.t->input.cap, 0);
	ck_assert_uint_eq(p.t->out.sealed.cap, 0);
	ck_assert_uint_eq(p.t->out.queue.cap, 0);
	load(&p, 100);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	loaded(&p, 200);
}
END_TEST

/* Whoever gathers payloads asks whether it may. */
START_TEST(leaves_payloads_where_they_are)
{
	static const char *const compressions[] = {"none", "zlib@openssh.com"};
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;
	struct slice first, second;
	struct bytes room;

	o.comp = compressions[_i];
	pair_init(&p, &o);
	ck_assert(!transport_payloads_stay(p.t)); /* wiped at the next call */
	pair_login(&p);
	ck_assert(transport_payloads_stay(p.t) == (_i == 0));
	client_send(&p.c, DATA);
	client_send(&p.c, slice_first(DATA, 3));
	ck_assert_int_eq(ring_room(transport_input(p.t), p.c.wire.n, &room),
	    OK);
	ring_filled(transport_input(p.t),
	    slice_copy(buf_slice(&p.c.wire), room));
	ck_assert_int_eq(transport_next(p.t, 0, &first), OK);
	ck_assert_int_eq(transport_next(p.t, 0, &second), OK);
	if (_i == 0)
		ck_assert(slice_equal(first, DATA));
	ck_assert(slice_equal(second, slice_first(DATA, 3)));
}
END_TEST

/* SEC-51: what was given before login is gone at the next call. */
START_TEST(wipes_what_held_a_password)
{
	SCOPED(pair_clear) struct pair p;
	struct slice payload;
	struct bytes room;
	const uint8_t *where;

	pair_init(&p, NULL);
	client_start(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	client_send(&p.c, SLICE_STR("\62password"));
	ck_assert_int_eq(ring_room(transport_input(p.t), p.c.wire.n, &room),
	    OK);
	ring_filled(transport_input(p.t),
	    slice_copy(buf_slice(&p.c.wire), room));
	ck_assert_int_eq(transport_next(p.t, 0, &payload), OK);
	ck_assert(slice_is(payload, "\62password"));
	where = payload.p;
	ck_assert_int_eq(transport_next(p.t, 0, &payload), ERR_MORE);
	for (size_t i = 0; i < 9; i++)
		ck_assert_uint_eq(where[i], 0);
}
END_TEST

TCase *
check_transport(void)
{
	TCase *tc = tcase_create("transport/transport");

	tcase_set_timeout(tc, 180);
	tcase_add_test(tc, answers_what_is_no_ssh_in_plain_text);
	tcase_add_test(tc, stays_broken);
	tcase_add_test(tc, says_nothing_before_it_knows_the_peer);
	tcase_add_loop_test(tc, tells_what_had_no_match, 0, 5);
	tcase_add_test(tc, ends_when_a_strict_offer_is_not_the_first_packet);
	tcase_add_loop_test(tc, bears_noise_before_an_offer_that_is_not_strict,
	    2, 5);
	tcase_add_test(tc, ends_a_strict_exchange_at_any_other_message);
	tcase_add_test(tc, bears_noise_alone_in_an_exchange_that_is_not_strict);
	tcase_add_test(tc, delivers_nothing_of_a_session_before_login);
	tcase_add_test(tc, answers_unknown_messages_with_their_number);
	tcase_add_test(tc, ignores_requests_after_success);
	tcase_add_test(tc, answers_pings_after_login);
	tcase_add_test(tc, bounds_answers_that_nobody_reads);
	tcase_add_loop_test(tc, sends_a_second_ext_info_where_it_is_wanted, 0,
	    2);
	tcase_add_loop_test(tc, takes_ext_info_in_its_place_alone, 0, 3);
	tcase_add_test(tc, tells_the_peers_reason);
	tcase_add_test(tc, takes_leave_in_safe_words);
	tcase_add_loop_test(tc, rekeys_under_load_from_either_side, 0, 16);
	tcase_add_loop_test(tc, rekeys_by_octets_in_either_direction, 0, 2);
	tcase_add_test(tc, rekeys_by_time);
	tcase_add_test(tc, ends_a_peer_that_does_not_complete_an_exchange);
	tcase_add_test(tc, rekeys_during_authentication_when_asked);
	tcase_add_test(tc, bears_few_exchanges_before_login);
	tcase_add_test(tc, bears_any_number_of_exchanges_after_login);
	tcase_add_loop_test(tc, logs_in_across_an_exchange, 0, 2);
	tcase_add_test(tc, never_begins_an_exchange_before_login);
	tcase_add_test(tc, ends_when_keys_are_spent_before_login);
	tcase_add_test(tc, ends_at_data_in_the_peers_exchange);
	tcase_add_test(tc, ends_at_a_second_offer);
	tcase_add_test(tc, answers_pings_behind_an_exchange);
	tcase_add_loop_test(tc, moves_bulk_both_ways, 0, 6);
	tcase_add_test(tc, delivers_nothing_that_was_changed);
	tcase_add_test(tc, gives_memory_back_when_idle);
	tcase_add_loop_test(tc, leaves_payloads_where_they_are, 0, 2);
	tcase_add_test(tc, wipes_what_held_a_password);
	return tc;
}
