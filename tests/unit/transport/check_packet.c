#include "packet.h"
#include "sallyport/base/mem.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/transport/transport.h"
#include "suite.h"

/* Every way of protecting a packet; mac NULL: the cipher brings its own */
static const struct {
	const char *cipher;
	const char *mac;
} ways[] = {
    {"chacha20-poly1305@openssh.com", NULL},
    {"aes128-gcm@openssh.com", NULL},
    {"aes256-gcm@openssh.com", NULL},
    {"aes128-ctr", "hmac-sha2-256-etm@openssh.com"},
    {"aes192-ctr", "umac-64-etm@openssh.com"},
    {"aes256-cbc", "hmac-sha1-96-etm@openssh.com"},
    {"aes256-ctr", "hmac-sha2-512"},
    {"aes128-ctr", "umac-128@openssh.com"},
    {"aes128-cbc", "hmac-sha1"},
    {"3des-cbc", "hmac-md5-96"},
};

#define WAYS      ((int)(sizeof(ways) / sizeof(ways[0])))
#define FIRST_AND 6 /* encrypt-and-MAC from here on */

struct link_ends {
	struct packet_dir out, in;
};

static const struct algo *
mac_of(int i)
{
	return ways[i].mac == NULL
		   ? NULL
		   : algo_find(ALGO_MAC, slice_cstr(ways[i].mac));
}

static void
link_open(struct link_ends *l, int i)
{
	static const uint8_t octets[64] = {1, 2, 3};
	struct packet_keys k = {.cipher = algo_find(ALGO_CIPHER,
				    slice_cstr(ways[i].cipher)),
	    .mac = mac_of(i)};

	*l = (struct link_ends){.out = {.seq = 0}};
	k.key = slice_make(octets, k.cipher->key_octets);
	k.iv = slice_make(octets, k.cipher->iv_octets);
	if (k.mac != NULL)
		k.mac_key = slice_make(octets, k.mac->key_octets);
	ck_assert_int_eq(packet_rekey(&l->out, &k, CIPHER_SEAL), OK);
	ck_assert_int_eq(packet_rekey(&l->in, &k, CIPHER_OPEN), OK);
}

static void
link_close(struct link_ends *l)
{
	packet_clear(&l->out);
	packet_clear(&l->in);
}

/* A packet whose payload is n octets of value n. */
static void
seal(struct packet_dir *d, size_t n, struct buf *wire)
{
	struct bytes room;
	size_t used;

	ck_assert_int_eq(buf_reserve(wire, PACKET_HEADER + n + PACKET_TAIL,
			     &room),
	    OK);
	memset(bytes_skip(room, PACKET_HEADER).p, (int)(n & 255), n);
	ck_assert_int_eq(packet_seal(d, room, n, &used), OK);
	buf_filled(wire, used);
}

static enum err
open_all(struct packet_dir *d, struct buf *wire, struct slice *payload,
    size_t *used)
{
	return packet_open(d, bytes_make(wire->p, wire->n), payload, used);
}

static void
opens_again(struct link_ends *l, size_t n)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	struct slice payload;
	size_t used;

	seal(&l->out, n, &wire);
	ck_assert_int_eq(open_all(&l->in, &wire, &payload, &used), OK);
	ck_assert_uint_eq(used, wire.n);
	ck_assert_uint_eq(payload.n, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(payload.p[i], n & 255);
}

START_TEST(opens_what_it_sealed_at_every_length)
{
	struct link_ends l;

	link_open(&l, _i);
	for (size_t n = 1; n < 300; n++)
		opens_again(&l, n);
	opens_again(&l, 32768);
	opens_again(&l, TRANSPORT_PAYLOAD_MAX);
	ck_assert_uint_eq(l.in.seq, 301);
	ck_assert_uint_eq(l.in.octets, l.out.octets);
	link_close(&l);
}
END_TEST

