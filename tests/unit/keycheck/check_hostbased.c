#include "asked.h"

#include "issued.h"
#include "keycheck.h"

#include "sallyport/base/log.h"
#include "sallyport/proc/memfile.h"

#include <unistd.h>

static struct home h;
static struct keycheck k;
static struct asked a;
static struct judge_rep rep;

/* The host is known by its key, and its users may come in. */
static void
begin(void)
{
	SCOPED(mem_free_at) char *key = NULL;
	SCOPED(mem_free_at) char *known = NULL;

	home_init(&h);
	home_capture(&h);
	h.conf.hostbased = true;
	h.conf.hostbased_name_from_packet = true;
	k = (struct keycheck){.common = &h.common,
	    .conn = &h.conn,
	    .start = &h.start,
	    .key_text = BUF_LIMIT(2048),
	    .why = BUF_LIMIT(1024)};
	asked_init(&a, "ed25519", "ssh-ed25519");
	a.req.hostbased = true;
	a.req.client_host = SLICE_STR("Host.example.");
	a.req.client_user = SLICE_STR("alice");
	key = home_line("", "ed25519");
	known = mem_format("host.example %s", key);
	home_write(&h, ".ssh/known_hosts", 0644, known);
	home_write(&h, ".shosts", 0644, "host.example\n");
	files_open(&k.files, &h.start);
	asked_sign(&a, "ed25519");
}

static void
end(void)
{
	files_clear(&k.files);
	buf_clear(&k.key_text);
	buf_clear(&k.why);
	buf_clear(&k.authinfo);
	buf_clear(&k.asked.questions);
	buf_clear(&k.asked.answers);
	asked_clear(&a);
	home_clear(&h);
}

static bool
judge(void)
{
	rep = (struct judge_rep){.allowed = false};
	ck_assert_int_eq(on_judge(&k, &a.req, &rep), OK);
	ck_assert(rep.allowed == rep.verified);
	ck_assert(rep.want != WANT_NOTHING || rep.allowed == (rep.why.n == 0));
	return rep.allowed;
}

