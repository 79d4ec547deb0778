#include "kem_sntrup761.h"

#include "sallyport/crypto/hash.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include "vector.h"

#define P       761
#define Q       4591
#define HALF_Q  2295
#define WEIGHT  286  /* coefficients of a short polynomial that aren't zero */
#define ROUNDED 1531 /* multiples of 3 modulo Q */

#define SMALL_OCTETS   191
#define ROUNDED_OCTETS 1007
#define HASH_OCTETS    32

/* What is hashed begins with an octet that says what for. */
enum hash_use {
	HASH_REFUSED = 0, /* the session's secret of a wrong ciphertext */
	HASH_SESSION = 1,
	HASH_CONFIRM = 2,
	HASH_SMALL = 3,
	HASH_PUBLIC = 4
};

/*
 * Polynomials are modulo x^761 - x - 1. Their coefficients are integers around
 * zero: -1 to 1 for small ones, -2295 to 2295 modulo Q.
 */

/* ---- arithmetic modulo Q and modulo 3 ---- */

struct field {
	int32_t modulus;
	int64_t inverse; /* 2^44 / modulus, rounded */
};

static const struct field mod_q = {Q, ((INT64_C(1) << 44) + HALF_Q) / Q};
static const struct field mod_3 = {3, ((INT64_C(1) << 44) + 1) / 3};

/* The nearest representative to zero; |v| < 2^27. */
ALWAYS_INLINE int16_t
reduce(int32_t v, struct field f)
{
	int64_t times = (v * f.inverse + (INT64_C(1) << 43)) >> 44;

	return (int16_t)(v - (int32_t)times * f.modulus);
}

/* 1 / v, by Fermat: the exponent isn't secret. */
static int16_t
invert(int16_t v, struct field f)
{
	int16_t power = 1;

	for (int32_t i = 0; i < f.modulus - 2; i++)
		power = reduce(power * v, f);
	return power;
}

/* All bits set where v isn't zero, in constant time. */
static int32_t
mask_nonzero(int32_t v)
{
	return -(int32_t)vector_opaque(((uint32_t)v | (0 - (uint32_t)v)) >> 31);
}

/* ---- the product ---- */

#define ROOM   1536 /* for 2 P - 1 coefficients, in whole stripes */
#define MARGIN 64   /* a stripe at most */
#define EAGER  14   /* products with a small factor that 16 bits surely hold */

typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef int16_t i16x16 __attribute__((vector_size(32)));

/*
 * Works the product out in stripes of four vectors, for vectors as wide as the
 * CPU's. padded is a with MARGIN zeros on either side, so that all steps are
 * alike; only places count, never values.
 */
#define ADD_PRODUCT(sum, from, factor)                                         \
	do {                                                                   \
		__typeof__(sum) v_;                                            \
		memcpy(&v_, (from), sizeof(v_));                               \
		(sum) += v_ * (factor);                                        \
	} while (0)
#define PRODUCT(vector, out, padded, b)                                        \
	do {                                                                   \
		enum { WIDTH = sizeof(vector) / 2, STRIPE = 4 * WIDTH };       \
		int16_t part[STRIPE];                                          \
		for (size_t at = 0; at < ROOM; at += STRIPE) {                 \
			size_t j = at < P ? 0 : at - P + 1;                    \
			size_t end = at + STRIPE < P ? at + STRIPE : P;        \
			while (j < end) {                                      \
				size_t stop =                                  \
				    j + EAGER < end ? j + EAGER : end;         \
				vector s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}; \
				for (; j < stop; j++) {                        \
					const int16_t *a =                     \
					    (padded) + MARGIN + at - j;        \
					ADD_PRODUCT(s0, a, (b)[j]);            \
					a += WIDTH;                            \
					ADD_PRODUCT(s1, a, (b)[j]);            \
					a += WIDTH;                            \
					ADD_PRODUCT(s2, a, (b)[j]);            \
					a += WIDTH;                            \
					ADD_PRODUCT(s3, a, (b)[j]);            \
				}                                              \
				memcpy(part, &s0, sizeof(s0));                 \
				memcpy(part + WIDTH, &s1, sizeof(s1));         \
				memcpy(part + 2 * WIDTH, &s2, sizeof(s2));     \
				memcpy(part + 3 * WIDTH, &s3, sizeof(s3));     \
				for (size_t i = 0; i < STRIPE; i++)            \
					(out)[at + i] += part[i];              \
			}                                                      \
		}                                                              \
	} while (0)

