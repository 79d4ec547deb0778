/*
 * fuzz_ptymodes.c - encoded terminal modes, RFC 4254 §8
 */
#include "session/session.h"

#include "sallyport/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice modes = slice_make(data, size);
	struct termios once, twice;
	enum err e;

	memset(&once, 0, sizeof(once));
	e = pty_modes(modes, &once);
	must(e == OK || e == ERR_SHORT);
	/* The last of a kind counts: the same list again changes nothing. */
	twice = once;
	must(pty_modes(modes, &twice) == e);
	must(memcmp(&once, &twice, sizeof(once)) == 0);
	return 0;
}
