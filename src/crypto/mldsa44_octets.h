/*
 * mldsa44_octets.h - ML-DSA-44's polynomials from octets, and back
 *
 * Source: FIPS 204 §7.1 to §7.3: written, read, and drawn from a seed.
 */
#ifndef SALLYPORT_CRYPTO_MLDSA44_OCTETS_H
#define SALLYPORT_CRYPTO_MLDSA44_OCTETS_H

#include "mldsa44.h"
#include "mldsa44_poly.h"

#define MLDSA44_K         4 /* rows of the matrix, and its columns */
#define MLDSA44_D         13
#define MLDSA44_GAMMA1    (1 << 17)
#define MLDSA44_OMEGA     80
#define MLDSA44_CHALLENGE 32 /* octets of c~ */
#define MLDSA44_POLY_10   320
#define MLDSA44_POLY_18   576
#define MLDSA44_HINT      (MLDSA44_OMEGA + MLDSA44_K)

/* t1: within [0, 1024). */
void
mldsa44_octets_10(const struct mldsa44_poly *p, uint8_t out[MLDSA44_POLY_10]);

/* What t1 stands for: its values times 2^13. */
void mldsa44_octets_read_10(struct mldsa44_poly *p,
    const uint8_t in[MLDSA44_POLY_10]);

/* z: canonical, and away from 0 by less than gamma1. */
void
mldsa44_octets_18(const struct mldsa44_poly *p, uint8_t out[MLDSA44_POLY_18]);

/* Out: within (-gamma1, gamma1]. */
void mldsa44_octets_read_18(struct mldsa44_poly *p,
    const uint8_t in[MLDSA44_POLY_18]);

/*
 * Algorithm 20: where the ones are, and after each polynomial's how many there
 * have been. False: more than 80.
 */
bool mldsa44_octets_hint(const struct mldsa44_poly hint[MLDSA44_K],
    uint8_t out[MLDSA44_HINT]);

/*
 * Algorithm 21. A hint has one encoding: places ascend, and what isn't used is
 * zero. False where that isn't so.
 */
bool mldsa44_octets_read_hint(bool hint[MLDSA44_K][MLDSA44_N],
    const uint8_t in[MLDSA44_HINT]);

/* One row of the matrix, algorithm 32: its four polynomials in NTT form. */
void mldsa44_octets_draw_row(struct mldsa44_poly row[MLDSA44_K],
    const uint8_t rho[32], unsigned int number);

/* Algorithm 31: coefficients within [-2, 2], for the numbers from first on. */
void mldsa44_octets_draw_small(struct mldsa44_poly small[MLDSA44_K],
    const uint8_t seed[64], unsigned int first);

/* Algorithm 34: within (-gamma1, gamma1]. */
void mldsa44_octets_draw_mask(struct mldsa44_poly y[MLDSA44_K],
    const uint8_t seed[64], unsigned int first);

/* Algorithm 29: 39 coefficients of 1 or -1. What is drawn may be known. */
void mldsa44_octets_draw_challenge(struct mldsa44_poly *p,
    const uint8_t seed[MLDSA44_CHALLENGE]);

/* c~, of what stands for the message and of high bits (algorithm 28) */
void mldsa44_octets_commit(const uint8_t mu[MLDSA44_MU],
    const struct mldsa44_poly high[MLDSA44_K], uint8_t out[MLDSA44_CHALLENGE]);

#endif
