#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBER 7u

static struct rpc *ours, *theirs;
static int raw; /* theirs, for what rpc_send would never send */

static void
setup(void)
{
	int fds[2];

	ck_assert_int_eq(io_pair(fds), OK);
	ours = rpc_new(fds[0]);
	theirs = rpc_new(fds[1]);
	raw = fds[1];
}

static void
teardown(void)
{
	rpc_free(ours);
	rpc_free(theirs);
}

static int
count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static enum err
send_password(size_t n, uint8_t fill)
{
	SCOPED(mem_free_at) uint8_t *text = mem_new(n + 1);
	struct password_req m = {.password = slice_make(text, n)};

	memset(text, fill, n);
	return rpc_send(theirs, NUMBER, &layout_password_req, &m);
}

/* Around the room inside struct rpc, and up to the largest. */
START_TEST(carries_messages_of_any_size)
{
	static const size_t sizes[] = {0, 1, 1011, 1012, 1013, 1500, 65536};
	struct password_req m;
	uint32_t number;

	for (size_t i = 0; i < 7; i++) {
		ck_assert_int_eq(send_password(sizes[i], 'p'), OK);
		ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
		ck_assert_uint_eq(number, NUMBER);
		ck_assert_int_eq(rpc_decode(ours, &layout_password_req, &m),
		    OK);
		ck_assert_uint_eq(m.password.n, sizes[i]);
		ck_assert(
		    m.password.n == 0 || m.password.p[m.password.n - 1] == 'p');
		if (i % 2)
			rpc_idle(ours);
	}
	ck_assert_int_eq(send_password(65537, 'p'), ERR_TOO_LONG);
	ck_assert_int_eq(rpc_receive(ours, true, &number), ERR_AGAIN);
}
END_TEST

START_TEST(wipes_what_it_received)
{
	static const size_t sizes[] = {100, 5000};
	struct password_req m;
	uint32_t number;

	/* the large room is freed by rpc_idle: only the small one can be
	 * looked at after that */
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(send_password(sizes[i], 'p'), OK);
		ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
		ck_assert_int_eq(rpc_decode(ours, &layout_password_req, &m),
		    OK);
		ck_assert_uint_eq(slice_find(m.password, 'p'), 0);
		rpc_forget(ours);
		ck_assert_uint_eq(slice_find(m.password, 'p'), m.password.n);
	}
	ck_assert_int_eq(send_password(100, 'p'), OK);
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	ck_assert_int_eq(rpc_decode(ours, &layout_password_req, &m), OK);
	rpc_idle(ours);
	ck_assert_uint_eq(slice_find(m.password, 'p'), m.password.n);
	/* the next frame does it too, however short it is */
	ck_assert_int_eq(send_password(100, 'p'), OK);
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	ck_assert_int_eq(send_password(1, 'q'), OK);
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	ck_assert_uint_eq(slice_find(slice_skip(m.password, 1), 'p'), 99);
}
END_TEST

START_TEST(a_message_is_decoded_once)
{
	struct password_req m;
	struct sign_req other;
	uint32_t number;

	ck_assert_int_eq(rpc_decode(ours, &layout_password_req, &m), ERR_RPC);
	ck_assert_int_eq(send_password(5, 'p'), OK);
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	ck_assert_int_eq(rpc_decode(ours, &layout_password_req, &m), OK);
	ck_assert_int_eq(rpc_decode(ours, &layout_password_req, &m), ERR_RPC);
	ck_assert_int_eq(send_password(5, 'p'), OK);
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	/* by another layout it is none */
	ck_assert_int_eq(rpc_decode(ours, &layout_sign_req, &other), ERR_RPC);
}
END_TEST

START_TEST(tells_nothing_from_the_end)
{
	uint32_t number;

	ck_assert_int_eq(rpc_receive(ours, true, &number), ERR_AGAIN);
	ck_assert_int_eq(send_password(1, 'p'), OK);
	rpc_free(take(&theirs));
	ck_assert_int_eq(rpc_receive(ours, true, &number), OK);
	ck_assert_int_eq(rpc_receive(ours, true, &number), ERR_EOF);
	ck_assert_int_eq(rpc_receive(ours, false, &number), ERR_EOF);
}
END_TEST

/* The last words of somebody who left without reading all that we said. */
START_TEST(hears_the_last_words)
{
	struct none_req m = {0};
	uint32_t number;

	ck_assert_int_eq(send_password(1, 'p'), OK);
	ck_assert_int_eq(rpc_send(ours, 1, &layout_none_req, &m), OK);
	rpc_free(take(&theirs));
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	ck_assert_uint_eq(number, NUMBER);
	ck_assert_int_eq(rpc_receive(ours, false, &number), ERR_EOF);
}
END_TEST

