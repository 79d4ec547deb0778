/*
 * mldsa44_poly.h - polynomials of ML-DSA: arithmetic, NTT, high and low bits
 *
 * Source: FIPS 204 §7.4 to §7.6. No branch and no index depends on a
 * coefficient.
 */
#ifndef SALLYPORT_CRYPTO_MLDSA44_POLY_H
#define SALLYPORT_CRYPTO_MLDSA44_POLY_H

#include "vector.h"

#define MLDSA44_Q      8380417 /* 2^23 - 2^13 + 1 */
#define MLDSA44_N      256
#define MLDSA44_GAMMA2 ((MLDSA44_Q - 1) / 88)
#define MLDSA44_HIGHS  44 /* values of high bits: (Q - 1) / (2 gamma2) */

/*
 * A polynomial of 256 coefficients as a square. In its plain form, coefficient
 * i stands in row i / 16, column i % 16, so that the first four layers of the
 * NTT pair whole rows. The square is turned then, so that the other four do so
 * too: every loop has 16 equal steps, which compilers make vectors of.
 *
 * Coefficients are signed and not fully reduced; each step says its bound.
 */
struct mldsa44_poly {
	int32_t c[16][16] __attribute__((aligned(32)));
};

/* The same value within (-Q, Q), of one within 255 Q. */
ALWAYS_INLINE int32_t
mldsa44_poly_reduce(int32_t a)
{
	return a - ((a + (1 << 22)) >> 23) * MLDSA44_Q;
}

/* The same value within [0, Q). */
ALWAYS_INLINE int32_t
mldsa44_poly_mod(int32_t a)
{
	int32_t r = mldsa44_poly_reduce(a);

	return r + ((r >> 31) & MLDSA44_Q);
}

/*
 * Algorithm 36 for r within [0, Q): r = high 2 gamma2 + *low modulo Q, with low
 * within (-gamma2, gamma2]. 2 gamma2 is 93 times 2^11, and 11276 is 2^20 / 93
 * rounded up. The topmost value counts as 0, with a low one below.
 */
ALWAYS_INLINE int32_t
mldsa44_poly_decompose(int32_t r, int32_t *low)
{
	int32_t times = (((r + MLDSA44_GAMMA2 - 1) >> 11) * 11276) >> 20;
	int32_t top = (MLDSA44_HIGHS - 1 - times) >> 31; /* all ones, or none */

	*low = r - times * 2 * MLDSA44_GAMMA2 - (top & 1);
	return times & ~top;
}

/* Every coefficient within [0, Q); in: within 255 Q. */
void mldsa44_poly_canonical(struct mldsa44_poly *p);

void mldsa44_poly_add(struct mldsa44_poly *p, const struct mldsa44_poly *other);

/* p = other - p */
void mldsa44_poly_take_from(struct mldsa44_poly *p,
    const struct mldsa44_poly *other);

/*
 * Is every coefficient of p, which is canonical, less than bound away from 0?
 * All are looked at, since which one isn't would be told by the time.
 */
bool mldsa44_poly_is_below(const struct mldsa44_poly *p, int32_t bound);

/* The same of the low bits. */
bool mldsa44_poly_low_is_below(const struct mldsa44_poly *p, int32_t bound);

/* The high bits of p, which is canonical. */
void mldsa44_poly_high(struct mldsa44_poly *p);

/* Algorithm 41, plain to turned. In: below Q. Out: within 9 Q. */
void mldsa44_poly_ntt(struct mldsa44_poly *p);

/*
 * Algorithm 42, turned to plain, for what multiply gave: takes its missing
 * factor 2^32 back as well. In and out: within (-Q, Q).
 */
void mldsa44_poly_ntt_inverse(struct mldsa44_poly *p);

/*
 * sum = (a[0] b[0] + … + a[n - 1] b[n - 1]) / 2^32, all in NTT form. sum is
 * none of the others; a and b within 9 Q. Out: within (-Q, Q).
 */
void mldsa44_poly_multiply(struct mldsa44_poly *sum,
    const struct mldsa44_poly *a, const struct mldsa44_poly *b, unsigned int n);

#endif
