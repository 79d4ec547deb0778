#include "children.h"
#include "suite.h"

#include "sallyport/proc/chroot.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A folder of root's, not below one that is anybody's, as /tmp is */
static char base[64];

static void
make_base(void)
{
	snprintf(base, sizeof(base), "/var/chroot-check.XXXXXX");
	if (getuid() != 0 || mkdtemp(base) == NULL)
		base[0] = '\0';
	else
		ck_assert_int_eq(chmod(base, 0755), 0);
}

static void
remove_base(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	if (base[0] != '\0')
		ck_assert_int_eq(system(command), 0);
}

static const char *
below(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", base, name);
	return path;
}

static void
folder(const char *name, mode_t mode, uid_t owner)
{
	const char *path = below(name);

	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	ck_assert_int_eq(chown(path, owner, 0), 0);
}

static void
link_to(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, below(name)), 0);
}

static void
furnish(void)
{
	make_base();
	if (base[0] == '\0')
		return;
	folder("jail", 0755, 0);
	folder("jail/in", 0755, 0);
	folder("grouped", 0775, 0);
	folder("grouped/in", 0755, 0);
	folder("open", 0757, 0);
	folder("open/in", 0755, 0);
	folder("users", 0755, NOBODY);
	folder("users/in", 0755, 0);
	link_to("jail/in", "near");
	link_to("../jail/in/..", "jail/back");
	link_to(below("jail"), "far");
	link_to("users/in", "astray");
	link_to("loop", "loop");
	link_to("/etc/passwd", "file");
	link_to("far//./in/", "slashes");
}

struct way {
	const char *name;
	enum err e;
	int error;         /* errno of ERR_SYSTEM */
	const char *fault; /* behind base */
	bool above;
};

static const struct way ways[] = {
    {"jail", OK, 0, "jail", false},
    {"jail/in", OK, 0, "jail/in", false},
    {"near", OK, 0, "jail/in", false},
    {"slashes", OK, 0, NULL, false},
    {"jail/back", OK, 0, NULL, false},
    {"far", OK, 0, NULL, false},
    {"grouped", ERR_DENIED, 0, "grouped", false},
    {"grouped/in", ERR_DENIED, 0, "grouped/", true},
    {"open/in", ERR_DENIED, 0, "open/", true},
    {"users", ERR_DENIED, 0, "users", false},
    {"users/in", ERR_DENIED, 0, "users/", true},
    /* what a link leads through counts, too */
    {"astray", ERR_DENIED, 0, "users/", true},
    {"loop", ERR_SYSTEM, ELOOP, NULL, false},
    {"file", ERR_SYSTEM, ENOTDIR, NULL, false},
    {"none", ERR_SYSTEM, ENOENT, "none", false},
    {"none/in", ERR_SYSTEM, ENOENT, "none/", true},
};

/* Entered is what was meant: the same directory, and it is "/" and ".". */
static void
try_way(int i)
{
	const struct way *w = &ways[i];
	struct chroot_fault fault;
	struct stat meant, root, here;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", below(w->name));
	CHILD(w->e != OK || stat(path, &meant) == 0);
	CHILD(chroot_enter(path, &fault) == w->e);
	CHILD(w->e != ERR_SYSTEM || errno == w->error);
	CHILD(w->fault == NULL || strcmp(fault.path, below(w->fault)) == 0);
	CHILD(w->fault == NULL || fault.above == w->above);
	CHILD(stat("/", &root) == 0 && stat(".", &here) == 0);
	if (w->e == OK)
		CHILD(
		    root.st_ino == meant.st_ino && here.st_ino == meant.st_ino);
}

START_TEST(enters_what_is_roots_alone_and_nothing_else)
{
	if (base[0] != '\0') /* needs root */
		ck_assert(child_ok(child_run(try_way, _i)));
}
END_TEST

START_TEST(wants_an_absolute_path)
{
	struct chroot_fault fault;

	ck_assert(chroot_enter("srv", &fault) == ERR_FORMAT);
	ck_assert(chroot_enter("", &fault) == ERR_FORMAT);
	ck_assert(chroot_enter("~/x", &fault) == ERR_FORMAT);
}
END_TEST

static void
try_as_user(int arg)
{
	struct chroot_fault fault;

	(void)arg;
	CHILD(getuid() != 0 || setuid(NOBODY) == 0);
	CHILD(chroot_enter("/", &fault) == ERR_SYSTEM && errno == EPERM);
}

START_TEST(needs_the_right_to)
{
	ck_assert(child_ok(child_run(try_as_user, 0)));
}
END_TEST

TCase *
check_chroot(void)
{
	TCase *tc = tcase_create("proc/chroot");

	/* by the parent of all: whatever fails, it is removed */
	tcase_add_unchecked_fixture(tc, furnish, remove_base);
	tcase_add_loop_test(tc, enters_what_is_roots_alone_and_nothing_else, 0,
	    (int)(sizeof(ways) / sizeof(ways[0])));
	tcase_add_test(tc, wants_an_absolute_path);
	tcase_add_test(tc, needs_the_right_to);
	return tc;
}
