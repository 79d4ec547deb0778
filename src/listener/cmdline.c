/*
 * cmdline.c - sshd's options
 *
 * Flags that stand for a keyword become configuration lines, parsed before the
 * file, so that they win.
 */
#include "listener.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
usage(void)
{
	fprintf(stderr,
	    "Sallyport_%s, OpenSSH_9.9 compatible\n"
	    "usage: sallyportd [-46DdeGiqTtVv] [-C connection_spec] "
	    "[-c host_cert_file]\n"
	    "                  [-E log_file] [-f config_file] "
	    "[-g login_grace_time]\n"
	    "                  [-h host_key_file] [-o option] [-p port]\n",
	    SALLYPORT_VERSION);
	exit(1);
}

static void
add_line(struct cmdline *c, char *line)
{
	c->lines =
	    mem_resize(c->lines, c->nlines, c->nlines + 1, sizeof(*c->lines));
	c->lines[c->nlines++] = line;
}

/* The program's absolute path: SIGHUP executes what lies there then. */
static char *
absolute_path(const char *argv0)
{
	char link[4096];
	ssize_t n;

	if (argv0[0] == '/')
		return mem_strdup(argv0);
	n = readlink("/proc/self/exe", link, sizeof(link) - 1);
	if (n <= 0)
		return mem_strdup(argv0);
	link[n] = '\0';
	return mem_strdup(link);
}

static void
check_time(const char *text)
{
	uint32_t seconds;

	if (text_time(slice_cstr(text), &seconds, NULL) != OK) {
		fprintf(stderr, "Invalid login grace time.\n");
		exit(1);
	}
}

static void
check_port(const char *text)
{
	uint64_t port;

	if (text_number(slice_cstr(text), 1, 65535, &port) != OK) {
		fprintf(stderr, "Bad port number.\n");
		exit(1);
	}
}

static bool
log_to_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	dup2(fd, STDERR_FILENO);
	io_close(&fd);
	return true;
}

/* -E: from here on descriptor 2 is that file; not a byte goes elsewhere. */
static void
open_log_file(struct cmdline *c, const char *template)
{
	SCOPED(buf_clear) struct buf name = BUF_LIMIT(4096);

	if (getenv(RELOAD_PROBE) != NULL)
		return; /* whoever tries us wants to read what we say */
	for (const char *p = template; *p != '\0'; p++) {
		enum err e;

		if (p[0] == '%' && p[1] == 'p')
			e = buf_printf(&name, "%ld", (long)getpid());
		else if (p[0] == '%' && p[1] == 'P')
			e = buf_append_cstr(&name, "sshd");
		else
			e = buf_append(&name, slice_make(p, 1));
		if (e != OK)
			usage();
		if (p[0] == '%' && p[1] != '\0')
			p++;
	}
	c->log_file = mem_text(buf_slice(&name));
	if (log_to_file(c->log_file))
		return;
	fprintf(stderr, "Couldn't open logfile %s: %s\n", c->log_file,
	    strerror(errno));
	/* in a reload descriptor 2 is still the file of before */
	if (getenv(CARRY_VARIABLE) == NULL)
		exit(1);
}

void
cmdline_reopen_log(const struct cmdline *c)
{
	if (c->log_file != NULL && !log_to_file(c->log_file))
		log_error("Couldn't open logfile %s: %s", c->log_file,
		    strerror(errno));
}

