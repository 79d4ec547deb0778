/*
 * What crosses the exec of a reload: this program is the new image, too. The
 * old one is a child that executes it; the new one looks at what it got, in a
 * suite of one case, and tells by its exit status.
 */
#include "house.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/wr.h"
#include "sallyport/proc/memfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the new image ------------------------------------------------------------- */

static void
check_client(const struct client *c, enum client_state state)
{
	ck_assert_int_eq(c->state, state);
	ck_assert(c->accepted_ms == 123456789012345ull);
	ck_assert_str_eq(c->peer_ip, "192.0.2.7");
	ck_assert_uint_eq(c->peer_port, 4711);
	ck_assert_str_eq(c->local_ip, "192.0.2.1");
	ck_assert_uint_eq(c->local_port, 22);
	ck_assert_str_eq(c->version, "SSH-2.0-Old");
	ck_assert_str_eq(c->line, "pts/3");
	ck_assert_str_eq(c->user, "alice");
	ck_assert(c->line_pid == 77 && c->pid == 4242);
	ck_assert((c->block != NULL) == (state != CLIENT_IN));
	ck_assert((fcntl(c->fd, F_GETFD) & FD_CLOEXEC) != 0);
	ck_assert((c->lifeline != NULL) == (state >= CLIENT_FORKED));
	if (c->lifeline != NULL)
		ck_assert(
		    (fcntl(rpc_fd(c->lifeline), F_GETFD) & FD_CLOEXEC) != 0);
}

static bool
restore(struct house *h, struct slice state)
{
	char number[16];
	bool restored;
	int fd;

	ck_assert_int_eq(memfile_make("x", state, &fd), OK);
	snprintf(number, sizeof(number), "%d", fd);
	setenv("SALLYPORT_RELOAD", number, 1);
	restored = reload_restore(&h->l);
	ck_assert_ptr_null(getenv("SALLYPORT_RELOAD"));
	return restored;
}

/* Everything cut short is told; nothing worse happens. */
static void
check_prefixes(struct slice state)
{
	struct house h;

	for (size_t n = 1; n < state.n; n++) {
		house_init(&h, "");
		(void)restore(&h, slice_first(state, n));
		ck_assert(house_said(&h, "can't be read whole"));
		loop_free(h.l.loop);
	}
}

START_TEST(the_new_image_finds_everything)
{
	static const enum client_state states[] = {CLIENT_SILENT, CLIENT_QUEUED,
	    CLIENT_FORKED, CLIENT_IN};
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(1 << 20);
	int fd = (int)strtol(getenv("SALLYPORT_RELOAD"), NULL, 10);
	struct house h;
	size_t i = 0;

	house_init(&h, "");
	ck_assert_int_eq(memfile_read(fd, &state), OK);
	ck_assert(restore(&h, buf_slice(&state)));
	ck_assert_uint_eq(h.l.nsockets, 2);
	ck_assert_uint_eq(h.l.last_number, 4);
	ck_assert_uint_eq(h.l.last_generation, 9);
	for (size_t k = 0; k < 2; k++)
		ck_assert((fcntl(h.l.sockets[k], F_GETFD) & FD_CLOEXEC) != 0);
	LIST_EACH (it, &h.l.clients) {
		ck_assert_uint_lt(i, 4);
		check_client(LIST_ITEM(it, struct client, all), states[i++]);
	}
	ck_assert_uint_eq(i, 4);
	ck_assert(h.l.silent == 1 && h.l.speaking == 2);
	ck_assert(!list_empty(&h.l.queue));
	check_prefixes(buf_slice(&state));
}
END_TEST

static TCase *
check_new_image(void)
{
	TCase *tc = tcase_create("listener/reload in the new image");

	tcase_add_test(tc, the_new_image_finds_everything);
	return tc;
}

int
reload_new_image(void)
{
	static case_fn *const cases[] = {check_new_image};

	return suite_run("listener", cases, 1);
}

/* ---- the old image ---------------------------------------------------------------- */

static void
fill(struct client *c)
{
	int pair[2];

	c->accepted_ms = 123456789012345ull;
	c->pid = 4242;
	c->line_pid = 77;
	strcpy(c->version, "SSH-2.0-Old");
	strcpy(c->line, "pts/3");
	strcpy(c->user, "alice");
	c->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (c->state < CLIENT_FORKED)
		return;
	if (io_pair(pair) == OK)
		c->lifeline = rpc_new(pair[0]);
}

