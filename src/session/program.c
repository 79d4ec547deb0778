/*
 * program.c - session channels: their requests, and the programs they start
 *
 *     open ──► pty-req, env … ──► shell, exec, subsystem ──► runs ──► ended
 *                                                              │
 *     exit status once the program ended and what it wrote is sent; EOF once
 *     nobody can write any more; CLOSE once both are true. So a background
 *     process that holds the pipes keeps the channel open, and the client
 *     still knows how its command ended.
 */
#include "session.h"

#include "link.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INTERNAL_SFTP "internal-sftp"
#define EOF_HOLD_MS   100u /* between a program's last words and its end */

/* ---- opening -------------------------------------------------------------- */

/* Lowest number that no program of this connection has. */
static bool
free_slot(const struct session *s, uint32_t *slot)
{
	for (*slot = 0; *slot < PROGRAMS_MAX; (*slot)++) {
		bool taken = false;

		LIST_EACH (l, &s->programs)
			taken |=
			    LIST_ITEM(l, struct program, link)->slot == *slot;
		if (!taken)
			return true;
	}
	return false;
}

static void
drop_idle(void *p)
{
	program_drop(p);
}

static bool
open_session(struct session *s, struct channel *ch)
{
	struct program *p;
	uint32_t slot;

	if (!free_slot(s, &slot))
		return false;
	p = mem_new(sizeof(*p));
	p->s = s;
	p->slot = slot;
	p->ch = ch;
	p->pty.master = p->in.fd = p->out.fd = p->err.fd = p->exit.fd = -1;
	p->in.p = p->out.p = p->err.p = p;
	list_add_tail(&s->programs, &p->link);
	channel_set_owner(ch, p);
	p->idle = (struct idle){.s = s, .ch = ch, .drop = drop_idle, .ctx = p};
	timeouts_watch(&p->idle, "session");
	return true;
}

/* Forwarding isn't served: refused as where an administrator forbade it. */
static void
refuse_forward(const struct channel_open *req)
{
	const char *from = log_quote(req->originator);

	if (req->kind == OPEN_DIRECT_TCPIP)
		log_info("refused local port forward: originator %s port %u, "
			 "target %s port %u",
		    from, req->originator_port, log_quote(req->target),
		    req->port);
	else if (req->kind == OPEN_DIRECT_STREAMLOCAL)
		log_info("refused streamlocal port forward: originator %s "
			 "port %u, target %s",
		    from, req->originator_port, log_quote(req->target));
	else
		log_info("refused tunnel device forwarding");
}

bool
program_open(void *ctx, struct channel *ch, const struct channel_open *req)
{
	if (req->kind == OPEN_SESSION)
		return open_session(ctx, ch);
	refuse_forward(req);
	return false;
}

/* ---- the end ------------------------------------------------------------------ */

static void
close_pty(struct program *p)
{
	struct pty_done_req done = {.line = slice_cstr(p->pty.name)};

	if (p->pty.master < 0)
		return;
	/* The only copies: the terminal's processes are told by SIGHUP. */
	io_close(&p->pty.master);
	if (ask_pty_done(p->s->monitor, &done, NULL) != OK)
		log_debug1("the monitor is gone");
	p->pty.name[0] = '\0';
	session_title(p->s);
}

static void
log_close(const struct program *p)
{
	const struct session *s = p->s;

	log_verbose("Close session: user %s from %s port %u id %u",
	    s->grant->user, s->conn->peer_ip, s->conn->peer_port, p->slot);
}

static void
program_free(struct program *p)
{
	list_remove(&p->link);
	if (p->exit.fd >= 0) {
		loop_remove(&p->exit);
		io_close(&p->exit.fd);
	}
	environ_clear(&p->client);
	mem_free(p->term);
	mem_free(p);
}

