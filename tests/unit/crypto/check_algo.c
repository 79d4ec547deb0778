#include "sallyport/base/mem.h"
#include "sallyport/crypto/algo.h"
#include "suite.h"

#include <stdio.h>

TCase *check_algo(void);

#define ECDSA "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"
#define CERT  "-cert-v01@openssh.com"
#define SIGNER                                                                 \
	"ssh-ed25519," ECDSA ",sk-ssh-ed25519@openssh.com,"                    \
	"sk-ecdsa-sha2-nistp256@openssh.com,"                                  \
	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com,"                         \
	"rsa-sha2-512,rsa-sha2-256"

/* The defaults of OpenSSH 10.5, sshd_config(5) */
static const struct {
	enum algo_kind kind;
	const char *list;
} defaults[] = {
    {ALGO_KEX,
	"mlkem768x25519-sha256,sntrup761x25519-sha512,"
	"sntrup761x25519-sha512@openssh.com,curve25519-sha256,"
	"curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
	"ecdh-sha2-nistp521"},
    {ALGO_CIPHER, "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,"
		  "aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr"},
    {ALGO_MAC,
	"umac-64-etm@openssh.com,umac-128-etm@openssh.com,"
	"hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
	"hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,"
	"hmac-sha2-256,hmac-sha2-512,hmac-sha1"},
    {ALGO_KEY, "ssh-ed25519" CERT ",ecdsa-sha2-nistp256" CERT
	       ",ecdsa-sha2-nistp384" CERT ",ecdsa-sha2-nistp521" CERT
	       ",sk-ssh-ed25519" CERT ",sk-ecdsa-sha2-nistp256" CERT
	       ",webauthn-sk-ecdsa-sha2-nistp256" CERT ",rsa-sha2-512" CERT
	       ",rsa-sha2-256" CERT "," SIGNER},
    {ALGO_CA, SIGNER},
    {ALGO_COMP, "none,zlib@openssh.com"},
};
#define KINDS (int)(sizeof(defaults) / sizeof(defaults[0]))

/* Off by default, but there: what old clients' tests ask for */
static const struct {
	enum algo_kind kind;
	const char *name;
} others[] = {
    {ALGO_KEX, "diffie-hellman-group1-sha1"},
    {ALGO_KEX, "diffie-hellman-group14-sha1"},
    {ALGO_KEX, "diffie-hellman-group14-sha256"},
    {ALGO_KEX, "diffie-hellman-group16-sha512"},
    {ALGO_KEX, "diffie-hellman-group18-sha512"},
    {ALGO_KEX, "diffie-hellman-group-exchange-sha1"},
    {ALGO_KEX, "diffie-hellman-group-exchange-sha256"},
    {ALGO_CIPHER, "3des-cbc"},
    {ALGO_CIPHER, "aes128-cbc"},
    {ALGO_CIPHER, "aes192-cbc"},
    {ALGO_CIPHER, "aes256-cbc"},
    {ALGO_MAC, "hmac-md5"},
    {ALGO_MAC, "hmac-md5-96"},
    {ALGO_MAC, "hmac-sha1-96"},
    {ALGO_MAC, "hmac-md5-etm@openssh.com"},
    {ALGO_MAC, "hmac-md5-96-etm@openssh.com"},
    {ALGO_MAC, "hmac-sha1-96-etm@openssh.com"},
    {ALGO_KEY, "ssh-rsa"},
    {ALGO_KEY, "ssh-rsa" CERT},
};

static bool
resolves(enum algo_kind kind, const char *text, const char *want)
{
	SCOPED(mem_free_at) char *got = algo_list_resolve(kind, text);

	if (strcmp(got, want) == 0)
		return true;
	fprintf(stderr, "%s\n gives  %s\n and not %s\n", text, got, want);
	return false;
}

static bool
valid(enum algo_kind kind, const char *list, bool wildcards)
{
	struct slice bad;

	return algo_list_valid(kind, slice_cstr(list), wildcards, &bad);
}

