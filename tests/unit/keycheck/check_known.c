#include "asked.h"

#include "issued.h"
#include "known.h"

#include "sallyport/base/log.h"

#include <unistd.h>

#define KNOWN ".ssh/known_hosts"

static struct home h;
static struct keycheck k;
static struct asked a;
static struct trial t;

static void
begin(void)
{
	home_init(&h);
	home_capture(&h);
	h.conf.hostbased = true;
	k = (struct keycheck){.common = &h.common,
	    .conn = &h.conn,
	    .start = &h.start};
	asked_init(&a, "ed25519", "ssh-ed25519");
	a.req.hostbased = true;
}

static void
end(void)
{
	files_clear(&k.files);
	buf_clear(&k.why);
	asked_clear(&a);
	home_clear(&h);
}

/* A line of known_hosts; %s of text is the key. */
static char *
line(const char *head, const char *key)
{
	SCOPED(mem_free_at) char *text = home_line("", key);

	return mem_format("%s %s", head, text);
}

static enum known
look(const char *host)
{
	SCOPED(mem_free_at) char *at = NULL;
	enum known found;

	files_clear(&k.files);
	files_open(&k.files, &h.start);
	ck_assert(trial_init(&t, &k, &a.req));
	found = known_look(&t, slice_cstr(host), &at);
	ck_assert((found == KNOWN_NO) == (at == NULL) || found == KNOWN_NO);
	trial_clear(&t);
	return found;
}

START_TEST(by_its_key_and_its_name)
{
	SCOPED(mem_free_at) char *text = NULL;

	begin();
	text = line("host.example", "ed25519");
	home_write(&h, KNOWN, 0644, text);
	ck_assert_int_eq(look("host.example"), KNOWN_YES);
	ck_assert_int_eq(look("other.example"), KNOWN_NO);
	h.conf.ignore_user_known_hosts = true;
	ck_assert_int_eq(look("host.example"), KNOWN_NO);
	h.conf.ignore_user_known_hosts = false;
	h.conf.hostbased = false;
	ck_assert_int_eq(look("host.example"), KNOWN_NO);
	end();
}
END_TEST

START_TEST(what_is_revoked_anywhere_is_revoked)
{
	SCOPED(mem_free_at) char *good = NULL;
	SCOPED(mem_free_at) char *bad = NULL;
	SCOPED(mem_free_at) char *both = NULL;

	begin();
	good = line("host.example", "ed25519");
	bad = line("@revoked *", "ed25519");
	both = mem_format("%s%s", good, bad);
	home_write(&h, KNOWN, 0644, both);
	ck_assert_int_eq(look("host.example"), KNOWN_NOT_ANY_MORE);
	home_write(&h, KNOWN, 0644, good);
	home_write(&h, KNOWN "2", 0644, bad);
	ck_assert_int_eq(look("host.example"), KNOWN_NOT_ANY_MORE);
	home_write(&h, KNOWN, 0644, bad);
	home_write(&h, KNOWN "2", 0644, good);
	ck_assert_int_eq(look("host.example"), KNOWN_NOT_ANY_MORE);
	end();
}
END_TEST

START_TEST(the_old_file_is_for_hosts_of_which_nothing_is_known)
{
	SCOPED(mem_free_at) char *good = NULL;
	SCOPED(mem_free_at) char *other = NULL;
	SCOPED(mem_free_at) char *elsewhere = NULL;

	begin();
	good = line("host.example", "ed25519");
	other = line("host.example", "rsa");
	elsewhere = line("other.example", "rsa");
	home_write(&h, KNOWN "2", 0644, good);
	ck_assert_int_eq(look("host.example"), KNOWN_YES);
	home_write(&h, KNOWN, 0644, elsewhere);
	ck_assert_int_eq(look("host.example"), KNOWN_YES);
	home_write(&h, KNOWN, 0644, other);
	ck_assert_int_eq(look("host.example"), KNOWN_NO);
	end();
}
END_TEST

/* Nobody knows what its end would have said. */
START_TEST(a_file_without_end_knows_nobody)
{
	SCOPED(mem_free_at) char *good = NULL;
	SCOPED(mem_free_at) char *path = NULL;

	begin();
	good = line("host.example", "ed25519");
	home_write(&h, KNOWN, 0644, good);
	path = mem_format("%s/" KNOWN, h.dir);
	ck_assert_int_eq(truncate(path, (off_t)20 << 20), 0);
	ck_assert_int_eq(look("host.example"), KNOWN_UNREADABLE);
	end();
}
END_TEST

START_TEST(a_certificate_by_its_authority)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(mem_free_at) char *plain = NULL;
	SCOPED(mem_free_at) char *ca = NULL;
	SCOPED(mem_free_at) char *no_ca = NULL;
	SCOPED(mem_free_at) char *revoked = NULL;
	struct issued i = ISSUED;

	begin();
	i.kind = CERT_HOST;
	issued_make(&i, &blob);
	a.req.blob = buf_slice(&blob);
	plain = line("*.example", "ed25519");
	ca = line("@cert-authority *.example", "ca");
	no_ca = line("*.example", "ca");
	revoked = mem_format("%s@revoked %s", ca, plain);
	home_write(&h, KNOWN, 0644, plain);
	ck_assert_int_eq(look("host.example"), KNOWN_NO);
	home_write(&h, KNOWN, 0644, no_ca);
	ck_assert_int_eq(look("host.example"), KNOWN_NO);
	home_write(&h, KNOWN, 0644, ca);
	ck_assert_int_eq(look("host.example"), KNOWN_YES);
	home_write(&h, KNOWN, 0644, revoked);
	ck_assert_int_eq(look("host.example"), KNOWN_NOT_ANY_MORE);
	end();
}
END_TEST

TCase *
check_known(void)
{
	TCase *tc = tcase_create("keycheck/known");

	tcase_add_test(tc, by_its_key_and_its_name);
	tcase_add_test(tc, what_is_revoked_anywhere_is_revoked);
	tcase_add_test(tc, the_old_file_is_for_hosts_of_which_nothing_is_known);
	tcase_add_test(tc, a_file_without_end_knows_nobody);
	tcase_add_test(tc, a_certificate_by_its_authority);
	return tc;
}