static void
product_any(int32_t *restrict out, const int16_t *padded, const int16_t b[P])
{
	PRODUCT(i16x8, out, padded, b);
}

FOR_AVX2 static void
product_avx2(int32_t *restrict out, const int16_t *padded, const int16_t b[P])
{
	PRODUCT(i16x16, out, padded, b);
}

/* out = a b modulo the field; b is small. */
static void
multiply(int16_t out[P], const int16_t a[P], const int16_t b[P], struct field f)
{
	int16_t padded[MARGIN + P + MARGIN] = {0};
	int32_t c[ROOM] = {0};

	memcpy(padded + MARGIN, a, P * sizeof(*a));
	if (vector_has_avx2())
		product_avx2(c, padded, b);
	else
		product_any(c, padded, b);
	/* x^761 is x + 1 */
	out[0] = reduce(c[0] + c[P], f);
	for (size_t i = 1; i < P; i++)
		out[i] = reduce(c[i] + c[i + P] + c[i + P - 1], f);
	secret_wipe(padded, sizeof(padded));
	secret_wipe(c, sizeof(c));
}

/* ---- the inverse ---- */

/* Bernstein and Yang's division steps: two pairs of polynomials, reversed */
struct steps {
	int16_t f[P + 1], g[P + 1]; /* the modulus, and what is inverted */
	int16_t v[P + 1], r[P + 1]; /* what they were made of */
	int32_t delta;
};

static void
swap_where(int32_t mask, int16_t a[P + 1], int16_t b[P + 1])
{
	for (size_t i = 0; i <= P; i++) {
		int16_t both = (int16_t)((a[i] ^ b[i]) & mask);

		a[i] ^= both;
		b[i] ^= both;
	}
}

/* b = f0 b - g0 a */
static void
eliminate(int16_t b[P + 1], const int16_t a[P + 1], int16_t f0, int16_t g0,
    struct field f)
{
	for (size_t i = 0; i <= P; i++)
		b[i] = reduce(f0 * b[i] - g0 * a[i], f);
}

static void
division_step(struct steps *s, struct field field)
{
	int32_t swap = mask_nonzero(s->g[0]) & ~((s->delta - 1) >> 31);
	int16_t f0, g0;

	memmove(s->v + 1, s->v, P * sizeof(s->v[0]));
	s->v[0] = 0;
	s->delta = 1 + (s->delta ^ (swap & (s->delta ^ -s->delta)));
	swap_where(swap, s->f, s->g);
	swap_where(swap, s->v, s->r);
	f0 = s->f[0];
	g0 = s->g[0];
	eliminate(s->g, s->f, f0, g0, field);
	eliminate(s->r, s->v, f0, g0, field);
	memmove(s->g, s->g + 1, P * sizeof(s->g[0]));
	s->g[P] = 0;
}

/* out = scale / a; false where a has no inverse. */
static bool
invert_poly(int16_t out[P], const int16_t a[P], int16_t scale,
    struct field field)
{
	struct steps s = {.f = {[0] = 1, [P - 1] = -1, [P] = -1},
	    .r = {scale},
	    .delta = 1};
	int16_t last;
	bool good;

	for (size_t i = 0; i < P; i++)
		s.g[P - 1 - i] = a[i];
	for (size_t i = 0; i < 2 * P - 1; i++)
		division_step(&s, field);
	last = invert(s.f[0], field);
	for (size_t i = 0; i < P; i++)
		out[i] = reduce(last * s.v[P - 1 - i], field);
	good = s.delta == 0;
	secret_wipe(&s, sizeof(s));
	return good;
}

/* ---- octets ---- */

/* Four small coefficients an octet */
static void
encode_small(uint8_t out[SMALL_OCTETS], const int16_t a[P])
{
	memset(out, 0, SMALL_OCTETS);
	for (size_t i = 0; i < P; i++)
		out[i / 4] |= (uint8_t)((a[i] + 1) << (2 * (i % 4)));
}

static void
decode_small(int16_t a[P], const uint8_t in[SMALL_OCTETS])
{
	for (size_t i = 0; i < P; i++)
		a[i] = (int16_t)((in[i / 4] >> (2 * (i % 4)) & 3) - 1);
}

