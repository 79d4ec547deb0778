#include "suite.h"

#include "http.h"

#include "sallyport/base/mem.h"

#include <string.h>

static const char scrape[] = "GET /metrics HTTP/1.1\r\n"
			     "Host: localhost:9822\r\n"
			     "Accept: text/plain;q=0.5, "
			     "Application/OpenMetrics-Text;version=1.0.0\r\n"
			     "\r\n";

START_TEST(reads_a_scrape)
{
	struct http_request r;
	unsigned int status;

	ck_assert_int_eq(http_parse(SLICE_STR(scrape), &r, &status), OK);
	ck_assert_uint_eq(status, 200);
	ck_assert(r.openmetrics);
	ck_assert(!r.head);
}
END_TEST

START_TEST(waits_for_the_rest_of_every_prefix)
{
	struct slice cut = slice_first(SLICE_STR(scrape), (size_t)_i);
	struct http_request r;
	unsigned int status;

	ck_assert_int_eq(http_parse(cut, &r, &status), ERR_MORE);
}
END_TEST

/* clang-format off */
static const struct {
	const char *request;
	unsigned int status;
} requests[] = {
	{"GET /metrics HTTP/1.0\r\n\r\n", 200},
	{"GET /metrics?x=1 HTTP/1.1\r\nA: b\r\n\r\n", 200},
	{"HEAD /metrics HTTP/1.1\r\n\r\n", 200},
	{"GET / HTTP/1.1\r\n\r\n", 404},
	{"GET /metrics/ HTTP/1.1\r\n\r\n", 404},
	{"GET http://localhost/metrics HTTP/1.1\r\n\r\n", 404},
	{"POST /metrics HTTP/1.1\r\n\r\n", 405},
	{"get /metrics HTTP/1.1\r\n\r\n", 405},
	{"GET /metrics HTTP/2.0\r\n\r\n", 505},
	{"GET /metrics\r\n\r\n", 400},
	{"GET  /metrics HTTP/1.1\r\n\r\n", 400},
	{"GET /metrics HTTP/1.1 \r\n\r\n", 400},
	{"GET /metrics HTTP/1.1\nA: b\r\n\r\n", 400},
	{"GET /metrics HTTP/1.1\r\nA b\r\n\r\n", 400},
	{"GET /metrics HTTP/1.1\r\n: b\r\n\r\n", 400},
	{"GET /metrics HTTP/1.1\r\nA : b\r\n\r\n", 400},
	{"GET /metrics HTTP/1.1\r\n A: b\r\n\r\n", 400},
	{"GET /metrics HTTP/1.1\r\nA: \1\r\n\r\n", 400},
	{"\r\n\r\n", 400},
};
/* clang-format on */

START_TEST(every_request_has_its_answer)
{
	struct http_request r;
	unsigned int status;

	ck_assert_int_eq(http_parse(slice_cstr(requests[_i].request), &r,
			     &status),
	    OK);
	ck_assert_msg(status == requests[_i].status, "%s: %u",
	    requests[_i].request, status);
}
END_TEST

START_TEST(openmetrics_is_for_those_who_name_it)
{
	struct http_request r;
	unsigned int status;

	ck_assert_int_eq(http_parse(SLICE_STR("GET /metrics HTTP/1.1\r\n"
					      "X-Accept: application/"
					      "openmetrics-text\r\n"
					      "Accept: */*\r\n\r\n"),
			     &r, &status),
	    OK);
	ck_assert(!r.openmetrics);
}
END_TEST

START_TEST(a_header_without_end_is_refused)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct http_request r;
	unsigned int status;

	while (b.n < HTTP_REQUEST_MAX)
		ck_assert_int_eq(buf_append_cstr(&b, "A"), OK);
	ck_assert_int_eq(http_parse(buf_slice(&b), &r, &status), OK);
	ck_assert_uint_eq(status, 400);
}
END_TEST

START_TEST(the_head_tells_the_length_and_the_format)
{
	const struct http_request r = {.openmetrics = true};
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;

	ck_assert_int_eq(http_head(200, &r, 4711, &b), OK);
	ck_assert(
	    slice_starts(buf_slice(&b), SLICE_STR("HTTP/1.1 200 OK\r\n")));
	ck_assert_ptr_nonnull(memmem(b.p, b.n, "Content-Length: 4711\r\n", 22));
	ck_assert_ptr_nonnull(memmem(b.p, b.n,
	    "application/openmetrics-text; version=1.0.0", 43));
	ck_assert_int_eq(memcmp(b.p + b.n - 4, "\r\n\r\n", 4), 0);
}
END_TEST

TCase *
check_http(void)
{
	TCase *tc = tcase_create("metrics/http");

	tcase_add_test(tc, reads_a_scrape);
	tcase_add_loop_test(tc, waits_for_the_rest_of_every_prefix, 0,
	    sizeof(scrape) - 1);
	tcase_add_loop_test(tc, every_request_has_its_answer, 0,
	    sizeof(requests) / sizeof(requests[0]));
	tcase_add_test(tc, openmetrics_is_for_those_who_name_it);
	tcase_add_test(tc, a_header_without_end_is_refused);
	tcase_add_test(tc, the_head_tells_the_length_and_the_format);
	return tc;
}
