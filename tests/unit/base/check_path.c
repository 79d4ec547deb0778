#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct path_token tokens[] = {{'h', "/home/alice"}, {'u', "alice"},
    {'n', NULL}, {0, NULL}};

static const struct {
	const char *template;
	enum err err;
	const char *text;
} templates[] = {
    {"", OK, ""},
    {"plain", OK, "plain"},
    {"%h/.ssh/%u", OK, "/home/alice/.ssh/alice"},
    {"%u%u", OK, "alicealice"},
    {"100%%", OK, "100%"},
    {"%%u", OK, "%u"},
    {"[%n]", OK, "[]"},
    {"%", ERR_FORMAT, NULL},
    {"a%", ERR_FORMAT, NULL},
    {"%x", ERR_FORMAT, NULL},
    {"%H", ERR_FORMAT, NULL},
};

START_TEST(replaces_the_tokens_it_knows)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	enum err e = path_expand(templates[_i].template, tokens, &b);

	ck_assert_int_eq(e, templates[_i].err);
	ck_assert(e != OK || slice_is(buf_slice(&b), templates[_i].text));
}
END_TEST

START_TEST(expands_no_further_than_its_limit)
{
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(10);

	ck_assert_int_eq(path_expand("%h", tokens, &b), ERR_TOO_LONG);
}
END_TEST

/*
 * A home with a file: top/home/dir/file, all of it ours. top is one that
 * others may write to, like /tmp itself.
 */
static char top[] = "/tmp/check-path-XXXXXX";
static char real_home[PATH_MAX];
static char why[PATH_MAX];
static int fd;

static const char *
under(const char *name)
{
	static char room[4][PATH_MAX];
	static unsigned int turn;
	char *path = room[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", top, name);
	return path;
}

static void
furnish(void)
{
	memcpy(top, "/tmp/check-path-XXXXXX", sizeof(top));
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(mkdir(under("home"), 0755), 0);
	ck_assert_int_eq(mkdir(under("home/dir"), 0700), 0);
	fd = open(under("home/dir/file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	/* The umask is not ours to rely on. */
	ck_assert_int_eq(chmod(under("home"), 0755), 0);
	ck_assert_int_eq(chmod(top, 01777), 0);
	ck_assert_ptr_nonnull(realpath(under("home"), real_home));
}

static void
clear_out(void)
{
	close(fd);
	unlink(under("link"));
	unlink(under("home/dir/file"));
	rmdir(under("home/dir"));
	rmdir(under("home"));
	rmdir(top);
}

static enum err
verdict(const char *path, const char *home, uid_t uid, bool *directory)
{
	return path_trusted(fd, path, home, uid, why, sizeof(why), directory);
}

START_TEST(trusts_what_nobody_else_can_change)
{
	bool directory = true;

	ck_assert_int_eq(verdict(under("home/dir/file"), under("home"),
			     getuid(), &directory),
	    OK);
}
END_TEST

START_TEST(blames_a_file_that_others_may_write)
{
	bool directory = true;

	ck_assert_int_eq(fchmod(fd, _i == 0 ? 0620 : 0602), 0);
	ck_assert_int_eq(verdict(under("home/dir/file"), under("home"),
			     getuid(), &directory),
	    ERR_DENIED);
	ck_assert(!directory);
	ck_assert(slice_starts(slice_cstr(why), slice_cstr(real_home)));
	ck_assert_ptr_nonnull(strstr(why, "/home/dir/file"));
}
END_TEST

static const char *const above[] = {"home/dir", "home"};

START_TEST(blames_a_directory_that_others_may_write)
{
	const char *path = under(above[_i / 2]);
	char resolved[PATH_MAX];
	bool directory = false;

	ck_assert_int_eq(chmod(path, _i % 2 == 0 ? 0775 : 0757), 0);
	ck_assert_int_eq(verdict(under("home/dir/file"), under("home"),
			     getuid(), &directory),
	    ERR_DENIED);
	ck_assert(directory);
	ck_assert_ptr_nonnull(realpath(path, resolved));
	ck_assert_str_eq(why, resolved);
}
END_TEST

/* Not below home: then the whole way to the root counts, and top is bad. */
START_TEST(looks_up_to_the_root_outside_of_home)
{
	bool directory = false;
	char resolved[PATH_MAX];

	ck_assert_ptr_nonnull(realpath(top, resolved));
	ck_assert_int_eq(verdict(under("home/dir/file"), NULL, getuid(),
			     &directory),
	    ERR_DENIED);
	ck_assert_str_eq(why, resolved);
	ck_assert_int_eq(verdict(under("home/dir/file"), "/nowhere", getuid(),
			     &directory),
	    ERR_DENIED);
	ck_assert_str_eq(why, resolved);
}
END_TEST

START_TEST(trusts_roots_own_files_for_everybody)
{
	bool directory;

	close(fd);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(verdict("/etc/passwd", NULL, 12345, &directory), OK);
}
END_TEST

/* A strange owner's file; root's are trusted, so root gives it away first */
START_TEST(trusts_nobody_elses_file)
{
	uid_t owner = getuid() == 0 ? 4242 : getuid();
	bool directory = true;

	ck_assert_int_eq(fchown(fd, owner, (gid_t)-1), 0);
	ck_assert_int_eq(verdict(under("home/dir/file"), under("home"), owner,
			     &directory),
	    OK);
	ck_assert_int_eq(verdict(under("home/dir/file"), under("home"),
			     owner + 1, &directory),
	    ERR_DENIED);
	ck_assert(!directory);
}
END_TEST

START_TEST(judges_the_real_path_behind_a_link)
{
	bool directory = false;

	ck_assert_int_eq(symlink(under("home/dir"), under("link")), 0);
	ck_assert_int_eq(verdict(under("link/file"), under("home"), getuid(),
			     &directory),
	    OK);
	ck_assert_int_eq(chmod(under("home/dir"), 0777), 0);
	ck_assert_int_eq(verdict(under("link/file"), under("home"), getuid(),
			     &directory),
	    ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(why, "/home/dir"));
}
END_TEST

START_TEST(tells_a_path_that_is_not_there)
{
	bool directory = true;

	ck_assert_int_eq(verdict(under("gone"), under("home"), getuid(),
			     &directory),
	    ERR_SYSTEM);
	ck_assert_str_eq(why, under("gone"));
}
END_TEST

TCase *
check_path(void)
{
	TCase *tc = tcase_create("base/path");

	tcase_add_checked_fixture(tc, furnish, clear_out);
	tcase_add_loop_test(tc, replaces_the_tokens_it_knows, 0,
	    COUNT(templates));
	tcase_add_test(tc, expands_no_further_than_its_limit);
	tcase_add_test(tc, trusts_what_nobody_else_can_change);
	tcase_add_loop_test(tc, blames_a_file_that_others_may_write, 0, 2);
	tcase_add_loop_test(tc, blames_a_directory_that_others_may_write, 0, 4);
	tcase_add_test(tc, looks_up_to_the_root_outside_of_home);
	tcase_add_test(tc, trusts_roots_own_files_for_everybody);
	tcase_add_test(tc, trusts_nobody_elses_file);
	tcase_add_test(tc, judges_the_real_path_behind_a_link);
	tcase_add_test(tc, tells_a_path_that_is_not_there);
	return tc;
}
