#include "asked.h"

#include "issued.h"
#include "keycheck.h"

#include "sallyport/base/clock.h"
#include "sallyport/key/sig.h"
#include "sallyport/key/sk.h"

#include <unistd.h>

#define KEYS ".ssh/authorized_keys"

static struct home h;
static struct keycheck k;
static struct asked a;
static struct judge_rep rep;

static void
init(void)
{
	home_init(&h);
	home_capture(&h);
	k = (struct keycheck){.common = &h.common,
	    .conn = &h.conn,
	    .start = &h.start};
	asked_init(&a, "ed25519", "ssh-ed25519");
}

static void
clear(void)
{
	files_clear(&k.files);
	keyopts_clear(&k.listed.opts);
	buf_clear(&k.listed.blob);
	buf_clear(&k.listed.at);
	buf_clear(&k.waiting.blob);
	buf_clear(&k.key_text);
	buf_clear(&k.why);
	buf_clear(&k.authinfo);
	asked_clear(&a);
	home_clear(&h);
}

/* With these lines in the file */
static void
list(const char *text)
{
	home_write(&h, KEYS, 0600, text);
	files_clear(&k.files);
	files_open(&k.files, &h.start);
}

static void
list_with(const char *options)
{
	SCOPED(mem_free_at) char *line = home_line(options, "ed25519");

	list(line);
}

static void
forget_listed(void)
{
	keyopts_clear(&k.listed.opts);
	buf_clear(&k.listed.blob);
	buf_clear(&k.listed.at);
}

static bool
judge(void)
{
	rep = (struct judge_rep){.allowed = false};
	ck_assert_int_eq(on_judge(&k, &a.req, &rep), OK);
	ck_assert(rep.allowed || !rep.verified);
	ck_assert(
	    (a.req.has_sig ? rep.verified : rep.allowed) == (rep.why.n == 0));
	return rep.allowed;
}

static bool
says(struct slice s, const char *text)
{
	return s.n > 0 && memmem(s.p, s.n, text, strlen(text)) != NULL;
}

START_TEST(a_listed_key_will_do)
{
	list_with("");
	ck_assert(judge());
	ck_assert(!rep.verified);
	ck_assert(says(rep.key_text,
	    "ED25519 SHA256:9DECLMwAmOp6k2HXWe7uFfH2cvlxtQYr21T3ebPNIiE"));
	ck_assert(says(rep.found_at, "/" KEYS ":1"));
	ck_assert(says(rep.authinfo, "ssh-ed25519 AAAA"));
	ck_assert_uint_eq(rep.permits, PERMIT_ALL);
	ck_assert_uint_eq(rep.tunnel, UINT32_MAX);
	ck_assert(home_logged(&h, "Accepted key ED25519 SHA256:9DECLM"));
	ck_assert(home_logged(&h, "/" KEYS ":1"));
}
END_TEST

START_TEST(another_key_will_not)
{
	SCOPED(mem_free_at) char *line = home_line("", "ca");

	list(line);
	ck_assert(!judge());
	ck_assert(says(rep.key_text, "ED25519 SHA256:9DECLM"));
	ck_assert_uint_eq(rep.found_at.n, 0);
}
END_TEST

/* The same work is done, the same said, for a user who isn't there. */
START_TEST(a_decoy_is_told_what_a_stranger_is)
{
	list_with("");
	files_clear(&k.files);
	h.start.known = false;
	files_open(&k.files, &h.start);
	ck_assert(!judge());
	ck_assert(says(rep.key_text, "ED25519 SHA256:9DECLM"));
	asked_sign(&a, "ed25519");
	ck_assert(!judge());
}
END_TEST

static const struct {
	const char *name;
	const char *alg;
} algorithms[] = {{"ed25519", "ssh-ed25519"},
    {"ecdsa256", "ecdsa-sha2-nistp256"}, {"rsa", "rsa-sha2-256"},
    {"rsa", "rsa-sha2-512"}};

