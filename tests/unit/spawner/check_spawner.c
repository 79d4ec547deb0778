/*
 * One generation as a process, with this test for its listener and keeper. Its
 * monitors are played by what the connection's number says.
 */
#include "suite.h"

#include "tests/unit/conf/fixture.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/wr.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/listener_ops.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers of connections whose monitors … */
#define SLEEPS  1000u /* wait to be killed */
#define CRASHES 1001u
#define LOOKS   1002u /* end with how much isn't as promised */

/* ---- the monitors -------------------------------------------------------------- */

static int
look(const struct common *common, const struct conn *c)
{
	int wrong = 0;

	wrong += common->nkeys != 1 || common->keys[0].number != 5;
	wrong += common->inetd;
	wrong += c->number != LOOKS || c->accepted_ms != 12345;
	wrong += strcmp(c->peer_ip, "192.0.2.7") != 0 || c->peer_port != 4711;
	wrong += strcmp(c->local_ip, "192.0.2.1") != 0 || c->local_port != 22;
	wrong += strcmp(c->version, "SSH-2.0-Sent") != 0;
	wrong += c->in != c->out;
	wrong += io_write_all(c->in, SLICE_STR("x")) != OK;
	wrong += io_write_all(c->lifeline, SLICE_STR("x")) != OK;
	wrong += c->keeper < 0;
	return wrong;
}

_Noreturn void
monitor_main(const struct common *common, const struct conn *conn)
{
	if (conn->number == SLEEPS)
		pause();
	if (conn->number == CRASHES) {
		signal(SIGSEGV, SIG_DFL); /* it may be a sanitizer's */
		raise(SIGSEGV);
	}
	if (conn->number == LOOKS)
		_exit(look(common, conn));
	_exit((int)conn->number);
}

void
monitor_warm(const struct conf *conf, bool cold)
{
	(void)conf;
	(void)cold;
}

void
monitor_refresh(void)
{
}

/* ---- its parents ------------------------------------------------------------------- */

struct world {
	struct fixture conf;
	struct rpc *listener; /* our end */
	int keeper;           /* our end */
	pid_t pid;
};

static struct slice
one_key(struct buf *room)
{
	struct wr w = wr_into(room);

	wr_u32(&w, 5);
	wr_bool(&w, false);
	wr_cstr(&w, "ssh-ed25519");
	wr_cstr(&w, "a blob");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	return buf_slice(room);
}

static void
start(struct world *w, const char *configuration, const char *log)
{
	SCOPED(buf_clear) struct buf room = BUF_LIMIT(1000);
	struct spawner_start_msg m = {.log = slice_cstr(log), .generation = 3};
	int pair[2], keeper[2];

	fixture_main(&w->conf, configuration);
	ck_assert_int_eq(io_pair(pair), OK);
	ck_assert_int_eq(io_pair(keeper), OK);
	if ((w->pid = fork()) == 0) {
		dup2(pair[1], SPAWN_CHANNEL);
		io_close_but(SPAWN_CHANNEL + 1, NULL, 0);
		_exit(spawner_main("cold"));
	}
	io_close(&pair[1]);
	w->listener = rpc_new(pair[0]);
	w->keeper = keeper[0];
	ck_assert_int_eq(memfile_make("c", buf_slice(&w->conf.bundle),
			     &m.config.fd),
	    OK);
	ck_assert_int_eq(memfile_make("k", one_key(&room), &m.keys.fd), OK);
	m.keeper.fd = keeper[1];
	ck_assert_int_eq(rpc_send(w->listener, SPAWNER_START,
			     &layout_spawner_start_msg, &m),
	    OK);
	io_close(&m.config.fd);
	io_close(&m.keys.fd);
	io_close(&keeper[1]);
}

static uint32_t
receive(struct world *w)
{
	struct pollfd p = {.fd = rpc_fd(w->listener), .events = POLLIN};
	uint32_t number;

	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	ck_assert_int_eq(rpc_receive(w->listener, true, &number), OK);
	return number;
}

