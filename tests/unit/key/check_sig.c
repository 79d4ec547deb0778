#include "fixture.h"

#include "sallyport/key/keyfile.h"
#include "sallyport/key/sig.h"

/* Under the row's own key and algorithm; message may be another. */
static enum err
verify(const struct fixture_sig *row, const char *alg, struct slice message)
{
	struct key k;
	struct sig s;
	enum err e;

	ck_assert_int_eq(key_parse(buf_slice(&row->key), &k), OK);
	if ((e = sig_parse(buf_slice(&row->sig), &s)) != OK)
		return e;
	return sig_verify(&k, algo_find(ALGO_KEY, slice_cstr(alg)), &s,
	    message);
}

START_TEST(knows_good_signatures_from_bad)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf message = FIXTURE_BUF;
	struct fixture_sig row;
	struct slice rest;
	int rows = 0;

	fixture_message(&text, &message, &rest);
	while (fixture_next(&rest, &row)) {
		bool bad = strncmp(row.name, "bad_", 4) == 0;
		enum err e = verify(&row, row.alg, buf_slice(&message));

		ck_assert_msg(bad == (e != OK), "row %d, %s: %s", rows,
		    row.name, err_name(e));
		e = verify(&row, row.alg, SLICE_STR("another message"));
		ck_assert_int_ne(e, OK);
		fixture_sig_clear(&row);
		rows++;
	}
	ck_assert_int_ge(rows, 23);
}
END_TEST

/* No octet of a blob is without meaning. */
START_TEST(refuses_every_change_and_every_prefix)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf message = FIXTURE_BUF;
	struct fixture_sig row;
	struct slice rest;

	fixture_message(&text, &message, &rest);
	while (fixture_next(&rest, &row)) {
		size_t whole = row.sig.n;

		for (size_t i = 0; i < whole; i += i < 64 ? 1 : 7) {
			row.sig.p[i] ^= 1;
			ck_assert_int_ne(verify(&row, row.alg,
					     buf_slice(&message)),
			    OK);
			row.sig.p[i] ^= 1;
		}
		for (row.sig.n = 0; row.sig.n < whole; row.sig.n++)
			ck_assert_int_ne(verify(&row, row.alg,
					     buf_slice(&message)),
			    OK);
		ck_assert_int_eq(buf_append(&row.sig, SLICE_STR("x")), OK);
		ck_assert_int_eq(verify(&row, row.alg, buf_slice(&message)),
		    ERR_TRAILING);
		fixture_sig_clear(&row);
	}
}
END_TEST

static void
find_row(const char *name, const char *alg, struct buf *message,
    struct fixture_sig *row)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	struct slice rest;

	fixture_message(&text, message, &rest);
	while (fixture_next(&rest, row)) {
		if (strcmp(row->name, name) == 0 && strcmp(row->alg, alg) == 0)
			return;
		fixture_sig_clear(row);
	}
	ck_abort_msg("no row %s %s", name, alg);
}

/* What was announced must be inside: SHA-1 can't hide behind SHA-2. */
START_TEST(rsa_is_as_announced)
{
	SCOPED(buf_clear) struct buf message = FIXTURE_BUF;
	struct fixture_sig row;

	find_row("rsa", "ssh-rsa", &message, &row);
	ck_assert_int_eq(verify(&row, "ssh-rsa", buf_slice(&message)), OK);
	ck_assert_int_eq(verify(&row, "rsa-sha2-256", buf_slice(&message)),
	    ERR_KEY_TYPE);
	fixture_sig_clear(&row);
	find_row("rsa", "rsa-sha2-512", &message, &row);
	ck_assert_int_eq(verify(&row, "rsa-sha2-512-cert-v01@openssh.com",
			     buf_slice(&message)),
	    OK);
	fixture_sig_clear(&row);
}
END_TEST

START_TEST(either_label_serves_a_fido_key)
{
	SCOPED(buf_clear) struct buf message = FIXTURE_BUF;
	struct fixture_sig row;

	find_row("sk_ecdsa", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
	    &message, &row);
	ck_assert_int_eq(verify(&row, "sk-ecdsa-sha2-nistp256@openssh.com",
			     buf_slice(&message)),
	    OK);
	ck_assert_int_eq(verify(&row, "sk-ssh-ed25519@openssh.com",
			     buf_slice(&message)),
	    ERR_KEY_TYPE);
	fixture_sig_clear(&row);
}
END_TEST

