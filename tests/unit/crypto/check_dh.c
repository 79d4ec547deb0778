#include "suite.h"

#include "sallyport/crypto/dh.h"
#include "sallyport/crypto/secret.h"
#include "vectors.h"

#include <openssl/bn.h>

static const struct {
	enum dh_group_id id;
	int bits;
	unsigned long k; /* of the RFCs' formula */
} groups[] = {
    {DH_GROUP1, 1024, 129093},
    {DH_GROUP14, 2048, 124476},
    {DH_GROUP16, 4096, 240904},
    {DH_GROUP18, 8192, 4743158},
};

#define GROUPS ((int)(sizeof(groups) / sizeof(groups[0])))

static const uint8_t two = 2;

/* The digits of pi after Machin: floor(2^bits * pi) */
static BIGNUM *
pi_times(int bits)
{
	static const struct {
		unsigned int factor, x;
		bool minus;
	} parts[] = {{16, 5, false}, {4, 239, true}};
	BIGNUM *sum = BN_new();

	BN_zero(sum);
	for (int i = 0; i < 2; i++) {
		BIGNUM *power = BN_new(), *term = BN_new();

		BN_zero(power);
		BN_set_bit(power, bits + 64);
		BN_mul_word(power, parts[i].factor);
		BN_div_word(power, parts[i].x);
		for (unsigned int n = 1; !BN_is_zero(power); n += 2) {
			bool minus = parts[i].minus != (n % 4 == 3);

			BN_copy(term, power);
			BN_div_word(term, n);
			if (minus)
				BN_sub(sum, sum, term);
			else
				BN_add(sum, sum, term);
			BN_div_word(power, parts[i].x * parts[i].x);
		}
		BN_free(power);
		BN_free(term);
	}
	BN_rshift(sum, sum, 64);
	return sum;
}

/* RFC 2409 §6.2, RFC 3526: 2^b - 2^(b-64) - 1 + 2^64 * ([2^(b-130) pi] + k) */
START_TEST(a_group_is_what_its_rfc_says)
{
	int bits = groups[_i].bits;
	struct slice p = dh_group_prime(groups[_i].id);
	BIGNUM *right = pi_times(bits - 130), *power = BN_new();
	static uint8_t octets[DH_OCTETS_MAX];

	BN_add_word(right, groups[_i].k);
	BN_lshift(right, right, 64);
	BN_zero(power);
	BN_set_bit(power, bits);
	BN_add(right, right, power);
	BN_zero(power);
	BN_set_bit(power, bits - 64);
	BN_sub(right, right, power);
	BN_sub_word(right, 1);
	ck_assert_int_eq(BN_num_bits(right), bits);
	vectors_same(p, slice_make(octets, (size_t)BN_bn2bin(right, octets)));
	BN_free(right);
	BN_free(power);
}
END_TEST

START_TEST(both_sides_agree)
{
	static uint8_t fa[DH_OCTETS_MAX], fb[DH_OCTETS_MAX];
	static uint8_t ka[DH_OCTETS_MAX], kb[DH_OCTETS_MAX];
	struct slice p = dh_group_prime(groups[_i].id);
	size_t na, nb;
	struct dh *a, *b;

	ck_assert_int_eq(dh_new(p, SLICE_OF(two), 32, &a, fa, &na), OK);
	ck_assert_int_eq(dh_new(p, SLICE_OF(two), 64, &b, fb, &nb), OK);
	ck_assert(na != nb || memcmp(fa, fb, na) != 0);
	size_t kna, knb;
	ck_assert_int_eq(dh_agree(a, slice_make(fb, nb), ka, &kna), OK);
	ck_assert_int_eq(dh_agree(b, slice_make(fa, na), kb, &knb), OK);
	vectors_same(slice_make(ka, kna), slice_make(kb, knb));
	ck_assert_uint_gt(kna, p.n - 4);
	ck_assert_uint_ne(ka[0], 0);
	dh_free(a);
	dh_free(b);
	dh_free(NULL);
}
END_TEST

