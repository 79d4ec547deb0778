#include "desk.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * FAKE_SELINUX: tests/system/fake_selinux.c, built. What it is asked and told
 * is in the file "calls" of a folder, a line each.
 */
static char folder[] = "/tmp/check-contexts-XXXXXX";
static char calls[sizeof(folder) + 8], enforce[sizeof(folder) + 8];
static char how_file[sizeof(folder) + 8];

static void
write_file(const char *path, const char *text)
{
	SCOPED(io_close)
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(io_write_all(fd, slice_cstr(text)), OK);
}

static void
make_folder(void)
{
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(calls, sizeof(calls), "%s/calls", folder);
	snprintf(enforce, sizeof(enforce), "%s/enforce", folder);
	snprintf(how_file, sizeof(how_file), "%s/how", folder);
	setenv("FAKE_SELINUX", folder, 1);
}

/* Root's monitor where SELinux is on; how: words for the library. */
static void
begin(struct desk *d, const char *how, bool enforcing)
{
	desk_init(d, "");
	d->common.root = true;
	make_folder();
	write_file(calls, "");
	write_file(enforce, enforcing ? "1" : "0");
	write_file(how_file, how);
	contexts_load(FAKE_SELINUX, enforce);
}

static void
end(struct desk *d)
{
	write_file(how_file, "off");
	contexts_load(FAKE_SELINUX, enforce);
	unlink(calls);
	unlink(enforce);
	unlink(how_file);
	rmdir(folder);
	desk_clear(d);
}

/* Was it called so, by a process of ours? */
static bool
called(const char *line)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	SCOPED(io_close) int fd = open(calls, O_RDONLY);
	SCOPED(mem_free_at)
	char *want = mem_format("%s %u", line, (unsigned int)getuid());
	struct slice rest, one;

	ck_assert_int_eq(io_read_all(fd, 65536, &text), OK);
	rest = buf_slice(&text);
	while (slice_next(&rest, '\n', &one))
		if (slice_is(one, want))
			return true;
	return false;
}

START_TEST(the_account_has_its_context)
{
	struct desk d;

	begin(&d, "", true);
	ck_assert_int_eq(contexts_find(&d.m), OK);
	ck_assert(called("seuser alice"));
	ck_assert_str_eq(d.m.context, "alice_u:default_r:user_t:s0-s0:c0.c9");
	ck_assert_int_eq(contexts_enter(&d.m), OK);
	ck_assert(called("exec alice_u:default_r:user_t:s0-s0:c0.c9"));
	end(&d);
}
END_TEST

START_TEST(a_role_can_be_asked_for)
{
	struct desk d;

	begin(&d, "", true);
	d.m.role = mem_strdup("sysadm_r");
	ck_assert_int_eq(contexts_find(&d.m), OK);
	ck_assert_str_eq(d.m.context, "alice_u:sysadm_r:role_t:s0-s0:c0.c9");
	end(&d);
}
END_TEST

static const struct {
	const char *sent, *user, *role; /* NULL: none */
} names[] = {
    {"alice/sysadm_r", "alice", "sysadm_r"},
    {"alice/sysadm_r:style", "alice", "sysadm_r"},
    {"alice", "alice", NULL},
    {"alice/", "alice/", NULL},
    {"alice/a b", "alice/a b", NULL},
    {"alice/a/b", "alice/a/b", NULL},
    {"alice/\xc3\xa4", "alice/\xc3\xa4", NULL},
    {"", "", NULL},
};

START_TEST(a_role_is_cut_off_the_name)
{
	struct slice user = slice_cstr(names[_i].sent);
	SCOPED(mem_free_at) char *role = NULL;
	struct desk d;

	begin(&d, "", true);
	role = contexts_role(&user);
	ck_assert(slice_is(user, names[_i].user));
	if (names[_i].role != NULL)
		ck_assert_str_eq(role, names[_i].role);
	else
		ck_assert_ptr_null(role);
	end(&d);
}
END_TEST

/* Where there is no SELinux, a name is a name, and nobody is asked. */
START_TEST(without_it_nothing_happens)
{
	struct slice user = SLICE_STR("alice/sysadm_r");
	struct desk d;

	begin(&d, "off", true);
	ck_assert_ptr_null(contexts_role(&user));
	ck_assert(slice_is(user, "alice/sysadm_r"));
	ck_assert_int_eq(contexts_find(&d.m), OK);
	contexts_before_modules(&d.m);
	contexts_after_modules(&d.m);
	ck_assert_int_eq(contexts_enter(&d.m), OK);
	contexts_terminal(&d.m, -1, "pts/0");
	ck_assert_ptr_null(d.m.context);
	ck_assert_uint_eq(d.log.n, 0);
	end(&d);
}
END_TEST

/* An ordinary user's daemon serves its own account, as it is. */
START_TEST(an_ordinary_user_changes_nothing)
{
	struct desk d;

	begin(&d, "", true);
	d.common.root = false;
	ck_assert_int_eq(contexts_find(&d.m), OK);
	ck_assert_ptr_null(d.m.context);
	end(&d);
}
END_TEST

