#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/rpc/serve.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define EARLY  1u
#define LATE   2u
#define PROMPT 4u
#define CHILD(c)                                                               \
	do {                                                                   \
		if (!(c)) {                                                    \
			dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #c);     \
			_exit(1);                                              \
		}                                                              \
	} while (0)

/*
 * A process with a table as the monitor's is: something that may be asked at
 * any time, something once, a note, and a dialogue whose handler waits inside
 * for the peer's answers.
 */
#define HOST_OPS(OP)                                                           \
	OP(add, EARLY | LATE | PROMPT, MANY, login_req, login_rep)             \
	OP(once, EARLY, ONCE, none_req, verdict_rep)                           \
	OP(tell, EARLY | LATE | PROMPT, MANY, log_msg, note_rep)               \
	OP(fail, EARLY, MANY, none_req, verdict_rep)                           \
	OP(talk, LATE, MANY, kbdint_req, prompt_rep)                           \
	OP(say, PROMPT, MANY, answer_req, prompt_rep)                          \
	OP(give_up, PROMPT, MANY, empty_msg, verdict_rep)                      \
	OP(lend, EARLY, MANY, pty_req, pty_rep)                                \
	OP(wait, EARLY, MANY, none_req, verdict_rep)

#define OP(name, phases, times, req, rep) SERVE_NUMBER(HOST, name),
enum host_op { HOST_OPS(OP) HOST_OP_COUNT };
#undef OP
#define OP(name, phases, times, req, rep) SERVE_ASKER(HOST, name, req, rep)
HOST_OPS(OP)
#undef OP

struct host {
	struct serve serve;
	uint32_t told;
	bool said;
	bool gave_up;
	bool rogue; /* say's handler doesn't defer */
	struct slice answers;
};
#define OP(name, phases, times, req, rep)                                      \
	SERVE_HANDLER(struct host, name, req, rep)
HOST_OPS(OP)
#undef OP
#define OP(name, phases, times, req, rep) SERVE_THUNK(name, req, rep)
HOST_OPS(OP)
#undef OP
static const struct op table[] = {HOST_OPS(SERVE_ROW)};

static struct host host;
static struct rpc *ours;
static int peer_end;

enum err
on_add(struct host *h, const struct login_req *req, struct login_rep *rep)
{
	(void)h;
	rep->last_time = req->pid + 1;
	rep->last_host = req->line; /* borrows from the request */
	return OK;
}

enum err
on_once(struct host *h, const struct none_req *req, struct verdict_rep *rep)
{
	(void)h;
	rep->verdict = req->zero;
	return OK;
}

enum err
on_tell(struct host *h, const struct log_msg *req, struct note_rep *rep)
{
	(void)rep;
	h->told += req->level;
	return OK;
}

enum err
on_fail(struct host *h, const struct none_req *req, struct verdict_rep *rep)
{
	(void)h;
	(void)req;
	(void)rep;
	return ERR_DENIED;
}

/* Two prompts; the answers' last octets are added up in the verdict. */
enum err
on_talk(struct host *h, const struct kbdint_req *req, struct prompt_rep *rep)
{
	struct prompt_rep prompt = {.verdict = VERDICT_PROMPT};
	uint8_t sum = 0;
	enum err e;

	(void)req;
	for (uint32_t n = 1; n <= 2 && !h->gave_up; n++) {
		prompt.n = n;
		if ((e = serve_reply(&h->serve, &prompt)) != OK)
			return e;
		h->said = false;
		while (!h->said)
			if ((e = serve_one(&h->serve, ours, PROMPT, false)) !=
			    OK)
				return e;
		if (h->answers.n > 0)
			sum = (uint8_t)(sum + h->answers.p[0]);
	}
	rep->verdict = h->gave_up ? VERDICT_FAILED : sum;
	rep->methods = SLICE_STR("publickey");
	return OK;
}

enum err
on_say(struct host *h, const struct answer_req *req, struct prompt_rep *rep)
{
	if (h->rogue) {
		rep->verdict = 77;
		h->said = true;
		return OK;
	}
	h->answers = req->answers;
	h->said = true;
	serve_defer(&h->serve);
	return OK;
}

