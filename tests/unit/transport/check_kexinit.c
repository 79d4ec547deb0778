#include "kexinit.h"
#include "sallyport/base/mem.h"
#include "suite.h"
#include "version.h"

static const struct transport_hostkey keys[] = {
    {{(const uint8_t *)"ssh-rsa", 7}, {NULL, 0}},
    {{(const uint8_t *)"ssh-ed25519", 11}, {NULL, 0}},
    {{(const uint8_t *)"ssh-ed25519-cert-v01@openssh.com", 32}, {NULL, 0}},
};

static struct transport_offer
offer(void)
{
	return (struct transport_offer){
	    .kex = SLICE_STR("curve25519-sha256,curve25519-sha256@libssh.org"),
	    .hostkey_algorithms = SLICE_STR(
		"ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256,"
		"ssh-ed25519,rsa-sha2-512,rsa-sha2-256,"
		"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"),
	    .ciphers = SLICE_STR("aes128-ctr,aes128-gcm@openssh.com"),
	    .macs = SLICE_STR("hmac-sha2-256"),
	    .compression = SLICE_STR("none,zlib@openssh.com"),
	    .keys = keys,
	    .nkeys = sizeof(keys) / sizeof(keys[0])};
}

static void
write_offer(struct buf *b, const struct transport_offer *o, unsigned quirks,
    bool first)
{
	SCOPED(buf_clear) struct buf names = BUF_EMPTY;
	struct wr n = wr_into(&names);
	struct wr w = wr_into(b);

	kexinit_hostkeys(&n, o);
	kexinit_write(&w, o, buf_slice(&names), quirks, first);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

START_TEST(reads_what_it_wrote)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct transport_offer o = offer();
	struct kexinit k;

	write_offer(&b, &o, 0, true);
	ck_assert_int_eq(kexinit_parse(buf_slice(&b), &k), OK);
	ck_assert(slice_equal(k.ciphers_in, o.ciphers));
	ck_assert(slice_equal(k.ciphers_out, o.ciphers));
	ck_assert(slice_equal(k.macs_in, o.macs));
	ck_assert(slice_equal(k.comp_out, o.compression));
	ck_assert(!k.follows);
	ck_assert(
	    algo_list_has(k.kex, SLICE_STR("kex-strict-s-v00@openssh.com")));
	ck_assert(algo_list_has(k.kex, SLICE_STR("ext-info-s")));
}
END_TEST

START_TEST(marks_the_first_offer_alone)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct transport_offer o = offer();
	struct kexinit k;

	write_offer(&b, &o, 0, false);
	ck_assert_int_eq(kexinit_parse(buf_slice(&b), &k), OK);
	ck_assert(slice_equal(k.kex, o.kex));
}
END_TEST

START_TEST(offers_host_key_algorithms_that_have_a_key)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct transport_offer o = offer();
	struct kexinit k;

	write_offer(&b, &o, 0, true);
	ck_assert_int_eq(kexinit_parse(buf_slice(&b), &k), OK);
	ck_assert(slice_is(k.hostkeys,
	    "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,rsa-sha2-512,"
	    "rsa-sha2-256"));
}
END_TEST

START_TEST(knows_which_key_serves_an_algorithm)
{
	static const struct {
		const char *name;
		size_t key;
	} cases[] = {{"rsa-sha2-256", 0}, {"rsa-sha2-512", 0}, {"ssh-rsa", 0},
	    {"ssh-ed25519", 1}, {"ssh-ed25519-cert-v01@openssh.com", 2},
	    {"ecdsa-sha2-nistp256", 3},
	    {"rsa-sha2-512-cert-v01@openssh.com", 3}};
	struct transport_offer o = offer();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_uint_eq(kexinit_key_for(&o,
				      algo_find(ALGO_KEY,
					  slice_cstr(cases[i].name))),
		    cases[i].key);
}
END_TEST

