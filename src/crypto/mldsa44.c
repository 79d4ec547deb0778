#include "mldsa44.h"

#include "sallyport/base/must.h"
#include "sallyport/crypto/secret.h"

#include "kem_keccak.h"
#include "mldsa44_octets.h"
#include "mldsa44_poly.h"

#define BETA 78 /* tau eta */
/* FIPS 204 appendix C: more tries than these happen once in 2^256 signatures */
#define TRIES_MAX 814

/* ---- keys, FIPS 204 §6.1 ---- */

/* Everything that a seed stands for */
struct expanded {
	uint8_t seeds[128]; /* rho 32, rho' 64, MLDSA44_K 32 */
	uint8_t public[MLDSA44_PUBLIC];
	struct mldsa44_poly matrix[MLDSA44_K][MLDSA44_K];
	struct mldsa44_poly s1[MLDSA44_K], s2[MLDSA44_K],
	    t0[MLDSA44_K]; /* in NTT form */
};

/* Algorithm 35 on t, which is canonical: t1 stays in t. */
static void
split(struct mldsa44_poly *t, struct mldsa44_poly *t0)
{
	for (unsigned int i = 0; i < 16; i++) {
		for (unsigned int j = 0; j < 16; j++) {
			int32_t v = t->c[i][j];

			t->c[i][j] =
			    (v + (1 << (MLDSA44_D - 1)) - 1) >> MLDSA44_D;
			t0->c[i][j] = v - (t->c[i][j] << MLDSA44_D);
		}
	}
}

/* Algorithm 6. */
static void
expand(struct expanded *x, const uint8_t seed[MLDSA44_SEED])
{
	static const uint8_t parameters[2] = {MLDSA44_K, MLDSA44_K};
	uint8_t *t1 = x->public + 32;
	struct mldsa44_poly t;

	kem_keccak_shake256(slice_make(seed, MLDSA44_SEED),
	    SLICE_OF(parameters), x->seeds, sizeof(x->seeds));
	memcpy(x->public, x->seeds, 32);
	mldsa44_octets_draw_small(x->s1, x->seeds + 32, 0);
	mldsa44_octets_draw_small(x->s2, x->seeds + 32, MLDSA44_K);
	for (unsigned int i = 0; i < MLDSA44_K; i++)
		mldsa44_poly_ntt(&x->s1[i]);
	for (unsigned int i = 0; i < MLDSA44_K; i++, t1 += MLDSA44_POLY_10) {
		mldsa44_octets_draw_row(x->matrix[i], x->seeds, i);
		mldsa44_poly_multiply(&t, x->matrix[i], x->s1, MLDSA44_K);
		mldsa44_poly_ntt_inverse(&t);
		mldsa44_poly_add(&t, &x->s2[i]);
		mldsa44_poly_canonical(&t);
		split(&t, &x->t0[i]);
		mldsa44_octets_10(&t, t1);
		mldsa44_poly_ntt(&x->s2[i]);
		mldsa44_poly_ntt(&x->t0[i]);
	}
	secret_wipe(&t, sizeof(t));
}

void
mldsa44_public(const uint8_t seed[MLDSA44_SEED], uint8_t public[MLDSA44_PUBLIC])
{
	struct expanded x;

	expand(&x, seed);
	memcpy(public, x.public, MLDSA44_PUBLIC);
	secret_wipe(&x, sizeof(x));
}

enum err
mldsa44_mu(const uint8_t public[MLDSA44_PUBLIC], struct slice context,
    struct slice message, uint8_t mu[MLDSA44_MU])
{
	const uint8_t prefix[2] = {0,
	    (uint8_t)context.n}; /* not hashed before */
	struct kem_keccak_one s;
	uint8_t tr[64];

	if (context.n > MLDSA44_CONTEXT_MAX)
		return ERR_TOO_LONG;
	kem_keccak_shake256(slice_make(public, MLDSA44_PUBLIC), SLICE_NONE, tr,
	    sizeof(tr));
	kem_keccak_start(&s, KECCAK_RATE_SHAKE256);
	kem_keccak_absorb(&s, SLICE_OF(tr));
	kem_keccak_absorb(&s, SLICE_OF(prefix));
	kem_keccak_absorb(&s, context);
	kem_keccak_absorb(&s, message);
	kem_keccak_end(&s);
	kem_keccak_squeeze(&s, mu, MLDSA44_MU);
	return OK;
}