static const struct algo *
choose(enum algo_kind kind, const char *client, const char *server)
{
	return algo_choose(kind, slice_cstr(client), slice_cstr(server));
}

START_TEST(the_defaults_are_those_of_openssh)
{
	ck_assert(resolves(defaults[_i].kind, NULL, defaults[_i].list));
	ck_assert(resolves(defaults[_i].kind, "", defaults[_i].list));
	ck_assert(valid(defaults[_i].kind, defaults[_i].list, false));
}
END_TEST

START_TEST(old_names_are_known_and_must_be_asked_for)
{
	const struct algo *a =
	    algo_find(others[_i].kind, slice_cstr(others[_i].name));
	SCOPED(mem_free_at)
	char *all = algo_list_resolve(others[_i].kind, NULL);

	ck_assert_ptr_nonnull(a);
	ck_assert(!algo_list_has(slice_cstr(all), slice_cstr(a->name)));
	ck_assert(valid(others[_i].kind, others[_i].name, false));
	ck_assert(resolves(others[_i].kind, others[_i].name, a->name));
}
END_TEST

START_TEST(every_row_is_found_by_its_name_alone)
{
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
		struct slice name = slice_cstr(a->name);

		ck_assert_uint_eq(a->number, i);
		ck_assert_uint_le(name.n, 64); /* RFC 4251 §6 */
		ck_assert_ptr_eq(algo_find(a->kind, name), a);
		ck_assert_ptr_ne(algo_find(a->kind,
				     slice_first(name, name.n - 1)),
		    a);
		ck_assert_ptr_null(
		    algo_find(a->kind, slice_make(a->name, name.n + 1)));
		for (int k = ALGO_KEX; k <= ALGO_COMP; k++)
			ck_assert(k == (int)a->kind ||
				  algo_find((enum algo_kind)k, name) == NULL);
	}
	ck_assert_ptr_null(algo_find(ALGO_KEX, SLICE_NONE));
}
END_TEST

START_TEST(sizes_fit_the_kind)
{
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
		bool aead = (a->flags & ALGO_AEAD) != 0;

		if (a->kind == ALGO_CIPHER) {
			ck_assert_uint_ge(a->key_octets, 16);
			ck_assert_uint_eq(a->tag_octets, aead ? 16 : 0);
			ck_assert(a->block == 8 || a->block == 16);
			ck_assert(aead || a->iv_octets == a->block);
		} else if (a->kind == ALGO_MAC) {
			ck_assert(
			    (a->mac == MAC_HMAC) == (a->hash != HASH_NONE));
			ck_assert_uint_ge(a->key_octets, 16);
			ck_assert_uint_ge(a->tag_octets, 8);
			ck_assert(((a->flags & ALGO_ETM) != 0) ==
				  (strstr(a->name, "-etm@") != NULL));
		}
	}
}
END_TEST

/* What a certificate's name leads to is a name of the same key without. */
START_TEST(certificates_lead_to_plain_names)
{
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
		bool cert = (a->flags & ALGO_CERT) != 0;
		const struct algo *plain;

		if (a->kind != ALGO_KEY)
			continue;
		plain = algo_find(ALGO_CA, slice_cstr(a->plain));
		ck_assert_ptr_nonnull(plain);
		ck_assert_int_eq(plain->key, a->key);
		ck_assert_int_eq(plain->hash, a->hash);
		ck_assert((plain == a) == !cert);
		ck_assert(cert == (strstr(a->blob_type, CERT) != NULL));
		ck_assert(cert == (strstr(a->name, CERT) != NULL));
	}
}
END_TEST

