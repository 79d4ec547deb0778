#include "client.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How many entries a folder is said to have, and how many replies it took. */
static unsigned int
list(struct client *c, const char *path, unsigned int *replies)
{
	unsigned int n = 0, here;
	uint32_t h;

	client_send(c, FXP_OPENDIR, "s", path);
	h = client_handle(c);
	for (*replies = 0;; ++*replies) {
		struct rd r;

		client_send(c, FXP_READDIR, "h", h);
		r = client_reply(c,
		    *replies * 100 < 252 ? FXP_NAME : FXP_STATUS);
		if (*replies * 100 >= 252)
			break;
		here = rd_u32(&r);
		ck_assert_uint_gt(here, 0);
		for (unsigned int i = 0; i < here; i++, n++) {
			(void)rd_string(&r);
			(void)rd_string(&r);
			(void)attrs_read(&r);
		}
		ck_assert_int_eq(rd_end(&r), OK);
	}
	client_send(c, FXP_CLOSE, "h", h);
	ck_assert_uint_eq(client_status(c), FX_OK);
	return n;
}

START_TEST(a_folder_is_told_whole_and_in_pieces)
{
	SCOPED(client_clear) struct client c;
	unsigned int replies;
	char name[32];

	client_init(&c);
	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		client_put(name, "");
	}
	client_start(&c);
	ck_assert_uint_eq(list(&c, ".", &replies), 252);
	ck_assert_uint_eq(replies, 3);
}
END_TEST

START_TEST(a_line_of_ls_has_all_its_fields)
{
	SCOPED(client_clear) struct client c;
	SCOPED(mem_free_at) char *line = NULL;
	char mode[16], user[16], month[8], year[8], name[64];
	unsigned long links, size;
	struct timespec old[2] = {{0}, {.tv_sec = 1000000000}};
	struct rd r;
	int day;

	client_init(&c);
	ck_assert_int_eq(mkdir("d", 0700), 0);
	client_put("d/f x", "12345");
	ck_assert_int_eq(chmod("d/f x", 06751), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, "d/f x", old, 0), 0);
	client_start(&c);
	client_send(&c, FXP_OPENDIR, "s", "d");
	client_send(&c, FXP_READDIR, "h", client_handle(&c));
	r = client_reply(&c, FXP_NAME);
	for (uint32_t n = rd_u32(&r); n > 0; n--) {
		bool it = slice_is(rd_string(&r), "f x");
		struct slice text = rd_string(&r);

		(void)attrs_read(&r);
		if (it)
			line = mem_text(text);
	}
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line,
			     "%15s %lu %15s %*s %lu %7s %d %7s %63[^\n]", mode,
			     &links, user, &size, month, &day, year, name),
	    8);
	ck_assert_str_eq(mode, "-rwsr-s--x");
	ck_assert_str_eq(user, "joe");
	ck_assert_uint_eq(size, 5);
	ck_assert_str_eq(year, "2001");
	ck_assert_str_eq(name, "f x");
}
END_TEST

static void
resolves(struct client *c, const char *path, const char *expected)
{
	SCOPED(mem_free_at)
	char *whole = expected[0] == '/' && expected[1] == '\0'
			  ? mem_strdup("/")
			  : mem_format("%s%s", c->dir, expected);
	struct rd r;

	client_send(c, FXP_REALPATH, "s", path);
	r = client_reply(c, FXP_NAME);
	ck_assert_uint_eq(rd_u32(&r), 1);
	ck_assert(slice_is(rd_string(&r), whole));
}

START_TEST(a_path_leads_somewhere_or_could)
{
	SCOPED(client_clear) struct client c;

	client_init(&c);
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(symlink("d", "s"), 0);
	client_start(&c);
	resolves(&c, "", "");
	resolves(&c, ".", "");
	resolves(&c, "/", "/");
	resolves(&c, "s/../d/.", "/d");
	resolves(&c, "d/new", "/d/new");
	resolves(&c, "new", "/new");
	client_send(&c, FXP_REALPATH, "s", "nosuch/new");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
}
END_TEST

START_TEST(a_tilde_is_the_start_or_a_home)
{
	SCOPED(client_clear) struct client c;
	struct rd r;

	client_init(&c);
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "ss", "expand-path@openssh.com", "~/x");
	r = client_reply(&c, FXP_NAME);
	(void)rd_u32(&r);
	ck_assert(slice_starts(rd_string(&r), slice_cstr(c.dir)));
	client_send(&c, FXP_EXTENDED, "ss", "expand-path@openssh.com",
	    "~ann/etc");
	r = client_reply(&c, FXP_NAME);
	(void)rd_u32(&r);
	ck_assert(slice_is(rd_string(&r), "/etc"));
	client_send(&c, FXP_EXTENDED, "ss", "expand-path@openssh.com", "~bob");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
}
END_TEST

TCase *
check_dirs(void)
{
	TCase *tc = tcase_create("dirs");

	tcase_add_test(tc, a_folder_is_told_whole_and_in_pieces);
	tcase_add_test(tc, a_line_of_ls_has_all_its_fields);
	tcase_add_test(tc, a_path_leads_somewhere_or_could);
	tcase_add_test(tc, a_tilde_is_the_start_or_a_home);
	return tc;
}
