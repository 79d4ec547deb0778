#include "kem_keccak.h"

#include "sallyport/base/must.h"
#include "sallyport/crypto/secret.h"

#include "vector.h"

/* What follows the message, FIPS 202 §6 with the first bit of the padding */
#define SUFFIX_SHA3  0x06
#define SUFFIX_SHAKE 0x1f

/* The constants of step iota, FIPS 202 §3.2.5 */
static const uint64_t round_constants[24] = {0x0000000000000001,
    0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081,
    0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b,
    0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a,
    0x800000008000000a, 0x8000000080008081, 0x8000000000008080,
    0x0000000080000001, 0x8000000080008008};

/*
 * One round from a to e, for a lane of one or of four words. Lane x + 5y; row y
 * of the result takes its five lanes, each with its rotation, from where steps
 * rho and pi have them.
 */
#define ROT(v, n)      ((v) << (n) | (v) >> ((64 - (n)) & 63))
#define MOVED(a, i, n) ROT((a)[i] ^ d[(i) % 5], n)
#define ROW(a, e, y, i0, n0, i1, n1, i2, n2, i3, n3, i4, n4)                   \
	do {                                                                   \
		c[0] = MOVED(a, i0, n0);                                       \
		c[1] = MOVED(a, i1, n1);                                       \
		c[2] = MOVED(a, i2, n2);                                       \
		c[3] = MOVED(a, i3, n3);                                       \
		c[4] = MOVED(a, i4, n4);                                       \
		(e)[5 * (y) + 0] = c[0] ^ (~c[1] & c[2]);                      \
		(e)[5 * (y) + 1] = c[1] ^ (~c[2] & c[3]);                      \
		(e)[5 * (y) + 2] = c[2] ^ (~c[3] & c[4]);                      \
		(e)[5 * (y) + 3] = c[3] ^ (~c[4] & c[0]);                      \
		(e)[5 * (y) + 4] = c[4] ^ (~c[0] & c[1]);                      \
	} while (0)
#define COLUMN(a, x)                                                           \
	((a)[x] ^ (a)[x + 5] ^ (a)[x + 10] ^ (a)[x + 15] ^ (a)[x + 20])
#define ROUND(a, e, constant)                                                  \
	do {                                                                   \
		c[0] = COLUMN(a, 0);                                           \
		c[1] = COLUMN(a, 1);                                           \
		c[2] = COLUMN(a, 2);                                           \
		c[3] = COLUMN(a, 3);                                           \
		c[4] = COLUMN(a, 4);                                           \
		d[0] = c[4] ^ ROT(c[1], 1);                                    \
		d[1] = c[0] ^ ROT(c[2], 1);                                    \
		d[2] = c[1] ^ ROT(c[3], 1);                                    \
		d[3] = c[2] ^ ROT(c[4], 1);                                    \
		d[4] = c[3] ^ ROT(c[0], 1);                                    \
		ROW(a, e, 0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14);             \
		ROW(a, e, 1, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61);             \
		ROW(a, e, 2, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18);               \
		ROW(a, e, 3, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56);            \
		ROW(a, e, 4, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2);             \
		(e)[0] ^= (constant);                                          \
	} while (0)
#define ROUNDS(lane, a, e)                                                     \
	do {                                                                   \
		lane c[5], d[5];                                               \
		for (unsigned int r = 0; r < 24; r += 2) {                     \
			ROUND(a, e, round_constants[r]);                       \
			ROUND(e, a, round_constants[r + 1]);                   \
		}                                                              \
	} while (0)

/*
 * The same twice or three times: BMI brings the and-not and halves the time of
 * one state; AVX-512 rotates and halves that of four.
 */
static void
permute_any(struct kem_keccak_one *s)
{
	ROUNDS(uint64_t, s->lane, s->work);
}

FOR_AVX2 static void
permute_avx2(struct kem_keccak_one *s)
{
	ROUNDS(uint64_t, s->lane, s->work);
}

static void
permute(struct kem_keccak_one *s)
{
	if (vector_has_avx2())
		permute_avx2(s);
	else
		permute_any(s);
}

static void
permute_four_any(struct kem_keccak_four *f)
{
	ROUNDS(kem_keccak_lanes, f->lane, f->work);
}

