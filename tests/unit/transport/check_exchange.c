#include "client.h"
#include "inside.h"
#include "sallyport/base/mem.h"
#include "suite.h"

static struct client_options
with(const char *kex, const char *cipher, const char *mac)
{
	struct client_options o = client_usual;

	o.kex = kex;
	o.ciphers = cipher;
	o.macs = mac;
	return o;
}

/* A message each way, so that the keys are seen to fit. */
static void
talks(struct pair *p)
{
	struct slice got;

	client_send(&p->c, SLICE_STR("\136from the client"));
	ck_assert_int_eq(pair_send(p, SLICE_STR("\136from the server")), OK);
	ck_assert_int_eq(pair_run(p), ERR_MORE);
	got = pair_got(p);
	ck_assert(slice_is(got, "\136from the client"));
	got = client_got(&p->c);
	ck_assert(slice_is(got, "\136from the server"));
}

/* Row number i of a kind, marks left out; NULL behind the last. */
static const char *
nth(enum algo_kind kind, int i)
{
	const struct algo *a;

	for (size_t row = 0; (a = algo_row(row)) != NULL; row++)
		if (a->kind == kind && (a->flags & ALGO_PSEUDO) == 0 &&
		    i-- == 0)
			return a->name;
	return NULL;
}

#define KEX_ROWS    15
#define CIPHER_ROWS 10
#define MAC_ROWS    16

START_TEST(logs_in_by_every_method)
{
	struct client_options o =
	    with(nth(ALGO_KEX, _i), "aes128-ctr", "hmac-sha2-256");
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, &o);
	pair_login(&p);
	talks(&p);
	ck_assert_mem_eq(p.c.session_id, transport_session_id(p.t).p,
	    p.c.session_id_n);
	client_rekey(&p.c);
	talks(&p);
	ck_assert_uint_eq(p.c.exchanges, 2);
}
END_TEST

static void
logs_in_with(int cipher, int mac)
{
	struct client_options o = with("curve25519-sha256",
	    nth(ALGO_CIPHER, cipher), nth(ALGO_MAC, mac));
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, &o);
	p.c.extra_padding = (uint8_t)(mac % 5);
	pair_login(&p);
	talks(&p);
	client_rekey(&p.c);
	talks(&p);
}

START_TEST(logs_in_with_every_cipher_and_mac)
{
	for (int mac = 0; mac < MAC_ROWS; mac++)
		logs_in_with(_i, mac);
}
END_TEST

START_TEST(knows_every_algorithm_there_is)
{
	ck_assert_ptr_nonnull(nth(ALGO_KEX, KEX_ROWS - 1));
	ck_assert_ptr_null(nth(ALGO_KEX, KEX_ROWS));
	ck_assert_ptr_nonnull(nth(ALGO_CIPHER, CIPHER_ROWS - 1));
	ck_assert_ptr_null(nth(ALGO_CIPHER, CIPHER_ROWS));
	ck_assert_ptr_nonnull(nth(ALGO_MAC, MAC_ROWS - 1));
	ck_assert_ptr_null(nth(ALGO_MAC, MAC_ROWS));
}
END_TEST

static void
logs_in_by_pieces(int i)
{
	struct client_options o =
	    with(i % 2 == 0 ? "mlkem768x25519-sha256"
			    : "diffie-hellman-group-exchange-sha256",
		nth(ALGO_CIPHER, i % CIPHER_ROWS), "hmac-sha1");
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, &o);
	p.piece = (size_t)i + 1;
	pair_login(&p);
	talks(&p);
	client_rekey(&p.c);
	talks(&p);
}

START_TEST(takes_octets_in_pieces_of_any_size)
{
	for (int i = 0; i < 40; i++)
		logs_in_by_pieces(i);
}
END_TEST

START_TEST(talks_without_strict_or_ext_info)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.strict = (_i & 1) != 0;
	o.ext_info = (_i & 2) != 0;
	pair_init(&p, &o);
	pair_login(&p);
	ck_assert_uint_eq(p.c.ext_infos, o.ext_info ? 1 : 0);
	ck_assert(p.t->strict == o.strict);
	talks(&p);
	client_rekey(&p.c);
	talks(&p);
	/* RFC 8308: not again */
	ck_assert_uint_eq(p.c.ext_infos, o.ext_info ? 1 : 0);
}
END_TEST

START_TEST(skips_the_packet_of_a_wrong_guess)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.follows = true; /* client.c guesses wrongly */
	o.kex = "ecdh-sha2-nistp256";
	o.strict = _i == 0;
	pair_init(&p, &o);
	pair_login(&p);
	talks(&p);
}
END_TEST

