#include "mldsa44_poly.h"

#define Q         MLDSA44_Q
#define Q_INVERSE 58728449 /* of Q modulo 2^32 */
#define MONT_N    41978    /* 2^64 / 256 mod Q: ends the inverse NTT */

/*
 * Powers of 1753 in Montgomery form, FIPS 204 appendix B. Row 0: entries 1 to
 * 15 for the layers that pair rows of the plain form. Row 1, rows 2 and 3, rows
 * 4 to 7, rows 8 to 15: for the layers of the turned form, a lane for each
 * column.
 */
static const int32_t zetas[16][16] = {
    {-4186625, 25847, -2608894, -518909, 237124, -777960, -876248, 466468,
	1826347, 2353451, -359251, -2091905, 3119733, -2884855, 3111497,
	2680103},
    {2725464, 1024112, -1079900, 3585928, -549488, -1119584, 2619752, -2108549,
	-2118186, -3859737, -1399561, -3277672, 1757237, -19422, 4010497,
	280005},
    {2706023, 3077325, -1661693, -2537516, -3861115, 3574422, 3539968, 2348700,
	-1699267, 3505694, 3507263, -1600420, 811944, 954230, 3900724, 2071892},
    {95776, 3530437, -3592148, 3915439, -3043716, -2867647, -300467, -539299,
	-1643818, -3821735, -2140649, 3699596, 531354, 3881043, -2556880,
	-2797779},
    {-3930395, -1452451, -1257611, -3190144, 3412210, -2967645, -671102,
	-381987, -3343383, 44288, -3724342, 2389356, 189548, -2409325, 1285669,
	-3019102},
    {-1528703, 3475950, 1939314, -3157330, -983419, -3693493, -1228525, 1349076,
	264944, -1100098, -8578, -210977, -3553272, -177440, -1584928,
	-3881060},
    {-3677745, 2176455, -4083598, -3632928, 2147896, -411027, -22981, 1852771,
	508951, 904516, 1653064, 759969, 3159746, 1315589, -812732, -3628969},
    {-3041255, -1585221, -1000202, 126922, 2715295, -2477047, -1308169,
	-1430430, 3097992, 3958618, -3249728, -1316856, -1851402, 1341330,
	-1439742, 3839961},
    {2091667, 266997, 900702, -655327, 342297, 2842341, -3767016, -1333058,
	-1279661, -542412, -2013608, -3183426, -3038916, -426683, -2939036,
	-554416},
    {3407706, 2434439, 1859098, -3122442, 286988, 2691481, 1250494, 1237275,
	1917081, -2831860, 2432395, 162844, 3523897, 1723600, -2235985,
	3919660},
    {2316500, -1235728, 909542, 2031748, -2437823, -2590150, 2635921, -3318210,
	-2546312, -1671176, 2454455, 1616392, 3866901, -1803090, -420899,
	-48306},
    {3817976, 3513181, 819034, 3207046, 4108315, 1265009, -3548272, -1430225,
	-1374803, -1846953, -164721, 3014001, 269760, 1910376, -2286327,
	-1362209},
    {-3342478, -3520352, 495491, -3556995, 3437287, 4055324, -2994039, -451100,
	1500165, -2584293, 1957272, 810149, 2213111, -1667432, 183443, 3937738},
    {2244091, -3759364, -1613174, -525098, -3342277, 1247620, 1869119, 1312455,
	777191, -3724270, 3369112, 1652634, -975884, -1104333, -976891,
	1400424},
    {-2446433, -1197226, -43260, -768622, 1735879, 2486353, 1903435, 3306115,
	2235880, 594136, 185531, -3694233, 1717735, -260646, 1612842, -846154},
    {-3562462, -3193378, -522500, -3595838, 203044, 1595974, -1050970, -1962642,
	3406031, -3776993, -1207385, -1799107, 472078, -3833893, -3545687,
	1976782},
};