START_TEST(tells_a_key_by_its_blob)
{
	static const struct {
		const char *blob;
		enum key_type type;
	} blobs[] = {
	    {"ssh-rsa", KEY_RSA},
	    {"ssh-ed25519", KEY_ED25519},
	    {"ecdsa-sha2-nistp256", KEY_ECDSA_256},
	    {"ecdsa-sha2-nistp384", KEY_ECDSA_384},
	    {"ecdsa-sha2-nistp521", KEY_ECDSA_521},
	    {"sk-ssh-ed25519@openssh.com", KEY_SK_ED25519},
	    {"sk-ecdsa-sha2-nistp256@openssh.com", KEY_SK_ECDSA},
	    {"rsa-sha2-256", KEY_NONE}, /* a signature's name */
	    {"webauthn-sk-ecdsa-sha2-nistp256@openssh.com", KEY_NONE},
	    {"ssh-ed25519" CERT, KEY_NONE},
	    {"ssh-dss", KEY_NONE},
	    {"", KEY_NONE},
	};

	for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++)
		ck_assert_int_eq(algo_key_type(slice_cstr(blobs[i].blob)),
		    blobs[i].type);
}
END_TEST

START_TEST(a_list_replaces_the_default_in_its_own_order)
{
	ck_assert(resolves(ALGO_CIPHER, "aes256-ctr,3des-cbc,aes128-ctr",
	    "aes256-ctr,3des-cbc,aes128-ctr"));
	ck_assert(resolves(ALGO_CIPHER, "aes256-ctr,aes128-ctr,aes256-ctr",
	    "aes256-ctr,aes128-ctr"));
	ck_assert(resolves(ALGO_KEY, "ssh-rsa,ecdsa-sha2-nistp???",
	    "ssh-rsa," ECDSA));
	ck_assert(resolves(ALGO_KEY, "*25519", "ssh-ed25519"));
	ck_assert(resolves(ALGO_CA, "ssh-*",
	    "ssh-ed25519,ssh-mldsa44-ed25519@openssh.com,ssh-rsa"));
	/* patterns are for keys' names */
	ck_assert(resolves(ALGO_CIPHER, "aes*", ""));
}
END_TEST

START_TEST(plus_appends_minus_removes_caret_prefers)
{
	ck_assert(resolves(ALGO_CA, "+ssh-rsa", SIGNER ",ssh-rsa"));
	ck_assert(resolves(ALGO_CA, "+ssh-ed25519", SIGNER));
	ck_assert(resolves(ALGO_CIPHER, "-chacha*,*gcm*",
	    "aes128-ctr,aes192-ctr,aes256-ctr"));
	ck_assert(resolves(ALGO_CIPHER, "-aes*,nothing-like-it",
	    "chacha20-poly1305@openssh.com"));
	ck_assert(resolves(ALGO_CIPHER, "-3des-cbc", defaults[1].list));
	ck_assert(resolves(ALGO_CIPHER, "^3des-cbc,aes256-ctr",
	    "3des-cbc,aes256-ctr,chacha20-poly1305@openssh.com,"
	    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,"
	    "aes192-ctr"));
}
END_TEST

/* As sshd does with "Ciphers -*" */
START_TEST(removing_all_gives_the_default_back)
{
	ck_assert(resolves(defaults[_i].kind, "-*", defaults[_i].list));
}
END_TEST

START_TEST(names_must_be_known)
{
	struct slice bad;

	ck_assert(valid(ALGO_CIPHER, "aes128-ctr,aes256-ctr", false));
	ck_assert(valid(ALGO_CIPHER, "+aes128-ctr", false));
	ck_assert(valid(ALGO_CIPHER, "^3des-cbc", false));
	ck_assert(valid(ALGO_CIPHER, "-no*,such", false));
	ck_assert(!valid(ALGO_CIPHER, "aes*", false));
	ck_assert(!valid(ALGO_CIPHER, "", false));
	ck_assert(!valid(ALGO_CIPHER, "+", false));
	ck_assert(!valid(ALGO_CIPHER, "aes128-ctr,,aes256-ctr", false));
	ck_assert(!valid(ALGO_CIPHER, "AES128-CTR", false));
	ck_assert(!valid(ALGO_CIPHER, "hmac-sha1", false));
	ck_assert(!valid(ALGO_KEX, "ext-info-s", false));
	ck_assert(!valid(ALGO_CA, "ssh-ed25519" CERT, false));
	ck_assert(valid(ALGO_KEY, "*", true));
	ck_assert(valid(ALGO_KEY, "ssh-*,ecdsa-*", true));
	ck_assert(!valid(ALGO_KEY, "ssh-*,dsa-*", true));
	ck_assert(!valid(ALGO_KEY, "*,!ssh-rsa", true));
	ck_assert(!algo_list_valid(ALGO_CIPHER,
	    SLICE_STR("+aes128-ctr,blowfish,arcfour"), false, &bad));
	ck_assert(slice_is(bad, "blowfish"));
}
END_TEST

