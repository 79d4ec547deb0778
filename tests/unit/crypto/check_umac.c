#include "sallyport/base/mem.h"
#include "sallyport/crypto/mac.h"
#include "suite.h"

#include "vectors.h"

#define NONCE ((const uint8_t *)"bcdefghi")

TCase *check_umac(void);

/* RFC 4418, appendix: its key and nonce, and a text some times over */
static const struct {
	const char *text;
	size_t times;
	const char *tag8;
	const char *tag16; /* its first 96 bits are there as UMAC-96 */
} known[] = {
    {"", 0, "6e155fad26900be1", "32fedb100c79ad58f07ff7643cc60465"},
    {"a", 3, "44b5cb542f220104", "185e4fe905cba7bd85e4c2dc3d117d8d"},
    {"a", 1 << 10, "26bf2f5d60118bd9", "7a54abe04af82d60fb298c3cbd195bcb"},
    {"a", 1 << 15, "27f8ef643b0d118d", "7b136bd911e4b734286ef2be501f2c3c"},
    {"a", 1 << 20, "a4477e87e9f55853", "f8acfa3ac31cfeea047f7b115b03bef5"},
    {"abc", 1, "d4d7b9f6bd4fbfcf", "883c3d4b97a61976ffcf232308cba5a5"},
    {"abc", 500, "d4cf26ddefd5c01a", "8824a260c53c66a36c9260a62cb83aa1"},
};

static struct umac *
make(const char *key, size_t tag_octets)
{
	struct umac *u = NULL;

	ck_assert_int_eq(umac_new(slice_cstr(key), tag_octets, &u), OK);
	return u;
}

static void
set_nonce(uint8_t nonce[8], uint64_t n)
{
	for (size_t i = 0; i < 8; i++)
		nonce[i] = (uint8_t)(n >> (56 - 8 * i));
}

START_TEST(gives_the_tags_of_rfc_4418)
{
	size_t n = strlen(known[_i].text) * known[_i].times;
	SCOPED(mem_free_at) uint8_t *message = mem_new(n + 1);
	struct umac *u8 = make("abcdefghijklmnop", 8);
	struct umac *u16 = make("abcdefghijklmnop", 16);
	uint8_t tag[16], want[16];

	for (size_t i = 0; i < n; i++)
		message[i] =
		    (uint8_t)known[_i].text[i % strlen(known[_i].text)];
	umac_tag(u8, slice_make(message, n), NONCE, tag);
	vectors_same(slice_make(tag, 8), HEX(want, known[_i].tag8));
	umac_tag(u16, slice_make(message, n), NONCE, tag);
	vectors_same(slice_make(tag, 16), HEX(want, known[_i].tag16));
	umac_free(u8);
	umac_free(u16);
}
END_TEST

/* The pad is kept for the next nonce; going to and fro must not show it. */
START_TEST(keeps_no_trace_of_earlier_nonces)
{
	static const uint64_t order[] = {0, 1, 2, 1, 0, 3, 2, UINT32_MAX,
	    (uint64_t)UINT32_MAX + 1, 1, 0};
	size_t octets = _i == 0 ? 8 : 16;
	struct umac *u = make("0123456789abcdef", octets);

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct umac *fresh = make("0123456789abcdef", octets);
		uint8_t nonce[8], tag[16], want[16];

		set_nonce(nonce, order[i]);
		umac_tag(u, SLICE_STR("packet"), nonce, tag);
		umac_tag(fresh, SLICE_STR("packet"), nonce, want);
		ck_assert_mem_eq(tag, want, octets);
		umac_free(fresh);
	}
	umac_free(u);
}
END_TEST

/* The nonce alone changes the tag by a mask, whatever the message. */
START_TEST(masks_a_nonce_alike_for_all_messages)
{
	size_t octets = _i == 0 ? 8 : 16;
	struct umac *u = make("0123456789abcdef", octets);
	uint8_t nonce[8], a[2][16], b[2][16];

	for (uint64_t n = 0; n < 2; n++) {
		set_nonce(nonce, n);
		umac_tag(u, SLICE_STR("one message"), nonce, a[n]);
		umac_tag(u, SLICE_STR("another message"), nonce, b[n]);
	}
	ck_assert_mem_ne(a[0], a[1], octets);
	for (size_t i = 0; i < octets; i++)
		ck_assert_int_eq(a[0][i] ^ a[1][i], b[0][i] ^ b[1][i]);
	umac_free(u);
}
END_TEST

/* Each length and each alignment is a hash of exactly these octets. */
START_TEST(tells_every_length_and_octet)
{
	struct umac *u = make("0123456789abcdef", 16);
	uint8_t data[2112 + 8] = {0}, tag[16], last[16] = {0}, moved[16];

	for (size_t n = 0; n <= 2112; n++) {
		umac_tag(u, slice_make(data, n), NONCE, tag);
		ck_assert_mem_ne(tag, last, 16); /* zeros more are told */
		memcpy(last, tag, 16);
		umac_tag(u, slice_make(data + n % 8, n), NONCE, moved);
		ck_assert_mem_eq(tag, moved, 16);
		if (n == 0)
			continue;
		data[n - 1] ^= 0x80;
		umac_tag(u, slice_make(data, n), NONCE, tag);
		ck_assert_mem_ne(tag, last, 16);
		data[n - 1] ^= 0x80;
	}
	umac_free(u);
}
END_TEST

START_TEST(refuses_keys_and_tags_of_other_sizes)
{
	struct umac *u = NULL;

	ck_assert_int_eq(umac_new(SLICE_STR("short"), 8, &u), ERR_KEY_LENGTH);
	ck_assert_int_eq(umac_new(SLICE_STR("abcdefghijklmnop"), 4, &u),
	    ERR_KEY_LENGTH);
	ck_assert_ptr_null(u);
	umac_free(u);
}
END_TEST

TCase *
check_umac(void)
{
	TCase *tc = tcase_create("crypto/umac");

	tcase_add_loop_test(tc, gives_the_tags_of_rfc_4418, 0,
	    sizeof(known) / sizeof(known[0]));
	tcase_add_loop_test(tc, keeps_no_trace_of_earlier_nonces, 0, 2);
	tcase_add_loop_test(tc, masks_a_nonce_alike_for_all_messages, 0, 2);
	tcase_add_test(tc, tells_every_length_and_octet);
	tcase_add_test(tc, refuses_keys_and_tags_of_other_sizes);
	return tc;
}
