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

#define TAG_COUNTS 2
#define RECORDS    8
#define CONFIG     "PidFile /run/old.pid\nPerSourcePenalties authfail:100\n"

/* ---- the new image ------------------------------------------------------------- */

static void
check_client(const struct client *c, enum client_state state)
{
	ck_assert_int_eq(c->state, state);
	ck_assert(c->accepted_ms == 123456789012345ull);
	/* a monitor's timer isn't set anew by another configuration */
	ck_assert((c->deadline_ms == 123456789012345ull + 120000) ==
		  (state >= CLIENT_FORKED));
	ck_assert_str_eq(c->peer_ip, "192.0.2.7");
	ck_assert_uint_eq(c->peer_port, 4711);
	ck_assert_str_eq(c->local_ip, "192.0.2.1");
	ck_assert_uint_eq(c->local_port, 22);
	ck_assert_str_eq(c->version, "SSH-2.0-Old");
	ck_assert_str_eq(c->line, "pts/3");
	ck_assert_str_eq(c->user, "alice");
	ck_assert_str_eq(c->rdomain, "vrf-blue");
	ck_assert(c->uid == 1234 && c->listens);
	ck_assert_uint_eq(c->draw, 42);
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
	bool there;
	int fd;

	ck_assert_int_eq(memfile_make("x", state, &fd), OK);
	snprintf(number, sizeof(number), "%d", fd);
	setenv(CARRY_VARIABLE, number, 1);
	there = carry_receive(&h->l);
	ck_assert_ptr_null(getenv(CARRY_VARIABLE));
	carry_restore(&h->l);
	return there;
}

/* Everything cut short is told; nothing worse happens. */
static void
check_prefixes(struct slice state)
{
	size_t untold = 0;
	struct house h;

	for (size_t n = 1; n < state.n; n++) {
		house_init(&h, CONFIG);
		(void)restore(&h, slice_first(state, n));
		untold += !house_said(&h, "can't be read whole");
		loop_free(h.l.loop);
	}
	/* between two records nothing shows that more had followed */
	ck_assert_uint_eq(untold, RECORDS);
}

/* A record that a newer program adds, and fields at the end of those that are
 * known, are passed over. */
static void
check_newer(struct slice state)
{
	SCOPED(buf_clear) struct buf newer = BUF_LIMIT(1 << 20);
	struct rd r = rd_from(state);
	struct wr w = wr_into(&newer);
	struct house h;

	wr_u32(&w, rd_u32(&r));
	wr_u32(&w, 4711);
	wr_cstr(&w, "what will that be");
	while (r.left.n > 0) {
		uint32_t tag = rd_u32(&r);
		struct slice body = rd_string(&r);
		size_t mark;

		wr_u32(&w, tag);
		mark = wr_begin(&w);
		wr_raw(&w, body);
		if (tag == TAG_COUNTS)
			wr_cstr(&w, "more");
		wr_finish(&w, mark);
	}
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	house_init(&h, CONFIG);
	ck_assert(restore(&h, buf_slice(&newer)));
	ck_assert(!house_said(&h, "ERROR"));
	ck_assert_uint_eq(h.l.last_number, 4);
	loop_free(h.l.loop);
}

