#include "asked.h"

#include "sallyport/base/clock.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/keycheck_ops.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct home h;
static struct asked a;
static struct rpc *channel;
static pid_t pid;

/* As root the sandbox needs an account and a folder of the system's. */
static bool
can_confine(void)
{
	uid_t uid;
	gid_t gid;

	return !creds_is_root() || (creds_unprivileged(&uid, &gid) == OK &&
				       sandbox_root_ready() == OK);
}

static void
init(void)
{
	home_init(&h);
	asked_init(&a, "ed25519", "ssh-ed25519");
}

static void
clear(void)
{
	rpc_free(take(&channel));
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	pid = 0;
	asked_clear(&a);
	home_clear(&h);
}

static void
on_note(void *ctx, struct rpc *r, uint32_t number)
{
	struct log_msg m;

	(void)ctx;
	ck_assert_uint_eq(number, LOG_NOTE);
	ck_assert_int_eq(rpc_decode(r, &layout_log_msg, &m), OK);
	ck_assert_int_eq(buf_append(&h.lines, m.text), OK);
	ck_assert_int_eq(buf_append_cstr(&h.lines, "\n"), OK);
}

static void
start(void)
{
	pid_t parent = getpid();
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	pid = spawn_fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		keycheck_main(&h.common, &h.conn, &h.start, pair[1], parent);
	close(pair[1]);
	channel = rpc_new(pair[0]);
	rpc_on_note(channel, on_note, NULL);
}

static bool
ends(void)
{
	int status;

	for (int i = 0; i < 500; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			pid = 0;
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
		poll(NULL, 0, 10);
	}
	return false;
}

START_TEST(judges_from_within_its_confinement)
{
	SCOPED(mem_free_at)
	char *line = home_line("expiry-time=\"20990101\"", "ed25519");
	struct judge_rep rep;

	if (!can_confine())
		return;
	home_write(&h, ".ssh/authorized_keys", 0600, line);
	start();
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK);
	ck_assert(rep.allowed && !rep.verified);
	ck_assert(home_logged(&h, "Accepted key ED25519 SHA256:9DECLM"));
	ck_assert(sandbox_is_filtered(pid));
	asked_sign(&a, "ed25519");
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK);
	ck_assert(rep.verified);
	rpc_free(take(&channel));
	ck_assert(ends());
}
END_TEST

/* Every kind of signature, since each calls other parts of the libraries */
START_TEST(verifies_every_algorithm_under_its_filter)
{
	static const char *const names[][2] = {{"rsa", "rsa-sha2-256"},
	    {"rsa", "rsa-sha2-512"}, {"ecdsa256", "ecdsa-sha2-nistp256"},
	    {"ed25519", "ssh-ed25519"}};
	SCOPED(mem_free_at) char *line = home_line("", names[_i][0]);
	struct judge_rep rep;

	if (!can_confine())
		return;
	home_write(&h, ".ssh/authorized_keys", 0600, line);
	asked_clear(&a);
	asked_init(&a, names[_i][0], names[_i][1]);
	asked_sign(&a, names[_i][0]);
	start();
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK);
	ck_assert(rep.verified);
}
END_TEST

/* Files that are gone when a key is tried: they were opened before. */
START_TEST(opens_nothing_later)
{
	SCOPED(mem_free_at) char *line = home_line("", "ed25519");
	SCOPED(mem_free_at)
	char *path = mem_format("%s/.ssh/authorized_keys", h.dir);
	struct judge_rep rep;

	if (!can_confine())
		return;
	home_write(&h, ".ssh/authorized_keys", 0600, line);
	start();
	asked_clear(&a);
	asked_init(&a, "rsa", "rsa-sha2-256");
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK);
	ck_assert(!rep.allowed);
	ck_assert_int_eq(unlink(path), 0);
	asked_clear(&a);
	asked_init(&a, "ed25519", "ssh-ed25519");
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK);
	ck_assert(rep.allowed);
}
END_TEST

static size_t
count_descriptors(void)
{
	SCOPED(mem_free_at) char *path = mem_format("/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

START_TEST(keeps_channel_and_files_alone)
{
	SCOPED(mem_free_at) char *line = home_line("", "ed25519");
	struct judge_rep rep;
	int other[2];

	if (!creds_is_root() || !can_confine())
		return; /* others can't look into a confined process */
	ck_assert_int_eq(io_pair(other), OK);
	home_write(&h, ".ssh/authorized_keys", 0600, line);
	start();
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK);
	ck_assert_uint_eq(count_descriptors(), 2);
	close(other[0]);
	close(other[1]);
}
END_TEST

START_TEST(refuses_what_is_no_request)
{
	struct empty_msg m = {0};
	int status;

	if (!can_confine())
		return;
	start();
	ck_assert_int_eq(rpc_send(channel, 77, &layout_empty_msg, &m), OK);
	for (int i = 0; i < 500 && pid > 0; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			pid = 0;
		else
			poll(NULL, 0, 10);
	}
	ck_assert_int_eq(pid, 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
}
END_TEST

START_TEST(the_last_of_50000_keys_is_found_at_once)
{
	SCOPED(mem_free_at) char *line = home_line("", "ed25519");
	SCOPED(mem_free_at) char *other = home_line("", "ca");
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct judge_rep rep;
	uint64_t before;

	if (!can_confine())
		return;
	for (int i = 0; i < 50000; i++)
		ck_assert_int_eq(buf_append_cstr(&text, other), OK);
	ck_assert_int_eq(buf_append_cstr(&text, line), OK);
	ck_assert_int_eq(buf_append(&text, slice_make("", 1)), OK);
	home_write(&h, ".ssh/authorized_keys", 0600, (const char *)text.p);
	start();
	asked_clear(&a);
	asked_init(&a, "sk_ed25519", "sk-ssh-ed25519@openssh.com");
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK); /* warm */
	asked_clear(&a);
	asked_init(&a, "ed25519", "ssh-ed25519");
	before = clock_mono_ns();
	ck_assert_int_eq(ask_judge(channel, &a.req, &rep), OK);
	ck_assert(rep.allowed);
	if (getenv("CHECK_TELL") != NULL)
		fprintf(stderr, "50,000 keys: %.2f ms\n",
		    (double)(clock_mono_ns() - before) / 1e6);
}
END_TEST

TCase *
check_keycheck(void)
{
	TCase *tc = tcase_create("keycheck/keycheck");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, judges_from_within_its_confinement);
	tcase_add_loop_test(tc, verifies_every_algorithm_under_its_filter, 0,
	    4);
	tcase_add_test(tc, opens_nothing_later);
	tcase_add_test(tc, keeps_channel_and_files_alone);
	tcase_add_test(tc, refuses_what_is_no_request);
	tcase_add_test(tc, the_last_of_50000_keys_is_found_at_once);
	return tc;
}
