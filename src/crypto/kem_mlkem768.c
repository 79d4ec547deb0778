#include "kem_mlkem768.h"

#include "sallyport/crypto/secret.h"

#include "kem_keccak.h"
#include "vector.h"

#define Q          3329
#define Q_INVERSE  (-3327) /* of Q modulo 2^16 */
#define K          3
#define N          256
#define POLY_12    384 /* octets of a polynomial, 12 bits a coefficient */
#define POLY_10    320
#define POLY_4     128
#define MONT_R     1353 /* 2^32 mod Q: brings a value into Montgomery form */
#define MONT_N     1441 /* 2^32 / 128 mod Q: the same, and ends the NTT */
#define NOISE_SIZE 128  /* octets that make one polynomial with eta 2 */
#define EVERY_2ND  UINT64_C(0x5555555555555555)
#define TWO_OF_4   UINT64_C(0x3333333333333333)
#define TWO_IN_4   UINT64_C(0x2222222222222222)

/*
 * A polynomial of 256 coefficients as a square. In its plain form, coefficient
 * i stands in row i / 16, column i % 16, so that the first four layers of the
 * NTT pair whole rows. The square is turned then (row i % 16, column i / 16),
 * so that the last three layers and the products of NTT forms do so too: every
 * loop below has 16 equal steps, which compilers make vectors of.
 *
 * Coefficients are signed and not fully reduced; each step says its bound.
 */
struct poly {
	int16_t c[16][16] __attribute__((aligned(32)));
};

/*
 * Powers of 17 in Montgomery form, FIPS 203 appendix A. Row 0: entries 1 to 15
 * for the layers that pair rows of the plain form. Row 1, rows 2 and 3, rows 4
 * to 7: for the layers of the turned form, a lane for each column.
 */
static const int16_t zetas[8][16] = {
    {-1044, -758, -359, -1517, 1493, 1422, 287, 202, -171, 622, 1577, 182, 962,
	-1202, -1474, 1468},
    {573, -1325, 264, 383, -829, 1458, -1602, -130, -681, 1017, 732, 608, -1542,
	411, -205, -1571},
    {1223, -552, -1293, -282, 516, -320, -1618, 126, -853, -271, 107, -247,
	-398, -1508, 448, 677},
    {652, 1015, 1491, -1544, -8, -666, -1162, 1469, -90, 830, -1421, -951, 961,
	-725, -1065, -1275},
    {-1103, -1251, 422, -291, -246, -777, -1590, 418, 817, 1322, -1215, -874,
	-1185, -1510, -108, 958},
    {430, 871, 587, -460, 778, 1483, 644, 329, 1097, -1285, -136, 220, -1530,
	-854, -308, -1460},
    {555, 1550, 177, 1574, 1159, -602, -872, -156, 603, -1465, 1218, -1187,
	-1278, -870, 996, 1522},
    {843, 105, -235, 1653, -147, 1119, 349, -75, 610, 384, -1335, -1659, 794,
	478, 991, 1628},
};

/* Their inverses */
static const int16_t zetas_inverse[8][16] = {
    {-1044, 758, 1517, 359, -202, -287, -1422, -1493, -1468, 1474, 1202, -962,
	-182, -1577, -622, 171},
    {1571, 205, -411, 1542, -608, -732, -1017, 681, 130, 1602, -1458, 829, -383,
	-264, 1325, -573},
    {1275, 1065, 725, -961, 951, 1421, -830, 90, -1469, 1162, 666, 8, 1544,
	-1491, -1015, -652},
    {-677, -448, 1508, 398, 247, -107, 271, 853, -126, 1618, 320, -516, 282,
	1293, 552, -1223},
    {-1628, -991, -478, -794, 1659, 1335, -384, -610, 75, -349, -1119, 147,
	-1653, 235, -105, -843},
    {-1522, -996, 870, 1278, 1187, -1218, 1465, -603, 156, 872, 602, -1159,
	-1574, -177, -1550, -555},
    {1460, 308, 854, 1530, -220, 136, 1285, -1097, -329, -644, -1483, -778, 460,
	-587, -871, -430},
    {-958, 108, 1510, 1185, 874, 1215, -1322, -817, -418, 1590, 777, 246, 291,
	-422, 1251, 1103},
};

/* ---- arithmetic modulo Q ---- */

