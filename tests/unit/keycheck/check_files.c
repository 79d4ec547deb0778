#include "home.h"

#include "files.h"

#include "sallyport/proc/creds.h"

#include <sys/stat.h>
#include <unistd.h>

static struct home h;
static struct files f;

static void
init(void)
{
	home_init(&h);
	home_capture(&h);
}

static void
clear(void)
{
	files_clear(&f);
	home_clear(&h);
}

static void
name_files(const char *first, const char *second)
{
	h.names[0] = first;
	h.names[1] = second;
	h.conf.authorized_keys_files.n = second == NULL ? 1 : 2;
}

static bool
is_file(size_t n, const char *name)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", h.dir, name);

	return n < f.n && strcmp(f.v[n].path, path) == 0;
}

START_TEST(opens_what_there_is_in_order)
{
	home_write(&h, "b", 0600, "two");
	home_write(&h, "a", 0600, "one");
	name_files("b", "a");
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 2);
	ck_assert(is_file(0, "b"));
	ck_assert(is_file(1, "a"));
	ck_assert_uint_eq(f.v[0].size, 3);
}
END_TEST

START_TEST(a_missing_file_is_not_worth_a_line)
{
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 0);
	ck_assert(home_logged(&h, "Could not open user 'alice' authorized "
				  "keys '"));
	buf_reset(&h.lines);
	log_set_level(LEVEL_VERBOSE);
	files_open(&f, &h.start);
	ck_assert_uint_eq(h.lines.n, 0);
}
END_TEST

START_TEST(a_decoy_has_no_files)
{
	home_write(&h, ".ssh/authorized_keys", 0600, "");
	h.start.known = false;
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 0);
}
END_TEST

START_TEST(replaces_tokens)
{
	SCOPED(mem_free_at)
	char *name = mem_format("%lu-alice-%%", (unsigned long)getuid());

	home_write(&h, name, 0600, "");
	name_files("%h/%U-%u-%%", "%U-%u-%%");
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 2);
	ck_assert(is_file(0, name));
	ck_assert(is_file(1, name));
}
END_TEST

START_TEST(an_unknown_token_opens_nothing)
{
	name_files("%x", NULL);
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 0);
	ck_assert(home_logged(&h, "AuthorizedKeysFile %x"));
}
END_TEST

START_TEST(wildcards_are_the_administrators_alone)
{
	home_write(&h, "keys/2", 0600, "");
	home_write(&h, "keys/1", 0600, "");
	home_write(&h, "keys/none", 0600, "");
	h.start.user = "?";
	name_files("keys/[0-9]", "keys/%u*");
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 2);
	ck_assert(is_file(0, "keys/1"));
	ck_assert(is_file(1, "keys/2"));
}
END_TEST

START_TEST(there_is_a_bound)
{
	for (int i = 0; i < FILES_MAX + 10; i++) {
		SCOPED(mem_free_at) char *name = mem_format("keys/%d", i);

		home_write(&h, name, 0600, "");
	}
	name_files("keys/*", "keys/1");
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, FILES_MAX);
	ck_assert(home_logged(&h, "has more than 64 files"));
}
END_TEST

/* It must not wait for somebody to write. */
START_TEST(opens_regular_files_only)
{
	SCOPED(mem_free_at) char *fifo = mem_format("%s/fifo", h.dir);

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	name_files("fifo", "/dev/null");
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 0);
	ck_assert(home_logged(&h, "/fifo' is not a regular file"));
	ck_assert(home_logged(&h, "'/dev/null' is not a regular file"));
}
END_TEST

START_TEST(strict_modes_want_a_file_of_their_own)
{
	home_write(&h, ".ssh/authorized_keys", 0620, "");
	h.conf.strict_modes = true;
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 0);
	ck_assert(home_logged(&h,
	    "Authentication refused: bad ownership or modes for file "));
	ck_assert(home_logged(&h, "/.ssh/authorized_keys"));
	h.conf.strict_modes = false;
	files_clear(&f);
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 1);
}
END_TEST

START_TEST(strict_modes_want_safe_folders)
{
	SCOPED(mem_free_at) char *folder = mem_format("%s/.ssh", h.dir);

	home_write(&h, ".ssh/authorized_keys", 0600, "");
	h.conf.strict_modes = true;
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 1);
	files_clear(&f);
	ck_assert_int_eq(chmod(folder, 0777), 0);
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 0);
	ck_assert(home_logged(&h,
	    "Authentication refused: bad ownership or modes for directory "));
}
END_TEST

/* As root: what the user can't read, nobody reads for them. */
START_TEST(opens_with_the_users_rights)
{
	if (!creds_is_root())
		return;
	home_write(&h, ".ssh/authorized_keys", 0600, "");
	h.start.uid = 65534;
	h.start.gid = 65534;
	files_open(&f, &h.start);
	ck_assert_uint_eq(f.n, 0);
	ck_assert(home_logged(&h, "Permission denied"));
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_uint_eq(getegid(), 0);
}
END_TEST

TCase *
check_files(void)
{
	TCase *tc = tcase_create("keycheck/files");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, opens_what_there_is_in_order);
	tcase_add_test(tc, a_missing_file_is_not_worth_a_line);
	tcase_add_test(tc, a_decoy_has_no_files);
	tcase_add_test(tc, replaces_tokens);
	tcase_add_test(tc, an_unknown_token_opens_nothing);
	tcase_add_test(tc, wildcards_are_the_administrators_alone);
	tcase_add_test(tc, there_is_a_bound);
	tcase_add_test(tc, opens_regular_files_only);
	tcase_add_test(tc, strict_modes_want_a_file_of_their_own);
	tcase_add_test(tc, strict_modes_want_safe_folders);
	tcase_add_test(tc, opens_with_the_users_rights);
	return tc;
}