FOR_AVX2 static void
permute_four_avx2(struct kem_keccak_four *f)
{
	ROUNDS(kem_keccak_lanes, f->lane, f->work);
}

FOR_AVX512 static void
permute_four_avx512(struct kem_keccak_four *f)
{
	ROUNDS(kem_keccak_lanes, f->lane, f->work);
}

static void
permute_four(struct kem_keccak_four *f)
{
	if (vector_has_avx512())
		permute_four_avx512(f);
	else if (vector_has_avx2())
		permute_four_avx2(f);
	else
		permute_four_any(f);
}

/* ---- one state ---- */

void
kem_keccak_start(struct kem_keccak_one *s, size_t rate)
{
	memset(s, 0, sizeof(*s));
	s->rate = rate;
}

static void
put_octet(struct kem_keccak_one *s, size_t at, uint8_t octet)
{
	s->lane[at / 8] ^= (uint64_t)octet << (8 * (at % 8));
}

void
kem_keccak_absorb(struct kem_keccak_one *s, struct slice in)
{
	while (in.n > 0) {
		size_t n = 1;

		if (s->at % 8 == 0 && in.n >= 8) {
			s->lane[s->at / 8] ^= load_le64(in.p);
			n = 8;
		} else {
			put_octet(s, s->at, in.p[0]);
		}
		in = slice_skip(in, n);
		s->at += n;
		if (s->at == s->rate) {
			permute(s);
			s->at = 0;
		}
	}
}

static void
pad(struct kem_keccak_one *s, uint8_t suffix)
{
	put_octet(s, s->at, suffix);
	put_octet(s, s->rate - 1, 0x80);
	permute(s);
	s->at = 0;
}

void
kem_keccak_end(struct kem_keccak_one *s)
{
	pad(s, SUFFIX_SHAKE);
}

void
kem_keccak_squeeze(struct kem_keccak_one *s, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++, s->at++) {
		if (s->at == s->rate) {
			permute(s);
			s->at = 0;
		}
		out[i] = (uint8_t)(s->lane[s->at / 8] >> (8 * (s->at % 8)));
	}
}

/* The first n octets of what a and b give. */
static void
digest(size_t rate, uint8_t suffix, struct slice a, struct slice b,
    uint8_t *out, size_t n)
{
	struct kem_keccak_one s;

	kem_keccak_start(&s, rate);
	kem_keccak_absorb(&s, a);
	kem_keccak_absorb(&s, b);
	pad(&s, suffix);
	kem_keccak_squeeze(&s, out, n);
	secret_wipe(&s, sizeof(s));
}

void
kem_keccak_sha3_256(struct slice a, struct slice b, uint8_t out[32])
{
	digest(200 - 2 * 32, SUFFIX_SHA3, a, b, out, 32);
}

void
kem_keccak_sha3_512(struct slice a, struct slice b, uint8_t out[64])
{
	digest(200 - 2 * 64, SUFFIX_SHA3, a, b, out, 64);
}

void
kem_keccak_shake256(struct slice a, struct slice b, uint8_t *out, size_t n)
{
	digest(KECCAK_RATE_SHAKE256, SUFFIX_SHAKE, a, b, out, n);
}

/* ---- four states ---- */

void
kem_keccak_four_start(struct kem_keccak_four *f, size_t rate, struct slice head,
    const uint8_t tail[4][2], size_t tail_n)
{
	uint8_t block[KECCAK_RATE_SHAKE128];

	must(rate <= sizeof(block) && head.n + tail_n < rate && tail_n <= 2);
	memset(f, 0, sizeof(*f));
	f->rate = rate;
	for (size_t k = 0; k < 4; k++) {
		memset(block, 0, sizeof(block));
		memcpy(block, head.p, head.n);
		memcpy(block + head.n, tail[k], tail_n);
		block[head.n + tail_n] = SUFFIX_SHAKE;
		block[rate - 1] |= 0x80;
		for (size_t i = 0; i < rate / 8; i++)
			f->lane[i][k] = load_le64(block + 8 * i);
	}
	secret_wipe(block, sizeof(block));
}

void
kem_keccak_four_next(struct kem_keccak_four *f,
    uint8_t out[4][KECCAK_RATE_SHAKE128])
{
	permute_four(f);
	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < f->rate / 8; i++)
			store_le64(out[k] + 8 * i, f->lane[i][k]);
}
