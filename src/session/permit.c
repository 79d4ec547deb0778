#include "permit.h"

#include "sallyport/base/pattern.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/messages.h"

#define PORT_MAX 65535u

/* ---- on or off ---- */

static bool
is_on(const struct conf *c, const struct grant *g, enum conf_forward value,
    enum conf_forward way)
{
	return !c->disable_forwarding && (g->permits & PERMIT_PORT) != 0 &&
	       (value == FORWARD_ALL || value == way);
}

bool
permit_tcp(const struct conf *c, const struct grant *g, enum conf_forward way)
{
	return is_on(c, g, c->allow_tcp_forwarding, way);
}

bool
permit_streamlocal(const struct conf *c, const struct grant *g,
    enum conf_forward way)
{
	return is_on(c, g, c->allow_streamlocal_forwarding, way);
}

bool
permit_agent(const struct conf *c, const struct grant *g)
{
	return !c->disable_forwarding && c->allow_agent_forwarding &&
	       (g->permits & PERMIT_AGENT) != 0;
}

bool
permit_x11(const struct conf *c, const struct grant *g)
{
	return !c->disable_forwarding && c->x11_forwarding &&
	       (g->permits & PERMIT_X11) != 0;
}

/* ---- lists of HOST:PORT ---- */

/* "HOST:PORT" or "[HOST]:PORT"; false where there is no port. */
static bool
split(struct slice entry, struct slice *host, struct slice *port)
{
	size_t n = entry.n;

	while (n > 0 && entry.p[n - 1] != ':')
		n--;
	if (n == 0)
		return false;
	*port = slice_skip(entry, n);
	*host = slice_first(entry, n - 1);
	if (host->n >= 2 && host->p[0] == '[' && host->p[host->n - 1] == ']')
		*host = slice_skip(slice_first(*host, host->n - 1), 1);
	return port->n > 0;
}

enum how { LITERAL, PATTERN };

static bool
entry_holds(struct slice entry, struct slice host, uint32_t port, enum how how)
{
	struct slice its_host;
	struct slice its_port;
	uint64_t number;

	if (!split(entry, &its_host, &its_port))
		return false;
	if (!slice_is(its_port, "*") &&
	    (text_number(its_port, 1, PORT_MAX, &number) != OK ||
		number != port))
		return false;
	if (how == PATTERN)
		return pattern_match(its_host, host, true);
	return slice_is(its_host, "*") || slice_equal(its_host, host);
}

static bool
is_any(const struct conf_list *list)
{
	return list->n == 0 ||
	       (list->n == 1 && slice_is(slice_cstr(list->v[0]), "any"));
}

static bool
list_holds(const struct conf_list *list, struct slice host, uint32_t port,
    enum how how)
{
	if (is_any(list))
		return true;
	for (size_t i = 0; i < list->n; i++)
		if (entry_holds(slice_cstr(list->v[i]), host, port, how))
			return true;
	return false;
}

/* The key's, a list of strings; without any everything holds. */
static bool
strings_hold(struct slice strings, struct slice host, uint32_t port,
    enum how how)
{
	struct rd r = rd_from(strings);

	if (strings.n == 0)
		return true;
	while (r.left.n > 0 && rd_status(&r) == OK)
		if (entry_holds(rd_string(&r), host, port, how))
			return true;
	return false;
}

bool
permit_open(const struct conf *c, const struct grant *g, struct slice host,
    uint32_t port)
{
	return port > 0 && port <= PORT_MAX &&
	       list_holds(&c->permit_open, host, port, LITERAL) &&
	       strings_hold(g->permitopen, host, port, LITERAL);
}

bool
permit_open_path(const struct conf *c, const struct grant *g)
{
	return is_any(&c->permit_open) && g->permitopen.n == 0;
}

bool
permit_listen(const struct conf *c, const struct grant *g, struct slice host,
    uint32_t port)
{
	return port <= PORT_MAX &&
	       list_holds(&c->permit_listen, host, port, PATTERN) &&
	       strings_hold(g->permitlisten, host, port, PATTERN);
}

/* ---- rules on what a name stands for ---- */

static bool
port_range(struct slice ports, uint64_t *first, uint64_t *last)
{
	size_t dash = slice_find(ports, '-');

	if (slice_is(ports, "*")) {
		*first = 1;
		*last = PORT_MAX;
		return true;
	}
	if (text_number(slice_first(ports, dash), 1, PORT_MAX, first) != OK)
		return false;
	*last = *first;
	return dash == ports.n || (text_number(slice_skip(ports, dash + 1), 1,
				       PORT_MAX, last) == OK &&
				      *first <= *last);
}

static bool
host_holds(struct slice host, struct slice name, struct slice address)
{
	enum pattern_result hit;

	/* a block of addresses isn't a pattern of names */
	if (slice_find(host, '/') == host.n && pattern_match(host, name, true))
		return true;
	return pattern_addr_list(host, address, &hit) == OK &&
	       hit == PATTERN_HIT;
}

static bool
rule_holds(struct slice rule, struct slice name, struct slice address,
    uint32_t port)
{
	uint64_t first, last;
	struct slice host;
	struct slice ports;

	return split(rule, &host, &ports) && port_range(ports, &first, &last) &&
	       port >= first && port <= last && host_holds(host, name, address);
}

static bool
any_holds(const struct conf_list *rules, struct slice name,
    struct slice address, uint32_t port)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rule_holds(slice_cstr(rules->v[i]), name, address, port))
			return true;
	return false;
}

bool
permit_target(const struct conf *c, struct slice name, struct slice address,
    uint32_t port)
{
	const struct conf_list *deny = &c->forward_deny;

	if (deny->n > 0 &&
	    (is_any(deny) || any_holds(deny, name, address, port)))
		return false;
	return is_any(&c->forward_allow) ||
	       any_holds(&c->forward_allow, name, address, port);
}
