#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READING 1u
#define WRITING (2u | 8u)

/*
 * The root is "in", with a file and a folder; "secret" lies beside it. Links
 * lead out in every way that there is.
 */
static void
begin(struct client *c)
{
	client_init(c);
	c->o.level = LEVEL_ERROR; /* nobody reads so many lines */
	client_put("secret", "secret");
	ck_assert_int_eq(mkdir("in", 0700), 0);
	ck_assert_int_eq(mkdir("in/d", 0700), 0);
	client_put("in/f", "inside");
	ck_assert_int_eq(symlink("..", "in/up"), 0);
	ck_assert_int_eq(symlink("../secret", "in/out"), 0);
	ck_assert_int_eq(symlink("d/../../secret", "in/far"), 0);
	ck_assert_int_eq(symlink("/", "in/root"), 0);
	ck_assert_int_eq(symlink("/proc/self/root", "in/magic"), 0);
	ck_assert_int_eq(symlink("../f", "in/d/back"), 0);
	ck_assert_int_eq(symlink("f", "in/near"), 0);
	ck_assert_int_eq(chdir("in"), 0);
	client_root(c);
	ck_assert_int_eq(chdir(".."), 0);
	client_start(c);
}

/* Each of these is somewhere else. */
static const char *const outside[] = {"up/secret", "out", "far", "root",
    "root/etc/passwd", "magic", "magic/etc/passwd", "/d/../../secret",
    "d/../../secret", "up/in/f", "d/../up/secret"};
#define OUTSIDE ((int)(sizeof(outside) / sizeof(outside[0])))

/* None of these says more than that it isn't to be had. */
static void
is_denied(struct client *c)
{
	ck_assert_uint_eq(client_status(c), FX_PERMISSION_DENIED);
}

START_TEST(nothing_that_leads_out_is_followed)
{
	SCOPED(client_clear) struct client c;
	const char *path = outside[_i];

	begin(&c);
	client_send(&c, FXP_OPEN, "suu", path, READING, 0);
	is_denied(&c);
	client_send(&c, FXP_OPEN, "suu", path, WRITING, 0);
	is_denied(&c);
	client_send(&c, FXP_STAT, "s", path);
	is_denied(&c);
	client_send(&c, FXP_OPENDIR, "s", path);
	is_denied(&c);
	client_send(&c, FXP_REALPATH, "s", path);
	is_denied(&c);
	client_send(&c, FXP_SETSTAT, "suu", path, (unsigned int)ATTR_MODE,
	    0777u);
	is_denied(&c);
	client_send(&c, FXP_SETSTAT, "suq", path, (unsigned int)ATTR_SIZE,
	    (uint64_t)0);
	is_denied(&c);
	client_send(&c, FXP_EXTENDED, "ss", "statvfs@openssh.com", path);
	is_denied(&c);
	client_send(&c, FXP_EXTENDED, "ss", "expand-path@openssh.com", path);
	is_denied(&c);
	client_holds("secret", "secret");
}
END_TEST

/* Calls on a name: where its folder is elsewhere, all of them. */
START_TEST(no_name_outside_is_changed)
{
	static const char *const folders[] = {"up", "root", "magic", "d/../.."};
	SCOPED(client_clear) struct client c;
	char path[64];

	begin(&c);
	snprintf(path, sizeof(path), "%s/x", folders[_i]);
	client_send(&c, FXP_MKDIR, "su", path, 0);
	is_denied(&c);
	client_send(&c, FXP_SYMLINK, "ss", "f", path);
	is_denied(&c);
	client_send(&c, FXP_RENAME, "ss", "f", path);
	is_denied(&c);
	client_send(&c, FXP_EXTENDED, "sss", "posix-rename@openssh.com", "f",
	    path);
	is_denied(&c);
	client_send(&c, FXP_EXTENDED, "sss", "hardlink@openssh.com", "f", path);
	is_denied(&c);
	snprintf(path, sizeof(path), "%s/secret", folders[_i]);
	client_send(&c, FXP_REMOVE, "s", path);
	is_denied(&c);
	client_send(&c, FXP_RMDIR, "s", path);
	is_denied(&c);
	client_send(&c, FXP_LSTAT, "s", path);
	is_denied(&c);
	client_send(&c, FXP_READLINK, "s", path);
	is_denied(&c);
	client_send(&c, FXP_RENAME, "ss", path, "stolen");
	is_denied(&c);
	client_send(&c, FXP_EXTENDED, "sss", "hardlink@openssh.com", path,
	    "stolen");
	is_denied(&c);
	client_holds("secret", "secret");
	client_holds("in/f", "inside");
}
END_TEST

static void
leads_to(struct client *c, const char *path, const char *real)
{
	struct rd r;

	client_send(c, FXP_REALPATH, "s", path);
	r = client_reply(c, FXP_NAME);
	ck_assert_uint_eq(rd_u32(&r), 1);
	ck_assert(slice_is(rd_string(&r), real));
}

START_TEST(the_root_is_called_so)
{
	static const char *const paths[][2] = {{".", "/"}, {"", "/"},
	    {"/", "/"}, {"/..", "/"}, {"/../../f", "/f"}, {"d/..", "/"},
	    {"d/back", "/f"}, {"near", "/f"}, {"/d//./", "/d"}, {"new", "/new"},
	    {"d/new", "/d/new"}};
	SCOPED(client_clear) struct client c;

	begin(&c);
	leads_to(&c, paths[_i][0], paths[_i][1]);
	client_send(&c, FXP_REALPATH, "s", "none/new");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
}
END_TEST