/*
 * Mixed radix: numbers below a range are joined in pairs to numbers below its
 * square, which give off their low octets until the range is below 2^14;
 * then these are joined, till one is left. An odd last number goes up as it
 * is, so the last of a layer may have a range of its own.
 */
#define RADIX_LIMIT  16384
#define RADIX_LAYERS 11

struct layer {
	size_t n;
	uint32_t range, last; /* of numbers; of the last one */
	size_t octets;        /* that a pair gives off */
	size_t at;            /* where this layer's octets begin */
};

static uint32_t
range_cut(uint32_t range, size_t *octets)
{
	for (*octets = 0; range >= RADIX_LIMIT; ++*octets)
		range = (range + 255) >> 8;
	return range;
}

/* The layers for n numbers below range; how many. */
static size_t
radix_layers(struct layer layers[RADIX_LAYERS], size_t n, uint32_t range)
{
	struct layer next = {.n = n, .range = range, .last = range};
	size_t count = 0, last_octets;

	for (;; count++) {
		struct layer *l = &layers[count];
		size_t pairs = next.n / 2;

		*l = next;
		if (l->n == 1)
			return count + 1;
		next.n = (l->n + 1) / 2;
		next.range = range_cut(l->range * l->range, &l->octets);
		if (l->n % 2 == 0)
			next.last = range_cut(l->range * l->last, &last_octets);
		else
			last_octets = l->octets;
		next.at = l->at + (pairs - 1) * l->octets + last_octets;
	}
}

/* Range of the second number of the pair at i. */
static uint32_t
second_range(const struct layer *l, size_t i)
{
	return i + 2 == l->n ? l->last : l->range;
}

/* Uses up the numbers. Time depends on n and range alone. */
static void
encode_radix(uint8_t *out, uint16_t *numbers, size_t n, uint32_t range)
{
	struct layer layers[RADIX_LAYERS];
	const struct layer *l = layers;
	size_t octets;

	(void)radix_layers(layers, n, range);
	for (; l->n > 1; l++) {
		for (size_t i = 0; i + 1 < l->n; i += 2) {
			uint32_t v = numbers[i] + numbers[i + 1] * l->range;

			(void)range_cut(l->range * second_range(l, i), &octets);
			for (; octets > 0; octets--, v >>= 8)
				*out++ = (uint8_t)v;
			numbers[i / 2] = (uint16_t)v;
		}
		if (l->n % 2 == 1)
			numbers[l->n / 2] = numbers[l->n - 1];
	}
	*out++ = (uint8_t)numbers[0];
	if (l->last > 256)
		*out = (uint8_t)(numbers[0] >> 8);
}

/* Division by a number that stays the same, as a multiplication */
__extension__ typedef unsigned __int128 u128;

static inline uint32_t
divide(uint32_t v, uint64_t inverse)
{
	return (uint32_t)((u128)v * inverse >> 64);
}

/* What encode_radix gave; of other octets, something below range. Public. */
static void
decode_radix(uint16_t *numbers, const uint8_t *in, size_t n, uint32_t range)
{
	struct layer layers[RADIX_LAYERS];
	const struct layer *l = layers + radix_layers(layers, n, range) - 1;
	uint32_t top;
	size_t octets;

	top = in[l->at];
	if (l->last > 256)
		top |= (uint32_t)in[l->at + 1] << 8;
	numbers[0] = (uint16_t)(top % l->last);
	while (l > layers) {
		uint64_t inverse = UINT64_MAX / (--l)->range + 1;

		if (l->n % 2 == 1)
			numbers[l->n - 1] = numbers[l->n / 2];
		for (size_t i = l->n / 2 * 2; i > 0; i -= 2) {
			uint32_t second = second_range(l, i - 2), v, high;
			const uint8_t *low =
			    in + l->at + (i / 2 - 1) * l->octets;

			(void)range_cut(l->range * second, &octets);
			v = numbers[i / 2 - 1];
			while (octets > 0)
				v = v << 8 | low[--octets];
			high = divide(v, inverse);
			numbers[i - 2] = (uint16_t)(v - high * l->range);
			numbers[i - 1] =
			    (uint16_t)(i == l->n
					   ? high % second
					   : high - divide(high, inverse) *
							l->range);
		}
	}
}