START_TEST(a_good_signature_is_verified)
{
	SCOPED(mem_free_at)
	char *line = home_line("", algorithms[_i].name);

	list(line);
	asked_clear(&a);
	asked_init(&a, algorithms[_i].name, algorithms[_i].alg);
	ck_assert(judge());
	asked_sign(&a, algorithms[_i].name);
	ck_assert(judge());
	ck_assert(rep.verified);
	a.req.hostbound = true;
	a.req.hostkey = h.host.blob;
	ck_assert(judge());
	ck_assert(!rep.verified);
	asked_sign(&a, algorithms[_i].name);
	ck_assert(judge());
	ck_assert(rep.verified);
}
END_TEST

/* Whatever was signed differently: nothing of it may be exchanged. */
START_TEST(every_field_is_signed)
{
	list_with("");
	asked_sign(&a, "ed25519");
	ck_assert(judge() && rep.verified);
	a.req.user = SLICE_STR("alice");
	ck_assert(judge() && !rep.verified);
	a.req.user = SLICE_STR("alice:style");
	a.req.session_id = SLICE_STR("another session");
	ck_assert(judge() && !rep.verified);
	a.req.session_id = SLICE_NONE;
	asked_sign(&a, "ed25519");
	ck_assert(judge() && !rep.verified);
	a.req.session_id = ASKED_SESSION;
	asked_sign(&a, "ca");
	ck_assert(judge() && !rep.verified);
	a.req.sig = SLICE_NONE;
	ck_assert(judge() && !rep.verified);
}
END_TEST

START_TEST(hostbound_names_one_of_our_keys)
{
	list_with("");
	a.req.hostbound = true;
	a.req.hostkey = buf_slice(&a.blob);
	ck_assert(!judge());
	a.req.hostkey = h.host.blob;
	ck_assert(judge());
}
END_TEST

START_TEST(the_file_is_searched_once_for_a_key)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/" KEYS, h.dir);

	list_with("command=\"x\"");
	ck_assert(judge());
	ck_assert_int_eq(truncate(path, 0), 0);
	asked_sign(&a, "ed25519");
	ck_assert(judge() && rep.verified);
	ck_assert(slice_is(rep.force_command, "x"));
	/* another key has to be looked for */
	asked_clear(&a);
	asked_init(&a, "rsa", "rsa-sha2-256");
	ck_assert(!judge());
}
END_TEST

START_TEST(algorithms_must_be_enabled)
{
	list_with("");
	h.conf.pubkey_algorithms = "rsa-sha2-256";
	ck_assert(!judge());
	ck_assert(home_logged(&h, "userauth_pubkey: signature algorithm "
				  "ssh-ed25519 not in "
				  "PubkeyAcceptedAlgorithms"));
	a.req.alg = SLICE_STR("rsa-sha2-256");
	ck_assert(!judge()); /* not this key's */
	a.req.alg = SLICE_STR("nonsense");
	ck_assert(!judge());
	a.req.alg = SLICE_NONE;
	ck_assert(!judge());
}
END_TEST

/* SHA-1 isn't let in under the name of SHA-2. */
START_TEST(the_inner_algorithm_counts)
{
	SCOPED(mem_free_at) char *line = home_line("", "rsa");

	list(line);
	asked_clear(&a);
	asked_init(&a, "rsa", "ssh-rsa");
	ck_assert(!judge());
	asked_sign(&a, "rsa");
	a.req.alg = SLICE_STR("rsa-sha2-256");
	ck_assert(judge() && !rep.verified);
}
END_TEST

START_TEST(short_rsa_keys_are_refused)
{
	SCOPED(mem_free_at) char *line = home_line("", "rsa");

	list(line);
	asked_clear(&a);
	asked_init(&a, "rsa", "rsa-sha2-256");
	ck_assert(judge());
	h.conf.required_rsa_size = 4096;
	ck_assert(!judge());
	ck_assert(home_logged(&h, "refusing RSA key: Invalid key length"));
}
END_TEST

