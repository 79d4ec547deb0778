#include "fixture.h"

#include "sallyport/key/key.h"
#include "sallyport/key/keyfile.h"

static const struct {
	const char *file;
	enum key_type type;
	bool has_pub;
} files[] = {{"rsa", KEY_RSA, true}, {"ecdsa256", KEY_ECDSA_256, true},
    {"ecdsa384", KEY_ECDSA_384, true}, {"ecdsa521", KEY_ECDSA_521, true},
    {"ed25519", KEY_ED25519, true}, {"mldsa44", KEY_MLDSA44_ED25519, true},
    {"rsa_pem", KEY_RSA, false}, {"rsa_pkcs8", KEY_RSA, false},
    {"ecdsa256_pem", KEY_ECDSA_256, false},
    {"ecdsa384_pkcs8", KEY_ECDSA_384, false},
    {"ed25519_pkcs8", KEY_ED25519, false}};
#define FILES ((int)(sizeof(files) / sizeof(files[0])))

static void
blob_of(const struct signer *s, struct buf *blob)
{
	struct key k;

	key_of_signer(s, &k);
	ck_assert_int_eq(key_write(&k, blob), OK);
}

START_TEST(reads_every_form)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf pub = FIXTURE_BUF;
	struct signer *s;

	fixture_read(files[_i].file, &text);
	ck_assert_int_eq(keyfile_parse(buf_slice(&text), &s), OK);
	ck_assert_int_eq(signer_type(s), files[_i].type);
	blob_of(s, &blob);
	if (files[_i].has_pub) {
		fixture_blob(files[_i].file, &pub);
		ck_assert(slice_equal(buf_slice(&blob), buf_slice(&pub)));
	}
	signer_free(s);
}
END_TEST

/* Ours, read again, is the same key. */
START_TEST(reads_what_it_wrote)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ours = BUF_SECRET(KEYFILE_MAX);
	SCOPED(buf_clear) struct buf before = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf after = FIXTURE_BUF;
	struct signer *s;

	fixture_read(files[_i].file, &text);
	ck_assert_int_eq(keyfile_parse(buf_slice(&text), &s), OK);
	blob_of(s, &before);
	ck_assert_int_eq(keyfile_write(s, "a comment", &ours), OK);
	signer_free(s);
	ck_assert_int_eq(keyfile_parse(buf_slice(&ours), &s), OK);
	blob_of(s, &after);
	ck_assert(slice_equal(buf_slice(&before), buf_slice(&after)));
	signer_free(s);
}
END_TEST

START_TEST(writes_the_pub_file)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf pub = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ours = FIXTURE_BUF;
	SCOPED(mem_free_at) char *name = mem_format("%s.pub", files[_i].file);
	struct signer *s;

	fixture_read(files[_i].file, &text);
	fixture_read(name, &pub);
	ck_assert_int_eq(keyfile_parse(buf_slice(&text), &s), OK);
	ck_assert_int_eq(keyfile_write_public(s, "test@example", &ours), OK);
	ck_assert(slice_equal(buf_slice(&pub), buf_slice(&ours)));
	signer_free(s);
}
END_TEST

static enum err
parse(struct slice text)
{
	struct signer *s;
	enum err e = keyfile_parse(text, &s);

	ck_assert((s != NULL) == (e == OK));
	signer_free(s);
	return e;
}

START_TEST(says_that_a_passphrase_is_needed)
{
	SCOPED(buf_clear) struct buf own = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf pem = FIXTURE_BUF;

	fixture_read("ed25519_locked", &own);
	fixture_read("rsa_pem_locked", &pem);
	ck_assert_int_eq(parse(buf_slice(&own)), ERR_KEY_ENCRYPTED);
	ck_assert_int_eq(parse(buf_slice(&pem)), ERR_KEY_ENCRYPTED);
}
END_TEST

START_TEST(a_pub_file_is_no_private_key)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;

	fixture_read("ed25519.pub", &text);
	ck_assert_int_eq(parse(buf_slice(&text)), ERR_KEY_FORMAT);
	ck_assert_int_eq(parse(SLICE_NONE), ERR_KEY_FORMAT);
	ck_assert_int_eq(parse(SLICE_STR("-----BEGIN ")), ERR_KEY_FORMAT);
}
END_TEST

