#include "sallyport/crypto/dh.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include "dh_groups.h"

#include <openssl/bn.h>

#define BITS_LEAST     1024 /* group 1, where the configuration names it */
#define EXPONENT_LEAST 256  /* bits */

/* In order of size: dh_fallback goes by it. */
static const struct group {
	enum dh_group_id id;
	uint32_t bits;
	struct slice prime;
} groups[] = {
    {DH_GROUP1, 1024, {group1, sizeof(group1)}},
    {DH_GROUP14, 2048, {group14, sizeof(group14)}},
    {DH_GROUP16, 4096, {group16, sizeof(group16)}},
    {DH_GROUP18, 8192, {group18, sizeof(group18)}},
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

struct dh {
	BIGNUM *p, *g, *x;
	BN_CTX *ctx;
};

struct slice
dh_group_prime(enum dh_group_id id)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i].id == id)
			return groups[i].prime;
	return SLICE_NONE;
}

/*
 * Bits of an exponent: no shorter attack than on the group itself, RFC 7919
 * appendix A, or on the key that is derived, whichever is less. All primes
 * here are safe ones, so no small subgroup helps.
 */
static int
exponent_bits(int p_bits, size_t need)
{
	/* clang-format off */
	static const struct {
		int p_bits, bits;
	} enough[] = {
		{2048, 256}, {3072, 275}, {4096, 325}, {6144, 375},
		{8192, 400},
	};
	/* clang-format on */
	int bits = 400, wanted;

	for (size_t i = sizeof(enough) / sizeof(enough[0]); i-- > 0;)
		if (p_bits <= enough[i].p_bits)
			bits = enough[i].bits;
	must(need <= DH_OCTETS_MAX);
	wanted = (int)need * 2 * 8;
	if (wanted < EXPONENT_LEAST)
		wanted = EXPONENT_LEAST;
	return wanted < bits ? wanted : bits;
}

/* Uniform in [2^(bits-1), 2^bits): of that length exactly. */
static BIGNUM *
exponent_new(int bits)
{
	uint8_t octets[DH_OCTETS_MAX];
	struct bytes x = bytes_make(octets, ((size_t)bits + 7) / 8);
	unsigned int top = (unsigned int)(bits - 1) % 8;
	BIGNUM *bn;

	rng_bytes(x);
	x.p[0] &= (uint8_t)((2u << top) - 1);
	x.p[0] |= (uint8_t)(1u << top);
	bn = BN_bin2bn(x.p, (int)x.n, NULL);
	secret_wipe(x.p, x.n);
	if (bn != NULL)
		BN_set_flags(bn, BN_FLG_CONSTTIME);
	return bn;
}

/* 1 < v < p-1 */
static bool
is_inside(const BIGNUM *v, const BIGNUM *p)
{
	BIGNUM *last = BN_dup(p);
	bool inside = last != NULL && BN_sub_word(last, 1) == 1 &&
		      BN_cmp(v, BN_value_one()) > 0 && BN_cmp(v, last) < 0;

	BN_free(last);
	return inside;
}

static enum err
group_check(const struct dh *d)
{
	int bits = BN_num_bits(d->p);

	if (bits < BITS_LEAST || bits > DH_BITS_MAX)
		return ERR_KEY_LENGTH;
	if (!BN_is_odd(d->p) || !is_inside(d->g, d->p))
		return ERR_KEY_FORMAT;
	return OK;
}

static enum err
public_make(const struct dh *d, uint8_t *public, size_t *n)
{
	BIGNUM *f = BN_new();
	enum err e = ERR_CRYPTO;

	if (f != NULL && BN_mod_exp(f, d->g, d->x, d->p, d->ctx) == 1) {
		*n = (size_t)BN_bn2bin(f, public);
		e = OK;
	}
	BN_free(f);
	return e;
}

enum err
dh_new(struct slice p, struct slice g, size_t need, struct dh **out,
    uint8_t *public, size_t *n)
{
	struct dh *d;
	enum err e;

	if (p.n > DH_OCTETS_MAX || g.n > DH_OCTETS_MAX)
		return ERR_KEY_LENGTH;
	d = mem_new(sizeof(*d));
	d->p = BN_bin2bn(p.p, (int)p.n, NULL);
	d->g = BN_bin2bn(g.p, (int)g.n, NULL);
	d->ctx = BN_CTX_new();
	e = d->p == NULL || d->g == NULL || d->ctx == NULL ? ERR_CRYPTO
							   : group_check(d);
	if (e == OK) {
		d->x = exponent_new(exponent_bits(BN_num_bits(d->p), need));
		e = d->x == NULL ? ERR_CRYPTO : public_make(d, public, n);
	}
	if (e != OK) {
		dh_free(d);
		return e;
	}
	*out = d;
	return OK;
}

/* An exponent with hardly a bit set gives itself away. */
static bool
has_four_bits(struct slice v)
{
	int set = 0;

	for (size_t i = 0; i < v.n && set < 4; i++)
		set += __builtin_popcount(v.p[i]);
	return set >= 4;
}

enum err
dh_agree(struct dh *d, struct slice peer, uint8_t *shared, size_t *n)
{
	BIGNUM *v, *k = NULL;
	enum err e = ERR_PUBLIC_VALUE;

	if (peer.n > DH_OCTETS_MAX + 1 || !has_four_bits(peer))
		return ERR_PUBLIC_VALUE;
	if ((v = BN_bin2bn(peer.p, (int)peer.n, NULL)) == NULL)
		return ERR_CRYPTO;
	if (is_inside(v, d->p)) {
		e = ERR_CRYPTO;
		if ((k = BN_new()) != NULL &&
		    BN_mod_exp(k, v, d->x, d->p, d->ctx) == 1) {
			*n = (size_t)BN_bn2bin(k, shared);
			e = OK;
		}
	}
	BN_free(v);
	BN_clear_free(k);
	return e;
}