/* a b / 2^16 modulo Q, within (-Q, Q), where |a b| < 2^15 Q. */
ALWAYS_INLINE int16_t
mont(int16_t a, int16_t b)
{
	int16_t low = (int16_t)(a * (int16_t)(b * Q_INVERSE));

	return (int16_t)(((a * b) >> 16) - ((low * Q) >> 16));
}

/* The same value within (-Q, Q); 20159 is 2^26 / Q. */
ALWAYS_INLINE int16_t
reduce(int16_t a)
{
	int16_t times = (int16_t)((((a * 20159) >> 16) + 512) >> 10);

	return (int16_t)(a - times * Q);
}

static void
poly_reduce(struct poly *p)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] = reduce(p->c[i][j]);
}

/* Within [0, Q), as octets are made of them. */
static void
poly_canonical(struct poly *p)
{
	for (unsigned int i = 0; i < 16; i++) {
		for (unsigned int j = 0; j < 16; j++) {
			int16_t r = reduce(p->c[i][j]);

			p->c[i][j] = (int16_t)(r + ((r >> 15) & Q));
		}
	}
}

static void
poly_add(struct poly *p, const struct poly *restrict other)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] = (int16_t)(p->c[i][j] + other->c[i][j]);
}

static void
poly_scale(struct poly *p, int16_t factor)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] = mont(p->c[i][j], factor);
}

/* ---- the transform, FIPS 203 §4.3 ---- */

static void
poly_turn(struct poly *p)
{
	for (unsigned int i = 0; i < 16; i++) {
		for (unsigned int j = 0; j < i; j++) {
			int16_t t = p->c[i][j];

			p->c[i][j] = p->c[j][i];
			p->c[j][i] = t;
		}
	}
}

/* Rows a and b, one zeta for all lanes. */
ALWAYS_INLINE void
forward_one(int16_t *restrict a, int16_t *restrict b, int16_t zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int16_t t = mont(b[l], zeta);

		b[l] = (int16_t)(a[l] - t);
		a[l] = (int16_t)(a[l] + t);
	}
}

/* Rows a and b, each lane its own zeta. */
ALWAYS_INLINE void
forward_lanes(int16_t *restrict a, int16_t *restrict b,
    const int16_t *restrict zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int16_t t = mont(b[l], zeta[l]);

		b[l] = (int16_t)(a[l] - t);
		a[l] = (int16_t)(a[l] + t);
	}
}

ALWAYS_INLINE void
inverse_one(int16_t *restrict a, int16_t *restrict b, int16_t zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int16_t t = (int16_t)(a[l] - b[l]);

		a[l] = (int16_t)(a[l] + b[l]);
		b[l] = mont(t, zeta);
	}
}

ALWAYS_INLINE void
inverse_lanes(int16_t *restrict a, int16_t *restrict b,
    const int16_t *restrict zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int16_t t = (int16_t)(a[l] - b[l]);

		a[l] = (int16_t)(a[l] + b[l]);
		b[l] = mont(t, zeta[l]);
	}
}

/*
 * Algorithm 9, plain to turned. In: below Q. Each of seven layers adds Q at
 * most, which 16 bits hold. Out: within (-Q, Q).
 */
static void
poly_ntt(struct poly *p)
{
	unsigned int k = 1, t = 1;

	for (unsigned int len = 8; len >= 1; len /= 2)
		for (unsigned int at = 0; at < 16; at += 2 * len, k++)
			for (unsigned int j = at; j < at + len; j++)
				forward_one(p->c[j], p->c[j + len],
				    zetas[0][k]);
	poly_turn(p);
	for (unsigned int len = 8; len >= 2; len /= 2)
		for (unsigned int at = 0; at < 16; at += 2 * len, t++)
			for (unsigned int j = at; j < at + len; j++)
				forward_lanes(p->c[j], p->c[j + len], zetas[t]);
	poly_reduce(p);
}

/*
 * Algorithm 10, turned to plain, for what poly_multiply_add gave: takes its
 * missing factor 2^16 back as well. A layer doubles the bound at most, so
 * reducing before the first and after the third keeps it below 8 Q. Out:
 * within (-Q, Q).
 */