static void
begin(struct world *w)
{
	struct spawner_ready_msg ready;

	start(w, "", "stderr:FATAL:AUTH");
	ck_assert_uint_eq(receive(w), SPAWNER_READY);
	ck_assert_int_eq(rpc_decode(w->listener, &layout_spawner_ready_msg,
			     &ready),
	    OK);
	ck_assert_uint_eq(ready.threads, 0);
	ck_assert_uint_eq(ready.descriptors, 0);
}

/* Hand over a connection; its ends that stay with us. */
static uint32_t
hand(struct world *w, uint32_t number, int *conn, int *lifeline)
{
	struct conn_msg m = {.number = number,
	    .accepted_ms = 12345,
	    .peer_ip = SLICE_STR("192.0.2.7"),
	    .peer_port = 4711,
	    .local_ip = SLICE_STR("192.0.2.1"),
	    .local_port = 22,
	    .version = SLICE_STR("SSH-2.0-Sent")};
	struct forked_msg forked;
	int a[2], b[2];

	ck_assert_int_eq(io_pair(a), OK);
	ck_assert_int_eq(io_pair(b), OK);
	m.conn.fd = a[1];
	m.lifeline.fd = b[1];
	ck_assert_int_eq(rpc_send(w->listener, SPAWNER_TAKE, &layout_conn_msg,
			     &m),
	    OK);
	io_close(&a[1]);
	io_close(&b[1]);
	ck_assert_uint_eq(receive(w), SPAWNER_FORKED);
	ck_assert_int_eq(rpc_decode(w->listener, &layout_forked_msg, &forked),
	    OK);
	ck_assert_uint_eq(forked.number, number);
	*conn = a[0];
	*lifeline = b[0];
	return forked.pid;
}

static int
reaped(struct world *w, uint32_t number, uint32_t pid)
{
	struct reaped_msg m;

	ck_assert_uint_eq(receive(w), SPAWNER_REAPED);
	ck_assert_int_eq(rpc_decode(w->listener, &layout_reaped_msg, &m), OK);
	ck_assert_uint_eq(m.number, number);
	ck_assert_uint_eq(m.pid, pid);
	ck_assert(slice_is(m.peer_ip, "192.0.2.7"));
	ck_assert(slice_is(m.local_ip, "192.0.2.1"));
	return (int)m.status;
}

static int
end(struct world *w)
{
	int status;

	rpc_free(w->listener);
	ck_assert_int_eq(waitpid(w->pid, &status, 0), w->pid);
	io_close(&w->keeper);
	fixture_clear(&w->conf);
	return status;
}

/* ---- tests ----------------------------------------------------------------------------- */

START_TEST(it_leaves_when_the_listener_lets_go)
{
	struct world w = {0};

	begin(&w);
	ck_assert_int_eq(end(&w), 0);
}
END_TEST

START_TEST(a_monitor_has_what_the_listener_knew)
{
	struct world w = {0};
	uint32_t pid;
	int conn, lifeline;
	char octet;

	begin(&w);
	pid = hand(&w, LOOKS, &conn, &lifeline);
	ck_assert_int_eq(reaped(&w, LOOKS, pid), 0);
	ck_assert_int_eq(read(conn, &octet, 1), 1);
	ck_assert_int_eq(read(lifeline, &octet, 1), 1);
	/* and nobody else has them: they ended with the monitor */
	ck_assert_int_eq(read(conn, &octet, 1), 0);
	ck_assert_int_eq(read(lifeline, &octet, 1), 0);
	io_close(&conn);
	io_close(&lifeline);
	ck_assert_int_eq(end(&w), 0);
}
END_TEST

