/*
 * fuzz_serve.c - a gate, or a session, that was broken into: hostile records
 * against the monitor's table
 *
 * The input is a series of records as the monitor would receive them:
 *
 *     phase (1), descriptors (1), length (2), octets …
 *
 * Handlers look at every octet of what they were given, and answer. After a
 * fault the monitor would end; here it begins anew with the next record.
 */
#include "sallyport/base/buf.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/rpc/monitor_ops.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct monitor {
	struct serve serve;
	struct rpc *rpc;
	unsigned int phase;
	bool answered;
	unsigned int depth;
};

static volatile uint8_t sum;

/* Look at all of a message, and close what came with it. */
static void
look(const struct layout *l, const void *message)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct field *f = &l->fields[i];
		const void *at = (const uint8_t *)message + f->offset;
		struct slice s;
		int fd;

		if (f->kind == FIELD_SLICE) {
			memcpy(&s, at, sizeof(s));
			must(s.n <= f->max);
			for (size_t n = 0; n < s.n; n++)
				sum = (uint8_t)(sum + s.p[n]);
		} else if (f->kind == FIELD_FD) {
			memcpy(&fd, at, sizeof(fd));
			must(fd < 0 || fcntl(fd, F_GETFD) == FD_CLOEXEC);
			io_close(&fd);
		}
	}
}

#define PLAIN(name, req_, rep_)                                                \
	enum err on_##name(struct monitor *m, const struct req_ *req,          \
	    struct rep_ *rep)                                                  \
	{                                                                      \
		must((m->phase & PHASE_PROMPT) == 0 || m->depth > 0);          \
		look(&layout_##req_, req);                                     \
		(void)rep;                                                     \
		return OK;                                                     \
	}

PLAIN(log, log_msg, note_rep)
PLAIN(sign_kex, sign_req, sign_rep)
PLAIN(pick_group, modulus_req, modulus_rep)
PLAIN(find_user, user_req, user_rep)
PLAIN(auth_none, none_req, verdict_rep)
PLAIN(auth_pubkey, pubkey_req, verdict_rep)
PLAIN(auth_hostbased, hostbased_req, verdict_rep)
PLAIN(auth_password, password_req, verdict_rep)
PLAIN(auth_other, kbdint_req, verdict_rep)
PLAIN(gss_start, empty_msg, verdict_rep)
PLAIN(gss_token, token_req, token_rep)
PLAIN(gss_mic, token_req, verdict_rep)
PLAIN(gss_cancel, empty_msg, verdict_rep)
PLAIN(hand_over, hand_over_msg, note_rep)
PLAIN(prove_key, prove_req, sign_rep)
PLAIN(open_pty, pty_req, pty_rep)
PLAIN(login_record, login_req, login_rep)
PLAIN(pty_done, pty_done_req, note_rep)
PLAIN(tell_stats, stats_msg, note_rep)
PLAIN(listens, listens_msg, note_rep)
PLAIN(reclaim, reclaim_msg, note_rep)
PLAIN(reclaimed, reclaimed_msg, note_rep)

/* As PAM's conversation does: wait inside for what comes next. */
enum err
on_kbdint_start(struct monitor *m, const struct kbdint_req *req,
    struct prompt_rep *rep)
{
	struct prompt_rep prompt = {.verdict = VERDICT_PROMPT};
	enum err e;

	look(&layout_kbdint_req, req);
	must(++m->depth == 1); /* its phase keeps it from being nested */
	e = serve_reply(&m->serve, &prompt);
	for (m->answered = false; e == OK && !m->answered;)
		e = serve_one(&m->serve, m->rpc, PHASE_PROMPT, true);
	m->depth--;
	rep->verdict = VERDICT_FAILED;
	return e;
}

enum err
on_kbdint_answer(struct monitor *m, const struct answer_req *req,
    struct prompt_rep *rep)
{
	(void)rep;
	must(m->depth == 1);
	look(&layout_answer_req, req);
	m->answered = true;
	serve_defer(&m->serve);
	return OK;
}

enum err
on_kbdint_cancel(struct monitor *m, const struct empty_msg *req,
    struct verdict_rep *rep)
{
	(void)rep;
	must(m->depth == 1);
	look(&layout_empty_msg, req);
	m->answered = true;
	serve_defer(&m->serve);
	return OK;
}

MONITOR_TABLE(table);

static void
send_record(int fd, struct slice octets, size_t nfds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(6 * sizeof(int))];
	} control;
	int fds[6] = {0, 0, 0, 0, 0, 0};
	struct iovec iov = {(void *)(uintptr_t)octets.p, octets.n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memset(&control, 0, sizeof(control));
	if (nfds > 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, nfds * sizeof(int));
	}
	/* full: the rest of the input is left out */
	if (sendmsg(fd, &msg, MSG_DONTWAIT) < 0)
		return;
}

/* Read what was answered, so that there is room for more. */
static void
drain(int fd)
{
	static uint8_t octets[4096];

	while (recv(fd, octets, sizeof(octets), MSG_DONTWAIT) > 0)
		continue;
}

static int
lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size);
	struct monitor m = {.serve = SERVE_INIT(table, &m)};
	int pair[2], free_before = lowest_free();

	must(io_pair(pair) == OK);
	m.rpc = rpc_new(pair[0]);
	/* all records first: a dialogue then finds what it waits for */
	for (struct slice r = rest; r.n >= 4;) {
		size_t n = (size_t)r.p[2] << 8 | r.p[3];

		send_record(pair[1], slice_first(slice_skip(r, 4), n),
		    r.p[1] % 7);
		r = slice_skip(slice_skip(r, 4), n);
	}
	while (rest.n >= 4) {
		enum err e;

		/* PROMPT is a phase of on_kbdint_start's inside alone */
		m.phase = rest.p[0] & ~PHASE_PROMPT;
		e = serve_one(&m.serve, m.rpc, m.phase, true);
		if (e == ERR_AGAIN)
			break;
		if (e != OK)
			m.serve = (struct serve)SERVE_INIT(table, &m);
		drain(pair[1]);
		rest = slice_skip(slice_skip(rest, 4),
		    (size_t)rest.p[2] << 8 | rest.p[3]);
	}
	rpc_free(m.rpc);
	io_close(&pair[1]);
	must(lowest_free() == free_before); /* nothing was left open */
	return 0;
}