static void
encode_public(uint8_t out[SNTRUP761_PUBLIC], const int16_t h[P])
{
	uint16_t numbers[P];

	for (size_t i = 0; i < P; i++)
		numbers[i] = (uint16_t)(h[i] + HALF_Q);
	encode_radix(out, numbers, P, Q);
}

static void
decode_public(int16_t h[P], const uint8_t in[SNTRUP761_PUBLIC])
{
	uint16_t numbers[P];

	decode_radix(numbers, in, P, Q);
	for (size_t i = 0; i < P; i++)
		h[i] = (int16_t)(numbers[i] - HALF_Q);
}

/* Rounds to multiples of 3 on the way. 10923 is 2^15 / 3. */
static void
encode_rounded(uint8_t out[ROUNDED_OCTETS], const int16_t c[P])
{
	uint16_t numbers[P];

	for (size_t i = 0; i < P; i++)
		numbers[i] =
		    (uint16_t)((c[i] - reduce(c[i], mod_3) + HALF_Q) * 10923 >>
			       15);
	encode_radix(out, numbers, P, ROUNDED);
	secret_wipe(numbers, sizeof(numbers));
}

static void
decode_rounded(int16_t c[P], const uint8_t in[ROUNDED_OCTETS])
{
	uint16_t numbers[P];

	decode_radix(numbers, in, P, ROUNDED);
	for (size_t i = 0; i < P; i++)
		c[i] = (int16_t)(numbers[i] * 3 - HALF_Q);
}

/* ---- sampling ---- */

#define LANES  8
#define SORTED 768 /* P and some more, so that lanes come out even */

typedef int32_t i32x4 __attribute__((vector_size(16)));

/* The lesser of each pair goes to a. n pairs, more up to whole vectors. */
static void
exchange(int32_t *a, int32_t *b, size_t n)
{
	for (size_t i = 0; i < n; i += 4) {
		i32x4 x, y, turned;

		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		turned = (x ^ y) & (x > y);
		x ^= turned;
		y ^= turned;
		memcpy(a + i, &x, sizeof(x));
		memcpy(b + i, &y, sizeof(y));
	}
}

/*
 * Batcher's merge exchange (Knuth, TAOCP 3, 5.2.2 M) in two arrangements. For
 * steps of at least a vector's width, numbers lie in order.
 */
static void
sort_far(int32_t x[SORTED])
{
	for (size_t p = 512; p >= LANES; p /= 2) {
		for (size_t i = 0; i + p < SORTED; i += 2 * p)
			exchange(x + i, x + i + p,
			    p < SORTED - p - i ? p : SORTED - p - i);
		for (size_t q = 512; q > p; q /= 2)
			for (size_t i = 0; i + q < SORTED; i += 2 * p)
				exchange(x + i + p, x + i + q,
				    p < SORTED - q - i ? p : SORTED - q - i);
	}
}

/*
 * For the steps 4, 2 and 1, number i lies in row i % 8 and column i / 8, so that
 * again whole vectors are compared. Columns from SORTED / LANES on hold the
 * greatest number: comparing with them changes nothing.
 */
#define COLUMNS (SORTED / LANES)

static void
sort_near(int32_t rows[LANES][COLUMNS + LANES])
{
	for (size_t p = LANES / 2; p >= 1; p /= 2) {
		for (size_t r = 0; r < LANES; r++)
			if ((r & p) == 0)
				exchange(rows[r], rows[r + p], COLUMNS);
		for (size_t q = 512; q > p; q /= 2)
			for (size_t r = 0; r < LANES; r++)
				if ((r & p) == 0)
					exchange(rows[r + p],
					    rows[(r + q) % LANES] +
						(r + q) / LANES,
					    COLUMNS - (r + q) / LANES);
	}
}

static void
sort(int32_t x[SORTED], int32_t rows[LANES][COLUMNS + LANES])
{
	sort_far(x);
	for (size_t r = 0; r < LANES; r++) {
		for (size_t c = 0; c < COLUMNS; c++)
			rows[r][c] = x[c * LANES + r];
		for (size_t c = COLUMNS; c < COLUMNS + LANES; c++)
			rows[r][c] = INT32_MAX;
	}
	sort_near(rows);
	for (size_t r = 0; r < LANES; r++)
		for (size_t c = 0; c < COLUMNS; c++)
			x[c * LANES + r] = rows[r][c];
}

