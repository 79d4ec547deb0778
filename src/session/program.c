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

#include "forward.h"
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

#define EOF_HOLD_MS 100u /* between a program's last words and its end */

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

static const struct relay_ops ops;

bool
program_open(struct session *s, struct channel *ch)
{
	struct program *p;
	uint32_t slot;

	if (!free_slot(s, &slot))
		return false;
	p = mem_new(sizeof(*p));
	p->slot = slot;
	p->pty.master = p->in.fd = p->out.fd = p->err.fd = p->exit.fd = -1;
	p->said.fd = -1;
	p->in.r = p->out.r = p->err.r = &p->r;
	list_add_tail(&s->programs, &p->link);
	relay_init(&p->r, s, ch, &ops, "session");
	return true;
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
	if (ask_pty_done(p->r.s->monitor, &done, NULL) != OK)
		log_debug1("the monitor is gone");
	p->pty.name[0] = '\0';
	session_title(p->r.s);
}

static void
log_close(const struct program *p)
{
	const struct session *s = p->r.s;

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
	run_last_words(p, 0);
	if (p->said.fd >= 0) {
		loop_remove(&p->said);
		io_close(&p->said.fd);
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

	relay_leave(&p->r);
	loop_timer_cancel(&p->eof);
	relay_close_source(&p->out);
	relay_close_source(&p->err);
	relay_close_sink(&p->in);
	close_pty(p);
	x11_stop(p);
	if (p->r.started)
		log_close(p);
	if (p->pid > 0 && terminal)
		kill(-p->pid, SIGHUP);
	if (terminal)
		link_qos(p->r.s);
	if (p->pid == 0)
		program_free(p);
}

/* Close the channel and let go of the program, whatever it does. */
static void
drop(struct relay *r)
{
	if (r->ch != NULL)
		channel_close(r->ch);
	release((struct program *)r);
}

static void
closed(struct relay *r)
{
	release((struct program *)r);
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
		channel_exit_signal(p->r.ch, signal_name(WTERMSIG(p->status)),
		    WCOREDUMP(p->status));
	else
		channel_exit_status(p->r.ch, (uint32_t)WEXITSTATUS(p->status));
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
 * ours by CLOSE and never learn the exit status: so it goes first. Others are
 * told soon that nothing more will be written. A terminal's EOF tells nothing
 * but the end, so it waits for that.
 */
static bool
hold_eof(struct program *p)
{
	if (p->r.ended || (p->eof_due && !p->in.ending))
		return false;
	p->eof.on = on_eof_due;
	p->eof.ctx = p;
	if (p->pty.master < 0 && !p->in.ending && p->eof.place == 0)
		loop_timer(p->r.s->loop, &p->eof,
		    clock_mono_ms() + EOF_HOLD_MS);
	return true;
}

void
program_check(struct program *p)
{
	bool all = is_read(&p->out) && is_read(&p->err);

	if (p->r.ch == NULL || !p->r.started)
		return;
	if (p->r.ended && all && !p->told)
		tell_status(p);
	/* A terminal ends with its program: who is left on it is hung up. */
	if (p->told && p->pty.master >= 0)
		relay_close_source(&p->out);
	if (p->out.fd >= 0 || p->err.fd >= 0 || hold_eof(p))
		return;
	channel_eof(p->r.ch);
	if (p->told)
		drop(&p->r);
}

static void
check(struct relay *r)
{
	program_check((struct program *)r);
}

static void
resume(struct relay *r)
{
	struct program *p = (struct program *)r;

	relay_resume(&p->out);
	relay_resume(&p->err);
	if (r->ended)
		program_check(p);
}

void
program_exited(struct program *p)
{
	loop_remove(&p->exit);
	io_close(&p->exit.fd);
	p->pid = 0;
	p->r.ended = true;
	if (p->r.ch == NULL) {
		program_free(p);
		return;
	}
	resume(&p->r); /* what it wrote last is there by now */
}

/* ---- requests ------------------------------------------------------------------------ */

static bool
on_shell(struct program *p, const struct channel_request *q)
{
	struct plan plan = {.command = NULL};

	(void)q;
	return run_program(p, &plan);
}

/* An empty command is a login shell, as for sshd. */
static bool
on_exec(struct program *p, const struct channel_request *q)
{
	SCOPED(mem_free_at) char *command = mem_text(q->text);
	struct plan plan = {.command = q->text.n > 0 ? command : NULL};

	return run_program(p, &plan);
}

static bool
on_subsystem(struct program *p, const struct channel_request *q)
{
	const struct conf *conf = &p->r.s->conf;
	SCOPED(mem_free_at) char *name = mem_text(q->text);
	struct plan plan = {.subsystem = name};

	for (size_t i = 0; i < conf->nsubsystems; i++)
		if (slice_is(q->text, conf->subsystems[i].name))
			plan.command = conf->subsystems[i].command;
	if (plan.command != NULL)
		return run_program(p, &plan);
	log_info("subsystem request for %.100s by user %s failed, subsystem "
		 "not found",
	    log_quote(q->text), p->r.s->grant->user);
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
	struct session *s = p->r.s;
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
	p->r.terminal = true;
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
	return environ_add_client(&p->client, &p->r.s->conf.accept_env, q->text,
	    q->value);
}

/* Not where the command isn't the client's own. */
static bool
on_signal(struct program *p, const struct channel_request *q)
{
	if (p->pid <= 0 || p->forced || p->r.subsystem)
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

static bool
on_agent(struct program *p, const struct channel_request *q)
{
	return agent_start(p->r.s, q->kind == REQUEST_AGENT_CONNECT);
}

typedef bool handler(struct program *p, const struct channel_request *q);

static handler *const handlers[] = {
    [REQUEST_PTY] = on_pty,
    [REQUEST_X11] = x11_start,
    [REQUEST_AGENT] = on_agent,
    [REQUEST_AGENT_CONNECT] = on_agent,
    [REQUEST_ENV] = on_env,
    [REQUEST_SHELL] = on_shell,
    [REQUEST_EXEC] = on_exec,
    [REQUEST_SUBSYSTEM] = on_subsystem,
    [REQUEST_WINDOW] = on_window,
    [REQUEST_BREAK] = on_break,
    [REQUEST_SIGNAL] = on_signal,
    [REQUEST_EOW] = on_eow,
};

static bool
request(struct relay *r, const struct channel_request *q)
{
	struct program *p = (struct program *)r;
	bool yes = handlers[q->kind](p, q);

	if (q->kind == REQUEST_EOW)
		program_check(p);
	return yes;
}

/* ---- data ------------------------------------------------------------------------------- */

static size_t
data(struct relay *r, struct slice octets)
{
	timeouts_moved(&r->idle);
	return relay_take(&((struct program *)r)->in, octets);
}

static void
eof(struct relay *r)
{
	relay_end(&((struct program *)r)->in);
}

static const struct relay_ops ops = {.request = request,
    .data = data,
    .eof = eof,
    .closed = closed,
    .resume = resume,
    .check = check,
    .drop = drop};
