#include "suite.h"

#include "sallyport/crypto/ecdh.h"
#include "vectors.h"

static const enum ecdh_curve curves[] = {CURVE_X25519, CURVE_P256, CURVE_P384,
    CURVE_P521};

#define CURVES ((int)(sizeof(curves) / sizeof(curves[0])))

struct side {
	struct ecdh *e;
	uint8_t public[ECDH_PUBLIC_MAX];
	size_t n;
};

static void
side_make(struct side *s, enum ecdh_curve c)
{
	ck_assert_int_eq(ecdh_new(c, &s->e, s->public, &s->n), OK);
	ck_assert_uint_eq(s->n, ecdh_public_octets(c));
}

START_TEST(both_sides_agree)
{
	enum ecdh_curve c = curves[_i];
	struct side a, b;
	uint8_t ka[ECDH_SHARED_MAX], kb[ECDH_SHARED_MAX];
	size_t na, nb;

	side_make(&a, c);
	side_make(&b, c);
	ck_assert_mem_ne(a.public, b.public, a.n);
	ck_assert_int_eq(ecdh_agree(a.e, slice_make(b.public, b.n), ka, &na),
	    OK);
	ck_assert_int_eq(ecdh_agree(b.e, slice_make(a.public, a.n), kb, &nb),
	    OK);
	ck_assert_uint_eq(na, ecdh_shared_octets(c));
	vectors_same(slice_make(ka, na), slice_make(kb, nb));
	ecdh_free(a.e);
	ecdh_free(b.e);
	ecdh_free(NULL);
}
END_TEST

START_TEST(refuses_public_values_of_other_lengths)
{
	enum ecdh_curve c = curves[_i];
	struct side a, b;
	uint8_t k[ECDH_SHARED_MAX], more[ECDH_PUBLIC_MAX + 1] = {4};
	size_t n;

	side_make(&a, c);
	side_make(&b, c);
	for (size_t i = 0; i < b.n; i++)
		ck_assert_int_eq(ecdh_agree(a.e, slice_make(b.public, i), k,
				     &n),
		    ERR_PUBLIC_VALUE);
	memcpy(more, b.public, b.n);
	ck_assert_int_eq(ecdh_agree(a.e, slice_make(more, b.n + 1), k, &n),
	    ERR_PUBLIC_VALUE);
	ecdh_free(a.e);
	ecdh_free(b.e);
}
END_TEST

/* Off the curve, in another form, or nowhere at all */
START_TEST(refuses_points_that_are_none)
{
	enum ecdh_curve c = curves[_i];
	static const uint8_t forms[] = {0, 2, 3, 5, 6, 7};
	uint8_t k[ECDH_SHARED_MAX], all_ff[ECDH_PUBLIC_MAX];
	struct side a, b;
	size_t n;

	if (c == CURVE_X25519)
		return;
	side_make(&a, c);
	side_make(&b, c);
	for (size_t i = 0; i < sizeof(forms); i++) {
		b.public[0] = forms[i];
		ck_assert_int_eq(ecdh_agree(a.e, slice_make(b.public, b.n), k,
				     &n),
		    ERR_PUBLIC_VALUE);
	}
	b.public[0] = 4;
	b.public[b.n - 1] ^= 1;
	ck_assert_int_eq(ecdh_agree(a.e, slice_make(b.public, b.n), k, &n),
	    ERR_PUBLIC_VALUE);
	memset(b.public + 1, 0, b.n - 1);
	ck_assert_int_eq(ecdh_agree(a.e, slice_make(b.public, b.n), k, &n),
	    ERR_PUBLIC_VALUE);
	memset(all_ff, 0xff, sizeof(all_ff));
	all_ff[0] = 4;
	ck_assert_int_eq(ecdh_agree(a.e, slice_make(all_ff, b.n), k, &n),
	    ERR_PUBLIC_VALUE);
	ecdh_free(a.e);
	ecdh_free(b.e);
}
END_TEST

static struct slice
without_zeros(struct slice v)
{
	while (v.n > 0 && v.p[0] == 0)
		v = slice_skip(v, 1);
	return v;
}

