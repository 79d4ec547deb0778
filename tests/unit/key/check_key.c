#include "fixture.h"

#include "sallyport/key/key.h"

static const char *const names[] = {"rsa", "ecdsa256", "ecdsa384", "ecdsa521",
    "ed25519", "mldsa44", "sk_ed25519", "sk_ecdsa"};
#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

START_TEST(writes_what_it_parsed)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf again = FIXTURE_BUF;
	struct key k;

	fixture_blob(names[_i], &blob);
	ck_assert_int_eq(key_parse(buf_slice(&blob), &k), OK);
	ck_assert_int_eq(key_check(&k, 2048), OK);
	ck_assert_int_eq(key_write(&k, &again), OK);
	ck_assert(slice_equal(buf_slice(&blob), buf_slice(&again)));
}
END_TEST

START_TEST(refuses_every_prefix)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct key k;

	fixture_blob(names[_i], &blob);
	for (size_t n = 0; n < blob.n; n++)
		ck_assert_int_ne(key_parse(slice_first(buf_slice(&blob), n),
				     &k),
		    OK);
}
END_TEST

START_TEST(refuses_octets_behind)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct key k;

	fixture_blob(names[_i], &blob);
	ck_assert_int_eq(buf_append(&blob, SLICE_STR("x")), OK);
	ck_assert_int_eq(key_parse(buf_slice(&blob), &k), ERR_TRAILING);
}
END_TEST

/* "ecdsa-sha2-nistp256" with "nistp384" inside */
START_TEST(refuses_a_curve_of_another_name)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct key k;

	fixture_blob("ecdsa256", &blob);
	memcpy(blob.p + 4 + 19 + 4, "nistp384", 8);
	ck_assert_int_eq(key_parse(buf_slice(&blob), &k), ERR_FORMAT);
}
END_TEST

START_TEST(a_certificate_is_no_plain_key)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	bool certificate;
	struct key k;

	fixture_blob("ed25519_user-cert", &blob);
	ck_assert_int_eq(key_parse(buf_slice(&blob), &k), ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(key_type_of(key_blob_type(buf_slice(&blob)),
			     &certificate),
	    KEY_ED25519);
	ck_assert(certificate);
}
END_TEST

START_TEST(a_signature_s_name_is_no_key_s)
{
	bool certificate;

	ck_assert_int_eq(key_type_of(SLICE_STR("rsa-sha2-256"), &certificate),
	    KEY_NONE);
	ck_assert_int_eq(key_type_of(SLICE_STR("ssh-dss"), &certificate),
	    KEY_NONE);
	ck_assert_int_eq(key_type_of(SLICE_NONE, &certificate), KEY_NONE);
}
END_TEST

START_TEST(refuses_rsa_below_the_bound)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct key k;

	fixture_blob("rsa", &blob);
	ck_assert_int_eq(key_parse(buf_slice(&blob), &k), OK);
	ck_assert_int_eq(key_check(&k, 2049), ERR_KEY_LENGTH);
	ck_assert_int_eq(key_check(&k, 0), OK);
}
END_TEST

static void
append_fingerprint(const char *name, enum hash_id hash, struct buf *out)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;

	fixture_blob(name, &blob);
	ck_assert_int_eq(key_fingerprint(buf_slice(&blob), hash, out), OK);
}

/* "fingerprints" is what ssh-keygen -l says. */
START_TEST(fingerprints_are_ssh_keygen_s)
{
	SCOPED(buf_clear) struct buf all = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf sha = BUF_EMPTY;
	SCOPED(buf_clear) struct buf md5 = BUF_EMPTY;

	fixture_read("fingerprints", &all);
	append_fingerprint(names[_i], HASH_SHA256, &sha);
	append_fingerprint(names[_i], HASH_MD5, &md5);
	ck_assert_ptr_nonnull(memmem(all.p, all.n, sha.p, sha.n));
	ck_assert_ptr_nonnull(memmem(all.p, all.n, md5.p, md5.n));
	ck_assert_uint_eq(sha.n, 7 + 43);
	ck_assert_uint_eq(md5.n, 3 + 16 * 3);
}
END_TEST

START_TEST(writes_the_line_of_a_pub_file)
{
	SCOPED(buf_clear) struct buf file = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(mem_free_at) char *name = mem_format("%s.pub", names[_i]);

	fixture_read(name, &file);
	fixture_blob(names[_i], &blob);
	ck_assert_int_eq(key_write_text(buf_slice(&blob), &text), OK);
	ck_assert_int_eq(buf_append_cstr(&text, " test@example\n"), OK);
	ck_assert(slice_equal(buf_slice(&text), buf_slice(&file)));
}
END_TEST

START_TEST(every_type_has_its_names)
{
	static const enum key_type types[] = {KEY_RSA, KEY_ECDSA_256,
	    KEY_ECDSA_384, KEY_ECDSA_521, KEY_ED25519, KEY_SK_ECDSA,
	    KEY_SK_ED25519, KEY_MLDSA44_ED25519};
	bool certificate;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct slice name = slice_cstr(key_wire_name(types[i]));

		ck_assert_int_eq(key_type_of(name, &certificate), types[i]);
		ck_assert(!certificate);
		ck_assert_ptr_nonnull(key_log_name(types[i]));
	}
	ck_assert(key_is_sk(KEY_SK_ECDSA) && key_is_sk(KEY_SK_ED25519));
	ck_assert(!key_is_sk(KEY_RSA) && !key_is_sk(KEY_ED25519) &&
		  !key_is_sk(KEY_MLDSA44_ED25519));
}
END_TEST

TCase *
check_key(void)
{
	TCase *tc = tcase_create("key/key");

	tcase_add_loop_test(tc, writes_what_it_parsed, 0, NAMES);
	tcase_add_loop_test(tc, refuses_every_prefix, 0, NAMES);
	tcase_add_loop_test(tc, refuses_octets_behind, 0, NAMES);
	tcase_add_test(tc, refuses_a_curve_of_another_name);
	tcase_add_test(tc, a_certificate_is_no_plain_key);
	tcase_add_test(tc, a_signature_s_name_is_no_key_s);
	tcase_add_test(tc, refuses_rsa_below_the_bound);
	/* ssh-keygen knows the FIDO keys' too, but not without a device */
	tcase_add_loop_test(tc, fingerprints_are_ssh_keygen_s, 0, NAMES - 2);
	tcase_add_loop_test(tc, writes_the_line_of_a_pub_file, 0, NAMES);
	tcase_add_test(tc, every_type_has_its_names);
	return tc;
}
