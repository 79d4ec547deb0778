#include "issued.h"

#include "revoked.h"

#include <unistd.h>

static struct home h;
static struct keycheck k;
static struct trial t;
static struct buf blob;
static const char *paths[FILES_MAX + 1];
static char *path;

static void
init(void)
{
	home_init(&h);
	home_capture(&h);
	blob = FIXTURE_BUF;
	k = (struct keycheck){.common = &h.common,
	    .conn = &h.conn,
	    .start = &h.start};
	path = mem_format("%s/revoked", h.dir);
	paths[0] = path;
	h.conf.revoked_keys = (struct conf_list){.v = paths, .n = 1};
}

static void
clear(void)
{
	trial_clear(&t);
	files_clear(&k.files);
	buf_clear(&blob);
	buf_clear(&k.why);
	mem_free(path);
	home_clear(&h);
}

/* With this text in the file: may the key be used? */
static bool
passes(const char *text)
{
	struct judge_req req = {.alg = SLICE_STR("x"), .output.fd = -1};

	if (text != NULL)
		home_write(&h, "revoked", 0644, text);
	files_clear(&k.files);
	files_open(&k.files, &h.start);
	buf_reset(&k.why);
	buf_reset(&h.lines);
	trial_clear(&t);
	req.blob = buf_slice(&blob);
	ck_assert(trial_init(&t, &k, &req));
	ck_assert(revoked_by_none(&t) == (k.why.n == 0));
	return k.why.n == 0;
}

static void
offer(const char *name)
{
	struct issued c = ISSUED;

	buf_reset(&blob);
	if (name == NULL)
		issued_make(&c, &blob);
	else
		fixture_blob(name, &blob);
}

START_TEST(lines_name_keys)
{
	SCOPED(mem_free_at) char *mine = home_line("", "ed25519");
	SCOPED(mem_free_at) char *other = home_line("", "rsa");
	SCOPED(mem_free_at)
	char *both = mem_format("# a comment\n\n \t%s%s", other, mine);

	offer("ed25519");
	ck_assert(passes(""));
	ck_assert(passes(other));
	ck_assert(!passes(both));
	ck_assert(home_logged(&h, "Authentication key ED25519 SHA256:9DECLM"));
	ck_assert(home_logged(&h, " revoked by file /"));
	both[strlen(both) - 1] = '\0'; /* without the last newline */
	ck_assert(!passes(both));
}
END_TEST

/* Of a certificate: its key, its CA, it or another one of that key. */
START_TEST(lines_name_certificates)
{
	SCOPED(mem_free_at) char *key = home_line("", "ed25519");
	SCOPED(mem_free_at) char *ca = home_line("", "ca");
	SCOPED(mem_free_at) char *rsa = home_line("", "rsa");
	SCOPED(mem_free_at) char *cert = home_line("", "ed25519_host-cert");

	offer(NULL);
	ck_assert(passes(rsa));
	ck_assert(!passes(key));
	ck_assert(home_logged(&h, "Authentication key ED25519-CERT SHA256:9D"));
	ck_assert(!passes(ca));
	ck_assert(home_logged(&h, "Authentication key ED25519 SHA256:ENsUQHU"));
	offer("ed25519");
	ck_assert(passes(ca));
	ck_assert(!passes(cert));
}
END_TEST

static const char *const damaged[] = {"rubbish\n", "ssh-ed25519\n",
    "ssh-ed25519 AAAA\n", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==\n",
    "command=\"x\" ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n",
    "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4\n",
    "SSHKRL\n"};

START_TEST(a_damaged_line_revokes_all)
{
	SCOPED(mem_free_at) char *text = mem_format("#\n%s", damaged[_i]);

	offer("rsa");
	ck_assert(!passes(text));
	ck_assert(home_logged(&h, "Error checking authentication key RSA "));
	ck_assert(home_logged(&h, "/revoked: line 2: "));
}
END_TEST

START_TEST(types_that_nobody_has_are_passed_over)
{
	offer("rsa");
	ck_assert(passes("ssh-dss AAAAB3NzaC1kc3MAAAAA old\n"));
}
END_TEST

START_TEST(a_file_that_is_not_there_revokes_all)
{
	offer("rsa");
	ck_assert(!passes(NULL));
	ck_assert(home_logged(&h, "/revoked: No such file or directory"));
	ck_assert(passes(""));
	paths[0] = h.dir;
	ck_assert(!passes(NULL));
	for (size_t i = 0; i <= FILES_MAX; i++)
		paths[i] = path;
	h.conf.revoked_keys.n = FILES_MAX + 1;
	ck_assert(!passes(NULL));
	h.conf.revoked_keys.n = FILES_MAX;
	ck_assert(passes(NULL));
}
END_TEST

START_TEST(each_of_several_files_is_asked)
{
	SCOPED(mem_free_at) char *mine = home_line("", "rsa");
	SCOPED(mem_free_at) char *second = mem_format("%s/second", h.dir);

	offer("rsa");
	paths[1] = second;
	h.conf.revoked_keys.n = 2;
	ck_assert(!passes(""));
	home_write(&h, "second", 0644, "");
	ck_assert(passes(""));
	home_write(&h, "second", 0644, mine);
	ck_assert(!passes(""));
}
END_TEST

TCase *
check_revoked(void)
{
	TCase *tc = tcase_create("keycheck/revoked");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, lines_name_keys);
	tcase_add_test(tc, lines_name_certificates);
	tcase_add_loop_test(tc, a_damaged_line_revokes_all, 0,
	    (int)(sizeof(damaged) / sizeof(damaged[0])));
	tcase_add_test(tc, types_that_nobody_has_are_passed_over);
	tcase_add_test(tc, a_file_that_is_not_there_revokes_all);
	tcase_add_test(tc, each_of_several_files_is_asked);
	return tc;
}
