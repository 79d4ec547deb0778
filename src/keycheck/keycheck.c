/*
 * keycheck.c - the process that looks into a user's key files
 *
 * Forked by the monitor when the user is known, while nothing secret is in its
 * memory. It opens what AuthorizedKeysFile names with that user's rights, then
 * gives up all rights, and only then reads an octet of a file or of the peer:
 * whoever the user is, root included, a bug here has nothing to reach.
 */
#include "keycheck.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/conf/conf.h"
#include "sallyport/proc/sandbox.h"

#include <time.h>
#include <unistd.h>

#define TEXT_MAX    ((size_t)2 << 10)
#define EXIT_BROKEN 1

KEYCHECK_TABLE(ops);

/* The monitor writes our lines; it reads them when it next asks. */
static void
send_line(void *ctx, enum log_level level, const char *text)
{
	struct log_msg m = {.level = (uint8_t)level,
	    .forced = log_is_forced(),
	    .text = slice_cstr(text)};

	/* Where the monitor is gone, the next read says so */
	(void)!rpc_send(ctx, LOG_NOTE, &layout_log_msg, &m);
}

static void
close_others(const struct keycheck *k)
{
	int keep[FILES_MAX + 1];
	size_t n = 0;

	keep[n++] = rpc_fd(k->rpc);
	for (size_t i = 0; i < k->files.n; i++)
		keep[n++] = k->files.v[i].fd; /* -1 is passed over */
	io_close_but(0, keep, n);
}

static int
serve(struct keycheck *k)
{
	enum err e;

	k->serve = (struct serve)SERVE_INIT(ops, k);
	do {
		e = serve_one(&k->serve, k->rpc, PHASE_ANY, false);
	} while (e == OK);
	if (e == ERR_EOF)
		return 0;
	log_error("keycheck: %s", err_sentence(e));
	return EXIT_BROKEN;
}

_Noreturn void
keycheck_main(const struct common *common, const struct conn *conn,
    const struct keycheck_start *start, int channel, pid_t monitor)
{
	struct keycheck k = {.common = common,
	    .conn = conn,
	    .start = start,
	    .rpc = rpc_new(channel),
	    .key_text = BUF_LIMIT(TEXT_MAX),
	    .why = BUF_LIMIT(TEXT_MAX / 2)};

	log_set_level(start->conf->log_level);
	log_to_function(send_line, k.rpc);
	tzset(); /* for expiry times; /etc/localtime is out of reach later */
	files_open(&k.files, start);
	close_others(&k);
	sandbox_enter(ROLE_KEYCHECK,
	    monitor); /* nothing was read before this */
	_exit(serve(&k));
}