/*
 * A short polynomial: WEIGHT random words that end in 0 or 2 bits' worth of a
 * sign, the others in a zero coefficient; sorting shuffles them. The top bit is
 * turned, since the sort is signed and the order isn't.
 */
static void
sample_short(int16_t a[P], const uint8_t draw[SNTRUP761_DRAW])
{
	struct {
		int32_t x[SORTED];
		int32_t rows[LANES][COLUMNS + LANES];
	} w;

	for (size_t i = 0; i < P; i++) {
		uint32_t word = load_le32(draw + 4 * i);

		word = i < WEIGHT ? word & ~1u : (word & ~3u) | 1;
		w.x[i] = (int32_t)(word ^ 0x80000000);
	}
	for (size_t i = P; i < SORTED; i++)
		w.x[i] = INT32_MAX;
	sort(w.x, w.rows);
	for (size_t i = 0; i < P; i++)
		a[i] = (int16_t)((w.x[i] & 3) - 1);
	secret_wipe(&w, sizeof(w));
}

/* Each coefficient a third, from 30 bits */
static void
sample_small(int16_t a[P], const uint8_t draw[SNTRUP761_DRAW])
{
	for (size_t i = 0; i < P; i++) {
		uint64_t word = load_le32(draw + 4 * i) & 0x3fffffff;

		a[i] = (int16_t)((int)(word * 3 >> 30) - 1);
	}
}

/* ---- hashing ---- */

/* Half of SHA-512 over what for, a, b */
static enum err
hash_for(enum hash_use use, struct slice a, struct slice b,
    uint8_t out[HASH_OCTETS])
{
	uint8_t first = (uint8_t)use, digest[HASH_MAX];
	struct hash *h;
	enum err e = hash_begin(HASH_SHA512, &h);

	if (e != OK)
		return e;
	hash_add(h, SLICE_OF(first));
	hash_add(h, a);
	hash_add(h, b);
	e = hash_end(h, digest);
	if (e == OK)
		memcpy(out, digest, HASH_OCTETS);
	secret_wipe(digest, sizeof(digest));
	return e;
}

/* ---- the mechanism ---- */

/*
 * The ciphertext of r under a public key whose hash is given: c, then what
 * confirms that the sender knew r. *small gets the hash of r.
 */
static enum err
hide(const uint8_t public[SNTRUP761_PUBLIC],
    const uint8_t public_hash[HASH_OCTETS], const int16_t r[P],
    uint8_t ciphertext[SNTRUP761_CIPHERTEXT], uint8_t small[HASH_OCTETS])
{
	uint8_t encoded[SMALL_OCTETS];
	int16_t h[P], c[P];
	enum err e;

	decode_public(h, public);
	multiply(c, h, r, mod_q);
	encode_rounded(ciphertext, c);
	encode_small(encoded, r);
	e = hash_for(HASH_SMALL, SLICE_OF(encoded), SLICE_NONE, small);
	if (e == OK)
		e = hash_for(HASH_CONFIRM, slice_make(small, HASH_OCTETS),
		    slice_make(public_hash, HASH_OCTETS),
		    ciphertext + ROUNDED_OCTETS);
	secret_wipe(encoded, sizeof(encoded));
	secret_wipe(c, sizeof(c));
	return e;
}

enum err
kem_sntrup761_encapsulate_from(const uint8_t public[SNTRUP761_PUBLIC],
    const uint8_t draw[SNTRUP761_DRAW],
    uint8_t ciphertext[SNTRUP761_CIPHERTEXT], uint8_t shared[KEM_SHARED])
{
	uint8_t public_hash[HASH_OCTETS], small[HASH_OCTETS];
	int16_t r[P];
	enum err e;

	sample_short(r, draw);
	e = hash_for(HASH_PUBLIC, slice_make(public, SNTRUP761_PUBLIC),
	    SLICE_NONE, public_hash);
	if (e == OK)
		e = hide(public, public_hash, r, ciphertext, small);
	if (e == OK)
		e = hash_for(HASH_SESSION, SLICE_OF(small),
		    slice_make(ciphertext, SNTRUP761_CIPHERTEXT), shared);
	secret_wipe(r, sizeof(r));
	secret_wipe(small, sizeof(small));
	return e;
}

