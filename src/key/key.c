#include "sallyport/key/key.h"

#include "sallyport/base/must.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/hash.h"

#define MPINT_MAX     (SIGN_RSA_BITS_MAX / 8)
#define BASE64_MAX(n) (((n) + 2) / 3 * 4 + 1)

/* What algo.c doesn't know of a type */
struct kind {
	enum key_type plain; /* whose components it has */
	const char *log;
	const char *curve; /* RFC 5656 §6.1 */
};

/* clang-format off */
static const struct kind kinds[] = {
	/* type             plain           in the log    curve */
	[KEY_NONE]       = {KEY_NONE,       NULL,         NULL},
	[KEY_RSA]        = {KEY_RSA,        "RSA",        NULL},
	[KEY_ECDSA_256]  = {KEY_ECDSA_256,  "ECDSA",      "nistp256"},
	[KEY_ECDSA_384]  = {KEY_ECDSA_384,  "ECDSA",      "nistp384"},
	[KEY_ECDSA_521]  = {KEY_ECDSA_521,  "ECDSA",      "nistp521"},
	[KEY_ED25519]    = {KEY_ED25519,    "ED25519",    NULL},
	[KEY_SK_ECDSA]   = {KEY_ECDSA_256,  "ECDSA-SK",   "nistp256"},
	[KEY_SK_ED25519] = {KEY_ED25519,    "ED25519-SK", NULL},
	[KEY_MLDSA44_ED25519] = {KEY_MLDSA44_ED25519, "MLDSA44-ED25519", NULL},
};
/* clang-format on */

bool
key_is_sk(enum key_type type)
{
	return kinds[type].plain != type;
}

const char *
key_wire_name(enum key_type type)
{
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++)
		if (a->kind == ALGO_KEY && a->key == type &&
		    (a->flags & ALGO_CERT) == 0)
			return a->blob_type;
	return NULL;
}

const char *
key_log_name(enum key_type type)
{
	return kinds[type].log;
}

enum key_type
key_type_of(struct slice blob_type, bool *certificate)
{
	const struct algo *a;

	*certificate = false;
	for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
		if (a->kind != ALGO_KEY || !slice_is(blob_type, a->blob_type))
			continue;
		*certificate = (a->flags & ALGO_CERT) != 0;
		return a->key;
	}
	return KEY_NONE;
}

struct slice
key_blob_type(struct slice blob)
{
	struct rd r = rd_from(blob);

	return rd_string(&r);
}

void
key_read_fields(struct rd *r, enum key_type type, struct key *k)
{
	const struct kind *kind = &kinds[type];

	*k = (struct key){.type = type, .pub.type = kind->plain};
	if (kind->plain == KEY_RSA) {
		k->pub.rsa_e = rd_mpint(r, MPINT_MAX);
		k->pub.rsa_n = rd_mpint(r, MPINT_MAX);
	} else {
		if (kind->curve != NULL && !slice_is(rd_string(r), kind->curve))
			rd_fail(r, ERR_FORMAT);
		k->pub.point = rd_string(r);
	}
	if (key_is_sk(type))
		k->application = rd_string(r);
}

enum err
key_parse(struct slice blob, struct key *k)
{
	struct rd r = rd_from(blob);
	bool certificate;
	enum key_type type = key_type_of(rd_string(&r), &certificate);

	*k = (struct key){.type = KEY_NONE};
	if (rd_status(&r) != OK)
		return rd_status(&r);
	if (type == KEY_NONE || certificate)
		return ERR_UNKNOWN_ALGO;
	key_read_fields(&r, type, k);
	return rd_end(&r);
}

enum err
key_check(const struct key *k, unsigned int rsa_bits_min)
{
	if (rsa_bits_min < SIGN_RSA_BITS_MIN)
		rsa_bits_min = SIGN_RSA_BITS_MIN;
	return sign_check_public(&k->pub, rsa_bits_min);
}

void
key_of_signer(const struct signer *s, struct key *k)
{
	*k = (struct key){.type = signer_type(s)};
	signer_public(s, &k->pub);
}

enum err
key_write(const struct key *k, struct buf *out)
{
	const struct kind *kind = &kinds[k->type];
	struct wr w = wr_into(out);

	wr_cstr(&w, key_wire_name(k->type));
	if (kind->plain == KEY_RSA) {
		wr_mpint(&w, k->pub.rsa_e);
		wr_mpint(&w, k->pub.rsa_n);
	} else {
		if (kind->curve != NULL)
			wr_cstr(&w, kind->curve);
		wr_string(&w, k->pub.point);
	}
	if (key_is_sk(k->type))
		wr_string(&w, k->application);
	return wr_end(&w, NULL);
}

/* Fingerprints' heads; the order is that of FingerprintHash's words. */
static const char *
hash_head(enum hash_id hash)
{
	switch (hash) {
	case HASH_MD5:
		return "MD5";
	case HASH_SHA1:
		return "SHA1:";
	case HASH_SHA384:
		return "SHA384:";
	case HASH_SHA512:
		return "SHA512:";
	default:
		return "SHA256:";
	}
}

enum err
key_fingerprint(struct slice blob, enum hash_id hash, struct buf *out)
{
	uint8_t digest[HASH_MAX];
	char text[BASE64_MAX(HASH_MAX)];
	enum err e = hash_once(hash, blob, digest);

	if (e == OK)
		e = buf_append_cstr(out, hash_head(hash));
	if (hash == HASH_MD5) {
		for (size_t i = 0; i < hash_octets(hash) && e == OK; i++)
			e = buf_printf(out, ":%02x", digest[i]);
		return e;
	}
	text_base64(slice_make(digest, hash_octets(hash)), false, text,
	    sizeof(text));
	return e == OK ? buf_append_cstr(out, text) : e;
}

enum err
key_write_text(struct slice blob, struct buf *out)
{
	struct bytes room;
	enum err e = buf_append(out, key_blob_type(blob));

	if (e == OK)
		e = buf_append_cstr(out, " ");
	if (e == OK)
		e = buf_reserve(out, BASE64_MAX(blob.n), &room);
	if (e != OK)
		return e;
	buf_filled(out, text_base64(blob, true, (char *)room.p, room.n));
	return OK;
}
