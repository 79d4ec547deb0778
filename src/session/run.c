/*
 * run.c - from what a client asks for to a process with its descriptors
 *
 * What is run is decided here: the administrator's command before the key's
 * before the client's. How it becomes a process is start.c's.
 */
#include "session.h"

#include "link.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/proc/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INTERNAL_SFTP "internal-sftp"

/* ---- a process --------------------------------------------------------------------- */

/* Ours of each pair are kept, the child's go to fds. */
static bool
make_pipes(int ours[3], int fds[3])
{
	for (int i = 0; i < 3; i++) {
		int pair[2];

		if (io_pipe(pair) != OK)
			return false;
		ours[i] = pair[i == 0 ? 1 : 0];
		fds[i] = pair[i == 0 ? 0 : 1];
	}
	return true;
}

/* The slave's side is opened without a path: also where there is no /dev. */
static bool
open_terminal(const struct program *p, int ours[3], int fds[3])
{
	int slave =
	    ioctl(p->pty.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (slave < 0)
		return false;
	for (int i = 0; i < 3; i++)
		fds[i] = slave;
	for (int i = 0; i < 2; i++)
		ours[i] = fcntl(p->pty.master, F_DUPFD_CLOEXEC, 3);
	return ours[0] >= 0 && ours[1] >= 0;
}

static void
close_all(int fds[3])
{
	for (int i = 0; i < 3; i++) {
		bool same = i < 2 && fds[i] == fds[2];

		if (!same)
			io_close(&fds[i]);
	}
}

static void
on_exit_event(struct watch *w, unsigned int events)
{
	struct program *p = w->ctx;

	(void)events;
	if (parent_reap(p->pid, true, &p->status) != ERR_AGAIN)
		program_exited(p);
}

static bool
watch_exit(struct program *p)
{
	if (parent_watch_child(p->pid, &p->exit.fd) != OK)
		return false;
	p->exit.events = LOOP_READ;
	p->exit.on = on_exit_event;
	p->exit.ctx = p;
	return loop_add(p->r.s->loop, &p->exit) == OK;
}

static void
wire(struct program *p, const int ours[3])
{
	enum relay_kind kind = relay_kind_of(ours[0]); /* they are alike */

	for (size_t i = 0; i < 3; i++)
		must(ours[i] < 0 || io_nonblock(ours[i], true) == OK);
	relay_open_sink(&p->in, &p->r, ours[0], kind);
	relay_open_source(&p->out, &p->r, ours[1], kind, CHANNEL_OUT);
	if (ours[2] >= 0)
		relay_open_source(&p->err, &p->r, ours[2], RELAY_PIPE,
		    CHANNEL_ERR);
}

/* A line of internal-sftp's: its level's octet, then the text. In a root
 * directory of its own all of our lines are marked, by the monitor. False:
 * there is none now. */
static bool
relay_line(struct program *p)
{
	bool marked = p->r.s->conf.chroot_directory != NULL;
	uint8_t record[1 + LOG_LINE_MAX];
	size_t n;
	enum err e = io_read(p->said.fd, BYTES_OF(record), &n);

	if (e == OK && n > 1 && record[0] <= LEVEL_DEBUG3)
		log_relay((enum log_level)record[0], true,
		    "internal-sftp: %.*s%s", (int)(n - 1),
		    (const char *)record + 1, marked ? "" : " [postauth]");
	if (e != OK && e != ERR_AGAIN) {
		loop_remove(&p->said);
		io_close(&p->said.fd);
	}
	return e == OK;
}

static void
on_said(struct watch *w, unsigned int events)
{
	(void)events;
	(void)relay_line(w->ctx);
}

void
run_last_words(struct program *p, uint64_t until_ms)
{
	struct pollfd there = {.fd = p->said.fd, .events = POLLIN};

	while (p->said.fd >= 0) {
		uint64_t now = clock_mono_ms();

		if (relay_line(p))
			continue;
		if (p->said.fd < 0 || now >= until_ms ||
		    poll(&there, 1, (int)(until_ms - now)) <= 0)
			return;
	}
}

/* The child's end, or -1: then it serves without a log. */
static int
open_log(struct program *p)
{
	int pair[2];

	if (io_pair(pair) != OK)
		return -1;
	p->said = (struct watch){.fd = pair[0],
	    .events = LOOP_READ,
	    .on = on_said,
	    .ctx = p};
	if (io_nonblock(pair[0], true) == OK &&
	    loop_add(p->r.s->loop, &p->said) == OK)
		return pair[1];
	io_close(&pair[0]);
	io_close(&pair[1]);
	p->said.fd = -1;
	return -1;
}

/* What the client sent before its program was there lies in the sink. */
static bool
run(struct program *p, struct plan *plan)
{
	int ours[3] = {-1, -1, -1}, fds[3] = {-1, -1, -1};
	bool ok;

	ok = p->pty.master >= 0 ? open_terminal(p, ours, fds)
				: make_pipes(ours, fds);
	if (ok && plan->internal)
		plan->log = open_log(p);
	if (ok)
		p->pid = start_program(p, plan, fds);
	io_close(&plan->log);
	if (ok && p->pid > 0 && watch_exit(p)) {
		close_all(fds);
		p->r.started = true;
		wire(p, ours);
		return true;
	}
	log_error("can't start a program: %s", strerror(errno));
	if (p->pid > 0) { /* nothing would tell us of its end */
		kill(p->pid, SIGKILL);
		if (parent_reap(p->pid, false, &p->status) != OK)
			log_debug1("a program is lost");
	}
	p->pid = 0;
	close_all(fds);
	close_all(ours);
	return false;
}

/* ---- what to start ------------------------------------------------------------------ */

static void
log_start(const struct program *p, const struct plan *plan)
{
	const struct session *s = p->r.s;
	const char *tty = pty_short_name(&p->pty);
	char what[1024];

	if (p->forced)
		snprintf(what, sizeof(what), "forced-command %s '%.900s'",
		    plan->by_config ? "(config)" : "(key-option)",
		    plan->command);
	else if (plan->subsystem != NULL)
		snprintf(what, sizeof(what), "subsystem '%.900s'",
		    plan->subsystem);
	else
		snprintf(what, sizeof(what), "%s",
		    plan->command == NULL ? "shell" : "command");
	log_verbose("Starting session: %s%s%s for %s from %s port %u id %u",
	    what, p->pty.master >= 0 ? " on " : "",
	    p->pty.master >= 0 ? tty : "", s->grant->user, s->conn->peer_ip,
	    s->conn->peer_port, p->slot);
}

/* ForceCommand, then the key's command, before what the client asks for. */
static void
force(struct program *p, struct plan *plan)
{
	const struct session *s = p->r.s;

	plan->by_config = s->conf.force_command != NULL;
	p->forced = plan->by_config || s->grant->has_key_command;
	if (!p->forced)
		return;
	plan->original = plan->command;
	plan->command =
	    plan->by_config ? s->conf.force_command : s->grant->key_command;
	if (plan->command == NULL)
		plan->command = "";
}

static bool
is_internal_sftp(const char *command)
{
	size_t n = sizeof(INTERNAL_SFTP) - 1;

	return command != NULL && strncmp(command, INTERNAL_SFTP, n) == 0 &&
	       strchr(" \t", command[n]) != NULL;
}

/* With PAM, its modules look at the file. */
static bool
is_nologin(const struct session *s)
{
	if (s->conf.use_pam || s->grant->uid == 0 ||
	    access(START_NOLOGIN, F_OK) != 0)
		return false;
	log_info("User %.100s not allowed because %s exists", s->grant->user,
	    START_NOLOGIN);
	return true;
}

/* The records of a terminal's login, and when the one before was. */
static void
record_login(const struct program *p, struct plan *plan)
{
	struct login_req req = {.line = slice_cstr(p->pty.name),
	    .pid = (uint32_t)getpid()};
	struct login_rep rep = {.last_time = 0};

	if (p->pty.master < 0 || !p->r.s->grant->use_lastlog)
		return;
	if (ask_login_record(p->r.s->monitor, &req, &rep) != OK)
		return;
	plan->last_time = rep.last_time;
	if (!slice_to_cstr(rep.last_host, plan->last_host,
		sizeof(plan->last_host)))
		plan->last_host[0] = '\0';
}

/* ChannelTimeout's name for it */
static void
set_label(struct program *p, const struct plan *plan)
{
	SCOPED(mem_free_at) char *text = NULL;

	if (plan->subsystem != NULL)
		text = mem_format("session:subsystem:%s", plan->subsystem);
	timeouts_watch(&p->r.idle, text != NULL            ? text
				   : plan->command == NULL ? "session:shell"
							   : "session:command");
}

bool
run_program(struct program *p, struct plan *plan)
{
	p->r.subsystem = plan->subsystem != NULL;
	if (p->r.s->grant->must_change)
		*plan = (struct plan){.must_change = true};
	else
		force(p, plan);
	plan->log = -1;
	if (is_internal_sftp(plan->command)) {
		plan->internal = true;
		p->r.subsystem = true; /* many small requests, no script */
	}
	log_start(p, plan);
	plan->nologin = is_nologin(p->r.s);
	record_login(p, plan);
	set_label(p, plan);
	link_qos(p->r.s);
	session_title(p->r.s);
	return run(p, plan);
}