START_TEST(resets_its_counters_at_every_newkeys_when_strict)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	o.strict = _i == 0;
	pair_init(&p, &o);
	pair_login(&p);
	for (int i = 0; i < 50; i++)
		talks(&p);
	client_rekey(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	if (o.strict) {
		ck_assert_uint_eq(p.t->in.seq, 0);
		ck_assert_uint_eq(p.t->out.dir.seq, 0);
	} else {
		ck_assert_uint_gt(p.t->in.seq, 50);
		ck_assert_uint_gt(p.t->out.dir.seq, 50);
	}
	talks(&p);
}
END_TEST

START_TEST(keeps_the_session_id_and_first_host_key)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	pair_login(&p);
	client_rekey(&p.c);
	talks(&p);
	ck_assert_mem_eq(p.c.session_id, transport_session_id(p.t).p,
	    p.c.session_id_n);
	ck_assert(
	    slice_equal(transport_first_hostkey(p.t), buf_slice(&p.blob)));
	ck_assert_str_eq(transport_hostkey_alg(p.t), "ssh-ed25519");
	ck_assert(transport_peer_takes(p.t, "ssh-ed25519"));
	ck_assert(!transport_peer_takes(p.t, "rsa-sha2-512"));
	ck_assert_uint_eq(p.signatures, 2);
}
END_TEST

START_TEST(frees_what_an_exchange_needed)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	client_start(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	ck_assert_ptr_null(p.t->exchange);
	ck_assert(!transport_is_exchanging(p.t));
	ck_assert(transport_may_send(p.t));
}
END_TEST

START_TEST(signs_nothing_before_both_sides_agreed)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, &o);
	client_start(&p.c);
	client_put(&p.c, SLICE_STR("\36\0\0\0\40 not of thirty-two octets"));
	ck_assert_int_eq(pair_run(&p), ERR_SHORT);
	ck_assert_uint_eq(p.signatures, 0);
}
END_TEST

static enum err
refuses(void *ctx, uint32_t key, struct slice alg, struct slice hash,
    struct slice *signature)
{
	(void)ctx;
	(void)key;
	(void)alg;
	(void)hash;
	(void)signature;
	return ERR_DENIED;
}

START_TEST(ends_where_no_signature_is_given)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	p.ops.sign = refuses;
	client_start(&p.c);
	ck_assert_int_eq(pair_run(&p), ERR_DENIED);
}
END_TEST

/* A third of the integrity test's octets are encrypted: CONTRACT. */
START_TEST(is_short_until_its_new_keys)
{
	struct client_options o = client_usual;
	SCOPED(pair_clear) struct pair p;
	size_t n = sizeof(SERVER_VERSION "\r\n") - 1;
	char *kex = algo_list_resolve(ALGO_KEX, NULL);
	char *keys = algo_list_resolve(ALGO_KEY, NULL);
	char *ciphers = algo_list_resolve(ALGO_CIPHER, NULL);
	char *macs = algo_list_resolve(ALGO_MAC, NULL);

	pair_init(&p, &o);
	free((void *)(uintptr_t)p.offer.kex.p);
	free((void *)(uintptr_t)p.offer.hostkey_algorithms.p);
	free((void *)(uintptr_t)p.offer.ciphers.p);
	free((void *)(uintptr_t)p.offer.macs.p);
	p.offer.kex = slice_cstr(kex);
	p.offer.hostkey_algorithms = slice_cstr(keys);
	p.offer.ciphers = slice_cstr(ciphers);
	p.offer.macs = slice_cstr(macs);
	p.c.o.kex = nth(ALGO_KEX, _i); /* the hybrids have the longest */
	p.c.o.ext_info = false;
	client_start(&p.c);
	ck_assert_int_eq(buf_append(&p.got, SLICE_NONE), OK);
	ck_assert_int_eq(pair_run(&p), ERR_MORE);
	n += p.t->out.dir.total;
	ck_assert_uint_lt(n, 2900);
}
END_TEST

TCase *
check_exchange(void)
{
	TCase *tc = tcase_create("transport/exchange");

	tcase_set_timeout(tc, 180);
	tcase_add_loop_test(tc, logs_in_by_every_method, 0, KEX_ROWS);
	tcase_add_loop_test(tc, logs_in_with_every_cipher_and_mac, 0,
	    CIPHER_ROWS);
	tcase_add_test(tc, knows_every_algorithm_there_is);
	tcase_add_test(tc, takes_octets_in_pieces_of_any_size);
	tcase_add_loop_test(tc, talks_without_strict_or_ext_info, 0, 4);
	tcase_add_loop_test(tc, skips_the_packet_of_a_wrong_guess, 0, 2);
	tcase_add_loop_test(tc,
	    resets_its_counters_at_every_newkeys_when_strict, 0, 2);
	tcase_add_test(tc, keeps_the_session_id_and_first_host_key);
	tcase_add_test(tc, frees_what_an_exchange_needed);
	tcase_add_test(tc, signs_nothing_before_both_sides_agreed);
	tcase_add_test(tc, ends_where_no_signature_is_given);
	tcase_add_loop_test(tc, is_short_until_its_new_keys, 0, 3);
	return tc;
}