static void
one_flag(struct cmdline *c, int flag, char *value)
{
	switch (flag) {
	case '4':
	case '6':
		c->family = flag == '4' ? FAMILY_INET : FAMILY_INET6;
		c->family_given = true;
		break;
	case 'C':
		c->specs = mem_resize(c->specs, c->nspecs, c->nspecs + 1,
		    sizeof(*c->specs));
		c->specs[c->nspecs++] = value;
		break;
	case 'c':
		add_line(c, mem_format("HostCertificate \"%s\"", value));
		break;
	case 'D':
		c->foreground = true;
		break;
	case 'd':
		c->foreground = true;
		if (c->debug < 3)
			c->debug++;
		break;
	case 'E':
		open_log_file(c, value);
		break;
	case 'e':
		c->log_stderr = true;
		break;
	case 'f':
		c->source.file = value;
		break;
	case 'G':
		c->dump_plain = true;
		break;
	case 'g':
		check_time(value);
		add_line(c, mem_format("LoginGraceTime %s", value));
		break;
	case 'h':
		add_line(c, mem_format("HostKey \"%s\"", value));
		break;
	case 'i':
		c->inetd = true;
		break;
	case 'o':
		add_line(c, mem_strdup(value));
		break;
	case 'p':
		check_port(value);
		add_line(c, mem_format("Port %s", value));
		c->source.ports_final = true;
		break;
	case 'q':
		c->quiet = true;
		add_line(c, mem_strdup("LogLevel QUIET"));
		break;
	case 'R':
		fprintf(stderr, "-R not supported here\n");
		exit(255);
	case 'r':
		fprintf(stderr, "-r option is deprecated\n");
		break;
	case 'T':
		c->dump = true;
		break;
	case 't':
		c->test = true;
		break;
	case 'v':
		c->origins = true;
		break;
	case 'V':
		fprintf(stderr, "Sallyport_%s, OpenSSH_9.9 compatible, %s\n",
		    SALLYPORT_VERSION, rng_library_version());
		exit(0);
	case 'b': /* of protocol 1, or of another time: without effect */
	case 'k':
	case 'Q':
	case 'u':
		break;
	default:
		usage();
	}
}

void
cmdline_parse(int argc, char **argv, struct cmdline *c)
{
	int flag;

	*c = (struct cmdline){.argc = argc, .argv = argv};
	c->path = absolute_path(argv[0]);
	while ((flag = getopt(argc, argv,
		    "C:E:b:c:f:g:h:k:o:p:u:46DGQRTdeiqrtVv")) != -1)
		one_flag(c, flag, optarg);
	if (optind < argc) {
		fprintf(stderr, "Extra argument %s.\n", argv[optind]);
		exit(1);
	}
	if (c->debug > 0)
		add_line(c, mem_format("LogLevel DEBUG%u", c->debug));
	if (c->origins && !c->dump && !c->dump_plain)
		usage();
	if (c->nspecs > 0 && !c->dump && !c->dump_plain) {
		fprintf(stderr,
		    "Config test connection parameter (-C) provided without "
		    "test mode (-T)\n");
		exit(1);
	}
	c->source.lines = (const char *const *)c->lines;
	c->source.nlines = c->nlines;
}

void
cmdline_log(const struct cmdline *c, const struct conf *conf)
{
	bool err = c->log_stderr || c->log_file != NULL || c->debug > 0 ||
		   c->test || c->dump || c->dump_plain;

	log_open(err ? TARGET_STDERR : TARGET_SYSLOG,
	    conf == NULL ? LEVEL_INFO : conf->log_level,
	    conf == NULL ? 0 : conf->syslog_facility, false);
	if (conf != NULL)
		log_places(conf->log_verbose.v, conf->log_verbose.n);
}

/* To standard error (with -E: the file), as at every start of sshd; those that
 * only inform are kept for the log, and advice for -t. */
void
cmdline_complain(void *ctx, enum log_level level, const char *line)
{
	const struct cmdline *c = ctx;

	if (level <= LEVEL_ERROR || (level == LEVEL_VERBOSE && c->test))
		fprintf(stderr, "%s\n", line);
	else if (!c->inetd || c->log_file != NULL)
		log_at(level, "%s", line);
}

enum err
cmdline_configure(struct cmdline *c, struct buf *bundle, struct conf_set **set)
{
	char why[1024];
	enum err e;

	cmdline_log(c, NULL);
	if (c->quiet)
		log_set_level(LEVEL_QUIET);
	if ((e = conf_read(&c->source, bundle, why, sizeof(why))) != OK) {
		fprintf(stderr, "%s\n", why);
		return e;
	}
	return cmdline_parse_bundle(c, bundle, set);
}

enum err
cmdline_parse_bundle(struct cmdline *c, const struct buf *bundle,
    struct conf_set **set)
{
	return conf_parse(buf_slice(bundle), cmdline_complain, c, set);
}
