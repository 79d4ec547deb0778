/*
 * netgroups.c - who is in a netgroup, for host-based authentication
 *
 * keycheck found a netgroup's name in hosts.equiv or .rhosts. An errand asks
 * the system's databases, without privilege and with none of this process's
 * memory; its answers go to keycheck unread, as a sealed memory file.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"
#include "sallyport/rpc/keycheck_ops.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A directory that is down: as long as a name server may take (host.c). */
#define PATIENCE_MS 10000

/* Words, as files of words hold them; keycheck may be broken. */
static bool
is_sane(struct slice questions)
{
	struct rd r = rd_from(questions);

	while (rd_status(&r) == OK && r.left.n > 0) {
		struct slice word = rd_string(&r);

		for (size_t i = 0; i < word.n; i++)
			if (word.p[i] <= ' ' || word.p[i] == 0x7f)
				return false;
	}
	return rd_end(&r) == OK && questions.n > 0;
}

static bool
wait_for(struct rpc *r)
{
	struct pollfd p = {.fd = rpc_fd(r), .events = POLLIN};
	uint64_t until = clock_mono_ms() + PATIENCE_MS;
	uint64_t now;
	int n = 0;

	while (n <= 0 && (now = clock_mono_ms()) < until) {
		n = poll(&p, 1, (int)(until - now));
		if (n < 0 && errno != EINTR)
			return false;
	}
	return n > 0;
}

/* The answers live in r. */
static enum err
ask(struct rpc *r, const struct netgroups_msg *questions,
    struct netgroups_rep *rep)
{
	uint32_t number;
	enum err e = rpc_send(r, ERRAND_ASK, &layout_netgroups_msg, questions);

	if (e == OK && !wait_for(r))
		e = ERR_TIMEOUT;
	if (e == OK)
		e = rpc_receive(r, false, &number);
	if (e == OK && number != ERRAND_ANSWER)
		e = ERR_RPC;
	return e == OK ? rpc_decode(r, &layout_netgroups_rep, rep) : e;
}

static void
run(const struct netgroups_msg *questions, int *output)
{
	SCOPED(mem_free_at)
	char *task = mem_format("netgroups %ld", (long)getpid());
	struct netgroups_rep rep;
	struct rpc *r;
	int pair[2], status;
	pid_t pid;
	enum err e;

	if (io_pair(pair) != OK) {
		log_error("netgroups: %s", strerror(errno));
		return;
	}
	if (spawn_image(ROLE_ERRAND, task, pair[1], &pid) != OK) {
		log_error("netgroups: %s", strerror(errno));
		io_close(&pair[0]);
		io_close(&pair[1]);
		return;
	}
	io_close(&pair[1]);
	r = rpc_new(pair[0]);
	if ((e = ask(r, questions, &rep)) == OK)
		e = memfile_make("netgroups", rep.answers, output);
	if (e != OK)
		log_error("netgroups: %s", err_sentence(e));
	rpc_free(r);
	kill(pid, SIGKILL);
	(void)!parent_reap(pid, false, &status);
}

enum err
netgroups_run(struct monitor *m, int *output)
{
	const struct empty_msg empty = {0};
	struct netgroups_msg questions;
	enum err e;

	*output = -1;
	if ((e = ask_netgroups(m->keycheck, &empty, &questions)) != OK)
		return e;
	if (!is_sane(questions.questions))
		return ERR_RPC;
	run(&questions, output);
	return OK;
}
