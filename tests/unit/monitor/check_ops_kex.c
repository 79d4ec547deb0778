#include "desk.h"

#include "sallyport/base/io.h"
#include "sallyport/rpc/keeper_ops.h"

static const struct common_key keys[2] = {{.number = 7}, {.number = 3}};
static const uint8_t hash[64] = {1, 2, 3};

static enum err
sign(struct desk *d, uint32_t key, size_t octets, struct sign_rep *rep)
{
	struct sign_req req = {.key = key,
	    .alg = SLICE_STR("ssh-ed25519"),
	    .hash = slice_make(hash, octets)};

	d->common.keys = keys;
	d->common.nkeys = 2;
	return on_sign_kex(&d->m, &req, rep);
}

/* The keeper's side, with the answer already lying there. */
static struct rpc *
keeper(struct desk *d, bool ok)
{
	struct signature_msg answer = {.ok = ok,
	    .signature = SLICE_STR("signature")};
	struct rpc *r;
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	d->m.keeper = rpc_new(pair[0]);
	r = rpc_new(pair[1]);
	ck_assert_int_eq(rpc_reply(r, KEEPER_sign, &layout_signature_msg,
			     &answer),
	    OK);
	return r;
}

START_TEST(what_isnt_a_key_or_a_hash_is_not_asked)
{
	struct sign_rep rep;
	struct desk d;

	desk_init(&d, "");
	ck_assert_int_eq(sign(&d, 2, 32, &rep), ERR_RPC);
	ck_assert_int_eq(sign(&d, UINT32_MAX, 32, &rep), ERR_RPC);
	ck_assert_int_eq(sign(&d, 0, 19, &rep), ERR_RPC);
	ck_assert_int_eq(sign(&d, 0, 0, &rep), ERR_RPC);
	ck_assert_ptr_null(d.m.keeper);
	desk_clear(&d);
}
END_TEST

/* RFC 4253 §7.2: the first hash is the session id, for good. */
START_TEST(the_first_hash_is_the_session_id)
{
	struct keeper_sign_msg asked;
	struct sign_rep rep;
	uint32_t number;
	struct desk d;
	struct rpc *r;

	desk_init(&d, "");
	r = keeper(&d, true);
	ck_assert_int_eq(sign(&d, 1, 32, &rep), OK);
	ck_assert(slice_is(rep.signature, "signature"));
	ck_assert_int_eq(rpc_receive(r, true, &number), OK);
	ck_assert_uint_eq(number, KEEPER_sign);
	ck_assert_int_eq(rpc_decode(r, &layout_keeper_sign_msg, &asked), OK);
	ck_assert_uint_eq(asked.key, 3); /* the keeper's number of it */
	ck_assert_uint_eq(d.m.session_id_octets, 32);
	rpc_free(r);
	rpc_free(d.m.keeper);
	r = keeper(&d, true);
	ck_assert_int_eq(sign(&d, 0, 64, &rep), OK);
	ck_assert_uint_eq(d.m.session_id_octets, 32);
	rpc_free(r);
	rpc_free(d.m.keeper);
	desk_clear(&d);
}
END_TEST

START_TEST(a_keepers_no_leaves_no_session_id)
{
	struct sign_rep rep;
	struct desk d;
	struct rpc *r;

	desk_init(&d, "");
	r = keeper(&d, false);
	ck_assert_int_eq(sign(&d, 0, 32, &rep), ERR_DENIED);
	ck_assert_uint_eq(d.m.session_id_octets, 0);
	rpc_free(r);
	rpc_free(d.m.keeper);
	desk_clear(&d);
}
END_TEST

START_TEST(a_dead_keeper_is_told)
{
	struct sign_rep rep;
	struct desk d;
	int pair[2];

	desk_init(&d, "");
	ck_assert_int_eq(io_pair(pair), OK);
	io_close(&pair[1]);
	d.m.keeper = rpc_new(pair[0]);
	ck_assert_int_ne(sign(&d, 0, 32, &rep), OK);
	ck_assert(desk_logged(&d, "ERROR the keeper of the host keys is gone: "
				  "no signature for 192.0.2.7 port 4711"));
	rpc_free(d.m.keeper);
	desk_clear(&d);
}
END_TEST

START_TEST(a_group_is_within_what_was_asked)
{
	static const struct {
		uint32_t min, n, max;
		size_t octets; /* 0: none */
	} asked[] = {
	    {2048, 2048, 8192, 256},
	    {2048, 3072, 8192, 384},
	    {2048, 8192, 8192, 1024},
	    {4096, 4096, 4096, 512},
	    {9000, 9000, 9000, 0},
	};
	struct modulus_req req = {asked[_i].min, asked[_i].n, asked[_i].max};
	struct modulus_rep rep;
	struct desk d;

	desk_init(&d, "");
	ck_assert_int_eq(on_pick_group(&d.m, &req, &rep), OK);
	ck_assert(rep.found == (asked[_i].octets != 0));
	if (rep.found) {
		ck_assert_uint_ge(rep.p.n * 8, asked[_i].min);
		ck_assert_uint_le(rep.p.n * 8, asked[_i].max);
		ck_assert_uint_eq(rep.g.n, 1);
	}
	desk_clear(&d);
}
END_TEST

TCase *
check_ops_kex(void)
{
	TCase *tc = tcase_create("monitor/ops_kex");

	tcase_add_test(tc, what_isnt_a_key_or_a_hash_is_not_asked);
	tcase_add_test(tc, the_first_hash_is_the_session_id);
	tcase_add_test(tc, a_keepers_no_leaves_no_session_id);
	tcase_add_test(tc, a_dead_keeper_is_told);
	tcase_add_loop_test(tc, a_group_is_within_what_was_asked, 0, 5);
	return tc;
}
