#include "client.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WRITING 2u
#define CREATE  (WRITING | 8u)
#define TRUNC   16u
#define QUOTA   100u

/* 100 octets, of which ten are there in two names, and a folder. */
static void
begin(struct client *c)
{
	client_init(c);
	client_put("old", "0123456789");
	ck_assert_int_eq(link("old", "other"), 0);
	ck_assert_int_eq(mkdir("d", 0700), 0);
	c->o.quota = QUOTA;
	client_root(c);
	client_start(c);
}

static uint32_t
open_file(struct client *c, const char *name, unsigned int flags)
{
	client_send(c, FXP_OPEN, "suu", name, flags, 0);
	return client_handle(c);
}

/* A write of n octets; its status */
static uint32_t
put(struct client *c, uint32_t h, uint64_t offset, size_t n)
{
	char text[256];

	memset(text, 'x', n);
	text[n] = '\0';
	client_send(c, FXP_WRITE, "hqs", h, offset, text);
	return client_status(c);
}

/* There is room for n octets more, and for no other. */
static void
has_room_for(struct client *c, unsigned int n)
{
	uint32_t h = open_file(c, "probe", CREATE);

	ck_assert_uint_eq(put(c, h, 0, n + 1), FX_FAILURE);
	ck_assert_uint_eq(put(c, h, 0, n), FX_OK);
	client_send(c, FXP_CLOSE, "h", h);
	ck_assert_uint_eq(client_status(c), FX_OK);
	client_send(c, FXP_REMOVE, "s", "probe");
	ck_assert_uint_eq(client_status(c), FX_OK);
}

static void
works(struct client *c)
{
	ck_assert_uint_eq(client_status(c), FX_OK);
}

START_TEST(a_file_of_two_names_counts_once)
{
	SCOPED(client_clear) struct client c;

	begin(&c);
	has_room_for(&c, 90);
	client_send(&c, FXP_REMOVE, "s", "old");
	works(&c);
	has_room_for(&c, 90);
	client_send(&c, FXP_REMOVE, "s", "other");
	works(&c);
	has_room_for(&c, 100);
}
END_TEST

START_TEST(holes_count_and_what_is_overwritten_doesnt)
{
	SCOPED(client_clear) struct client c;
	uint32_t h;

	begin(&c);
	h = open_file(&c, "new", CREATE);
	ck_assert_uint_eq(put(&c, h, 49, 1), FX_OK);
	has_room_for(&c, 40);
	ck_assert_uint_eq(put(&c, h, 0, 50), FX_OK);
	has_room_for(&c, 40);
	ck_assert_uint_eq(put(&c, h, 90, 1), FX_FAILURE);
	client_send(&c, FXP_FSETSTAT, "huq", h, (unsigned int)ATTR_SIZE,
	    (uint64_t)91);
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	client_send(&c, FXP_FSETSTAT, "huq", h, (unsigned int)ATTR_SIZE,
	    (uint64_t)20);
	works(&c);
	has_room_for(&c, 70);
	client_send(&c, FXP_SETSTAT, "suq", "new", (unsigned int)ATTR_SIZE,
	    (uint64_t)90);
	works(&c);
	ck_assert_uint_eq(put(&c, h, 0, 90), FX_OK);
	ck_assert_uint_eq(put(&c, h, 90, 1), FX_FAILURE);
	(void)open_file(&c, "new", CREATE | TRUNC);
	has_room_for(&c, 90);
}
END_TEST

START_TEST(what_is_appended_counts_from_the_end)
{
	SCOPED(client_clear) struct client c;
	uint32_t h;

	begin(&c);
	h = open_file(&c, "new", CREATE | 4);
	ck_assert_uint_eq(put(&c, h, 0, 60), FX_OK);
	ck_assert_uint_eq(put(&c, h, 0, 31), FX_FAILURE);
	ck_assert_uint_eq(put(&c, h, 0, 30), FX_OK);
}
END_TEST

