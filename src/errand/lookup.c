/*
 * lookup.c - names in the DNS, without privilege (UseDNS)
 *
 * Answers of the DNS are parsed by libc and whatever nsswitch.conf names:
 * foreign code, fed by strangers. It runs here, as the gate's account, with no
 * right and nothing to write to but the monitor's channel, and only for a
 * while.
 */
#include "lookup.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/text.h"
#include "sallyport/proc/deadline.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/title.h"
#include "sallyport/roles.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- libc -------------------------------------------------------------------- */

static int
libc_name_of(const struct sockaddr *a, socklen_t n, char *name, size_t size)
{
	return getnameinfo(a, n, name, (socklen_t)size, NULL, 0, NI_NAMEREQD);
}

static int
libc_addresses_of(const char *name, int family, struct addrinfo **list)
{
	const struct addrinfo hints = {.ai_family = family,
	    .ai_socktype = SOCK_STREAM};

	return getaddrinfo(name, NULL, &hints, list);
}

static const struct lookup_resolver libc = {.name_of = libc_name_of,
    .addresses_of = libc_addresses_of};

/* ---- there and back ------------------------------------------------------------ */

/* A numeric address, without asking anybody; free it. NULL: it isn't one. */
static struct addrinfo *
numeric(const char *text)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST};
	struct addrinfo *list;

	return getaddrinfo(text, NULL, &hints, &list) == 0 ? list : NULL;
}

/* The alphabet of host names; others could play tricks on patterns or logs. */
static bool
is_host_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
			*p == '.' || *p == '-' || *p == '_'))
			return false;
	return name[0] != '\0';
}

/* A name that reads like an address would pass for one in lists of both. */
static bool
is_nasty(const char *name)
{
	struct addrinfo *a = numeric(name);

	if (a != NULL)
		freeaddrinfo(a);
	return a != NULL || !is_host_name(name);
}

static void
settle(char *name)
{
	size_t n = strlen(name);

	text_lower(name);
	if (n > 1 && name[n - 1] == '.')
		name[n - 1] = '\0';
}

static bool
same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)a)->sin_addr,
			   &((const struct sockaddr_in *)b)->sin_addr,
			   sizeof(struct in_addr)) == 0;
	return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
		   &((const struct sockaddr_in6 *)b)->sin6_addr,
		   sizeof(struct in6_addr)) == 0;
}

static enum lookup_result
confirm(const struct lookup_resolver *r, const struct addrinfo *ip,
    const char *name)
{
	struct addrinfo *list;
	bool found = false;

	if (r->addresses_of(name, ip->ai_family, &list) != 0)
		return LOOKUP_UNKNOWN;
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		found = found || same_address(a->ai_addr, ip->ai_addr);
	freeaddrinfo(list);
	return found ? LOOKUP_CONFIRMED : LOOKUP_ELSEWHERE;
}

enum lookup_result
lookup_name(const struct lookup_resolver *r, const char *ip, char *name)
{
	struct addrinfo *a = numeric(ip);
	enum lookup_result result = LOOKUP_NONE;

	name[0] = '\0';
	if (a == NULL)
		return LOOKUP_NONE;
	if (r->name_of(a->ai_addr, a->ai_addrlen, name, LOOKUP_NAME_MAX + 1) ==
	    0) {
		settle(name);
		result = is_nasty(name) ? LOOKUP_NASTY : confirm(r, a, name);
	}
	freeaddrinfo(a);
	return result;
}

/* ---- its life ------------------------------------------------------------------- */

_Noreturn void
lookup_main(const char *ip, uint64_t until_ms, int channel, pid_t monitor)
{
	const int keep[] = {channel};
	char name[LOOKUP_NAME_MAX + 1];
	struct lookup_msg m = {.result = LOOKUP_NONE};
	struct rpc *rpc;

	title_set("[dns]");
	sandbox_enter(ROLE_ERRAND, monitor);
	io_close_but(STDERR_FILENO + 1, keep, 1);
	/* whatever a resolver does: it ends then */
	if (deadline_set(until_ms) != OK)
		_exit(EXIT_FAILURE);
	rpc = rpc_new(channel);
	m.result = (uint8_t)lookup_name(&libc, ip, name);
	m.name = slice_cstr(name);
	_exit(rpc_send(rpc, ERRAND_NAME, &layout_lookup_msg, &m) == OK
		  ? EXIT_SUCCESS
		  : EXIT_FAILURE);
}
