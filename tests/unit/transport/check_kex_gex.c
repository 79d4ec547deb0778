#include "methods.h"
#include "sallyport/crypto/dh.h"

static const char name[] = "diffie-hellman-group-exchange-sha256";

struct asked {
	uint32_t min, n, max;
	struct slice p, g;
	enum err err;
};

static enum err
group(void *ctx, uint32_t min, uint32_t n, uint32_t max, struct slice *p,
    struct slice *g)
{
	struct asked *a = ctx;

	a->min = min;
	a->n = n;
	a->max = max;
	*p = a->p;
	*g = a->g;
	return a->err;
}

static const uint8_t two[] = {2};

static struct asked
willing(void)
{
	return (
	    struct asked){.p = dh_group_prime(DH_GROUP14), .g = SLICE_OF(two)};
}

static enum err
asks(struct kex *k, const struct transport_ops *ops, uint32_t min, uint32_t n,
    uint32_t max)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_u32(&w, min);
	wr_u32(&w, n);
	wr_u32(&w, max);
	kex_init(k, algo_find(ALGO_KEX, slice_cstr(name)), 32, ops);
	return kex_step(k, KEX_GEX_REQUEST, buf_slice(&b));
}

static const struct {
	uint32_t sent[3];
	uint32_t asked[3]; /* all zero: refused */
} requests[] = {
    {{2048, 2048, 2048}, {2048, 2048, 2048}},
    {{2048, 3072, 8192}, {2048, 3072, 8192}},
    {{1024, 1024, 8192}, {2048, 2048, 8192}},
    {{1, 1, 0xffffffff}, {2048, 2048, 8192}},
    {{2048, 16384, 16384}, {2048, 8192, 8192}},
    {{1024, 1024, 1024}, {0, 0, 0}},
    {{8193, 8193, 16384}, {0, 0, 0}},
    {{4096, 2048, 8192}, {0, 0, 0}},
    {{2048, 8192, 4096}, {0, 0, 0}},
    {{8192, 4096, 2048}, {0, 0, 0}},
    {{0, 0, 0}, {0, 0, 0}},
};

START_TEST(asks_for_what_the_clamped_limits_allow)
{
	struct asked a = willing();
	struct transport_ops ops = {.group = group, .ctx = &a};
	SCOPED(kex_clear) struct kex k = {.due = 0};
	const uint32_t *s = requests[_i].sent;

	ck_assert_int_eq(asks(&k, &ops, s[0], s[1], s[2]),
	    requests[_i].asked[0] == 0 ? ERR_KEX : OK);
	ck_assert_uint_eq(a.min, requests[_i].asked[0]);
	ck_assert_uint_eq(a.n, requests[_i].asked[1]);
	ck_assert_uint_eq(a.max, requests[_i].asked[2]);
}
END_TEST

/* RFC 4419 §3: the hash covers the limits as they were sent. */
START_TEST(notes_the_limits_as_sent)
{
	struct asked a = willing();
	struct transport_ops ops = {.group = group, .ctx = &a};
	SCOPED(kex_clear) struct kex k = {.due = 0};
	struct rd r;

	ck_assert_int_eq(asks(&k, &ops, 1024, 1025, 9000), OK);
	ck_assert_uint_eq(k.due, KEX_GEX_INIT);
	ck_assert_int_eq(kex_step(&k, KEX_GEX_INIT, SLICE_STR("\0\0\0\4abcd")),
	    OK);
	r = rd_from(buf_slice(&k.transcript));
	ck_assert_uint_eq(rd_u32(&r), 1024);
	ck_assert_uint_eq(rd_u32(&r), 1025);
	ck_assert_uint_eq(rd_u32(&r), 9000);
	ck_assert(slice_equal(rd_mpint(&r, 1024), a.p));
	ck_assert(slice_equal(rd_mpint(&r, 1024), a.g));
	ck_assert(slice_is(rd_mpint(&r, 1024), "abcd"));
	ck_assert_uint_gt(rd_mpint(&r, 1024).n, 200); /* f */
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

START_TEST(refuses_a_group_that_is_too_small_or_too_large)
{
	static uint8_t p[1025];
	struct asked a = {.g = SLICE_OF(two)};
	struct transport_ops ops = {.group = group, .ctx = &a};
	SCOPED(kex_clear) struct kex k = {.due = 0};

	memset(p, 0xff, sizeof(p));
	a.p = _i == 0 ? slice_make(p, 255) : slice_make(p, 1025);
	ck_assert_int_eq(asks(&k, &ops, 2048, 2048, 8192), ERR_KEX);
}
END_TEST

START_TEST(fails_where_there_is_no_group)
{
	struct asked a = {.err = ERR_NOT_FOUND};
	struct transport_ops ops = {.group = group, .ctx = &a};
	SCOPED(kex_clear) struct kex k = {.due = 0};

	ck_assert_int_eq(asks(&k, &ops, 2048, 2048, 8192), ERR_KEX);
}
END_TEST

START_TEST(reads_each_message_to_its_end)
{
	struct asked a = willing();
	struct transport_ops ops = {.group = group, .ctx = &a};
	SCOPED(kex_clear) struct kex k = {.due = 0};

	ck_assert_int_eq(method_step(name, KEX_GEX_REQUEST,
			     SLICE_STR("\0\0\10\0")),
	    ERR_SHORT);
	ck_assert_int_eq(asks(&k, &ops, 2048, 2048, 8192), OK);
	ck_assert_int_eq(kex_step(&k, KEX_GEX_INIT, SLICE_STR("\0\0\0\1\2x")),
	    ERR_TRAILING);
}
END_TEST

START_TEST(awaits_the_value_after_the_request)
{
	struct asked a = willing();
	struct transport_ops ops = {.group = group, .ctx = &a};
	SCOPED(kex_clear) struct kex k = {.due = 0};

	ck_assert_int_eq(asks(&k, &ops, 2048, 2048, 8192), OK);
	ck_assert_int_eq(kex_step(&k, KEX_GEX_REQUEST,
			     SLICE_STR("\0\0\10\0\0\0\10\0\0\0\10\0")),
	    ERR_PHASE);
}
END_TEST

TCase *
check_kex_gex(void)
{
	TCase *tc = tcase_create("transport/kex_gex");

	tcase_add_loop_test(tc, asks_for_what_the_clamped_limits_allow, 0,
	    sizeof(requests) / sizeof(requests[0]));
	tcase_add_test(tc, notes_the_limits_as_sent);
	tcase_add_loop_test(tc, refuses_a_group_that_is_too_small_or_too_large,
	    0, 2);
	tcase_add_test(tc, fails_where_there_is_no_group);
	tcase_add_test(tc, reads_each_message_to_its_end);
	tcase_add_test(tc, awaits_the_value_after_the_request);
	return tc;
}
