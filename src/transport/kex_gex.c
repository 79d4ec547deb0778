/*
 * kex_gex.c - Diffie-Hellman group exchange, RFC 4419
 *
 * 34: u32 min, n, max ──► 31: mpint p, g
 * 32: mpint e         ──► 33: string K_S, mpint f, string signature
 * H covers u32 min, n, max (as sent), mpint p, g, e, f, K.
 */
#include "kex.h"

#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/dh.h"

static uint32_t
clamp(uint32_t bits)
{
	if (bits < DH_BITS_MIN)
		return DH_BITS_MIN;
	return bits > DH_BITS_MAX ? DH_BITS_MAX : bits;
}

/* Octets of a magnitude without its leading zeros. */
static struct slice
strip(struct slice magnitude)
{
	while (magnitude.n > 0 && magnitude.p[0] == 0)
		magnitude = slice_skip(magnitude, 1);
	return magnitude;
}

/*
 * A group for these limits, copied. What the answer comes from is ours, yet it
 * went through another process: its size is looked at again (SEC-30).
 */
static enum err
pick(struct kex *k, uint32_t min, uint32_t n, uint32_t max)
{
	struct slice p = SLICE_NONE, g = SLICE_NONE;
	enum err e;

	e = k->ops->group(k->ops->ctx, min, n, max, &p, &g);
	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_KEX : e;
	p = strip(p);
	g = strip(g);
	if (p.n < DH_BITS_MIN / 8 || p.n > DH_BITS_MAX / 8 || g.n == 0 ||
	    g.n > p.n)
		return ERR_KEX;
	if ((e = buf_append(&k->prime, p)) != OK)
		return e;
	return buf_append(&k->generator, g);
}

static enum err
request(struct kex *k, struct slice body)
{
	struct rd r = rd_from(body);
	uint32_t min = rd_u32(&r);
	uint32_t n = rd_u32(&r);
	uint32_t max = rd_u32(&r);
	struct wr t = wr_into(&k->transcript);
	struct wr a = wr_into(&k->answer);
	enum err e = rd_end(&r);

	if (e != OK)
		return e;
	if (max < min || n < min || n > max || max < DH_BITS_MIN ||
	    min > DH_BITS_MAX)
		return ERR_KEX;
	if ((e = pick(k, clamp(min), clamp(n), clamp(max))) != OK)
		return e;
	wr_u32(&t, min);
	wr_u32(&t, n);
	wr_u32(&t, max);
	wr_mpint(&t, buf_slice(&k->prime));
	wr_mpint(&t, buf_slice(&k->generator));
	wr_mpint(&a, buf_slice(&k->prime));
	wr_mpint(&a, buf_slice(&k->generator));
	k->due = KEX_GEX_INIT;
	e = wr_end(&t, NULL);
	return e == OK ? wr_end(&a, NULL) : e;
}

enum err
kex_gex_step(struct kex *k, uint8_t message, struct slice body)
{
	struct rd r = rd_from(body);
	struct slice e;
	enum err err;

	if (message == KEX_GEX_REQUEST)
		return request(k, body);
	e = rd_mpint(&r, DH_OCTETS_MAX);
	if ((err = rd_end(&r)) != OK)
		return err;
	return kex_dh_agree(k, buf_slice(&k->prime), buf_slice(&k->generator),
	    e);
}
