/*
 * dump_tool.c - what -T would print, from the conf room alone
 *
 *     dump_tool [-C SPEC] [-o LINE] [FILE]
 *
 * Reads FILE (without one, no file), applies Match for the connection of SPEC
 * (user=, host=, addr=, laddr=, lport=, rdomain=) and prints every value.
 * Complaints go to standard error as "level: line".
 */
#include "sallyport/base/buf.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINES_MAX 64

static void
complain(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "%s: %s\n", log_level_name(level), line);
}

/* One "name=value" of -C; part is changed into two texts. */
static void
take_fact(struct conf_facts *facts, char *part)
{
	struct slice name = slice_cstr(strsep(&part, "="));
	const char *value = part != NULL ? part : "";
	uint64_t port;

	if (slice_is(name, "user"))
		facts->user = value;
	else if (slice_is(name, "host"))
		facts->host = value;
	else if (slice_is(name, "addr"))
		facts->address = value;
	else if (slice_is(name, "laddr"))
		facts->local_address = value;
	else if (slice_is(name, "rdomain"))
		facts->rdomain = value;
	else if (slice_is(name, "lport") &&
		 text_number(slice_cstr(value), 1, 65535, &port) == OK)
		facts->local_port = (int)port;
}

static int
dump(const struct conf_source *source, const struct conf_facts *facts)
{
	static uint8_t blocks[CONF_BLOCKS_OCTETS];
	SCOPED(buf_clear) struct buf bundle = BUF_EMPTY;
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	struct conf_set *set;
	struct conf c;
	char why[512];
	size_t n;

	if (conf_read(source, &bundle, why, sizeof(why)) != OK) {
		(void)fprintf(stderr, "%s\n", why);
		return 1;
	}
	if (conf_parse(buf_slice(&bundle), complain, NULL, &set) != OK)
		return 255;
	conf_seal(set);
	conf_match(set, facts, blocks, &n);
	if (conf_apply(set, slice_make(blocks, n), &c) != OK ||
	    conf_dump(&c, &out) != OK ||
	    io_write_all(STDOUT_FILENO, buf_slice(&out)) != OK)
		return 1;
	conf_free(set);
	return 0;
}

int
main(int argc, char **argv)
{
	static const char *lines[LINES_MAX];
	struct conf_source source = {.file = "none", .lines = lines};
	struct conf_facts facts = {.local_port = -1};
	char *part;
	int option;

	while ((option = getopt(argc, argv, "C:o:")) != -1) {
		if (option == 'o' && source.nlines < LINES_MAX) {
			lines[source.nlines++] = optarg;
		} else if (option == 'C') {
			while ((part = strsep(&optarg, ",")) != NULL)
				take_fact(&facts, part);
		} else {
			return 1;
		}
	}
	if (optind < argc)
		source.file = argv[optind];
	return dump(&source, &facts);
}