/* Let go of descriptors and channel; what still runs is only waited for. */
static void
release(struct program *p)
{
	bool terminal = p->pty.master >= 0;

	timeouts_unwatch(&p->idle);
	loop_timer_cancel(&p->eof);
	relay_close_source(&p->out);
	relay_close_source(&p->err);
	relay_close_sink(&p->in);
	close_pty(p);
	if (p->started)
		log_close(p);
	if (p->pid > 0 && terminal)
		kill(-p->pid, SIGHUP);
	p->ch = NULL;
	if (terminal)
		link_qos(p->s);
	if (p->pid == 0)
		program_free(p);
}

void
program_drop(struct program *p)
{
	struct channel *ch = take(&p->ch);

	if (ch != NULL)
		channel_close(ch);
	release(p);
}

void
program_drop_all(struct session *s)
{
	LIST_EACH_SAFE (l, &s->programs) {
		struct program *p = LIST_ITEM(l, struct program, link);

		if (p->ch != NULL)
			program_drop(p);
	}
}

void
program_closed(void *ctx, struct channel *ch)
{
	(void)ctx;
	release(channel_owner(ch));
}

/* ---- how a program ended -------------------------------------------------------- */

/* Names of RFC 4254 §6.10, without "SIG". */
static const struct {
	const char *name;
	int signo;
} signals[] = {
    {"ABRT", SIGABRT},
    {"ALRM", SIGALRM},
    {"FPE", SIGFPE},
    {"HUP", SIGHUP},
    {"ILL", SIGILL},
    {"INT", SIGINT},
    {"KILL", SIGKILL},
    {"PIPE", SIGPIPE},
    {"QUIT", SIGQUIT},
    {"SEGV", SIGSEGV},
    {"TERM", SIGTERM},
    {"USR1", SIGUSR1},
    {"USR2", SIGUSR2},
};
#define NSIGNALS (sizeof(signals) / sizeof(signals[0]))

static const char *
signal_name(int signo)
{
	for (size_t i = 0; i < NSIGNALS; i++)
		if (signals[i].signo == signo)
			return signals[i].name;
	return "SIG@openssh.com";
}

static void
tell_status(struct program *p)
{
	p->told = true;
	if (WIFSIGNALED(p->status))
		channel_exit_signal(p->ch, signal_name(WTERMSIG(p->status)),
		    WCOREDUMP(p->status));
	else
		channel_exit_status(p->ch, (uint32_t)WEXITSTATUS(p->status));
}

/* All that the program itself wrote was read. */
static bool
is_read(const struct source *src)
{
	return src->fd < 0 || src->dry;
}

static void
on_eof_due(struct timer *t)
{
	struct program *p = t->ctx;

	p->eof_due = true;
	program_check(p);
}

/*
 * A program that ends closes its descriptors a moment before it can be waited
 * for. Clients that sent their own EOF, or have a terminal (PuTTY), answer
 * ours by CLOSE and never learn the exit status: it goes first if it comes
 * soon. A terminal's EOF tells nothing but the end, so it waits for that.
 */
static bool
hold_eof(struct program *p)
{
	if (p->ended || p->eof_due)
		return false;
	p->eof.on = on_eof_due;
	p->eof.ctx = p;
	if (p->pty.master < 0 && p->eof.place == 0)
		loop_timer(p->s->loop, &p->eof, clock_mono_ms() + EOF_HOLD_MS);
	return true;
}

void
program_check(struct program *p)
{
	bool all = is_read(&p->out) && is_read(&p->err);

	if (p->ch == NULL || !p->started)
		return;
	if (p->ended && all && !p->told)
		tell_status(p);
	/* A terminal ends with its program: who is left on it is hung up. */
	if (p->told && p->pty.master >= 0)
		relay_close_source(&p->out);
	if (p->out.fd >= 0 || p->err.fd >= 0 || hold_eof(p))
		return;
	channel_eof(p->ch);
	if (p->told)
		program_drop(p);
}

void
program_resume(struct program *p)
{
	relay_resume(&p->out);
	relay_resume(&p->err);
	if (p->ended)
		program_check(p);
}

