/*
 * The try of a new program, which here is this one: with RELOAD_PROBE in its
 * environment it answers as -t would.
 */
#include "house.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/spawn.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char self[] = "/proc/self/exe";
static char bundle[] = "as it was read";

int
reload_tried(void)
{
	struct listener *l = mem_new(sizeof(*l));

	if (buf_append_cstr(&l->bundle, bundle) != OK)
		return 1;
	return reload_answer(l) == OK ? 0 : 1;
}

/* Until what -t says was heard. */
static void
try_it(struct house *h)
{
	pid_t pid = h->l.check_pid;

	for (int i = 0; i < 100 && h->l.check_pid == pid; i++)
		loop_turn(h->l.loop, 100);
}

START_TEST(a_good_one_hands_over_what_it_read)
{
	SCOPED(buf_clear) struct buf got = BUF_EMPTY;
	struct house h;

	house_init(&h, "");
	h.cmd.path = self;
	reload_begin(&h.l);
	try_it(&h);
	ck_assert(h.l.reload_wanted);
	ck_assert_int_ge(h.l.to_next.config, 0);
	ck_assert_int_eq(memfile_read(h.l.to_next.config, &got), OK);
	ck_assert(slice_is(buf_slice(&got), bundle));
	house_clear(&h);
}
END_TEST

/* Two hands hold it: the exec waits for one of them to let go. */
START_TEST(a_client_on_its_way_is_waited_for)
{
	struct house h;

	house_init(&h, "");
	house_client(&h, "192.0.2.7", CLIENT_HANDED);
	h.l.reload_wanted = true;
	h.l.reload_since = clock_mono_ms();
	reload_continue(&h.l);
	ck_assert(h.l.reload_wanted);
	ck_assert(!house_said(&h, "Received SIGHUP"));
	house_clear(&h);
}
END_TEST

/* It says that all is well, but couldn't take over what we serve. */
START_TEST(a_foreign_program_is_not_executed)
{
	static char foreign[] = "/bin/true";
	struct house h;

	house_init(&h, "PidFile none\n");
	h.cmd.path = foreign;
	reload_begin(&h.l);
	try_it(&h);
	ck_assert(!h.l.reload_wanted);
	ck_assert(house_said(&h, "ERROR /bin/true isn't a Sallyport that could "
				 "take over; serving on with the old one"));
	house_clear(&h);
}
END_TEST

START_TEST(what_isnt_there_is_told)
{
	static char nowhere[] = "/no/such/program";
	struct house h;

	house_init(&h, "PidFile none\n");
	h.cmd.path = nowhere;
	reload_begin(&h.l);
	try_it(&h);
	ck_assert(!h.l.reload_wanted);
	ck_assert(house_said(&h, "ERROR /no/such/program: No such file"));
	ck_assert_str_eq(h.l.reload_failed,
	    "/no/such/program: No such file or directory");
	house_clear(&h);
}
END_TEST

START_TEST(a_bad_one_is_told_and_not_executed)
{
	static char bad[] = "/bin/false";
	struct house h;

	house_init(&h, "");
	h.cmd.path = bad;
	reload_begin(&h.l);
	reload_begin(&h.l); /* one at a time, this one follows */
	ck_assert(h.l.reload_again);
	try_it(&h);
	ck_assert(!h.l.reload_again);
	try_it(&h);
	ck_assert(!h.l.reload_wanted);
	ck_assert(house_said(&h, "ERROR the new configuration is bad (status "
				 "1); serving on with the old one"));
	house_clear(&h);
}
END_TEST

/* Nothing to execute: the listener serves on with what it has. */
START_TEST(an_exec_that_fails_changes_nothing)
{
	static char nowhere[] = "/no/such/program";
	char *argv[] = {nowhere, NULL};
	struct client *c;
	struct house h;

	house_init(&h, "PidFile none\n");
	h.cmd.path = nowhere;
	h.cmd.argv = argv;
	c = house_client(&h, "192.0.2.7", CLIENT_SILENT);
	c->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	h.l.reload_wanted = true;
	reload_continue(&h.l);
	ck_assert(house_said(&h, "ERROR RESTART FAILED: "));
	ck_assert_ptr_null(getenv(CARRY_VARIABLE));
	ck_assert((fcntl(c->fd, F_GETFD) & FD_CLOEXEC) != 0);
	ck_assert(!h.l.reload_wanted);
	ck_assert(h.l.reload_failed[0] != '\0');
	house_clear(&h);
}
END_TEST

/* Asked for while the file is read: what was read may be older. */
START_TEST(a_second_request_follows_the_first)
{
	struct house h;

	house_init(&h, "PidFile none\n");
	h.cmd.path = self;
	reload_begin(&h.l);
	reload_begin(&h.l);
	ck_assert(h.l.reload_again);
	try_it(&h);
	ck_assert(h.l.reload_wanted && h.l.reload_again);
	/* the next image begins with it */
	h.l.reload_wanted = false;
	reload_done(&h.l);
	ck_assert(!h.l.reload_again && h.l.check_pid > 0);
	try_it(&h);
	house_clear(&h);
}
END_TEST

/* The first that can be read: what was tried, what was served before, the
 * files. */
START_TEST(the_new_image_serves_what_was_tried)
{
	SCOPED(buf_clear) struct buf before = BUF_EMPTY;
	static char none[] = "none";
	struct house h;

	house_init(&h, "PidFile none\n");
	h.cmd.source.file = none;
	ck_assert_int_eq(cmdline_configure(&h.cmd, &before, &h.l.set), OK);
	ck_assert_int_eq(memfile_make("x", SLICE_STR("no bundle"),
			     &h.l.from_former.config),
	    OK);
	ck_assert_int_eq(memfile_make("x", buf_slice(&before),
			     &h.l.from_former.former_config),
	    OK);
	ck_assert_int_eq(reload_configure(&h.l), OK);
	ck_assert(slice_equal(buf_slice(&h.l.bundle), buf_slice(&before)));
	house_clear(&h);
}
END_TEST

/* Without a former image there is no way back. */
START_TEST(the_way_back_wants_both)
{
	struct house h;

	house_init(&h, "PidFile none\n");
	reload_back(&h.l, "no reason");
	ck_assert(!house_said(&h, "going back"));
	house_clear(&h);
}
END_TEST

TCase *
check_reload(void)
{
	TCase *tc = tcase_create("listener/reload");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_good_one_hands_over_what_it_read);
	tcase_add_test(tc, a_client_on_its_way_is_waited_for);
	tcase_add_test(tc, a_foreign_program_is_not_executed);
	tcase_add_test(tc, what_isnt_there_is_told);
	tcase_add_test(tc, a_bad_one_is_told_and_not_executed);
	tcase_add_test(tc, an_exec_that_fails_changes_nothing);
	tcase_add_test(tc, a_second_request_follows_the_first);
	tcase_add_test(tc, the_new_image_serves_what_was_tried);
	tcase_add_test(tc, the_way_back_wants_both);
	return tc;
}