static _Noreturn void
be_the_old_one(void)
{
	static char name[] = "check-listener";
	static char path[] = "/proc/self/exe";
	char *argv[] = {name, NULL};
	struct house h;

	house_init(&h, "");
	h.cmd.path = path;
	h.cmd.argv = argv;
	h.l.nsockets = 2;
	for (int i = 0; i < 2; i++)
		h.l.sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	h.l.last_generation = 9;
	fill(house_client(&h, "192.0.2.7", CLIENT_SILENT));
	fill(house_client(&h, "192.0.2.7", CLIENT_QUEUED));
	fill(house_client(&h, "192.0.2.7", CLIENT_FORKED));
	fill(house_client(&h, "192.0.2.7", CLIENT_IN));
	h.l.reload_wanted = true;
	unsetenv("CK_RUN_CASE"); /* ours has another name there */
	unsetenv("CK_RUN_SUITE");
	setenv("CK_FORK", "no", 1);
	setenv("CK_VERBOSITY", "silent", 1);
	reload_continue(&h.l);
	_exit(254);
}

START_TEST(clients_and_sockets_cross_the_exec)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0)
		be_the_old_one();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* The new file is tried with -t first: /bin/true is a good one. */
START_TEST(a_client_on_its_way_is_waited_for)
{
	static char good[] = "/bin/true";
	struct house h;

	house_init(&h, "");
	h.cmd.path = good;
	house_client(&h, "192.0.2.7", CLIENT_HANDED);
	reload_begin(&h.l);
	for (int i = 0; i < 100 && !h.l.reload_wanted; i++)
		loop_turn(h.l.loop, 100);
	ck_assert(h.l.reload_wanted);
	reload_continue(&h.l);
	ck_assert(h.l.reload_wanted);
	ck_assert(!house_said(&h, "Received SIGHUP"));
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
	reload_begin(&h.l); /* one at a time */
	for (int i = 0; i < 100 && h.l.check_pid > 0; i++)
		loop_turn(h.l.loop, 100);
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
	c = house_client(&h, "192.0.2.7", CLIENT_FORKED);
	fill(c);
	h.l.reload_wanted = true;
	reload_continue(&h.l);
	ck_assert(house_said(&h, "ERROR RESTART FAILED: "));
	ck_assert_ptr_null(getenv("SALLYPORT_RELOAD"));
	ck_assert((fcntl(c->fd, F_GETFD) & FD_CLOEXEC) != 0);
	ck_assert(!h.l.reload_wanted);
	house_clear(&h);
}
END_TEST

/* An upgrade may bring another layout: sockets stay, counts are dropped. */
START_TEST(another_version_keeps_the_sockets)
{
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(100);
	struct wr w = wr_into(&state);
	struct house h;
	int kept = socket(AF_INET, SOCK_STREAM, 0);

	wr_u32(&w, 4000000);
	wr_u32(&w, 1);
	wr_u32(&w, (uint32_t)kept);
	wr_cstr(&w, "who knows");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	house_init(&h, "");
	ck_assert(restore(&h, buf_slice(&state)));
	ck_assert_uint_eq(h.l.nsockets, 1);
	ck_assert_int_eq(h.l.sockets[0], kept);
	ck_assert(list_empty(&h.l.clients));
	house_clear(&h);
}
END_TEST

/* Other ports or addresses are bound afresh. */
START_TEST(other_addresses_are_not_taken_over)
{
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(100);
	struct wr w = wr_into(&state);
	struct house h;

	house_init(&h, "Port 2222\n");
	ck_assert(!reload_restore(&h.l)); /* a fresh start, noting them */
	house_clear(&h);
	for (int i = 0; i < 4; i++)
		wr_u32(&w, i == 0 ? 4000000 : i == 1 ? 1 : 900);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	house_init(&h, "Port 3333\n");
	ck_assert(!restore(&h, buf_slice(&state)));
	ck_assert_uint_eq(h.l.nsockets, 0);
	house_clear(&h);
}
END_TEST

START_TEST(a_fresh_start_restores_nothing)
{
	struct house h;

	unsetenv("SALLYPORT_RELOAD");
	house_init(&h, "");
	ck_assert(!reload_restore(&h.l));
	house_clear(&h);
}
END_TEST

TCase *
check_reload(void)
{
	TCase *tc = tcase_create("listener/reload");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, clients_and_sockets_cross_the_exec);
	tcase_add_test(tc, a_client_on_its_way_is_waited_for);
	tcase_add_test(tc, a_bad_one_is_told_and_not_executed);
	tcase_add_test(tc, an_exec_that_fails_changes_nothing);
	tcase_add_test(tc, another_version_keeps_the_sockets);
	tcase_add_test(tc, other_addresses_are_not_taken_over);
	tcase_add_test(tc, a_fresh_start_restores_nothing);
	return tc;
}
