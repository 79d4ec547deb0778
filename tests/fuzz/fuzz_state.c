/*
 * fuzz_state.c - a transport's state from a gate that may be broken in
 *
 * Input: the state. What is taken can be used, exported again, and taken
 * again.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/transport/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct transport_offer offer;
static const struct transport_ops ops;

static void
again(struct transport *t)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct transport *copy = NULL;
	struct wr w = wr_into(&b);
	enum err e = transport_export(t, &w);

	must(e == OK);
	e = transport_import(buf_slice(&b), &offer, &ops, &copy);
	must(e == OK);
	transport_free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transport *t = NULL;
	struct slice payload;
	enum err e;

	e = transport_import(slice_make(data, size), &offer, &ops, &t);
	if (e != OK)
		return 0;
	again(t);
	transport_use_compression(t, &compress_zlib);
	/* An exchange would need keys of ours: the next packet is enough. */
	e = transport_next(t, 0, &payload);
	must(e != OK || payload.n >= 1);
	transport_disconnect(t, 2, "the end");
	transport_free(t);
	return 0;
}
