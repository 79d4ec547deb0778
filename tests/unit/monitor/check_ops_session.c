#include "desk.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct pty_rep
ask_pty(struct desk *d)
{
	struct pty_req req = {.zero = 0};
	struct pty_rep rep = {.master = {-1}};

	ck_assert_int_eq(on_open_pty(&d->m, &req, &rep), OK);
	return rep;
}

static void
done(struct desk *d, const char *line)
{
	struct pty_done_req req = {.line = slice_cstr(line)};
	struct note_rep rep;

	ck_assert_int_eq(on_pty_done(&d->m, &req, &rep), OK);
}

START_TEST(a_terminal_has_a_name_and_another_side)
{
	struct pty_rep rep;
	struct desk d;
	int slave;

	desk_init(&d, "");
	rep = ask_pty(&d);
	ck_assert(rep.ok);
	ck_assert(slice_starts(rep.name, SLICE_STR("/dev/pts/")));
	slave = ioctl(rep.master.fd, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	ck_assert(isatty(slave));
	close(slave);
	close(rep.master.fd);
	desk_clear(&d);
}
END_TEST

START_TEST(neither_against_the_configuration_nor_the_key)
{
	struct desk d;

	desk_init(&d, "PermitTTY no\n");
	ck_assert(!ask_pty(&d).ok);
	desk_clear(&d);
	desk_init(&d, "");
	d.m.permits = PERMIT_ALL & ~PERMIT_PTY;
	ck_assert(!ask_pty(&d).ok);
	desk_clear(&d);
}
END_TEST

/* A session that asks without end gets so many, and its places back. */
START_TEST(terminals_are_bounded)
{
	static struct pty_rep all[LINES_MAX];
	static char names[LINES_MAX][64];
	struct desk d;

	desk_init(&d, "");
	for (int i = 0; i < LINES_MAX; i++) {
		all[i] = ask_pty(&d);
		ck_assert(all[i].ok);
		ck_assert(slice_to_cstr(all[i].name, names[i], 64));
	}
	ck_assert(!ask_pty(&d).ok);
	done(&d, "/dev/pts/nosuch");
	ck_assert(!ask_pty(&d).ok);
	close(all[7].master.fd);
	done(&d, names[7]);
	all[7] = ask_pty(&d);
	ck_assert(all[7].ok);
	for (int i = 0; i < LINES_MAX; i++)
		close(all[i].master.fd);
	desk_clear(&d);
}
END_TEST

/* Only of its own terminals may it have records written. */
START_TEST(a_record_needs_an_own_terminal)
{
	struct login_req req = {.line = SLICE_STR("/dev/tty1"), .pid = 1};
	struct login_rep rep;
	struct desk d;

	desk_init(&d, "");
	ck_assert_int_eq(on_login_record(&d.m, &req, &rep), OK);
	ck_assert_uint_eq(rep.last_time, 0);
	ck_assert_uint_eq(d.log.n, 0);
	desk_clear(&d);
}
END_TEST

TCase *
check_ops_session(void)
{
	TCase *tc = tcase_create("monitor/ops_session");

	tcase_add_test(tc, a_terminal_has_a_name_and_another_side);
	tcase_add_test(tc, neither_against_the_configuration_nor_the_key);
	tcase_add_test(tc, terminals_are_bounded);
	tcase_add_test(tc, a_record_needs_an_own_terminal);
	return tc;
}