static bool
says(struct slice s, const char *text)
{
	return s.n > 0 && memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static bool
judge_rhosts(const char *text)
{
	home_write(&h, ".shosts", 0644, text);
	return judge();
}

START_TEST(a_host_vouches_for_its_user)
{
	begin();
	ck_assert(judge());
	ck_assert(says(rep.key_text, "ED25519 SHA256:9DECLMwAmOp6k2HXWe7uFfH2cv"
				     "lxtQYr21T3ebPNIiE, client user \"alice\""
				     ", client host \"Host.example\""));
	ck_assert(says(rep.authinfo, "ssh-ed25519 AAAA"));
	ck_assert(says(rep.authinfo, " client user \"alice\", client host"));
	ck_assert_uint_eq(rep.permits, PERMIT_ALL);
	ck_assert_uint_eq(rep.tunnel, UINT32_MAX);
	ck_assert_uint_eq(rep.identity.n, 32);
	ck_assert(home_logged(&h, "Accepted ED25519 public key SHA256:9DECLM"));
	end();
}
END_TEST

START_TEST(every_field_is_signed)
{
	begin();
	a.req.client_user = SLICE_STR("carol");
	ck_assert(!judge_rhosts("host.example carol\n"));
	a.req.client_user = SLICE_STR("alice");
	ck_assert(judge_rhosts("host.example\n"));
	a.req.client_host = SLICE_STR("host.example");
	ck_assert(!judge());
	a.req.client_host = SLICE_STR("Host.example.");
	a.req.user = SLICE_STR("alice");
	ck_assert(!judge());
	a.req.user = SLICE_STR("alice:style");
	a.req.session_id = SLICE_STR("another session");
	ck_assert(!judge());
	a.req.session_id = SLICE_NONE;
	asked_sign(&a, "ed25519");
	ck_assert(!judge());
	a.req.session_id = ASKED_SESSION;
	asked_sign(&a, "ca");
	ck_assert(!judge());
	asked_sign(&a, "ed25519");
	ck_assert(judge());
	/* a key's own login doesn't pass for it */
	a.req.hostbased = false;
	asked_sign(&a, "ed25519");
	a.req.hostbased = true;
	ck_assert(!judge());
	end();
}
END_TEST

/* Known for publickey isn't known as a host, and the other way round. */
START_TEST(the_two_methods_know_different_keys)
{
	SCOPED(mem_free_at) char *line = NULL;

	begin();
	a.req.hostbased = false;
	asked_sign(&a, "ed25519");
	ck_assert(!judge());
	line = home_line("", "ca");
	home_write(&h, ".ssh/authorized_keys", 0600, line);
	files_clear(&k.files);
	files_open(&k.files, &h.start);
	asked_clear(&a);
	asked_init(&a, "ca", "ssh-ed25519");
	asked_sign(&a, "ca");
	rep = (struct judge_rep){.allowed = false};
	ck_assert_int_eq(on_judge(&k, &a.req, &rep), OK);
	ck_assert(rep.verified);
	a.req.hostbased = true;
	a.req.client_host = SLICE_STR("host.example");
	a.req.client_user = SLICE_STR("alice");
	asked_sign(&a, "ca");
	ck_assert(!judge());
	keyopts_clear(&k.listed.opts);
	buf_clear(&k.listed.blob);
	buf_clear(&k.listed.at);
	end();
}
END_TEST

START_TEST(its_own_list_of_algorithms)
{
	begin();
	h.conf.pubkey_algorithms = "rsa-sha2-512";
	ck_assert(judge());
	h.conf.hostbased_algorithms = "rsa-sha2-512";
	ck_assert(!judge());
	ck_assert_uint_eq(rep.rule, RULE_HOST_ALGORITHMS);
	ck_assert(home_logged(&h,
	    "userauth_hostbased: signature algorithm ssh-ed25519 not in "
	    "HostbasedAcceptedAlgorithms [preauth]"));
	end();
}
END_TEST

static const struct {
	const char *host, *user;
	bool sane;
} parties[] = {
    {"host.example", "alice", true},
    {"HOST.EXAMPLE", "alice", true},
    {"", "alice", false},
    {".", "alice", false},
    {"host.example..", "alice", false},
    {"host.example,x", "alice", false},
    {"*", "alice", false},
    {"host example", "alice", false},
    {"host.example", "", false},
    {"host.example", "ali ce", false},
    {"host.example", "al\"ice", false},
    {"host.example", "alice\n", false},
};

START_TEST(names_are_words)
{
	begin();
	home_write(&h, ".shosts", 0644, "host.example\nhost.example al\"ice\n");
	a.req.client_host = slice_cstr(parties[_i].host);
	a.req.client_user = slice_cstr(parties[_i].user);
	asked_sign(&a, "ed25519");
	ck_assert(judge() == parties[_i].sane);
	ck_assert(parties[_i].sane || !says(rep.key_text, "alice\n"));
	end();
}
END_TEST

/* Whom the address belongs to, unless the client's word is taken for it. */
START_TEST(the_name_is_the_addresss)
{
	begin();
	h.conf.hostbased_name_from_packet = false;
	ck_assert(!judge());
	ck_assert(home_logged(&h, "userauth_hostbased mismatch: client sends "
				  "host.example, but we resolve 192.0.2.1 to "
				  "192.0.2.1"));
	h.start.host = "host.example";
	ck_assert(judge());
	a.req.client_host = SLICE_STR("whatever");
	asked_sign(&a, "ed25519");
	ck_assert(judge());
	/* the address will do in .shosts, not where keys are known by names */
	ck_assert(judge_rhosts("192.0.2.1\n"));
	h.conf.hostbased_name_from_packet = true;
	ck_assert(!judge());
	end();
}
END_TEST

START_TEST(netgroups_are_asked_for_once)
{
	SCOPED(io_close) int answers = -1;

	begin();
	ck_assert(!judge_rhosts("@a\n"));
	ck_assert_uint_eq(rep.want, WANT_NETGROUPS);
	ck_assert_int_eq(memfile_make("x", SLICE_STR("\1"), &answers), OK);
	a.req.resumed = true;
	a.req.output.fd = dup(answers);
	ck_assert(judge());
	/* without answers, and where the file has changed: nobody knows */
	a.req.output.fd = -1;
	ck_assert(!judge());
	ck_assert_uint_eq(rep.want, WANT_NOTHING);
	a.req.output.fd = dup(answers);
	ck_assert(!judge_rhosts("@b\n"));
	ck_assert_uint_eq(rep.want, WANT_NOTHING);
	end();
}
END_TEST

/* A stranger's request has nobody asked. */
START_TEST(netgroups_are_for_hosts_that_proved_themselves)
{
	begin();
	a.req.sig = SLICE_STR("\0\0\0\13ssh-ed25519\0\0\0\1x");
	ck_assert(!judge_rhosts("@a\n"));
	ck_assert_uint_eq(rep.want, WANT_NOTHING);
	end();
}
END_TEST

START_TEST(a_file_that_is_left_out_is_told_of_when_it_matters)
{
	begin();
	h.conf.strict_modes = true;
	home_write(&h, ".shosts", 0664, "host.example\n");
	files_clear(&k.files);
	files_open(&k.files, &h.start);
	ck_assert(!home_logged(&h, "Rhosts authentication refused"));
	ck_assert(!judge());
	ck_assert(home_logged(&h,
	    "Rhosts authentication refused for alice: bad modes for "));
	ck_assert(says(rep.why, ".shosts was left out"));
	end();
}
END_TEST

static const struct {
	enum conf_rhosts ignore;
	const char *name;
	bool counts;
} ignored[] = {
    {RHOSTS_NO, ".rhosts", true},
    {RHOSTS_NO, ".shosts", true},
    {RHOSTS_SHOSTS_ONLY, ".rhosts", false},
    {RHOSTS_SHOSTS_ONLY, ".shosts", true},
    {RHOSTS_YES, ".rhosts", false},
    {RHOSTS_YES, ".shosts", false},
};

START_TEST(ignorerhosts_says_which_files_count)
{
	begin();
	home_write(&h, ".shosts", 0644, "");
	home_write(&h, ignored[_i].name, 0644, "host.example\n");
	h.conf.ignore_rhosts = ignored[_i].ignore;
	files_clear(&k.files);
	files_open(&k.files, &h.start);
	ck_assert(judge() == ignored[_i].counts);
	if (!ignored[_i].counts)
		ck_assert_uint_eq(rep.rule, RULE_RHOSTS);
	end();
}
END_TEST

TCase *
check_hostbased(void)
{
	TCase *tc = tcase_create("keycheck/hostbased");

	tcase_add_test(tc, a_host_vouches_for_its_user);
	tcase_add_test(tc, every_field_is_signed);
	tcase_add_test(tc, the_two_methods_know_different_keys);
	tcase_add_test(tc, its_own_list_of_algorithms);
	tcase_add_loop_test(tc, names_are_words, 0,
	    sizeof(parties) / sizeof(parties[0]));
	tcase_add_test(tc, the_name_is_the_addresss);
	tcase_add_test(tc, netgroups_are_asked_for_once);
	tcase_add_test(tc, netgroups_are_for_hosts_that_proved_themselves);
	tcase_add_test(tc, a_file_that_is_left_out_is_told_of_when_it_matters);
	tcase_add_loop_test(tc, ignorerhosts_says_which_files_count, 0,
	    sizeof(ignored) / sizeof(ignored[0]));
	return tc;
}
