#include "suite.h"

#include "sallyport/crypto/hash.h"
#include "vectors.h"

static const struct {
	enum hash_id id;
	const char *abc, *empty;
} digests[] = {
    /* RFC 1321 A.5 */
    {HASH_MD5, "900150983cd24fb0d6963f7d28e17f72",
	"d41d8cd98f00b204e9800998ecf8427e"},
    /* FIPS 180-4's examples */
    {HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d",
	"da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {HASH_SHA256,
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {HASH_SHA384,
	"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	"8086072ba1e7cc2358baeca134c825a7",
	"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
	"274edebfe76f65fbd51ad2f14898b95b"},
    {HASH_SHA512,
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
};

#define DIGESTS ((int)(sizeof(digests) / sizeof(digests[0])))

START_TEST(answers_as_the_standards_do)
{
	uint8_t out[HASH_MAX], right[HASH_MAX];
	enum hash_id id = digests[_i].id;
	struct slice expected = HEX(right, digests[_i].abc);

	ck_assert_uint_eq(hash_octets(id), expected.n);
	ck_assert_int_eq(hash_once(id, SLICE_STR("abc"), out), OK);
	vectors_same(slice_make(out, expected.n), expected);
	ck_assert_int_eq(hash_once(id, SLICE_NONE, out), OK);
	vectors_same(slice_make(out, expected.n),
	    HEX(right, digests[_i].empty));
}
END_TEST

/* In however many pieces, it is the same. */
START_TEST(pieces_make_the_whole)
{
	static const char text[] = "\0\0\1\2\0\0\0\3abcdef";
	uint8_t once[HASH_MAX], pieces[HASH_MAX];
	struct hash *h;

	for (int i = 0; i < DIGESTS; i++) {
		size_t n = hash_octets(digests[i].id);

		ck_assert_int_eq(hash_once(digests[i].id, SLICE_STR(text),
				     once),
		    OK);
		ck_assert_int_eq(hash_begin(digests[i].id, &h), OK);
		hash_add_u32(h, 0x102);
		hash_add_string(h, SLICE_STR("abc"));
		hash_add(h, SLICE_NONE);
		hash_add(h, SLICE_STR("def"));
		ck_assert_int_eq(hash_end(h, pieces), OK);
		ck_assert_mem_eq(once, pieces, n);
	}
}
END_TEST

START_TEST(knows_no_other_hash)
{
	struct hash *h;
	uint8_t out[HASH_MAX];

	ck_assert_int_eq(hash_begin(HASH_NONE, &h), ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(hash_once(HASH_NONE, SLICE_NONE, out),
	    ERR_UNKNOWN_ALGO);
	ck_assert_int_eq(hash_hmac(HASH_NONE, SLICE_NONE, SLICE_NONE, out),
	    ERR_UNKNOWN_ALGO);
	ck_assert_uint_eq(hash_octets(HASH_NONE), 0);
}
END_TEST

/* RFC 4231 §§4.3, 4.7; RFC 2202 §§2, 3, case 2 */
static const struct {
	enum hash_id id;
	const char *key, *data, *tag;
} hmacs[] = {
    {HASH_SHA256, "Jefe", "what do ya want for nothing?",
	"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {HASH_SHA384, "Jefe", "what do ya want for nothing?",
	"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	"8e2240ca5e69e2c78b3239ecfab21649"},
    {HASH_SHA512, "Jefe", "what do ya want for nothing?",
	"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
    {HASH_SHA1, "Jefe", "what do ya want for nothing?",
	"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {HASH_MD5, "Jefe", "what do ya want for nothing?",
	"750c783e6ab0b503eaa86e310a5db738"},
    /* a key that is longer than a block: 131 times 0xaa */
    {HASH_SHA256, NULL,
	"Test Using Larger Than Block-Size Key - Hash Key First",
	"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {HASH_SHA512, NULL,
	"Test Using Larger Than Block-Size Key - Hash Key First",
	"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	"6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
    /* neither key nor data */
    {HASH_SHA256, "", "",
	"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

START_TEST(hmac_answers_as_the_rfcs_do)
{
	uint8_t out[HASH_MAX], right[HASH_MAX], many[131];
	struct slice key = slice_cstr(hmacs[_i].key);

	memset(many, 0xaa, sizeof(many));
	if (hmacs[_i].key == NULL)
		key = SLICE_OF(many);
	ck_assert_int_eq(hash_hmac(hmacs[_i].id, key,
			     slice_cstr(hmacs[_i].data), out),
	    OK);
	vectors_same(slice_make(out, hash_octets(hmacs[_i].id)),
	    HEX(right, hmacs[_i].tag));
}
END_TEST

TCase *
check_hash(void)
{
	TCase *tc = tcase_create("crypto/hash");

	tcase_add_loop_test(tc, answers_as_the_standards_do, 0, DIGESTS);
	tcase_add_test(tc, pieces_make_the_whole);
	tcase_add_test(tc, knows_no_other_hash);
	tcase_add_loop_test(tc, hmac_answers_as_the_rfcs_do, 0,
	    (int)(sizeof(hmacs) / sizeof(hmacs[0])));
	return tc;
}
