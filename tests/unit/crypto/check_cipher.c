#include "suite.h"

#include "sallyport/crypto/cipher.h"
#include "vectors.h"

#include "sallyport/base/rd.h"

#define LONGEST 2048

static const uint8_t zeros[64];

/* The i-th cipher of the table, or NULL */
static const struct algo *
cipher_at(int i)
{
	const struct algo *a;

	for (size_t at = 0; (a = algo_row(at)) != NULL; at++)
		if (a->kind == ALGO_CIPHER && i-- == 0)
			return a;
	return NULL;
}

static int
cipher_count(void)
{
	int n = 0;

	while (cipher_at(n) != NULL)
		n++;
	return n;
}

static struct cipher *
cipher_of(const struct algo *a, enum cipher_way way)
{
	struct cipher *c = NULL;

	ck_assert_int_eq(cipher_new(a, way, slice_make(zeros, a->key_octets),
			     slice_make(zeros, a->iv_octets), &c),
	    OK);
	return c;
}

static bool
is_aead(const struct algo *a)
{
	return (a->flags & ALGO_AEAD) != 0;
}

START_TEST(answers_as_worked_out_by_hand)
{
	static struct vectors v;
	static uint8_t packet[LONGEST];

	vectors_open(&v, VECTORS "/ciphers.txt");
	while (vectors_next(&v)) {
		const struct algo *a =
		    algo_find(ALGO_CIPHER, slice_cstr(v.text[0]));
		struct slice key = vectors_column(&v, 1);
		struct slice iv = vectors_column(&v, 2);
		uint32_t seq = (uint32_t)strtoul(v.text[3], NULL, 10);
		struct slice clear = vectors_column(&v, 4);
		struct slice sealed = vectors_column(&v, 5);
		struct slice right = vectors_column(&v, 6);
		struct bytes at = bytes_make(packet, clear.n);
		uint8_t tag[16];
		struct cipher *c;
		uint32_t length;

		ck_assert_ptr_nonnull(a);
		slice_copy(clear, at);
		ck_assert_int_eq(cipher_new(a, CIPHER_SEAL, key, iv, &c), OK);
		if (is_aead(a)) {
			ck_assert_int_eq(cipher_seal(c, seq, at, tag), OK);
			vectors_same(SLICE_OF(tag), right);
		} else {
			ck_assert_int_eq(cipher_crypt(c, at), OK);
		}
		vectors_same(slice_from(at), sealed);
		cipher_free(c);

		ck_assert_int_eq(cipher_new(a, CIPHER_OPEN, key, iv, &c), OK);
		if (is_aead(a)) {
			ck_assert_int_eq(cipher_length(c, seq, at.p, &length),
			    OK);
			ck_assert_uint_eq(length, clear.n - 4);
			ck_assert_int_eq(cipher_open(c, seq, at, tag), OK);
		} else {
			ck_assert_int_eq(cipher_crypt(c, at), OK);
		}
		vectors_same(slice_from(at), clear);
		cipher_free(c);
	}
}
END_TEST

/* What octet the test wants at a place of packet number seq */
static uint8_t
filler(uint32_t seq, size_t i)
{
	return (uint8_t)(seq * 31 + i * 7 + (i >> 8));
}

static void
fill(struct bytes packet, uint32_t seq)
{
	for (size_t i = 0; i < packet.n; i++)
		packet.p[i] = filler(seq, i);
}

static void
ck_filled(struct bytes packet, uint32_t seq)
{
	bool same = true;

	for (size_t i = 0; i < packet.n; i++)
		same = same && packet.p[i] == filler(seq, i);
	ck_assert(same);
}

static void
seal(struct cipher *c, const struct algo *a, uint32_t seq, struct bytes packet,
    uint8_t *tag)
{
	if (is_aead(a))
		ck_assert_int_eq(cipher_seal(c, seq, packet, tag), OK);
	else
		ck_assert_int_eq(cipher_crypt(c, packet), OK);
}

static void
unseal(struct cipher *c, const struct algo *a, uint32_t seq,
    struct bytes packet, const uint8_t *tag)
{
	if (is_aead(a))
		ck_assert_int_eq(cipher_open(c, seq, packet, tag), OK);
	else
		ck_assert_int_eq(cipher_crypt(c, packet), OK);
}

