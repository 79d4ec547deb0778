#include "client.h"

#include <string.h>
#include <unistd.h>

#define READING 1u
#define WRITING 2u
#define CREATE  (WRITING | 8u)

static uint32_t
open_file(struct client *c, const char *name, unsigned int flags)
{
	client_send(c, FXP_OPEN, "suu", name, flags, 0);
	return client_handle(c);
}

START_TEST(what_is_written_is_there_and_can_be_read)
{
	SCOPED(client_clear) struct client c;
	struct rd r;
	uint32_t h;

	client_init(&c);
	client_start(&c);
	h = open_file(&c, "new", CREATE | READING);
	client_send(&c, FXP_WRITE, "hqs", h, (uint64_t)0, "hello world");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_WRITE, "hqs", h, (uint64_t)6, "there");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_READ, "hqu", h, (uint64_t)6, 100u);
	r = client_reply(&c, FXP_DATA);
	ck_assert(slice_is(rd_string(&r), "there"));
	client_send(&c, FXP_READ, "hqu", h, (uint64_t)11, 100u);
	ck_assert_uint_eq(client_status(&c), FX_EOF);
	client_send(&c, FXP_CLOSE, "h", h);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_READ, "hqu", h, (uint64_t)0, 100u);
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	client_holds("new", "hello there");
}
END_TEST

START_TEST(appending_doesnt_look_at_offsets)
{
	SCOPED(client_clear) struct client c;
	uint32_t h;

	client_init(&c);
	client_put("log", "one,");
	client_start(&c);
	h = open_file(&c, "log", WRITING | 4);
	client_send(&c, FXP_WRITE, "hqs", h, (uint64_t)0, "two");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_holds("log", "one,two");
}
END_TEST

START_TEST(an_error_has_its_status)
{
	SCOPED(client_clear) struct client c;
	char longest[300];

	client_init(&c);
	client_put("file", "x");
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	memset(longest, 'a', sizeof(longest));
	longest[299] = '\0';
	client_start(&c);
	client_send(&c, FXP_OPEN, "suu", "nosuch", READING, 0);
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
	client_send(&c, FXP_STAT, "s", "file/x");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
	client_send(&c, FXP_STAT, "s", "loop");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
	client_send(&c, FXP_STAT, "s", longest);
	ck_assert_uint_eq(client_status(&c), FX_BAD_MESSAGE);
	client_send(&c, FXP_RMDIR, "s", "file");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
	client_send(&c, FXP_MKDIR, "su", "file", 0);
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	client_send(&c, FXP_OPEN, "suu", "file", CREATE | 32, 0);
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	client_send(&c, FXP_OPEN, "suu", "/proc/self/maps", READING, 0);
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
}
END_TEST

START_TEST(copying_ends_where_it_should)
{
	SCOPED(client_clear) struct client c;
	uint32_t from, to;

	client_init(&c);
	client_put("from", "0123456789");
	client_start(&c);
	from = open_file(&c, "from", READING);
	to = open_file(&c, "to", CREATE);
	client_send(&c, FXP_EXTENDED, "shqqhq", "copy-data", from, (uint64_t)2,
	    (uint64_t)3, to, (uint64_t)0);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_holds("to", "234");
	client_send(&c, FXP_EXTENDED, "shqqhq", "copy-data", from, (uint64_t)8,
	    (uint64_t)0, to, (uint64_t)3);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_holds("to", "23489");
	client_send(&c, FXP_EXTENDED, "shqqhq", "copy-data", from, (uint64_t)8,
	    (uint64_t)9, to, (uint64_t)0);
	ck_assert_uint_eq(client_status(&c), FX_EOF);
	client_send(&c, FXP_EXTENDED, "shqqhq", "copy-data", from, (uint64_t)0,
	    (uint64_t)1, from, (uint64_t)5);
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	client_send(&c, FXP_EXTENDED, "shqqhq", "copy-data", 77u, (uint64_t)0,
	    (uint64_t)1, to, (uint64_t)5);
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
}
END_TEST

TCase *
check_files(void)
{
	TCase *tc = tcase_create("files");

	tcase_add_test(tc, what_is_written_is_there_and_can_be_read);
	tcase_add_test(tc, appending_doesnt_look_at_offsets);
	tcase_add_test(tc, an_error_has_its_status);
	tcase_add_test(tc, copying_ends_where_it_should);
	return tc;
}
