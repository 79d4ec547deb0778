#include "client.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PUT (2u | 8u | 16u) /* WRITE, CREAT, TRUNC */

static void
begin(struct client *c, bool rooted)
{
	client_init(c);
	c->o.atomic = true;
	client_put("old", "old");
	ck_assert_int_eq(chmod("old", 0604), 0);
	if (rooted)
		client_root(c);
	client_start(c);
}

static uint32_t
put(struct client *c, const char *name, unsigned int flags, const char *text)
{
	uint32_t h;

	client_send(c, FXP_OPEN, "suu", name, flags, 0);
	h = client_handle(c);
	client_send(c, FXP_WRITE, "hqs", h, (uint64_t)0, text);
	ck_assert_uint_eq(client_status(c), FX_OK);
	return h;
}

static void
ends_with(struct client *c, uint32_t h, enum status status)
{
	client_send(c, FXP_CLOSE, "h", h);
	ck_assert_uint_eq(client_status(c), status);
}

/* How many names the folder has, "." and ".." aside */
static int
names(void)
{
	DIR *d = opendir(".");
	int n = -2;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

START_TEST(the_old_file_is_there_until_the_new_one_is_whole)
{
	SCOPED(client_clear) struct client c;
	struct stat st;
	uint32_t h;

	begin(&c, _i == 1);
	h = put(&c, "old", PUT, "newer");
	client_holds("old", "old");
	ends_with(&c, h, FX_OK);
	client_holds("old", "newer");
	ck_assert_int_eq(stat("old", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0604);
	h = put(&c, "new", PUT, "new");
	ck_assert_int_ne(access("new", F_OK), 0);
	ends_with(&c, h, FX_OK);
	client_holds("new", "new");
	ck_assert_int_eq(names(), 2);
}
END_TEST

START_TEST(a_client_that_leaves_changes_nothing)
{
	SCOPED(client_clear) struct client c;

	begin(&c, _i == 1);
	(void)put(&c, "old", PUT, "newer");
	(void)put(&c, "new", PUT, "new");
	ck_assert_int_eq(names(), 3);
	ck_assert_int_eq(client_leave(&c), 0);
	client_holds("old", "old");
	ck_assert_int_eq(names(), 1);
}
END_TEST

START_TEST(kill_leaves_the_old_file_whole)
{
	SCOPED(client_clear) struct client c;

	begin(&c, false);
	(void)put(&c, "old", PUT, "newer");
	ck_assert_int_eq(kill(c.pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(c.pid, NULL, 0), c.pid);
	c.pid = 0;
	close(c.fd);
	client_holds("old", "old");
}
END_TEST

/* sshfs asks by name for what it has just opened. */
START_TEST(attributes_by_name_are_the_new_files)
{
	SCOPED(client_clear) struct client c;
	struct attrs a;
	struct stat st;
	struct rd r;
	uint32_t h;

	begin(&c, _i == 1);
	h = put(&c, "new", PUT, "12345");
	for (unsigned int type = FXP_LSTAT; type <= FXP_STAT;
	     type += FXP_STAT - FXP_LSTAT) {
		client_send(&c, type, "s", "./new");
		r = client_reply(&c, FXP_ATTRS);
		a = attrs_read(&r);
		ck_assert_uint_eq(a.size, 5);
	}
	client_send(&c, FXP_SETSTAT, "suu", "new", (unsigned int)ATTR_MODE,
	    0640u);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	ends_with(&c, h, FX_OK);
	ck_assert_int_eq(stat("new", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
}
END_TEST

/* To go on, to append, to take a lock; through a link; to one of two names. */
START_TEST(other_files_are_written_in_place)
{
	static const struct {
		const char *name;
		unsigned int flags;
	} cases[] = {{"old", 2u}, {"old", 2u | 8u}, {"old", PUT | 4u},
	    {"lock", 2u | 8u | 16u | 32u}, {"link", PUT}, {"two", PUT},
	    {"locked/file", PUT}};
	SCOPED(client_clear) struct client c;
	struct stat was, st;
	uint32_t h;

	client_init(&c);
	c.o.atomic = true;
	client_put("old", "old");
	client_put("one", "one");
	ck_assert_int_eq(link("one", "two"), 0);
	ck_assert_int_eq(symlink("old", "link"), 0);
	ck_assert_int_eq(mkdir("locked", 0700), 0);
	client_put("locked/file", "file");
	ck_assert_int_eq(chmod("locked", getuid() == 0 ? 0700 : 0500), 0);
	if (getuid() == 0 && _i == 6)
		return; /* root may make files there */
	client_start(&c);
	was = (struct stat){.st_ino = 0};
	(void)stat(cases[_i].name, &was);
	h = put(&c, cases[_i].name, cases[_i].flags, "new");
	ck_assert_int_eq(stat(cases[_i].name, &st), 0);
	ck_assert_int_ge(st.st_size, 3);
	ends_with(&c, h, FX_OK);
	ck_assert_int_eq(stat(cases[_i].name, &st), 0);
	if (was.st_ino != 0)
		ck_assert_uint_eq(st.st_ino, was.st_ino);
	(void)chmod("locked", 0700);
}
END_TEST

/* What couldn't be written isn't what was sent. */
START_TEST(a_write_that_failed_keeps_the_old_file)
{
	SCOPED(client_clear) struct client c;
	uint32_t h;

	client_init(&c);
	c.o.atomic = true;
	c.o.quota = 10;
	client_put("old", "old");
	client_root(&c);
	client_start(&c);
	h = put(&c, "old", PUT, "newer");
	client_send(&c, FXP_WRITE, "hqs", h, (uint64_t)5, "and longer");
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	ends_with(&c, h, FX_FAILURE);
	client_holds("old", "old");
	ck_assert_int_eq(names(), 1);
	h = put(&c, "old", PUT, "1234567"); /* what failed is free again */
	ends_with(&c, h, FX_OK);
	client_holds("old", "1234567");
}
END_TEST

TCase *
check_upload(void)
{
	TCase *tc = tcase_create("upload");

	tcase_add_loop_test(tc,
	    the_old_file_is_there_until_the_new_one_is_whole, 0, 2);
	tcase_add_loop_test(tc, a_client_that_leaves_changes_nothing, 0, 2);
	tcase_add_test(tc, kill_leaves_the_old_file_whole);
	tcase_add_loop_test(tc, attributes_by_name_are_the_new_files, 0, 2);
	tcase_add_loop_test(tc, other_files_are_written_in_place, 0, 7);
	tcase_add_test(tc, a_write_that_failed_keeps_the_old_file);
	return tc;
}
