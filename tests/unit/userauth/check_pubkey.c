#include "fake.h"

/* The method part of a signed request, RFC 4252 §7 */
static const char whole[] = "\1"                   /* has_sig */
			    "\0\0\0\13ssh-ed25519" /* alg */
			    "\0\0\0\1K"            /* blob */
			    "\0\0\0\3SIG";         /* sig */

/* The host-bound one has the server's key before the signature */
static const char bound[] = "\1\0\0\0\13ssh-ed25519\0\0\0\1K"
			    "\0\0\0\3K_S"
			    "\0\0\0\3SIG";

START_TEST(reads_a_signed_request)
{
	struct request req;

	ck_assert_int_eq(pubkey_method.read(SLICE_STR(whole), &req), OK);
	ck_assert(!req.hopeless);
	ck_assert(req.pubkey.has_sig);
	ck_assert(!req.pubkey.hostbound);
	ck_assert(slice_is(req.pubkey.alg, "ssh-ed25519"));
	ck_assert(slice_is(req.pubkey.blob, "K"));
	ck_assert(slice_is(req.pubkey.sig, "SIG"));
	ck_assert_uint_eq(req.pubkey.hostkey.n, 0);
}
END_TEST

START_TEST(reads_a_host_bound_request)
{
	struct request req;

	ck_assert_int_eq(pubkey_hostbound_method.read(SLICE_STR(bound), &req),
	    OK);
	ck_assert(req.pubkey.hostbound);
	ck_assert(slice_is(req.pubkey.hostkey, "K_S"));
	ck_assert(slice_is(req.pubkey.sig, "SIG"));
}
END_TEST

/* Cut anywhere, it is refused: no prefix is a request of its own. */
START_TEST(refuses_every_prefix)
{
	struct request req;

	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		ck_assert_int_eq(
		    pubkey_method.read(slice_first(SLICE_STR(whole), n), &req),
		    ERR_SHORT);
	for (size_t n = 0; n < sizeof(bound) - 1; n++)
		ck_assert_int_eq(pubkey_hostbound_method.read(
				     slice_first(SLICE_STR(bound), n), &req),
		    ERR_SHORT);
}
END_TEST

/* One form isn't the other. */
START_TEST(the_forms_are_told_apart)
{
	struct request req;

	ck_assert_int_eq(pubkey_method.read(SLICE_STR(bound), &req),
	    ERR_TRAILING);
	ck_assert_int_eq(pubkey_hostbound_method.read(SLICE_STR(whole), &req),
	    ERR_SHORT);
}
END_TEST

/* octets of alg, blob and sig; whether that can go to the monitor */
static const struct {
	size_t alg, blob, sig;
	bool fits;
} sizes[] = {
    {64, 32768, 32768, true},
    {65, 1, 1, false},
    {1, 32769, 1, false},
    {1, 1, 32769, false},
};

START_TEST(what_no_key_can_be_fails_like_any_other)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	static uint8_t fill[40000];
	struct wr w = wr_into(&b);
	struct request req;

	memset(fill, 'k', sizeof(fill));
	wr_bool(&w, true);
	wr_string(&w, slice_make(fill, sizes[_i].alg));
	wr_string(&w, slice_make(fill, sizes[_i].blob));
	wr_string(&w, slice_make(fill, sizes[_i].sig));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(pubkey_method.read(buf_slice(&b), &req), OK);
	ck_assert(req.hopeless == !sizes[_i].fits);
}
END_TEST

START_TEST(an_algorithm_with_a_nul_fails_like_any_other)
{
	struct request req;

	ck_assert_int_eq(pubkey_method.read(SLICE_STR(
						"\0\0\0\0\3a\0b\0\0\0\1K"),
			     &req),
	    OK);
	ck_assert(req.hopeless);
}
END_TEST

TCase *
check_pubkey(void)
{
	TCase *tc = tcase_create("userauth/pubkey");

	tcase_add_test(tc, reads_a_signed_request);
	tcase_add_test(tc, reads_a_host_bound_request);
	tcase_add_test(tc, refuses_every_prefix);
	tcase_add_test(tc, the_forms_are_told_apart);
	tcase_add_loop_test(tc, what_no_key_can_be_fails_like_any_other, 0,
	    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tc, an_algorithm_with_a_nul_fails_like_any_other);
	return tc;
}