/* Their inverses */
static const int32_t zetas_inverse[16][16] = {
    {-4186625, -25847, 518909, 2608894, -466468, 876248, 777960, -237124,
	-2680103, -3111497, 2884855, -3119733, 2091905, 359251, -2353451,
	-1826347},
    {-280005, -4010497, 19422, -1757237, 3277672, 1399561, 3859737, 2118186,
	2108549, -2619752, 1119584, 549488, -3585928, 1079900, -1024112,
	-2725464},
    {2797779, 2556880, -3881043, -531354, -3699596, 2140649, 3821735, 1643818,
	539299, 300467, 2867647, 3043716, -3915439, 3592148, -3530437, -95776},
    {-2071892, -3900724, -954230, -811944, 1600420, -3507263, -3505694, 1699267,
	-2348700, -3539968, -3574422, 3861115, 2537516, 1661693, -3077325,
	-2706023},
    {-3839961, 1439742, -1341330, 1851402, 1316856, 3249728, -3958618, -3097992,
	1430430, 1308169, 2477047, -2715295, -126922, 1000202, 1585221,
	3041255},
    {3628969, 812732, -1315589, -3159746, -759969, -1653064, -904516, -508951,
	-1852771, 22981, 411027, -2147896, 3632928, 4083598, -2176455, 3677745},
    {3881060, 1584928, 177440, 3553272, 210977, 8578, 1100098, -264944,
	-1349076, 1228525, 3693493, 983419, 3157330, -1939314, -3475950,
	1528703},
    {3019102, -1285669, 2409325, -189548, -2389356, 3724342, -44288, 3343383,
	381987, 671102, 2967645, -3412210, 3190144, 1257611, 1452451, 3930395},
    {-1976782, 3545687, 3833893, -472078, 1799107, 1207385, 3776993, -3406031,
	1962642, 1050970, -1595974, -203044, 3595838, 522500, 3193378, 3562462},
    {846154, -1612842, 260646, -1717735, 3694233, -185531, -594136, -2235880,
	-3306115, -1903435, -2486353, -1735879, 768622, 43260, 1197226,
	2446433},
    {-1400424, 976891, 1104333, 975884, -1652634, -3369112, 3724270, -777191,
	-1312455, -1869119, -1247620, 3342277, 525098, 1613174, 3759364,
	-2244091},
    {-3937738, -183443, 1667432, -2213111, -810149, -1957272, 2584293, -1500165,
	451100, 2994039, -4055324, -3437287, 3556995, -495491, 3520352,
	3342478},
    {1362209, 2286327, -1910376, -269760, -3014001, 164721, 1846953, 1374803,
	1430225, 3548272, -1265009, -4108315, -3207046, -819034, -3513181,
	-3817976},
    {48306, 420899, 1803090, -3866901, -1616392, -2454455, 1671176, 2546312,
	3318210, -2635921, 2590150, 2437823, -2031748, -909542, 1235728,
	-2316500},
    {-3919660, 2235985, -1723600, -3523897, -162844, -2432395, 2831860,
	-1917081, -1237275, -1250494, -2691481, -286988, 3122442, -1859098,
	-2434439, -3407706},
    {554416, 2939036, 426683, 3038916, 3183426, 2013608, 542412, 1279661,
	1333058, 3767016, -2842341, -342297, 655327, -900702, -266997,
	-2091667},
};

/* ---- arithmetic modulo Q ---- */

ALWAYS_INLINE int32_t
high(int32_t a, int32_t b)
{
	return (int32_t)((int64_t)a * b >> 32);
}

/* a b / 2^32 modulo Q, within (-Q, Q), where |a b| < 2^31 Q. */
ALWAYS_INLINE int32_t
mont(int32_t a, int32_t b)
{
	uint32_t low = (uint32_t)a * ((uint32_t)b * Q_INVERSE);

	return high(a, b) - high((int32_t)low, Q);
}

void
mldsa44_poly_canonical(struct mldsa44_poly *p)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] = mldsa44_poly_mod(p->c[i][j]);
}

void
mldsa44_poly_add(struct mldsa44_poly *p,
    const struct mldsa44_poly *restrict other)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] += other->c[i][j];
}

void
mldsa44_poly_take_from(struct mldsa44_poly *p,
    const struct mldsa44_poly *restrict other)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] = other->c[i][j] - p->c[i][j];
}

bool
mldsa44_poly_is_below(const struct mldsa44_poly *p, int32_t bound)
{
	int32_t below = -1;

	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			below &=
			    (p->c[i][j] - bound) | (Q - bound - p->c[i][j]);
	return below < 0;
}

/* ---- the transform, FIPS 204 §7.5 ---- */

static void
poly_turn(struct mldsa44_poly *p)
{
	for (unsigned int i = 0; i < 16; i++) {
		for (unsigned int j = 0; j < i; j++) {
			int32_t t = p->c[i][j];

			p->c[i][j] = p->c[j][i];
			p->c[j][i] = t;
		}
	}
}

/* Rows a and b, one zeta for all lanes. */
ALWAYS_INLINE void
forward_one(int32_t *restrict a, int32_t *restrict b, int32_t zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int32_t t = mont(b[l], zeta);

		b[l] = a[l] - t;
		a[l] += t;
	}
}

/* Rows a and b, each lane its own zeta. */
ALWAYS_INLINE void
forward_lanes(int32_t *restrict a, int32_t *restrict b,
    const int32_t *restrict zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int32_t t = mont(b[l], zeta[l]);

		b[l] = a[l] - t;
		a[l] += t;
	}
}

ALWAYS_INLINE void
inverse_one(int32_t *restrict a, int32_t *restrict b, int32_t zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int32_t t = a[l] - b[l];

		a[l] += b[l];
		b[l] = mont(t, zeta);
	}
}

ALWAYS_INLINE void
inverse_lanes(int32_t *restrict a, int32_t *restrict b,
    const int32_t *restrict zeta)
{
	for (unsigned int l = 0; l < 16; l++) {
		int32_t t = a[l] - b[l];

		a[l] += b[l];
		b[l] = mont(t, zeta[l]);
	}
}