static const struct {
	const char *file;
	const char *alg;
} signing[] = {{"rsa", "rsa-sha2-256"}, {"rsa", "rsa-sha2-512"},
    {"rsa", "ssh-rsa"}, {"ecdsa256", "ecdsa-sha2-nistp256"},
    {"ecdsa384", "ecdsa-sha2-nistp384"}, {"ecdsa521", "ecdsa-sha2-nistp521"},
    {"ed25519", "ssh-ed25519"}, {"mldsa44", "ssh-mldsa44-ed25519@openssh.com"}};
#define SIGNING ((int)(sizeof(signing) / sizeof(signing[0])))

START_TEST(verifies_what_was_written)
{
	const struct algo *alg =
	    algo_find(ALGO_KEY, slice_cstr(signing[_i].alg));
	SCOPED(buf_clear) struct buf file = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	uint8_t room[SIGN_RAW_MAX];
	struct raw_signature raw = {.octets = SLICE_NONE};
	struct signer *signer;
	struct key k;
	struct sig s;

	fixture_read(signing[_i].file, &file);
	ck_assert_int_eq(keyfile_parse(buf_slice(&file), &signer), OK);
	ck_assert_int_eq(signer_sign(signer, alg->hash, SLICE_STR("text"), room,
			     &raw),
	    OK);
	ck_assert_int_eq(sig_write(alg, &raw, &blob), OK);
	ck_assert_int_eq(sig_parse(buf_slice(&blob), &s), OK);
	ck_assert_str_eq(s.alg->name, signing[_i].alg);
	key_of_signer(signer, &k);
	ck_assert_int_eq(sig_verify(&k, alg, &s, SLICE_STR("text")), OK);
	ck_assert_int_ne(sig_verify(&k, alg, &s, SLICE_STR("texs")), OK);
	signer_free(signer);
}
END_TEST

/* RFC 8017 §8.2.2 wants the modulus' length; some signers cut zeros off. */
START_TEST(a_short_rsa_signature_is_padded)
{
	const struct algo *alg = algo_find(ALGO_KEY, SLICE_STR("rsa-sha2-256"));
	SCOPED(buf_clear) struct buf file = FIXTURE_BUF;
	uint8_t room[SIGN_RAW_MAX] = {1};
	struct raw_signature raw = {.octets = SLICE_NONE};
	struct signer *signer;
	struct key k;
	struct sig s = {.alg = alg};
	uint32_t text = 0;

	fixture_read("rsa", &file);
	ck_assert_int_eq(keyfile_parse(buf_slice(&file), &signer), OK);
	for (; room[0] != 0; text++)
		ck_assert_int_eq(signer_sign(signer, alg->hash, SLICE_OF(text),
				     room, &raw),
		    OK);
	text--;
	key_of_signer(signer, &k);
	s.raw.octets = slice_skip(raw.octets, 1);
	ck_assert_int_eq(sig_verify(&k, alg, &s, SLICE_OF(text)), OK);
	s.raw.octets = slice_skip(raw.octets, 2);
	ck_assert_int_eq(sig_verify(&k, alg, &s, SLICE_OF(text)),
	    ERR_SIGNATURE);
	signer_free(signer);
}
END_TEST

/* Every FIDO signature of the vectors (webauthn's are made by browsers). */
START_TEST(writes_a_fido_signature_as_it_was)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf message = FIXTURE_BUF;
	struct fixture_sig row;
	struct slice rest;
	int found = 0;

	fixture_message(&text, &message, &rest);
	while (fixture_next(&rest, &row)) {
		SCOPED(buf_clear) struct buf again = FIXTURE_BUF;
		struct sig s;

		if (sig_parse(buf_slice(&row.sig), &s) == OK &&
		    key_is_sk(s.alg->key) && !s.webauthn) {
			ck_assert_int_eq(sig_write_sk(&s, &again), OK);
			ck_assert(slice_equal(buf_slice(&again),
			    buf_slice(&row.sig)));
			found++;
		}
		fixture_sig_clear(&row);
	}
	ck_assert_int_ge(found, 2);
}
END_TEST

TCase *
check_sig(void)
{
	TCase *tc = tcase_create("key/sig");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, writes_a_fido_signature_as_it_was);
	tcase_add_test(tc, knows_good_signatures_from_bad);
	tcase_add_test(tc, refuses_every_change_and_every_prefix);
	tcase_add_test(tc, rsa_is_as_announced);
	tcase_add_test(tc, either_label_serves_a_fido_key);
	tcase_add_loop_test(tc, verifies_what_was_written, 0, SIGNING);
	tcase_add_test(tc, a_short_rsa_signature_is_padded);
	return tc;
}