/* Lines that end with CR, blanks around: mail and editors do that. */
START_TEST(bears_other_ends_of_lines)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf crlf = FIXTURE_BUF;
	struct slice rest, line;

	fixture_read("ecdsa256", &text);
	rest = buf_slice(&text);
	ck_assert_int_eq(buf_append_cstr(&crlf, "\n"), OK);
	while (slice_next(&rest, '\n', &line)) {
		ck_assert_int_eq(buf_append(&crlf, line), OK);
		ck_assert_int_eq(buf_append_cstr(&crlf, "\r\n"), OK);
	}
	ck_assert_int_eq(parse(buf_slice(&crlf)), OK);
}
END_TEST

START_TEST(refuses_every_cut_of_a_file)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;

	fixture_read("ed25519", &text);
	for (size_t n = 0; n + 1 < text.n; n++)
		ck_assert_int_eq(parse(slice_first(buf_slice(&text), n)),
		    ERR_KEY_FORMAT);
}
END_TEST

/* A private half of another key, with the public one of this. */
START_TEST(refuses_halves_that_do_not_fit)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf octets = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf letters = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf file = FIXTURE_BUF;
	struct slice rest, line;
	char room[2048];

	fixture_read("ed25519", &text);
	rest = buf_slice(&text);
	while (slice_next(&rest, '\n', &line))
		if (line.p[0] != '-')
			ck_assert_int_eq(buf_append(&letters, line), OK);
	fixture_unbase64(buf_slice(&letters), &octets);
	/* the seed: 64 octets of the pair stand before comment and padding */
	for (size_t at = octets.n - 120; at < octets.n - 20; at++) {
		octets.p[at] ^= 1;
		text_base64(buf_slice(&octets), true, room, sizeof(room));
		buf_reset(&file);
		ck_assert_int_eq(buf_printf(&file,
				     "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n"
				     "-----END OPENSSH PRIVATE KEY-----\n",
				     room),
		    OK);
		ck_assert_int_ne(parse(buf_slice(&file)), OK);
		octets.p[at] ^= 1;
	}
}
END_TEST

static const char *const sk_names[] = {"sk_ed25519", "sk_ecdsa"};

static enum err
parse_sk(struct slice text)
{
	struct keyfile_sk k;
	enum err e = keyfile_parse_sk(text, &k);

	keyfile_clear_sk(&k);
	return e;
}

START_TEST(reads_what_a_fido_keys_file_holds)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf pub = FIXTURE_BUF;
	struct keyfile_sk k;

	fixture_blob(sk_names[_i], &pub);
	fixture_sk_file(sk_names[_i], 5, "the handle", &text);
	ck_assert_int_eq(keyfile_parse_sk(buf_slice(&text), &k), OK);
	ck_assert(slice_equal(buf_slice(&k.blob), buf_slice(&pub)));
	ck_assert(slice_is(buf_slice(&k.handle), "the handle"));
	ck_assert_uint_eq(k.flags, 5);
	keyfile_clear_sk(&k);
	ck_assert_int_eq(parse(buf_slice(&text)), ERR_UNKNOWN_ALGO);
	for (size_t n = 0; n + 1 < text.n; n++)
		ck_assert_int_eq(parse_sk(slice_first(buf_slice(&text), n)),
		    ERR_KEY_FORMAT);
}
END_TEST

START_TEST(other_files_are_no_fido_keys)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf locked = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf pem = FIXTURE_BUF;

	fixture_read("ed25519", &text);
	fixture_read("ed25519_locked", &locked);
	fixture_read("rsa_pem", &pem);
	ck_assert_int_eq(parse_sk(buf_slice(&text)), ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(parse_sk(buf_slice(&locked)), ERR_KEY_ENCRYPTED);
	ck_assert_int_eq(parse_sk(buf_slice(&pem)), ERR_KEY_FORMAT);
	ck_assert_int_eq(parse_sk(SLICE_NONE), ERR_KEY_FORMAT);
}
END_TEST

TCase *
check_keyfile(void)
{
	TCase *tc = tcase_create("key/keyfile");

	tcase_add_loop_test(tc, reads_every_form, 0, FILES);
	tcase_add_loop_test(tc, reads_what_it_wrote, 0, FILES);
	tcase_add_loop_test(tc, writes_the_pub_file, 0, 5);
	tcase_add_test(tc, says_that_a_passphrase_is_needed);
	tcase_add_test(tc, a_pub_file_is_no_private_key);
	tcase_add_test(tc, bears_other_ends_of_lines);
	tcase_add_test(tc, refuses_every_cut_of_a_file);
	tcase_add_test(tc, refuses_halves_that_do_not_fit);
	tcase_add_loop_test(tc, reads_what_a_fido_keys_file_holds, 0, 2);
	tcase_add_test(tc, other_files_are_no_fido_keys);
	return tc;
}
