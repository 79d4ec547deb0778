#include "fixture.h"

#include "sallyport/base/wr.h"
#include "sallyport/key/cert.h"

#define YEAR_2020 1577836800
#define YEAR_2030 1893456000

START_TEST(reads_every_field)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf plain = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf written = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ca = FIXTURE_BUF;
	struct cert c;
	struct rd r;

	fixture_blob("ed25519_user-cert", &blob);
	fixture_blob("ed25519", &plain);
	fixture_blob("ca", &ca);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), OK);
	ck_assert_int_eq(key_write(&c.key, &written), OK);
	ck_assert(slice_equal(buf_slice(&written), buf_slice(&plain)));
	ck_assert_uint_eq(c.serial, 7);
	ck_assert_uint_eq(c.kind, CERT_USER);
	ck_assert(slice_is(c.id, "alice laptop"));
	r = rd_from(c.principals);
	ck_assert(slice_is(rd_string(&r), "alice"));
	ck_assert(slice_is(rd_string(&r), "bob"));
	ck_assert_int_eq(rd_end(&r), OK);
	r = rd_from(c.critical);
	ck_assert(slice_is(rd_string(&r), "source-address"));
	ck_assert(slice_equal(c.ca_blob, buf_slice(&ca)));
	ck_assert_int_eq(cert_verify(&c, NULL, 0), OK);
	ck_assert_int_eq(cert_verify(&c, "ssh-ed25519", 0), OK);
	ck_assert_int_eq(cert_verify(&c, "rsa-sha2-512", 0), ERR_UNKNOWN_ALGO);
}
END_TEST

/* A key of ML-DSA and Ed25519 that has certified itself. */
START_TEST(a_composite_is_certified_and_certifies)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf plain = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf written = FIXTURE_BUF;
	const char *name = "ssh-mldsa44-ed25519@openssh.com";
	struct cert c;

	fixture_blob("mldsa44_user-cert", &blob);
	fixture_blob("mldsa44", &plain);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), OK);
	ck_assert_int_eq(key_write(&c.key, &written), OK);
	ck_assert(slice_equal(buf_slice(&written), buf_slice(&plain)));
	ck_assert(slice_equal(c.ca_blob, buf_slice(&plain)));
	ck_assert_int_eq(cert_verify(&c, name, 0), OK);
	ck_assert_int_eq(cert_verify(&c, "ssh-ed25519", 0), ERR_UNKNOWN_ALGO);
	blob.p[blob.n - 1] ^= 1;
	ck_assert_int_eq(cert_verify(&c, name, 0), ERR_SIGNATURE);
}
END_TEST

/* ssh-keygen was told 2020 and 2030, in a zone of its own */
START_TEST(holds_from_its_beginning_until_its_end)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct cert c;

	fixture_blob("ed25519_user-cert", &blob);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), OK);
	ck_assert_uint_lt(c.valid_after, YEAR_2020 + 86400);
	ck_assert_uint_gt(c.valid_before, YEAR_2030 - 86400);
	ck_assert(cert_is_valid_at(&c, c.valid_after));
	ck_assert(!cert_is_valid_at(&c, c.valid_after - 1));
	ck_assert(cert_is_valid_at(&c, c.valid_before - 1));
	ck_assert(!cert_is_valid_at(&c, c.valid_before));
	c.valid_before = CERT_FOREVER;
	ck_assert(cert_is_valid_at(&c, UINT64_MAX));
}
END_TEST

START_TEST(knows_a_host_s_from_a_user_s)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct cert c;

	fixture_blob("ed25519_host-cert", &blob);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), OK);
	ck_assert_uint_eq(c.kind, CERT_HOST);
	ck_assert(cert_is_valid_at(&c, YEAR_2030));
	ck_assert_int_eq(cert_verify(&c, NULL, 0), OK);
}
END_TEST

static const char *const names[] = {"ed25519_user-cert", "ed25519_host-cert",
    "rsa_user-cert"};

START_TEST(no_octet_can_be_changed)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct cert c;

	fixture_blob(names[_i], &blob);
	for (size_t i = 0; i < blob.n; i++) {
		enum err e;

		blob.p[i] ^= 4;
		e = cert_parse(buf_slice(&blob), &c);
		if (e == OK)
			e = cert_verify(&c, NULL, 0);
		ck_assert_msg(e != OK, "octet %zu", i);
		blob.p[i] ^= 4;
	}
}
END_TEST

START_TEST(refuses_every_prefix)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct cert c;

	fixture_blob(names[_i], &blob);
	for (size_t n = 0; n < blob.n; n++)
		ck_assert_int_ne(cert_parse(slice_first(buf_slice(&blob), n),
				     &c),
		    OK);
	ck_assert_int_eq(buf_append(&blob, SLICE_STR("x")), OK);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), ERR_TRAILING);
}
END_TEST

START_TEST(a_plain_key_is_no_certificate)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct cert c;

	fixture_blob("ed25519", &blob);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), ERR_UNKNOWN_ALGO);
}
END_TEST

