#include "http.h"

#include "sallyport/base/text.h"

#include <string.h>

/* ---- requests -------------------------------------------------------------- */

/* The octets before CR LF CR LF, the first CR LF included; false: not there. */
static bool
cut_header(struct slice in, struct slice *header)
{
	const uint8_t *end =
	    in.n > 0 ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL;

	if (end == NULL)
		return false;
	*header = slice_first(in, (size_t)(end - in.p) + 2);
	return true;
}

/* A line without its CR LF. False: it hasn't both, or octets that no header
 * may hold. */
static bool
next_line(struct slice *rest, struct slice *line)
{
	if (!slice_next(rest, '\n', line) || line->n == 0 ||
	    line->p[line->n - 1] != '\r')
		return false;
	*line = slice_first(*line, line->n - 1);
	for (size_t i = 0; i < line->n; i++)
		if ((line->p[i] < ' ' && line->p[i] != '\t') ||
		    line->p[i] == 0x7f)
			return false;
	return true;
}

static unsigned int
request_line(struct slice line, struct http_request *r)
{
	struct slice method, target, version, path;

	if (!slice_next(&line, ' ', &method) ||
	    !slice_next(&line, ' ', &target) || method.n == 0 || target.n == 0)
		return 400;
	version = line;
	if (version.n != 8 || !slice_starts(version, SLICE_STR("HTTP/")))
		return 400;
	if (!slice_starts(version, SLICE_STR("HTTP/1.")))
		return 505;
	r->head = slice_is(method, "HEAD");
	if (!r->head && !slice_is(method, "GET"))
		return 405;
	path = slice_first(target, slice_find(target, '?'));
	return slice_is(path, "/metrics") ? 200 : 404;
}

/* Weights don't matter: who names it, understands it. */
static bool
accepts_openmetrics(struct slice value)
{
	struct slice media, type;

	while (slice_next(&value, ',', &media)) {
		type = text_trim(slice_first(media, slice_find(media, ';')));
		if (text_same_nocase(type,
			SLICE_STR("application/openmetrics-text")))
			return true;
	}
	return false;
}

static bool
field(struct slice line, struct http_request *r)
{
	struct slice name = slice_first(line, slice_find(line, ':'));

	if (name.n == 0 || name.n == line.n)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
	if (text_same_nocase(name, SLICE_STR("accept")) &&
	    accepts_openmetrics(slice_skip(line, name.n + 1)))
		r->openmetrics = true;
	return true;
}

enum err
http_parse(struct slice in, struct http_request *r, unsigned int *status)
{
	struct slice rest, line;

	*r = (struct http_request){.head = false};
	*status = 400;
	if (!cut_header(in, &rest))
		return in.n < HTTP_REQUEST_MAX ? ERR_MORE : OK;
	if (!next_line(&rest, &line))
		return OK;
	*status = request_line(line, r);
	while (*status == 200 && rest.n > 0)
		if (!next_line(&rest, &line) || !field(line, r))
			*status = 400;
	return OK;
}

/* ---- answers --------------------------------------------------------------- */

static const char *
reason(unsigned int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

enum err
http_head(unsigned int status, const struct http_request *r, size_t body,
    struct buf *out)
{
	const char *type = status != 200 ? "text/plain; charset=utf-8"
			   : r->openmetrics
			       ? "application/openmetrics-text; version=1.0.0; "
				 "charset=utf-8"
			       : "text/plain; version=0.0.4; charset=utf-8";

	return buf_printf(out,
	    "HTTP/1.1 %u %s\r\n"
	    "Content-Type: %s\r\n"
	    "Content-Length: %zu\r\n"
	    "%s"
	    "Connection: close\r\n"
	    "\r\n",
	    status, reason(status), type, body,
	    status == 405 ? "Allow: GET, HEAD\r\n" : "");
}