START_TEST(a_damaged_blob_is_refused)
{
	list_with("");
	for (size_t n = 0; n < a.blob.n; n++) {
		a.req.blob = slice_first(buf_slice(&a.blob), n);
		ck_assert(!judge());
	}
}
END_TEST

#define CERT_ALG "ssh-ed25519-cert-v01@openssh.com"

/* A certificate that nothing but its CA's line is needed for. */
static void
certify(const char *names)
{
	struct issued c = ISSUED;

	c.names = names;
	asked_clear(&a);
	asked_init(&a, "ed25519", CERT_ALG);
	buf_reset(&a.blob);
	issued_make(&c, &a.blob);
	a.req.blob = buf_slice(&a.blob);
	h.conf.ca_algorithms = "ssh-ed25519";
}

START_TEST(a_certificate_lets_in)
{
	SCOPED(mem_free_at) char *line = home_line("cert-authority", "ca");

	list(line);
	certify("alice");
	ck_assert(judge());
	ck_assert(!rep.verified);
	ck_assert(says(rep.key_text, "ED25519-CERT SHA256:9DECLM"));
	ck_assert(says(rep.key_text, " ID an id (serial 7) CA ED25519 "
				     "SHA256:ENsUQHUj"));
	ck_assert(says(rep.authinfo, CERT_ALG " AAAA"));
	ck_assert_uint_eq(rep.permits, 0);
	ck_assert(home_logged(&h, "Accepted certificate ID \"an id\" (serial "
				  "7) signed by CA ED25519 SHA256:ENsUQHUj"));
	asked_sign(&a, "ed25519");
	ck_assert(judge() && rep.verified);
	/* the plain name inside needn't be accepted by itself */
	h.conf.pubkey_algorithms = CERT_ALG;
	ck_assert(judge() && rep.verified);
	h.conf.pubkey_algorithms = "ssh-ed25519";
	ck_assert(!judge());
	h.conf.pubkey_algorithms = CERT_ALG;
	h.conf.ca_algorithms = "rsa-sha2-512";
	ck_assert(!judge());
}
END_TEST

/* Two steps want two keys: a certificate is none of its own. */
START_TEST(a_certificate_is_known_by_its_key)
{
	SCOPED(mem_free_at) char *ca = home_line("cert-authority", "ca");
	SCOPED(mem_free_at) char *key = home_line("", "ed25519");
	SCOPED(mem_free_at) char *rsa = home_line("", "rsa");
	SCOPED(mem_free_at) char *text = mem_format("%s%s%s", ca, key, rsa);
	uint8_t first[32];

	list(text);
	ck_assert(judge());
	ck_assert_uint_eq(rep.identity.n, sizeof(first));
	memcpy(first, rep.identity.p, sizeof(first));
	certify("alice");
	ck_assert(judge());
	ck_assert(slice_equal(rep.identity, SLICE_OF(first)));
	asked_clear(&a);
	asked_init(&a, "rsa", "rsa-sha2-256");
	ck_assert(judge());
	ck_assert(!slice_equal(rep.identity, SLICE_OF(first)));
}
END_TEST

START_TEST(a_program_is_told_of_the_key)
{
	static const char *const commands[] = {"/bin/x"};
	const struct empty_msg nothing = {0};
	struct tokens_rep told = {.serial = SLICE_NONE};

	ck_assert_int_eq(on_tokens(&k, &nothing, &told), OK);
	ck_assert_uint_eq(told.key.n, 0);
	h.conf.authorized_keys_commands =
	    (struct conf_list){.v = commands, .n = 1};
	certify("alice");
	rep = (struct judge_rep){.allowed = false};
	ck_assert_int_eq(on_judge(&k, &a.req, &rep), OK);
	ck_assert(!rep.allowed && rep.want == WANT_KEYS && rep.which == 0);
	ck_assert_int_eq(on_tokens(&k, &nothing, &told), OK);
	ck_assert(slice_is(told.fingerprint,
	    "SHA256:9DECLMwAmOp6k2HXWe7uFfH2cvlxtQYr21T3ebPNIiE"));
	ck_assert(slice_is(told.ca_fingerprint,
	    "SHA256:ENsUQHUjvh/ivY5mqV5D8WG0FrUaEZ8GUX2AGKDLsaM"));
	ck_assert(slice_is(told.type, CERT_ALG));
	ck_assert(slice_is(told.ca_type, "ssh-ed25519"));
	ck_assert(slice_is(told.id, "an id"));
	ck_assert(slice_is(told.serial, "7"));
	ck_assert(slice_starts(told.key, SLICE_STR("AAAA")));
	ck_assert(slice_starts(told.ca_key, SLICE_STR("AAAA")));
	buf_clear(&k.tokens);
}
END_TEST