/* ---- signing, FIPS 204 §6.2 ---- */

struct attempt {
	struct mldsa44_poly y[MLDSA44_K],
	    w[MLDSA44_K];      /* plain form; w canonical */
	struct mldsa44_poly c; /* the challenge, in NTT form */
	struct mldsa44_poly t[MLDSA44_K];
};

/* w = A y, and the challenge that its high bits give. */
static void
commit(struct attempt *a, const struct expanded *x,
    const uint8_t mu[MLDSA44_MU], uint8_t challenge[MLDSA44_CHALLENGE])
{
	struct mldsa44_poly high[MLDSA44_K];

	memcpy(a->t, a->y, sizeof(a->t));
	for (unsigned int i = 0; i < MLDSA44_K; i++)
		mldsa44_poly_ntt(&a->t[i]);
	for (unsigned int i = 0; i < MLDSA44_K; i++) {
		mldsa44_poly_multiply(&a->w[i], x->matrix[i], a->t, MLDSA44_K);
		mldsa44_poly_ntt_inverse(&a->w[i]);
		mldsa44_poly_canonical(&a->w[i]);
		high[i] = a->w[i];
		mldsa44_poly_high(&high[i]);
	}
	mldsa44_octets_commit(mu, high, challenge);
	mldsa44_octets_draw_challenge(&a->c, challenge);
	mldsa44_poly_ntt(&a->c);
	secret_wipe(high, sizeof(high));
}

/* t[i] = c times part, plain. */
static void
times_challenge(struct attempt *a, unsigned int i,
    const struct mldsa44_poly *part)
{
	mldsa44_poly_multiply(&a->t[i], &a->c, part, 1);
	mldsa44_poly_ntt_inverse(&a->t[i]);
}

/* z = y + c s1; false where it would tell of s1. */
static bool
respond(struct attempt *a, const struct expanded *x, uint8_t *out)
{
	bool good = true;

	for (unsigned int i = 0; i < MLDSA44_K; i++) {
		times_challenge(a, i, &x->s1[i]);
		mldsa44_poly_add(&a->t[i], &a->y[i]);
		mldsa44_poly_canonical(&a->t[i]);
		good &= mldsa44_poly_is_below(&a->t[i], MLDSA44_GAMMA1 - BETA);
	}
	for (unsigned int i = 0; i < MLDSA44_K && good; i++)
		mldsa44_octets_18(&a->t[i], out + i * MLDSA44_POLY_18);
	return good;
}

/* w becomes w - c s2; false where its low bits would tell of s2. */
static bool
hide(struct attempt *a, const struct expanded *x)
{
	bool good = true;

	for (unsigned int i = 0; i < MLDSA44_K; i++) {
		times_challenge(a, i, &x->s2[i]);
		mldsa44_poly_take_from(&a->t[i], &a->w[i]);
		mldsa44_poly_canonical(&a->t[i]);
		a->w[i] = a->t[i];
		good &=
		    mldsa44_poly_low_is_below(&a->w[i], MLDSA44_GAMMA2 - BETA);
	}
	return good;
}

/* Ones where c t0, which a verifier doesn't know, changes w's high bits. */
static bool
make_hint(struct attempt *a, const struct expanded *x, uint8_t *out)
{
	bool good = true;
	int32_t low;

	for (unsigned int k = 0; k < MLDSA44_K; k++) {
		int32_t *t = &a->t[k].c[0][0], *w = &a->w[k].c[0][0];

		times_challenge(a, k, &x->t0[k]);
		mldsa44_poly_canonical(&a->t[k]);
		good &= mldsa44_poly_is_below(&a->t[k], MLDSA44_GAMMA2);
		for (unsigned int i = 0; i < MLDSA44_N; i++)
			t[i] = mldsa44_poly_decompose(mldsa44_poly_mod(
							  w[i] + t[i]),
				   &low) ^
			       mldsa44_poly_decompose(w[i], &low);
	}
	return good && mldsa44_octets_hint(a->t, out);
}

