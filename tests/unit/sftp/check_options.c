#include "client.h"

#include <string.h>

static enum err
parse(const char *line, struct sftp_options *o)
{
	static char room[256];
	char *argv[32];
	int argc = 0;
	const char *fault;

	strcpy(room, line);
	for (char *at = strtok(room, " "); at != NULL; at = strtok(NULL, " "))
		argv[argc++] = at;
	argv[argc] = NULL;
	return sftp_options_parse(o, argc, argv, &fault);
}

START_TEST(options_say_what_they_say)
{
	struct sftp_options o;

	ck_assert_int_eq(parse("sftp-server -R -u 027 -l VERBOSE -e -f LOCAL3 "
			       "-d /x",
			     &o),
	    OK);
	ck_assert(o.read_only && o.has_umask && o.to_stderr);
	ck_assert_uint_eq(o.umask, 027);
	ck_assert_int_eq(o.level, LEVEL_VERBOSE);
	ck_assert_str_eq(o.start, "/x");
	ck_assert_int_eq(parse("sftp-server -c whatever -Z", &o), OK);
	ck_assert_int_eq(parse("sftp-server -u 8", &o), ERR_CONFIG);
	ck_assert_int_eq(parse("sftp-server -u 1777", &o), ERR_CONFIG);
	ck_assert_int_eq(parse("sftp-server -l loud", &o), ERR_CONFIG);
	ck_assert_int_eq(parse("sftp-server -P nosuch", &o), ERR_CONFIG);
	ck_assert_int_eq(parse("sftp-server -Z", &o), ERR_CONFIG);
}
END_TEST

static bool
refuses(const struct sftp_options *o, const char *name)
{
	for (size_t i = 0; sftp_request_name(i) != NULL; i++)
		if (strcmp(sftp_request_name(i), name) == 0)
			return o->refused[i];
	ck_abort();
}

START_TEST(lists_of_requests_allow_and_refuse)
{
	struct sftp_options o;

	ck_assert_int_eq(parse("sftp-server -P remove,posix-rename", &o), OK);
	ck_assert(refuses(&o, "remove") && refuses(&o, "posix-rename"));
	ck_assert(!refuses(&o, "open") && !refuses(&o, "rename"));
	ck_assert_int_eq(parse("sftp-server -p open,read -P read", &o), OK);
	ck_assert(!refuses(&o, "open"));
	ck_assert(refuses(&o, "read") && refuses(&o, "write"));
}
END_TEST

static void
starts_at(const char *d, const char *expected)
{
	struct sftp_options o = {.start = d};
	SCOPED(mem_free_at) char *path = NULL;
	enum err e = sftp_start(&o, "/home/joe", "joe", 1000, &path);

	ck_assert_int_eq(e, expected == NULL ? ERR_FORMAT : OK);
	if (expected != NULL)
		ck_assert_str_eq(path, expected);
}

START_TEST(the_start_folder_has_tokens)
{
	starts_at(NULL, "/home/joe");
	starts_at("/x/%u/%U/%%", "/x/joe/1000/%");
	starts_at("%d/in", "/home/joe/in");
	starts_at("~/in", "/home/joe/in");
	starts_at("~", "/home/joe");
	starts_at("~ann", "~ann");
	starts_at("/x/%h", NULL);
	starts_at("/x/%", NULL);
}
END_TEST

TCase *
check_options(void)
{
	TCase *tc = tcase_create("options");

	tcase_add_test(tc, options_say_what_they_say);
	tcase_add_test(tc, lists_of_requests_allow_and_refuse);
	tcase_add_test(tc, the_start_folder_has_tokens);
	return tc;
}
