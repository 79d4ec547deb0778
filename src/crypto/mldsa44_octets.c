#include "mldsa44_octets.h"

#include "sallyport/crypto/secret.h"

#include "kem_keccak.h"

#define TAU    39
#define POLY_6 192

/* ---- octets, FIPS 204 §7.1 and §7.2 ---- */

void
mldsa44_octets_10(const struct mldsa44_poly *p, uint8_t out[MLDSA44_POLY_10])
{
	const int32_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < MLDSA44_N; i += 4, out += 5) {
		uint64_t four = (uint64_t)c[i] | (uint64_t)c[i + 1] << 10 |
				(uint64_t)c[i + 2] << 20 |
				(uint64_t)c[i + 3] << 30;

		for (unsigned int k = 0; k < 5; k++)
			out[k] = (uint8_t)(four >> (8 * k));
	}
}

void
mldsa44_octets_read_10(struct mldsa44_poly *p,
    const uint8_t in[MLDSA44_POLY_10])
{
	int32_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < MLDSA44_N; i += 4, in += 5) {
		uint64_t four = load_le32(in) | (uint64_t)in[4] << 32;

		for (unsigned int k = 0; k < 4; k++)
			c[i + k] = (int32_t)(four >> (10 * k) & 1023)
				   << MLDSA44_D;
	}
}

static void
encode_6(const struct mldsa44_poly *p, uint8_t out[POLY_6])
{
	const int32_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < MLDSA44_N; i += 4, out += 3) {
		uint32_t four = (uint32_t)(c[i] | c[i + 1] << 6 |
					   c[i + 2] << 12 | c[i + 3] << 18);

		for (unsigned int k = 0; k < 3; k++)
			out[k] = (uint8_t)(four >> (8 * k));
	}
}

void
mldsa44_octets_18(const struct mldsa44_poly *p, uint8_t out[MLDSA44_POLY_18])
{
	const int32_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < MLDSA44_N; i += 4, out += 9) {
		uint64_t v[4];

		for (unsigned int k = 0; k < 4; k++) {
			int32_t d = MLDSA44_GAMMA1 - c[i + k];

			v[k] = (uint64_t)(d + ((d >> 31) & MLDSA44_Q));
		}
		store_le64(out, v[0] | v[1] << 18 | v[2] << 36 | v[3] << 54);
		out[8] = (uint8_t)(v[3] >> 10);
	}
}

void
mldsa44_octets_read_18(struct mldsa44_poly *p,
    const uint8_t in[MLDSA44_POLY_18])
{
	int32_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < MLDSA44_N; i += 4, in += 9) {
		uint64_t three = load_le64(in);
		uint64_t last = three >> 54 | (uint64_t)in[8] << 10;

		for (unsigned int k = 0; k < 3; k++)
			c[i + k] = MLDSA44_GAMMA1 -
				   (int32_t)(three >> (18 * k) & 0x3ffff);
		c[i + 3] = MLDSA44_GAMMA1 - (int32_t)last;
	}
}

bool
mldsa44_octets_hint(const struct mldsa44_poly hint[MLDSA44_K],
    uint8_t out[MLDSA44_HINT])
{
	unsigned int n = 0;

	memset(out, 0, MLDSA44_HINT);
	for (unsigned int k = 0; k < MLDSA44_K; k++) {
		const int32_t *c = &hint[k].c[0][0];

		for (unsigned int i = 0; i < MLDSA44_N; i++) {
			if (c[i] == 0)
				continue;
			if (n == MLDSA44_OMEGA)
				return false;
			out[n++] = (uint8_t)i;
		}
		out[MLDSA44_OMEGA + k] = (uint8_t)n;
	}
	return true;
}

bool
mldsa44_octets_read_hint(bool hint[MLDSA44_K][MLDSA44_N],
    const uint8_t in[MLDSA44_HINT])
{
	unsigned int n = 0;

	memset(hint, 0, sizeof(bool) * MLDSA44_K * MLDSA44_N);
	for (unsigned int k = 0; k < MLDSA44_K; k++) {
		unsigned int first = n, end = in[MLDSA44_OMEGA + k];

		if (end < n || end > MLDSA44_OMEGA)
			return false;
		for (; n < end; n++) {
			if (n > first && in[n] <= in[n - 1])
				return false;
			hint[k][in[n]] = true;
		}
	}
	for (; n < MLDSA44_OMEGA; n++)
		if (in[n] != 0)
			return false;
	return true;
}

/* ---- sampling, FIPS 204 §7.3 ---- */

/* Take coefficients of the NTT form from a block, algorithm 30; n are there. */
static unsigned int
take_uniform(struct mldsa44_poly *p, unsigned int n,
    const uint8_t in[KECCAK_RATE_SHAKE128])
{
	for (unsigned int i = 0; i < KECCAK_RATE_SHAKE128 && n < MLDSA44_N;
	     i += 3) {
		int32_t v = in[i] | in[i + 1] << 8 | (in[i + 2] & 0x7f) << 16;

		/* Written always, kept where it is below MLDSA44_Q: no guessing */
		p->c[n % 16][n / 16] = v;
		n += v < MLDSA44_Q;
	}
	return n;
}