START_TEST(the_clients_first_common_name_is_chosen)
{
	const char *server = "aes128-ctr,aes192-ctr,aes256-ctr";

	ck_assert_str_eq(choose(ALGO_CIPHER, "aes256-ctr,aes128-ctr", server)
			     ->name,
	    "aes256-ctr");
	ck_assert_str_eq(
	    choose(ALGO_CIPHER, "rot13,,3des-cbc,aes192-ctr", server)->name,
	    "aes192-ctr");
	ck_assert_ptr_null(choose(ALGO_CIPHER, "3des-cbc", server));
	ck_assert_ptr_null(choose(ALGO_CIPHER, "", server));
	ck_assert_ptr_null(choose(ALGO_CIPHER, server, ""));
	/* what both say and we don't know is nothing in common */
	ck_assert_ptr_null(choose(ALGO_CIPHER, "rot13", "rot13"));
	ck_assert_ptr_null(choose(ALGO_CIPHER, "aes", server));
}
END_TEST

START_TEST(marks_among_key_exchanges_are_never_chosen)
{
	const char *marks = "ext-info-c,ext-info-s,"
			    "kex-strict-c-v00@openssh.com,"
			    "kex-strict-s-v00@openssh.com";

	ck_assert_ptr_null(choose(ALGO_KEX, marks, marks));
	ck_assert(resolves(ALGO_KEX, marks, ""));
	ck_assert(resolves(ALGO_KEX, "+ext-info-s", defaults[0].list));
	ck_assert(
	    algo_find(ALGO_KEX, SLICE_STR("ext-info-c"))->flags & ALGO_PSEUDO);
}
END_TEST

START_TEST(a_list_has_whole_names_only)
{
	struct slice list = SLICE_STR("one,two,three");

	ck_assert(algo_list_has(list, SLICE_STR("one")));
	ck_assert(algo_list_has(list, SLICE_STR("three")));
	ck_assert(!algo_list_has(list, SLICE_STR("thr")));
	ck_assert(!algo_list_has(list, SLICE_STR("one,two")));
	ck_assert(!algo_list_has(SLICE_NONE, SLICE_STR("one")));
}
END_TEST

TCase *
check_algo(void)
{
	TCase *tc = tcase_create("crypto/algo");

	tcase_add_loop_test(tc, the_defaults_are_those_of_openssh, 0, KINDS);
	tcase_add_loop_test(tc, old_names_are_known_and_must_be_asked_for, 0,
	    sizeof(others) / sizeof(others[0]));
	tcase_add_test(tc, every_row_is_found_by_its_name_alone);
	tcase_add_test(tc, sizes_fit_the_kind);
	tcase_add_test(tc, certificates_lead_to_plain_names);
	tcase_add_test(tc, tells_a_key_by_its_blob);
	tcase_add_test(tc, a_list_replaces_the_default_in_its_own_order);
	tcase_add_test(tc, plus_appends_minus_removes_caret_prefers);
	tcase_add_loop_test(tc, removing_all_gives_the_default_back, 0, KINDS);
	tcase_add_test(tc, names_must_be_known);
	tcase_add_test(tc, the_clients_first_common_name_is_chosen);
	tcase_add_test(tc, marks_among_key_exchanges_are_never_chosen);
	tcase_add_test(tc, a_list_has_whole_names_only);
	return tc;
}