/* h = g / 3f, and what the secret key begins with: f, 1/g modulo 3. */
static void
make_pair(int16_t h[P], uint8_t secret[2 * SMALL_OCTETS])
{
	struct {
		uint8_t draw[SNTRUP761_DRAW];
		int16_t f[P], g[P], inverse[P];
	} w;

	do {
		rng_bytes(BYTES_OF(w.draw));
		sample_small(w.g, w.draw);
	} while (!invert_poly(w.inverse, w.g, 1, mod_3));
	encode_small(secret + SMALL_OCTETS, w.inverse);
	rng_bytes(BYTES_OF(w.draw));
	sample_short(w.f, w.draw);
	encode_small(secret, w.f);
	/* The modulus has no factors modulo Q, so that f has an inverse. */
	(void)invert_poly(w.inverse, w.f, invert(3, mod_q), mod_q);
	multiply(h, w.inverse, w.g, mod_q);
	secret_wipe(&w, sizeof(w));
}

enum err
kem_sntrup761_keypair(uint8_t public[SNTRUP761_PUBLIC],
    uint8_t secret[SNTRUP761_SECRET])
{
	uint8_t *own = secret + 2 * SMALL_OCTETS;
	uint8_t *rho = own + SNTRUP761_PUBLIC;
	int16_t h[P];

	make_pair(h, secret);
	encode_public(public, h);
	memcpy(own, public, SNTRUP761_PUBLIC);
	rng_bytes(bytes_make(rho, SMALL_OCTETS));
	return hash_for(HASH_PUBLIC, slice_make(public, SNTRUP761_PUBLIC),
	    SLICE_NONE, rho + SMALL_OCTETS);
}

/* r from c, or where the weight is wrong, some r of the right weight */
static void
decrypt(int16_t r[P], const uint8_t secret[2 * SMALL_OCTETS],
    const uint8_t ciphertext[ROUNDED_OCTETS])
{
	struct {
		int16_t c[P], f[P], g[P], e[P];
	} w;
	int32_t weight = 0, wrong;

	decode_rounded(w.c, ciphertext);
	decode_small(w.f, secret);
	decode_small(w.g, secret + SMALL_OCTETS);
	multiply(w.e, w.c, w.f, mod_q);
	for (size_t i = 0; i < P; i++)
		w.e[i] = reduce(reduce(3 * w.e[i], mod_q), mod_3);
	multiply(r, w.e, w.g, mod_3);
	for (size_t i = 0; i < P; i++)
		weight += r[i] & 1;
	wrong = mask_nonzero(weight - WEIGHT);
	for (size_t i = 0; i < P; i++)
		r[i] =
		    (int16_t)((r[i] & ~wrong) | ((i < WEIGHT ? 1 : 0) & wrong));
	secret_wipe(&w, sizeof(w));
}

enum err
kem_sntrup761_decapsulate(const uint8_t secret[SNTRUP761_SECRET],
    const uint8_t ciphertext[SNTRUP761_CIPHERTEXT], uint8_t shared[KEM_SHARED])
{
	const uint8_t *public = secret + 2 * SMALL_OCTETS;
	const uint8_t *rho = public + SNTRUP761_PUBLIC;
	struct {
		int16_t r[P];
		uint8_t again[SNTRUP761_CIPHERTEXT];
		uint8_t small[HASH_OCTETS], encoded[SMALL_OCTETS];
	} w;
	uint32_t same, mask;
	enum err e;

	decrypt(w.r, secret, ciphertext);
	encode_small(w.encoded, w.r);
	e = hide(public, rho + SMALL_OCTETS, w.r, w.again, w.small);
	same = secret_equal(w.again, ciphertext, sizeof(w.again));
	mask = 0 - vector_opaque(same);
	for (size_t i = 0; i < SMALL_OCTETS; i++)
		w.encoded[i] =
		    (uint8_t)((w.encoded[i] & mask) | (rho[i] & ~mask));
	if (e == OK)
		e = hash_for(HASH_SMALL, SLICE_OF(w.encoded), SLICE_NONE,
		    w.small);
	if (e == OK) /* HASH_REFUSED or HASH_SESSION */
		e = hash_for((enum hash_use)same, SLICE_OF(w.small),
		    slice_make(ciphertext, SNTRUP761_CIPHERTEXT), shared);
	secret_wipe(&w, sizeof(w));
	return e;
}
