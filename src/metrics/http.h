/*
 * http.h - as much of HTTP/1.1's requests as it takes to be scraped
 *
 * Source:  RFC 9112 §2 to §5, RFC 9110 §12.5.1
 * Runs in: metrics. No I/O.
 */
#ifndef SALLYPORT_SRC_METRICS_HTTP_H
#define SALLYPORT_SRC_METRICS_HTTP_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>

#define HTTP_REQUEST_MAX ((size_t)8 << 10) /* Prometheus sends 300 octets */

struct http_request {
	bool head;        /* HEAD: no body is wanted */
	bool openmetrics; /* the format that is asked for */
};

/*
 * The request at the beginning of in, with its header; a body isn't read.
 * ERR_MORE: not whole yet. Returns in *status what to answer: 200; 400 for
 * what is no request, 404 for another path than /metrics, 405 for another
 * method than GET and HEAD, 505 for another version.
 */
MUST_USE enum err
http_parse(struct slice in, struct http_request *r, unsigned int *status);

/* The answer's head, for a body of so many octets of this format. */
MUST_USE enum err http_head(unsigned int status, const struct http_request *r,
    size_t body, struct buf *out);

#endif