/* p + add, big-endian */
static struct slice
prime_plus(int add, uint8_t *room)
{
	struct slice p = dh_group_prime(DH_GROUP14);
	BIGNUM *v = BN_bin2bn(p.p, (int)p.n, NULL);
	size_t n;

	if (add >= 0)
		BN_add_word(v, (unsigned long)add);
	else
		BN_sub_word(v, (unsigned long)-add);
	n = (size_t)BN_bn2bin(v, room);
	BN_free(v);
	return slice_make(room, n);
}

START_TEST(refuses_hostile_public_values)
{
	static uint8_t f[DH_OCTETS_MAX], k[DH_OCTETS_MAX];
	static uint8_t room[DH_OCTETS_MAX + 1];
	static const uint8_t zero, one = 1, few[2] = {0x70, 0}, four = 0x0f;
	static uint8_t endless[DH_OCTETS_MAX + 2];
	struct slice p = dh_group_prime(DH_GROUP14);
	struct slice bad[] = {SLICE_NONE, SLICE_OF(zero), SLICE_OF(one),
	    SLICE_OF(two), SLICE_OF(few)};
	struct dh *d;
	size_t n;

	memset(endless, 0xff, sizeof(endless));
	ck_assert_int_eq(dh_new(p, SLICE_OF(two), 32, &d, f, &n), OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(dh_agree(d, bad[i], k, &n), ERR_PUBLIC_VALUE);
	for (int add = -1; add < 40; add++)
		ck_assert_int_eq(dh_agree(d, prime_plus(add, room), k, &n),
		    ERR_PUBLIC_VALUE);
	ck_assert_int_eq(dh_agree(d, SLICE_OF(endless), k, &n),
	    ERR_PUBLIC_VALUE);
	ck_assert_int_eq(dh_agree(d, prime_plus(-2, room), k, &n), OK);
	ck_assert_int_eq(dh_agree(d, SLICE_OF(four), k, &n), OK);
	dh_free(d);
}
END_TEST

START_TEST(refuses_groups_that_are_none)
{
	static uint8_t f[DH_OCTETS_MAX], room[DH_OCTETS_MAX + 8];
	struct slice p = dh_group_prime(DH_GROUP14);
	static const uint8_t one = 1;
	struct dh *d;
	size_t n;

	ck_assert_int_eq(dh_new(slice_skip(p, 200), SLICE_OF(two), 32, &d, f,
			     &n),
	    ERR_KEY_LENGTH);
	memset(room, 0xff, sizeof(room));
	ck_assert_int_eq(dh_new(SLICE_OF(room), SLICE_OF(two), 32, &d, f, &n),
	    ERR_KEY_LENGTH);
	ck_assert_int_eq(dh_new(p, SLICE_OF(one), 32, &d, f, &n),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(dh_new(p, SLICE_NONE, 32, &d, f, &n), ERR_KEY_FORMAT);
	ck_assert_int_eq(dh_new(p, prime_plus(-1, room), 32, &d, f, &n),
	    ERR_KEY_FORMAT);
	ck_assert_int_eq(dh_new(prime_plus(1, room), SLICE_OF(two), 32, &d, f,
			     &n),
	    ERR_KEY_FORMAT);
}
END_TEST

/* ---- moduli ---- */

/* A line with so many bits, whose prime is no prime but looks like one */
static size_t
line_make(char *room, size_t size, const char *head, unsigned int bits,
    const char *generator, char mark)
{
	size_t n = (size_t)snprintf(room, size, "%s %u %s ", head, bits - 1,
	    generator);

	for (unsigned int i = 0; i < bits / 4; i++)
		room[n++] = i == 0 ? 'F' : i == 1 ? mark : '1';
	room[n++] = '\n';
	room[n] = '\0';
	return n;
}

#define GOOD_HEAD "20250101000000 2 6 100"

START_TEST(reads_a_line)
{
	static char line[4096];
	static uint8_t prime[DH_OCTETS_MAX];
	struct dh_modulus m, seen;
	size_t n = line_make(line, sizeof(line), GOOD_HEAD, 2048, "5", 'a');

	ck_assert_int_eq(dh_moduli_line(slice_make(line, n), &m, prime), OK);
	ck_assert_uint_eq(m.bits, 2048);
	ck_assert_uint_eq(m.generator, 5);
	ck_assert_uint_eq(m.n, 256);
	ck_assert_uint_eq(prime[0], 0xfa);
	ck_assert_uint_eq(prime[1], 0x11);
	ck_assert_uint_eq(prime[255], 0x11);
	ck_assert_int_eq(dh_moduli_line(slice_make(line, n), &seen, NULL), OK);
	ck_assert_uint_eq(seen.n, m.n);
}
END_TEST

START_TEST(refuses_lines_that_are_of_no_use)
{
	/* clang-format off */
	static const struct {
		const char *head;
		unsigned int bits;
		const char *generator;
	} bad[] = {
		{"x 2 6 100",              2048, "2"},
		{"20250101000000 4 6 100", 2048, "2"}, /* no safe prime */
		{"20250101000000 2 7 100", 2048, "2"}, /* composite */
		{"20250101000000 2 1 100", 2048, "2"},
		{"20250101000000 2 0 100", 2048, "2"}, /* not tested */
		{"20250101000000 2 6 -1",  2048, "2"},
		{"20250101000000 2 6",     2048, "2"},
		{GOOD_HEAD,                2048, "0"},
		{GOOD_HEAD,                2048, "1"},
		{GOOD_HEAD,                2048, "g"},
		{GOOD_HEAD,                2048, "22"},
		{GOOD_HEAD,                8196, "2"},
		{GOOD_HEAD,                 512, "2"},
		{GOOD_HEAD " 2047",        2048, "2"},
		{"# " GOOD_HEAD,           2048, "2"},
	};
	/* clang-format on */
	static char line[8192];
	struct dh_modulus m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t n = line_make(line, sizeof(line), bad[i].head,
		    bad[i].bits, bad[i].generator, '1');

		ck_assert_int_eq(dh_moduli_line(slice_make(line, n), &m, NULL),
		    ERR_FORMAT);
	}
	ck_assert_int_eq(dh_moduli_line(SLICE_NONE, &m, NULL), ERR_FORMAT);
}
END_TEST

/* The size told and the prime's own must be one; an even one is none. */
START_TEST(refuses_a_prime_that_does_not_fit)
{
	static char line[4096];
	struct dh_modulus m;
	size_t n = line_make(line, sizeof(line), GOOD_HEAD, 2048, "2", '1');

	line[n - 2] = '2';
	ck_assert_int_eq(dh_moduli_line(slice_make(line, n), &m, NULL),
	    ERR_FORMAT);
	line[n - 2] = 'x';
	ck_assert_int_eq(dh_moduli_line(slice_make(line, n), &m, NULL),
	    ERR_FORMAT);
	line[n - 2] = '1';
	ck_assert_int_eq(dh_moduli_line(slice_make(line, n - 2), &m, NULL),
	    ERR_FORMAT);
	*strchr(line, 'F') = '7';
	ck_assert_int_eq(dh_moduli_line(slice_make(line, n), &m, NULL),
	    ERR_FORMAT);
	ck_assert_int_eq(dh_moduli_line(slice_first(slice_make(line, n), 40),
			     &m, NULL),
	    ERR_FORMAT);
}
END_TEST

static struct slice
file_make(void)
{
	static char text[64 << 10];
	static const struct {
		unsigned int bits;
		char mark;
	} lines[] = {{1536, '1'}, {2048, '1'}, {2048, '2'}, {2048, '3'},
	    {4096, '4'}, {6144, '5'}, {3072, '6'}};
	size_t n = (size_t)snprintf(text, sizeof(text), "# moduli\n\n");

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		n += line_make(text + n, sizeof(text) - n, GOOD_HEAD,
		    lines[i].bits, "2", lines[i].mark);
	return slice_make(text, n);
}

START_TEST(chooses_the_nearest_size)
{
	/* clang-format off */
	static const struct {
		uint32_t min, n, max, bits;
	} asked[] = {
		{2048, 2048, 8192, 2048},
		{1024, 1024, 8192, 2048}, /* clamped */
		{2048, 2049, 8192, 3072},
		{2048, 3072, 8192, 3072},
		{2048, 4000, 8192, 4096},
		{2048, 8192, 8192, 6144}, /* the largest below */
		{2048, 8192, 4096, 4096},
		{2048, 3071, 3000, 2048},
		{4097, 5000, UINT32_MAX, 6144},
		{0, 0, UINT32_MAX, 2048},
		{7000, 7000, 8192, 0},
		{4096, 4096, 2048, 0},
		{1024, 1024, 1536, 0},
	};
	/* clang-format on */
	static uint8_t prime[DH_OCTETS_MAX];
	struct slice text = file_make();
	struct dh_modulus m;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		enum err e = dh_moduli_choose(text, asked[i].min, asked[i].n,
		    asked[i].max, &m, prime);

		ck_assert_int_eq(e, asked[i].bits == 0 ? ERR_NOT_FOUND : OK);
		if (e == OK)
			ck_assert_uint_eq(m.bits, asked[i].bits);
	}
	ck_assert_int_eq(dh_moduli_choose(SLICE_NONE, 2048, 2048, 8192, &m,
			     prime),
	    ERR_NOT_FOUND);
}
END_TEST