enum err
on_give_up(struct host *h, const struct empty_msg *req, struct verdict_rep *rep)
{
	(void)req;
	(void)rep;
	h->answers = SLICE_NONE;
	h->said = h->gave_up = true;
	serve_defer(&h->serve);
	return OK;
}

enum err
on_lend(struct host *h, const struct pty_req *req, struct pty_rep *rep)
{
	(void)h;
	(void)req;
	ck_assert_int_eq(rep->master.fd, -1);
	rep->ok = true;
	rep->master.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return OK;
}

enum err
on_wait(struct host *h, const struct none_req *req, struct verdict_rep *rep)
{
	(void)req;
	(void)rep;
	serve_later(&h->serve);
	return OK;
}

static void
setup(void)
{
	int fds[2];

	ck_assert_int_eq(io_pair(fds), OK);
	ours = rpc_new(fds[0]);
	peer_end = fds[1];
	memset(&host, 0, sizeof(host));
	host.serve = (struct serve)SERVE_INIT(table, &host);
}

static void
teardown(void)
{
	rpc_free(ours);
	io_close(&peer_end);
}

/* Start a peer that asks; the caller serves until it left. */
static pid_t
start(void (*peer)(struct rpc *r))
{
	pid_t pid = fork();

	if (pid == 0) {
		close(rpc_fd(ours));
		peer(rpc_new(peer_end));
		_exit(0);
	}
	io_close(&peer_end);
	return pid;
}

