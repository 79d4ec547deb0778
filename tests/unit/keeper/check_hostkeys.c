#include "harness.h"

#include <sys/wait.h>

static struct harness h;

static void
init(void)
{
	harness_init(&h);
}

static void
clear(void)
{
	harness_clear(&h);
}

static bool
has(size_t n, const char *name, uint32_t number, bool certificate)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct slice listed;
	uint32_t got;
	bool cert;

	fixture_blob(name, &blob);
	return harness_entry(&h, n, &got, &cert, &listed) && got == number &&
	       cert == certificate && slice_equal(listed, buf_slice(&blob));
}

static size_t
entries(void)
{
	struct slice blob;
	uint32_t number;
	bool certificate;
	size_t n = 0;

	while (harness_entry(&h, n, &number, &certificate, &blob))
		n++;
	return n;
}

START_TEST(lists_keys_in_order_with_their_certificates)
{
	harness_add_key(&h, "rsa", 0600, "c");
	harness_add_key(&h, "ed25519", 0600, "c");
	harness_add_key(&h, "ecdsa256", 0600, "d");
	harness_add_cert(&h, "ed25519_host-cert.pub");
	harness_start(&h, false);
	ck_assert_uint_eq(h.count, 3);
	ck_assert(has(0, "rsa", 0, false));
	ck_assert(has(1, "ed25519", 1, false));
	ck_assert(has(2, "ed25519_host-cert", 1, true));
	ck_assert(has(3, "ecdsa256", 2, false));
	ck_assert_uint_eq(entries(), 4);
}
END_TEST

START_TEST(reads_every_form_of_file)
{
	harness_add_key(&h, "rsa_pem", 0600, "c");
	harness_add_key(&h, "rsa_pkcs8", 0600, "c");
	harness_add_key(&h, "ecdsa256_pem", 0600, "c");
	harness_add_key(&h, "ecdsa384_pkcs8", 0600, "c");
	harness_add_key(&h, "ed25519_pkcs8", 0400, "c");
	harness_start(&h, true);
	ck_assert_uint_eq(h.count, 5);
}
END_TEST

static const struct {
	const char *name;
	mode_t mode;
} useless[] = {{"rsa", 0640}, {"ed25519", 0604}, {"ecdsa256", 0610},
    {"ed25519_locked", 0600}, {"rsa_pem_locked", 0600}, {"ed25519.pub", 0600},
    {"sk_ed25519.pub", 0600}, {"README", 0600}, {"missing", 0}};

START_TEST(leaves_out_what_it_can_not_use)
{
	harness_add_key(&h, useless[_i].name, useless[_i].mode, "c");
	harness_add_key(&h, "ecdsa521", 0600, "c");
	harness_start(&h, false);
	ck_assert_uint_eq(h.count, 1);
	ck_assert(has(0, "ecdsa521", 0, false));
}
END_TEST

/* A user's certificate, one of a key that we don't have, none at all */
START_TEST(leaves_out_certificates_of_others)
{
	harness_add_key(&h, "ed25519", 0600, "c");
	harness_add_cert(&h, "ed25519_user-cert.pub");
	harness_add_cert(&h, "rsa_user-cert.pub");
	harness_add_cert(&h, "ed25519.pub");
	harness_start(&h, false);
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(says_so_when_there_is_none)
{
	harness_add_key(&h, "missing", 0, "d");
	harness_start(&h, true);
	ck_assert_uint_eq(h.count, 0);
	ck_assert_uint_eq(entries(), 0);
	ck_assert_int_eq(harness_wait(&h), 0);
}
END_TEST

START_TEST(fido_keys_need_a_provider)
{
	harness_add_fido(&h, "sk_ed25519");
	harness_add_fido(&h, "sk_ecdsa");
	harness_add_key(&h, "ed25519", 0600, "c");
	h.provider = _i == 0 ? NULL : "/a/provider.so";
	harness_start(&h, true);
	ck_assert_uint_eq(h.count, _i == 0 ? 1 : 3);
	ck_assert(_i == 0 || has(0, "sk_ed25519", 0, false));
	ck_assert(_i == 0 || has(1, "sk_ecdsa", 1, false));
	ck_assert_int_eq(harness_wait(&h), 0);
}
END_TEST

TCase *
check_hostkeys(void)
{
	TCase *tc = tcase_create("keeper/hostkeys");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, lists_keys_in_order_with_their_certificates);
	tcase_add_test(tc, reads_every_form_of_file);
	tcase_add_loop_test(tc, leaves_out_what_it_can_not_use, 0,
	    (int)(sizeof(useless) / sizeof(useless[0])));
	tcase_add_test(tc, leaves_out_certificates_of_others);
	tcase_add_test(tc, says_so_when_there_is_none);
	tcase_add_loop_test(tc, fido_keys_need_a_provider, 0, 2);
	return tc;
}
