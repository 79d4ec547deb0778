#include "desk.h"

#include "sallyport/base/mem.h"

#include <unistd.h>

#define PREFIX "INFO User alice from 192.0.2.7 not allowed because "

/* alice from 192.0.2.7, in groups staff and wheel */
static const struct {
	const char *lines;
	const char *reason; /* NULL: may try */
} lists[] = {
    {"", NULL},
    {"AllowUsers alice\n", NULL},
    {"AllowUsers bob al?ce\n", NULL},
    {"AllowUsers alice@192.0.2.7\n", NULL},
    {"AllowUsers alice@192.0.2.0/24\n", NULL},
    {"AllowUsers alice@192.0.2.*\n", NULL},
    {"AllowUsers bob\nAllowUsers alice\n", NULL},
    {"AllowUsers bob\n", "not listed in AllowUsers"},
    {"AllowUsers Alice\n", "not listed in AllowUsers"},
    {"AllowUsers alice@192.0.3.0/24\n", "not listed in AllowUsers"},
    {"AllowUsers alice !alice@192.0.2.7\n", "not listed in AllowUsers"},
    {"AllowUsers !alice *\n", "not listed in AllowUsers"},
    {"AllowUsers !bob\n", "not listed in AllowUsers"},
    {"DenyUsers bob\n", NULL},
    {"DenyUsers alice\n", "listed in DenyUsers"},
    {"DenyUsers *@192.0.2.0/24\n", "listed in DenyUsers"},
    {"DenyUsers alice\nAllowUsers alice\n", "listed in DenyUsers"},
    {"AllowGroups wheel\n", NULL},
    {"AllowGroups whe* !staff\n", NULL},
    {"AllowGroups other\n", "none of user's groups are listed in AllowGroups"},
    {"AllowGroups !wheel !staff\n",
	"none of user's groups are listed in AllowGroups"},
    {"DenyGroups other\n", NULL},
    {"DenyGroups st?ff\n", "a group is listed in DenyGroups"},
    {"DenyGroups wheel\nAllowGroups staff\n",
	"a group is listed in DenyGroups"},
    {"AllowUsers alice\nAllowGroups other\n",
	"none of user's groups are listed in AllowGroups"},
};
#define NLISTS (sizeof(lists) / sizeof(lists[0]))

START_TEST(lists_say_who_may_try)
{
	SCOPED(mem_free_at) char *line = NULL;
	struct desk d;

	desk_init(&d, lists[_i].lines);
	ck_assert_msg(admit_account(&d.m) == (lists[_i].reason == NULL), "%s",
	    lists[_i].lines);
	if (lists[_i].reason != NULL) {
		line = mem_format(PREFIX "%s", lists[_i].reason);
		ck_assert(desk_logged(&d, line));
	} else {
		ck_assert_uint_eq(d.log.n, 0);
	}
	desk_clear(&d);
}
END_TEST

START_TEST(an_unknown_one_may_not)
{
	struct desk d;

	desk_init(&d, "AllowUsers *\n");
	d.m.account.known = false;
	ck_assert(!admit_account(&d.m));
	ck_assert(desk_logged(&d, "INFO Invalid user alice from 192.0.2.7 port "
				  "4711"));
	desk_clear(&d);
}
END_TEST

START_TEST(an_ordinary_users_daemon_is_for_that_user)
{
	struct desk d;

	desk_init(&d, "");
	d.m.account.uid = getuid() + 1;
	ck_assert(!admit_account(&d.m));
	ck_assert(desk_said(&d, "runs as another ordinary user"));
	desk_clear(&d);
}
END_TEST

START_TEST(the_shell_must_be_there_and_run)
{
	static const struct {
		const char *shell, *line;
	} shells[] = {
	    {"/no/such", "INFO User alice not allowed because shell /no/such "
			 "does not exist"},
	    {"/etc/passwd", "INFO User alice not allowed because shell "
			    "/etc/passwd is not executable"},
	    {"/", "INFO User alice not allowed because shell / is not "
		  "executable"},
	};
	struct desk d;

	desk_init(&d, "");
	d.m.account.shell = mem_strdup(shells[_i].shell);
	ck_assert(!admit_account(&d.m));
	ck_assert(desk_logged(&d, shells[_i].line));
	/* in a ChrootDirectory it's another file */
	d.m.conf.chroot_directory = mem_strdup("/");
	d.log.n = 0;
	(void)admit_account(&d.m);
	ck_assert(!desk_said(&d, "shell"));
	desk_clear(&d);
}
END_TEST

START_TEST(without_groups_no_list_of_groups_is_met)
{
	struct desk d;

	desk_init(&d, "AllowGroups *\n");
	d.m.account.nnames = 0;
	ck_assert(!admit_account(&d.m));
	ck_assert(desk_logged(&d, PREFIX "not in any group"));
	desk_clear(&d);
}
END_TEST

/* method × PermitRootLogin × forced command */
START_TEST(root_comes_as_permitted)
{
	static const char *const methods[] = {"publickey", "password",
	    "keyboard-interactive", "none", "hostbased"};
	static const struct {
		const char *line;
		bool key, forced_key, other;
	} values[] = {
	    {"PermitRootLogin yes\n", true, true, true},
	    {"PermitRootLogin prohibit-password\n", true, true, false},
	    {"PermitRootLogin without-password\n", true, true, false},
	    {"PermitRootLogin forced-commands-only\n", false, true, false},
	    {"PermitRootLogin no\n", false, false, false},
	    {"", true, true, false},
	};
	struct desk d;

	desk_init(&d, values[_i].line);
	d.m.account.uid = 0;
	for (size_t k = 0; k < sizeof(methods) / sizeof(methods[0]); k++) {
		bool key = k == 0 || k == 4;

		ck_assert(admit_root(&d.m, methods[k], false) ==
			  (key ? values[_i].key : values[_i].other));
		ck_assert(admit_root(&d.m, methods[k], true) ==
			  (key ? values[_i].forced_key : values[_i].other));
	}
	ck_assert(admit_root_password(&d.m) == values[_i].other);
	ck_assert(desk_logged(&d, "INFO ROOT LOGIN REFUSED FROM 192.0.2.7 "
				  "port 4711") == !values[_i].other);
	d.m.account.uid = 1000; /* it is about root alone */
	ck_assert(admit_root(&d.m, "password", false));
	ck_assert(admit_root_password(&d.m));
	desk_clear(&d);
}
END_TEST

TCase *
check_admit(void)
{
	TCase *tc = tcase_create("monitor/admit");

	tcase_add_loop_test(tc, lists_say_who_may_try, 0, NLISTS);
	tcase_add_test(tc, an_unknown_one_may_not);
	tcase_add_test(tc, an_ordinary_users_daemon_is_for_that_user);
	tcase_add_loop_test(tc, the_shell_must_be_there_and_run, 0, 3);
	tcase_add_test(tc, without_groups_no_list_of_groups_is_met);
	tcase_add_loop_test(tc, root_comes_as_permitted, 0, 6);
	return tc;
}
