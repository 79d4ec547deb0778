/*
 * session.c - one connection after login: become the user, take over the
 * transport, run channels until somebody leaves
 */
#include "session.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/path.h"
#include "sallyport/proc/chroot.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/title.h"
#include "sallyport/transport/compress.h"

#include "forward.h"
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_MAX     ((size_t)16 << 20) /* unread and unsent octets included */
#define LARGE_OCTETS  (128 << 10)
#define EXIT_FATAL    255
#define PATH_OCTETS   4096
#define LAST_WORDS_MS 1000 /* more than closing a file takes */

/* ---- log ------------------------------------------------------------------ */

static void
log_to_monitor(void *ctx, enum log_level level, const char *text)
{
	struct session *s = ctx;
	struct log_msg msg = {.level = (uint8_t)level,
	    .forced = log_is_forced(),
	    .text = slice_cstr(text)};

	if (s->monitor != NULL && ask_log(s->monitor, &msg, NULL) != OK)
		s->over = true; /* the monitor is gone, and so are we */
}

/* ---- becoming the user ------------------------------------------------------ */

static _Noreturn void
give_up(const char *what, enum err e)
{
	log_fatal("session: %s: %s", what,
	    e == ERR_SYSTEM ? strerror(errno) : err_sentence(e));
	_exit(EXIT_FATAL);
}

/* ChrootDirectory's tokens, replaced */
static char *
root_path(const struct session *s)
{
	SCOPED(buf_clear) struct buf path = BUF_LIMIT(PATH_OCTETS);
	char uid[24];
	const struct path_token tokens[] = {{'h', s->grant->home},
	    {'u', s->grant->user}, {'U', uid}, {0}};
	enum err e;

	snprintf(uid, sizeof(uid), "%lu", (unsigned long)s->grant->uid);
	e = path_expand(s->conf.chroot_directory, tokens, &path);
	if (e != OK)
		give_up("ChrootDirectory", e);
	return mem_text(buf_slice(&path));
}

static _Noreturn void
refuse_root(enum err e, const struct chroot_fault *fault)
{
	const char *path = log_quote(slice_cstr(fault->path));

	if (e == ERR_FORMAT)
		log_fatal("chroot path does not begin at root");
	else if (e == ERR_DENIED)
		log_fatal("bad ownership or modes for chroot directory "
			  "%s\"%s\"",
		    fault->above ? "component " : "", path);
	else
		log_fatal("chroot(\"%s\"): %s", path, strerror(errno));
	_exit(EXIT_FATAL);
}

/* While we are root. Without that right nobody gets in: a user whom the
 * administrator shuts in isn't to see the rest. */
static void
enter_root(struct session *s)
{
	SCOPED(mem_free_at) char *path = NULL;
	SCOPED(mem_free_at) struct chroot_fault *fault = NULL;
	enum err e;

	if (!s->common->root) {
		log_fatal("server lacks privileges to chroot to "
			  "ChrootDirectory");
		_exit(EXIT_FATAL);
	}
	path = root_path(s);
	fault = mem_new(sizeof(*fault));
	if ((e = chroot_enter(path, fault)) != OK)
		refuse_root(e, fault);
	log_verbose("Changed root directory to \"%s\"",
	    log_quote(slice_cstr(path)));
}

static void
become_user(struct session *s, pid_t monitor)
{
	const struct grant *g = s->grant;
	struct creds creds = {.uid = g->uid,
	    .gid = g->gid,
	    .keep_groups = true};
	enum err e;

	if (s->conf.chroot_directory != NULL)
		enter_root(s);
	if ((e = creds_become(&creds)) != OK)
		give_up(g->user, e);
	sandbox_enter(ROLE_SESSION, monitor);
}

/*
 * Large buffers are mappings, which go back to the kernel when they are freed:
 * without this, libc would keep those of a transfer for the next one. And the
 * monitor's wiping on free has done its work, it would cost us each buffer.
 */
static void
settle_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_OCTETS);
	mallopt(M_TRIM_THRESHOLD, LARGE_OCTETS);
	mallopt(M_PERTURB, 0);
}

/* ---- ExposeAuthInfo ------------------------------------------------------------ */

static void
write_auth_info(struct session *s)
{
	char path[] = "/tmp/sshauth.XXXXXXXXXXXXXXX";
	SCOPED(io_close) int fd = -1;

	if (s->grant->auth_info == NULL || !s->conf.expose_auth_info)
		return;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || io_write_all(fd, slice_cstr(s->grant->auth_info)) != OK) {
		log_error("SSH_USER_AUTH: %s: %s", path, strerror(errno));
		return;
	}
	s->auth_file = mem_strdup(path);
}

static void
remove_auth_info(struct session *s)
{
	if (s->auth_file != NULL)
		unlink(s->auth_file);
}

/* ---- taking over ------------------------------------------------------------------ */

static void
import_transport(struct session *s, int state)
{
	SCOPED(buf_clear) struct buf octets = BUF_SECRET(STATE_MAX);
	enum err e;

	offer_init(&s->offer, s);
	e = memfile_read(state, &octets);
	io_close(&state);
	if (e == OK)
		e = transport_import(buf_slice(&octets), &s->offer.offer,
		    &s->offer.ops, &s->t);
	if (e != OK)
		give_up("transport state", e);
	transport_use_compression(s->t, &compress_zlib);
	channels_init(s);
}

