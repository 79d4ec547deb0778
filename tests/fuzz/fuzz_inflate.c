/*
 * fuzz_inflate.c - a compressed stream within its bound
 *
 * Input: pieces, each behind a length of two octets. Whatever they say, no
 * piece becomes larger than a packet.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/transport/compress.h"
#include "sallyport/transport/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(TRANSPORT_PACKET_MAX);
	struct rd r = rd_from(slice_make(data, size));
	struct compress_stream *s;
	enum err e = compress_zlib.open(COMPRESS_INFLATE, &s);
	uint8_t high, low;
	struct slice piece;

	must(e == OK);
	while (e == OK && r.left.n > 2) {
		high = rd_u8(&r);
		low = rd_u8(&r);
		piece = slice_first(r.left, (size_t)high << 8 | low);
		(void)rd_raw(&r, piece.n);
		buf_reset(&out);
		e = compress_zlib.inflate(s, piece, &out);
		must(e == OK || e == ERR_COMPRESS);
		must(out.n <= TRANSPORT_PACKET_MAX);
	}
	compress_zlib.close(s);
	return 0;
}