static void
poly_ntt_inverse(struct poly *p)
{
	poly_reduce(p);
	for (unsigned int len = 2; len <= 8; len *= 2)
		for (unsigned int at = 0, t = 8 / len; at < 16;
		     at += 2 * len, t++)
			for (unsigned int j = at; j < at + len; j++)
				inverse_lanes(p->c[j], p->c[j + len],
				    zetas_inverse[t]);
	poly_turn(p);
	poly_reduce(p);
	for (unsigned int len = 1; len <= 8; len *= 2)
		for (unsigned int at = 0, k = 8 / len; at < 16;
		     at += 2 * len, k++)
			for (unsigned int j = at; j < at + len; j++)
				inverse_one(p->c[j], p->c[j + len],
				    zetas_inverse[0][k]);
	poly_scale(p, MONT_N);
}

/*
 * sum += a b / 2^16, all in NTT form (algorithms 11 and 12). a and b within
 * (-Q, Q); adds less than 2 Q, so three fit.
 */
static void
poly_multiply_add(struct poly *restrict sum, const struct poly *restrict a,
    const struct poly *restrict b)
{
	for (unsigned int i = 0; i < 16; i += 2) {
		const int16_t *restrict gamma = zetas[4 + i / 4];
		const int16_t *restrict a0 = a->c[i], *restrict a1 =
							  a->c[i + 1];
		const int16_t *restrict b0 = b->c[i], *restrict b1 =
							  b->c[i + 1];
		int16_t *restrict even = sum->c[i];
		int16_t *restrict odd = sum->c[i + 1];
		int16_t sign = i % 4 == 0 ? 1 : -1;

		for (unsigned int l = 0; l < 16; l++) {
			int16_t high = mont(mont(a1[l], b1[l]), gamma[l]);

			even[l] = (int16_t)(even[l] + mont(a0[l], b0[l]) +
					    sign * high);
			odd[l] = (int16_t)(odd[l] + mont(a0[l], b1[l]) +
					   mont(a1[l], b0[l]));
		}
	}
}

/* ---- octets, FIPS 203 §4.2.1 ---- */

/* NTT form, 12 bits a coefficient. Encoding leaves coefficients canonical. */
static void
encode_12(struct poly *p, uint8_t out[POLY_12])
{
	poly_canonical(p);
	for (unsigned int i = 0; i < N; i += 2, out += 3) {
		int a = p->c[i % 16][i / 16], b = p->c[i % 16 + 1][i / 16];

		out[0] = (uint8_t)a;
		out[1] = (uint8_t)(a >> 8 | b << 4);
		out[2] = (uint8_t)(b >> 4);
	}
}

/* False where a coefficient isn't below Q (§7.2). */
static bool
decode_12(struct poly *p, const uint8_t in[POLY_12])
{
	uint16_t over = 0;

	for (unsigned int i = 0; i < N; i += 2, in += 3) {
		uint16_t a = (uint16_t)(in[0] | (in[1] & 15) << 8);
		uint16_t b = (uint16_t)(in[1] >> 4 | in[2] << 4);

		over |= (uint16_t)((Q - 1 - a) | (Q - 1 - b));
		p->c[i % 16][i / 16] = (int16_t)a;
		p->c[i % 16 + 1][i / 16] = (int16_t)b;
	}
	return over >> 15 == 0;
}

/*
 * round(2^d / Q a) mod 2^d without a division, for a within [0, Q): 20642679 is
 * 2^36 / Q.
 */
ALWAYS_INLINE uint16_t
compress(int16_t a, unsigned int d)
{
	uint64_t x = ((uint64_t)a << d) + Q / 2;

	return (uint16_t)((x * 20642679 >> 36) & ((1u << d) - 1));
}

ALWAYS_INLINE int16_t
decompress(unsigned int x, unsigned int d)
{
	return (int16_t)((x * Q + (1u << (d - 1))) >> d);
}

static void
encode_10(struct poly *p, uint8_t out[POLY_10])
{
	const int16_t *c = &p->c[0][0];

	poly_canonical(p);
	for (unsigned int i = 0; i < N; i += 4, out += 5) {
		uint64_t four = compress(c[i], 10) |
				(uint64_t)compress(c[i + 1], 10) << 10 |
				(uint64_t)compress(c[i + 2], 10) << 20 |
				(uint64_t)compress(c[i + 3], 10) << 30;

		for (unsigned int k = 0; k < 5; k++)
			out[k] = (uint8_t)(four >> (8 * k));
	}
}

