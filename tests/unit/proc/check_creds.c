#include "children.h"
#include "suite.h"

#include "sallyport/proc/creds.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const gid_t groups[] = {7, 3, 5};
static const struct creds user = {.uid = 12345,
    .gid = 23456,
    .groups = groups,
    .ngroups = 3};

static bool
has_group(gid_t gid)
{
	gid_t list[64];
	int n = getgroups(64, list);

	for (int i = 0; i < n; i++)
		if (list[i] == gid)
			return true;
	return false;
}

static void
become(int arg)
{
	uid_t r, e, s;

	(void)arg;
	CHILD(creds_is_root());
	CHILD(creds_become(&user) == OK);
	CHILD(!creds_is_root());
	CHILD(getresuid(&r, &e, &s) == 0);
	CHILD(r == 12345 && e == 12345 && s == 12345);
	CHILD(getegid() == 23456);
	CHILD(getgroups(0, NULL) == 3 && has_group(3) && has_group(7));
	CHILD(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
	CHILD(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
	CHILD(creds_become(&user) == OK); /* is it already */
}

START_TEST(becomes_a_user_for_good)
{
	if (getuid() == 0)
		ck_assert(child_ok(child_run(become, 0)));
}
END_TEST

static void
become_without_groups(int arg)
{
	struct creds c = user;

	(void)arg;
	c.ngroups = 0;
	CHILD(setgroups(3, groups) == 0);
	CHILD(creds_become(&c) == OK);
	CHILD(getgroups(0, NULL) == 0);
}

static void
become_with_kept_groups(int arg)
{
	static const gid_t kept[] = {8, 9};
	struct creds c = user;

	(void)arg;
	c.keep_groups = true;
	CHILD(setgroups(2, kept) == 0);
	CHILD(creds_become(&c) == OK);
	CHILD(getgroups(0, NULL) == 2 && has_group(8) && has_group(9));
}

START_TEST(sets_the_groups_or_leaves_them)
{
	if (getuid() != 0)
		return;
	ck_assert(child_ok(child_run(become_without_groups, 0)));
	ck_assert(child_ok(child_run(become_with_kept_groups, 0)));
}
END_TEST

static void
stay_root(int arg)
{
	struct creds c = {.uid = 0, .gid = 0};

	(void)arg;
	CHILD(creds_become(&c) == OK);
	CHILD(creds_is_root());
}

START_TEST(root_may_log_in_as_root)
{
	if (getuid() == 0)
		ck_assert(child_ok(child_run(stay_root, 0)));
}
END_TEST

static void
become_another(int arg)
{
	struct creds same = {.uid = NOBODY, .gid = NOBODY};
	struct creds other = same;

	(void)arg;
	CHILD(child_become_user());
	same.uid = other.uid = getuid();
	same.gid = other.gid = getgid();
	other.uid++;
	CHILD(creds_become(&same) == OK);
	CHILD(creds_become(&other) == ERR_DENIED);
	other = same;
	other.gid++;
	CHILD(creds_become(&other) == ERR_DENIED);
	CHILD(creds_borrow(&other) == OK && creds_return() == OK);
}

START_TEST(a_user_becomes_nobody_else)
{
	ck_assert(child_ok(child_run(become_another, 0)));
}
END_TEST

static void
borrow(int arg)
{
	static const gid_t ours[] = {4};
	int fd;

	(void)arg;
	CHILD(setgroups(1, ours) == 0);
	for (int i = 0; i < 3; i++) {
		CHILD(creds_borrow(&user) == OK);
		CHILD(creds_is_root());
		CHILD(geteuid() == 12345 && getegid() == 23456);
		CHILD(has_group(7) && !has_group(4));
		CHILD(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
		CHILD(creds_return() == OK);
		CHILD(geteuid() == 0 && getegid() == 0);
		CHILD(getgroups(0, NULL) == 1 && has_group(4));
		fd = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
		CHILD(fd >= 0 || errno == ENOENT);
		close(fd);
	}
}

START_TEST(borrows_rights_and_gives_them_back)
{
	if (getuid() == 0)
		ck_assert(child_ok(child_run(borrow, 0)));
}
END_TEST

static void
drop_all(int arg)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	(void)arg;
	CHILD(creds_drop_bounding() == OK);
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		CHILD(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) <= 0);
	CHILD(creds_drop_capabilities() == OK);
	CHILD(syscall(SYS_capget, &head, sets) == 0);
	CHILD(sets[0].permitted == 0 && sets[1].permitted == 0);
	CHILD(creds_drop_bounding() != OK); /* not even that any more */
}

START_TEST(leaves_no_capability_in_any_set)
{
	if (getuid() == 0)
		ck_assert(child_ok(child_run(drop_all, 0)));
}
END_TEST

START_TEST(knows_the_unprivileged_account_or_says_so)
{
	uid_t uid = 0, again = 1;
	gid_t gid;

	ck_assert(creds_unprivileged_name()[0] != '\0');
	if (creds_unprivileged(&uid, &gid) != OK)
		return;
	ck_assert_uint_ne(uid, 0);
	ck_assert_int_eq(creds_unprivileged(&again, &gid), OK);
	ck_assert_uint_eq(uid, again);
}
END_TEST

TCase *
check_creds(void)
{
	TCase *tc = tcase_create("proc/creds");

	tcase_add_test(tc, becomes_a_user_for_good);
	tcase_add_test(tc, sets_the_groups_or_leaves_them);
	tcase_add_test(tc, root_may_log_in_as_root);
	tcase_add_test(tc, a_user_becomes_nobody_else);
	tcase_add_test(tc, borrows_rights_and_gives_them_back);
	tcase_add_test(tc, leaves_no_capability_in_any_set);
	tcase_add_test(tc, knows_the_unprivileged_account_or_says_so);
	return tc;
}