/* What ssh-keygen wouldn't make */
static void
build(struct buf *out, size_t principals, const struct buf *ca)
{
	SCOPED(buf_clear) struct buf plain = FIXTURE_BUF;
	struct wr w = wr_into(out);
	struct rd r;
	size_t mark;

	fixture_blob("ed25519", &plain);
	r = rd_from(buf_slice(&plain));
	(void)rd_string(&r);
	wr_cstr(&w, "ssh-ed25519-cert-v01@openssh.com");
	wr_cstr(&w, "nonce");
	wr_raw(&w, rd_rest(&r));
	wr_u64(&w, 0);
	wr_u32(&w, CERT_USER);
	wr_cstr(&w, "id");
	mark = wr_begin(&w);
	for (size_t i = 0; i < principals; i++)
		wr_cstr(&w, "p");
	wr_finish(&w, mark);
	wr_u64(&w, 0);
	wr_u64(&w, CERT_FOREVER);
	wr_cstr(&w, "");
	wr_cstr(&w, "");
	wr_cstr(&w, "");
	wr_string(&w, buf_slice(ca));
	wr_cstr(&w, "signature");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

START_TEST(bounds_principals)
{
	SCOPED(buf_clear) struct buf fits = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf over = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ca = FIXTURE_BUF;
	struct cert c;

	fixture_blob("ca", &ca);
	build(&fits, CERT_PRINCIPALS_MAX, &ca);
	build(&over, CERT_PRINCIPALS_MAX + 1, &ca);
	ck_assert_int_eq(cert_parse(buf_slice(&fits), &c), OK);
	ck_assert_int_eq(cert_parse(buf_slice(&over), &c), ERR_FULL);
}
END_TEST

START_TEST(a_certificate_is_no_ca)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ca = FIXTURE_BUF;
	struct cert c;

	fixture_blob("ed25519_user-cert", &ca);
	build(&blob, 1, &ca);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), ERR_KEY_TYPE);
}
END_TEST

START_TEST(names_are_compared_octet_for_octet)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct cert c;

	fixture_blob("ed25519_user-cert", &blob);
	ck_assert_int_eq(cert_parse(buf_slice(&blob), &c), OK);
	ck_assert(cert_names(&c, SLICE_STR("alice")));
	ck_assert(cert_names(&c, SLICE_STR("bob")));
	ck_assert(!cert_names(&c, SLICE_STR("Alice")));
	ck_assert(!cert_names(&c, SLICE_STR("ali*")));
	ck_assert(!cert_names(&c, SLICE_STR("alice,bob")));
	ck_assert(!cert_names(&c, SLICE_NONE));
	ck_assert(cert_names_any(&c, SLICE_STR("x,bob,y")));
	ck_assert(!cert_names_any(&c, SLICE_STR("x,bobby,")));
	c.principals = SLICE_NONE;
	ck_assert(!cert_names(&c, SLICE_STR("alice")));
	ck_assert(!cert_names(&c, SLICE_NONE));
	ck_assert(!cert_names_any(&c, SLICE_STR(",")));
	/* not even one that the CA left empty */
	c.principals = SLICE_STR("\0\0\0\0");
	ck_assert(!cert_names(&c, SLICE_NONE));
}
END_TEST

START_TEST(names_of_hosts_may_be_patterns)
{
	struct cert c = {.principals = SLICE_STR("\0\0\0\1x\0\0\0\11*.Example"
						 "\0\0\0\4h?st")};

	ck_assert(cert_names_host(&c, SLICE_STR("a.example")));
	ck_assert(cert_names_host(&c, SLICE_STR("host")));
	ck_assert(cert_names_host(&c, SLICE_STR("x")));
	ck_assert(!cert_names_host(&c, SLICE_STR("example")));
	ck_assert(!cert_names_host(&c, SLICE_STR("hst")));
	ck_assert(!cert_names_host(&c, SLICE_NONE));
	c.principals = SLICE_STR("\0\0\0\1*");
	ck_assert(!cert_names_host(&c, SLICE_NONE));
	c.principals = SLICE_NONE;
	ck_assert(!cert_names_host(&c, SLICE_STR("host")));
}
END_TEST

TCase *
check_cert(void)
{
	TCase *tc = tcase_create("key/cert");

	tcase_add_test(tc, reads_every_field);
	tcase_add_test(tc, a_composite_is_certified_and_certifies);
	tcase_add_test(tc, holds_from_its_beginning_until_its_end);
	tcase_add_test(tc, knows_a_host_s_from_a_user_s);
	tcase_add_loop_test(tc, no_octet_can_be_changed, 0, 3);
	tcase_add_loop_test(tc, refuses_every_prefix, 0, 3);
	tcase_add_test(tc, a_plain_key_is_no_certificate);
	tcase_add_test(tc, bounds_principals);
	tcase_add_test(tc, a_certificate_is_no_ca);
	tcase_add_test(tc, names_are_compared_octet_for_octet);
	tcase_add_test(tc, names_of_hosts_may_be_patterns);
	return tc;
}
