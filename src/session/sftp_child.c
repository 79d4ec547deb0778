/*
 * sftp_child.c - the SFTP server as a process: internal-sftp and sftp-server
 *
 * One library, two ways in. internal-sftp is a child of the session that never
 * execs, so it needs nothing in its root directory, and its log goes by way of
 * the session. sftp-server is a program of its own, for whoever names a path.
 */
#include "sftp_child.h"

#include "names.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/path.h"
#include "sallyport/base/text.h"
#include "sallyport/roles.h"
#include "sallyport/sftp/sftp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 64 /* of internal-sftp; it has a dozen options */

/* ---- both -------------------------------------------------------------------------- */

static bool
go_to_start(const struct sftp_options *o, const char *home, const char *user)
{
	SCOPED(mem_free_at) char *path = NULL;

	if (sftp_start(o, home, user, getuid(), &path) != OK) {
		log_error("start directory \"%s\": unknown token",
		    log_quote(slice_cstr(o->start)));
		return false;
	}
	/* a home that isn't there leaves one where one is */
	return chdir(path) == 0 || o->start == NULL;
}

static void
print_line(const char *text)
{
	if (io_write_all(1, slice_cstr(text)) != OK ||
	    io_write_all(1, SLICE_STR("\n")) != OK)
		_exit(1);
}

/* -h and -Q answer and leave. */
static bool
is_answered(const struct sftp_options *o, int *status)
{
	const char *name;

	*status = 0;
	if (o->help) {
		print_line("usage: sftp-server [-ehR] [-d start_directory] "
			   "[-f log_facility] [-l log_level]\n"
			   "\t[-P denied_requests] [-p allowed_requests] "
			   "[-u umask]\n"
			   "       sftp-server -Q protocol_feature");
		return true;
	}
	if (o->query == NULL)
		return false;
	if (strcmp(o->query, "requests") != 0) {
		*status = 255;
		return true;
	}
	for (size_t i = 0; (name = sftp_request_name(i)) != NULL; i++)
		print_line(name);
	return true;
}

/* ---- internal-sftp ------------------------------------------------------------------ */

static void
to_session(void *ctx, enum log_level level, const char *text)
{
	const struct sftp_child *c = ctx;
	uint8_t record[1 + LOG_LINE_MAX];
	size_t n = strnlen(text, LOG_LINE_MAX);

	if (c->log < 0)
		return;
	record[0] = (uint8_t)level;
	memcpy(record + 1, text, n);
	(void)!write(c->log, record, n + 1);
}

/* The words of the command, quoted as those of sshd_config; -1: they aren't
 * well quoted, or too many. */
static int
split(const char *command, char **argv)
{
	struct slice rest = slice_cstr(command);
	enum err e = OK;
	int n = 0;

	while (e == OK && n < ARGS_MAX) {
		size_t size = rest.n + 1;

		argv[n] = mem_new(size);
		e = text_word(&rest, argv[n], size);
		n += e == OK;
	}
	if (e != ERR_NOT_FOUND)
		return -1;
	argv[n] = NULL;
	return n;
}

static _Noreturn void
refuse(const struct sftp_child *c, const char *why)
{
	to_session((void *)c, LEVEL_ERROR, why);
	_exit(1);
}

/* SftpRoot's folder. It is opened once, with the user's rights: who may change
 * what lies above it isn't asked, since nothing above is reached from it. */
static int
open_root(const struct sftp_child *c)
{
	SCOPED(buf_clear) struct buf path = BUF_LIMIT(4096);
	SCOPED(mem_free_at) char *text = NULL;
	char uid[24];
	const struct path_token tokens[] = {{'h', c->home}, {'u', c->user},
	    {'U', uid}, {0}};
	int fd;

	snprintf(uid, sizeof(uid), "%lu", (unsigned long)getuid());
	if (path_expand(c->conf->sftp_root, tokens, &path) != OK)
		refuse(c, "SftpRoot: unknown token");
	text = mem_text(buf_slice(&path));
	if (text[0] != '/')
		refuse(c, "SftpRoot does not begin at root");
	fd = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		refuse(c, mem_format("SftpRoot \"%s\": %s",
			      log_quote(slice_cstr(text)), strerror(errno)));
	return fd;
}

static void
confine(const struct sftp_child *c, struct sftp_options *o)
{
	const struct conf *conf = c->conf;

	o->has_file_mode = conf->sftp_file_mode != CONF_MODE_NONE;
	o->file_mode = (mode_t)conf->sftp_file_mode;
	o->has_dir_mode = conf->sftp_dir_mode != CONF_MODE_NONE;
	o->dir_mode = (mode_t)conf->sftp_dir_mode;
	o->atomic = conf->sftp_atomic_upload;
	if (conf->sftp_root == NULL)
		return;
	o->root = open_root(c);
	o->quota = conf->sftp_quota;
}

_Noreturn void
sftp_child_run(const struct sftp_child *c)
{
	const struct sftp_ops ops = {.log = to_session,
	    .user_name = names_user,
	    .group_name = names_group,
	    .home = names_home,
	    .ctx = (void *)c};
	struct sftp_options o;
	char *argv[ARGS_MAX];
	const char *fault;
	int status, argc = split(c->command, argv);

	if (c->note != NULL)
		to_session((void *)c, LEVEL_DEBUG1, c->note);
	signal(SIGPIPE, SIG_IGN); /* a client that is gone is an error */
	if (argc < 0)
		refuse(c, "internal-sftp: bad quoting, or too many words");
	if (sftp_options_parse(&o, argc, argv, &fault) != OK)
		refuse(c, fault);
	o.user = c->user;
	o.address = c->address;
	if (is_answered(&o, &status))
		_exit(status);
	confine(c, &o);
	if (o.root == 0 && !go_to_start(&o, c->home, c->user))
		refuse(c, "the start directory can't be entered");
	_exit(sftp_serve(0, 1, &o, &ops));
}

/* ---- sftp-server ----------------------------------------------------------------------- */

static void
to_log(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	log_at(level, "%s", text);
}

/* Who is at the other end, as sshd tells its programs: "ADDR PORT …". */
static char *
client_address(void)
{
	const char *all = getenv("SSH_CONNECTION");

	return all == NULL ? mem_strdup("UNKNOWN")
			   : mem_text(slice_make(all, strcspn(all, " ")));
}

int
sftp_main(int argc, char **argv)
{
	const struct sftp_ops ops = {.log = to_log,
	    .user_name = names_user,
	    .group_name = names_group,
	    .home = names_home};
	SCOPED(mem_free_at) char *address = client_address();
	SCOPED(mem_free_at) char *user = NULL;
	const char *name = names_user(NULL, getuid()), *home, *fault;
	struct sftp_options o;
	int status;

	if (sftp_options_parse(&o, argc, argv, &fault) != OK) {
		fprintf(stderr, "sftp-server: %s\n", fault);
		return 1;
	}
	if (is_answered(&o, &status))
		return status;
	log_set_ident("sftp-server");
	log_open(o.to_stderr ? TARGET_STDERR : TARGET_SYSLOG, o.level,
	    o.facility, true);
	user = mem_strdup(name != NULL ? name : "UNKNOWN");
	o.user = user;
	o.address = address;
	home = names_home(NULL, "");
	if (o.start != NULL &&
	    !go_to_start(&o, home != NULL ? home : ".", user)) {
		log_error("start directory \"%s\": %s",
		    log_quote(slice_cstr(o.start)), strerror(errno));
		return 1;
	}
	return sftp_serve(0, 1, &o, &ops);
}