static void
decode_10(struct poly *p, const uint8_t in[POLY_10])
{
	int16_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < N; i += 4, in += 5) {
		uint64_t four = load_le32(in) | (uint64_t)in[4] << 32;

		for (unsigned int k = 0; k < 4; k++)
			c[i + k] = decompress(four >> (10 * k) & 1023, 10);
	}
}

static void
encode_4(struct poly *p, uint8_t out[POLY_4])
{
	const int16_t *c = &p->c[0][0];

	poly_canonical(p);
	for (unsigned int i = 0; i < N; i += 2)
		out[i / 2] =
		    (uint8_t)(compress(c[i], 4) | compress(c[i + 1], 4) << 4);
}

static void
decode_4(struct poly *p, const uint8_t in[POLY_4])
{
	int16_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < N; i += 2) {
		c[i] = decompress(in[i / 2] & 15, 4);
		c[i + 1] = decompress(in[i / 2] >> 4, 4);
	}
}

/* A message's bits as coefficients 0 and Q / 2, added to p. */
static void
add_message(struct poly *p, const uint8_t m[32])
{
	int16_t *c = &p->c[0][0];

	for (unsigned int i = 0; i < N; i++) {
		uint32_t bit = vector_opaque(m[i / 8] >> (i % 8) & 1);

		c[i] = (int16_t)(c[i] + (int16_t)(bit * ((Q + 1) / 2)));
	}
}

static void
read_message(struct poly *p, uint8_t m[32])
{
	const int16_t *c = &p->c[0][0];

	memset(m, 0, 32);
	poly_canonical(p);
	for (unsigned int i = 0; i < N; i++)
		m[i / 8] |= (uint8_t)(compress(c[i], 1) << (i % 8));
}

/* ---- sampling, FIPS 203 §4.2.2 ---- */

/* Take coefficients of the NTT form from a block, algorithm 7; n are there. */
static unsigned int
take_uniform(struct poly *p, unsigned int n,
    const uint8_t in[KECCAK_RATE_SHAKE128])
{
	for (unsigned int i = 0; i < KECCAK_RATE_SHAKE128; i += 3) {
		unsigned int a = in[i] | (in[i + 1] & 15u) << 8;
		unsigned int b = in[i + 1] >> 4 | (unsigned int)in[i + 2] << 4;

		/* Written always, kept where it is below Q: no guessing */
		if (n == N)
			break;
		p->c[n % 16][n / 16] = (int16_t)a;
		n += a < Q;
		if (n == N)
			break;
		p->c[n % 16][n / 16] = (int16_t)b;
		n += b < Q;
	}
	return n;
}

/* Row i, column j of the matrix is matrix[3 i + j]; four at a time. */
static void
sample_matrix(struct poly matrix[K * K], const uint8_t rho[32])
{
	uint8_t block[4][KECCAK_RATE_SHAKE128];
	struct kem_keccak_four f;

	for (unsigned int at = 0; at < K * K; at += 4) {
		unsigned int n[4] = {0, 0, 0, 0};
		unsigned int use = K * K - at < 4 ? K * K - at : 4;
		uint8_t tail[4][2] = {{0}};
		bool full = false;

		for (unsigned int k = 0; k < use; k++) {
			tail[k][0] = (uint8_t)((at + k) % K);
			tail[k][1] = (uint8_t)((at + k) / K);
		}
		kem_keccak_four_start(&f, KECCAK_RATE_SHAKE128,
		    slice_make(rho, 32), tail, 2);
		while (!full) {
			kem_keccak_four_next(&f, block);
			full = true;
			for (unsigned int k = 0; k < use; k++) {
				n[k] = take_uniform(&matrix[at + k], n[k],
				    block[k]);
				full = full && n[k] == N;
			}
		}
	}
}

/*
 * Algorithm 8 with eta 2: a coefficient is the difference of two sums of two
 * bits. It is made for eight at once, in four bits each and with 2 added.
 */
