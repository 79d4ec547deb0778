#include "issued.h"

#include "trial.h"

static struct home h;
static struct keycheck k;
static struct trial t;
static struct buf blob;
static struct judge_req req;

static void
init(void)
{
	home_init(&h);
	home_capture(&h);
	blob = FIXTURE_BUF;
	k = (struct keycheck){.common = &h.common,
	    .conn = &h.conn,
	    .start = &h.start};
	req = (struct judge_req){.alg = SLICE_STR("ssh-ed25519"),
	    .output.fd = -1};
}

static void
clear(void)
{
	trial_clear(&t);
	buf_clear(&blob);
	buf_clear(&k.why);
	buf_clear(&k.key_text);
	home_clear(&h);
}

START_TEST(a_key_is_looked_for_by_its_own_text)
{
	fixture_blob("ed25519", &blob);
	req.blob = buf_slice(&blob);
	ck_assert(trial_init(&t, &k, &req));
	ck_assert(!t.certified);
	ck_assert(slice_equal(t.plain, req.blob));
	ck_assert(slice_equal(t.wanted, req.blob));
	ck_assert_str_eq(trial_name(&t, false),
	    "ED25519 SHA256:9DECLMwAmOp6k2HXWe7uFfH2cvlxtQYr21T3ebPNIiE");
}
END_TEST

START_TEST(a_certificate_by_its_authority_s)
{
	SCOPED(buf_clear) struct buf plain = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ca = FIXTURE_BUF;
	struct issued c = ISSUED;

	c.id = "id\n2";
	issued_make(&c, &blob);
	fixture_blob("ed25519", &plain);
	fixture_blob("ca", &ca);
	req.blob = buf_slice(&blob);
	ck_assert(trial_init(&t, &k, &req));
	ck_assert(t.certified);
	ck_assert(slice_equal(t.plain, buf_slice(&plain)));
	ck_assert(slice_equal(t.wanted, buf_slice(&ca)));
	ck_assert_str_eq(trial_name(&t, false),
	    "ED25519-CERT SHA256:9DECLMwAmOp6k2HXWe7uFfH2cvlxtQYr21T3ebPNIiE");
	ck_assert_str_eq(trial_name(&t, true),
	    "ED25519 SHA256:ENsUQHUjvh/ivY5mqV5D8WG0FrUaEZ8GUX2AGKDLsaM");
	trial_name_whole(&t, &k.key_text);
	ck_assert(slice_is(buf_slice(&k.key_text),
	    "ED25519-CERT SHA256:9DECLMwAmOp6k2HXWe7uFfH2cvlxtQYr21T3ebPNIiE "
	    "ID id\\n2 (serial 7) CA "
	    "ED25519 SHA256:ENsUQHUjvh/ivY5mqV5D8WG0FrUaEZ8GUX2AGKDLsaM"));
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
	struct issued c = ISSUED;

	issued_make(&c, &blob);
	for (size_t n = 0; n < blob.n; n++) {
		req.blob = slice_first(buf_slice(&blob), n);
		ck_assert(!trial_init(&t, &k, &req));
		ck_assert_uint_gt(k.why.n, 0);
		trial_clear(&t);
	}
}
END_TEST

TCase *
check_trial(void)
{
	TCase *tc = tcase_create("keycheck/trial");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, a_key_is_looked_for_by_its_own_text);
	tcase_add_test(tc, a_certificate_by_its_authority_s);
	tcase_add_test(tc, what_is_no_key_is_refused);
	return tc;
}
