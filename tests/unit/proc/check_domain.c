#include "children.h"
#include "suite.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/domain.h"

#include <fcntl.h>
#include <stdlib.h>

static char folder[] = "/tmp/check-domain-XXXXXX";
static char *current;

static void
write_current(struct slice text)
{
	SCOPED(io_close) int fd = -1;

	ck_assert_ptr_nonnull(mkdtemp(strcpy(folder, "/tmp/check-domain-"
						     "XXXXXX")));
	current = mem_format("%s/current", folder);
	fd = open(current, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(io_write_all(fd, text), OK);
}

/* What stands there now; a file, unlike the kernel, keeps what is longer. */
static void
expect(const char *text)
{
	SCOPED(buf_clear) struct buf now = BUF_EMPTY;
	int fd = open(current, O_RDONLY);

	ck_assert_int_eq(io_read_all(fd, 4096, &now), OK);
	ck_assert(slice_starts(buf_slice(&now), slice_cstr(text)));
	io_close(&fd);
	unlink(current);
	rmdir(folder);
	mem_free(take(&current));
}

static const struct {
	const char *now, *next; /* NULL: isn't one, and stays */
} contexts[] = {
    {"system_u:system_r:sshd_t:s0-s0:c0.c1023",
	"system_u:system_r:sftpd_t:s0-s0:c0.c1023"},
    {"system_u:system_r:sshd_t:s0\n", "system_u:system_r:sftpd_t:s0"},
    {"u:r:t", "u:r:sftpd_t"},
    {"kernel", NULL},
    {"u:r", NULL},
    {"u:r:", NULL},
    {"u:r::s0", NULL},
    {":r:t:s0", NULL},
    {"u::t:s0", NULL},
    {"", NULL},
    {"\n", NULL},
};

START_TEST(the_type_alone_is_another)
{
	const char *now = contexts[_i].now, *next = contexts[_i].next;

	write_current(slice_cstr(now));
	ck_assert_int_eq(domain_change(folder, "sftpd_t"),
	    next != NULL ? OK : ERR_FORMAT);
	expect(next != NULL ? next : now);
}
END_TEST

/* The kernel ends its text with a NUL. */
START_TEST(a_final_nul_is_no_part_of_it)
{
	write_current(slice_make("u:r:t:s0", 9));
	ck_assert_int_eq(domain_change(folder, "sftpd_t"), OK);
	expect("u:r:sftpd_t:s0");
}
END_TEST

START_TEST(without_proc_nothing_changes)
{
	ck_assert_int_eq(domain_change("/nowhere", "sftpd_t"), ERR_SYSTEM);
}
END_TEST

/* The kernel's own: where SELinux is off it knows no context, and where it is
 * on, a type that no policy has is refused. */
START_TEST(the_kernel_takes_no_unknown_type)
{
	ck_assert_int_ne(domain_change(DOMAIN_OF_SELF, "no_such_type_t"), OK);
}
END_TEST

TCase *
check_domain(void)
{
	TCase *tc = tcase_create("proc/domain");

	tcase_add_loop_test(tc, the_type_alone_is_another, 0,
	    sizeof(contexts) / sizeof(contexts[0]));
	tcase_add_test(tc, a_final_nul_is_no_part_of_it);
	tcase_add_test(tc, without_proc_nothing_changes);
	tcase_add_test(tc, the_kernel_takes_no_unknown_type);
	return tc;
}
