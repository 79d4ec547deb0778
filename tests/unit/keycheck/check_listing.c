#include "issued.h"

#include "listing.h"

#include "sallyport/proc/memfile.h"

#include <unistd.h>

#define KEYS  ".ssh/authorized_keys"
#define CAS   "cas"
#define NAMES "names"

static struct home h;
static struct keycheck k;
static struct trial t;
static struct buf blob;
static struct judge_req req;
static char *cas;
static const char *commands[2] = {"/bin/one %u", "timeout=3 /bin/two"};

static void
init(void)
{
	struct issued c = ISSUED;

	home_init(&h);
	home_capture(&h);
	blob = FIXTURE_BUF;
	cas = mem_format("%s/" CAS, h.dir);
	h.conf.ca_algorithms = "ssh-ed25519";
	k = (struct keycheck){.common = &h.common,
	    .conn = &h.conn,
	    .start = &h.start};
	req = (struct judge_req){.alg = SLICE_STR("x"), .output.fd = -1};
	c.names = "alice,ops";
	issued_make(&c, &blob);
}

static void
clear(void)
{
	trial_clear(&t);
	files_clear(&k.files);
	keyopts_clear(&k.listed.opts);
	buf_clear(&k.listed.blob);
	buf_clear(&k.listed.at);
	buf_clear(&k.waiting.blob);
	buf_clear(&k.why);
	buf_clear(&blob);
	mem_free(cas);
	home_clear(&h);
}

static void
trust(void)
{
	SCOPED(mem_free_at) char *line = home_line("", "ca");

	h.conf.trusted_user_ca_keys = cas;
	home_write(&h, CAS, 0644, line);
}

static enum listing
look(void)
{
	files_clear(&k.files);
	files_open(&k.files, &h.start);
	trial_clear(&t);
	buf_reset(&k.listed.blob);
	req.blob = buf_slice(&blob);
	ck_assert(trial_init(&t, &k, &req));
	return listing_look(&t);
}

/* Asked again with what the program printed; NULL: it failed. */
static enum listing
resume(const char *output)
{
	enum listing found;

	req.resumed = true;
	req.output.fd = -1;
	if (output != NULL)
		ck_assert_int_eq(memfile_make("x", slice_cstr(output),
				     &req.output.fd),
		    OK);
	trial_clear(&t);
	ck_assert(trial_init(&t, &k, &req));
	ck_assert(listing_knows(&t));
	found = listing_look(&t);
	if (req.output.fd >= 0)
		close(req.output.fd);
	req.resumed = false;
	req.output.fd = -1;
	return found;
}

static bool
is_at(const char *end)
{
	size_t n = strlen(end);

	return k.listed.at.n >= n &&
	       slice_is(slice_skip(buf_slice(&k.listed.at), k.listed.at.n - n),
		   end);
}

START_TEST(nobody_is_trusted_unsaid)
{
	ck_assert_int_eq(look(), LISTING_NONE);
	trust();
	ck_assert_int_eq(look(), LISTING_FOUND);
	ck_assert(is_at("/" CAS));
	ck_assert(k.listed.trusted);
	h.start.user = "bob";
	ck_assert_int_eq(look(), LISTING_NONE);
}
END_TEST

START_TEST(a_line_comes_before_the_trusted)
{
	SCOPED(mem_free_at)
	char *text = home_line("cert-authority,command=\"x\"", "ca");

	trust();
	home_write(&h, KEYS, 0600, text);
	ck_assert_int_eq(look(), LISTING_FOUND);
	ck_assert(!k.listed.trusted);
	ck_assert(is_at(KEYS ":1"));
	ck_assert(slice_is(buf_slice(&k.listed.opts.command), "x"));
}
END_TEST

/* A CA's line is for certificates, a key's for that key. */
START_TEST(lines_keep_to_their_kind)
{
	SCOPED(mem_free_at) char *as_key = home_line("", "ca");
	SCOPED(mem_free_at) char *as_ca = home_line("cert-authority", "ca");

	home_write(&h, KEYS, 0600, as_key);
	ck_assert_int_eq(look(), LISTING_NONE);
	home_write(&h, KEYS, 0600, as_ca);
	ck_assert_int_eq(look(), LISTING_FOUND);
	buf_reset(&blob);
	fixture_blob("ca", &blob);
	ck_assert_int_eq(look(), LISTING_NONE);
	home_write(&h, KEYS, 0600, as_key);
	ck_assert_int_eq(look(), LISTING_FOUND);
	/* nor does a list of CAs say that their keys may come in */
	home_write(&h, KEYS, 0600, "");
	trust();
	ck_assert_int_eq(look(), LISTING_NONE);
}
END_TEST

static const struct {
	const char *text;
	bool found;
} names[] = {{"", false}, {"alice\n", true}, {"x\nops", true},
    {"# ops\n", false}, {"op\nopsx\nOPS\n*\n", false}, {"no-pty ops\n", true},
    {"nonsense ops\n", false}, {"cert-authority ops\n", false},
    {"from=\"192.0.2.2\" ops\n", false},
    {"from=\"192.0.2.2\" ops\nno-pty alice\n", true},
    {"expiry-time=\"20200101\" ops\n", false}, {"command=\"x # ops\n", false}};