START_TEST(links_that_stay_inside_are_links)
{
	SCOPED(client_clear) struct client c;
	struct rd r;
	uint32_t h;

	begin(&c);
	client_send(&c, FXP_OPEN, "suu", "/d/back", READING, 0);
	h = client_handle(&c);
	client_send(&c, FXP_READ, "hqu", h, (uint64_t)0, 100u);
	r = client_reply(&c, FXP_DATA);
	ck_assert(slice_is(rd_string(&r), "inside"));
	client_send(&c, FXP_SYMLINK, "ss", "../f", "d/new");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_READLINK, "s", "d/new");
	r = client_reply(&c, FXP_NAME);
	(void)rd_u32(&r);
	ck_assert(slice_is(rd_string(&r), "../f"));
	client_send(&c, FXP_REMOVE, "s", "out"); /* a link that leads out */
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_holds("secret", "secret");
}
END_TEST

START_TEST(links_that_would_lead_out_are_not_made)
{
	static const char *const targets[] = {"/etc/passwd", "../x",
	    "d/../../x", "/f", "root/x"};
	SCOPED(client_clear) struct client c;

	begin(&c);
	client_send(&c, FXP_SYMLINK, "ss", targets[_i], "new");
	is_denied(&c);
	client_send(&c, FXP_LSTAT, "s", "new");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
}
END_TEST

/* A name that ends with a slash is a folder's. */
START_TEST(a_slash_behind_a_name_means_a_folder)
{
	SCOPED(client_clear) struct client c;

	begin(&c);
	client_send(&c, FXP_REMOVE, "s", "f/");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
	client_send(&c, FXP_MKDIR, "su", "new/", 0);
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_RMDIR, "s", "/new//");
	ck_assert_uint_eq(client_status(&c), FX_OK);
	client_send(&c, FXP_RMDIR, "s", "/");
	ck_assert_uint_ne(client_status(&c), FX_OK);
	client_send(&c, FXP_RMDIR, "s", "d/..");
	ck_assert_uint_ne(client_status(&c), FX_OK);
	client_holds("in/f", "inside");
}
END_TEST

/* Homes are told as they are seen from inside. */
START_TEST(a_home_is_the_root)
{
	SCOPED(client_clear) struct client c;
	struct rd r;

	begin(&c);
	client_send(&c, FXP_EXTENDED, "ss", "home-directory", "");
	r = client_reply(&c, FXP_NAME);
	(void)rd_u32(&r);
	ck_assert(slice_is(rd_string(&r), "/"));
	client_send(&c, FXP_EXTENDED, "ss", "home-directory", "ann");
	ck_assert_uint_eq(client_status(&c), FX_FAILURE);
	client_send(&c, FXP_EXTENDED, "ss", "expand-path@openssh.com", "~/f");
	r = client_reply(&c, FXP_NAME);
	(void)rd_u32(&r);
	ck_assert(slice_is(rd_string(&r), "/f"));
	client_send(&c, FXP_EXTENDED, "ss", "expand-path@openssh.com", "~ann");
	ck_assert_uint_eq(client_status(&c), FX_NO_SUCH_FILE);
}
END_TEST

/* Somebody else makes "in/flip" a folder and a link to outside in turns. */
static _Noreturn void
flip(void)
{
	for (;;) {
		(void)rename("in/flip", "in/was");
		(void)rename("in/link", "in/flip");
		(void)rename("in/flip", "in/link");
		(void)rename("in/was", "in/flip");
	}
}

/* However the two run, what is read is "inside", and nothing goes. */
START_TEST(renaming_meanwhile_lets_nobody_out)
{
	SCOPED(client_clear) struct client c;
	pid_t other;

	begin(&c);
	ck_assert_int_eq(mkdir("in/flip", 0700), 0);
	client_put("in/flip/secret", "inside");
	ck_assert_int_eq(symlink("..", "in/link"), 0);
	ck_assert_int_ge(other = fork(), 0);
	if (other == 0)
		flip();
	for (int i = 0; i < 2000; i++) {
		struct stat st;

		client_send(&c, FXP_EXTENDED, "sss", "posix-rename@openssh.com",
		    "flip/secret", "taken");
		if (client_status(&c) != FX_OK)
			continue;
		client_holds("in/taken", "inside");
		client_send(&c, FXP_EXTENDED, "sss", "posix-rename@openssh.com",
		    "taken", "flip/secret");
		while (client_status(&c) != FX_OK)
			client_send(&c, FXP_EXTENDED, "sss",
			    "posix-rename@openssh.com", "taken", "flip/secret");
		ck_assert_int_eq(stat("secret", &st), 0);
	}
	kill(other, SIGKILL);
	ck_assert_int_eq(waitpid(other, NULL, 0), other);
	client_holds("secret", "secret");
}
END_TEST

TCase *
check_place(void)
{
	TCase *tc = tcase_create("place");

	tcase_add_loop_test(tc, nothing_that_leads_out_is_followed, 0, OUTSIDE);
	tcase_add_loop_test(tc, no_name_outside_is_changed, 0, 4);
	tcase_add_loop_test(tc, the_root_is_called_so, 0, 11);
	tcase_add_test(tc, links_that_stay_inside_are_links);
	tcase_add_loop_test(tc, links_that_would_lead_out_are_not_made, 0, 5);
	tcase_add_test(tc, a_slash_behind_a_name_means_a_folder);
	tcase_add_test(tc, a_home_is_the_root);
	tcase_add_test(tc, renaming_meanwhile_lets_nobody_out);
	return tc;
}