void
mldsa44_octets_draw_row(struct mldsa44_poly row[MLDSA44_K],
    const uint8_t rho[32], unsigned int number)
{
	const uint8_t tail[4][2] = {{0, (uint8_t)number}, {1, (uint8_t)number},
	    {2, (uint8_t)number}, {3, (uint8_t)number}};
	uint8_t block[4][KECCAK_RATE_SHAKE128];
	unsigned int n[MLDSA44_K] = {0, 0, 0, 0};
	struct kem_keccak_four f;
	bool full = false;

	kem_keccak_four_start(&f, KECCAK_RATE_SHAKE128, slice_make(rho, 32),
	    tail, 2);
	while (!full) {
		kem_keccak_four_next(&f, block);
		full = true;
		for (unsigned int k = 0; k < MLDSA44_K; k++) {
			n[k] = take_uniform(&row[k], n[k], block[k]);
			full = full && n[k] == MLDSA44_N;
		}
	}
}

/* Four SHAKE256 of a seed and the numbers from first on (algorithms 33, 34). */
static void
start_four(struct kem_keccak_four *f, const uint8_t seed[64],
    unsigned int first)
{
	uint8_t tail[4][2];

	for (unsigned int k = 0; k < 4; k++) {
		tail[k][0] = (uint8_t)(first + k);
		tail[k][1] = (uint8_t)((first + k) >> 8);
	}
	kem_keccak_four_start(f, KECCAK_RATE_SHAKE256, slice_make(seed, 64),
	    tail, 2);
}

/*
 * Algorithm 31 with eta 2: half an octet below 15 gives 2 less its remainder
 * modulo 5; 13 is 2^6 / 5 rounded up. n are there.
 */
static unsigned int
take_small(struct mldsa44_poly *p, unsigned int n,
    const uint8_t in[KECCAK_RATE_SHAKE256])
{
	int32_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < 2 * KECCAK_RATE_SHAKE256 && n < MLDSA44_N;
	     i++) {
		int32_t half = in[i / 2] >> (i % 2 * 4) & 15;

		c[n] = 2 - (half - 5 * (half * 13 >> 6));
		n += (uint32_t)(half - 15) >> 31;
	}
	return n;
}

void
mldsa44_octets_draw_small(struct mldsa44_poly small[4], const uint8_t seed[64],
    unsigned int first)
{
	uint8_t block[4][KECCAK_RATE_SHAKE128];
	unsigned int n[4] = {0, 0, 0, 0};
	struct kem_keccak_four f;
	bool full = false;

	start_four(&f, seed, first);
	while (!full) {
		kem_keccak_four_next(&f, block);
		full = true;
		for (unsigned int k = 0; k < 4; k++) {
			n[k] = take_small(&small[k], n[k], block[k]);
			full = full && n[k] == MLDSA44_N;
		}
	}
	secret_wipe(&f, sizeof(f));
	secret_wipe(block, sizeof(block));
}

void
mldsa44_octets_draw_mask(struct mldsa44_poly y[MLDSA44_K],
    const uint8_t seed[64], unsigned int first)
{
	enum {
		BLOCKS = (MLDSA44_POLY_18 + KECCAK_RATE_SHAKE256 - 1) /
			 KECCAK_RATE_SHAKE256
	};
	struct {
		struct kem_keccak_four f;
		uint8_t block[4][KECCAK_RATE_SHAKE128];
		uint8_t octets[4][BLOCKS * KECCAK_RATE_SHAKE256];
	} w;

	start_four(&w.f, seed, first);
	for (unsigned int i = 0; i < BLOCKS; i++) {
		kem_keccak_four_next(&w.f, w.block);
		for (unsigned int k = 0; k < 4; k++)
			memcpy(&w.octets[k][i * KECCAK_RATE_SHAKE256],
			    w.block[k], KECCAK_RATE_SHAKE256);
	}
	for (unsigned int k = 0; k < 4; k++)
		mldsa44_octets_read_18(&y[k], w.octets[k]);
	secret_wipe(&w, sizeof(w));
}

void
mldsa44_octets_draw_challenge(struct mldsa44_poly *p,
    const uint8_t seed[MLDSA44_CHALLENGE])
{
	int32_t *c = &p->c[0][0];
	struct kem_keccak_one s;
	uint8_t octets[8], j;
	uint64_t signs;

	memset(p, 0, sizeof(*p));
	kem_keccak_start(&s, KECCAK_RATE_SHAKE256);
	kem_keccak_absorb(&s, slice_make(seed, MLDSA44_CHALLENGE));
	kem_keccak_end(&s);
	kem_keccak_squeeze(&s, octets, sizeof(octets));
	signs = load_le64(octets);
	for (unsigned int i = MLDSA44_N - TAU; i < MLDSA44_N;
	     i++, signs >>= 1) {
		do
			kem_keccak_squeeze(&s, &j, 1);
		while (j > i);
		c[i] = c[j];
		c[j] = (signs & 1) == 0 ? 1 : -1;
	}
}

void
mldsa44_octets_commit(const uint8_t mu[MLDSA44_MU],
    const struct mldsa44_poly high[MLDSA44_K], uint8_t out[MLDSA44_CHALLENGE])
{
	struct kem_keccak_one s;
	uint8_t octets[POLY_6];

	kem_keccak_start(&s, KECCAK_RATE_SHAKE256);
	kem_keccak_absorb(&s, slice_make(mu, MLDSA44_MU));
	for (unsigned int i = 0; i < MLDSA44_K; i++) {
		encode_6(&high[i], octets);
		kem_keccak_absorb(&s, SLICE_OF(octets));
	}
	kem_keccak_end(&s);
	kem_keccak_squeeze(&s, out, MLDSA44_CHALLENGE);
	secret_wipe(&s, sizeof(s));
	secret_wipe(octets, sizeof(octets));
}