/* No context, no login; and where nothing is enforced, one without it. */
START_TEST(a_failure_binds_who_enforces)
{
	static const struct {
		const char *how, *what;
	} ways[] = {
	    {"no-seuser", "get default SELinux security context"},
	    {"no-context", "get default SELinux security context"},
	    {"no-exec", "set SELinux execution context"},
	};
	bool enforcing = _i % 2 != 0;
	SCOPED(mem_free_at)
	char *line = mem_format("%s Failed to %s for alice%s",
	    enforcing ? "FATAL" : "ERROR", ways[_i / 2].what,
	    enforcing ? " (in enforcing mode)" : "");
	struct desk d;
	enum err e;

	begin(&d, ways[_i / 2].how, enforcing);
	if ((e = contexts_find(&d.m)) == OK)
		e = contexts_enter(&d.m);
	ck_assert_int_eq(e, enforcing ? ERR_DENIED : OK);
	ck_assert(desk_logged(&d, line));
	end(&d);
}
END_TEST

/* SELinux without its library: as above, and who can't tell enforces. */
START_TEST(a_missing_library_is_a_failure)
{
	struct desk d;

	begin(&d, "", _i == 1);
	contexts_load("/nowhere/libselinux.so.1",
	    _i == 2 ? "/nowhere/enforce" : enforce);
	ck_assert(desk_said(&d, "ERROR SELinux: /nowhere/libselinux.so.1"));
	ck_assert_int_eq(contexts_find(&d.m), _i == 0 ? OK : ERR_DENIED);
	ck_assert_ptr_null(d.m.context);
	end(&d);
}
END_TEST

START_TEST(modules_make_keyrings_in_it)
{
	struct desk d;

	begin(&d, "", true);
	ck_assert_int_eq(contexts_find(&d.m), OK);
	contexts_before_modules(&d.m);
	ck_assert(called("keys alice_u:default_r:user_t:s0-s0:c0.c9"));
	ck_assert(!called("keys none"));
	contexts_after_modules(&d.m);
	ck_assert(called("keys none"));
	ck_assert_str_eq(d.m.context, "alice_u:default_r:user_t:s0-s0:c0.c9");
	end(&d);
}
END_TEST

START_TEST(what_a_module_chose_stays)
{
	struct desk d;

	begin(&d, "module", true);
	ck_assert_int_eq(contexts_find(&d.m), OK);
	contexts_after_modules(&d.m);
	ck_assert_str_eq(d.m.context, "module_u:r:t:s0");
	end(&d);
}
END_TEST

START_TEST(keyrings_without_it_are_no_reason_to_refuse)
{
	struct desk d;

	begin(&d, "no-keys", true);
	ck_assert_int_eq(contexts_find(&d.m), OK);
	contexts_before_modules(&d.m);
	ck_assert(desk_said(&d, "ERROR SELinux: keyrings of alice"));
	end(&d);
}
END_TEST

START_TEST(a_terminal_is_relabelled)
{
	struct pty_req req = {.zero = 0};
	struct pty_rep rep = {.master = {-1}};
	struct desk d;

	begin(&d, "", true);
	if (getuid() == 0) { /* who may chown */
		ck_assert_int_eq(contexts_find(&d.m), OK);
		ck_assert_int_eq(on_open_pty(&d.m, &req, &rep), OK);
		ck_assert(rep.ok);
		ck_assert(called("relabel alice_u:default_r:user_t:s0-s0:c0.c9 "
				 "u:object_r:devpts_t:s0 8"));
		ck_assert(called("file tty u:object_r:user_devpts_t:s0"));
		close(rep.master.fd);
	}
	end(&d);
}
END_TEST

/* Then it has the context that it has: the line tells, the login goes on. */
START_TEST(a_terminal_that_stays_as_it_is)
{
	static const char *const ways[] = {"no-class", "no-file", "no-relabel"};
	struct desk d;

	begin(&d, ways[_i], true);
	ck_assert_int_eq(contexts_find(&d.m), OK);
	contexts_terminal(&d.m, 0, "/dev/pts/7");
	ck_assert(desk_said(&d,
	    "ERROR SELinux: /dev/pts/7 has no context of alice: "));
	ck_assert(!called("file tty u:object_r:user_devpts_t:s0"));
	ck_assert(!called("file other u:object_r:user_devpts_t:s0"));
	end(&d);
}
END_TEST

TCase *
check_contexts(void)
{
	TCase *tc = tcase_create("monitor/contexts");

	tcase_add_test(tc, the_account_has_its_context);
	tcase_add_test(tc, a_role_can_be_asked_for);
	tcase_add_loop_test(tc, a_role_is_cut_off_the_name, 0,
	    sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, without_it_nothing_happens);
	tcase_add_test(tc, an_ordinary_user_changes_nothing);
	tcase_add_loop_test(tc, a_failure_binds_who_enforces, 0, 6);
	tcase_add_loop_test(tc, a_missing_library_is_a_failure, 0, 3);
	tcase_add_test(tc, modules_make_keyrings_in_it);
	tcase_add_test(tc, what_a_module_chose_stays);
	tcase_add_test(tc, keyrings_without_it_are_no_reason_to_refuse);
	tcase_add_test(tc, a_terminal_is_relabelled);
	tcase_add_loop_test(tc, a_terminal_that_stays_as_it_is, 0, 3);
	return tc;
}
