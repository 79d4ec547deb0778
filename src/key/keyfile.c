#include "sallyport/key/keyfile.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/key/key.h"

#define MAGIC       "openssh-key-v1" /* with its NUL */
#define BEGIN       "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END         "-----END OPENSSH PRIVATE KEY-----"
#define OTHER_BEGIN "-----BEGIN "
#define LINE_WIDTH  70
#define BLOCK       8 /* what the secret part is padded to without a cipher */
#define MPINT_MAX   (SIGN_RSA_BITS_MAX / 8)
#define SEED        32
#define PUBLIC      32 /* octets of an Ed25519 key */

/* ---- reading ---------------------------------------------------------- */

/* The lines between BEGIN and END in one, decoded. */
static enum err
unarmour(struct slice text, struct buf *out)
{
	SCOPED(buf_clear) struct buf letters = BUF_SECRET(KEYFILE_MAX);
	struct slice line;
	struct bytes room;
	bool ended = false;
	size_t n;
	enum err e = OK;

	(void)slice_next(&text, '\n', &line); /* BEGIN */
	while (!ended && e == OK && slice_next(&text, '\n', &line)) {
		line = text_trim(line);
		ended = slice_is(line, END);
		if (!ended)
			e = buf_append(&letters, line);
	}
	if (e == OK && !ended)
		e = ERR_KEY_FORMAT;
	if (e == OK)
		e = buf_reserve(out, letters.n, &room);
	if (e == OK)
		e = text_unbase64(buf_slice(&letters), room, &n);
	if (e == OK)
		buf_filled(out, n);
	return e;
}

static enum err
read_rsa(struct rd *r, struct signer **s)
{
	struct rsa_private p;

	p.n = rd_mpint(r, MPINT_MAX);
	p.e = rd_mpint(r, MPINT_MAX);
	p.d = rd_mpint(r, MPINT_MAX);
	p.iqmp = rd_mpint(r, MPINT_MAX);
	p.p = rd_mpint(r, MPINT_MAX);
	p.q = rd_mpint(r, MPINT_MAX);
	return rd_status(r) == OK ? signer_rsa(&p, s) : rd_status(r);
}

static enum err
read_ecdsa(struct rd *r, enum key_type type, struct signer **s)
{
	struct slice point;
	struct slice d;

	(void)rd_string(r); /* curve: the public blob names it, too */
	point = rd_string(r);
	d = rd_mpint(r, MPINT_MAX);
	return rd_status(r) == OK ? signer_ecdsa(type, point, d, s)
				  : rd_status(r);
}

static enum err
read_ed25519(struct rd *r, struct signer **s)
{
	struct slice public = rd_string(r);
	struct slice both = rd_string(r);

	if (rd_status(r) != OK)
		return rd_status(r);
	if (both.n != SEED + PUBLIC ||
	    !slice_equal(slice_skip(both, SEED), public))
		return ERR_KEY_FORMAT;
	return signer_ed25519(slice_first(both, SEED), s);
}

/* The public half is compared by check_halves. */
static enum err
read_mldsa44(struct rd *r, struct signer **s)
{
	struct slice seeds;

	(void)rd_string(r);
	seeds = rd_string(r);
	return rd_status(r) == OK ? signer_mldsa44(seeds, s) : rd_status(r);
}

static enum err
read_private(struct rd *r, struct signer **s)
{
	enum key_type type = algo_key_type(rd_string(r));

	switch (type) {
	case KEY_RSA:
		return read_rsa(r, s);
	case KEY_ECDSA_256:
	case KEY_ECDSA_384:
	case KEY_ECDSA_521:
		return read_ecdsa(r, type, s);
	case KEY_ED25519:
		return read_ed25519(r, s);
	case KEY_MLDSA44_ED25519:
		return read_mldsa44(r, s);
	default: /* a FIDO key's secret isn't in its file */
		return ERR_UNKNOWN_ALGO;
	}
}

/* 1 2 3 …, less than a block */
static bool
is_padding(struct slice s)
{
	if (s.n >= BLOCK)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != i + 1)
			return false;
	return true;
}

/* Up to the private key, and from its end on. */
static enum err
begin_secret(struct slice secret, struct rd *r)
{
	uint32_t check;

	*r = rd_from(secret);
	check = rd_u32(r);
	return rd_u32(r) == check && secret.n % BLOCK == 0 ? OK
							   : ERR_KEY_FORMAT;
}

static enum err
end_secret(struct rd *r)
{
	(void)rd_string(r); /* comment */
	return is_padding(rd_rest(r)) ? rd_end(r) : ERR_KEY_FORMAT;
}

static enum err
parse_secret(struct slice secret, struct signer **s)
{
	struct rd r;
	enum err e;

	if ((e = begin_secret(secret, &r)) != OK)
		return e;
	if ((e = read_private(&r, s)) != OK)
		return e;
	return end_secret(&r);
}