START_TEST(every_end_is_told_with_its_status)
{
	struct world w = {0};
	uint32_t pid;
	int conn, lifeline, status;

	begin(&w);
	for (uint32_t n = 1; n < 20; n++) {
		pid = hand(&w, n, &conn, &lifeline);
		status = reaped(&w, n, pid);
		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), (int)n);
		io_close(&conn);
		io_close(&lifeline);
	}
	pid = hand(&w, CRASHES, &conn, &lifeline);
	status = reaped(&w, CRASHES, pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
	ck_assert_int_eq(end(&w), 0);
}
END_TEST

/* By number and pid; another's pid is left alone. */
START_TEST(one_before_login_is_killed_when_told)
{
	struct world w = {0};
	struct forked_msg victim = {.number = SLEEPS};
	int conn, lifeline, status;

	begin(&w);
	victim.pid = hand(&w, SLEEPS, &conn, &lifeline);
	victim.number = SLEEPS + 1;
	ck_assert_int_eq(rpc_send(w.listener, SPAWNER_KILL, &layout_forked_msg,
			     &victim),
	    OK);
	victim.number = SLEEPS;
	victim.pid++;
	ck_assert_int_eq(rpc_send(w.listener, SPAWNER_KILL, &layout_forked_msg,
			     &victim),
	    OK);
	victim.pid--;
	ck_assert_int_eq(kill((pid_t)victim.pid, 0), 0);
	ck_assert_int_eq(rpc_send(w.listener, SPAWNER_KILL, &layout_forked_msg,
			     &victim),
	    OK);
	status = reaped(&w, SLEEPS, victim.pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	ck_assert_int_eq(end(&w), 0);
}
END_TEST

/* Its monitors live on without it. */
START_TEST(monitors_outlive_it)
{
	struct world w = {0};
	uint32_t pid;
	int conn, lifeline;

	begin(&w);
	pid = hand(&w, SLEEPS, &conn, &lifeline);
	ck_assert_int_eq(end(&w), 0);
	ck_assert_int_eq(kill((pid_t)pid, 0), 0);
	kill((pid_t)pid, SIGKILL);
}
END_TEST

/* What can't be a start ends it, and nothing is served. */
START_TEST(a_start_that_isnt_one_ends_it)
{
	struct world w = {0};
	int status;

	start(&w, "", _i == 0 ? "nonsense" : "stderr:LOUD:AUTH");
	status = end(&w);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
}
END_TEST

START_TEST(a_message_that_isnt_the_listeners_ends_it)
{
	struct empty_msg empty = {0};
	struct world w = {0};
	int status;

	begin(&w);
	ck_assert_int_eq(rpc_send(w.listener, SPAWNER_REAPED, &layout_empty_msg,
			     &empty),
	    OK);
	status = end(&w);
	ck_assert(WIFEXITED(status));
}
END_TEST

/* The listener's raised limit isn't its children's. */
START_TEST(the_limit_of_the_start_comes_back)
{
	struct rlimit r;
	struct world w = {0};

	setenv(SPAWN_NOFILE, "333", 1);
	begin(&w);
	ck_assert_int_eq(prlimit(w.pid, RLIMIT_NOFILE, NULL, &r), 0);
	ck_assert_uint_eq(r.rlim_cur, 333);
	ck_assert_int_eq(end(&w), 0);
	unsetenv(SPAWN_NOFILE);
}
END_TEST

/* ---- what is prepared --------------------------------------------------------------------- */

static enum err
prepare(const char *configuration, struct slice keys, struct common *c)
{
	static struct fixture conf; /* common points into it */

	conf = FIXTURE;
	fixture_main(&conf, configuration);
	return spawner_prepare(buf_slice(&conf.bundle), keys, false, c);
}

START_TEST(moduli_are_carried_where_they_are_wanted)
{
	SCOPED(buf_clear) struct buf room = BUF_LIMIT(1000);
	struct common c;

	ck_assert_int_eq(prepare("ModuliFile /etc/passwd\n", one_key(&room),
			     &c),
	    OK);
	ck_assert_uint_eq(c.moduli.n, 0);
	ck_assert_int_eq(prepare("ModuliFile /etc/passwd\nKexAlgorithms "
				 "+diffie-hellman-group-exchange-sha256\n",
			     buf_slice(&room), &c),
	    OK);
	ck_assert_uint_gt(c.moduli.n, 0);
	ck_assert_int_eq(prepare("ModuliFile /no/such/file\nKexAlgorithms "
				 "+diffie-hellman-group-exchange-sha256\n",
			     buf_slice(&room), &c),
	    OK);
	ck_assert_uint_eq(c.moduli.n, 0);
}
END_TEST

/* The same for a boot and a host, so that refusals of one name take alike. */
START_TEST(the_seed_of_delays_is_the_hosts)
{
	SCOPED(buf_clear) struct buf room = BUF_LIMIT(1000);
	struct common a, b, other;
	struct wr w;

	ck_assert_int_eq(prepare("", one_key(&room), &a), OK);
	ck_assert_int_eq(prepare("MaxAuthTries 2\n", buf_slice(&room), &b), OK);
	ck_assert_mem_eq(a.delay_seed, b.delay_seed, sizeof(a.delay_seed));
	buf_reset(&room);
	w = wr_into(&room);
	wr_u32(&w, 1);
	wr_bool(&w, false);
	wr_cstr(&w, "ssh-ed25519");
	wr_cstr(&w, "another blob");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(prepare("", buf_slice(&room), &other), OK);
	ck_assert_mem_ne(a.delay_seed, other.delay_seed, sizeof(a.delay_seed));
}
END_TEST

START_TEST(a_list_of_keys_that_is_cut_off_is_none)
{
	SCOPED(buf_clear) struct buf room = BUF_LIMIT(1000);
	struct slice whole = one_key(&room);
	struct common c;

	for (size_t n = 1; n < whole.n; n++)
		ck_assert_int_ne(prepare("", slice_first(whole, n), &c), OK);
	ck_assert_int_eq(prepare("", SLICE_NONE, &c), OK);
	ck_assert_uint_eq(c.nkeys, 0);
}
END_TEST

START_TEST(too_many_keys_are_told)
{
	SCOPED(buf_clear) struct buf room = BUF_LIMIT(10000);
	struct common c;

	for (int i = 0; i < 64; i++)
		one_key(&room);
	ck_assert_int_eq(prepare("", buf_slice(&room), &c), OK);
	ck_assert_uint_eq(c.nkeys, 64);
	one_key(&room);
	ck_assert_int_eq(prepare("", buf_slice(&room), &c), ERR_FULL);
}
END_TEST

START_TEST(what_isnt_a_bundle_is_refused)
{
	struct common c;

	ck_assert_int_ne(spawner_prepare(SLICE_STR("Port 22\n"), SLICE_NONE,
			     false, &c),
	    OK);
	ck_assert_int_ne(spawner_prepare(SLICE_NONE, SLICE_NONE, false, &c),
	    OK);
}
END_TEST

TCase *
check_spawner(void)
{
	TCase *tc = tcase_create("spawner/spawner");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, it_leaves_when_the_listener_lets_go);
	tcase_add_test(tc, a_monitor_has_what_the_listener_knew);
	tcase_add_test(tc, every_end_is_told_with_its_status);
	tcase_add_test(tc, one_before_login_is_killed_when_told);
	tcase_add_test(tc, monitors_outlive_it);
	tcase_add_loop_test(tc, a_start_that_isnt_one_ends_it, 0, 2);
	tcase_add_test(tc, a_message_that_isnt_the_listeners_ends_it);
	tcase_add_test(tc, the_limit_of_the_start_comes_back);
	tcase_add_test(tc, moduli_are_carried_where_they_are_wanted);
	tcase_add_test(tc, the_seed_of_delays_is_the_hosts);
	tcase_add_test(tc, a_list_of_keys_that_is_cut_off_is_none);
	tcase_add_test(tc, too_many_keys_are_told);
	tcase_add_test(tc, what_isnt_a_bundle_is_refused);
	return tc;
}
