/*
 * fuzz_conf.c - a configuration bundle with Include and Match
 *
 * The input is a bundle, or else the texts of up to four files, separated by
 * lines "---": the main file and those that Include of a, b, c and * means.
 * What is accepted is matched, applied and dumped, and the dump is parsed and
 * dumped again: it must be a configuration that says the same.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/conf/conf.h"

#define FILES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct said {
	size_t fatal;
};

static void
complain(void *ctx, enum log_level level, const char *line)
{
	struct said *said = ctx;

	must(line[0] != '\0' && strchr(line, '\n') == NULL);
	if (level <= LEVEL_ERROR)
		said->fatal++;
}

static void
put(struct buf *out, const char *kind, struct slice name, struct slice body)
{
	must(buf_printf(out, "%s %zu %zu\n", kind, name.n, body.n) == OK);
	must(buf_append(out, name) == OK && buf_append(out, body) == OK);
	must(buf_append_cstr(out, "\n") == OK);
}

/* The text up to a line "---", which is taken off, too */
static struct slice
take_file(struct slice *rest)
{
	static const char mark[] = "\n---\n";
	const uint8_t *at = memmem(rest->p, rest->n, mark, sizeof(mark) - 1);
	struct slice file = *rest;

	if (at != NULL)
		file = slice_first(*rest, (size_t)(at - rest->p));
	*rest = slice_skip(*rest, file.n + (at != NULL ? sizeof(mark) - 1 : 0));
	return file;
}

static void
bundle_of(struct slice text, struct buf *out)
{
	static const char *const names[FILES] = {"main", "a", "b", "c"};
	static const char *const numbers[FILES] = {"0", "1", "2", "3"};

	must(buf_append_cstr(out, "sallyport-bundle 1\n") == OK);
	put(out, "home", SLICE_NONE, SLICE_STR("/home/me"));
	for (size_t i = 0; i < FILES; i++) {
		put(out, "file", slice_cstr(names[i]), take_file(&text));
		put(out, "glob", slice_cstr(names[i]), slice_cstr(numbers[i]));
	}
	put(out, "glob", SLICE_STR("*"), SLICE_STR("1 2 3"));
}

static struct conf_set *
parse(struct slice bundle)
{
	struct said said = {0};
	struct conf_set *set;
	enum err e = conf_parse(bundle, complain, &said, &set);

	must((e == OK) == (set != NULL));
	must(e == OK || e == ERR_CONFIG || e == ERR_FORMAT || e == ERR_FULL);
	must(e != ERR_CONFIG || said.fatal > 0);
	must(e != OK || said.fatal == 0);
	if (set != NULL)
		conf_seal(set);
	return set;
}

/* Applied for these facts, and dumped */
static void
dump(const struct conf_set *set, const struct conf_facts *facts,
    struct buf *out)
{
	static uint8_t blocks[CONF_BLOCKS_OCTETS];
	struct conf c;
	size_t n;

	conf_match(set, facts, blocks, &n);
	must(n <= sizeof(blocks));
	must(conf_apply(set, slice_make(blocks, n), &c) == OK);
	must(conf_dump(&c, out) == OK);
}

/* A Match block's value may contradict a global one; then it is no file. */
static void
check_dump(const struct conf_set *set, const struct conf_facts *facts)
{
	SCOPED(buf_clear) struct buf first = BUF_EMPTY;
	SCOPED(buf_clear) struct buf bundle = BUF_EMPTY;
	SCOPED(buf_clear) struct buf again = BUF_EMPTY;
	struct conf_set *second;

	dump(set, facts, &first);
	must(buf_append_cstr(&bundle, "sallyport-bundle 1\n") == OK);
	put(&bundle, "file", SLICE_STR("dump"), buf_slice(&first));
	second = parse(buf_slice(&bundle));
	must(second != NULL || facts->user != NULL);
	if (second == NULL)
		return;
	dump(second, facts, &again);
	must(slice_equal(buf_slice(&first), buf_slice(&again)));
	conf_free(second);
}

/* What is known before the key exchange is what holds at the end. */
static void
check_early(const struct conf_set *set, const struct conf_facts *facts)
{
	static uint8_t blocks[CONF_BLOCKS_OCTETS];
	SCOPED(mem_free_at) struct conf *early = conf_early(set, facts);
	struct conf all;
	size_t n;

	conf_match(set, facts, blocks, &n);
	must(conf_apply(set, slice_make(blocks, n), &all) == OK);
	if (early == NULL)
		return;
	must(early->ciphers == all.ciphers && early->macs == all.macs);
	must(early->kex_algorithms == all.kex_algorithms);
	must(early->hostkey_algorithms == all.hostkey_algorithms);
	must(early->compression == all.compression);
}

/* Every line of a dump has its origin, and is that of the plain dump. */
static void
check_origins(const struct conf_set *set, const struct conf_facts *facts)
{
	static uint8_t blocks[CONF_BLOCKS_OCTETS];
	SCOPED(buf_clear) struct buf marked = BUF_EMPTY;
	SCOPED(buf_clear) struct buf plain = BUF_EMPTY;
	struct slice rest;
	struct slice line;
	struct conf c;
	size_t n;

	conf_match(set, facts, blocks, &n);
	must(conf_apply(set, slice_make(blocks, n), &c) == OK);
	must(conf_dump(&c, &plain) == OK);
	must(conf_dump_origins(&c, slice_make(blocks, n), &marked) == OK);
	rest = buf_slice(&plain);
	for (n = 0; slice_next(&rest, '\n', &line);)
		n++;
	rest = buf_slice(&marked);
	while (slice_next(&rest, '\n', &line)) {
		must(memmem(line.p, line.n, "\t# ", 3) != NULL);
		n--;
	}
	must(n == 0);
}

static bool
has(const char *name)
{
	return name[0] == 'b';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const groups[] = {"users", "wheel"};
	static const struct conf_facts nobody = {.local_port = -1};
	static const struct conf_facts bob = {.user = "bob",
	    .groups = groups,
	    .ngroups = 2,
	    .host = "host.example.com",
	    .address = "10.0.1.7",
	    .local_address = "2001:db8::5",
	    .local_port = 22,
	    .rdomain = "red"};
	static const struct conf_world world = {has, has, false};
	SCOPED(buf_clear) struct buf bundle = BUF_EMPTY;
	struct said said = {0};
	struct slice input = slice_make(data, size);
	struct conf_set *set;

	if (slice_starts(input, SLICE_STR("sallyport-bundle ")))
		must(buf_append(&bundle, input) == OK);
	else
		bundle_of(input, &bundle);
	set = parse(buf_slice(&bundle));
	if (set == NULL)
		return 0;
	must(conf_any_pubkey_algorithms(set) != NULL);
	check_early(set, &bob);
	check_origins(set, &bob);
	conf_advise(set, &world, complain, &said);
	must(said.fatal == 0);
	check_dump(set, &nobody);
	check_dump(set, &bob);
	conf_free(set);
	return 0;
}
