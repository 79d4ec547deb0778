#include "suite.h"

#include "sallyport/base/pattern.h"

#include <string.h>
#include <time.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define LENGTH   5

/* What a pattern means, said plainly and slowly */
static bool
model(const char *p, const char *t)
{
	if (*p == '\0')
		return *t == '\0';
	if (*p == '*')
		return model(p + 1, t) || (*t != '\0' && model(p, t + 1));
	return *t != '\0' && (*p == '?' || *p == *t) && model(p + 1, t + 1);
}

/* The number-th word over an alphabet; false beyond words of LENGTH. */
static bool
word(unsigned int number, const char *alphabet, char room[LENGTH + 1])
{
	unsigned int base = (unsigned int)strlen(alphabet);
	size_t n = 0;

	memset(room, 0, LENGTH + 1);
	for (; number > 0; number = (number - 1) / base) {
		if (n == LENGTH)
			return false;
		room[n++] = alphabet[(number - 1) % base];
	}
	return true;
}

/* Does the pattern mean to all texts what it means to the model? */
static void
compare(const char *p)
{
	char t[LENGTH + 1];

	for (unsigned int k = 0; word(k, "ab", t); k++) {
		bool hit = pattern_match(slice_cstr(p), slice_cstr(t), false);

		if (hit != model(p, t))
			ck_abort_msg("%s against %s", p, t);
	}
}

START_TEST(means_what_the_model_means)
{
	char p[LENGTH + 1];

	for (unsigned int i = 0; word(i, "ab*?", p); i++)
		compare(p);
}
END_TEST

START_TEST(folds_case_only_where_told)
{
	ck_assert(pattern_match(SLICE_STR("A*z"), SLICE_STR("abZ"), true));
	ck_assert(!pattern_match(SLICE_STR("A*z"), SLICE_STR("abZ"), false));
	ck_assert(!pattern_match(SLICE_STR("@"), SLICE_STR("`"), true));
}
END_TEST

/* Many stars and a text that nearly fits: a recursion would never end. */
START_TEST(takes_no_more_than_the_product_of_lengths)
{
	char p[2000];
	char t[2000];
	clock_t start = clock();

	for (size_t i = 0; i < sizeof(p); i++)
		p[i] = i % 2 == 0 ? '*' : 'a';
	memset(t, 'a', sizeof(t));
	t[sizeof(t) - 1] = 'b';
	ck_assert(!pattern_match(slice_make(p, sizeof(p)),
	    slice_make(t, sizeof(t)), false));
	ck_assert_int_lt(clock() - start, CLOCKS_PER_SEC);
}
END_TEST

static const struct {
	const char *list;
	enum pattern_result a, b; /* results for "alice", "bob" */
} lists[] = {
    {"", PATTERN_NONE, PATTERN_NONE},
    {"alice", PATTERN_HIT, PATTERN_NONE},
    {"x,al*,y", PATTERN_HIT, PATTERN_NONE},
    {"*,!bob", PATTERN_HIT, PATTERN_NEGATED},
    {"!bob,*", PATTERN_HIT, PATTERN_NEGATED},
    {"bob,!b*", PATTERN_NONE, PATTERN_NEGATED},
    {"!bob", PATTERN_NONE, PATTERN_NEGATED},
    {"!!alice", PATTERN_NONE, PATTERN_NONE},
    {"?ob,", PATTERN_NONE, PATTERN_HIT},
    {",,", PATTERN_NONE, PATTERN_NONE},
};

START_TEST(lets_a_negated_hit_win)
{
	struct slice list = slice_cstr(lists[_i].list);

	ck_assert_int_eq(pattern_list(list, SLICE_STR("alice"), false),
	    lists[_i].a);
	ck_assert_int_eq(pattern_list(list, SLICE_STR("bob"), false),
	    lists[_i].b);
}
END_TEST

static const struct {
	const char *text;
	const char *again; /* NULL: no address */
} addrs[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"255.255.255.255", "255.255.255.255"},
    {"2001:DB8:0:0::1", "2001:db8::1"},
    {"::", "::"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::ffff:c000:201", "192.0.2.1"},
    {"fe80::1%eth0", "fe80::1%eth0"},
    {"fe80::1%2", "fe80::1%2"},
    {"fe80::1%fifteen-letters", "fe80::1%fifteen-letters"},
    {"fe80::1%sixteen--letters", NULL},
    {"fe80::1%", NULL},
    {"192.0.2.1%eth0", NULL},
    {"::ffff:192.0.2.1%eth0", NULL},
    {"192.0.2", NULL},
    {"192.0.2.256", NULL},
    {"192.0.2.1 ", NULL},
    {"010.0.0.1", NULL},
    {"[::1]", NULL},
    {"1::2::3", NULL},
    {"", NULL},
    {"UNKNOWN", NULL},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
};

