#include "client.h"

#include <unistd.h>

START_TEST(a_plain_rename_never_overwrites)
{
	SCOPED(client_clear) struct client c;

	client_init(&c);
	client_put("old", "old");
	client_put("new", "new");
	client_start(&c);
	client_send(&c, FXP_RENAME, "ss", "old", "new");
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	client_holds("new", "new");
	client_send(&c, FXP_RENAME, "ss", "old", "newer");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_holds("newer", "old");
	ck_assert_int_ne(access("old", F_OK), 0);
	client_send(&c, FXP_EXTENDED, "sss", "posix-rename@openssh.com",
	    "newer", "new");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_holds("new", "old");
}
END_TEST

START_TEST(the_target_of_a_symlink_comes_first)
{
	SCOPED(client_clear) struct client c;
	struct rd r;

	client_init(&c);
	client_start(&c);
	client_send(&c, FXP_SYMLINK, "ss", "target", "name");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_READLINK, "s", "name");
	r = client_reply(&c, FXP_NAME);
	ck_assert_uint_eq(rd_u32(&r), 1);
	ck_assert(slice_is(rd_string(&r), "target"));
}
END_TEST

/* Whoever has both names of a file has one file. */
START_TEST(a_hard_link_is_the_same_file)
{
	SCOPED(client_clear) struct client c;
	struct stat a, b;

	client_init(&c);
	client_put("a", "a");
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "sss", "hardlink@openssh.com", "a", "b");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	ck_assert_int_eq(stat("a", &a), 0);
	ck_assert_int_eq(stat("b", &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	client_send(&c, FXP_REMOVE, "s", "a");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_REMOVE, "s", "a");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
	client_holds("b", "a");
}
END_TEST

TCase *
check_links(void)
{
	TCase *tc = tcase_create("links");

	tcase_add_test(tc, a_plain_rename_never_overwrites);
	tcase_add_test(tc, the_target_of_a_symlink_comes_first);
	tcase_add_test(tc, a_hard_link_is_the_same_file);
	return tc;
}
