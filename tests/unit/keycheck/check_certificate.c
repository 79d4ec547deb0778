#include "issued.h"

#include "certificate.h"

#include "sallyport/base/clock.h"

#define NOW 1000000

static struct home h;
static struct keycheck k;
static struct trial t;
static struct buf blob;
static struct keyopts o;

static void
init(void)
{
	home_init(&h);
	home_capture(&h);
	clock_fake(1, NOW);
	blob = FIXTURE_BUF;
	h.conf.ca_algorithms = "ssh-ed25519,rsa-sha2-512";
	k = (struct keycheck){.common = &h.common,
	    .conn = &h.conn,
	    .start = &h.start};
}

static void
clear(void)
{
	clock_fake(0, 0);
	keyopts_clear(&o);
	trial_clear(&t);
	buf_clear(&blob);
	buf_clear(&k.why);
	home_clear(&h);
}

static void
try(const struct issued *c, const char *options)
{
	static struct judge_req req; /* the trial keeps it */
	const char *why;

	req = (struct judge_req){.alg = SLICE_STR("x"), .output.fd = -1};

	trial_clear(&t);
	keyopts_clear(&o);
	buf_reset(&blob);
	buf_reset(&h.lines);
	issued_make(c, &blob);
	req.blob = buf_slice(&blob);
	ck_assert(trial_init(&t, &k, &req));
	ck_assert_int_eq(keyopts_parse(slice_cstr(options), &o, &why), OK);
}

static bool
holds(const struct issued *c, const char *options)
{
	try(c, options);
	return certificate_holds(&t, "alice", &o, "/the/file:3");
}

static bool
is_refused(const struct issued *c, const char *options, const char *why)
{
	SCOPED(mem_free_at)
	char *line = mem_format("Refusing certificate ID \"an id\" serial=7 "
				"signed by ED25519 CA SHA256:ENsUQHUjvh/"
				"ivY5mqV5D8WG0FrUaEZ8GUX2AGKDLsaM via "
				"/the/file:3: %s\n",
	    why);

	return !holds(c, options) && home_logged(&h, line) &&
	       slice_is(buf_slice(&k.why), why);
}

START_TEST(a_good_one_holds)
{
	struct issued c = ISSUED;

	c.extension = "permit-pty";
	ck_assert(holds(&c, ""));
	ck_assert_uint_eq(o.permits, KEYOPTS_PTY);
	c.names = "root,alice";
	ck_assert(holds(&c, "no-pty"));
	ck_assert_uint_eq(o.permits, 0);
}
END_TEST

START_TEST(for_users_alone)
{
	struct issued c = ISSUED;

	c.kind = CERT_HOST;
	ck_assert(
	    is_refused(&c, "", "Certificate invalid: not a user certificate"));
}
END_TEST

START_TEST(within_its_time)
{
	struct issued c = ISSUED;

	c.after = NOW;
	c.before = NOW + 1;
	ck_assert(holds(&c, ""));
	ck_assert_uint_eq(o.expires, NOW + 1);
	c.before = NOW;
	c.after = 0;
	ck_assert(is_refused(&c, "", "Certificate invalid: expired"));
	c.before = CERT_FOREVER;
	c.after = NOW + 1;
	ck_assert(is_refused(&c, "", "Certificate invalid: not yet valid"));
}
END_TEST

/* Whatever is asked of its names, one without any is nobody's. */
START_TEST(with_the_name)
{
	struct issued c = ISSUED;

	c.names = "bob,alicex,ali*";
	ck_assert(is_refused(&c, "",
	    "Certificate invalid: name is not a listed principal"));
	ck_assert(holds(&c, "cert-authority,principals=\"x,bob\""));
	ck_assert(is_refused(&c, "cert-authority,principals=\"alice\"",
	    "Certificate does not contain an authorized principal"));
	try(&c, "");
	ck_assert(certificate_holds(&t, NULL, &o, "x"));
	c.names = "";
	ck_assert(is_refused(&c, "", "Certificate lacks principal list"));
	ck_assert(is_refused(&c, "cert-authority,principals=\"alice\"",
	    "Certificate lacks principal list"));
	try(&c, "");
	ck_assert(!certificate_holds(&t, NULL, &o, "x"));
}
END_TEST

