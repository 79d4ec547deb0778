#include "fixture.h"

#include "sallyport/base/wr.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/key/krl.h"

static struct buf list, key, ca, cert_blob;
static struct cert cert; /* serial 7, id "alice laptop", signed by "ca" */
static enum krl_hit hit;

static void
head(void)
{
	struct wr w;

	buf_reset(&list);
	w = wr_into(&list);
	wr_raw(&w, SLICE_STR("SSHKRL\n\0"));
	wr_u32(&w, 1);
	wr_u64(&w, 3);
	wr_u64(&w, 4);
	wr_u64(&w, 0);
	wr_cstr(&w, "reserved");
	wr_cstr(&w, "a comment");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

static void
init(void)
{
	list = key = ca = cert_blob = FIXTURE_BUF;
	fixture_blob("ed25519", &key);
	fixture_blob("ca", &ca);
	fixture_blob("ed25519_user-cert", &cert_blob);
	ck_assert_int_eq(cert_parse(buf_slice(&cert_blob), &cert), OK);
	head();
}

static void
clear(void)
{
	buf_clear(&list);
	buf_clear(&key);
	buf_clear(&ca);
	buf_clear(&cert_blob);
}

static void
section(uint8_t type, struct slice body)
{
	struct wr w = wr_into(&list);

	wr_u8(&w, type);
	wr_string(&w, body);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

/* A section about the certificates of a CA, with one subsection. */
static void
about(struct slice authority, uint8_t type, struct slice data)
{
	SCOPED(buf_clear) struct buf body = FIXTURE_BUF;
	struct wr w = wr_into(&body);

	wr_string(&w, authority);
	wr_cstr(&w, "");
	wr_u8(&w, type);
	wr_string(&w, data);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	section(1, buf_slice(&body));
}

static void
numbers(struct buf *out, const uint64_t *v, size_t n)
{
	struct wr w;

	*out = FIXTURE_BUF;
	w = wr_into(out);
	for (size_t i = 0; i < n; i++)
		wr_u64(&w, v[i]);
}

static void
string(struct buf *out, struct slice s)
{
	struct wr w;

	*out = FIXTURE_BUF;
	w = wr_into(out);
	wr_string(&w, s);
}

/* Asked about the certificate. */
static enum krl_hit
certificate(void)
{
	ck_assert_int_eq(krl_check(buf_slice(&list), buf_slice(&key), &cert,
			     &hit),
	    OK);
	return hit;
}

/* About the plain key. */
static enum krl_hit
plain(void)
{
	ck_assert_int_eq(krl_check(buf_slice(&list), buf_slice(&key), NULL,
			     &hit),
	    OK);
	return hit;
}

static enum err
fault(void)
{
	return krl_check(buf_slice(&list), buf_slice(&key), &cert, &hit);
}

START_TEST(an_empty_list_revokes_nothing)
{
	ck_assert(krl_is_one(buf_slice(&list)));
	ck_assert(!krl_is_one(SLICE_STR("SSHKRL\n")));
	ck_assert(!krl_is_one(SLICE_STR("ssh-ed25519 AAAA")));
	ck_assert_int_eq(plain(), KRL_NONE);
	ck_assert_int_eq(certificate(), KRL_NONE);
}
END_TEST

START_TEST(keys_by_themselves)
{
	SCOPED(buf_clear) struct buf one = BUF_EMPTY;

	string(&one, buf_slice(&key));
	section(2, buf_slice(&one));
	ck_assert_int_eq(plain(), KRL_KEY);
	ck_assert_int_eq(certificate(), KRL_KEY);
}
END_TEST

START_TEST(the_key_that_signed)
{
	SCOPED(buf_clear) struct buf one = BUF_EMPTY;

	string(&one, buf_slice(&ca));
	section(2, buf_slice(&one));
	ck_assert_int_eq(plain(), KRL_NONE);
	ck_assert_int_eq(certificate(), KRL_CA);
}
END_TEST

static const struct {
	uint8_t type;
	enum hash_id hash;
} hashes[] = {{3, HASH_SHA1}, {5, HASH_SHA256}};

/* Wherever it stands among others: nothing has to be sorted. */
START_TEST(keys_by_their_hash)
{
	SCOPED(buf_clear) struct buf all = FIXTURE_BUF;
	size_t n = hash_octets(hashes[_i].hash);
	uint8_t low[HASH_MAX] = {0}, ours[HASH_MAX];
	struct wr w = wr_into(&all);

	ck_assert_int_eq(hash_once(hashes[_i].hash, buf_slice(&key), ours), OK);
	wr_string(&w, slice_make("\377\377\377\377\377\377\377\377\377\377"
				 "\377\377\377\377\377\377\377\377\377\377"
				 "\377\377\377\377\377\377\377\377\377\377"
				 "\377\377",
			  n));
	wr_string(&w, slice_make(ours, n));
	wr_string(&w, slice_make(low, n));
	section(hashes[_i].type, buf_slice(&all));
	ck_assert_int_eq(plain(), KRL_KEY);
	ck_assert_int_eq(certificate(), KRL_KEY);
	/* not one octet more or less */
	head();
	buf_reset(&all);
	w = wr_into(&all);
	wr_string(&w, slice_make(ours, n - 1));
	section(hashes[_i].type, buf_slice(&all));
	ck_assert_int_eq(fault(), ERR_FORMAT);
}
END_TEST

START_TEST(serials_one_by_one)
{
	static const uint64_t all[] = {9, UINT64_MAX, 7, 1};
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;

	numbers(&data, all, 4);
	about(buf_slice(&ca), 0x20, buf_slice(&data));
	ck_assert_int_eq(certificate(), KRL_KEY);
	ck_assert_int_eq(plain(), KRL_NONE);
	cert.serial = UINT64_MAX;
	ck_assert_int_eq(certificate(), KRL_KEY);
	cert.serial = 8;
	ck_assert_int_eq(certificate(), KRL_NONE);
}
END_TEST

START_TEST(serials_from_to)
{
	static const uint64_t all[] = {7, 9};
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;

	numbers(&data, all, 2);
	about(buf_slice(&ca), 0x21, buf_slice(&data));
	for (cert.serial = 5; cert.serial < 12; cert.serial++)
		ck_assert_int_eq(certificate() == KRL_KEY,
		    cert.serial >= 7 && cert.serial <= 9);
}
END_TEST

/* 0x0502: bits 1, 8 and 10 */
START_TEST(serials_as_bits)
{
	SCOPED(buf_clear) struct buf data = FIXTURE_BUF;
	struct wr w = wr_into(&data);

	wr_u64(&w, 100);
	wr_mpint(&w, SLICE_STR("\5\2"));
	about(buf_slice(&ca), 0x22, buf_slice(&data));
	for (cert.serial = 95; cert.serial < 130; cert.serial++)
		ck_assert_int_eq(certificate() == KRL_KEY,
		    cert.serial == 101 || cert.serial == 108 ||
			cert.serial == 110);
}
END_TEST

START_TEST(bits_end_with_the_last_serial)
{
	SCOPED(buf_clear) struct buf data = FIXTURE_BUF;
	struct wr w = wr_into(&data);

	wr_u64(&w, UINT64_MAX - 2);
	wr_mpint(&w, SLICE_STR("\5")); /* the offset and two above it */
	about(buf_slice(&ca), 0x22, buf_slice(&data));
	cert.serial = UINT64_MAX;
	ck_assert_int_eq(certificate(), KRL_KEY);
	cert.serial = UINT64_MAX - 1;
	ck_assert_int_eq(certificate(), KRL_NONE);
	head();
	buf_reset(&data);
	w = wr_into(&data);
	wr_u64(&w, UINT64_MAX - 1);
	wr_mpint(&w, SLICE_STR("\5"));
	about(buf_slice(&ca), 0x22, buf_slice(&data));
	ck_assert_int_eq(fault(), ERR_FORMAT);
}
END_TEST

START_TEST(ids)
{
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;

	string(&data, SLICE_STR("alice laptop"));
	about(SLICE_NONE, 0x23, buf_slice(&data));
	ck_assert_int_eq(certificate(), KRL_KEY);
	cert.id = SLICE_STR("alice laptop2");
	ck_assert_int_eq(certificate(), KRL_NONE);
}
END_TEST

/* What has no serial isn't meant by one; its id may be. */
START_TEST(serial_0_is_none)
{
	static const uint64_t all[] = {0, 7};
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;

	numbers(&data, all, 2);
	about(buf_slice(&ca), 0x20, buf_slice(&data));
	about(buf_slice(&ca), 0x21, buf_slice(&data));
	cert.serial = 0;
	ck_assert_int_eq(certificate(), KRL_NONE);
	cert.serial = 7;
	ck_assert_int_eq(certificate(), KRL_KEY);
}
END_TEST

START_TEST(only_of_the_authority_that_is_named)
{
	static const uint64_t all[] = {7};
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;

	numbers(&data, all, 1);
	about(buf_slice(&key), 0x20, buf_slice(&data));
	ck_assert_int_eq(certificate(), KRL_NONE);
	about(SLICE_NONE, 0x20, buf_slice(&data)); /* any */
	ck_assert_int_eq(certificate(), KRL_KEY);
}
END_TEST

/* Cut anywhere but behind the head, it is none. */
START_TEST(refuses_every_prefix)
{
	static const uint64_t all[] = {1, 2};
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;
	size_t bare = list.n;

	numbers(&data, all, 2);
	about(buf_slice(&ca), 0x21, buf_slice(&data));
	for (size_t n = 0; n < list.n; n++)
		ck_assert_int_eq(krl_check(slice_first(buf_slice(&list), n),
				     buf_slice(&key), &cert, &hit) == OK,
		    n == bare);
}
END_TEST

/* Found or not: what comes behind it must be a list, too. */
START_TEST(a_hit_hides_no_damage)
{
	SCOPED(buf_clear) struct buf one = BUF_EMPTY;

	string(&one, buf_slice(&key));
	section(2, buf_slice(&one));
	section(2, SLICE_STR("\0\0\0\1"));
	ck_assert_int_eq(fault(), ERR_SHORT);
}
END_TEST

static const uint8_t unknown[] = {0, 4, 6, 254};

START_TEST(what_nobody_knows_refuses)
{
	section(unknown[_i], SLICE_NONE);
	ck_assert_int_eq(fault(), ERR_UNSUPPORTED);
	head();
	about(SLICE_NONE, unknown[_i], SLICE_NONE);
	ck_assert_int_eq(fault(), ERR_UNSUPPORTED);
}
END_TEST

START_TEST(extensions_count_if_critical)
{
	static const char body[] = "\0\0\0\1x\0\0\0\0\0";
	static const char critical[] = "\0\0\0\1x\1\0\0\0\0";

	section(255, SLICE_STR(body));
	about(SLICE_NONE, 0x39, SLICE_STR(body));
	ck_assert_int_eq(fault(), OK);
	section(255, SLICE_STR(critical));
	ck_assert_int_eq(fault(), ERR_UNSUPPORTED);
	head();
	about(SLICE_NONE, 0x39, SLICE_STR(critical));
	ck_assert_int_eq(fault(), ERR_UNSUPPORTED);
}
END_TEST

START_TEST(odd_numbers_refuse)
{
	static const uint64_t turned[] = {9, 7};
	SCOPED(buf_clear) struct buf data = BUF_EMPTY;

	numbers(&data, turned, 2);
	about(SLICE_NONE, 0x21, buf_slice(&data));
	ck_assert_int_eq(fault(), ERR_FORMAT);
	head();
	about(SLICE_NONE, 0x20, SLICE_STR("1234567"));
	ck_assert_int_ne(fault(), OK);
	head();
	about(SLICE_STR("no key"), 0x20, SLICE_NONE);
	ck_assert_int_ne(fault(), OK);
	head();
	list.p[11] = 2; /* version */
	ck_assert_int_eq(fault(), ERR_UNSUPPORTED);
	head();
	list.p[0] = 's';
	ck_assert_int_eq(fault(), ERR_FORMAT);
}
END_TEST

TCase *
check_krl(void)
{
	TCase *tc = tcase_create("key/krl");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, an_empty_list_revokes_nothing);
	tcase_add_test(tc, keys_by_themselves);
	tcase_add_test(tc, the_key_that_signed);
	tcase_add_loop_test(tc, keys_by_their_hash, 0, 2);
	tcase_add_test(tc, serials_one_by_one);
	tcase_add_test(tc, serials_from_to);
	tcase_add_test(tc, serials_as_bits);
	tcase_add_test(tc, bits_end_with_the_last_serial);
	tcase_add_test(tc, ids);
	tcase_add_test(tc, serial_0_is_none);
	tcase_add_test(tc, only_of_the_authority_that_is_named);
	tcase_add_test(tc, refuses_every_prefix);
	tcase_add_test(tc, a_hit_hides_no_damage);
	tcase_add_loop_test(tc, what_nobody_knows_refuses, 0, 4);
	tcase_add_test(tc, extensions_count_if_critical);
	tcase_add_test(tc, odd_numbers_refuse);
	return tc;
}
