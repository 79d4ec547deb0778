#include "suite.h"

/* Private to the room */
#include "../../../src/crypto/mldsa44_octets.h"

#include <check.h>

TCase *check_mldsa44_octets(void);

#define K MLDSA44_K
#define N MLDSA44_N

/* Octets of a pattern that has every bit set somewhere */
static void
fill(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

START_TEST(writes_a_key_s_half_as_it_was)
{
	uint8_t octets[MLDSA44_POLY_10], again[MLDSA44_POLY_10];
	struct mldsa44_poly p;

	fill(octets, sizeof(octets), (uint32_t)_i);
	mldsa44_octets_read_10(&p, octets);
	for (unsigned int i = 0; i < N; i++) {
		int32_t *c = &(&p.c[0][0])[i];

		ck_assert_int_eq(*c & 0x1fff, 0);
		ck_assert(*c >= 0 && *c < MLDSA44_Q);
		*c >>= MLDSA44_D;
	}
	mldsa44_octets_10(&p, again);
	ck_assert_mem_eq(octets, again, sizeof(octets));
}
END_TEST

START_TEST(writes_a_response_as_it_was)
{
	uint8_t octets[MLDSA44_POLY_18], again[MLDSA44_POLY_18];
	struct mldsa44_poly p;

	fill(octets, sizeof(octets), (uint32_t)_i);
	mldsa44_octets_read_18(&p, octets);
	for (unsigned int i = 0; i < N; i++)
		ck_assert((&p.c[0][0])[i] > -MLDSA44_GAMMA1 &&
			  (&p.c[0][0])[i] <= MLDSA44_GAMMA1);
	mldsa44_poly_canonical(&p);
	mldsa44_octets_18(&p, again);
	ck_assert_mem_eq(octets, again, sizeof(octets));
}
END_TEST

static void
ones(struct mldsa44_poly hint[K], unsigned int n)
{
	memset(hint, 0, K * sizeof(*hint));
	for (unsigned int i = 0; i < n; i++)
		(&hint[i % K].c[0][0])[(37 * i + 5) % N] = 1;
}

START_TEST(a_hint_has_80_ones_at_most)
{
	static struct mldsa44_poly hint[K];
	uint8_t octets[MLDSA44_HINT];
	bool read[K][N];

	for (unsigned int n = 0; n <= MLDSA44_OMEGA; n++) {
		ones(hint, n);
		ck_assert(mldsa44_octets_hint(hint, octets));
		ck_assert(mldsa44_octets_read_hint(read, octets));
		for (unsigned int k = 0; k < K; k++)
			for (unsigned int i = 0; i < N; i++)
				ck_assert_int_eq((&hint[k].c[0][0])[i],
				    read[k][i]);
	}
	ones(hint, MLDSA44_OMEGA + 1);
	ck_assert(!mldsa44_octets_hint(hint, octets));
}
END_TEST

/* FIPS 204 §7.1: what decodes is what would be written, octet for octet. */
START_TEST(a_hint_has_one_encoding)
{
	static struct mldsa44_poly hint[K];
	uint8_t octets[MLDSA44_HINT], again[MLDSA44_HINT];
	bool read[K][N];

	ones(hint, 40);
	ck_assert(mldsa44_octets_hint(hint, octets));
	for (unsigned int at = 0; at < MLDSA44_HINT; at++) {
		for (unsigned int v = 0; v < 256; v++) {
			uint8_t was = octets[at];

			octets[at] = (uint8_t)v;
			if (mldsa44_octets_read_hint(read, octets)) {
				for (unsigned int i = 0; i < K * N; i++)
					(&hint[i / N].c[0][0])[i % N] =
					    read[i / N][i % N];
				ck_assert(mldsa44_octets_hint(hint, again));
				ck_assert_mem_eq(octets, again, sizeof(again));
			}
			octets[at] = was;
		}
	}
}
END_TEST

START_TEST(what_is_drawn_is_within_its_bounds)
{
	static struct mldsa44_poly p[K];
	uint8_t seed[64];
	unsigned int set = 0;

	fill(seed, sizeof(seed), (uint32_t)_i);
	mldsa44_octets_draw_row(p, seed, 2);
	for (unsigned int i = 0; i < K * N; i++)
		ck_assert((&p[i / N].c[0][0])[i % N] >= 0 &&
			  (&p[i / N].c[0][0])[i % N] < MLDSA44_Q);
	mldsa44_octets_draw_small(p, seed, 0);
	for (unsigned int i = 0; i < K * N; i++) {
		int32_t c = (&p[i / N].c[0][0])[i % N];

		ck_assert(c >= -2 && c <= 2);
		set |= 1u << (c + 2);
	}
	ck_assert_uint_eq(set, 31);
	mldsa44_octets_draw_challenge(&p[0], seed);
	set = 0;
	for (unsigned int i = 0; i < N; i++) {
		int32_t c = (&p[0].c[0][0])[i];

		ck_assert(c >= -1 && c <= 1);
		set += c != 0;
	}
	ck_assert_uint_eq(set, 39);
}
END_TEST

/* No two polynomials of a key or of a signature's tries are alike. */
START_TEST(each_number_draws_another)
{
	static struct mldsa44_poly a[K], b[K];
	uint8_t seed[64] = {1};

	mldsa44_octets_draw_mask(a, seed, 0);
	mldsa44_octets_draw_mask(b, seed, 256); /* in the second octet */
	for (unsigned int i = 0; i < K; i++)
		for (unsigned int j = 0; j < K; j++) {
			ck_assert_mem_ne(&a[i], &b[j], sizeof(a[0]));
			if (i != j)
				ck_assert_mem_ne(&a[i], &a[j], sizeof(a[0]));
		}
	mldsa44_octets_draw_mask(b, seed, 1);
	ck_assert_mem_eq(&a[1], &b[0], sizeof(a[0]));
	mldsa44_octets_draw_row(a, seed, 0);
	mldsa44_octets_draw_row(b, seed, 1);
	for (unsigned int i = 0; i < K; i++)
		for (unsigned int j = 0; j < K; j++)
			ck_assert_mem_ne(&a[i], &b[j], sizeof(a[0]));
}
END_TEST

TCase *
check_mldsa44_octets(void)
{
	TCase *tc = tcase_create("crypto/mldsa44_octets");

	tcase_add_loop_test(tc, writes_a_key_s_half_as_it_was, 0, 8);
	tcase_add_loop_test(tc, writes_a_response_as_it_was, 0, 8);
	tcase_add_test(tc, a_hint_has_80_ones_at_most);
	tcase_add_test(tc, a_hint_has_one_encoding);
	tcase_add_loop_test(tc, what_is_drawn_is_within_its_bounds, 0, 8);
	tcase_add_test(tc, each_number_draws_another);
	return tc;
}
