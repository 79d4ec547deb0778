/*
 * fuzz_http.c - whoever asks for the figures by HTTP
 *
 * Laws: what was answered doesn't change with what follows the header; every
 * answer has a head; only a GET or HEAD of /metrics gets the figures.
 */
#include "metrics/http.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	SCOPED(buf_clear) struct buf more = BUF_EMPTY, head = BUF_EMPTY;
	struct http_request r, again;
	unsigned int status, same;
	enum err e;

	if (size > HTTP_REQUEST_MAX)
		return 0;
	e = http_parse(in, &r, &status);
	must(e == OK || e == ERR_MORE);
	if (e == ERR_MORE)
		return 0;
	must(http_head(status, &r, 1, &head) == OK && head.n > 0);
	if (status == 200)
		must(slice_starts(in, SLICE_STR("GET /metrics")) ||
		     slice_starts(in, SLICE_STR("HEAD /metrics")));
	if (memmem(data, size, "\r\n\r\n", 4) == NULL)
		return 0;
	must(buf_append(&more, in) == OK);
	must(buf_append_cstr(&more, "GET / HTTP/1.1\r\n\r\n") == OK);
	must(http_parse(buf_slice(&more), &again, &same) == OK);
	must(same == status && again.head == r.head &&
	     again.openmetrics == r.openmetrics);
	return 0;
}