static void
peer_was_content(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static enum err
serve_all(unsigned int phase)
{
	enum err e;

	while ((e = serve_one(&host.serve, ours, phase, false)) == OK)
		continue;
	return e;
}

static void
ask_much(struct rpc *r)
{
	struct login_req add = {.pid = 41, .line = SLICE_STR("tty")};
	struct log_msg tell = {.level = 3};
	struct login_rep sum;
	struct none_req once = {9};
	struct verdict_rep verdict;

	for (uint32_t i = 0; i < 10; i++) {
		add.pid = i;
		CHILD(ask_add(r, &add, &sum) == OK);
		CHILD(sum.last_time == i + 1 && slice_is(sum.last_host, "tty"));
		CHILD(ask_tell(r, &tell, NULL) == OK);
	}
	CHILD(ask_once(r, &once, &verdict) == OK && verdict.verdict == 9);
}

START_TEST(answers_what_is_asked)
{
	pid_t pid = start(ask_much);

	ck_assert_int_eq(serve_all(EARLY), ERR_EOF);
	ck_assert_uint_eq(host.told, 30);
	peer_was_content(pid);
}
END_TEST

START_TEST(does_not_wait_for_requests_unless_told)
{
	ck_assert_int_eq(serve_one(&host.serve, ours, EARLY, true), ERR_AGAIN);
	io_close(&peer_end);
	ck_assert_int_eq(serve_one(&host.serve, ours, EARLY, true), ERR_EOF);
}
END_TEST

static void
ask_once_too_often(struct rpc *r)
{
	struct none_req once = {1};
	struct verdict_rep verdict;

	CHILD(ask_once(r, &once, &verdict) == OK);
	CHILD(ask_once(r, &once, &verdict) == ERR_EOF);
}

START_TEST(what_may_be_asked_once_is_asked_once)
{
	pid_t pid = start(ask_once_too_often);

	ck_assert_int_eq(serve_one(&host.serve, ours, EARLY, false), OK);
	ck_assert_int_eq(serve_one(&host.serve, ours, EARLY, false), ERR_PHASE);
	rpc_free(take(&ours));
	peer_was_content(pid);
}
END_TEST

/* Every row in every phase, and numbers that have no row. The request is one
 * that nobody can decode: an answer but ERR_PHASE shows that somebody tried. */
START_TEST(the_phase_is_checked_before_anything_is_decoded)
{
	for (uint8_t n = 0; n < 100; n++) {
		const uint8_t frame[] = {0, 0, 0, n, 0, 0, 0, 0, 255, 255};

		for (unsigned int phase = 1; phase <= 8; phase *= 2) {
			bool allowed =
			    n < HOST_OP_COUNT && (table[n].phases & phase) != 0;

			ck_assert_int_eq(send(peer_end, frame, sizeof(frame),
					     0),
			    sizeof(frame));
			host.serve = (struct serve)SERVE_INIT(table, &host);
			ck_assert_int_eq(serve_one(&host.serve, ours, phase,
					     false),
			    allowed ? ERR_RPC : ERR_PHASE);
		}
	}
}
END_TEST

static void
ask_for_failure(struct rpc *r)
{
	struct none_req req = {0};
	struct verdict_rep rep;

	CHILD(ask_fail(r, &req, &rep) == ERR_EOF);
}

START_TEST(a_failed_request_is_not_answered)
{
	pid_t pid = start(ask_for_failure);

	ck_assert_int_eq(serve_all(EARLY), ERR_DENIED);
	rpc_free(take(&ours));
	peer_was_content(pid);
}
END_TEST

static void
ask_and_wait(struct rpc *r)
{
	struct none_req req = {0};
	struct verdict_rep rep;

	for (uint8_t i = 0; i < 3; i++) {
		CHILD(ask_wait(r, &req, &rep) == OK);
		CHILD(rep.verdict == i);
	}
	CHILD(ask_once(r, &req, &rep) == OK);
}

START_TEST(an_answer_may_come_after_its_handler)
{
	pid_t pid = start(ask_and_wait);
	struct verdict_rep rep;

	for (uint8_t i = 0; i < 3; i++) {
		ck_assert(!serve_owes(&host.serve));
		ck_assert_int_eq(serve_one(&host.serve, ours, EARLY, false),
		    OK);
		ck_assert(serve_owes(&host.serve));
		rep = (struct verdict_rep){.verdict = i};
		ck_assert_int_eq(serve_reply(&host.serve, &rep), OK);
	}
	ck_assert_int_eq(serve_all(EARLY), ERR_EOF);
	peer_was_content(pid);
}
END_TEST

static void
ask_for_descriptor(struct rpc *r)
{
	struct pty_req req = {0};
	struct pty_rep rep;

	CHILD(ask_lend(r, &req, &rep) == OK);
	CHILD(rep.ok && fcntl(rep.master.fd, F_GETFD) == FD_CLOEXEC);
}

START_TEST(the_only_copy_of_a_descriptor_is_the_peers)
{
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;
	pid_t pid;

	close(before);
	pid = start(ask_for_descriptor);
	ck_assert_int_eq(serve_all(EARLY), ERR_EOF);
	peer_was_content(pid);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_le(after, before); /* start closed one of ours */
	close(after);
}
END_TEST

/* ---- the dialogue ---- */

static void
talk(struct rpc *r)
{
	struct kbdint_req begin = {.devices = SLICE_NONE};
	struct answer_req answer = {.n = 1};
	struct login_req add = {.pid = 5};
	struct log_msg tell = {.level = 1};
	struct login_rep sum;
	struct prompt_rep rep;

	for (int round = 0; round < 3; round++) {
		CHILD(ask_talk(r, &begin, &rep) == OK);
		CHILD(rep.verdict == VERDICT_PROMPT && rep.n == 1);
		/* what the table allows meanwhile */
		CHILD(ask_add(r, &add, &sum) == OK && sum.last_time == 6);
		CHILD(ask_tell(r, &tell, NULL) == OK);
		answer.answers = SLICE_STR("\12");
		CHILD(ask_say(r, &answer, &rep) == OK);
		CHILD(rep.verdict == VERDICT_PROMPT && rep.n == 2);
		answer.answers = SLICE_STR("\40");
		CHILD(ask_say(r, &answer, &rep) == OK);
		CHILD(rep.verdict == 10 + 32);
		CHILD(slice_is(rep.methods, "publickey"));
		CHILD(ask_add(r, &add, &sum) == OK);
	}
}

START_TEST(a_handler_can_talk_with_the_peer)
{
	pid_t pid = start(talk);

	ck_assert_int_eq(serve_all(LATE), ERR_EOF);
	ck_assert_uint_eq(host.told, 3);
	peer_was_content(pid);
}
END_TEST

static void
give_up(struct rpc *r)
{
	struct kbdint_req begin = {.devices = SLICE_NONE};
	struct empty_msg cancel = {0};
	struct prompt_rep rep;
	struct verdict_rep verdict;

	CHILD(ask_talk(r, &begin, &rep) == OK);
	CHILD(ask_give_up(r, &cancel, &verdict) == OK);
	CHILD(verdict.verdict == VERDICT_FAILED);
	CHILD(slice_is(verdict.methods, "publickey"));
}

/* The outer handler's answer is sent in the shape that was asked for last. */
START_TEST(the_peer_can_give_up_a_dialogue)
{
	pid_t pid = start(give_up);

	ck_assert_int_eq(serve_all(LATE), ERR_EOF);
	peer_was_content(pid);
}
END_TEST

static void
interrupt(struct rpc *r)
{
	struct kbdint_req begin = {.devices = SLICE_NONE};
	struct prompt_rep rep;

	CHILD(ask_talk(r, &begin, &rep) == OK);
	/* not in the table while a prompt is open */
	CHILD(ask_talk(r, &begin, &rep) == ERR_EOF);
}

START_TEST(a_dialogue_has_a_phase_of_its_own)
{
	pid_t pid = start(interrupt);

	ck_assert_int_eq(serve_all(LATE), ERR_PHASE);
	rpc_free(take(&ours));
	peer_was_content(pid);
}
END_TEST

static void
leave(struct rpc *r)
{
	struct kbdint_req begin = {.devices = SLICE_NONE};
	struct prompt_rep rep;

	CHILD(ask_talk(r, &begin, &rep) == OK);
}

START_TEST(a_dialogue_ends_with_the_peer)
{
	pid_t pid = start(leave);

	ck_assert_int_eq(serve_all(LATE), ERR_EOF);
	peer_was_content(pid);
}
END_TEST

/* A gate that was broken into sends its answers ahead. */
START_TEST(answers_that_come_too_early_change_nothing)
{
	struct rpc *peer = rpc_new(dup(peer_end));
	struct kbdint_req begin = {.devices = SLICE_NONE};
	struct answer_req answer = {.n = 1, .answers = SLICE_STR("\1")};

	ck_assert_int_eq(rpc_send(peer, HOST_talk, &layout_kbdint_req, &begin),
	    OK);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rpc_send(peer, HOST_say, &layout_answer_req,
				     &answer),
		    OK);
	ck_assert_int_eq(serve_one(&host.serve, ours, LATE, false), OK);
	ck_assert_int_eq(serve_one(&host.serve, ours, LATE, false), ERR_PHASE);
	rpc_free(peer);
}
END_TEST

