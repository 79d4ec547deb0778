/*
 * fuzz_version.c - an identification line
 *
 * Input: what a peer sends first. The verdict doesn't depend on what follows
 * the line, and a line that is taken is one that the exchange hash may cover.
 */
#include "sallyport/base/must.h"
#include "transport/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct version v, again;
	size_t used = 0, used2 = 0;
	enum err e = version_read(in, &v, &used);

	must(e == OK || e == ERR_MORE || e == ERR_VERSION ||
	     e == ERR_VERSION_MAJOR);
	must(v.line.n <= VERSION_LINE_MAX);
	if (e == ERR_MORE)
		must(slice_find(in, '\n') == size);
	if (e != OK)
		return 0;
	must(used <= size && data[used - 1] == '\n');
	must(!slice_has_nul(v.line) && slice_find(v.line, '\r') == v.line.n);
	must(version_read(slice_first(in, used), &again, &used2) == OK);
	must(used2 == used && slice_equal(again.line, v.line));
	return 0;
}