START_TEST(a_file_of_names_must_have_one)
{
	trust();
	h.conf.authorized_principals_file = NAMES;
	ck_assert_int_eq(look(), LISTING_NONE); /* the user's name won't do */
	ck_assert(home_logged(&h, "Certificate does not contain an authorized "
				  "principal"));
	home_write(&h, NAMES, 0600, names[_i].text);
	ck_assert_int_eq(look(),
	    names[_i].found ? LISTING_FOUND : LISTING_NONE);
}
END_TEST

START_TEST(a_program_is_waited_for)
{
	trust();
	h.conf.authorized_principals_file = NAMES;
	h.conf.authorized_principals_command = "/bin/names %i";
	home_write(&h, NAMES, 0600, "command=\"x\" ops\n");
	ck_assert_int_eq(look(), LISTING_FOUND); /* the file says enough */
	home_write(&h, NAMES, 0600, "");
	ck_assert_int_eq(look(), LISTING_WAITS);
	ck_assert_int_eq(k.waiting.want, WANT_PRINCIPALS);
	ck_assert_int_eq(resume("x\ncommand=\"y\" ops\n"), LISTING_FOUND);
	ck_assert(slice_is(buf_slice(&k.listed.opts.command), "y"));
	ck_assert_int_eq(look(), LISTING_WAITS);
	ck_assert_int_eq(resume(NULL), LISTING_NONE);
	ck_assert_int_eq(look(), LISTING_WAITS);
	ck_assert_int_eq(resume("other\n"), LISTING_NONE);
	ck_assert_int_eq(k.waiting.want, WANT_NOTHING);
}
END_TEST

START_TEST(programs_are_asked_in_order)
{
	SCOPED(mem_free_at)
	char *ours = home_line("cert-authority,no-pty", "ca");
	SCOPED(mem_free_at) char *other = home_line("", "rsa");

	h.conf.authorized_keys_commands =
	    (struct conf_list){.v = commands, .n = 2};
	ck_assert_int_eq(look(), LISTING_WAITS);
	ck_assert_int_eq(k.waiting.want, WANT_KEYS);
	ck_assert_uint_eq(k.waiting.which, 0);
	ck_assert_int_eq(resume(ours), LISTING_FOUND);
	ck_assert(is_at("/bin/one:1"));
	ck_assert_int_eq(look(), LISTING_WAITS);
	ck_assert_int_eq(resume(other), LISTING_WAITS);
	ck_assert_uint_eq(k.waiting.which, 1);
	ck_assert_int_eq(resume(ours), LISTING_FOUND);
	ck_assert(is_at("/bin/two:1"));
	ck_assert_int_eq(look(), LISTING_WAITS);
	ck_assert_int_eq(resume(NULL), LISTING_WAITS);
	ck_assert_int_eq(resume(NULL), LISTING_NONE);
}
END_TEST

/* Output is for the key that it was asked for, and for one turn. */
START_TEST(output_belongs_to_one_key)
{
	struct issued c = ISSUED;

	h.conf.authorized_keys_commands =
	    (struct conf_list){.v = commands, .n = 1};
	ck_assert_int_eq(look(), LISTING_WAITS);
	c.serial = 8;
	buf_reset(&blob);
	issued_make(&c, &blob);
	req.blob = buf_slice(&blob);
	req.resumed = true;
	trial_clear(&t);
	ck_assert(trial_init(&t, &k, &req));
	ck_assert(!listing_knows(&t));
	ck_assert_int_eq(listing_look(&t), LISTING_NONE);
	ck_assert_int_eq(listing_look(&t), LISTING_NONE);
}
END_TEST

START_TEST(a_decoy_waits_for_nothing)
{
	trust();
	h.start.known = false;
	h.conf.authorized_principals_command = "/bin/names";
	h.conf.authorized_keys_commands =
	    (struct conf_list){.v = commands, .n = 2};
	ck_assert_int_eq(look(), LISTING_NONE);
	h.conf.authorized_principals_command = NULL;
	ck_assert_int_eq(look(), LISTING_FOUND); /* who it is counts later */
}
END_TEST

START_TEST(a_file_of_authorities_has_no_options)
{
	SCOPED(mem_free_at) char *line = home_line("cert-authority", "ca");

	trust();
	home_write(&h, CAS, 0644, line);
	ck_assert_int_eq(look(), LISTING_NONE);
	unlink(cas);
	ck_assert_int_eq(look(), LISTING_NONE);
	ck_assert(home_logged(&h, "Could not open TrustedUserCAKeys '"));
}
END_TEST

TCase *
check_listing(void)
{
	TCase *tc = tcase_create("keycheck/listing");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, nobody_is_trusted_unsaid);
	tcase_add_test(tc, a_line_comes_before_the_trusted);
	tcase_add_test(tc, lines_keep_to_their_kind);
	tcase_add_loop_test(tc, a_file_of_names_must_have_one, 0,
	    (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tc, a_program_is_waited_for);
	tcase_add_test(tc, programs_are_asked_in_order);
	tcase_add_test(tc, output_belongs_to_one_key);
	tcase_add_test(tc, a_decoy_waits_for_nothing);
	tcase_add_test(tc, a_file_of_authorities_has_no_options);
	return tc;
}
