#include "fake.h"

/* The method part of a request, RFC 4252 §9 */
static const char whole[] = "\0\0\0\13ssh-ed25519" /* alg */
			    "\0\0\0\1K"            /* blob */
			    "\0\0\0\5host."        /* client_host */
			    "\0\0\0\4user"         /* client_user */
			    "\0\0\0\3SIG";         /* sig */

START_TEST(reads_a_request)
{
	struct request req;

	ck_assert_int_eq(hostbased_method.read(SLICE_STR(whole), &req), OK);
	ck_assert(!req.hopeless);
	ck_assert(slice_is(req.hostbased.alg, "ssh-ed25519"));
	ck_assert(slice_is(req.hostbased.blob, "K"));
	ck_assert(slice_is(req.hostbased.client_host, "host."));
	ck_assert(slice_is(req.hostbased.client_user, "user"));
	ck_assert(slice_is(req.hostbased.sig, "SIG"));
}
END_TEST

/* octets of alg, blob, host, user and sig; whether that can be a request */
static const struct {
	size_t n[5];
	bool fits;
} sizes[] = {
    {{64, 32768, 256, 256, 32768}, true},
    {{65, 1, 1, 1, 1}, false},
    {{1, 32769, 1, 1, 1}, false},
    {{1, 1, 257, 1, 1}, false},
    {{1, 1, 1, 257, 1}, false},
    {{1, 1, 1, 1, 32769}, false},
};

START_TEST(what_no_host_can_be_fails_like_any_other)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	static uint8_t fill[40000];
	struct wr w = wr_into(&b);
	struct request req;

	memset(fill, 'k', sizeof(fill));
	for (size_t i = 0; i < 5; i++)
		wr_string(&w, slice_make(fill, sizes[_i].n[i]));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(hostbased_method.read(buf_slice(&b), &req), OK);
	ck_assert(req.hopeless == !sizes[_i].fits);
}
END_TEST

START_TEST(names_hold_no_nul)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);
	struct request req;

	for (int i = 0; i < 5; i++)
		wr_string(&w, i == _i ? SLICE_STR("a\0b") : SLICE_STR("ab"));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(hostbased_method.read(buf_slice(&b), &req), OK);
	ck_assert(req.hopeless == (_i == 0 || _i == 2 || _i == 3));
}
END_TEST

START_TEST(it_is_asked_for_as_it_is)
{
	struct fake f;

	fake_init(&f);
	fake_bring_to(&f, USERAUTH_USER);
	f.verdict = VERDICT_SUCCESS;
	ck_assert_int_eq(fake_request(&f, NULL, NULL, "hostbased",
			     SLICE_STR(whole)),
	    OK);
	ck_assert_str_eq(fake_asked(&f), "hostbased:host. ");
	ck_assert(userauth_is_done(&f.auth));
	fake_clear(&f);
}
END_TEST

TCase *
check_hostbased(void)
{
	TCase *tc = tcase_create("userauth/hostbased");

	tcase_add_test(tc, reads_a_request);
	tcase_add_loop_test(tc, what_no_host_can_be_fails_like_any_other, 0,
	    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(tc, names_hold_no_nul, 0, 5);
	tcase_add_test(tc, it_is_asked_for_as_it_is);
	return tc;
}