/* One that is open keeps its octets until it is closed. */
START_TEST(what_is_removed_is_free_once_it_is_closed)
{
	SCOPED(client_clear) struct client c;
	uint32_t h;

	begin(&c);
	h = open_file(&c, "new", CREATE);
	ck_assert_uint_eq(put(&c, h, 0, 50), FX_OK);
	client_send(&c, FXP_REMOVE, "s", "new");
	works(&c);
	has_room_for(&c, 40);
	ck_assert_uint_eq(put(&c, h, 50, 41), FX_FAILURE);
	client_send(&c, FXP_CLOSE, "h", h);
	works(&c);
	has_room_for(&c, 90);
}
END_TEST

START_TEST(what_a_rename_replaces_is_free)
{
	SCOPED(client_clear) struct client c;
	uint32_t h;

	begin(&c);
	h = open_file(&c, "new", CREATE);
	ck_assert_uint_eq(put(&c, h, 0, 50), FX_OK);
	client_send(&c, FXP_CLOSE, "h", h);
	works(&c);
	client_send(&c, FXP_EXTENDED, "sss", "posix-rename@openssh.com", "new",
	    "new");
	works(&c);
	has_room_for(&c, 40);
	h = open_file(&c, "d/newer", CREATE);
	ck_assert_uint_eq(put(&c, h, 0, 20), FX_OK);
	client_send(&c, FXP_CLOSE, "h", h);
	works(&c);
	client_send(&c, FXP_EXTENDED, "sss", "posix-rename@openssh.com",
	    "d/newer", "new");
	works(&c);
	has_room_for(&c, 70);
}
END_TEST

START_TEST(copying_ends_where_the_quota_does)
{
	SCOPED(client_clear) struct client c;
	uint32_t from, to;
	struct stat st;

	begin(&c);
	from = open_file(&c, "old", 1u);
	to = open_file(&c, "new", CREATE);
	client_send(&c, FXP_EXTENDED, "shqqhq", "copy-data", from, (uint64_t)0,
	    (uint64_t)0, to, (uint64_t)85);
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	ck_assert_int_eq(stat("new", &st), 0);
	ck_assert_int_eq(st.st_size, 90);
	has_room_for(&c, 0);
}
END_TEST

START_TEST(free_space_is_what_the_quota_leaves)
{
	SCOPED(client_clear) struct client c;
	uint64_t unit, left;
	struct rd r;

	client_init(&c);
	c.o.quota = (uint64_t)1 << 20;
	client_put("f", "x");
	client_root(&c);
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "ss", "statvfs@openssh.com", "/");
	r = client_reply(&c, FXP_EXTENDED_REPLY);
	(void)rd_u64(&r);
	unit = rd_u64(&r);
	ck_assert_uint_eq(rd_u64(&r), ((uint64_t)1 << 20) / unit);
	left = (((uint64_t)1 << 20) - 1) / unit;
	ck_assert_uint_le(rd_u64(&r), left);
	ck_assert_uint_le(rd_u64(&r), left);
}
END_TEST

/* Too deep to be counted: it may be read and removed, but nothing added. */
START_TEST(what_cant_be_counted_is_too_much)
{
	SCOPED(client_clear) struct client c;
	int fd = AT_FDCWD;
	uint32_t h;

	client_init(&c);
	for (int i = 0; i < 140; i++) {
		ck_assert_int_eq(mkdirat(fd, "d", 0700), 0);
		ck_assert_int_ge(fd = openat(fd, "d", O_PATH), 0);
	}
	client_put("f", "x");
	c.o.quota = QUOTA;
	client_root(&c);
	client_start(&c);
	h = open_file(&c, "f", WRITING);
	ck_assert_uint_eq(put(&c, h, 0, 1), FX_OK);
	ck_assert_uint_eq(put(&c, h, 1, 1), FX_FAILURE);
}
END_TEST

TCase *
check_quota(void)
{
	TCase *tc = tcase_create("quota");

	tcase_add_test(tc, a_file_of_two_names_counts_once);
	tcase_add_test(tc, holes_count_and_what_is_overwritten_doesnt);
	tcase_add_test(tc, what_is_appended_counts_from_the_end);
	tcase_add_test(tc, what_is_removed_is_free_once_it_is_closed);
	tcase_add_test(tc, what_a_rename_replaces_is_free);
	tcase_add_test(tc, copying_ends_where_the_quota_does);
	tcase_add_test(tc, free_space_is_what_the_quota_leaves);
	tcase_add_test(tc, what_cant_be_counted_is_too_much);
	return tc;
}
