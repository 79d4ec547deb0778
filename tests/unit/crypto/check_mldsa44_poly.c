#include "suite.h"

/* Private to the room */
#include "../../../src/crypto/mldsa44_poly.h"

#include <check.h>

TCase *check_mldsa44_poly(void);

#define Q MLDSA44_Q
#define N MLDSA44_N

/* Numbers that anybody can make again, within [0, Q) */
static void
fill(struct mldsa44_poly *p, uint32_t seed)
{
	int32_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < N; i++) {
		seed = seed * 1664525 + 1013904223;
		c[i] = (int32_t)((uint64_t)seed * Q >> 32);
	}
}

static int64_t
mod(int64_t v)
{
	return (v % Q + Q) % Q;
}

/* Products of NTT forms are products modulo X^256 + 1. */
START_TEST(multiplies_as_one_does_on_paper)
{
	static struct mldsa44_poly a[4], b[4], product;
	int64_t want[N] = {0};

	for (unsigned int k = 0; k < 4; k++) {
		fill(&a[k], 7 * k + (uint32_t)_i);
		fill(&b[k], 91 * k + (uint32_t)_i);
	}
	for (unsigned int k = 0; k < 4; k++)
		for (unsigned int i = 0; i < N; i++)
			for (unsigned int j = 0; j < N; j++) {
				int64_t v = (int64_t)(&a[k].c[0][0])[i] *
					    (&b[k].c[0][0])[j] % Q;

				want[(i + j) % N] += i + j < N ? v : -v;
			}
	for (unsigned int k = 0; k < 4; k++) {
		mldsa44_poly_ntt(&a[k]);
		mldsa44_poly_ntt(&b[k]);
	}
	mldsa44_poly_multiply(&product, a, b, 4);
	mldsa44_poly_ntt_inverse(&product);
	mldsa44_poly_canonical(&product);
	for (unsigned int i = 0; i < N; i++)
		ck_assert_int_eq((&product.c[0][0])[i], mod(want[i]));
}
END_TEST

/* All at the bounds: nothing overflows. */
START_TEST(the_largest_coefficients_fit)
{
	static const int32_t bounds[] = {Q - 1, -(Q - 1), 1 - Q / 2, Q / 2, 0};
	static struct mldsa44_poly a[4], product;
	int64_t v = bounds[_i];

	for (unsigned int k = 0; k < 4; k++)
		for (unsigned int i = 0; i < N; i++)
			(&a[k].c[0][0])[i] = bounds[_i];
	for (unsigned int k = 0; k < 4; k++)
		mldsa44_poly_ntt(&a[k]);
	mldsa44_poly_multiply(&product, a, a, 4);
	mldsa44_poly_ntt_inverse(&product);
	mldsa44_poly_canonical(&product);
	/* coefficient i: i + 1 products that stay, 255 - i that turn over */
	for (int i = 0; i < N; i++)
		ck_assert_int_eq((&product.c[0][0])[i],
		    mod(mod(4 * v * v) * (2 * i + 2 - N)));
}
END_TEST

/* FIPS 204 §7.4, for every value that there is. */
START_TEST(high_and_low_bits_make_the_value)
{
	int32_t low, high;

	for (int32_t r = 0; r < Q; r++) {
		high = mldsa44_poly_decompose(r, &low);
		if (high < 0 || high >= MLDSA44_HIGHS || low > MLDSA44_GAMMA2 ||
		    low < -MLDSA44_GAMMA2 ||
		    (low == -MLDSA44_GAMMA2 && high != 0) ||
		    mod((int64_t)high * 2 * MLDSA44_GAMMA2 + low) != r)
			ck_abort_msg("%d is not %d, %d", r, high, low);
	}
}
END_TEST

START_TEST(a_bound_counts_for_every_coefficient)
{
	struct mldsa44_poly p = {.c = {{0}}};
	int32_t *c = &p.c[_i / 16][_i % 16];
	int32_t around[] = {999, Q - 999, 1000, Q - 1000, Q / 2};

	for (unsigned int i = 0; i < 5; i++) {
		*c = around[i];
		ck_assert_int_eq(mldsa44_poly_is_below(&p, 1000), i < 2);
		*c = (5 * 2 * MLDSA44_GAMMA2 + *c) % Q;
		if (i < 4)
			ck_assert_int_eq(mldsa44_poly_low_is_below(&p, 1000),
			    i < 2);
	}
}
END_TEST

START_TEST(reduces_whatever_sums_up)
{
	static const int32_t factors[] = {-254, -9, -1, 0, 1, 9, 254};

	for (unsigned int i = 0; i < 7; i++) {
		for (int32_t d = -Q + 1; d < Q; d += 4099) {
			int32_t v = factors[i] * Q + d;
			int32_t r = mldsa44_poly_reduce(v);

			ck_assert(r > -Q && r < Q);
			ck_assert_int_eq(mod(r), mod(v));
			ck_assert_int_eq(mldsa44_poly_mod(v), mod(v));
		}
	}
}
END_TEST

TCase *
check_mldsa44_poly(void)
{
	TCase *tc = tcase_create("crypto/mldsa44_poly");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, multiplies_as_one_does_on_paper, 0, 4);
	tcase_add_loop_test(tc, the_largest_coefficients_fit, 0, 5);
	tcase_add_test(tc, high_and_low_bits_make_the_value);
	tcase_add_loop_test(tc, a_bound_counts_for_every_coefficient, 0, 256);
	tcase_add_test(tc, reduces_whatever_sums_up);
	return tc;
}