static void
take_binomial(struct poly *p, const uint8_t in[NOISE_SIZE])
{
	int16_t *c = &p->c[0][0];
	uint8_t pairs[NOISE_SIZE];

	for (unsigned int i = 0; i < NOISE_SIZE; i += 8) {
		uint64_t bits = load_le64(in + i);
		uint64_t sums = (bits & EVERY_2ND) + (bits >> 1 & EVERY_2ND);

		store_le64(pairs + i,
		    (sums & TWO_OF_4) + TWO_IN_4 - (sums >> 2 & TWO_OF_4));
	}
	for (unsigned int i = 0; i < NOISE_SIZE; i++) {
		c[2 * i] = (int16_t)((pairs[i] & 15) - 2);
		c[2 * i + 1] = (int16_t)((pairs[i] >> 4) - 2);
	}
	secret_wipe(pairs, sizeof(pairs));
}

/* count polynomials of noise, counters from 0 on. */
static void
sample_noise(struct poly *noise, unsigned int count, const uint8_t seed[32])
{
	uint8_t block[4][KECCAK_RATE_SHAKE128];
	struct kem_keccak_four f;

	for (unsigned int at = 0; at < count; at += 4) {
		uint8_t tail[4][2] = {{(uint8_t)at}, {(uint8_t)(at + 1)},
		    {(uint8_t)(at + 2)}, {(uint8_t)(at + 3)}};

		kem_keccak_four_start(&f, KECCAK_RATE_SHAKE256,
		    slice_make(seed, 32), tail, 1);
		kem_keccak_four_next(&f, block);
		for (unsigned int k = 0; k < 4 && at + k < count; k++)
			take_binomial(&noise[at + k], block[k]);
	}
	secret_wipe(&f, sizeof(f));
	secret_wipe(block, sizeof(block));
}

/* ---- the component scheme, FIPS 203 §5 ---- */

/* Algorithm 13: the public key, and s in NTT form. */
static void
pke_keypair(const uint8_t d[32], uint8_t public[MLKEM768_PUBLIC],
    uint8_t secret[K * POLY_12])
{
	static const uint8_t parameter[1] = {K};
	struct {
		uint8_t seeds[64]; /* rho, sigma */
		struct poly matrix[K * K];
		struct poly noise[2 * K]; /* s, e */
		struct poly t;
	} w;

	kem_keccak_sha3_512(slice_make(d, 32), slice_make(parameter, 1),
	    w.seeds);
	sample_matrix(w.matrix, w.seeds);
	sample_noise(w.noise, 2 * K, w.seeds + 32);
	for (unsigned int i = 0; i < 2 * K; i++)
		poly_ntt(&w.noise[i]);
	for (unsigned int i = 0; i < K; i++) {
		memset(&w.t, 0, sizeof(w.t));
		for (unsigned int j = 0; j < K; j++)
			poly_multiply_add(&w.t, &w.matrix[K * i + j],
			    &w.noise[j]);
		poly_scale(&w.t, MONT_R);
		poly_add(&w.t, &w.noise[K + i]);
		encode_12(&w.t, public + i * POLY_12);
		encode_12(&w.noise[i], secret + i * POLY_12);
	}
	memcpy(public + K * POLY_12, w.seeds, 32);
	secret_wipe(&w, sizeof(w));
}

/* Algorithm 14. False: the key isn't reduced modulo Q. */
static bool
pke_encrypt(const uint8_t public[MLKEM768_PUBLIC], const uint8_t m[32],
    const uint8_t seed[32], uint8_t ciphertext[MLKEM768_CIPHERTEXT])
{
	struct {
		struct poly matrix[K * K];
		struct poly noise[2 * K + 1]; /* y, e1, e2 */
		struct poly t;
		struct poly u;
		struct poly v;
	} w;
	bool good = true;

	sample_matrix(w.matrix, public + K * POLY_12);
	sample_noise(w.noise, 2 * K + 1, seed);
	memset(&w.v, 0, sizeof(w.v));
	for (unsigned int i = 0; i < K; i++) {
		good = decode_12(&w.t, public + i * POLY_12) && good;
		poly_ntt(&w.noise[i]);
		poly_multiply_add(&w.v, &w.t, &w.noise[i]);
	}
	for (unsigned int i = 0; i < K; i++) {
		memset(&w.u, 0, sizeof(w.u));
		for (unsigned int j = 0; j < K; j++)
			poly_multiply_add(&w.u, &w.matrix[K * j + i],
			    &w.noise[j]);
		poly_ntt_inverse(&w.u);
		poly_add(&w.u, &w.noise[K + i]);
		encode_10(&w.u, ciphertext + i * POLY_10);
	}
	poly_ntt_inverse(&w.v);
	poly_add(&w.v, &w.noise[2 * K]);
	add_message(&w.v, m);
	encode_4(&w.v, ciphertext + K * POLY_10);
	secret_wipe(&w, sizeof(w));
	return good;
}