/* Octets of the n-th packet: short and long ones in turn */
static size_t
packet_octets(const struct algo *a, uint32_t n)
{
	size_t blocks = n % 3 == 2 ? 80 : n % 5 + 1;

	return blocks * a->block + (is_aead(a) ? 4 : 0);
}

/*
 * Every cipher opens what it sealed, packet after packet, and no two equal
 * packets look alike.
 */
START_TEST(opens_what_it_sealed)
{
	static uint8_t room[LONGEST], before[LONGEST];
	const struct algo *a = cipher_at(_i);
	struct cipher *out = cipher_of(a, CIPHER_SEAL);
	struct cipher *in = cipher_of(a, CIPHER_OPEN);
	uint8_t tag[16];

	for (uint32_t seq = 0; seq < 40; seq++) {
		struct bytes packet = bytes_make(room, packet_octets(a, seq));

		fill(packet, 0);
		seal(out, a, seq, packet, tag);
		ck_assert_mem_ne(room, before, packet.n);
		memcpy(before, room, packet.n);
		unseal(in, a, seq, packet, tag);
		ck_filled(packet, 0);
	}
	cipher_free(out);
	cipher_free(in);
}
END_TEST

/* Moved to another process in the middle, it goes on where it was. */
START_TEST(goes_on_after_a_move)
{
	static uint8_t room[LONGEST];
	const struct algo *a = cipher_at(_i);
	struct cipher *side[2] = {cipher_of(a, CIPHER_SEAL),
	    cipher_of(a, CIPHER_OPEN)};
	uint8_t tag[16], moved[200];

	for (uint32_t seq = 0; seq < 20; seq++) {
		struct bytes packet = bytes_make(room, packet_octets(a, seq));

		fill(packet, seq);
		seal(side[0], a, seq, packet, tag);
		unseal(side[1], a, seq, packet, tag);
		ck_filled(packet, seq);
		for (int i = 0; i < 2; i++) {
			struct wr w = wr_to(BYTES_OF(moved));
			struct slice key, iv;
			struct rd r;
			size_t n;

			cipher_export(side[i], &w);
			ck_assert_int_eq(wr_end(&w, &n), OK);
			r = rd_from(slice_make(moved, n));
			key = rd_string(&r);
			iv = rd_string(&r);
			ck_assert_int_eq(rd_end(&r), OK);
			cipher_free(side[i]);
			ck_assert_int_eq(cipher_new(a,
					     i == 0 ? CIPHER_SEAL : CIPHER_OPEN,
					     key, iv, &side[i]),
			    OK);
		}
	}
	cipher_free(side[0]);
	cipher_free(side[1]);
}
END_TEST

/* A bit turned anywhere, in the tag too, is found, and nothing of the
 * plaintext is there to see. */
START_TEST(refuses_every_turned_bit)
{
	uint8_t room[4 + 272], tag[16];
	const struct algo *a = cipher_at(_i);
	size_t sizes[] = {4 + 16, 4 + 272};

	if (!is_aead(a))
		return;
	for (size_t s = 0; s < 2; s++) {
		for (size_t bit = 0; bit < (sizes[s] + 16) * 8; bit += 3) {
			struct bytes packet = bytes_make(room, sizes[s]);
			struct cipher *out = cipher_of(a, CIPHER_SEAL);
			struct cipher *in = cipher_of(a, CIPHER_OPEN);
			uint8_t *at = bit / 8 < packet.n
					  ? packet.p + bit / 8
					  : tag + (bit / 8 - packet.n);

			fill(packet, 9);
			seal(out, a, 3, packet, tag);
			*at ^= (uint8_t)(1 << bit % 8);
			ck_assert_int_eq(cipher_open(in, 3, packet, tag),
			    ERR_MAC);
			ck_assert(packet.p[8] != filler(9, 8) ||
				  packet.p[9] != filler(9, 9) ||
				  packet.p[10] != filler(9, 10));
			cipher_free(out);
			cipher_free(in);
		}
	}
}
END_TEST

/* A packet in another's place is refused. */
START_TEST(refuses_a_packet_out_of_turn)
{
	const struct algo *a = cipher_at(_i);
	uint8_t room[4 + 32], tag[16];
	struct cipher *out, *in;

	if (!is_aead(a))
		return;
	out = cipher_of(a, CIPHER_SEAL);
	in = cipher_of(a, CIPHER_OPEN);
	fill(BYTES_OF(room), 1);
	seal(out, a, 0, BYTES_OF(room), tag);
	fill(BYTES_OF(room), 1);
	seal(out, a, 1, BYTES_OF(room), tag);
	ck_assert_int_eq(cipher_open(in, 0, BYTES_OF(room), tag), ERR_MAC);
	cipher_free(out);
	cipher_free(in);
}
END_TEST

