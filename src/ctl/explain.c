/*
 * explain.c - what would become of a login, by which rule
 *
 * Whether a connection is taken at all the daemon says; who may come in, the
 * monitor's own code in this process (monitor/explain.c), on the configuration
 * that the daemon serves with. Here are the case and the answer's form.
 */
#include "ctl.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/conf/conf.h"
#include "sallyport/key/authline.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUNDLE_MAX   ((size_t)32 << 20) /* as a spawner takes it */
#define KEY_FILE_MAX ((size_t)64 << 10)
#define LINE_OCTETS  2048

/* ---- writing ------------------------------------------------------------------- */

static void
say(enum explain_mark mark, const char *line)
{
	static const char *const marks[] = {[EXPLAIN_NOTE] = "     ",
	    [EXPLAIN_YES] = "yes  ",
	    [EXPLAIN_NO] = "no   "};

	printf("%s%s\n", marks[mark], line);
}

/* TEXT (FILE line 7), of a global value. */
static void __attribute__((format(printf, 4, 5))) say_at(enum explain_mark mark,
    const struct conf *conf, const void *member, const char *format, ...)
{
	char line[LINE_OCTETS];
	struct conf_origin at;
	va_list ap;
	size_t n;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	n = strlen(line);
	if (!conf_origin(conf, SLICE_NONE, member, 0, &at))
		snprintf(line + n, sizeof(line) - n, " (default)");
	else if (at.line == 0)
		snprintf(line + n, sizeof(line) - n, " (%s)", at.file);
	else
		snprintf(line + n, sizeof(line) - n, " (%s line %u)", at.file,
		    at.line);
	say(mark, log_quote_max(slice_cstr(line), 900));
}

/* ---- the configuration ------------------------------------------------------------ */

static void
complain(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	if (level <= LEVEL_ERROR)
		fprintf(stderr, "sallyportctl: %s\n", line);
}

static enum err
bundle_of_file(const char *file, struct buf *bundle)
{
	const struct conf_source source = {.file = file};
	char why[1024];
	enum err e = conf_read(&source, bundle, why, sizeof(why));

	if (e != OK)
		fprintf(stderr, "sallyportctl: %s\n", why);
	return e;
}

/* What the daemon serves with, the command line and included files in it. */
static enum err
bundle_of_daemon(const struct ctl *c, struct buf *bundle)
{
	const struct empty_msg req = {0};
	struct configuration_rep rep;
	struct rpc *r = ask_open(c);
	enum err e;

	if (r == NULL)
		return ERR_NOT_FOUND;
	if ((e = ask_configuration(r, &req, &rep)) == OK)
		e = memfile_read(rep.bundle.fd, bundle);
	if (e != OK)
		(void)ask_failed(c, e);
	rpc_free(r);
	return e;
}

static enum err
configure(const struct ctl *c, const struct conf_set **set)
{
	SCOPED(buf_clear) struct buf bundle = BUF_LIMIT(BUNDLE_MAX);
	struct conf_set *parsed;
	enum err e;

	if (c->file != NULL)
		e = bundle_of_file(c->file, &bundle);
	else
		e = bundle_of_daemon(c, &bundle);
	if (e == OK)
		e = conf_parse(buf_slice(&bundle), complain, NULL, &parsed);
	if (e == OK)
		*set = parsed;
	return e;
}

/* ---- would the connection be taken? ------------------------------------------------- */

static void
tell_penalty(const struct conf *conf, const struct admission_rep *a)
{
	if (a->penalty.n == 0)
		say_at(EXPLAIN_YES, conf, &conf->penalties,
		    "PerSourcePenalties: none on this source");
	else if (a->penalty_ms == 0)
		say_at(EXPLAIN_NO, conf, &conf->penalties, "%.*s",
		    (int)a->penalty.n, (const char *)a->penalty.p);
	else
		say_at(a->penalised ? EXPLAIN_NO : EXPLAIN_YES, conf,
		    &conf->penalties, "%.*s, %s left%s", (int)a->penalty.n,
		    (const char *)a->penalty.p, show_age(a->penalty_ms + 999),
		    a->penalised ? "" : ": not enough to be enforced");
}