START_TEST(spares_old_clients_a_curve)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct transport_offer o = offer();
	struct kexinit k;

	write_offer(&b, &o, VERSION_BAD_CURVE25519, false);
	ck_assert_int_eq(kexinit_parse(buf_slice(&b), &k), OK);
	ck_assert(slice_is(k.kex, "curve25519-sha256"));
}
END_TEST

START_TEST(draws_a_cookie_each_time)
{
	SCOPED(buf_clear) struct buf a = BUF_EMPTY;
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct transport_offer o = offer();

	write_offer(&a, &o, 0, true);
	write_offer(&b, &o, 0, true);
	ck_assert(memcmp(a.p + 1, b.p + 1, 16) != 0);
	ck_assert(slice_equal(slice_skip(buf_slice(&a), 17),
	    slice_skip(buf_slice(&b), 17)));
}
END_TEST

/* Cut anywhere it is too short; with one octet more, too long. */
START_TEST(refuses_every_prefix_and_a_longer_one)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct transport_offer o = offer();
	struct kexinit k;

	write_offer(&b, &o, 0, true);
	for (size_t n = 1; n < b.n; n++)
		ck_assert_int_eq(kexinit_parse(slice_first(buf_slice(&b), n),
				     &k),
		    ERR_SHORT);
	ck_assert_int_eq(buf_append(&b, SLICE_STR("x")), OK);
	ck_assert_int_eq(kexinit_parse(buf_slice(&b), &k), ERR_TRAILING);
}
END_TEST

static void
write_kex(struct buf *b, struct slice kex)
{
	static const uint8_t cookie[16];
	struct wr w = wr_into(b);

	wr_u8(&w, MSG_KEXINIT);
	wr_raw(&w, SLICE_OF(cookie));
	wr_string(&w, kex);
	for (int i = 0; i < 9; i++)
		wr_string(&w, SLICE_NONE);
	wr_u8(&w, 0);
	wr_u32(&w, 0);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

START_TEST(bounds_a_list_in_names_and_octets)
{
	static char names[KEXINIT_LIST_MAX + 1];
	struct kexinit k;

	memset(names, 'a', sizeof(names));
	for (size_t n = KEXINIT_LIST_MAX; n <= sizeof(names); n++) {
		SCOPED(buf_clear) struct buf b = BUF_EMPTY;

		write_kex(&b, slice_make(names, n));
		ck_assert_int_eq(kexinit_parse(buf_slice(&b), &k),
		    n > KEXINIT_LIST_MAX ? ERR_TOO_LONG : OK);
	}
	for (size_t i = 1; i < sizeof(names); i += 2)
		names[i] = ',';
	for (size_t n = 2 * KEXINIT_NAMES_MAX - 1;
	     n <= 2 * KEXINIT_NAMES_MAX + 1; n += 2) {
		SCOPED(buf_clear) struct buf b = BUF_EMPTY;

		write_kex(&b, slice_make(names, n));
		ck_assert_int_eq(kexinit_parse(buf_slice(&b), &k),
		    n > 2 * KEXINIT_NAMES_MAX ? ERR_TOO_LONG : OK);
	}
}
END_TEST

/* ---- outcomes ---- */

static struct kexinit
lists(const char *kex, const char *hostkeys, const char *ciphers,
    const char *macs, const char *comp)
{
	return (struct kexinit){.kex = slice_cstr(kex),
	    .hostkeys = slice_cstr(hostkeys),
	    .ciphers_in = slice_cstr(ciphers),
	    .ciphers_out = slice_cstr(ciphers),
	    .macs_in = slice_cstr(macs),
	    .macs_out = slice_cstr(macs),
	    .comp_in = slice_cstr(comp),
	    .comp_out = slice_cstr(comp)};
}

#define SERVER                                                                 \
	lists("curve25519-sha256,ecdh-sha2-nistp256,ext-info-s",               \
	    "ssh-ed25519,rsa-sha2-512", "aes128-ctr,aes128-gcm@openssh.com",   \
	    "hmac-sha2-256,hmac-sha1", "none,zlib@openssh.com")

START_TEST(lets_the_client_choose)
{
	struct kexinit s = SERVER;
	struct kexinit c = lists("no-such,ecdh-sha2-nistp256,curve25519-sha256",
	    "rsa-sha2-512,ssh-ed25519", "aes128-ctr", "hmac-sha1",
	    "zlib@openssh.com,none");
	struct kexinit_outcome o;
	struct slice theirs;

	c.ciphers_out = SLICE_STR("aes128-gcm@openssh.com");
	c.macs_out = SLICE_STR("none-of-yours");
	c.comp_out = SLICE_STR("none");
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), OK);
	ck_assert_str_eq(o.kex->name, "ecdh-sha2-nistp256");
	ck_assert_str_eq(o.hostkey->name, "rsa-sha2-512");
	ck_assert_str_eq(o.cipher_in->name, "aes128-ctr");
	ck_assert_str_eq(o.mac_in->name, "hmac-sha1");
	ck_assert_str_eq(o.cipher_out->name, "aes128-gcm@openssh.com");
	ck_assert_ptr_null(o.mac_out); /* its list had no match: no matter */
	ck_assert(o.zlib_in && !o.zlib_out);
}
END_TEST