/* The counter of packets in GCM's IV wraps without touching the rest. */
START_TEST(gcm_counts_past_the_end)
{
	const struct algo *a =
	    algo_find(ALGO_CIPHER, slice_cstr("aes128-gcm@openssh.com"));
	static const uint8_t iv[12] = {1, 2, 3, 4, 255, 255, 255, 255, 255, 255,
	    255, 255};
	static const uint8_t next[12] = {1, 2, 3, 4};
	uint8_t room[4 + 16] = {0}, tag[16], moved[100];
	struct wr w = wr_to(BYTES_OF(moved));
	struct cipher *c;

	ck_assert_int_eq(cipher_new(a, CIPHER_SEAL, slice_make(zeros, 16),
			     SLICE_OF(iv), &c),
	    OK);
	seal(c, a, 0, BYTES_OF(room), tag);
	cipher_export(c, &w);
	ck_assert_mem_eq(moved + 4 + 16 + 4, next, 12);
	cipher_free(c);
}
END_TEST

START_TEST(takes_keys_and_ivs_of_the_right_size_only)
{
	const struct algo *a = cipher_at(_i);
	struct slice key = slice_make(zeros, a->key_octets);
	struct slice iv = slice_make(zeros, a->iv_octets);
	struct cipher *c;

	ck_assert_int_eq(cipher_new(a, CIPHER_SEAL, slice_skip(key, 1), iv, &c),
	    ERR_KEY_LENGTH);
	ck_assert_int_eq(cipher_new(a, CIPHER_SEAL, key,
			     slice_make(zeros, iv.n + 1u), &c),
	    ERR_KEY_LENGTH);
}
END_TEST

START_TEST(takes_whole_blocks_only)
{
	const struct algo *a = cipher_at(_i);
	struct cipher *c = cipher_of(a, CIPHER_SEAL);
	uint8_t room[64] = {0}, tag[16];

	if (is_aead(a))
		ck_assert_int_eq(cipher_seal(c, 0, bytes_make(room, 3), tag),
		    ERR_PACKET_LENGTH);
	else
		ck_assert_int_eq(cipher_crypt(c,
				     bytes_make(room, a->block + 1u)),
		    ERR_PACKET_LENGTH);
	cipher_free(c);
	cipher_free(NULL);
}
END_TEST

/* SP 800-38A F.2.1 (CBC-AES128), the first two blocks */
START_TEST(cbc_chains_as_the_standard_says)
{
	uint8_t key[16], iv[16], room[32], right[32];
	const struct algo *a = algo_find(ALGO_CIPHER, slice_cstr("aes128-cbc"));
	struct cipher *c;

	(void)HEX(room,
	    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
	ck_assert_int_eq(cipher_new(a, CIPHER_SEAL,
			     HEX(key, "2b7e151628aed2a6abf7158809cf4f3c"),
			     HEX(iv, "000102030405060708090a0b0c0d0e0f"), &c),
	    OK);
	ck_assert_int_eq(cipher_crypt(c, bytes_make(room, 16)), OK);
	ck_assert_int_eq(cipher_crypt(c, bytes_make(room + 16, 16)), OK);
	vectors_same(SLICE_OF(room),
	    HEX(right,
		"7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a9176"
		"78b2"));
	cipher_free(c);
}
END_TEST

TCase *
check_cipher(void)
{
	TCase *tc = tcase_create("crypto/cipher");
	int n = cipher_count();

	tcase_add_test(tc, answers_as_worked_out_by_hand);
	tcase_add_loop_test(tc, opens_what_it_sealed, 0, n);
	tcase_add_loop_test(tc, goes_on_after_a_move, 0, n);
	tcase_add_loop_test(tc, refuses_every_turned_bit, 0, n);
	tcase_add_loop_test(tc, refuses_a_packet_out_of_turn, 0, n);
	tcase_add_test(tc, gcm_counts_past_the_end);
	tcase_add_loop_test(tc, takes_keys_and_ivs_of_the_right_size_only, 0,
	    n);
	tcase_add_loop_test(tc, takes_whole_blocks_only, 0, n);
	tcase_add_test(tc, cbc_chains_as_the_standard_says);
	return tc;
}