START_TEST(by_its_authority)
{
	struct issued c = ISSUED;

	try(&c, "");
	blob.p[blob.n - 1] ^= 1; /* in the signature */
	ck_assert(!certificate_holds(&t, "alice", &o, "x"));
	ck_assert(home_logged(&h, "Certificate invalid: incorrect signature"));
	/* the result is kept for other lines that name this CA */
	blob.p[blob.n - 1] ^= 1;
	ck_assert(!certificate_holds(&t, "alice", &o, "x"));
	h.conf.ca_algorithms = "rsa-sha2-512";
	ck_assert(!holds(&c, ""));
	ck_assert(!certificate_algorithm_is_good(&t));
	ck_assert(home_logged(&h,
	    "userauth_pubkey: certificate signature algorithm ssh-ed25519: "
	    "signature algorithm not supported"));
	c.ca = "rsa";
	ck_assert(holds(&c, ""));
	ck_assert(certificate_algorithm_is_good(&t));
	h.conf.required_rsa_size = 8192;
	ck_assert(!holds(&c, ""));
}
END_TEST

START_TEST(with_options_that_are_known)
{
	struct issued c = ISSUED;

	c.critical = "new@example.org";
	ck_assert(is_refused(&c, "",
	    "Certificate critical option \"new@example.org\" is not "
	    "supported"));
	c.critical = "force-command"; /* with nothing in it */
	ck_assert(is_refused(&c, "",
	    "Certificate option \"force-command\" is invalid"));
	c.critical = NULL;
	c.extension = "new@example.org";
	ck_assert(holds(&c, ""));
}
END_TEST

START_TEST(from_where_it_says)
{
	struct issued c = ISSUED;

	c.source = "192.0.2.0/24";
	ck_assert(holds(&c, ""));
	c.source = "198.51.100.0/24,192.0.2.2";
	ck_assert(is_refused(&c, "", "Refused by certificate options"));
	ck_assert(home_logged(&h,
	    "/the/file:3: Authentication tried for alice with valid "
	    "certificate but not from a permitted source address "
	    "(192.0.2.1)."));
	strcpy(h.conn.peer_ip, "UNKNOWN");
	c.source = "0.0.0.0/0,::/0";
	ck_assert(is_refused(&c, "", "Refused by certificate options"));
}
END_TEST

START_TEST(with_one_command)
{
	struct issued c = ISSUED;

	c.command = "echo x";
	ck_assert(holds(&c, ""));
	ck_assert(slice_is(buf_slice(&o.command), "echo x"));
	ck_assert(holds(&c, "command=\"echo x\""));
	ck_assert(is_refused(&c, "command=\"echo y\"",
	    "forced command options do not match"));
}
END_TEST

static bool
holds_host(const struct issued *c, const char *host)
{
	try(c, "");
	return certificate_holds_host(&t, host, "/the/file:3");
}

START_TEST(a_host_s_by_its_kind_name_and_time)
{
	struct issued c = ISSUED;

	ck_assert(!holds_host(&c, "alice"));
	ck_assert(home_logged(&h, "via /the/file:3: Certificate invalid: not a "
				  "host certificate"));
	c.kind = CERT_HOST;
	ck_assert(holds_host(&c, "alice"));
	ck_assert(!holds_host(&c, "bob"));
	ck_assert(home_logged(&h, "name is not a listed principal"));
	c.names = "x,*.example";
	ck_assert(holds_host(&c, "a.example"));
	c.names = "";
	ck_assert(!holds_host(&c, "a.example"));
	ck_assert(home_logged(&h, "lacks principal list"));
	c.names = "*";
	ck_assert(holds_host(&c, "a.example"));
	c.before = 1;
	ck_assert(!holds_host(&c, "a.example"));
	c.before = CERT_FOREVER;
	c.critical = "anything";
	ck_assert(!holds_host(&c, "a.example"));
	ck_assert(home_logged(&h, "unsupported critical options"));
	c.critical = NULL;
	h.conf.ca_algorithms = "rsa-sha2-512";
	ck_assert(!holds_host(&c, "a.example"));
}
END_TEST

TCase *
check_certificate(void)
{
	TCase *tc = tcase_create("keycheck/certificate");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, a_good_one_holds);
	tcase_add_test(tc, for_users_alone);
	tcase_add_test(tc, within_its_time);
	tcase_add_test(tc, with_the_name);
	tcase_add_test(tc, by_its_authority);
	tcase_add_test(tc, with_options_that_are_known);
	tcase_add_test(tc, from_where_it_says);
	tcase_add_test(tc, with_one_command);
	tcase_add_test(tc, a_host_s_by_its_kind_name_and_time);
	return tc;
}