/* It asks how we are doing, or passes on what other sessions ask. */
static void
on_note(void *ctx, struct rpc *r, uint32_t number)
{
	struct session *s = ctx;
	struct empty_msg m;
	enum err e;

	if (number != SESSION_LOOK) {
		e = reclaim_on_note(s, number);
	} else {
		e = rpc_decode(r, &layout_empty_msg, &m);
		if (e == OK)
			stats_tell(s);
	}
	if (e != OK)
		session_stop(s, EXIT_FATAL);
}

/* A note, or it has ended. */
static void
on_monitor(struct watch *w, unsigned int events)
{
	struct session *s = w->ctx;
	uint32_t number;
	enum err e = rpc_receive(s->monitor, true, &number);

	(void)events;
	if (e == OK)
		on_note(s, s->monitor, number);
	else if (e != ERR_AGAIN)
		session_stop(s, EXIT_FATAL);
}

static void
on_terminate(int signo, const void *siginfo, void *ctx)
{
	struct session *s = ctx;

	(void)siginfo;
	log_info("Exiting on signal %d", signo);
	session_disconnect(s, DISCONNECT_BY_APPLICATION,
	    "the session was terminated");
}

static void
start_loop(struct session *s)
{
	s->loop = loop_new();
	loop_signal(s->loop, SIGTERM, on_terminate, s);
	s->monitor_watch = (struct watch){.fd = rpc_fd(s->monitor),
	    .events = LOOP_READ,
	    .on = on_monitor,
	    .ctx = s};
	must(loop_add(s->loop, &s->monitor_watch) == OK);
	link_open(s);
	timeouts_init(s);
}

static struct session *
session_new(const struct common *common, const struct conn *conn,
    const struct grant *grant)
{
	struct session *s = mem_new(sizeof(*s));
	enum err e;

	s->common = common;
	s->conn = conn;
	s->grant = grant;
	list_init(&s->relays);
	list_init(&s->programs);
	list_init(&s->incomings);
	if ((e = conf_apply(common->set, grant->blocks, &s->conf)) != OK)
		give_up("configuration", e);
	return s;
}

/* ---- the end --------------------------------------------------------------------------- */

void
session_stop(struct session *s, int exit_status)
{
	s->over = true;
	s->exit_status = exit_status;
	loop_stop(s->loop);
}

void
session_disconnect(struct session *s, uint32_t code, const char *text)
{
	if (s->over)
		return;
	log_info("Disconnecting user %s %s port %u: %s", s->grant->user,
	    s->conn->peer_ip, s->conn->peer_port, text);
	transport_disconnect(s->t, code, text);
	s->said_goodbye = true;
	session_stop(s, EXIT_FATAL);
}

/* A client that went away mid-file leaves an SFTP server that has files to
 * close, and to tell of. */
static void
hear_out(struct session *s)
{
	uint64_t until = clock_mono_ms() + LAST_WORDS_MS;

	LIST_EACH (l, &s->programs)
		run_last_words(LIST_ITEM(l, struct program, link), until);
}

static _Noreturn void
leave(struct session *s)
{
	uint64_t sent, received;

	channels_drop_all(s);
	link_close(s);
	hear_out(s);
	stats_tell(s);
	remove_auth_info(s);
	transport_totals(s->t, &sent, &received);
	if (!s->said_goodbye) {
		log_verbose("Transferred: sent %llu, received %llu bytes",
		    (unsigned long long)sent, (unsigned long long)received);
		log_verbose("Closing connection to %s port %u",
		    s->conn->peer_ip, s->conn->peer_port);
	}
	transport_free(s->t);
	_exit(s->exit_status);
}

/* ---- what others of this room need -------------------------------------------------------- */

void
session_title(const struct session *s)
{
	SCOPED(buf_clear) struct buf ttys = BUF_LIMIT(1024);

	LIST_EACH (l, &s->programs) {
		const struct program *p = LIST_ITEM(l, struct program, link);

		if (p->pty.name[0] != '\0' &&
		    buf_printf(&ttys, "%s%s", ttys.n > 0 ? "," : "",
			pty_short_name(&p->pty)) != OK)
			break;
	}
	title_set("%s@%.*s", s->grant->user, ttys.n > 0 ? (int)ttys.n : 5,
	    ttys.n > 0 ? (const char *)ttys.p : "notty");
}

/* ---- its life --------------------------------------------------------------------------------- */

_Noreturn void
session_main(const struct common *common, const struct conn *conn,
    const struct grant *grant, int state, int channel, pid_t monitor)
{
	int keep[] = {conn->in, conn->out, channel, state};
	struct session *s;

	io_close_but(3, keep, sizeof(keep) / sizeof(keep[0]));
	settle_memory();
	s = session_new(common, conn, grant);
	s->monitor = rpc_new(channel);
	rpc_on_note(s->monitor, on_note, s);
	log_to_function(log_to_monitor, s);
	become_user(s, monitor);
	session_title(s);
	import_transport(s, state);
	write_auth_info(s);
	start_loop(s);
	offer_announce(s);
	link_take(s); /* what came before the hand-over */
	while (!s->over) {
		link_turn(s);
		if (!s->over)
			loop_turn(s->loop, -1);
	}
	leave(s);
}