START_TEST(tells_that_nobody_listens)
{
	struct none_req m = {0};

	rpc_free(take(&ours));
	ck_assert_int_eq(rpc_send(theirs, 1, &layout_none_req, &m),
	    ERR_PEER_CLOSED); /* and no SIGPIPE */
}
END_TEST

START_TEST(does_not_wait_where_its_owner_does_not)
{
	enum err e = OK;
	uint32_t number;
	size_t sent;

	ck_assert_int_eq(io_nonblock(raw, true), OK);
	for (sent = 0; sent < 100000 && e == OK; sent++)
		e = send_password(1000, 'p');
	ck_assert_int_eq(e, ERR_AGAIN);
	/* nothing was lost of those before, and nothing came of that one */
	while (--sent > 0)
		ck_assert_int_eq(rpc_receive(ours, true, &number), OK);
	ck_assert_int_eq(rpc_receive(ours, true, &number), ERR_AGAIN);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(passes_descriptors)
{
	struct spawner_start_msg in = {.generation = 5}, out;
	int pipe_fds[2], before = count_open();
	uint32_t number;
	char c = 'x';

	ck_assert_int_eq(io_pipe(pipe_fds), OK);
	in.config.fd = pipe_fds[0];
	in.keys.fd = -1;
	in.keeper.fd = pipe_fds[1];
	ck_assert_int_eq(rpc_send(theirs, NUMBER, &layout_spawner_start_msg,
			     &in),
	    OK);
	io_close(&pipe_fds[0]); /* they stay the sender's */
	io_close(&pipe_fds[1]);
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	ck_assert_int_eq(rpc_decode(ours, &layout_spawner_start_msg, &out), OK);
	ck_assert_int_eq(out.keys.fd, -1);
	ck_assert(fcntl(out.config.fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq(write(out.keeper.fd, &c, 1), 1);
	ck_assert_int_eq(read(out.config.fd, &c, 1), 1);
	rpc_idle(ours); /* they are ours now, and stay open */
	io_close(&out.config.fd);
	io_close(&out.keeper.fd);
	ck_assert_int_eq(count_open(), before);
}
END_TEST

/* A record with n descriptors, whatever it says of them. */
static void
send_raw(struct slice record, size_t n)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)record.p, record.n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[8] = {2, 2, 2, 2, 2, 2, 2, 2};

	if (n > 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
	}
	ck_assert_int_eq(sendmsg(raw, &msg, 0), (ssize_t)record.n);
}

static const char frame_without[] = "\0\0\0\7\0\0\0\0\0";

START_TEST(closes_descriptors_that_nobody_wants)
{
	struct none_req m;
	uint32_t number;
	int before = count_open();

	for (size_t n = 1; n <= 8; n++) {
		send_raw(SLICE_STR(frame_without), n);
		if (rpc_receive(ours, false, &number) == OK) {
			/* the frame is right, but its layout has none */
			ck_assert_uint_le(n, RPC_FDS_MAX);
			if (n % 2)
				ck_assert_int_eq(rpc_decode(ours,
						     &layout_none_req, &m),
				    ERR_RPC);
		} else {
			ck_assert_uint_gt(n, RPC_FDS_MAX);
		}
		rpc_forget(ours);
		ck_assert_int_eq(count_open(), before);
	}
}
END_TEST

START_TEST(refuses_other_ancillary_data)
{
	uint32_t number;
	int on = 1;

	ck_assert_int_eq(setsockopt(rpc_fd(ours), SOL_SOCKET, SO_PASSCRED, &on,
			     sizeof(on)),
	    0);
	send_raw(SLICE_STR(frame_without), 0);
	ck_assert_int_eq(rpc_receive(ours, false, &number), ERR_RPC);
}
END_TEST

/* ---- hostile records ---- */

START_TEST(refuses_every_prefix_of_a_frame)
{
	struct none_req m;
	uint32_t number;
	size_t n = (size_t)_i;

	send_raw(slice_first(SLICE_STR(frame_without), n), 0);
	if (n < 9)
		ck_assert_int_eq(rpc_receive(ours, false, &number),
		    n == 0 ? ERR_EOF : ERR_RPC);
	else
		ck_assert(rpc_receive(ours, false, &number) == OK &&
			  rpc_decode(ours, &layout_none_req, &m) == OK);
}
END_TEST

START_TEST(refuses_flags_that_it_does_not_know)
{
	static const char *const flags[] = {"\0\0\0\2", "\0\0\0\3",
	    "\200\0\0\0", "\1\0\0\0"};
	uint8_t record[9] = {0};
	uint32_t number;

	memcpy(record + 4, flags[_i], 4);
	send_raw(SLICE_OF(record), 0);
	ck_assert_int_eq(rpc_receive(ours, false, &number), ERR_RPC);
}
END_TEST

START_TEST(refuses_an_answer_that_nobody_asked_for)
{
	struct none_req m = {0};
	uint32_t number;

	ck_assert_int_eq(rpc_reply(theirs, NUMBER, &layout_none_req, &m), OK);
	ck_assert_int_eq(rpc_receive(ours, false, &number), ERR_RPC);
}
END_TEST

START_TEST(refuses_what_is_larger_than_a_frame)
{
	SCOPED(mem_free_at) uint8_t *octets = mem_new(RPC_FRAME_MAX + 1);
	uint32_t number;

	send_raw(slice_make(octets, RPC_FRAME_MAX), 0);
	ck_assert_int_eq(rpc_receive(ours, false, &number), OK);
	send_raw(slice_make(octets, RPC_FRAME_MAX + 1), 0);
	ck_assert_int_eq(rpc_receive(ours, false, &number), ERR_RPC);
}
END_TEST

/* ---- asking ---- */

static uint32_t notes[4];
static size_t nnotes;

static void
on_note(void *ctx, struct rpc *r, uint32_t number)
{
	struct log_msg m;

	ck_assert_ptr_eq(ctx, &nnotes);
	ck_assert_int_eq(rpc_decode(r, &layout_log_msg, &m), OK);
	ck_assert(slice_is(m.text, "line"));
	notes[nnotes++] = number;
}

static enum err
ask(struct sign_rep *rep)
{
	struct sign_req req = {.key = 1};

	return rpc_ask(ours, NUMBER, &layout_sign_req, &req, &layout_sign_rep,
	    rep);
}

/* The answer may lie there before the question: nobody looks at the clock. */
static void
answer(uint32_t number)
{
	struct sign_rep rep = {.signature = SLICE_STR("sig")};

	ck_assert_int_eq(rpc_reply(theirs, number, &layout_sign_rep, &rep), OK);
}

static void
note(uint32_t number)
{
	struct log_msg m = {.level = 1, .text = SLICE_STR("line")};

	ck_assert_int_eq(rpc_send(theirs, number, &layout_log_msg, &m), OK);
}

START_TEST(an_answer_belongs_to_its_question)
{
	struct sign_rep rep;
	struct sign_req req;
	uint32_t number;

	answer(NUMBER);
	ck_assert_int_eq(ask(&rep), OK);
	ck_assert(slice_is(rep.signature, "sig"));
	ck_assert_int_eq(rpc_receive(theirs, false, &number), OK);
	ck_assert_uint_eq(number, NUMBER);
	ck_assert_int_eq(rpc_decode(theirs, &layout_sign_req, &req), OK);
	ck_assert_uint_eq(req.key, 1);
	answer(NUMBER + 1);
	ck_assert_int_eq(ask(&rep), ERR_RPC);
}
END_TEST

START_TEST(notes_may_come_before_the_answer)
{
	struct sign_rep rep;

	note(250);
	answer(NUMBER);
	ck_assert_int_eq(ask(&rep), ERR_RPC); /* who didn't expect them */
	ck_assert_int_eq(ask(&rep), OK);
	rpc_on_note(ours, on_note, &nnotes);
	note(250);
	note(251);
	answer(NUMBER);
	ck_assert_int_eq(ask(&rep), OK);
	ck_assert_uint_eq(nnotes, 2);
	ck_assert_uint_eq(notes[0], 250);
	ck_assert_uint_eq(notes[1], 251);
}
END_TEST

START_TEST(of_a_note_no_answer_is_awaited)
{
	struct log_msg m = {.text = SLICE_STR("line")};

	ck_assert_int_eq(rpc_ask(ours, NUMBER, &layout_log_msg, &m,
			     &layout_note_rep, NULL),
	    OK);
}
END_TEST

TCase *
check_frame(void)
{
	TCase *tc = tcase_create("rpc/frame");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, carries_messages_of_any_size);
	tcase_add_test(tc, wipes_what_it_received);
	tcase_add_test(tc, a_message_is_decoded_once);
	tcase_add_test(tc, tells_nothing_from_the_end);
	tcase_add_test(tc, hears_the_last_words);
	tcase_add_test(tc, tells_that_nobody_listens);
	tcase_add_test(tc, does_not_wait_where_its_owner_does_not);
	tcase_add_test(tc, passes_descriptors);
	tcase_add_test(tc, closes_descriptors_that_nobody_wants);
	tcase_add_test(tc, refuses_other_ancillary_data);
	tcase_add_loop_test(tc, refuses_every_prefix_of_a_frame, 0,
	    sizeof(frame_without));
	tcase_add_loop_test(tc, refuses_flags_that_it_does_not_know, 0, 4);
	tcase_add_test(tc, refuses_an_answer_that_nobody_asked_for);
	tcase_add_test(tc, refuses_what_is_larger_than_a_frame);
	tcase_add_test(tc, an_answer_belongs_to_its_question);
	tcase_add_test(tc, notes_may_come_before_the_answer);
	tcase_add_test(tc, of_a_note_no_answer_is_awaited);
	return tc;
}
