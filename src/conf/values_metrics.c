#include "values_metrics.h"

#include "values_net.h"
#include "values_text.h"

#include "sallyport/base/pattern.h"

#include <string.h>

/* 127.0.0.0/8, ::1 */
static bool
is_loopback(struct slice host)
{
	static const uint8_t six[16] = {[15] = 1};
	struct addr a;

	if (addr_parse(host, &a) != OK)
		return false;
	if (a.family == 4)
		return a.octets[0] == 127;
	return memcmp(a.octets, six, sizeof(six)) == 0 && a.scope[0] == '\0';
}

static bool
parse(const struct values_kind *k, struct values_line *l, void *value)
{
	struct slice host, port;

	(void)k;
	if (values_is(l, "none") || l->words[0][0] == '/' ||
	    l->words[0][0] == '~')
		return values_text_path.parse(&values_text_path, l, value);
	if (!values_net_split(values_first(l), &host, &port) ||
	    values_net_port_of(port) == 0)
		return values_bad(l,
		    "%s \"%s\": neither address and port nor path.", l->keyword,
		    l->words[0]);
	if (!is_loopback(host))
		return values_bad(l, "%s \"%s\": not a loopback address.",
		    l->keyword, l->words[0]);
	return values_text.parse(&values_text, l, value);
}

const struct values_kind values_metrics_listen = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse,
    .print = values_text_print,
    .wants = "a loopback ADDRESS:PORT, a path or none"};
