/*
 * fuzz_knownline.c - lines of known_hosts, and whom they name (SEC §11,
 * target 12)
 *
 * Input: a name, a newline, a line.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/key/knownline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KNOWNLINE_MAX);
	struct slice rest = slice_make(data, size);
	struct slice host;
	struct knownline k;

	if (size > KNOWNLINE_MAX || !slice_next(&rest, '\n', &host))
		return 0;
	if (knownline_parse(rest, &blob, &k) != OK)
		return 0;
	must(k.type != KEY_NONE && blob.n > 0);
	must(k.hosts.n > 0 && k.hosts.n < rest.n && k.hosts.p[0] != '@');
	must(slice_find(k.hosts, ' ') == k.hosts.n && !slice_has_nul(k.hosts));
	/* whoever is asked for, a list of negations names nobody */
	if (knownline_names(&k, host) && k.hosts.p[0] == '!')
		must(slice_find(k.hosts, ',') < k.hosts.n);
	return 0;
}