static void
tell_load(const struct conf *conf, const struct admission_rep *a)
{
	bool full = a->here >= a->here_max;

	if (a->here_max != UINT32_MAX)
		say_at(full ? EXPLAIN_NO : EXPLAIN_YES, conf,
		    &conf->per_source_startups,
		    "PerSourceMaxStartups %u: %u from its block", a->here_max,
		    a->here);
	say_at(a->chance >= 100 ? EXPLAIN_NO : EXPLAIN_YES, conf,
	    &conf->startups_begin,
	    "MaxStartups %u:%u:%u: %u before login, %u of 100 newcomers are "
	    "refused",
	    a->startups_begin, a->startups_rate, a->startups_full, a->speaking,
	    a->chance);
}

/* Of this moment; without the daemon nobody knows. */
static bool
is_taken(const struct ctl *c, const struct conf *conf, bool *taken)
{
	const struct text_req req = {.text = slice_cstr(c->address)};
	struct admission_rep a;
	struct rpc *r;
	enum err e;

	*taken = true;
	if (c->file != NULL)
		return true;
	if ((r = ask_open(c)) == NULL)
		return false;
	if ((e = ask_admission(r, &req, &a)) != OK) {
		(void)ask_failed(c, e);
	} else if (a.ok) {
		tell_penalty(conf, &a);
		tell_load(conf, &a);
		*taken = !a.penalised && a.here < a.here_max && a.chance < 100;
	}
	rpc_free(r);
	return e == OK;
}

/* ---- the case --------------------------------------------------------------------------- */

/* The file's first key or certificate. */
static bool
read_key(const char *path, struct buf *blob)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(KEY_FILE_MAX);
	SCOPED(io_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct slice rest, line;
	struct authline a;

	if (fd < 0 || io_read_all(fd, KEY_FILE_MAX, &text) != OK) {
		fprintf(stderr, "sallyportctl: %s: %s\n", path,
		    strerror(errno));
		return false;
	}
	for (rest = buf_slice(&text); slice_next(&rest, '\n', &line);)
		if (authline_parse(line, blob, &a) == OK)
			return true;
	fprintf(stderr, "sallyportctl: %s: no public key, nor a certificate\n",
	    path);
	return false;
}

static bool
case_is_whole(const struct ctl *c)
{
	struct addr a;

	if (c->user == NULL || c->address == NULL) {
		fprintf(stderr, "sallyportctl: explain needs --user and "
				"--addr\n");
		return false;
	}
	if (addr_parse(slice_cstr(c->address), &a) == OK)
		return true;
	fprintf(stderr, "sallyportctl: %s: not an address\n", c->address);
	return false;
}

static int
explain(const struct ctl *c, const struct conf_set *set, struct slice key)
{
	static const char *const ends[] = {[EXPLAIN_REFUSED] = "refused",
	    [EXPLAIN_MAY_TRY] = "may try",
	    [EXPLAIN_LET_IN] = "let in, by this key's signature"};
	const struct explain x = {.set = set,
	    .user = c->user,
	    .address = c->address,
	    .host = c->host,
	    .local_address = c->local_address,
	    .rdomain = c->rdomain,
	    .local_port = (uint16_t)(c->local_port > 0 ? c->local_port : 0),
	    .key = key,
	    .say = say};
	enum explain_end end;
	bool taken;

	if (!is_taken(c, conf_global(set), &taken))
		return EXIT_NO_DAEMON;
	fflush(stdout); /* children mustn't write it again */
	end = monitor_explain(&x);
	if (!taken)
		end = EXPLAIN_REFUSED;
	printf("%s\n", ends[end]);
	return end == EXPLAIN_REFUSED ? EXIT_NO : 0;
}

int
explain_run(const struct ctl *c)
{
	SCOPED(buf_clear) struct buf key = BUF_LIMIT(AUTHLINE_MAX);
	const struct conf_set *set;

	if (!case_is_whole(c))
		return EXIT_USAGE;
	if (c->key != NULL && !read_key(c->key, &key))
		return EXIT_USAGE;
	if (configure(c, &set) != OK)
		return EXIT_NO_DAEMON;
	return explain(c, set, buf_slice(&key));
}