/* Algorithm 15. */
static void
pke_decrypt(const uint8_t secret[K * POLY_12],
    const uint8_t ciphertext[MLKEM768_CIPHERTEXT], uint8_t m[32])
{
	struct {
		struct poly s, u, v, w;
	} w;

	memset(&w.w, 0, sizeof(w.w));
	for (unsigned int i = 0; i < K; i++) {
		/* Our own key: reduced, or the answer is as wrong as it. */
		(void)decode_12(&w.s, secret + i * POLY_12);
		decode_10(&w.u, ciphertext + i * POLY_10);
		poly_ntt(&w.u);
		poly_multiply_add(&w.w, &w.s, &w.u);
	}
	poly_ntt_inverse(&w.w);
	decode_4(&w.v, ciphertext + K * POLY_10);
	for (unsigned int i = 0; i < N; i++)
		(&w.v.c[0][0])[i] =
		    (int16_t)((&w.v.c[0][0])[i] - (&w.w.c[0][0])[i]);
	read_message(&w.v, m);
	secret_wipe(&w, sizeof(w));
}

/* ---- the mechanism, FIPS 203 §6 ---- */

enum err
kem_mlkem768_keypair_from(const uint8_t seed[64], uint8_t *public,
    uint8_t *secret)
{
	uint8_t *own = secret + K * POLY_12;

	pke_keypair(seed, public, secret);
	memcpy(own, public, MLKEM768_PUBLIC);
	kem_keccak_sha3_256(slice_make(public, MLKEM768_PUBLIC), SLICE_NONE,
	    own + MLKEM768_PUBLIC);
	memcpy(own + MLKEM768_PUBLIC + 32, seed + 32, 32);
	return OK;
}

enum err
kem_mlkem768_encapsulate_from(struct slice public, const uint8_t m[32],
    uint8_t *ciphertext, uint8_t *shared)
{
	uint8_t hash[32], keys[64]; /* shared secret, seed of the noise */
	bool good;

	if (public.n != MLKEM768_PUBLIC)
		return ERR_PUBLIC_VALUE;
	kem_keccak_sha3_256(public, SLICE_NONE, hash);
	kem_keccak_sha3_512(slice_make(m, 32), SLICE_OF(hash), keys);
	good = pke_encrypt(public.p, m, keys + 32, ciphertext);
	memcpy(shared, keys, KEM_SHARED);
	secret_wipe(keys, sizeof(keys));
	if (good)
		return OK;
	secret_wipe(shared, KEM_SHARED);
	return ERR_PUBLIC_VALUE;
}

void
kem_mlkem768_decapsulate(const uint8_t secret[MLKEM768_SECRET],
    const uint8_t ciphertext[MLKEM768_CIPHERTEXT], uint8_t shared[KEM_SHARED])
{
	const uint8_t *public = secret + K * POLY_12;
	const uint8_t *hash = public + MLKEM768_PUBLIC, *z = hash + 32;
	struct {
		uint8_t m[32], keys[64], refusal[32];
		uint8_t again[MLKEM768_CIPHERTEXT];
	} w;
	uint32_t same, mask;

	pke_decrypt(secret, ciphertext, w.m);
	kem_keccak_sha3_512(SLICE_OF(w.m), slice_make(hash, 32), w.keys);
	kem_keccak_shake256(slice_make(z, 32),
	    slice_make(ciphertext, MLKEM768_CIPHERTEXT), w.refusal, 32);
	(void)pke_encrypt(public, w.m, w.keys + 32, w.again);
	same = secret_equal(w.again, ciphertext, sizeof(w.again));
	mask = 0 - vector_opaque(same);
	for (unsigned int i = 0; i < KEM_SHARED; i++)
		shared[i] =
		    (uint8_t)((w.keys[i] & mask) | (w.refusal[i] & ~mask));
	secret_wipe(&w, sizeof(w));
}