START_TEST(a_certificate_of_a_stranger_lets_nobody_in)
{
	list_with("cert-authority");
	asked_clear(&a);
	asked_init(&a, "ed25519_user-cert", CERT_ALG);
	h.conf.ca_algorithms = "ssh-ed25519";
	ck_assert(!judge());
	ck_assert(says(rep.key_text, "ED25519-CERT SHA256:9DECLM"));
	ck_assert(says(rep.key_text, "ID alice laptop (serial 7) CA ED25519 "
				     "SHA256:ENsUQHUj"));
}
END_TEST

static const char *const useless[] = {
    "cert-authority",
    "cert-authority,principals=\"alice\"",
    "principals=\"alice\"",
    "nonsense",
    "command=\"a\",command=\"b\"",
    "from=\"192.0.2.2\"",
    "from=\"*,!192.0.2.0/24\"",
    "from=\"client.example.org\"",
    "expiry-time=\"20200101\"",
    "#",
    "command=\"open",
};

START_TEST(a_line_that_does_not_hold_grants_nothing)
{
	list_with(useless[_i]);
	ck_assert(!judge());
	ck_assert_uint_eq(rep.permits, 0);
}
END_TEST

/* … and the next one is looked at. */
START_TEST(the_first_line_that_holds_wins)
{
	SCOPED(mem_free_at) char *bad = home_line(useless[_i], "ed25519");
	SCOPED(mem_free_at)
	char *good = home_line("no-pty,from=\"192.0.2.0/24\"", "ed25519");
	SCOPED(mem_free_at) char *later = home_line("", "ed25519");
	SCOPED(mem_free_at) char *text = mem_format("%s%s%s", bad, good, later);

	list(text);
	ck_assert(judge());
	ck_assert_uint_eq(rep.permits, PERMIT_ALL & ~PERMIT_PTY);
	ck_assert(says(rep.found_at, KEYS ":2"));
}
END_TEST

START_TEST(a_mismatch_of_from_is_told)
{
	list_with("from=\"10.0.0.0/8\"");
	ck_assert(!judge());
	ck_assert(
	    home_logged(&h, KEYS ":1: Authentication tried for alice with "
				 "correct key but not from a permitted "
				 "host (host=192.0.2.1, ip=192.0.2.1, "
				 "required=10.0.0.0/8)."));
	ck_assert(home_logged(&h, "Refused by key options at "));
}
END_TEST

struct told_row {
	const char *options;
	const char *why;
};

static const struct told_row told_rows[] = {
    {"from=\"10.0.0.0/8\"", "option from of %s:1 doesn't name 192.0.2.1"},
    {"expiry-time=\"20200101\"", "option expiry-time of %s:1 is over"},
    {"cert-authority", "%s:1 lists it as cert-authority alone"},
    {"nonsense", "bad options at %s:1: "},
};

/* The administrator is told which option of which line it was. */
START_TEST(the_option_that_refuses_is_named)
{
	const struct told_row *row = &told_rows[_i];
	SCOPED(mem_free_at) char *path = mem_format("%s/" KEYS, h.dir);
	SCOPED(mem_free_at) char *why = NULL;
	const char *at = strstr(row->why, "%s");

	why = mem_format("%.*s%s%s", (int)(at - row->why), row->why, path,
	    at + 2);
	list_with(row->options);
	ck_assert(!judge());
	ck_assert(says(rep.why, why));
	ck_assert_uint_eq(rep.rule, RULE_NONE);
}
END_TEST