static void
on_exit_of(struct watch *w, unsigned int events)
{
	struct program *p = w->ctx;

	(void)events;
	if (parent_reap(p->pid, true, &p->status) == ERR_AGAIN)
		return;
	loop_remove(&p->exit);
	io_close(&p->exit.fd);
	p->pid = 0;
	p->ended = true;
	if (p->ch == NULL) {
		program_free(p);
		return;
	}
	program_resume(p); /* what it wrote last is there by now */
}

/* ---- starting --------------------------------------------------------------------- */

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

static bool
watch_exit(struct program *p)
{
	if (parent_watch_child(p->pid, &p->exit.fd) != OK)
		return false;
	p->exit.events = LOOP_READ;
	p->exit.on = on_exit_of;
	p->exit.ctx = p;
	return loop_add(p->s->loop, &p->exit) == OK;
}

static void
wire(struct program *p, const int ours[3])
{
	relay_open_sink(&p->in, p, ours[0]);
	relay_open_source(&p->out, p, ours[1], CHANNEL_OUT);
	if (ours[2] >= 0)
		relay_open_source(&p->err, p, ours[2], CHANNEL_ERR);
}

/* What the client sent before its program was there lies in the sink. */
static bool
run(struct program *p, const struct plan *plan)
{
	int ours[3] = {-1, -1, -1}, fds[3] = {-1, -1, -1};
	bool ok;

	ok = p->pty.master >= 0 ? open_terminal(p, ours, fds)
				: make_pipes(ours, fds);
	if (ok)
		p->pid = start_program(p, plan, fds);
	if (ok && p->pid > 0 && watch_exit(p)) {
		close_all(fds);
		p->started = true;
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
	const struct session *s = p->s;
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
	const struct session *s = p->s;

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

	if (p->pty.master < 0 || !p->s->grant->use_lastlog)
		return;
	if (ask_login_record(p->s->monitor, &req, &rep) != OK)
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
	timeouts_watch(&p->idle, text != NULL            ? text
				 : plan->command == NULL ? "session:shell"
							 : "session:command");
}

static bool
start(struct program *p, struct plan *plan)
{
	p->subsystem = plan->subsystem != NULL;
	force(p, plan);
	if (is_internal_sftp(plan->command)) {
		log_info("subsystem request for %s by user %s failed, "
			 "subsystem not found",
		    plan->subsystem != NULL ? plan->subsystem : "sftp",
		    p->s->grant->user);
		return false;
	}
	log_start(p, plan);
	plan->nologin = is_nologin(p->s);
	record_login(p, plan);
	set_label(p, plan);
	link_qos(p->s);
	session_title(p->s);
	return run(p, plan);
}

/* ---- requests ------------------------------------------------------------------------ */

static bool
on_shell(struct program *p, const struct channel_request *q)
{
	struct plan plan = {.command = NULL};

	(void)q;
	return start(p, &plan);
}

/* An empty command is a login shell, as for sshd. */
static bool
on_exec(struct program *p, const struct channel_request *q)
{
	SCOPED(mem_free_at) char *command = mem_text(q->text);
	struct plan plan = {.command = q->text.n > 0 ? command : NULL};

	return start(p, &plan);
}

static bool
on_subsystem(struct program *p, const struct channel_request *q)
{
	const struct conf *conf = &p->s->conf;
	SCOPED(mem_free_at) char *name = mem_text(q->text);
	struct plan plan = {.subsystem = name};

	for (size_t i = 0; i < conf->nsubsystems; i++)
		if (slice_is(q->text, conf->subsystems[i].name))
			plan.command = conf->subsystems[i].command;
	if (plan.command != NULL)
		return start(p, &plan);
	log_info("subsystem request for %.100s by user %s failed, subsystem "
		 "not found",
	    log_quote(q->text), p->s->grant->user);
	return false;
}

static void
set_terminal(const struct program *p, const struct channel_request *q)
{
	struct winsize size = pty_size(q);
	struct termios tio;

	if (tcgetattr(p->pty.master, &tio) == 0) {
		if (pty_modes(q->modes, &tio) != OK)
			log_debug1("terminal modes are cut off");
		if (tcsetattr(p->pty.master, TCSANOW, &tio) != 0)
			log_debug1("tcsetattr: %s", strerror(errno));
	}
	if (ioctl(p->pty.master, TIOCSWINSZ, &size) != 0)
		log_debug1("TIOCSWINSZ: %s", strerror(errno));
}

static bool
on_pty(struct program *p, const struct channel_request *q)
{
	struct session *s = p->s;
	struct pty_req req = {.zero = 0};
	struct pty_rep rep = {.master = {-1}};

	if (!s->conf.permit_tty || (s->grant->permits & PERMIT_PTY) == 0) {
		log_debug1("Allocating a pty not permitted for this "
			   "connection.");
		return false;
	}
	if (ask_open_pty(s->monitor, &req, &rep) != OK || !rep.ok ||
	    rep.master.fd < 0 ||
	    !slice_to_cstr(rep.name, p->pty.name, sizeof(p->pty.name))) {
		io_close(&rep.master.fd);
		log_debug1("no terminal for %s", s->grant->user);
		return false;
	}
	p->pty.master = rep.master.fd;
	p->term = mem_text(q->text);
	set_terminal(p, q);
	session_title(s);
	return true;
}

static bool
on_window(struct program *p, const struct channel_request *q)
{
	struct winsize size = pty_size(q);

	return p->pty.master >= 0 &&
	       ioctl(p->pty.master, TIOCSWINSZ, &size) == 0;
}

static bool
on_break(struct program *p, const struct channel_request *q)
{
	(void)q;
	return p->pty.master >= 0 && tcsendbreak(p->pty.master, 0) == 0;
}

static bool
on_env(struct program *p, const struct channel_request *q)
{
	return environ_add_client(&p->client, &p->s->conf.accept_env, q->text,
	    q->value);
}

/* Not where the command isn't the client's own. */
static bool
on_signal(struct program *p, const struct channel_request *q)
{
	if (p->pid <= 0 || p->forced || p->subsystem)
		return false;
	for (size_t i = 0; i < NSIGNALS; i++)
		if (slice_is(q->text, signals[i].name))
			return kill(-p->pid, signals[i].signo) == 0;
	return false;
}

/* The client's reader is gone: so will the program's be. */
static bool
on_eow(struct program *p, const struct channel_request *q)
{
	(void)q;
	if (p->pty.master < 0 && p->out.fd >= 0)
		relay_close_source(&p->out);
	return true;
}

/* X11, agents: not served. */
static bool
on_other(struct program *p, const struct channel_request *q)
{
	(void)p;
	(void)q;
	return false;
}

typedef bool handler(struct program *p, const struct channel_request *q);

static handler *const handlers[] = {
    [REQUEST_PTY] = on_pty,
    [REQUEST_X11] = on_other,
    [REQUEST_AGENT] = on_other,
    [REQUEST_ENV] = on_env,
    [REQUEST_SHELL] = on_shell,
    [REQUEST_EXEC] = on_exec,
    [REQUEST_SUBSYSTEM] = on_subsystem,
    [REQUEST_WINDOW] = on_window,
    [REQUEST_BREAK] = on_break,
    [REQUEST_SIGNAL] = on_signal,
    [REQUEST_EOW] = on_eow,
};

bool
program_request(void *ctx, struct channel *ch, const struct channel_request *q)
{
	struct program *p = channel_owner(ch);
	bool yes = handlers[q->kind](p, q);

	(void)ctx;
	if (q->kind == REQUEST_EOW)
		program_check(p);
	return yes;
}

/* ---- data ------------------------------------------------------------------------------- */

size_t
program_data(void *ctx, struct channel *ch, struct slice data)
{
	struct program *p = channel_owner(ch);

	(void)ctx;
	timeouts_moved(&p->idle);
	return relay_take(&p->in, data);
}

void
program_eof(void *ctx, struct channel *ch)
{
	struct program *p = channel_owner(ch);

	(void)ctx;
	relay_end(&p->in);
}

void
program_writable(void *ctx, struct channel *ch)
{
	(void)ctx;
	program_resume(channel_owner(ch));
}
