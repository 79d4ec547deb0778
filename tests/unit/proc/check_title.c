#include "children.h"
#include "suite.h"

#include "sallyport/proc/title.h"

#include <sys/prctl.h>

/* The program's own argv, which main isn't given here. */
static int argc;
static char **argv;

static __attribute__((constructor)) void
note_arguments(int count, char **values, char **environment)
{
	(void)environment;
	argc = count;
	argv = values;
}

static bool
cmdline_is(const char *text)
{
	char shown[4096];
	FILE *f = fopen("/proc/self/cmdline", "re");
	size_t n = fread(shown, 1, sizeof(shown) - 1, f);

	fclose(f);
	shown[n] = '\0';
	return strcmp(shown, text) == 0;
}

START_TEST(shows_what_is_set)
{
	char name[16];

	setenv("BEFORE", "kept", 1);
	title_init(argc, argv);
	ck_assert_str_eq(getenv("BEFORE"), "kept");
	title_set("%s", "alice [priv]");
	ck_assert(cmdline_is("sshd: alice [priv]"));
	title_set("b");
	ck_assert(cmdline_is("sshd: b"));
	ck_assert_str_eq(getenv("BEFORE"), "kept");
	ck_assert_ptr_nonnull(getenv("PATH"));
	ck_assert_ptr_nonnull(strstr(argv[0], "check-proc"));
	prctl(PR_GET_NAME, name, 0, 0, 0);
	ck_assert_str_eq(name, "sshd");
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
	char shown[100001];

	memset(shown, 'x', sizeof(shown) - 1);
	shown[sizeof(shown) - 1] = '\0';
	title_init(argc, argv);
	title_set("%s", shown);
	ck_assert(!cmdline_is("sshd: "));
	title_set("short");
	ck_assert(cmdline_is("sshd: short"));
}
END_TEST

START_TEST(does_nothing_without_init)
{
	title_set("nothing");
	ck_assert_ptr_nonnull(strstr(argv[0], "check-proc"));
}
END_TEST

TCase *
check_title(void)
{
	TCase *tc = tcase_create("proc/title");

	tcase_add_test(tc, shows_what_is_set);
	tcase_add_test(tc, cuts_what_is_too_long);
	tcase_add_test(tc, does_nothing_without_init);
	return tc;
}