ALWAYS_INLINE void
forward(struct mldsa44_poly *p)
{
	unsigned int k = 1, t = 1;

	for (unsigned int len = 8; len >= 1; len /= 2)
		for (unsigned int at = 0; at < 16; at += 2 * len, k++)
			for (unsigned int j = at; j < at + len; j++)
				forward_one(p->c[j], p->c[j + len],
				    zetas[0][k]);
	poly_turn(p);
	for (unsigned int len = 8; len >= 1; len /= 2)
		for (unsigned int at = 0; at < 16; at += 2 * len, t++)
			for (unsigned int j = at; j < at + len; j++)
				forward_lanes(p->c[j], p->c[j + len], zetas[t]);
}

ALWAYS_INLINE void
inverse(struct mldsa44_poly *p)
{
	for (unsigned int len = 1; len <= 8; len *= 2)
		for (unsigned int at = 0, t = 8 / len; at < 16;
		     at += 2 * len, t++)
			for (unsigned int j = at; j < at + len; j++)
				inverse_lanes(p->c[j], p->c[j + len],
				    zetas_inverse[t]);
	poly_turn(p);
	for (unsigned int len = 1; len <= 8; len *= 2)
		for (unsigned int at = 0, k = 8 / len; at < 16;
		     at += 2 * len, k++)
			for (unsigned int j = at; j < at + len; j++)
				inverse_one(p->c[j], p->c[j + len],
				    zetas_inverse[0][k]);
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] = mont(p->c[i][j], MONT_N);
}

/* sum = a[0] b[0] + … + a[n - 1] b[n - 1] */
ALWAYS_INLINE void
multiply(struct mldsa44_poly *restrict sum,
    const struct mldsa44_poly *restrict a,
    const struct mldsa44_poly *restrict b, unsigned int n)
{
	for (unsigned int i = 0; i < 16; i++) {
		for (unsigned int l = 0; l < 16; l++) {
			int32_t s = 0;

			for (unsigned int k = 0; k < n; k++)
				s += mont(a[k].c[i][l], b[k].c[i][l]);
			sum->c[i][l] = mldsa44_poly_reduce(s);
		}
	}
}

static void
forward_any(struct mldsa44_poly *p)
{
	forward(p);
}

FOR_AVX2 static void
forward_avx2(struct mldsa44_poly *p)
{
	forward(p);
}

static void
inverse_any(struct mldsa44_poly *p)
{
	inverse(p);
}

FOR_AVX2 static void
inverse_avx2(struct mldsa44_poly *p)
{
	inverse(p);
}

static void
multiply_any(struct mldsa44_poly *sum, const struct mldsa44_poly *a,
    const struct mldsa44_poly *b, unsigned int n)
{
	multiply(sum, a, b, n);
}

FOR_AVX2 static void
multiply_avx2(struct mldsa44_poly *sum, const struct mldsa44_poly *a,
    const struct mldsa44_poly *b, unsigned int n)
{
	multiply(sum, a, b, n);
}

/*
 * Algorithm 41, plain to turned. In: below Q. Each of eight layers adds Q at
 * most. Out: within 9 Q.
 */
void
mldsa44_poly_ntt(struct mldsa44_poly *p)
{
	if (vector_has_avx2())
		forward_avx2(p);
	else
		forward_any(p);
}

/*
 * Algorithm 42, turned to plain, for what mldsa44_poly_multiply gave: takes its missing
 * factor 2^32 back as well. In: within (-Q, Q); each layer doubles that at
 * most, and 256 Q is below 2^31. Out: within (-Q, Q).
 */
void
mldsa44_poly_ntt_inverse(struct mldsa44_poly *p)
{
	if (vector_has_avx2())
		inverse_avx2(p);
	else
		inverse_any(p);
}

/*
 * sum = (a[0] b[0] + … + a[n - 1] b[n - 1]) / 2^32, all in NTT form. a and b
 * within 9 Q. Out: within (-Q, Q).
 */
void
mldsa44_poly_multiply(struct mldsa44_poly *sum, const struct mldsa44_poly *a,
    const struct mldsa44_poly *b, unsigned int n)
{
	if (vector_has_avx2())
		multiply_avx2(sum, a, b, n);
	else
		multiply_any(sum, a, b, n);
}

/* ---- high and low bits, FIPS 204 §7.4 ---- */

void
mldsa44_poly_high(struct mldsa44_poly *p)
{
	int32_t low;

	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 16; j++)
			p->c[i][j] = mldsa44_poly_decompose(p->c[i][j], &low);
}

bool
mldsa44_poly_low_is_below(const struct mldsa44_poly *p, int32_t bound)
{
	int32_t below = -1, low;

	for (unsigned int i = 0; i < 16; i++) {
		for (unsigned int j = 0; j < 16; j++) {
			(void)mldsa44_poly_decompose(p->c[i][j], &low);
			below &= (low - bound) & (-bound - low);
		}
	}
	return below < 0;
}