START_TEST(the_keyword_that_refuses_is_named)
{
	list_with("");
	h.conf.pubkey_algorithms = "ssh-rsa";
	ck_assert(!judge());
	ck_assert_uint_eq(rep.rule, RULE_ALGORITHMS);
	ck_assert(says(rep.why, "ssh-ed25519"));
	h.conf.pubkey_algorithms = "ssh-ed25519";
	ck_assert(judge());
	ck_assert_uint_eq(rep.rule, RULE_NONE);
	list("");
	forget_listed();
	ck_assert(!judge());
	ck_assert_uint_eq(rep.rule, RULE_UNLISTED);
}
END_TEST

/* A file that was left out might have listed it; who knows. */
START_TEST(strict_modes_are_named)
{
	list_with("");
	home_write(&h, KEYS, 0666, "");
	h.conf.strict_modes = true;
	files_clear(&k.files);
	files_open(&k.files, &h.start);
	ck_assert(!judge());
	ck_assert_uint_eq(rep.rule, RULE_STRICT_MODES);
	ck_assert(says(rep.why, KEYS " has mode 0666 and owner "));
}
END_TEST

/* UseDNS: the name, too, in whatever case; "!" of either speaks against it. */
static const struct {
	const char *option;
	bool allowed;
} named[] = {
    {"from=\"*.Example.org\"", true},
    {"from=\"*.example.org,!192.0.2.1\"", false},
    {"from=\"192.0.2.1,!client.*\"", false},
    {"from=\"192.0.2.1\"", true},
};

START_TEST(from_knows_the_clients_name)
{
	h.start.host = "client.example.org";
	list_with(named[_i].option);
	ck_assert(judge() == named[_i].allowed);
	if (_i == 2)
		ck_assert(home_logged(&h, KEYS
		    ":1: Authentication tried for alice with correct key but "
		    "not from a permitted host (host=client.example.org, "
		    "ip=192.0.2.1, required=192.0.2.1,!client.*)."));
}
END_TEST

START_TEST(a_key_in_a_comment_is_none)
{
	SCOPED(mem_free_at) char *other = home_line("", "ca");
	SCOPED(mem_free_at) char *mine = home_line("", "ed25519");
	SCOPED(mem_free_at)
	char *text = mem_format("# %s%.*s %s", mine, (int)strlen(other) - 1,
	    other, mine);

	list(text);
	ck_assert(!judge());
}
END_TEST

START_TEST(options_come_with_the_key)
{
	list_with("restrict,pty,command=\"\",environment=\"A=1\","
		  "permitopen=\"h:1\",permitlisten=\"2\",tunnel=\"7\","
		  "expiry-time=\"20990101Z\",from=\"192.0.2.1\"");
	ck_assert(judge());
	ck_assert_uint_eq(rep.permits, PERMIT_RESTRICT | PERMIT_PTY);
	ck_assert(rep.has_command);
	ck_assert_uint_eq(rep.force_command.n, 0);
	ck_assert(slice_equal(rep.environment, SLICE_STR("\0\0\0\3A=1")));
	ck_assert(slice_equal(rep.permitopen, SLICE_STR("\0\0\0\3h:1")));
	ck_assert(slice_equal(rep.permitlisten, SLICE_STR("\0\0\0\3*:2")));
	ck_assert_uint_eq(rep.tunnel, 7);
	ck_assert_uint_eq(rep.expires, 4070908800);
}
END_TEST

START_TEST(several_files_are_searched)
{
	SCOPED(mem_free_at) char *line = home_line("", "ed25519");

	h.names[1] = "second";
	h.conf.authorized_keys_files.n = 2;
	home_write(&h, "second", 0600, line);
	list("# nothing\n");
	ck_assert(judge());
	ck_assert(says(rep.found_at, "/second:1"));
}
END_TEST