/* Each line: what the standard wants, or a refusal where we may choose */
static void
run_vectors(const char *path, enum ecdh_curve c, const char *refused)
{
	static struct vectors v;
	int count = 0;

	vectors_open(&v, path);
	while (vectors_next(&v)) {
		struct slice private = vectors_column(&v, 1);
		struct slice public = vectors_column(&v, 2);
		struct slice right = vectors_column(&v, 3);
		bool good =
		    strcmp(v.text[0], "invalid") != 0 &&
		    (v.text[4] == NULL || strstr(v.text[4], refused) == NULL);
		uint8_t k[ECDH_SHARED_MAX];
		struct ecdh *e;
		size_t n;

		if (c != CURVE_X25519)
		private = without_zeros(private);
		ck_assert_int_eq(ecdh_from_private(c, private, &e), OK);
		ck_assert_int_eq(ecdh_agree(e, public, k, &n),
		    good ? OK : ERR_PUBLIC_VALUE);
		if (good)
			vectors_same(slice_make(k, n), right);
		ecdh_free(e);
		count++;
	}
	ck_assert_int_gt(count, 100);
}

START_TEST(x25519_answers_as_wycheproof_does)
{
	run_vectors(VECTORS "/x25519.txt", CURVE_X25519, "ZeroSharedSecret");
}
END_TEST

START_TEST(p256_answers_as_wycheproof_does)
{
	run_vectors(VECTORS "/ecdh_p256.txt", CURVE_P256, "Compressed");
}
END_TEST

/* RFC 7748 §5.2; RFC 5903 §§8.2, 8.3 */
static const struct {
	enum ecdh_curve curve;
	const char *private, *peer, *shared;
} answers[] = {
    {CURVE_X25519,
	"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {CURVE_P384,
	"099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
	"e35b538041e649ee3faef896783ab194",
	"04e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
	"0d1ac43a0336def96fda41d0774a3571dcfbec7aacf3196472169e838430367f66"
	"eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c",
	"11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
	"d603135569b9e9d09cf5d4a270f59746"},
    {CURVE_P521,
	"0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a095"
	"aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d4a52",
	"0400d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a21"
	"9b97c356436adc6e95bb0352f6be64a6c2912d4ef2d0433ced2b6171640012d946"
	"0f015c68226383956e3bd066e797b623c27ce0eac2f551a10c2c724d9852077b87"
	"220b6536c5c408a1d2aebb8e86d678ae49cb57091f4732296579ab44fcd17f0fc5"
	"6a",
	"01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04d1"
	"427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3ddea"},
};

START_TEST(answers_as_the_rfcs_do)
{
	uint8_t private[66], peer[133], right[66], k[ECDH_SHARED_MAX];
	struct ecdh *e;
	size_t n;

	ck_assert_int_eq(ecdh_from_private(answers[_i].curve,
			     HEX(private, answers[_i].private), &e),
	    OK);
	ck_assert_int_eq(ecdh_agree(e, HEX(peer, answers[_i].peer), k, &n), OK);
	vectors_same(slice_make(k, n), HEX(right, answers[_i].shared));
	ecdh_free(e);
}
END_TEST

START_TEST(knows_no_private_value_out_of_range)
{
	static const uint8_t zero[32], one[33] = {[31] = 1};
	uint8_t high[32];
	struct ecdh *e;

	memset(high, 0xff, sizeof(high));
	ck_assert_int_eq(ecdh_from_private(CURVE_P256, SLICE_OF(zero), &e),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(ecdh_from_private(CURVE_P256, SLICE_OF(high), &e),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(ecdh_from_private(CURVE_X25519, SLICE_OF(one), &e),
	    ERR_KEY_LENGTH);
	ck_assert_int_eq(ecdh_from_private(CURVE_NONE, SLICE_OF(zero), &e),
	    ERR_UNKNOWN_ALGO);
}
END_TEST

TCase *
check_ecdh(void)
{
	TCase *tc = tcase_create("crypto/ecdh");

	tcase_add_loop_test(tc, both_sides_agree, 0, CURVES);
	tcase_add_loop_test(tc, refuses_public_values_of_other_lengths, 0,
	    CURVES);
	tcase_add_loop_test(tc, refuses_points_that_are_none, 0, CURVES);
	tcase_add_test(tc, x25519_answers_as_wycheproof_does);
	tcase_add_test(tc, p256_answers_as_wycheproof_does);
	tcase_add_loop_test(tc, answers_as_the_rfcs_do, 0,
	    (int)(sizeof(answers) / sizeof(answers[0])));
	tcase_add_test(tc, knows_no_private_value_out_of_range);
	return tc;
}