START_TEST(reads_and_writes_addresses)
{
	struct slice text = slice_cstr(addrs[_i].text);
	struct addr a;
	char room[64];

	if (addrs[_i].again == NULL) {
		ck_assert_int_eq(addr_parse(text, &a), ERR_FORMAT);
		ck_assert_uint_eq(a.family, 0);
		return;
	}
	ck_assert_int_eq(addr_parse(text, &a), OK);
	addr_text(&a, room);
	ck_assert_str_eq(room, addrs[_i].again);
}
END_TEST

START_TEST(shows_no_address_as_unknown)
{
	struct addr a = {0};
	char room[64];

	addr_text(&a, room);
	ck_assert_str_eq(room, "UNKNOWN");
	ck_assert(!addr_in(&a, &a, 0));
}
END_TEST

/* Does a block of bits hold what differs from it in one bit, rightly? */
static bool
holds(const struct addr *net, unsigned int bit, unsigned int bits,
    unsigned int all)
{
	struct addr a = *net;
	bool in;

	a.octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	in = addr_in(&a, net, bits);
	addr_mask(&a, bits);
	return in == (bit >= bits) && in == addr_in(&a, net, all);
}

/* Bit by bit: a block holds what differs behind its mask, and only that. */
START_TEST(compares_exactly_the_masks_bits)
{
	struct addr net = {.family = _i == 4 ? 4 : 6};
	unsigned int all = net.family == 4 ? 32 : 128;
	unsigned int wrong = 0;

	for (unsigned int bit = 0; bit < all; bit++) {
		for (unsigned int bits = 0; bits <= all; bits++)
			wrong += !holds(&net, bit, bits, all);
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert(!addr_in(&net, &net, all + 1));
}
END_TEST

START_TEST(tells_zones_apart_only_where_the_block_names_one)
{
	struct addr eth0;
	struct addr eth1;
	struct addr any;

	ck_assert_int_eq(addr_parse(SLICE_STR("fe80::1%eth0"), &eth0), OK);
	ck_assert_int_eq(addr_parse(SLICE_STR("fe80::1%eth1"), &eth1), OK);
	ck_assert_int_eq(addr_parse(SLICE_STR("fe80::1"), &any), OK);
	ck_assert(addr_in(&eth0, &any, 128));
	ck_assert(addr_in(&eth0, &eth0, 128));
	ck_assert(!addr_in(&eth0, &eth1, 128));
	ck_assert(!addr_in(&any, &eth1, 128));
}
END_TEST

static const struct {
	const char *list;
	const char *text;
	enum err err;
	enum pattern_result result;
} addr_lists[] = {
    {"192.0.2.0/24", "192.0.2.77", OK, PATTERN_HIT},
    {"192.0.2.0/24", "192.0.3.1", OK, PATTERN_NONE},
    {"192.0.2.0/24,!192.0.2.7", "192.0.2.7", OK, PATTERN_NEGATED},
    {"!192.0.2.7,192.0.2.*", "192.0.2.7", OK, PATTERN_NEGATED},
    {"!192.0.2.7,192.0.2.*", "192.0.2.8", OK, PATTERN_HIT},
    {"192.0.2.7", "::ffff:192.0.2.7", OK, PATTERN_HIT},
    {"0.0.0.0/0", "10.1.2.3", OK, PATTERN_HIT},
    {"0.0.0.0/0", "::1", OK, PATTERN_NONE},
    {"::/0", "10.1.2.3", OK, PATTERN_NONE},
    {"::ffff:0:0/96", "10.1.2.3", OK, PATTERN_HIT},
    {"::ffff:10.0.0.0/104", "10.1.2.3", OK, PATTERN_HIT},
    {"::ffff:10.0.0.0/104", "11.1.2.3", OK, PATTERN_NONE},
    {"2001:db8::/32", "2001:DB8:1::1", OK, PATTERN_HIT},
    {"2001:db8::1", "2001:db8:0:0::1", OK, PATTERN_HIT},
    {"*.example.com", "Host.Example.COM", OK, PATTERN_HIT},
    {"*", "UNKNOWN", OK, PATTERN_HIT},
    {"0.0.0.0/0,::/0", "UNKNOWN", OK, PATTERN_NONE},
    {"10.0.*/24", "10.0.1.2", OK, PATTERN_NONE},
    {"", "10.0.0.1", OK, PATTERN_NONE},
    {"*", "", OK, PATTERN_NONE},
    {"10.0.0.0/33", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"10.0.0.1/24", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"10.0.0.0/", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"10.0.0.0/8x", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"10.0.0.0/-1", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"::/129", "::1", ERR_FORMAT, PATTERN_NONE},
    {"::ffff:10.0.0.0/8", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"10.0.0.1,10.0.0.0/33", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"!10.0.0.1,10.0.0.0/33", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"10.0.0.0/33", "", ERR_FORMAT, PATTERN_NONE},
    {"10.0.0.1,,*", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
    {"!", "10.0.0.1", ERR_FORMAT, PATTERN_NONE},
};

START_TEST(finds_addresses_in_lists)
{
	enum pattern_result result = PATTERN_HIT;
	enum err e = pattern_addr_list(slice_cstr(addr_lists[_i].list),
	    slice_cstr(addr_lists[_i].text), &result);

	ck_assert_int_eq(e, addr_lists[_i].err);
	ck_assert_int_eq(result, addr_lists[_i].result);
}
END_TEST

static const struct {
	const char *list;
	enum err err;
	enum pattern_result result; /* for 192.0.2.7 */
} cidrs[] = {
    {"192.0.2.7", OK, PATTERN_HIT},
    {"2001:db8::/32,192.0.2.0/24", OK, PATTERN_HIT},
    {"2001:db8::/32,192.0.3.0/24", OK, PATTERN_NONE},
    {"", OK, PATTERN_NONE},
    {"192.0.2.*", ERR_FORMAT, PATTERN_NONE},
    {"*", ERR_FORMAT, PATTERN_NONE},
    {"!192.0.2.8", ERR_FORMAT, PATTERN_NONE},
    {"192.0.2.7,nonsense", ERR_FORMAT, PATTERN_NONE},
    {"192.0.2.7/24", ERR_FORMAT, PATTERN_NONE},
    {"192.0.2.7,,192.0.2.8", ERR_FORMAT, PATTERN_NONE},
};

START_TEST(takes_nothing_but_blocks_from_a_certificate)
{
	enum pattern_result result = PATTERN_HIT;
	struct slice list = slice_cstr(cidrs[_i].list);

	ck_assert_int_eq(pattern_cidr_list(list, SLICE_STR("192.0.2.7"),
			     &result),
	    cidrs[_i].err);
	ck_assert_int_eq(result, cidrs[_i].result);
	ck_assert_int_eq(pattern_cidr_list(list, SLICE_NONE, &result),
	    cidrs[_i].err);
	ck_assert_int_eq(result, PATTERN_NONE);
}
END_TEST

/* ---- a client by address and name --------------------------------------------- */

static const struct {
	const char *list, *address, *host;
	bool held;
} clients[] = {
    {"192.0.2.7", "192.0.2.7", "a.example", true},
    {"192.0.2.0/24", "192.0.2.7", "192.0.2.7", true},
    {"192.0.3.0/24", "192.0.2.7", "192.0.2.7", false},
    {"*.EXAMPLE", "192.0.2.7", "A.example", true},
    {"*.example", "192.0.2.7", "192.0.2.7", false},
    {"b.example,192.0.2.0/24", "192.0.2.7", "a.example", true},
    /* a "no" of either counts */
    {"*.example,!192.0.2.7", "192.0.2.7", "a.example", false},
    {"192.0.2.0/24,!a.example", "192.0.2.7", "a.example", false},
    {"!a.example,*", "192.0.2.7", "a.example", false},
    {"!b.example,*", "192.0.2.7", "a.example", true},
    {"!b.example", "192.0.2.7", "a.example", false},
    /* no list */
    {"*,192.0.2.7/99", "192.0.2.7", "a.example", false},
    {"", "192.0.2.7", "a.example", false},
    /* a client without an address */
    {"*", "UNKNOWN", "UNKNOWN", true},
    {"192.0.2.0/24", "UNKNOWN", "UNKNOWN", false},
};

START_TEST(finds_clients_by_address_or_name)
{
	ck_assert(pattern_host(slice_cstr(clients[_i].list),
		      slice_cstr(clients[_i].address),
		      slice_cstr(clients[_i].host)) == clients[_i].held);
}
END_TEST

TCase *
check_pattern(void)
{
	TCase *tc = tcase_create("base/pattern");

	tcase_add_test(tc, means_what_the_model_means);
	tcase_add_test(tc, folds_case_only_where_told);
	tcase_add_test(tc, takes_no_more_than_the_product_of_lengths);
	tcase_add_loop_test(tc, lets_a_negated_hit_win, 0, COUNT(lists));
	tcase_add_loop_test(tc, reads_and_writes_addresses, 0, COUNT(addrs));
	tcase_add_test(tc, shows_no_address_as_unknown);
	tcase_add_loop_test(tc, compares_exactly_the_masks_bits, 4, 6);
	tcase_add_test(tc, tells_zones_apart_only_where_the_block_names_one);
	tcase_add_loop_test(tc, finds_addresses_in_lists, 0, COUNT(addr_lists));
	tcase_add_loop_test(tc, takes_nothing_but_blocks_from_a_certificate, 0,
	    COUNT(cidrs));
	tcase_add_loop_test(tc, finds_clients_by_address_or_name, 0,
	    COUNT(clients));
	return tc;
}
