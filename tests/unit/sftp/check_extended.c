#include "client.h"

#include <unistd.h>

START_TEST(limits_are_what_the_server_keeps_to)
{
	SCOPED(client_clear) struct client c;
	struct rd r;

	client_init(&c);
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "s", "limits@openssh.com");
	r = client_reply(&c, FXP_EXTENDED_REPLY);
	ck_assert_uint_eq(rd_u64(&r), SFTP_MESSAGE_MAX);
	ck_assert_uint_eq(rd_u64(&r), SFTP_DATA_MAX);
	ck_assert_uint_eq(rd_u64(&r), SFTP_DATA_MAX);
	ck_assert_uint_gt(rd_u64(&r), 0);
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

START_TEST(a_file_system_is_told)
{
	SCOPED(client_clear) struct client c;
	struct rd r;

	client_init(&c);
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "ss", "statvfs@openssh.com", ".");
	r = client_reply(&c, FXP_EXTENDED_REPLY);
	ck_assert_uint_gt(rd_u64(&r), 0);
	for (int i = 0; i < 10; i++)
		(void)rd_u64(&r);
	ck_assert_int_eq(rd_end(&r), OK);
	client_send(&c, FXP_EXTENDED, "ss", "statvfs@openssh.com", "nosuch");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
}
END_TEST

START_TEST(numbers_become_names_where_there_are_some)
{
	SCOPED(client_clear) struct client c;
	struct slice users, groups;
	struct rd r;

	client_init(&c);
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "suuuu", "users-groups-by-id@openssh.com",
	    8u, getuid(), 0xfffffff0u, 0u);
	r = client_reply(&c, FXP_EXTENDED_REPLY);
	users = rd_string(&r);
	groups = rd_string(&r);
	ck_assert_int_eq(rd_end(&r), OK);
	r = rd_from(users);
	ck_assert(slice_is(rd_string(&r), "joe"));
	ck_assert_uint_eq(rd_string(&r).n, 0);
	ck_assert_int_eq(rd_end(&r), OK);
	ck_assert_uint_eq(groups.n, 0);
}
END_TEST

TCase *
check_extended(void)
{
	TCase *tc = tcase_create("extended");

	tcase_add_test(tc, limits_are_what_the_server_keeps_to);
	tcase_add_test(tc, a_file_system_is_told);
	tcase_add_test(tc, numbers_become_names_where_there_are_some);
	return tc;
}