static void
say_to_rogue(struct rpc *r)
{
	struct kbdint_req begin = {.devices = SLICE_NONE};
	struct answer_req answer = {.n = 1};
	struct prompt_rep rep;

	CHILD(ask_talk(r, &begin, &rep) == OK);
	CHILD(ask_say(r, &answer, &rep) == OK && rep.verdict == 77);
}

/* Each request is answered once: by its own handler or by the outer one. */
START_TEST(an_outer_handler_owes_nothing_that_an_inner_one_answered)
{
	pid_t pid = start(say_to_rogue);

	host.rogue = true;
	/* the outer handler replies again: an error of ours, so it aborts */
	ck_assert_int_ne(serve_all(LATE), OK);
	peer_was_content(pid);
}
END_TEST

TCase *
check_serve(void)
{
	TCase *tc = tcase_create("rpc/serve");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, answers_what_is_asked);
	tcase_add_test(tc, does_not_wait_for_requests_unless_told);
	tcase_add_test(tc, what_may_be_asked_once_is_asked_once);
	tcase_add_test(tc, the_phase_is_checked_before_anything_is_decoded);
	tcase_add_test(tc, an_answer_may_come_after_its_handler);
	tcase_add_test(tc, a_failed_request_is_not_answered);
	tcase_add_test(tc, the_only_copy_of_a_descriptor_is_the_peers);
	tcase_add_test(tc, a_handler_can_talk_with_the_peer);
	tcase_add_test(tc, the_peer_can_give_up_a_dialogue);
	tcase_add_test(tc, a_dialogue_has_a_phase_of_its_own);
	tcase_add_test(tc, a_dialogue_ends_with_the_peer);
	tcase_add_test(tc, answers_that_come_too_early_change_nothing);
	tcase_add_test_raise_signal(tc,
	    an_outer_handler_owes_nothing_that_an_inner_one_answered, SIGABRT);
	return tc;
}