START_TEST(pads_to_the_block_with_four_octets_at_least)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	struct packet_dir d = {.seq = 0};

	for (size_t n = 1; n < 64; n++) {
		buf_reset(&wire);
		seal(&d, n, &wire);
		ck_assert_uint_eq(wire.n % 8, 0);
		ck_assert_uint_ge(wire.p[4], 4);
		ck_assert_uint_eq(wire.n, 5 + n + wire.p[4]);
		/* nothing to hide, so nothing to draw */
		for (size_t i = 5 + n; i < wire.n; i++)
			ck_assert_uint_eq(wire.p[i], 0);
	}
}
END_TEST

START_TEST(waits_for_a_whole_packet_octet_by_octet)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	struct slice payload;
	struct link_ends l;
	size_t used;

	link_open(&l, _i);
	seal(&l.out, 77, &wire);
	for (size_t n = 0; n < wire.n; n++)
		ck_assert_int_eq(packet_open(&l.in, bytes_make(wire.p, n),
				     &payload, &used),
		    ERR_MORE);
	ck_assert_int_eq(open_all(&l.in, &wire, &payload, &used), OK);
	ck_assert_uint_eq(payload.n, 77);
	link_close(&l);
}
END_TEST

/* What follows a packet cut short or changed in its length may be anything */
static void
append_noise(struct buf *wire, size_t n)
{
	struct bytes room;

	ck_assert_int_eq(buf_reserve(wire, n, &room), OK);
	rng_bytes(room);
	buf_filled(wire, n);
}

/* Flip one bit anywhere: it is refused, and not one octet is given. */
static void
refuses_flip(int way, size_t at)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	struct slice payload = SLICE_NONE;
	struct link_ends l;
	size_t used;
	enum err e;

	link_open(&l, way);
	seal(&l.out, 40, &wire);
	ck_assert_uint_lt(at, wire.n);
	wire.p[at] ^= (uint8_t)(1u << (at % 8));
	append_noise(&wire, TRANSPORT_PACKET_MAX + 64);
	e = open_all(&l.in, &wire, &payload, &used);
	if (way >= FIRST_AND || at >= 4)
		ck_assert_int_eq(e, ERR_MAC);
	else
		ck_assert(e == ERR_MAC || e == ERR_PACKET_LENGTH);
	ck_assert_uint_eq(payload.n, 0);
	link_close(&l);
}

START_TEST(refuses_a_flip_of_any_octet)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	struct link_ends l;

	link_open(&l, _i);
	seal(&l.out, 40, &wire);
	link_close(&l);
	for (size_t at = 0; at < wire.n; at++)
		refuses_flip(_i, at);
}
END_TEST

START_TEST(refuses_a_packet_out_of_turn)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	struct slice payload;
	struct link_ends l;
	size_t used;
	enum err e;

	link_open(&l, _i);
	seal(&l.out, 40, &wire);
	buf_reset(&wire);
	seal(&l.out, 40, &wire);
	append_noise(&wire, TRANSPORT_PACKET_MAX + 64);
	e = open_all(&l.in, &wire, &payload, &used);
	ck_assert(e == ERR_MAC || e == ERR_PACKET_LENGTH);
	link_close(&l);
}
END_TEST

/*
 * SEC-31: with encrypt-and-MAC a length that can't be is answered neither
 * sooner nor otherwise than a tag that is wrong.
 */
START_TEST(tells_nothing_of_a_bad_encrypted_length)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	struct slice payload;
	struct link_ends l;
	size_t used;

	link_open(&l, _i);
	seal(&l.out, 40, &wire);
	wire.p[0] ^= 0x80; /* CTR: 2 GiB; CBC: anything */
	append_noise(&wire, TRANSPORT_PACKET_MAX - wire.n);
	ck_assert_int_eq(open_all(&l.in, &wire, &payload, &used), ERR_MORE);
	append_noise(&wire, MAC_TAG_MAX);
	ck_assert_int_eq(open_all(&l.in, &wire, &payload, &used), ERR_MAC);
	link_close(&l);
}
END_TEST

static const struct {
	uint8_t octets[8];
	bool unaligned;
} bad_lengths[] = {
    {{0, 0, 0, 0, 4}, false},
    {{0, 0, 0, 4, 4}, false},
    {{0, 4, 0, 1, 4}, false},
    {{255, 255, 255, 255, 4}, false},
    {{'S', 'S', 'H', '-', '2'}, false},
    {{0, 0, 0, 13, 4}, true},
};