void
dh_free(struct dh *d)
{
	if (d == NULL)
		return;
	BN_free(d->p);
	BN_free(d->g);
	BN_clear_free(d->x);
	BN_CTX_free(d->ctx);
	mem_free(d);
}

/* ---- the moduli file, moduli(5) ---- */

#define MODULI_TYPE_SAFE 2
#define MODULI_COMPOSITE 1u

/* The next word of a line; blanks are spaces and tabs. */
static struct slice
next_word(struct slice *rest)
{
	size_t n = 0;
	struct slice word;

	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t'))
		*rest = slice_skip(*rest, 1);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = slice_first(*rest, n);
	*rest = slice_skip(*rest, n);
	return word;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/*
 * The octets of a number in hex, which are exactly bits long, into room or, if
 * that is NULL, nowhere. ERR_FORMAT.
 */
static enum err
read_hex(struct slice text, uint32_t bits, uint8_t *room, size_t *n)
{
	uint8_t octet = 0;
	int digit = 0, first = text.n == 0 ? -1 : hex_digit(text.p[0]);

	if (first < 1 ||
	    bits != (text.n - 1) * 4 +
			(32 - (uint32_t)__builtin_clz((unsigned int)first)))
		return ERR_FORMAT;
	*n = (text.n + 1) / 2;
	for (size_t i = 0; i < text.n; i++) {
		size_t place = i + text.n % 2;

		if ((digit = hex_digit(text.p[i])) < 0)
			return ERR_FORMAT;
		octet = (uint8_t)(octet << 4 | digit);
		if (room != NULL && place % 2 == 1)
			room[place / 2] = octet;
	}
	return digit % 2 == 1 ? OK : ERR_FORMAT; /* a prime is odd */
}

/* All but the prime itself, whose text goes to *hex */
static enum err
read_head(struct slice line, struct dh_modulus *m, struct slice *hex)
{
	uint64_t when, type, tests, tries, size;
	struct slice rest = text_trim(line), word;
	int g;

	if (text_number(next_word(&rest), 0, UINT64_MAX, &when) != OK ||
	    text_number(next_word(&rest), 0, 9, &type) != OK ||
	    text_number(next_word(&rest), 0, 0x1f, &tests) != OK ||
	    text_number(next_word(&rest), 0, UINT32_MAX, &tries) != OK ||
	    text_number(next_word(&rest), BITS_LEAST - 1, DH_BITS_MAX - 1,
		&size) != OK)
		return ERR_FORMAT;
	if (type != MODULI_TYPE_SAFE || (tests & MODULI_COMPOSITE) != 0 ||
	    tests == 0)
		return ERR_FORMAT;
	word = next_word(&rest);
	if (word.n != 1 || (g = hex_digit(word.p[0])) < 2)
		return ERR_FORMAT;
	m->bits = (uint32_t)size + 1;
	m->generator = (uint8_t)g;
	*hex = rest;
	return OK;
}

enum err
dh_moduli_line(struct slice line, struct dh_modulus *m, uint8_t *prime)
{
	struct slice rest, hex;

	if (read_head(line, m, &rest) != OK)
		return ERR_FORMAT;
	hex = next_word(&rest);
	return rest.n > 0 ? ERR_FORMAT : read_hex(hex, m->bits, prime, &m->n);
}

/* Is a nearer to what was asked for than b? 0: just as near */
static int
compare_fit(uint32_t a, uint32_t b, uint32_t wanted)
{
	if (a == b)
		return 0;
	if (a >= wanted && b >= wanted)
		return a < b ? 1 : -1;
	return a > b ? 1 : -1;
}

static void
clamp(uint32_t *min, uint32_t *n, uint32_t *max)
{
	if (*min < DH_BITS_MIN)
		*min = DH_BITS_MIN;
	if (*max > DH_BITS_MAX)
		*max = DH_BITS_MAX;
	if (*n < *min)
		*n = *min;
	if (*n > *max)
		*n = *max;
}

/*
 * One pass; each of k lines that fit equally stays with chance 1/k. The long
 * primes are read only where their size is wanted.
 */
enum err
dh_moduli_choose(struct slice text, uint32_t min, uint32_t n, uint32_t max,
    struct dh_modulus *m, uint8_t *prime)
{
	struct slice line, hex, best = SLICE_NONE;
	struct dh_modulus here;
	uint32_t bits = 0, equals = 0;

	clamp(&min, &n, &max);
	while (slice_next(&text, '\n', &line)) {
		int fit;

		if (read_head(line, &here, &hex) != OK || here.bits < min ||
		    here.bits > max)
			continue;
		fit = best.n == 0 ? 1 : compare_fit(here.bits, bits, n);
		if (fit < 0 || dh_moduli_line(line, &here, NULL) != OK)
			continue;
		equals = fit > 0 ? 1 : equals + 1;
		if (fit > 0 || rng_below(equals) == 0)
			best = line;
		bits = here.bits;
	}
	return best.n == 0 ? ERR_NOT_FOUND : dh_moduli_line(best, m, prime);
}

enum err
dh_fallback(uint32_t min, uint32_t n, uint32_t max, enum dh_group_id *id)
{
	enum err e = ERR_NOT_FOUND;

	clamp(&min, &n, &max);
	for (size_t i = 0; i < GROUPS; i++) {
		if (groups[i].bits < min || groups[i].bits > max)
			continue;
		*id = groups[i].id;
		e = OK;
		if (groups[i].bits >= n)
			break;
	}
	return e;
}
