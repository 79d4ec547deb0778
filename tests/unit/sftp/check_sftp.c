#include "client.h"

#include "sallyport/base/io.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(read_only_means_that_nothing_changes)
{
	SCOPED(client_clear) struct client c;

	client_init(&c);
	client_put("file", "x");
	c.o.read_only = true;
	client_start(&c);
	client_send(&c, FXP_REMOVE, "s", "file");
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
	client_send(&c, FXP_OPEN, "suu", "new", 8u | 1u, 0);
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
	client_send(&c, FXP_OPEN, "suu", "file", 1u | 16u, 0);
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
	client_send(&c, FXP_EXTENDED, "sss", "hardlink@openssh.com", "file",
	    "other");
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
	client_send(&c, FXP_EXTENDED, "sss", "posix-rename@openssh.com", "file",
	    "other");
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
	client_send(&c, FXP_MKDIR, "su", "d", 0);
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
	client_holds("file", "x");
	client_send(&c, FXP_OPEN, "suu", "file", 1u, 0);
	(void)client_handle(&c);
}
END_TEST

START_TEST(a_refused_request_leaves_no_trace)
{
	SCOPED(client_clear) struct client c;

	client_init(&c);
	client_put("file", "x");
	for (size_t i = 0; sftp_request_name(i) != NULL; i++)
		c.o.refused[i] = strcmp(sftp_request_name(i), "remove") == 0;
	client_start(&c);
	client_send(&c, FXP_REMOVE, "s", "file");
	ck_assert_uint_eq(client_status(&c), FX_PERMISSION_DENIED);
	client_holds("file", "x");
	client_send(&c, FXP_RENAME, "ss", "file", "other");
	ck_assert_uint_eq(client_status(&c), FX_OK);
}
END_TEST

START_TEST(unknown_extensions_are_answered_unknown_messages_are_not)
{
	SCOPED(client_clear) struct client c;

	client_init(&c);
	client_start(&c);
	client_send(&c, FXP_EXTENDED, "s", "no-such@example.com");
	ck_assert_uint_eq(client_status(&c), FX_OP_UNSUPPORTED);
	client_send(&c, 77, "s", "what?");
	client_send(&c, FXP_STAT, "s", ".");
	(void)client_reply(&c, FXP_ATTRS);
}
END_TEST

START_TEST(what_cant_be_understood_ends_it)
{
	static const struct {
		const char *octets;
		size_t n;
	} bad[] = {{"\0\0\0\5\5\0\0\0\1", 9}, /* READ without fields */
	    {"\0\0\0\7\21\0\0\0\1\0\0", 11},  /* half a string's length */
	    {"\0\5\0\0\1", 5},                /* longer than allowed */
	    {"\0\0\0\1\5", 5},                /* no id */
	    {"\0\0\0\13\21\0\0\0\1\0\0\0\2a\0", 15}}; /* NUL in a path */
	SCOPED(client_clear) struct client c;

	client_init(&c);
	client_start(&c);
	ck_assert_int_eq(io_write_all(c.fd,
			     slice_make(bad[_i].octets, bad[_i].n)),
	    OK);
	ck_assert_int_eq(client_leave(&c), 1);
}
END_TEST

START_TEST(a_client_may_send_much_before_it_reads)
{
	SCOPED(client_clear) struct client c;
	enum { REQUESTS = 64 };
	uint32_t h, first;
	static char large[200001];

	client_init(&c);
	memset(large, 'x', sizeof(large) - 1);
	client_put("file", large);
	client_start(&c);
	client_send(&c, FXP_OPEN, "suu", "file", 1u, 0);
	h = client_handle(&c);
	first = c.id + 1;
	for (int i = 0; i < REQUESTS; i++)
		client_send(&c, FXP_READ, "hqu", h, (uint64_t)0, 200000u);
	c.id = first;
	for (int i = 0; i < REQUESTS; i++, c.id++) {
		struct rd r = client_reply(&c, FXP_DATA);

		ck_assert_uint_eq(rd_string(&r).n, 200000);
	}
	ck_assert_int_eq(client_leave(&c), 0);
}
END_TEST

#define AHEAD 64u

/* The most memory that the server ever had, in KiB */
static unsigned long
peak_of(pid_t pid)
{
	SCOPED(mem_free_at) char *path = mem_format("/proc/%d/status", pid);
	FILE *f = fopen(path, "r");
	unsigned long peak = 0;
	char line[128];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "VmHWM: %lu kB", &peak);
	fclose(f);
	return peak;
}

/* 64 times 255 KiB are asked for before anything is read. */
START_TEST(what_is_asked_for_ahead_is_not_held)
{
	SCOPED(client_clear) struct client c;
	unsigned long before;
	uint32_t h;

	client_init(&c);
	client_put("file", "");
	ck_assert_int_eq(truncate("file", (off_t)AHEAD * SFTP_DATA_MAX), 0);
	client_start(&c);
	client_send(&c, FXP_OPEN, "suu", "file", 1u, 0);
	h = client_handle(&c);
	before = peak_of(c.pid);
	for (unsigned int i = 0; i < AHEAD; i++)
		client_send(&c, FXP_READ, "hqu", h, (uint64_t)i * SFTP_DATA_MAX,
		    262144u);
	c.id -= AHEAD;
	for (unsigned int i = 0; i < AHEAD; i++) {
		struct rd r;

		c.id++;
		r = client_reply(&c, FXP_DATA);
		ck_assert_uint_eq(rd_string(&r).n, SFTP_DATA_MAX);
	}
	/* of all replies together it would be 16 MiB */
	ck_assert_uint_lt(peak_of(c.pid) - before, 4096);
}
END_TEST

START_TEST(what_was_left_open_is_told)
{
	SCOPED(client_clear) struct client c;
	char text[4096] = "";
	size_t n = 0;
	ssize_t got;

	client_init(&c);
	client_put("file\n", "x");
	client_start(&c);
	client_send(&c, FXP_OPEN, "suu", "file\n", 1u, 0);
	(void)client_handle(&c);
	ck_assert_int_eq(client_leave(&c), 0);
	while ((got = read(c.log, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	ck_assert_ptr_nonnull(strstr(text,
	    "session opened for local user joe from [192.0.2.1]\n"));
	ck_assert_ptr_nonnull(
	    strstr(text, "open \"file\\n\" flags READ mode 0666\n"));
	ck_assert_ptr_nonnull(
	    strstr(text, "forced close \"file\\n\" bytes read 0 written 0\n"));
	ck_assert_ptr_nonnull(strstr(text, "session closed for local user"));
}
END_TEST

TCase *
check_sftp(void)
{
	TCase *tc = tcase_create("sftp");

	tcase_add_test(tc, read_only_means_that_nothing_changes);
	tcase_add_test(tc, a_refused_request_leaves_no_trace);
	tcase_add_test(tc,
	    unknown_extensions_are_answered_unknown_messages_are_not);
	tcase_add_loop_test(tc, what_cant_be_understood_ends_it, 0, 5);
	tcase_add_test(tc, a_client_may_send_much_before_it_reads);
	tcase_add_test(tc, what_is_asked_for_ahead_is_not_held);
	tcase_add_test(tc, what_was_left_open_is_told);
	return tc;
}