START_TEST(refuses_a_bad_length_at_once)
{
	struct packet_dir d = {.seq = 3};
	uint8_t in[8];
	struct slice payload;
	size_t used;

	memcpy(in, bad_lengths[_i].octets, 8);
	ck_assert_int_eq(packet_open(&d, BYTES_OF(in), &payload, &used),
	    ERR_PACKET_LENGTH);
	ck_assert(d.unaligned == bad_lengths[_i].unaligned);
	ck_assert_uint_eq(d.seq, 3);
}
END_TEST

static void
judges_padding(int i)
{
	uint8_t in[16] = {0, 0, 0, 12, (uint8_t)i, 20};
	struct packet_dir d = {.seq = 0};
	struct slice payload;
	enum err e;
	size_t used;

	e = packet_open(&d, BYTES_OF(in), &payload, &used);
	/* 12 = padding_length + payload + padding, each but the first >= 1 */
	ck_assert_int_eq(e, i >= 4 && i <= 10 ? OK : ERR_PADDING);
}

START_TEST(refuses_bad_padding)
{
	for (int i = 0; i < 256; i++)
		judges_padding(i);
}
END_TEST

START_TEST(ends_before_the_sequence_number_wraps_unkeyed)
{
	struct packet_dir d = {.seq = UINT32_MAX};
	uint8_t room[PACKET_HEADER + 1 + PACKET_TAIL];
	uint8_t in[16] = {0, 0, 0, 12, 10, 20};
	struct slice payload;
	size_t used;

	ck_assert_int_eq(packet_seal(&d, BYTES_OF(room), 1, &used),
	    ERR_SEQUENCE);
	ck_assert_int_eq(packet_open(&d, BYTES_OF(in), &payload, &used),
	    ERR_SEQUENCE);
}
END_TEST

START_TEST(wraps_the_sequence_number_under_keys)
{
	struct link_ends l;

	link_open(&l, _i);
	l.in.seq = l.out.seq = UINT32_MAX;
	opens_again(&l, 5);
	ck_assert_uint_eq(l.in.seq, 0);
	opens_again(&l, 5);
	link_close(&l);
}
END_TEST

START_TEST(never_uses_a_number_twice_under_one_key)
{
	uint8_t room[PACKET_HEADER + 1 + PACKET_TAIL];
	struct link_ends l;
	size_t used;

	link_open(&l, _i);
	l.out.packets = UINT64_C(1) << 32;
	ck_assert_int_eq(packet_seal(&l.out, BYTES_OF(room), 1, &used),
	    ERR_REKEY);
	link_close(&l);
}
END_TEST

TCase *
check_packet(void)
{
	TCase *tc = tcase_create("transport/packet");

	tcase_set_timeout(tc, 180);
	tcase_add_loop_test(tc, opens_what_it_sealed_at_every_length, 0, WAYS);
	tcase_add_test(tc, pads_to_the_block_with_four_octets_at_least);
	tcase_add_loop_test(tc, waits_for_a_whole_packet_octet_by_octet, 0,
	    WAYS);
	tcase_add_loop_test(tc, refuses_a_flip_of_any_octet, 0, WAYS);
	tcase_add_loop_test(tc, refuses_a_packet_out_of_turn, 0, WAYS);
	tcase_add_loop_test(tc, tells_nothing_of_a_bad_encrypted_length,
	    FIRST_AND, WAYS);
	tcase_add_loop_test(tc, refuses_a_bad_length_at_once, 0,
	    sizeof(bad_lengths) / sizeof(bad_lengths[0]));
	tcase_add_test(tc, refuses_bad_padding);
	tcase_add_test(tc, ends_before_the_sequence_number_wraps_unkeyed);
	tcase_add_loop_test(tc, wraps_the_sequence_number_under_keys, 0, WAYS);
	tcase_add_loop_test(tc, never_uses_a_number_twice_under_one_key, 0,
	    WAYS);
	return tc;
}
