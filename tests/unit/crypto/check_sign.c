#include "suite.h"

#include "sallyport/crypto/secret.h"
#include "sallyport/crypto/sign.h"
#include "vectors.h"

#include <openssl/bn.h>

/* The i-th kind of key, with each hash that it may use */
static const struct {
	enum key_type type;
	enum hash_id hash;
} kinds[] = {
    {KEY_ED25519, HASH_NONE},
    {KEY_ECDSA_256, HASH_NONE},
    {KEY_ECDSA_384, HASH_NONE},
    {KEY_ECDSA_521, HASH_NONE},
    {KEY_MLDSA44_ED25519, HASH_NONE},
    {KEY_RSA, HASH_SHA1},
    {KEY_RSA, HASH_SHA256},
    {KEY_RSA, HASH_SHA512},
};

#define KINDS     ((int)(sizeof(kinds) / sizeof(kinds[0])))
#define RSA_KINDS 5 /* the first one of RSA */

static const uint8_t three = 3;

/* A text file's octets, NUL-terminated */
static struct slice
file_read(const char *name)
{
	static char text[8192];
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/pem/%s", VECTORS, name);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return slice_make(text, n);
}

static struct signer *
signer_read(const char *name)
{
	struct signer *s = NULL;

	ck_assert_int_eq(signer_from_pem(file_read(name), &s), OK);
	return s;
}

/* RSA keys take long to make: that one is read. */
static struct signer *
signer_make(enum key_type type)
{
	struct signer *s = NULL;

	if (type == KEY_RSA)
		return signer_read("rsa.pem");
	ck_assert_int_eq(signer_generate(type, 0, &s), OK);
	return s;
}

