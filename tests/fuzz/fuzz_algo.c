/*
 * fuzz_algo.c - lists of algorithms: working out, choosing
 *
 * Input: an octet for the kind; then, parted by a line feed, a client's (or an
 * administrator's) list and a server's. Choosing is compared with the plain
 * reading of RFC 4253 §7.1; a list worked out is one that needs no more work.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/crypto/algo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct algo *
model_choose(enum algo_kind kind, struct slice client, struct slice server)
{
	struct slice name;

	while (slice_next(&client, ',', &name)) {
		const struct algo *a = algo_find(kind, name);

		if (a != NULL && (a->flags & ALGO_PSEUDO) == 0 &&
		    algo_list_has(server, name))
			return a;
	}
	return NULL;
}

/* Real names, each once */
static void
check_names(enum algo_kind kind, struct slice list)
{
	struct slice rest = list, name, bad;

	must(list.n == 0 || algo_list_valid(kind, list, false, &bad));
	while (slice_next(&rest, ',', &name))
		must(!algo_list_has(rest, name));
}

static void
check_resolve(enum algo_kind kind, struct slice list)
{
	bool wildcards = kind == ALGO_KEY || kind == ALGO_CA;
	SCOPED(mem_free_at) char *text = mem_text(list);
	SCOPED(mem_free_at) char *once = algo_list_resolve(kind, text);
	SCOPED(mem_free_at) char *twice = NULL;
	struct slice bad;

	check_names(kind, slice_cstr(once));
	if (algo_list_valid(kind, list, wildcards, &bad))
		must(once[0] != '\0' && bad.n == 0);
	else
		must(bad.n <= list.n);
	if (once[0] == '\0')
		return; /* the empty list is the default */
	twice = algo_list_resolve(kind, once);
	must(strcmp(once, twice) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size), client, server;
	enum algo_kind kind;

	if (size == 0 || size > 4096)
		return 0;
	kind = (enum algo_kind)(data[0] % (ALGO_CA + 1));
	in = slice_skip(in, 1);
	client = slice_first(in, slice_find(in, '\n'));
	server = slice_skip(in, client.n + 1);
	must(algo_choose(kind, client, server) ==
	     model_choose(kind, client, server));
	if (!slice_has_nul(client))
		check_resolve(kind, client);
	(void)algo_key_type(client);
	return 0;
}