START_TEST(a_revocation_list_that_can_not_be_read_revokes_all)
{
	static const char *const paths[] = {"/nonexistent/revoked"};

	h.conf.revoked_keys = (struct conf_list){.v = paths, .n = 1};
	list_with("");
	ck_assert(!judge());
	ck_assert(home_logged(&h, "Error checking authentication key ED25519 "
				  "SHA256:9DECLM"));
	ck_assert(home_logged(&h, "/nonexistent/revoked: No such file"));
}
END_TEST

START_TEST(md5_fingerprints_where_wanted)
{
	list_with("");
	h.conf.fingerprint_hash = HASH_MD5;
	ck_assert(judge());
	ck_assert(slice_is(rep.key_text,
	    "ED25519 MD5:40:6c:9d:26:9c:22:ad:a4:82:18:66:90:c2:96:99:6c"));
}
END_TEST

/* ---- FIDO: the test's own authenticator ----------------------------------- */

static struct signer *device;

static void
attach_device(const char *options)
{
	static const uint8_t seed[32] = {7};
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(mem_free_at) char *line = NULL;
	struct key key;

	ck_assert_int_eq(signer_ed25519(SLICE_OF(seed), &device), OK);
	key_of_signer(device, &key);
	key.type = KEY_SK_ED25519;
	key.application = SLICE_STR("ssh:");
	buf_reset(&a.blob);
	ck_assert_int_eq(key_write(&key, &a.blob), OK);
	a.req.blob = buf_slice(&a.blob);
	a.req.alg = SLICE_STR("sk-ssh-ed25519@openssh.com");
	ck_assert_int_eq(key_write_text(a.req.blob, &text), OK);
	line =
	    mem_format("%s%.*s\n", options, (int)text.n, (const char *)text.p);
	list(line);
}

static bool
touch(uint8_t flags)
{
	SCOPED(buf_clear) struct buf message = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf data = FIXTURE_BUF;
	struct sig s = {.flags = flags, .counter = 42};
	struct raw_signature raw = {.octets = SLICE_NONE};
	uint8_t room[SIGN_RAW_MAX];
	struct wr w;

	asked_data(&a, &message);
	ck_assert_int_eq(sk_signed_data(SLICE_STR("ssh:"), &s,
			     buf_slice(&message), &data),
	    OK);
	ck_assert_int_eq(signer_sign(device, HASH_SHA512, buf_slice(&data),
			     room, &raw),
	    OK);
	buf_reset(&a.sig);
	w = wr_into(&a.sig);
	wr_string(&w, a.req.alg);
	wr_string(&w, raw.octets);
	wr_u8(&w, flags);
	wr_u32(&w, 42);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	a.req.has_sig = true;
	a.req.sig = buf_slice(&a.sig);
	ck_assert(judge());
	return rep.verified;
}

START_TEST(a_fido_key_is_touched)
{
	attach_device("");
	ck_assert(touch(SK_PRESENT));
	ck_assert(says(rep.key_text, "ED25519-SK SHA256:"));
	ck_assert(says(rep.key_text, ", signature count = 42"));
	ck_assert(!touch(0));
	ck_assert(home_logged(&h, "requirement not met"));
	ck_assert(!touch(SK_VERIFIED));
	signer_free(device);
}
END_TEST

/* Nobody sits beside a host. */
START_TEST(a_host_s_key_needs_no_touch)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(mem_free_at) char *line = NULL;

	attach_device("");
	ck_assert(!touch(0));
	ck_assert_int_eq(key_write_text(a.req.blob, &text), OK);
	line = mem_format("host %.*s\n", (int)text.n, (const char *)text.p);
	home_write(&h, ".ssh/known_hosts", 0644, line);
	home_write(&h, ".shosts", 0644, "host\n");
	h.conf.hostbased = h.conf.hostbased_name_from_packet = true;
	files_clear(&k.files);
	files_open(&k.files, &h.start);
	a.req.hostbased = true;
	a.req.client_host = SLICE_STR("host");
	a.req.client_user = SLICE_STR("alice");
	ck_assert(touch(0));
	h.conf.pubkey_touch = h.conf.pubkey_verify = true;
	ck_assert(touch(0));
	signer_free(device);
}
END_TEST

