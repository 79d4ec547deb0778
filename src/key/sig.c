#include "sallyport/key/sig.h"

#include "sallyport/base/mem.h"
#include "sallyport/key/sk.h"

#define MPINT_MAX 66 /* octets of a number below P-521's order */
#define TEXT_MAX  ((size_t)64 << 10)

#define WEBAUTHN      "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
#define WEBAUTHN_CERT "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"

/* r and s travel as a message within a string. */
static void
read_ecdsa(struct rd *r, struct raw_signature *raw)
{
	struct rd inner = rd_from(rd_string(r));

	raw->r = rd_mpint(&inner, MPINT_MAX);
	raw->s = rd_mpint(&inner, MPINT_MAX);
	if (rd_end(&inner) != OK)
		rd_fail(r, rd_end(&inner));
}

static bool
is_ecdsa(enum key_type type)
{
	return type == KEY_ECDSA_256 || type == KEY_ECDSA_384 ||
	       type == KEY_ECDSA_521 || type == KEY_SK_ECDSA;
}

static const struct algo *
inner_algo(struct slice name)
{
	if (slice_is(name, WEBAUTHN_CERT))
		name = SLICE_STR(WEBAUTHN);
	return algo_find(ALGO_CA, name);
}

enum err
sig_parse(struct slice blob, struct sig *s)
{
	struct rd r = rd_from(blob);

	*s = (struct sig){.alg = inner_algo(rd_string(&r))};
	if (rd_status(&r) != OK)
		return rd_status(&r);
	if (s->alg == NULL)
		return ERR_UNKNOWN_ALGO;
	if (is_ecdsa(s->alg->key))
		read_ecdsa(&r, &s->raw);
	else
		s->raw.octets = rd_string(&r);
	if (key_is_sk(s->alg->key)) {
		s->flags = rd_u8(&r);
		s->counter = rd_u32(&r);
	}
	/* The one algorithm of FIDO keys that isn't called as its key is */
	s->webauthn = key_is_sk(s->alg->key) &&
		      !slice_is(slice_cstr(s->alg->name), s->alg->blob_type);
	if (s->webauthn) {
		s->origin = rd_string(&r);
		s->client_data = rd_string(&r);
		s->extensions = rd_string(&r);
	}
	return rd_end(&r);
}

enum err
sig_write(const struct algo *alg, const struct raw_signature *raw,
    struct buf *out)
{
	struct wr w = wr_into(out);

	wr_cstr(&w, alg->name);
	if (is_ecdsa(alg->key)) {
		size_t mark = wr_begin(&w);

		wr_mpint(&w, raw->r);
		wr_mpint(&w, raw->s);
		wr_finish(&w, mark);
	} else {
		wr_string(&w, raw->octets);
	}
	return wr_end(&w, NULL);
}

enum err
sig_write_sk(const struct sig *s, struct buf *out)
{
	enum err e = sig_write(s->alg, &s->raw, out);
	struct wr w = wr_into(out);

	if (e != OK)
		return e;
	wr_u8(&w, s->flags);
	wr_u32(&w, s->counter);
	return wr_end(&w, NULL);
}

/* Some signers leave out leading zero octets: RFC 8017 §8.2.2 wants them. */
static enum err
verify_rsa(const struct key *k, const struct sig *s, struct slice message)
{
	uint8_t padded[SIGN_RSA_BITS_MAX / 8] = {0};
	size_t whole = (sign_rsa_bits(&k->pub) + 7) / 8;
	size_t n = s->raw.octets.n;
	struct raw_signature raw = {.octets = slice_make(padded, whole)};

	if (n == 0 || n > whole || whole > sizeof(padded))
		return ERR_SIGNATURE;
	slice_copy(s->raw.octets, bytes_make(padded + (whole - n), n));
	return sign_verify(&k->pub, s->alg->hash, message, &raw);
}

static enum err
verify_sk(const struct key *k, const struct sig *s, struct slice message)
{
	SCOPED(buf_clear) struct buf data = BUF_LIMIT(TEXT_MAX);
	enum err e = sk_signed_data(k->application, s, message, &data);

	return e == OK ? sign_verify(&k->pub, s->alg->hash, buf_slice(&data),
			     &s->raw)
		       : e;
}

enum err
sig_verify(const struct key *k, const struct algo *alg, const struct sig *s,
    struct slice message)
{
	if (s->alg->key != k->type || alg->key != k->type)
		return ERR_KEY_TYPE;
	if (k->type == KEY_RSA &&
	    !slice_is(slice_cstr(s->alg->name), alg->plain))
		return ERR_KEY_TYPE;
	if (k->type == KEY_RSA)
		return verify_rsa(k, s, message);
	if (key_is_sk(k->type))
		return verify_sk(k, s, message);
	return sign_verify(&k->pub, s->alg->hash, message, &s->raw);
}
