#include "kex.h"

#include "methods.h"

static const char name[] = "curve25519-sha256";

/* A public value of X25519 that isn't of small order: the base point */
static const uint8_t point[36] = {0, 0, 0, 32, 9};

static void
agree(struct kex *k, const char *method)
{
	kex_init(k, algo_find(ALGO_KEX, slice_cstr(method)), 32, NULL);
	ck_assert_int_eq(kex_step(k, KEX_INIT, SLICE_OF(point)), OK);
	ck_assert_uint_eq(k->due, 0);
}

static void
judges_message(int i)
{
	enum err e = method_step(name, (uint8_t)i, SLICE_OF(point));

	ck_assert_int_eq(e, i == KEX_INIT ? OK : ERR_PHASE);
}

START_TEST(takes_the_message_that_is_due_and_no_other)
{
	for (int i = 0; i < 256; i++)
		judges_message(i);
}
END_TEST

START_TEST(takes_no_second_one)
{
	SCOPED(kex_clear) struct kex k = {.due = 0};

	agree(&k, name);
	ck_assert_int_eq(kex_step(&k, KEX_INIT, SLICE_OF(point)), ERR_PHASE);
}
END_TEST

START_TEST(awaits_each_familys_own_first)
{
	static const uint8_t gex[12] = {0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0};

	ck_assert_int_eq(method_step("diffie-hellman-group-exchange-sha256",
			     KEX_INIT, SLICE_OF(gex)),
	    ERR_PHASE);
	ck_assert_int_eq(method_step("diffie-hellman-group-exchange-sha256",
			     KEX_GEX_INIT, SLICE_OF(gex)),
	    ERR_PHASE);
	ck_assert_int_eq(method_step(name, KEX_GEX_REQUEST, SLICE_OF(gex)),
	    ERR_PHASE);
}
END_TEST

/* Every part counts, and where one ends and the next begins too. */
START_TEST(hashes_every_part)
{
	SCOPED(kex_clear) struct kex k = {.due = 0};
	struct kex_parties p = {SLICE_STR("c"), SLICE_STR("s"), SLICE_STR("ic"),
	    SLICE_STR("is"), SLICE_STR("ks")};
	struct slice *parts[] = {&p.client_version, &p.server_version,
	    &p.client_init, &p.server_init, &p.hostkey};
	uint8_t h[HASH_MAX], h2[HASH_MAX];

	agree(&k, name);
	ck_assert_uint_eq(kex_hash_octets(&k), 32);
	ck_assert_int_eq(kex_hash(&k, &p, h), OK);
	ck_assert_int_eq(kex_hash(&k, &p, h2), OK);
	ck_assert_mem_eq(h, h2, 32);
	for (size_t i = 0; i < 5; i++) {
		struct slice old = *parts[i];

		*parts[i] = SLICE_STR("other");
		ck_assert_int_eq(kex_hash(&k, &p, h2), OK);
		ck_assert_mem_ne(h, h2, 32);
		*parts[i] = old;
	}
	p.client_version = SLICE_STR("cs");
	p.server_version = SLICE_NONE;
	ck_assert_int_eq(kex_hash(&k, &p, h2), OK);
	ck_assert_mem_ne(h, h2, 32);
}
END_TEST

/* RFC 4253 §7.2: longer keys begin with the shorter ones. */
START_TEST(derives_each_length_as_a_prefix_of_the_next)
{
	SCOPED(kex_clear) struct kex k = {.due = 0};
	uint8_t longest[100], out[100];

	agree(&k, _i == 0 ? name : "curve25519-sha256@libssh.org");
	ck_assert_int_eq(kex_derive(&k, SLICE_STR("H"), 'A', SLICE_STR("id"),
			     BYTES_OF(longest)),
	    OK);
	for (size_t n = 0; n < sizeof(out); n++) {
		memset(out, 0, sizeof(out));
		ck_assert_int_eq(kex_derive(&k, SLICE_STR("H"), 'A',
				     SLICE_STR("id"), bytes_make(out, n)),
		    OK);
		if (n > 0)
			ck_assert_mem_eq(out, longest, n);
	}
}
END_TEST

START_TEST(derives_another_key_for_each_letter_hash_and_session)
{
	SCOPED(kex_clear) struct kex k = {.due = 0};
	uint8_t a[32], b[32];

	agree(&k, name);
	ck_assert_int_eq(kex_derive(&k, SLICE_STR("H"), 'A', SLICE_STR("id"),
			     BYTES_OF(a)),
	    OK);
	ck_assert_int_eq(kex_derive(&k, SLICE_STR("H"), 'B', SLICE_STR("id"),
			     BYTES_OF(b)),
	    OK);
	ck_assert_mem_ne(a, b, 32);
	ck_assert_int_eq(kex_derive(&k, SLICE_STR("I"), 'A', SLICE_STR("id"),
			     BYTES_OF(b)),
	    OK);
	ck_assert_mem_ne(a, b, 32);
	ck_assert_int_eq(kex_derive(&k, SLICE_STR("H"), 'A', SLICE_STR("ie"),
			     BYTES_OF(b)),
	    OK);
	ck_assert_mem_ne(a, b, 32);
}
END_TEST

START_TEST(replies_with_key_value_and_signature)
{
	SCOPED(kex_clear) struct kex k = {.due = 0};
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);
	struct rd r;

	agree(&k, name);
	kex_reply(&k, &w, SLICE_STR("key"), SLICE_STR("sig"));
	r = rd_from(buf_slice(&b));
	ck_assert_uint_eq(rd_u8(&r), KEX_REPLY);
	ck_assert(slice_is(rd_string(&r), "key"));
	ck_assert_uint_eq(rd_string(&r).n, 32);
	ck_assert(slice_is(rd_string(&r), "sig"));
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

TCase *
check_kex(void)
{
	TCase *tc = tcase_create("transport/kex");

	tcase_add_test(tc, takes_the_message_that_is_due_and_no_other);
	tcase_add_test(tc, takes_no_second_one);
	tcase_add_test(tc, awaits_each_familys_own_first);
	tcase_add_test(tc, hashes_every_part);
	tcase_add_loop_test(tc, derives_each_length_as_a_prefix_of_the_next, 0,
	    2);
	tcase_add_test(tc,
	    derives_another_key_for_each_letter_hash_and_session);
	tcase_add_test(tc, replies_with_key_value_and_signature);
	return tc;
}
