/*
 * ctl.c - the command line and its commands (one table)
 */
#include "ctl.h"

#include "sallyport/base/text.h"
#include "sallyport/roles.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/sallyport/control"

/* Which options a command takes. */
#define JSON    1u
#define ALL     2u
#define CONFIRM 4u
#define TEXT    8u
#define CASE    16u

static const struct command {
	const char *name;
	int (*run)(const struct ctl *c);
	int words; /* at most, behind it */
	unsigned int options;
	const char *arguments;
	const char *help;
} commands[] = {
    {"status", show_status, 0, JSON, "[--json]", "how the daemon is doing"},
    {"sessions", lists_sessions, 0, JSON | ALL, "[--json] [--all]",
	"who is logged in; --all: and who isn't yet"},
    {"kill", show_kill, 1, 0, "ID", "end a connection of sessions"},
    {"penalties", lists_penalties, 2, JSON | ALL,
	"[--json] [--all] [clear [ADDRESS[/BITS]]]",
	"who is kept out for bad behaviour"},
    {"reload", show_reload, 0, CONFIRM, "[--confirm SECONDS]",
	"take the new configuration"},
    {"confirm", show_confirm, 0, 0, "",
	"keep the configuration of reload --confirm"},
    {"explain", explain_run, 0, CASE,
	"--user USER --addr ADDRESS [--key FILE] [--host HOST] "
	"[--laddr ADDRESS] [--lport PORT] [--rdomain DOMAIN] [-f FILE]",
	"what would become of a login, by which rule"},
    {"metrics", show_metrics, 0, TEXT, "[--prometheus]",
	"figures, as OpenMetrics"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum {
	OPT_ALL = 256,
	OPT_CONFIRM,
	OPT_PROMETHEUS,
	OPT_USER,
	OPT_ADDR,
	OPT_KEY,
	OPT_HOST,
	OPT_LADDR,
	OPT_LPORT,
	OPT_RDOMAIN
};

static const struct {
	int option;
	unsigned int of;
} belongs[] = {{'j', JSON}, {OPT_ALL, ALL}, {OPT_CONFIRM, CONFIRM},
    {OPT_PROMETHEUS, TEXT}, {'f', CASE}, {OPT_USER, CASE}, {OPT_ADDR, CASE},
    {OPT_KEY, CASE}, {OPT_HOST, CASE}, {OPT_LADDR, CASE}, {OPT_LPORT, CASE},
    {OPT_RDOMAIN, CASE}};

static int
usage(FILE *out)
{
	fprintf(out, "usage: sallyportctl [-s SOCKET] COMMAND\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %s %s\n      %s\n", commands[i].name,
		    commands[i].arguments, commands[i].help);
	return EXIT_USAGE;
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool
take_number(const char *text, uint64_t most, uint64_t *v)
{
	if (text_number(slice_cstr(text), 1, most, v) == OK)
		return true;
	fprintf(stderr, "sallyportctl: %s: expected a number of 1 to %llu\n",
	    text, (unsigned long long)most);
	return false;
}

static bool
take_option(struct ctl *c, int option, const char *value)
{
	uint64_t number = 0;

	switch (option) {
	case 's':
		c->socket = value;
		return true;
	case 'j':
		c->json = true;
		return true;
	case 'f':
		c->file = value;
		return true;
	case OPT_ALL:
		c->all = true;
		return true;
	case OPT_CONFIRM:
		if (!take_number(value, 86400, &number))
			return false;
		c->confirm_s = (uint32_t)number;
		return true;
	case OPT_PROMETHEUS:
		c->prometheus = true;
		return true;
	case OPT_USER:
		c->user = value;
		return true;
	case OPT_ADDR:
		c->address = value;
		return true;
	case OPT_KEY:
		c->key = value;
		return true;
	case OPT_HOST:
		c->host = value;
		return true;
	case OPT_LADDR:
		c->local_address = value;
		return true;
	case OPT_LPORT:
		if (!take_number(value, 65535, &number))
			return false;
		c->local_port = (int)number;
		return true;
	case OPT_RDOMAIN:
		c->rdomain = value;
		return true;
	default:
		return false;
	}
}

static unsigned int
owner_of(int option)
{
	for (size_t i = 0; i < sizeof(belongs) / sizeof(belongs[0]); i++)
		if (belongs[i].option == option)
			return belongs[i].of;
	return 0;
}

int
ctl_main(int argc, char **argv)
{
	static const struct option options[] = {{"socket", required_argument,
						    NULL, 's'},
	    {"json", no_argument, NULL, 'j'},
	    {"all", no_argument, NULL, OPT_ALL},
	    {"confirm", required_argument, NULL, OPT_CONFIRM},
	    {"prometheus", no_argument, NULL, OPT_PROMETHEUS},
	    {"user", required_argument, NULL, OPT_USER},
	    {"addr", required_argument, NULL, OPT_ADDR},
	    {"key", required_argument, NULL, OPT_KEY},
	    {"host", required_argument, NULL, OPT_HOST},
	    {"laddr", required_argument, NULL, OPT_LADDR},
	    {"lport", required_argument, NULL, OPT_LPORT},
	    {"rdomain", required_argument, NULL, OPT_RDOMAIN},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct ctl c = {.socket = DEFAULT_SOCKET, .local_port = -1};
	const struct command *command;
	unsigned int given = 0;
	int option, status;

	while (
	    (option = getopt_long(argc, argv, "s:jf:h", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return fflush(stdout) == 0 ? 0 : EXIT_NO;
		}
		if (!take_option(&c, option, optarg))
			return usage(stderr);
		given |= owner_of(option);
	}
	if (optind >= argc || (command = find_command(argv[optind])) == NULL)
		return usage(stderr);
	c.words = argv + optind + 1;
	c.nwords = argc - optind - 1;
	if (c.nwords > command->words || (given & ~command->options) != 0)
		return usage(stderr);
	status = command->run(&c);
	return fflush(stdout) == 0 ? status : EXIT_NO;
}
