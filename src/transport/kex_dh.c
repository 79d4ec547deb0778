/*
 * kex_dh.c - Diffie-Hellman in a fixed group, RFC 4253 §8, RFC 8268
 *
 * 30: mpint e ──► 31: string K_S, mpint f, string signature
 * H covers mpint e, mpint f, mpint K.
 */
#include "kex.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/dh.h"

/* e, f and K in their encodings; e and f come last in the transcript. */
static enum err
note(struct kex *k, struct slice e, struct slice f, struct slice shared)
{
	struct wr t = wr_into(&k->transcript);
	struct wr a = wr_into(&k->answer);
	struct wr s = wr_into(&k->secret);
	enum err err;

	wr_mpint(&t, e);
	wr_mpint(&t, f);
	buf_reset(&k->answer);
	wr_mpint(&a, f);
	wr_mpint(&s, shared);
	k->due = 0;
	if ((err = wr_end(&t, NULL)) != OK || (err = wr_end(&a, NULL)) != OK)
		return err;
	return wr_end(&s, NULL);
}

enum err
kex_dh_agree(struct kex *k, struct slice p, struct slice g, struct slice e)
{
	SCOPED(buf_clear) struct buf f = BUF_LIMIT(DH_OCTETS_MAX);
	SCOPED(buf_clear) struct buf shared = BUF_SECRET(DH_OCTETS_MAX);
	struct bytes froom, sroom;
	struct dh *dh = NULL;
	size_t n = 0;
	enum err err;

	if ((err = buf_reserve(&f, DH_OCTETS_MAX, &froom)) != OK ||
	    (err = buf_reserve(&shared, DH_OCTETS_MAX, &sroom)) != OK)
		return err;
	err = dh_new(p, g, k->need, &dh, froom.p, &n);
	if (err == OK) {
		buf_filled(&f, n);
		err = dh_agree(dh, e, sroom.p, &n);
	}
	if (err == OK) {
		buf_filled(&shared, n);
		err = note(k, e, buf_slice(&f), buf_slice(&shared));
	}
	dh_free(dh);
	return err;
}

enum err
kex_dh_step(struct kex *k, uint8_t message, struct slice body)
{
	static const uint8_t two = 2;
	struct rd r = rd_from(body);
	struct slice e = rd_mpint(&r, DH_OCTETS_MAX);
	enum err err = rd_end(&r);

	(void)message; /* there is only one */
	if (err != OK)
		return err;
	return kex_dh_agree(k, dh_group_prime(k->method->group),
	    slice_make(&two, 1), e);
}
