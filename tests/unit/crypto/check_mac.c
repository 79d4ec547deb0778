#include "suite.h"

#include "sallyport/crypto/hash.h"
#include "sallyport/crypto/mac.h"
#include "vectors.h"

static const struct algo *
mac_at(int i)
{
	const struct algo *a;

	for (size_t at = 0; (a = algo_row(at)) != NULL; at++)
		if (a->kind == ALGO_MAC && i-- == 0)
			return a;
	return NULL;
}

static int
mac_count(void)
{
	int n = 0;

	while (mac_at(n) != NULL)
		n++;
	return n;
}

static struct mac *
mac_of(const struct algo *a, struct slice all)
{
	struct mac *m = NULL;

	ck_assert_int_eq(mac_new(a, slice_first(all, a->key_octets), &m), OK);
	return m;
}

static const uint8_t key[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

/* Every HMAC is the hash's own, over number and data, cut to its length;
 * and it is so again for the next packet. */
START_TEST(hmac_covers_number_and_data)
{
	const struct algo *a = mac_at(_i);
	uint8_t tag[MAC_TAG_MAX], right[HASH_MAX], data[300] = {0};
	struct mac *m = mac_of(a, SLICE_OF(key));

	for (size_t n = 4; n <= sizeof(data) && a->mac == MAC_HMAC; n += 37) {
		data[0] = 0x80;
		data[3] = 0x07;
		data[n - 1] ^= 0x55;
		ck_assert_int_eq(hash_hmac(a->hash,
				     slice_make(key, a->key_octets),
				     slice_make(data, n), right),
		    OK);
		memset(tag, 0xee, sizeof(tag));
		ck_assert_int_eq(mac_tag(m, (uint32_t)data[0] << 24 | data[3],
				     slice_make(data + 4, n - 4), tag),
		    OK);
		ck_assert_mem_eq(tag, right, a->tag_octets);
		if (a->tag_octets < MAC_TAG_MAX)
			ck_assert_uint_eq(tag[a->tag_octets], 0xee);
	}
	mac_free(m);
}
END_TEST

/* Another number, another octet, another key: another tag. */
START_TEST(everything_counts)
{
	const struct algo *a = mac_at(_i);
	uint8_t one[MAC_TAG_MAX], other[MAC_TAG_MAX], data[40] = {0};
	uint8_t key2[64] = {2};
	struct mac *m = mac_of(a, SLICE_OF(key)), *m2;

	ck_assert_int_eq(mac_tag(m, 5, SLICE_OF(data), one), OK);
	ck_assert_int_eq(mac_tag(m, 6, SLICE_OF(data), other), OK);
	ck_assert_mem_ne(one, other, a->tag_octets);
	data[39] = 1;
	ck_assert_int_eq(mac_tag(m, 5, SLICE_OF(data), other), OK);
	ck_assert_mem_ne(one, other, a->tag_octets);
	data[39] = 0;
	m2 = mac_of(a, SLICE_OF(key2));
	ck_assert_int_eq(mac_tag(m2, 5, SLICE_OF(data), other), OK);
	ck_assert_mem_ne(one, other, a->tag_octets);
	ck_assert_int_eq(mac_tag(m, 5, SLICE_OF(data), other), OK);
	ck_assert_mem_eq(one, other, a->tag_octets);
	mac_free(m);
	mac_free(m2);
	mac_free(NULL);
}
END_TEST

START_TEST(exports_its_key)
{
	const struct algo *a = mac_at(_i);
	struct mac *m = mac_of(a, SLICE_OF(key));
	uint8_t room[100];
	struct wr w = wr_to(BYTES_OF(room));
	size_t n;

	mac_export(m, &w);
	ck_assert_int_eq(wr_end(&w, &n), OK);
	ck_assert_uint_eq(n, 4u + a->key_octets);
	ck_assert_uint_eq(room[3], a->key_octets);
	ck_assert_mem_eq(room + 4, key, a->key_octets);
	mac_free(m);
}
END_TEST

START_TEST(takes_a_key_of_the_right_size_only)
{
	const struct algo *a = mac_at(_i);
	struct mac *m;

	ck_assert_int_eq(mac_new(a, slice_make(key, a->key_octets - 1u), &m),
	    ERR_KEY_LENGTH);
}
END_TEST

TCase *
check_mac(void)
{
	TCase *tc = tcase_create("crypto/mac");
	int n = mac_count();

	tcase_add_loop_test(tc, hmac_covers_number_and_data, 0, n);
	tcase_add_loop_test(tc, everything_counts, 0, n);
	tcase_add_loop_test(tc, exports_its_key, 0, n);
	tcase_add_loop_test(tc, takes_a_key_of_the_right_size_only, 0, n);
	return tc;
}
