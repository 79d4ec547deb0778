#include "client.h"

#include <unistd.h>

#define MODE_OF(name)                                                          \
	({                                                                     \
		struct stat st_;                                               \
		ck_assert_int_eq(lstat(name, &st_), 0);                        \
		st_.st_mode & 07777u;                                          \
	})

static void
set_mode(struct client *c, const char *name, unsigned int mode)
{
	client_send(c, FXP_SETSTAT, "suu", name, (unsigned int)ATTR_MODE, mode);
	ck_assert_uint_eq(client_status(c), FX_OK);
}

START_TEST(attributes_are_set_and_the_last_fault_is_told)
{
	SCOPED(client_clear) struct client c;
	struct stat st;

	client_init(&c);
	client_put("file", "hello");
	client_start(&c);
	client_send(&c, FXP_SETSTAT, "suquuu", "file",
	    (unsigned int)(ATTR_SIZE | ATTR_MODE | ATTR_TIMES), (uint64_t)2,
	    0640u, 1000u, 2000u);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	ck_assert_int_eq(stat("file", &st), 0);
	ck_assert_int_eq(st.st_size, 2);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_mtime, 2000);
	client_send(&c, FXP_EXTENDED, "ssuq", "lsetstat@openssh.com", "file",
	    (unsigned int)ATTR_SIZE, (uint64_t)1);
	ck_assert_uint_eq(client_status(&c), FX_BAD_MESSAGE);
	client_holds("file", "he");
}
END_TEST

/* Whether it is named or open, and whatever a client wants. */
START_TEST(a_forced_mode_stays)
{
	SCOPED(client_clear) struct client c;
	uint32_t h;

	client_init(&c);
	c.o.has_file_mode = c.o.has_dir_mode = true;
	c.o.file_mode = 0660;
	c.o.dir_mode = 02770;
	if (_i == 1)
		client_root(&c);
	client_start(&c);
	client_send(&c, FXP_OPEN, "suuu", "f", 2u | 8u, (unsigned int)ATTR_MODE,
	    0600u);
	h = client_handle(&c);
	ck_assert_uint_eq(MODE_OF("f"), 0660);
	set_mode(&c, "f", 0777);
	ck_assert_uint_eq(MODE_OF("f"), 0660);
	client_send(&c, FXP_FSETSTAT, "huu", h, (unsigned int)ATTR_MODE, 0777u);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	ck_assert_uint_eq(MODE_OF("f"), 0660);
	client_send(&c, FXP_MKDIR, "suu", "d", (unsigned int)ATTR_MODE, 0700u);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	ck_assert_uint_eq(MODE_OF("d"), 02770);
	set_mode(&c, "d", 0777);
	ck_assert_uint_eq(MODE_OF("d"), 02770);
}
END_TEST

/* Without -u a client's wish is its own affair. */
START_TEST(a_mask_holds_for_modes_that_are_set)
{
	SCOPED(client_clear) struct client c;

	client_init(&c);
	client_put("f", "");
	c.o.has_umask = _i == 1;
	c.o.umask = 027;
	client_start(&c);
	set_mode(&c, "f", 0777);
	ck_assert_uint_eq(MODE_OF("f"), _i == 1 ? 0750 : 0777);
}
END_TEST

START_TEST(a_link_itself_is_changed_where_that_is_asked_for)
{
	SCOPED(client_clear) struct client c;
	struct stat st;

	client_init(&c);
	client_put("f", "");
	ck_assert_int_eq(symlink("f", "l"), 0);
	if (_i == 1)
		client_root(&c);
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "ssuuu", "lsetstat@openssh.com", "l",
	    (unsigned int)ATTR_TIMES, 1000u, 2000u);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	ck_assert_int_eq(lstat("l", &st), 0);
	ck_assert_int_eq(st.st_mtime, 2000);
	ck_assert_int_eq(lstat("f", &st), 0);
	ck_assert_int_ne(st.st_mtime, 2000);
	set_mode(&c, "l", 0640);
	ck_assert_uint_eq(MODE_OF("f"), 0640);
}
END_TEST

TCase *
check_stat(void)
{
	TCase *tc = tcase_create("stat");

	tcase_add_test(tc, attributes_are_set_and_the_last_fault_is_told);
	tcase_add_loop_test(tc, a_forced_mode_stays, 0, 2);
	tcase_add_loop_test(tc, a_mask_holds_for_modes_that_are_set, 0, 2);
	tcase_add_loop_test(tc,
	    a_link_itself_is_changed_where_that_is_asked_for, 0, 2);
	return tc;
}