/*
 * The public blob is the signer's, and what it signs verifies. A file that was
 * damaged in one prime would give away the other with its first signature.
 */
static enum err
check_halves(struct signer *s, struct slice public_blob)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KEY_BLOB_MAX);
	uint8_t room[SIGN_RAW_MAX];
	struct raw_signature raw = {SLICE_NONE, SLICE_NONE, SLICE_NONE};
	struct slice probe = SLICE_STR("does the private half fit?");
	struct key k;
	enum err e;

	key_of_signer(s, &k);
	if ((e = key_write(&k, &blob)) != OK)
		return e;
	if (public_blob.p != NULL &&
	    !slice_equal(buf_slice(&blob), public_blob))
		return ERR_KEY_FORMAT;
	if ((e = signer_sign(s, HASH_SHA512, probe, room, &raw)) != OK)
		return e;
	return sign_verify(&k.pub, HASH_SHA512, probe, &raw);
}

/* What the file's text holds, decoded into octets. */
static enum err
open_file(struct slice text, struct buf *octets, struct slice *public,
    struct slice *secret)
{
	struct slice cipher;
	struct slice kdf;
	struct rd r;
	enum err e;

	if ((e = unarmour(text, octets)) != OK)
		return e;
	r = rd_from(buf_slice(octets));
	if (!slice_equal(rd_raw(&r, sizeof(MAGIC)),
		slice_make(MAGIC, sizeof(MAGIC))))
		return ERR_KEY_FORMAT;
	cipher = rd_string(&r);
	kdf = rd_string(&r);
	(void)rd_string(&r); /* options of the kdf */
	if (rd_u32(&r) != 1)
		return ERR_KEY_FORMAT;
	*public = rd_string(&r);
	*secret = rd_string(&r);
	/* an authenticated cipher's tag comes after the last string */
	if (rd_status(&r) == OK &&
	    (!slice_is(cipher, "none") || !slice_is(kdf, "none")))
		return ERR_KEY_ENCRYPTED;
	return rd_end(&r);
}

static enum err
parse_openssh(struct slice text, struct signer **s)
{
	SCOPED(buf_clear) struct buf octets = BUF_SECRET(KEYFILE_MAX);
	struct slice public;
	struct slice secret;
	enum err e = open_file(text, &octets, &public, &secret);

	if (e != OK || (e = parse_secret(secret, s)) != OK)
		return e;
	return check_halves(*s, public);
}

/* Does it hold what PEM begins with, at the start of a line? */
static bool
looks_like_pem(struct slice text)
{
	struct slice line;

	while (slice_next(&text, '\n', &line))
		if (slice_starts(line, SLICE_STR(OTHER_BEGIN)))
			return true;
	return false;
}

static bool
is_for_the_caller(enum err e)
{
	return e == OK || e == ERR_KEY_ENCRYPTED || e == ERR_UNKNOWN_ALGO ||
	       e == ERR_KEY_LENGTH || e == ERR_CRYPTO;
}

enum err
keyfile_parse(struct slice text, struct signer **s)
{
	enum err e = ERR_KEY_FORMAT;

	*s = NULL;
	if (slice_starts(text_trim(text), SLICE_STR(BEGIN))) {
		e = parse_openssh(text_trim(text), s);
	} else if (looks_like_pem(text)) {
		e = signer_from_pem(text, s);
		if (e == OK)
			e = check_halves(*s, SLICE_NONE);
	}
	if (e != OK)
		signer_free(take(s));
	return is_for_the_caller(e) ? e : ERR_KEY_FORMAT;
}

/* ---- FIDO keys: their secret stays in the device ------------------------ */

static enum err
parse_sk_secret(struct slice secret, struct keyfile_sk *k)
{
	struct key public;
	struct slice handle;
	enum key_type type;
	struct rd r;
	enum err e;

	if ((e = begin_secret(secret, &r)) != OK)
		return e;
	type = algo_key_type(rd_string(&r));
	if (!key_is_sk(type))
		return ERR_UNKNOWN_ALGO;
	key_read_fields(&r, type, &public);
	k->flags = rd_u8(&r);
	handle = rd_string(&r);
	(void)rd_string(&r); /* reserved */
	if ((e = end_secret(&r)) != OK)
		return e;
	if ((e = key_write(&public, &k->blob)) != OK)
		return e;
	return buf_append(&k->handle, handle);
}

static enum err
parse_sk(struct slice text, struct keyfile_sk *k)
{
	SCOPED(buf_clear) struct buf octets = BUF_SECRET(KEYFILE_MAX);
	struct slice public;
	struct slice secret;
	enum err e = open_file(text, &octets, &public, &secret);

	if (e != OK || (e = parse_sk_secret(secret, k)) != OK)
		return e;
	return slice_equal(buf_slice(&k->blob), public) ? OK : ERR_KEY_FORMAT;
}