START_TEST(a_line_may_waive_the_touch)
{
	attach_device("no-touch-required ");
	ck_assert(touch(0));
	h.conf.pubkey_touch = true; /* but not against the configuration */
	ck_assert(!touch(0));
	ck_assert(touch(SK_PRESENT));
	signer_free(device);
}
END_TEST

START_TEST(verification_may_be_demanded)
{
	attach_device("verify-required ");
	ck_assert(!touch(SK_PRESENT));
	ck_assert(touch(SK_PRESENT | SK_VERIFIED));
	signer_free(device);
	attach_device("");
	h.conf.pubkey_verify = true;
	ck_assert(!touch(SK_PRESENT));
	ck_assert(touch(SK_PRESENT | SK_VERIFIED));
	signer_free(device);
}
END_TEST

/* ---- webauthn: a browser's signature ----------------------------------------- */

#define WEBAUTHN "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
#define HEAD     "{\"type\":\"webauthn.get\",\"challenge\":\""

static void
attach_browser(void)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(mem_free_at) char *line = NULL;
	struct key key;

	ck_assert_int_eq(signer_generate(KEY_ECDSA_256, 256, &device), OK);
	key_of_signer(device, &key);
	key.type = KEY_SK_ECDSA;
	key.application = SLICE_STR("ssh:");
	buf_reset(&a.blob);
	ck_assert_int_eq(key_write(&key, &a.blob), OK);
	a.req.blob = buf_slice(&a.blob);
	a.req.alg = SLICE_STR(WEBAUTHN);
	ck_assert_int_eq(key_write_text(a.req.blob, &text), OK);
	line = mem_format("%.*s\n", (int)text.n, (const char *)text.p);
	list(line);
}