START_TEST(never_chooses_a_mark)
{
	struct kexinit s = SERVER, c = SERVER;
	struct kexinit_outcome o;
	struct slice theirs;

	c.kex = SLICE_STR("ext-info-s,kex-strict-s-v00@openssh.com");
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), ERR_NO_KEX);
}
END_TEST

START_TEST(tells_which_list_had_no_match)
{
	static const enum err errors[] = {ERR_NO_KEX, ERR_NO_HOSTKEY,
	    ERR_NO_CIPHER, ERR_NO_CIPHER, ERR_NO_MAC, ERR_NO_MAC, ERR_NO_COMP,
	    ERR_NO_COMP};
	struct kexinit s = SERVER, c = SERVER;
	struct slice *l[] = {&c.kex, &c.hostkeys, &c.ciphers_in, &c.ciphers_out,
	    &c.macs_in, &c.macs_out, &c.comp_in, &c.comp_out};
	struct kexinit_outcome o;
	struct slice theirs;

	*l[_i] = SLICE_STR("a,b");
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), errors[_i]);
	ck_assert(slice_is(theirs, "a,b"));
	*l[_i] = SLICE_NONE;
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), errors[_i]);
}
END_TEST

/* RFC 4253 §7: both must have preferred the same. */
START_TEST(judges_the_guess)
{
	struct kexinit s = SERVER, c = SERVER;
	struct kexinit_outcome o;
	struct slice theirs;

	c.kex = SLICE_STR("curve25519-sha256");
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), OK);
	ck_assert(!o.guess_wrong);
	c.follows = true;
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), OK);
	ck_assert(!o.guess_wrong);
	c.hostkeys = SLICE_STR("rsa-sha2-512,ssh-ed25519");
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), OK);
	ck_assert(o.guess_wrong);
	c.hostkeys = s.hostkeys;
	c.kex = SLICE_STR("ecdh-sha2-nistp256");
	ck_assert_int_eq(kexinit_choose(&c, &s, &o, &theirs), OK);
	ck_assert(o.guess_wrong);
}
END_TEST

TCase *
check_kexinit(void)
{
	TCase *tc = tcase_create("transport/kexinit");

	tcase_add_test(tc, reads_what_it_wrote);
	tcase_add_test(tc, marks_the_first_offer_alone);
	tcase_add_test(tc, offers_host_key_algorithms_that_have_a_key);
	tcase_add_test(tc, knows_which_key_serves_an_algorithm);
	tcase_add_test(tc, spares_old_clients_a_curve);
	tcase_add_test(tc, draws_a_cookie_each_time);
	tcase_add_test(tc, refuses_every_prefix_and_a_longer_one);
	tcase_add_test(tc, bounds_a_list_in_names_and_octets);
	tcase_add_test(tc, lets_the_client_choose);
	tcase_add_test(tc, never_chooses_a_mark);
	tcase_add_loop_test(tc, tells_which_list_had_no_match, 0, 8);
	tcase_add_test(tc, judges_the_guess);
	return tc;
}