enum err
keyfile_parse_sk(struct slice text, struct keyfile_sk *k)
{
	enum err e = ERR_KEY_FORMAT;

	*k = (struct keyfile_sk){.blob = BUF_LIMIT(KEY_BLOB_MAX),
	    .handle = BUF_LIMIT(KEY_BLOB_MAX)};
	text = text_trim(text);
	if (slice_starts(text, SLICE_STR(BEGIN)))
		e = parse_sk(text, k);
	return is_for_the_caller(e) ? e : ERR_KEY_FORMAT;
}

void
keyfile_clear_sk(struct keyfile_sk *k)
{
	buf_clear(&k->blob);
	buf_clear(&k->handle);
}

/* ---- writing ---------------------------------------------------------- */

static void
write_private(struct wr *w, const struct signer *s, const struct key *k)
{
	struct rsa_private p;

	signer_private(s, &p);
	wr_cstr(w, key_wire_name(k->type));
	if (k->type == KEY_RSA) {
		wr_mpint(w, p.n);
		wr_mpint(w, p.e);
		wr_mpint(w, p.d);
		wr_mpint(w, p.iqmp);
		wr_mpint(w, p.p);
		wr_mpint(w, p.q);
	} else if (k->type == KEY_ED25519) {
		size_t mark;

		wr_string(w, k->pub.point);
		mark = wr_begin(w);
		wr_raw(w, p.d);
		wr_raw(w, k->pub.point);
		wr_finish(w, mark);
	} else if (k->type == KEY_MLDSA44_ED25519) {
		wr_string(w, k->pub.point);
		wr_string(w, p.d);
	} else {
		/* "nistp256": what the type's name ends with */
		wr_string(w, slice_skip(slice_cstr(key_wire_name(k->type)),
				 strlen("ecdsa-sha2-")));
		wr_string(w, k->pub.point);
		wr_mpint(w, p.d);
	}
}

static enum err
write_secret(const struct signer *s, const struct key *k, const char *comment,
    struct buf *out)
{
	struct wr w = wr_into(out);
	uint32_t check = rng_u32();
	size_t n;

	wr_u32(&w, check);
	wr_u32(&w, check);
	write_private(&w, s, k);
	wr_cstr(&w, comment);
	if (wr_end(&w, &n) != OK)
		return wr_end(&w, NULL);
	for (uint8_t pad = 1; n % BLOCK != 0; pad++, n++)
		wr_u8(&w, pad);
	return wr_end(&w, NULL);
}

/* BEGIN, lines, END */
static enum err
armour(struct slice octets, struct buf *out)
{
	SCOPED(buf_clear) struct buf letters = BUF_SECRET(2 * KEYFILE_MAX);
	struct bytes room;
	struct slice rest;
	enum err e;

	e = buf_reserve(&letters, (octets.n + 2) / 3 * 4 + 1, &room);
	if (e != OK)
		return e;
	buf_filled(&letters, text_base64(octets, true, (char *)room.p, room.n));
	rest = buf_slice(&letters);
	e = buf_append_cstr(out, BEGIN "\n");
	while (e == OK && rest.n > 0) {
		e = buf_append(out, slice_first(rest, LINE_WIDTH));
		if (e == OK)
			e = buf_append_cstr(out, "\n");
		rest = slice_skip(rest, LINE_WIDTH);
	}
	return e == OK ? buf_append_cstr(out, END "\n") : e;
}

enum err
keyfile_write(const struct signer *s, const char *comment, struct buf *out)
{
	SCOPED(buf_clear) struct buf public = BUF_LIMIT(KEY_BLOB_MAX);
	SCOPED(buf_clear) struct buf secret = BUF_SECRET(KEYFILE_MAX);
	SCOPED(buf_clear) struct buf octets = BUF_SECRET(KEYFILE_MAX);
	struct wr w = wr_into(&octets);
	struct key k;
	enum err e;

	key_of_signer(s, &k);
	if ((e = key_write(&k, &public)) != OK)
		return e;
	if ((e = write_secret(s, &k, comment, &secret)) != OK)
		return e;
	wr_raw(&w, slice_make(MAGIC, sizeof(MAGIC)));
	wr_cstr(&w, "none"); /* cipher */
	wr_cstr(&w, "none"); /* kdf */
	wr_cstr(&w, "");     /* its options */
	wr_u32(&w, 1);       /* keys */
	wr_string(&w, buf_slice(&public));
	wr_string(&w, buf_slice(&secret));
	if ((e = wr_end(&w, NULL)) != OK)
		return e;
	return armour(buf_slice(&octets), out);
}

enum err
keyfile_write_public(const struct signer *s, const char *comment,
    struct buf *out)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KEY_BLOB_MAX);
	struct key k;
	enum err e;

	key_of_signer(s, &k);
	if ((e = key_write(&k, &blob)) != OK)
		return e;
	if ((e = key_write_text(buf_slice(&blob), out)) != OK)
		return e;
	return buf_printf(out, " %s\n", comment);
}