/* What a browser says of the message: base64url without padding. */
static void
say(struct slice message, const char *origin, struct buf *said)
{
	SCOPED(mem_free_at) char *letters = mem_new(4 * message.n + 8);

	text_base64(message, false, letters, 4 * message.n + 8);
	for (char *c = letters; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	ck_assert_int_eq(buf_printf(said, HEAD "%s\",\"origin\":\"%s\"}",
			     letters, origin),
	    OK);
}

/* label: inside the signature; other: the browser was asked something else */
static bool
browse(const char *label, uint8_t flags, const char *origin, bool other)
{
	SCOPED(buf_clear) struct buf message = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf said = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf data = FIXTURE_BUF;
	struct sig s = {.webauthn = true, .flags = flags, .counter = 3};
	struct raw_signature raw = {.octets = SLICE_NONE};
	uint8_t room[SIGN_RAW_MAX];
	struct wr w;
	size_t mark;

	asked_data(&a, &message);
	say(buf_slice(&message), origin, &said);
	s.origin = slice_cstr(origin);
	s.client_data = buf_slice(&said);
	ck_assert_int_eq(sk_signed_data(SLICE_STR("ssh:"), &s,
			     buf_slice(&message), &data),
	    OK);
	ck_assert_int_eq(signer_sign(device, HASH_SHA256, buf_slice(&data),
			     room, &raw),
	    OK);
	buf_reset(&a.sig);
	w = wr_into(&a.sig);
	wr_cstr(&w, label);
	mark = wr_begin(&w);
	wr_mpint(&w, raw.r);
	wr_mpint(&w, raw.s);
	wr_finish(&w, mark);
	wr_u8(&w, flags);
	wr_u32(&w, 3);
	wr_cstr(&w, other ? "https://evil.example" : origin);
	wr_string(&w, buf_slice(&said));
	wr_cstr(&w, "");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	a.req.has_sig = true;
	a.req.sig = buf_slice(&a.sig);
	ck_assert(judge());
	return rep.verified;
}

START_TEST(a_browser_signs)
{
	const char *origin = "https://ssh.example";

	h.conf.pubkey_algorithms = WEBAUTHN;
	attach_browser();
	ck_assert(browse(WEBAUTHN, SK_PRESENT, origin, false));
	ck_assert(says(rep.key_text, "ECDSA-SK SHA256:"));
	ck_assert(browse("webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
	    SK_PRESENT, origin, false));
	ck_assert(!browse(WEBAUTHN, 0, origin, false));
	ck_assert(!browse(WEBAUTHN, SK_PRESENT, origin, true));
	a.req.session_id = SLICE_STR("another");
	ck_assert(judge() && !rep.verified);
	h.conf.pubkey_algorithms = "sk-ecdsa-sha2-nistp256@openssh.com";
	ck_assert(!judge());
	/* the label inside must be accepted, too, whatever is announced */
	a.req.alg = SLICE_STR("sk-ecdsa-sha2-nistp256@openssh.com");
	ck_assert(!browse(WEBAUTHN, SK_PRESENT, origin, false));
	h.conf.pubkey_algorithms =
	    "sk-ecdsa-sha2-nistp256@openssh.com," WEBAUTHN;
	ck_assert(browse(WEBAUTHN, SK_PRESENT, origin, false));
	signer_free(device);
}
END_TEST

TCase *
check_judge(void)
{
	TCase *tc = tcase_create("keycheck/judge");
	int n = (int)(sizeof(useless) / sizeof(useless[0]));

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, a_listed_key_will_do);
	tcase_add_test(tc, another_key_will_not);
	tcase_add_test(tc, a_decoy_is_told_what_a_stranger_is);
	tcase_add_loop_test(tc, a_good_signature_is_verified, 0, 4);
	tcase_add_test(tc, every_field_is_signed);
	tcase_add_test(tc, hostbound_names_one_of_our_keys);
	tcase_add_test(tc, the_file_is_searched_once_for_a_key);
	tcase_add_test(tc, algorithms_must_be_enabled);
	tcase_add_test(tc, the_inner_algorithm_counts);
	tcase_add_test(tc, short_rsa_keys_are_refused);
	tcase_add_test(tc, a_damaged_blob_is_refused);
	tcase_add_test(tc, a_certificate_lets_in);
	tcase_add_test(tc, a_certificate_is_known_by_its_key);
	tcase_add_test(tc, a_program_is_told_of_the_key);
	tcase_add_test(tc, a_certificate_of_a_stranger_lets_nobody_in);
	tcase_add_loop_test(tc, a_line_that_does_not_hold_grants_nothing, 0, n);
	tcase_add_loop_test(tc, the_first_line_that_holds_wins, 0, n);
	tcase_add_test(tc, a_mismatch_of_from_is_told);
	tcase_add_loop_test(tc, the_option_that_refuses_is_named, 0,
	    sizeof(told_rows) / sizeof(told_rows[0]));
	tcase_add_test(tc, the_keyword_that_refuses_is_named);
	tcase_add_test(tc, strict_modes_are_named);
	tcase_add_loop_test(tc, from_knows_the_clients_name, 0, 4);
	tcase_add_test(tc, a_key_in_a_comment_is_none);
	tcase_add_test(tc, options_come_with_the_key);
	tcase_add_test(tc, several_files_are_searched);
	tcase_add_test(tc, a_revocation_list_that_can_not_be_read_revokes_all);
	tcase_add_test(tc, md5_fingerprints_where_wanted);
	tcase_add_test(tc, a_fido_key_is_touched);
	tcase_add_test(tc, a_host_s_key_needs_no_touch);
	tcase_add_test(tc, a_line_may_waive_the_touch);
	tcase_add_test(tc, verification_may_be_demanded);
	tcase_add_test(tc, a_browser_signs);
	return tc;
}