START_TEST(chooses_among_equals_at_random)
{
	static uint8_t prime[DH_OCTETS_MAX];
	struct slice text = file_make();
	int seen[4] = {0};
	struct dh_modulus m;

	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(dh_moduli_choose(text, 2048, 2048, 8192, &m,
				     prime),
		    OK);
		seen[prime[0] & 3]++;
	}
	for (int i = 1; i <= 3; i++)
		ck_assert_int_gt(seen[i], 50);
}
END_TEST

START_TEST(falls_back_to_a_group)
{
	/* clang-format off */
	static const struct {
		uint32_t min, n, max;
		enum dh_group_id id;
	} asked[] = {
		{2048, 2048, 8192, DH_GROUP14},
		{1024, 1024, 8192, DH_GROUP14},
		{2048, 3072, 8192, DH_GROUP16},
		{2048, 4096, 8192, DH_GROUP16},
		{2048, 4097, 8192, DH_GROUP18},
		{2048, 8192, 4096, DH_GROUP16},
		{2048, 8192, 4000, DH_GROUP14},
		{2049, 3000, 4000, DH_NONE},
		{9000, 9000, 9000, DH_NONE},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		enum dh_group_id id = DH_NONE;

		ck_assert_int_eq(dh_fallback(asked[i].min, asked[i].n,
				     asked[i].max, &id),
		    asked[i].id == DH_NONE ? ERR_NOT_FOUND : OK);
		ck_assert_int_eq(id, asked[i].id);
	}
}
END_TEST

TCase *
check_dh(void)
{
	TCase *tc = tcase_create("crypto/dh");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_group_is_what_its_rfc_says, 0, GROUPS);
	tcase_add_loop_test(tc, both_sides_agree, 0, GROUPS);
	tcase_add_test(tc, refuses_hostile_public_values);
	tcase_add_test(tc, refuses_groups_that_are_none);
	tcase_add_test(tc, reads_a_line);
	tcase_add_test(tc, refuses_lines_that_are_of_no_use);
	tcase_add_test(tc, refuses_a_prime_that_does_not_fit);
	tcase_add_test(tc, chooses_the_nearest_size);
	tcase_add_test(tc, chooses_among_equals_at_random);
	tcase_add_test(tc, falls_back_to_a_group);
	return tc;
}