void
mldsa44_sign(const uint8_t seed[MLDSA44_SEED], const uint8_t mu[MLDSA44_MU],
    const uint8_t random[MLDSA44_RANDOM], uint8_t sig[MLDSA44_SIGNATURE])
{
	uint8_t *z = sig + MLDSA44_CHALLENGE,
		*hint = z + MLDSA44_K * MLDSA44_POLY_18;
	struct {
		struct expanded x;
		struct attempt a;
		struct kem_keccak_one s;
		uint8_t mask[64]; /* rho'' */
	} w;
	unsigned int tries = 0;

	expand(&w.x, seed);
	kem_keccak_start(&w.s, KECCAK_RATE_SHAKE256);
	kem_keccak_absorb(&w.s, slice_make(w.x.seeds + 96, 32));
	kem_keccak_absorb(&w.s, slice_make(random, MLDSA44_RANDOM));
	kem_keccak_absorb(&w.s, slice_make(mu, MLDSA44_MU));
	kem_keccak_end(&w.s);
	kem_keccak_squeeze(&w.s, w.mask, sizeof(w.mask));
	do {
		must(tries < TRIES_MAX);
		mldsa44_octets_draw_mask(w.a.y, w.mask, MLDSA44_K * tries++);
		commit(&w.a, &w.x, mu, sig);
	} while (!respond(&w.a, &w.x, z) || !hide(&w.a, &w.x) ||
		 !make_hint(&w.a, &w.x, hint));
	secret_wipe(&w, sizeof(w));
}

/* ---- verifying, FIPS 204 §6.3 ---- */

/* Algorithm 40: the high bits that r, a hint's owner, stands for. */
static int32_t
use_hint(int32_t r, bool hint)
{
	int32_t low, times = mldsa44_poly_decompose(r, &low);

	if (!hint)
		return times;
	if (low > 0)
		return times == MLDSA44_HIGHS - 1 ? 0 : times + 1;
	return times == 0 ? MLDSA44_HIGHS - 1 : times - 1;
}

/* A z - c t1 with the hint's help: the high bits that were committed to. */
static void
recommit(struct mldsa44_poly *high, const struct mldsa44_poly row[MLDSA44_K],
    const struct mldsa44_poly z[MLDSA44_K], const struct mldsa44_poly *ct1,
    const bool hint[MLDSA44_N])
{
	int32_t *c = &high->c[0][0];

	mldsa44_poly_multiply(high, row, z, MLDSA44_K);
	for (unsigned int i = 0; i < MLDSA44_N; i++)
		c[i] = mldsa44_poly_reduce(c[i] - (&ct1->c[0][0])[i]);
	mldsa44_poly_ntt_inverse(high);
	for (unsigned int i = 0; i < MLDSA44_N; i++)
		c[i] = use_hint(mldsa44_poly_mod(c[i]), hint[i]);
}

enum err
mldsa44_verify(const uint8_t public[MLDSA44_PUBLIC],
    const uint8_t mu[MLDSA44_MU], const uint8_t sig[MLDSA44_SIGNATURE])
{
	const uint8_t *t1 = public + 32;
	struct mldsa44_poly row[MLDSA44_K], z[MLDSA44_K], high[MLDSA44_K];
	struct mldsa44_poly c, t, ct1;
	uint8_t again[MLDSA44_CHALLENGE];
	bool hint[MLDSA44_K][MLDSA44_N];

	if (!mldsa44_octets_read_hint(hint,
		sig + MLDSA44_CHALLENGE + MLDSA44_K * MLDSA44_POLY_18))
		return ERR_SIGNATURE;
	for (unsigned int i = 0; i < MLDSA44_K; i++) {
		mldsa44_octets_read_18(&z[i],
		    sig + MLDSA44_CHALLENGE + i * MLDSA44_POLY_18);
		t = z[i];
		mldsa44_poly_canonical(&t);
		if (!mldsa44_poly_is_below(&t, MLDSA44_GAMMA1 - BETA))
			return ERR_SIGNATURE;
		mldsa44_poly_ntt(&z[i]);
	}
	mldsa44_octets_draw_challenge(&c, sig);
	mldsa44_poly_ntt(&c);
	for (unsigned int i = 0; i < MLDSA44_K; i++) {
		mldsa44_octets_read_10(&t, t1 + i * MLDSA44_POLY_10);
		mldsa44_poly_ntt(&t);
		mldsa44_poly_multiply(&ct1, &c, &t, 1);
		mldsa44_octets_draw_row(row, public, i);
		recommit(&high[i], row, z, &ct1, hint[i]);
	}
	mldsa44_octets_commit(mu, high, again);
	return slice_equal(SLICE_OF(again), slice_make(sig, MLDSA44_CHALLENGE))
		   ? OK
		   : ERR_SIGNATURE;
}