START_TEST(the_new_image_finds_everything)
{
	static const enum client_state states[] = {CLIENT_SILENT, CLIENT_QUEUED,
	    CLIENT_FORKED, CLIENT_IN};
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(1 << 20);
	int fd = (int)strtol(getenv(CARRY_VARIABLE), NULL, 10);
	struct house h;
	size_t i = 0;

	house_init(&h, CONFIG);
	ck_assert_int_eq(memfile_read(fd, &state), OK);
	ck_assert(restore(&h, buf_slice(&state)));
	ck_assert_uint_eq(h.l.nsockets, 2);
	ck_assert_uint_eq(h.l.last_number, 4);
	ck_assert_uint_eq(h.l.last_generation, 9);
	for (size_t k = 0; k < 2; k++)
		ck_assert(
		    (fcntl(h.l.sockets[k].fd, F_GETFD) & FD_CLOEXEC) != 0);
	ck_assert(h.l.sockets[1].given && !h.l.sockets[0].given);
	ck_assert(h.l.reload_again);
	ck_assert_str_eq(h.l.old_pid_file, "/run/old.pid");
	ck_assert_str_eq(h.l.notify.socket, "@there");
	ck_assert(h.l.notify.watchdog_us == 30000000);
	ck_assert_uint_eq(penalties_count(&h.l, false), 1);
	LIST_EACH (it, &h.l.clients) {
		ck_assert_uint_lt(i, 4);
		check_client(LIST_ITEM(it, struct client, all), states[i++]);
	}
	ck_assert_uint_eq(i, 4);
	ck_assert(h.l.silent == 1 && h.l.speaking == 2);
	ck_assert(!list_empty(&h.l.queue));
	check_newer(buf_slice(&state));
	check_prefixes(buf_slice(&state));
}
END_TEST

static TCase *
check_new_image(void)
{
	TCase *tc = tcase_create("listener/carry in the new image");

	tcase_add_test(tc, the_new_image_finds_everything);
	return tc;
}

int
carry_new_image(void)
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
	strcpy(c->rdomain, "vrf-blue");
	c->uid = 1234;
	c->listens = true;
	c->draw = 42;
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

	house_init(&h, CONFIG);
	h.cmd.path = path;
	h.cmd.argv = argv;
	h.l.nsockets = 2;
	for (int i = 0; i < 2; i++)
		h.l.sockets[i].fd =
		    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	h.l.sockets[1].given = true;
	h.l.notify.socket = mem_strdup("@there");
	h.l.notify.watchdog_us = 30000000;
	h.l.reload_again = true;
	penalties_charge(&h.l, "198.51.100.9", PENALTY_AUTHFAIL);
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

START_TEST(another_version_is_not_read)
{
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(100);
	struct wr w = wr_into(&state);
	struct house h;

	wr_u32(&w, 4000000);
	wr_u32(&w, 2);
	wr_cstr(&w, "who knows");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	house_init(&h, "");
	ck_assert(restore(&h, buf_slice(&state)));
	ck_assert(house_said(&h, "ERROR what the old listener left can't be "
				 "read whole"));
	house_clear(&h);
}
END_TEST

START_TEST(a_fresh_start_restores_nothing)
{
	struct house h;

	unsetenv(CARRY_VARIABLE);
	house_init(&h, "");
	ck_assert(!carry_receive(&h.l));
	carry_restore(&h.l);
	ck_assert(list_empty(&h.l.clients));
	house_clear(&h);
}
END_TEST

/* A number that is no descriptor, or one of the standard ones. */
START_TEST(foreign_descriptors_are_not_taken)
{
	static const uint32_t numbers[] = {0, 2, 900, 0x7fffffff, 0x80000000};
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(100);
	struct wr w = wr_into(&state);
	struct house h;
	size_t mark;

	wr_u32(&w, CARRY_VERSION);
	wr_u32(&w, 1);
	mark = wr_begin(&w);
	wr_u32(&w, numbers[_i]);
	wr_bool(&w, false);
	wr_finish(&w, mark);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	house_init(&h, "");
	ck_assert(restore(&h, buf_slice(&state)));
	ck_assert_uint_eq(h.l.nsockets, 0);
	house_clear(&h);
}
END_TEST

TCase *
check_carry(void)
{
	TCase *tc = tcase_create("listener/carry");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, clients_and_sockets_cross_the_exec);
	tcase_add_test(tc, another_version_is_not_read);
	tcase_add_test(tc, a_fresh_start_restores_nothing);
	tcase_add_loop_test(tc, foreign_descriptors_are_not_taken, 0, 5);
	return tc;
}
