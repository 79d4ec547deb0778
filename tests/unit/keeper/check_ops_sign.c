#include "harness.h"

#include "sallyport/key/sig.h"

static struct harness h;
static struct rpc *conn;

static void
init(void)
{
	harness_init(&h);
	harness_add_key(&h, "rsa", 0600, "c");
	harness_add_key(&h, "ecdsa384", 0600, "c");
	harness_add_key(&h, "ed25519", 0600, "c");
	harness_start(&h, false);
	conn = harness_link(h.root, false);
}

static void
clear(void)
{
	rpc_free(conn);
	harness_clear(&h);
}

static const uint8_t digest[64] = {1, 2, 3, 4, 5, 6, 7, 8};

static bool
sign(uint32_t key, const char *alg, size_t octets, struct signature_msg *rep)
{
	struct keeper_sign_msg req = {.key = key,
	    .alg = slice_cstr(alg),
	    .hash = slice_make(digest, octets)};

	ck_assert_int_eq(ask_sign(conn, &req, rep), OK);
	ck_assert(rep->ok == (rep->signature.n > 0));
	return rep->ok;
}

static enum err
verify(uint32_t key, const char *alg, struct slice signature,
    struct slice message)
{
	static const char *const names[] = {"rsa", "ecdsa384", "ed25519"};
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct key k;
	struct sig s;

	fixture_blob(names[key], &blob);
	ck_assert_int_eq(key_parse(buf_slice(&blob), &k), OK);
	ck_assert_int_eq(sig_parse(signature, &s), OK);
	return sig_verify(&k, algo_find(ALGO_KEY, slice_cstr(alg)), &s,
	    message);
}

static const struct {
	uint32_t key;
	const char *alg;
} fitting[] = {{0, "rsa-sha2-256"}, {0, "rsa-sha2-512"}, {0, "ssh-rsa"},
    {1, "ecdsa-sha2-nistp384"}, {2, "ssh-ed25519"}};

START_TEST(signs_digests_of_every_length)
{
	static const size_t lengths[] = {20, 32, 48, 64};
	struct signature_msg rep;

	for (size_t i = 0; i < 4; i++) {
		ck_assert(
		    sign(fitting[_i].key, fitting[_i].alg, lengths[i], &rep));
		ck_assert_int_eq(verify(fitting[_i].key, fitting[_i].alg,
				     rep.signature,
				     slice_make(digest, lengths[i])),
		    OK);
	}
}
END_TEST

START_TEST(signs_nothing_of_another_length)
{
	struct signature_msg rep;

	for (size_t n = 0; n <= 64; n++)
		ck_assert(sign(2, "ssh-ed25519", n, &rep) ==
			  (n == 20 || n == 32 || n == 48 || n == 64));
}
END_TEST

START_TEST(key_and_algorithm_must_fit)
{
	struct signature_msg rep;

	ck_assert(!sign(0, "ssh-ed25519", 32, &rep));
	ck_assert(!sign(1, "ecdsa-sha2-nistp256", 32, &rep));
	ck_assert(!sign(2, "rsa-sha2-256", 32, &rep));
	ck_assert(!sign(2, "ssh-ed25519-cert-v01@openssh.com", 32, &rep));
	ck_assert(!sign(2, "", 32, &rep));
	ck_assert(!sign(3, "ssh-ed25519", 32, &rep));
	ck_assert(!sign(UINT32_MAX, "ssh-ed25519", 32, &rep));
	ck_assert(sign(2, "ssh-ed25519", 32, &rep));
}
END_TEST

static bool
prove(uint32_t key, const char *alg, struct slice blob,
    struct signature_msg *rep)
{
	struct keeper_prove_msg req = {.key = key,
	    .alg = slice_cstr(alg),
	    .blob = blob};

	ck_assert_int_eq(ask_prove(conn, &req, rep), OK);
	return rep->ok;
}

static void
proof(size_t session_octets, struct slice blob, struct buf *out)
{
	struct wr w = wr_into(out);

	wr_cstr(&w, "hostkeys-prove-00@openssh.com");
	wr_string(&w, slice_make(digest, session_octets));
	wr_string(&w, blob);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

/* The first hash of a link is its session's; later ones change nothing. */
START_TEST(proves_a_key_for_the_first_session)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf data = FIXTURE_BUF;
	struct signature_msg rep;

	fixture_blob("rsa", &blob);
	ck_assert(sign(2, "ssh-ed25519", 32, &rep));
	ck_assert(sign(2, "ssh-ed25519", 64, &rep));
	ck_assert(prove(0, "rsa-sha2-512", buf_slice(&blob), &rep));
	proof(32, buf_slice(&blob), &data);
	ck_assert_int_eq(verify(0, "rsa-sha2-512", rep.signature,
			     buf_slice(&data)),
	    OK);
}
END_TEST

START_TEST(proves_nothing_without_a_session)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct signature_msg rep;

	fixture_blob("ed25519", &blob);
	ck_assert(!prove(2, "ssh-ed25519", buf_slice(&blob), &rep));
	ck_assert(!sign(2, "ssh-ed25519", 31, &rep)); /* no session either */
	ck_assert(!prove(2, "ssh-ed25519", buf_slice(&blob), &rep));
}
END_TEST

START_TEST(proves_no_other_key)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct signature_msg rep;

	fixture_blob("rsa", &blob);
	ck_assert(sign(2, "ssh-ed25519", 32, &rep));
	ck_assert(!prove(2, "ssh-ed25519", buf_slice(&blob), &rep));
	ck_assert(!prove(2, "ssh-ed25519", SLICE_STR("text"), &rep));
}
END_TEST

TCase *
check_ops_sign(void)
{
	TCase *tc = tcase_create("keeper/ops_sign");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_loop_test(tc, signs_digests_of_every_length, 0,
	    (int)(sizeof(fitting) / sizeof(fitting[0])));
	tcase_add_test(tc, signs_nothing_of_another_length);
	tcase_add_test(tc, key_and_algorithm_must_fit);
	tcase_add_test(tc, proves_a_key_for_the_first_session);
	tcase_add_test(tc, proves_nothing_without_a_session);
	tcase_add_test(tc, proves_no_other_key);
	return tc;
}
