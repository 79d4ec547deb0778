/*
 * fuzz_gsstoken.c - tokens of the Kerberos mechanism, by all of their readers
 *
 * What is read lies within the input, and a frame that is read is the one that
 * would be written.
 */
#include "errand/gsstoken.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(struct slice in, struct slice part)
{
	must(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

static void
read_frame(struct slice in, uint16_t id)
{
	SCOPED(buf_clear) struct buf again = BUF_EMPTY;
	struct slice message;

	if (gsstoken_read(in, id, &message) != OK)
		return;
	look(in, message);
	must(gsstoken_write(id, message, &again) == OK);
	must(slice_equal(buf_slice(&again), in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct gsstoken_checksum sum;
	struct gsstoken_mic mic;

	read_frame(in, GSSTOKEN_AP_REQ);
	read_frame(in, GSSTOKEN_AP_REP);
	if (gsstoken_read_checksum(in, &sum) == OK)
		look(in, sum.credentials);
	if (gsstoken_read_mic(in, &mic) == OK) {
		must(mic.header.n == GSSTOKEN_MIC_HEADER);
		look(in, mic.header);
		look(in, mic.checksum);
	}
	return 0;
}