START_TEST(a_signature_holds_for_its_message_alone)
{
	struct signer *s = signer_make(kinds[_i].type);
	static uint8_t room[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct public_key k;

	ck_assert_int_eq(signer_type(s), kinds[_i].type);
	signer_public(s, &k);
	ck_assert_int_eq(k.type, kinds[_i].type);
	ck_assert_int_eq(sign_check_public(&k, 0), OK);
	ck_assert_int_eq(signer_sign(s, kinds[_i].hash, SLICE_STR("sample"),
			     room, &sig),
	    OK);
	ck_assert_int_eq(sign_verify(&k, kinds[_i].hash, SLICE_STR("sample"),
			     &sig),
	    OK);
	ck_assert_int_eq(sign_verify(&k, kinds[_i].hash, SLICE_STR("samplf"),
			     &sig),
	    ERR_SIGNATURE);
	ck_assert_int_eq(sign_verify(&k, kinds[_i].hash, SLICE_NONE, &sig),
	    ERR_SIGNATURE);
	ck_assert_int_eq(signer_sign(s, kinds[_i].hash, SLICE_NONE, room, &sig),
	    OK);
	ck_assert_int_eq(sign_verify(&k, kinds[_i].hash, SLICE_NONE, &sig), OK);
	signer_free(s);
}
END_TEST

START_TEST(a_turned_bit_spoils_a_signature)
{
	struct signer *s = signer_make(kinds[_i].type);
	static uint8_t room[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct slice *parts[] = {&sig.octets, &sig.r, &sig.s};
	struct public_key k;

	signer_public(s, &k);
	ck_assert_int_eq(signer_sign(s, kinds[_i].hash, SLICE_STR("sample"),
			     room, &sig),
	    OK);
	for (size_t p = 0; p < 3; p++) {
		for (size_t bit = 0; bit < parts[p]->n * 8; bit += 5) {
			uint8_t *at = room + (parts[p]->p - room) + bit / 8;

			*at ^= (uint8_t)(1 << bit % 8);
			ck_assert_int_eq(sign_verify(&k, kinds[_i].hash,
					     SLICE_STR("sample"), &sig),
			    ERR_SIGNATURE);
			*at ^= (uint8_t)(1 << bit % 8);
		}
	}
	ck_assert_int_eq(sign_verify(&k, kinds[_i].hash, SLICE_STR("sample"),
			     &sig),
	    OK);
	signer_free(s);
}
END_TEST

/* No part of one, and nothing that one continues, is a signature. */
START_TEST(a_signature_has_one_length)
{
	struct signer *s = signer_make(kinds[_i].type);
	static uint8_t room[SIGN_RAW_MAX], longer[SIGN_RAW_MAX + 1];
	struct raw_signature sig, cut;
	struct public_key k;

	signer_public(s, &k);
	ck_assert_int_eq(signer_sign(s, kinds[_i].hash, SLICE_STR("sample"),
			     room, &sig),
	    OK);
	for (size_t n = 0; n < 140; n++) {
		cut = sig;
		if (sig.octets.n > 0)
			cut.octets = slice_first(sig.octets, n);
		else
			cut.s = slice_first(sig.s, n);
		if (n >= sig.octets.n + sig.s.n)
			continue;
		ck_assert_int_eq(sign_verify(&k, kinds[_i].hash,
				     SLICE_STR("sample"), &cut),
		    ERR_SIGNATURE);
	}
	slice_copy(sig.octets, BYTES_OF(longer));
	cut.octets = slice_make(longer, sig.octets.n + 1);
	cut.r = slice_make(longer, sizeof(longer));
	cut.s = sig.s;
	ck_assert_int_eq(sign_verify(&k, kinds[_i].hash, SLICE_STR("sample"),
			     &cut),
	    ERR_SIGNATURE);
	signer_free(s);
}
END_TEST

START_TEST(another_key_made_another_signature)
{
	struct signer *s = signer_make(kinds[_i].type), *other;
	static uint8_t room[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct public_key k;

	if (_i >= RSA_KINDS) {
		signer_free(s);
		return;
	}
	other = signer_make(kinds[_i].type);
	signer_public(other, &k);
	ck_assert_int_eq(signer_sign(s, HASH_NONE, SLICE_STR("sample"), room,
			     &sig),
	    OK);
	ck_assert_int_eq(sign_verify(&k, HASH_NONE, SLICE_STR("sample"), &sig),
	    ERR_SIGNATURE);
	signer_free(s);
	signer_free(other);
}
END_TEST

/* What a signer tells of itself makes the same signer again. */
START_TEST(is_made_of_its_own_parts)
{
	struct signer *s = signer_make(kinds[_i].type), *again = NULL;
	static uint8_t room[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct rsa_private parts;
	struct public_key k, k2;
	enum err e;

	signer_public(s, &k);
	signer_private(s, &parts);
	if (k.type == KEY_RSA)
		e = signer_rsa(&parts, &again);
	else if (k.type == KEY_ED25519)
		e = signer_ed25519(parts.d, &again);
	else if (k.type == KEY_MLDSA44_ED25519)
		e = signer_mldsa44(parts.d, &again);
	else
		e = signer_ecdsa(k.type, k.point, parts.d, &again);
	ck_assert_int_eq(e, OK);
	signer_public(again, &k2);
	vectors_same(k.point, k2.point);
	vectors_same(k.rsa_n, k2.rsa_n);
	vectors_same(k.rsa_e, k2.rsa_e);
	ck_assert_int_eq(signer_sign(again, kinds[_i].hash, SLICE_STR("a"),
			     room, &sig),
	    OK);
	ck_assert_int_eq(sign_verify(&k, kinds[_i].hash, SLICE_STR("a"), &sig),
	    OK);
	signer_free(s);
	signer_free(again);
	signer_free(NULL);
}
END_TEST

/* ---- Ed25519 ---- */

/* RFC 8032 §7.1, tests 1 to 3 */
static const struct {
	const char *seed, *point, *message, *sig;
} ed25519[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "-",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	"72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	"af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

START_TEST(ed25519_answers_as_rfc_8032_does)
{
	uint8_t seed[32], point[32], message[8], right[64];
	static uint8_t out[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct public_key k;
	struct signer *s;
	struct slice m = HEX(message, ed25519[_i].message);

	ck_assert_int_eq(signer_ed25519(HEX(seed, ed25519[_i].seed), &s), OK);
	signer_public(s, &k);
	vectors_same(k.point, HEX(point, ed25519[_i].point));
	ck_assert_int_eq(signer_sign(s, HASH_NONE, m, out, &sig), OK);
	vectors_same(sig.octets, HEX(right, ed25519[_i].sig));
	ck_assert_int_eq(sign_verify(&k, HASH_NONE, m, &sig), OK);
	k.type = KEY_SK_ED25519;
	ck_assert_int_eq(sign_verify(&k, HASH_NONE, m, &sig), OK);
	signer_free(s);
}
END_TEST

/* The same signature with S + L: RFC 8032 §5.1.7 wants S below L. */
START_TEST(ed25519_has_one_s)
{
	uint8_t point[32], sig[64], l[32];
	struct public_key k = {.type = KEY_ED25519,
	    .point = HEX(point, ed25519[0].point)};
	struct raw_signature raw = {.octets = HEX(sig, ed25519[0].sig)};
	unsigned int carry = 0;

	ck_assert_int_eq(sign_verify(&k, HASH_NONE, SLICE_NONE, &raw), OK);
	(void)HEX(l,
	    "edd3f55c1a631258d69cf7a2def9de14000000000000000000000000000000"
	    "10");
	for (size_t i = 0; i < 32; i++) {
		carry += sig[32 + i] + (unsigned int)l[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	ck_assert_int_eq(sign_verify(&k, HASH_NONE, SLICE_NONE, &raw),
	    ERR_SIGNATURE);
}
END_TEST

/* Points of small order, in every encoding of theirs; with these as key, a
 * signature of nothing could hold for everything. */
static const char *const small_points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

START_TEST(ed25519_refuses_points_of_small_order)
{
	uint8_t point[32], sig[64] = {1};
	struct public_key k = {.type = KEY_ED25519,
	    .point = HEX(point, small_points[_i])};
	struct raw_signature raw = {.octets = SLICE_OF(sig)};

	ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_FORMAT);
	ck_assert_int_eq(sign_verify(&k, HASH_NONE, SLICE_STR("x"), &raw),
	    ERR_SIGNATURE);
	k.point = slice_skip(k.point, 1);
	ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_LENGTH);
}
END_TEST

/* ---- ML-DSA-44 with Ed25519 ---- */

#define MLDSA_POINT 1312 /* where Ed25519's half of the key begins */
#define MLDSA_SIG   2420 /* and of the signature */

/* Two signatures of two keys: whose halves are mixed, nobody made. */
START_TEST(both_halves_must_hold)
{
	static uint8_t room[SIGN_RAW_MAX], others[SIGN_RAW_MAX];
	static uint8_t mixed[MLDSA_SIG + 64];
	struct signer *s = signer_make(KEY_MLDSA44_ED25519);
	struct signer *other = signer_make(KEY_MLDSA44_ED25519);
	struct raw_signature sig, theirs;
	struct public_key k;

	signer_public(s, &k);
	ck_assert_int_eq(signer_sign(s, HASH_NONE, SLICE_STR("a"), room, &sig),
	    OK);
	ck_assert_int_eq(signer_sign(other, HASH_NONE, SLICE_STR("a"), others,
			     &theirs),
	    OK);
	ck_assert_uint_eq(sig.octets.n, sizeof(mixed));
	for (int half = 0; half < 2; half++) {
		memcpy(mixed, half == 0 ? room : others, MLDSA_SIG);
		memcpy(mixed + MLDSA_SIG,
		    (half == 0 ? others : room) + MLDSA_SIG, 64);
		sig.octets = SLICE_OF(mixed);
		ck_assert_int_eq(sign_verify(&k, HASH_NONE, SLICE_STR("a"),
				     &sig),
		    ERR_SIGNATURE);
	}
	memcpy(mixed, room, sizeof(mixed));
	ck_assert_int_eq(sign_verify(&k, HASH_NONE, SLICE_STR("a"), &sig), OK);
	signer_free(s);
	signer_free(other);
}
END_TEST

/* Ed25519's half of a key is nobody's key when it stands alone: what it signs
 * is a text about the message. */
START_TEST(half_a_signature_is_none)
{
	static uint8_t room[SIGN_RAW_MAX];
	struct signer *s = signer_make(KEY_MLDSA44_ED25519);
	struct raw_signature sig, half = {.r = SLICE_NONE};
	struct public_key k, edwards = {.type = KEY_ED25519};

	signer_public(s, &k);
	edwards.point = slice_skip(k.point, MLDSA_POINT);
	ck_assert_int_eq(sign_check_public(&edwards, 0), OK);
	ck_assert_int_eq(signer_sign(s, HASH_NONE, SLICE_STR("a"), room, &sig),
	    OK);
	half.octets = slice_skip(sig.octets, MLDSA_SIG);
	ck_assert_int_eq(sign_verify(&edwards, HASH_NONE, SLICE_STR("a"),
			     &half),
	    ERR_SIGNATURE);
	signer_free(s);
}
END_TEST

/* A faulty machine gives nothing away: no message is signed twice alike. */
START_TEST(mldsa_is_hedged)
{
	static uint8_t one[SIGN_RAW_MAX], two[SIGN_RAW_MAX];
	struct signer *s = signer_make(KEY_MLDSA44_ED25519);
	struct raw_signature sig;

	ck_assert_int_eq(signer_sign(s, HASH_NONE, SLICE_STR("a"), one, &sig),
	    OK);
	ck_assert_int_eq(signer_sign(s, HASH_NONE, SLICE_STR("a"), two, &sig),
	    OK);
	ck_assert_mem_ne(one, two, MLDSA_SIG);
	ck_assert_mem_eq(one + MLDSA_SIG, two + MLDSA_SIG, 64);
	signer_free(s);
}
END_TEST

START_TEST(mldsa_keys_have_one_length)
{
	static uint8_t room[MLDSA_POINT + 33];
	struct public_key k = {.type = KEY_MLDSA44_ED25519};
	struct signer *s = signer_make(KEY_MLDSA44_ED25519), *again;
	struct public_key good;

	signer_public(s, &good);
	slice_copy(good.point, BYTES_OF(room));
	for (size_t n = 0; n <= sizeof(room); n++) {
		k.point = slice_make(room, n);
		ck_assert_int_eq(sign_check_public(&k, 0),
		    n == good.point.n ? OK : ERR_KEY_LENGTH);
	}
	k.point = slice_make(room, good.point.n);
	memset(room + MLDSA_POINT, 0, 32); /* of small order */
	ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_FORMAT);
	for (size_t n = 0; n <= 65; n++)
		if (n != 64)
			ck_assert_int_eq(signer_mldsa44(slice_make(room, n),
					     &again),
			    ERR_KEY_LENGTH);
	signer_free(s);
}
END_TEST

/* ---- ECDSA ---- */

/* RFC 6979 A.2.5 to A.2.7, message "sample", the curve's own hash */
static const struct {
	enum key_type type;
	const char *d, *point, *r, *s, *n;
} ecdsa[] = {
    {KEY_ECDSA_256,
	"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
	"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
    {KEY_ECDSA_384,
	"6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
	"96d5724e4c70a825f872c9ea60d2edf5",
	"04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
	"def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c6218967"
	"08a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
	"94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
	"81a648152e44acf96e36dd1e80fabe46",
	"99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
	"a329c145786e679e7b82c71a38628ac8",
	"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
	"581a0db248b0a77aecec196accc52973"},
    {KEY_ECDSA_521,
	"00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75ca"
	"a896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538",
	"0401894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd"
	"371123d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023"
	"a400493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a"
	"28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfc"
	"f5",
	"00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f17"
	"4e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
	"00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af28"
	"2623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
	"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	"fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"},
};

/* The values of a row; r and s without leading zeros */
struct known {
	uint8_t d[66], point[133], r[66], s[66], n[66];
	struct slice order, private;
	struct public_key k;
	struct raw_signature sig;
};

static struct slice
magnitude(struct slice v)
{
	while (v.n > 0 && v.p[0] == 0)
		v = slice_skip(v, 1);
	return v;
}

static void
known_make(int i, struct known *w)
{
	memset(w, 0, sizeof(*w));
	w->private = HEX(w->d, ecdsa[i].d);
	w->order = HEX(w->n, ecdsa[i].n);
	w->k.type = ecdsa[i].type;
	w->k.point = HEX(w->point, ecdsa[i].point);
	w->sig.r = magnitude(HEX(w->r, ecdsa[i].r));
	w->sig.s = magnitude(HEX(w->s, ecdsa[i].s));
}

static enum err
known_verify(const struct known *w)
{
	return sign_verify(&w->k, HASH_NONE, SLICE_STR("sample"), &w->sig);
}

START_TEST(ecdsa_answers_as_rfc_6979_does)
{
	struct known w;
	struct signer *s;

	known_make(_i, &w);
	ck_assert_int_eq(sign_check_public(&w.k, 0), OK);
	ck_assert_int_eq(known_verify(&w), OK);
	ck_assert_int_eq(signer_ecdsa(w.k.type, w.k.point, w.private, &s), OK);
	signer_free(s);
	if (w.k.type == KEY_ECDSA_256) {
		w.k.type = KEY_SK_ECDSA;
		ck_assert_int_eq(known_verify(&w), OK);
	}
}
END_TEST

/* r and s lie in [1, n-1] and are written in one way. */
START_TEST(ecdsa_numbers_have_one_form)
{
	static const uint8_t zero[67];
	struct slice bad[4];
	uint8_t padded[67] = {0}, beyond[67];
	struct known w;
	BIGNUM *v, *n;

	known_make(_i, &w);
	n = BN_bin2bn(w.order.p, (int)w.order.n, NULL);
	for (int which = 0; which < 2; which++) {
		struct slice *part = which == 0 ? &w.sig.r : &w.sig.s;
		struct slice good = *part;

		slice_copy(good, bytes_make(padded + 1, 66));
		v = BN_bin2bn(good.p, (int)good.n, NULL);
		BN_add(v, v, n);
		bad[0] = SLICE_NONE;
		bad[1] = slice_make(zero, w.order.n);
		bad[2] = slice_make(padded, good.n + 1);
		bad[3] = slice_make(beyond, (size_t)BN_bn2bin(v, beyond));
		BN_free(v);
		for (size_t i = 0; i < 4; i++) {
			*part = bad[i];
			ck_assert_int_eq(known_verify(&w), ERR_SIGNATURE);
		}
		*part = w.order;
		ck_assert_int_eq(known_verify(&w), ERR_SIGNATURE);
		*part = good;
	}
	BN_free(n);
	ck_assert_int_eq(known_verify(&w), OK);
}
END_TEST

START_TEST(ecdsa_refuses_points_that_are_none)
{
	struct known w;
	struct signer *s;

	known_make(_i, &w);
	w.point[w.k.point.n - 1] ^= 1;
	ck_assert_int_eq(sign_check_public(&w.k, 0), ERR_KEY_FORMAT);
	ck_assert_int_eq(known_verify(&w), ERR_SIGNATURE);
	ck_assert_int_eq(signer_ecdsa(w.k.type, w.k.point, w.private, &s),
	    ERR_KEY_FORMAT);
	w.point[w.k.point.n - 1] ^= 1;
	w.point[0] = 2;
	ck_assert_int_eq(sign_check_public(&w.k, 0), ERR_KEY_FORMAT);
	w.k.point = slice_first(w.k.point, w.k.point.n / 2 + 1);
	ck_assert_int_eq(sign_check_public(&w.k, 0), ERR_KEY_LENGTH);
	ck_assert_int_eq(known_verify(&w), ERR_SIGNATURE);
	w.k.point = SLICE_NONE;
	ck_assert_int_eq(sign_check_public(&w.k, 0), ERR_KEY_LENGTH);
	ck_assert_int_eq(known_verify(&w), ERR_SIGNATURE);
}
END_TEST

START_TEST(ecdsa_refuses_private_numbers_out_of_range)
{
	struct known w;
	struct signer *s;

	known_make(_i, &w);
	ck_assert_int_eq(signer_ecdsa(w.k.type, w.k.point, w.order, &s),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(signer_ecdsa(w.k.type, w.k.point, SLICE_NONE, &s),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(signer_ecdsa(w.k.type, w.k.point, SLICE_OF(three), &s),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(signer_ecdsa(KEY_SK_ECDSA, w.k.point, w.private, &s),
	    ERR_KEY_TYPE);
	ck_assert_int_eq(signer_ecdsa(KEY_RSA, w.k.point, w.private, &s),
	    ERR_KEY_TYPE);
}
END_TEST

/* ---- RSA ---- */

/* RFC 8017 §9.2: what a signature is, by arithmetic alone */
START_TEST(rsa_signs_what_rfc_8017_says)
{
	/* DigestInfo of SHA-256, and SHA-256 of "abc" (FIPS 180-4) */
	static const char *const info =
	    "003031300d060960864801650304020105000420ba7816bf8f01cfea414140de"
	    "5dae2223b00361a396177a9cb410ff61f20015ad";
	struct signer *s = signer_read("rsa.pem");
	static uint8_t out[SIGN_RAW_MAX], em[SIGN_RAW_MAX], tail[64];
	struct raw_signature sig;
	struct public_key k;
	BIGNUM *n, *e, *v;
	BN_CTX *ctx = BN_CTX_new();
	size_t at, tail_n = vectors_hex(info, BYTES_OF(tail));

	signer_public(s, &k);
	ck_assert_int_eq(signer_sign(s, HASH_SHA256, SLICE_STR("abc"), out,
			     &sig),
	    OK);
	ck_assert_uint_eq(sig.octets.n, k.rsa_n.n);
	n = BN_bin2bn(k.rsa_n.p, (int)k.rsa_n.n, NULL);
	e = BN_bin2bn(k.rsa_e.p, (int)k.rsa_e.n, NULL);
	v = BN_bin2bn(sig.octets.p, (int)sig.octets.n, NULL);
	BN_mod_exp(v, v, e, n, ctx);
	ck_assert_int_gt(BN_bn2binpad(v, em, (int)k.rsa_n.n), 0);
	at = k.rsa_n.n - tail_n;
	ck_assert_mem_eq(em + at, tail, tail_n);
	ck_assert_uint_eq(em[0], 0);
	ck_assert_uint_eq(em[1], 1);
	for (size_t i = 2; i < at; i++)
		ck_assert_uint_eq(em[i], 0xff);
	BN_free(n);
	BN_free(e);
	BN_free(v);
	BN_CTX_free(ctx);
	signer_free(s);
}
END_TEST

/* Leading zeros may be missing, RFC 4253 §6.6 notwithstanding. */
START_TEST(rsa_takes_a_signature_without_its_zeros)
{
	struct signer *s = signer_read("rsa.pem");
	static uint8_t out[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct public_key k;
	uint32_t message = 0;

	signer_public(s, &k);
	do {
		message++;
		ck_assert_int_eq(signer_sign(s, HASH_SHA256, SLICE_OF(message),
				     out, &sig),
		    OK);
	} while (out[0] != 0);
	ck_assert_int_eq(sign_verify(&k, HASH_SHA256, SLICE_OF(message), &sig),
	    OK);
	sig.octets = slice_skip(sig.octets, 1);
	ck_assert_int_eq(sign_verify(&k, HASH_SHA256, SLICE_OF(message), &sig),
	    OK);
	sig.octets = slice_first(sig.octets, sig.octets.n - 1);
	ck_assert_int_eq(sign_verify(&k, HASH_SHA256, SLICE_OF(message), &sig),
	    ERR_SIGNATURE);
	signer_free(s);
}
END_TEST

START_TEST(rsa_knows_three_hashes)
{
	struct signer *s = signer_read("rsa.pem");
	static uint8_t out[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct public_key k;

	signer_public(s, &k);
	ck_assert_int_eq(signer_sign(s, HASH_MD5, SLICE_NONE, out, &sig),
	    ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(signer_sign(s, HASH_SHA1, SLICE_NONE, out, &sig), OK);
	ck_assert_int_eq(sign_verify(&k, HASH_SHA256, SLICE_NONE, &sig),
	    ERR_SIGNATURE);
	ck_assert_int_eq(sign_verify(&k, HASH_NONE, SLICE_NONE, &sig),
	    ERR_SIGNATURE);
	signer_free(s);
}
END_TEST

START_TEST(rsa_moduli_have_bounds)
{
	static uint8_t n[SIGN_RSA_BITS_MAX / 8 + 1];
	struct public_key k = {.type = KEY_RSA, .rsa_e = SLICE_OF(three)};

	memset(n, 0xff, sizeof(n));
	k.rsa_n = slice_make(n, 128);
	ck_assert_uint_eq(sign_rsa_bits(&k), 1024);
	ck_assert_int_eq(sign_check_public(&k, 0), OK);
	ck_assert_int_eq(sign_check_public(&k, 1024), OK);
	ck_assert_int_eq(sign_check_public(&k, 1025), ERR_KEY_LENGTH);
	n[0] = 0x7f;
	ck_assert_uint_eq(sign_rsa_bits(&k), 1023);
	ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_LENGTH);
	n[0] = 0;
	k.rsa_n.n++;
	ck_assert_uint_eq(sign_rsa_bits(&k), 1024);
	ck_assert_int_eq(sign_check_public(&k, 0), OK);
	n[0] = 1;
	k.rsa_n.n = SIGN_RSA_BITS_MAX / 8;
	ck_assert_int_eq(sign_check_public(&k, 2048), OK);
	k.rsa_n.n++;
	ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_LENGTH);
	k.rsa_n = SLICE_NONE;
	ck_assert_uint_eq(sign_rsa_bits(&k), 0);
	ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_LENGTH);
}
END_TEST

START_TEST(rsa_exponents_are_odd_and_above_one)
{
	static uint8_t n[256];
	static const uint8_t one = 1, even = 4, zero[2] = {0, 1};
	struct public_key k = {.type = KEY_RSA, .rsa_n = SLICE_OF(n)};
	struct slice bad[] = {SLICE_NONE, SLICE_OF(one), SLICE_OF(even),
	    SLICE_OF(zero)};

	memset(n, 0xff, sizeof(n));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		k.rsa_e = bad[i];
		ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_FORMAT);
	}
	k.rsa_e = SLICE_OF(three);
	ck_assert_int_eq(sign_check_public(&k, 0), OK);
	n[255] = 0xfe;
	ck_assert_int_eq(sign_check_public(&k, 0), ERR_KEY_FORMAT);
}
END_TEST

/* A private key whose parts don't belong together doesn't sign. */
START_TEST(rsa_parts_belong_together)
{
	struct signer *s = signer_read("rsa.pem"), *again = NULL;
	static uint8_t copy[6][2050];
	struct rsa_private parts, bad;
	struct slice *slot[] = {&bad.n, &bad.e, &bad.d, &bad.iqmp, &bad.p,
	    &bad.q};

	signer_private(s, &parts);
	for (size_t i = 0; i < 6; i++) {
		bad = parts;
		slice_copy(*slot[i], BYTES_OF(copy[i]));
		copy[i][slot[i]->n - 1] ^= 2;
		*slot[i] = slice_make(copy[i], slot[i]->n);
		ck_assert_int_eq(signer_rsa(&bad, &again), ERR_KEY_FORMAT);
		*slot[i] = SLICE_NONE;
		ck_assert_int_ne(signer_rsa(&bad, &again), OK);
		*slot[i] = slice_make(copy[i], sizeof(copy[i]));
		ck_assert_int_ne(signer_rsa(&bad, &again), OK);
	}
	signer_free(s);
}
END_TEST

START_TEST(rsa_makes_keys_of_the_length_asked)
{
	struct signer *s;
	struct public_key k;

	ck_assert_int_eq(signer_generate(KEY_RSA, 1023, &s), ERR_KEY_LENGTH);
	ck_assert_int_eq(signer_generate(KEY_RSA, 16385, &s), ERR_KEY_LENGTH);
	ck_assert_int_eq(signer_generate(KEY_RSA, 2048, &s), OK);
	signer_public(s, &k);
	ck_assert_uint_eq(sign_rsa_bits(&k), 2048);
	ck_assert_int_eq(sign_check_public(&k, 2048), OK);
	signer_free(s);
}
END_TEST

START_TEST(makes_no_security_keys)
{
	struct signer *s;

	ck_assert_int_eq(signer_generate(KEY_SK_ED25519, 0, &s), ERR_KEY_TYPE);
	ck_assert_int_eq(signer_generate(KEY_SK_ECDSA, 0, &s), ERR_KEY_TYPE);
	ck_assert_int_eq(signer_generate(KEY_NONE, 0, &s), ERR_KEY_TYPE);
	ck_assert_int_eq(signer_ed25519(SLICE_OF(three), &s), ERR_KEY_LENGTH);
}
END_TEST

/* ---- PEM ---- */

static const struct {
	const char *name;
	enum key_type type;
	enum err err;
} files[] = {
    {"rsa.pem", KEY_RSA, OK},
    {"rsa-pkcs8.pem", KEY_RSA, OK},
    {"p256.pem", KEY_ECDSA_256, OK}, /* EC PARAMETERS come first */
    {"p256-pkcs8.pem", KEY_ECDSA_256, OK},
    {"p384.pem", KEY_ECDSA_384, OK},
    {"p384-pkcs8.pem", KEY_ECDSA_384, OK},
    {"p521.pem", KEY_ECDSA_521, OK},
    {"p521-pkcs8.pem", KEY_ECDSA_521, OK},
    {"ed25519-pkcs8.pem", KEY_ED25519, OK},
    {"encrypted-rsa.pem", KEY_NONE, ERR_KEY_ENCRYPTED},
    {"encrypted-pkcs8.pem", KEY_NONE, ERR_KEY_ENCRYPTED},
    {"x25519-pkcs8.pem", KEY_NONE, ERR_KEY_TYPE},
};

#define FILES ((int)(sizeof(files) / sizeof(files[0])))

START_TEST(reads_pem)
{
	struct signer *s = NULL;
	static uint8_t room[SIGN_RAW_MAX];
	struct raw_signature sig;
	struct public_key k;
	enum hash_id hash = files[_i].type == KEY_RSA ? HASH_SHA512 : HASH_NONE;

	ck_assert_int_eq(signer_from_pem(file_read(files[_i].name), &s),
	    files[_i].err);
	if (files[_i].err != OK)
		return;
	ck_assert_int_eq(signer_type(s), files[_i].type);
	signer_public(s, &k);
	ck_assert_int_eq(signer_sign(s, hash, SLICE_STR("x"), room, &sig), OK);
	ck_assert_int_eq(sign_verify(&k, hash, SLICE_STR("x"), &sig), OK);
	signer_free(s);
}
END_TEST

START_TEST(refuses_pem_that_was_cut)
{
	struct slice whole = file_read(files[_i].name);
	struct signer *s;

	/* all but the end of the last line of the armour */
	for (size_t n = 0; n + 5 < whole.n; n += 7)
		ck_assert_int_ne(signer_from_pem(slice_first(whole, n), &s),
		    OK);
}
END_TEST

START_TEST(refuses_what_is_no_pem)
{
	static uint8_t junk[70000];
	static const char certificate[] = "-----BEGIN CERTIFICATE-----\n"
					  "AAAA\n"
					  "-----END CERTIFICATE-----\n";
	struct signer *s;

	ck_assert_int_eq(signer_from_pem(SLICE_NONE, &s), ERR_KEY_FORMAT);
	ck_assert_int_eq(signer_from_pem(SLICE_OF(junk), &s), ERR_KEY_FORMAT);
	ck_assert_int_eq(signer_from_pem(slice_make(junk, 100), &s),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(signer_from_pem(SLICE_STR(certificate), &s),
	    ERR_KEY_FORMAT);
}
END_TEST

TCase *
check_sign(void)
{
	TCase *tc = tcase_create("crypto/sign");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_signature_holds_for_its_message_alone, 0,
	    KINDS);
	tcase_add_loop_test(tc, a_turned_bit_spoils_a_signature, 0, KINDS);
	tcase_add_loop_test(tc, a_signature_has_one_length, 0, KINDS);
	tcase_add_loop_test(tc, another_key_made_another_signature, 0, KINDS);
	tcase_add_loop_test(tc, is_made_of_its_own_parts, 0, KINDS);
	tcase_add_loop_test(tc, ed25519_answers_as_rfc_8032_does, 0, 3);
	tcase_add_test(tc, ed25519_has_one_s);
	tcase_add_loop_test(tc, ed25519_refuses_points_of_small_order, 0,
	    (int)(sizeof(small_points) / sizeof(small_points[0])));
	tcase_add_test(tc, both_halves_must_hold);
	tcase_add_test(tc, half_a_signature_is_none);
	tcase_add_test(tc, mldsa_is_hedged);
	tcase_add_test(tc, mldsa_keys_have_one_length);
	tcase_add_loop_test(tc, ecdsa_answers_as_rfc_6979_does, 0, 3);
	tcase_add_loop_test(tc, ecdsa_numbers_have_one_form, 0, 3);
	tcase_add_loop_test(tc, ecdsa_refuses_points_that_are_none, 0, 3);
	tcase_add_loop_test(tc, ecdsa_refuses_private_numbers_out_of_range, 0,
	    3);
	tcase_add_test(tc, rsa_signs_what_rfc_8017_says);
	tcase_add_test(tc, rsa_takes_a_signature_without_its_zeros);
	tcase_add_test(tc, rsa_knows_three_hashes);
	tcase_add_test(tc, rsa_moduli_have_bounds);
	tcase_add_test(tc, rsa_exponents_are_odd_and_above_one);
	tcase_add_test(tc, rsa_parts_belong_together);
	tcase_add_test(tc, rsa_makes_keys_of_the_length_asked);
	tcase_add_test(tc, makes_no_security_keys);
	tcase_add_loop_test(tc, reads_pem, 0, FILES);
	tcase_add_loop_test(tc, refuses_pem_that_was_cut, 0, FILES);
	tcase_add_test(tc, refuses_what_is_no_pem);
	return tc;
}
