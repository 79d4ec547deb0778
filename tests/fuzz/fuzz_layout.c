/*
 * fuzz_layout.c - any octets as any message between our processes
 *
 * The first octet chooses the message, the second how many descriptors came.
 * What is decoded must be written again as it was: there is one way only.
 */
#include "sallyport/base/buf.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/messages.h"
#include "sallyport/rpc/serve.h"

#include <stdalign.h>

#define ROW(m) &layout_##m,
static const struct layout *const all[] = {MESSAGES(ROW)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int fds[RPC_FDS_MAX] = {1000, 1001, 1002, 1003};
	alignas(max_align_t) uint8_t message[SERVE_STRUCT_MAX];
	SCOPED(buf_clear) struct buf again = BUF_EMPTY;
	struct wr w = wr_into(&again);
	const struct layout *l;
	struct slice octets;
	int out[RPC_FDS_MAX];
	size_t nfds, nout;

	if (size < 2)
		return 0;
	l = all[data[0] % (sizeof(all) / sizeof(all[0]))];
	nfds = data[1] % (RPC_FDS_MAX + 1);
	octets = slice_make(data + 2, size - 2);
	if (layout_decode(l, octets, fds, nfds, message) != OK)
		return 0;
	must(layout_encode(l, message, &w, out, &nout) == OK);
	must(slice_equal(buf_slice(&again), octets));
	must(nout == nfds);
	for (size_t i = 0; i < nout; i++)
		must(out[i] == fds[i]);
	return 0;
}
