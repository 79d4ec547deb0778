#include "sallyport/base/pattern.h"

#include "sallyport/base/text.h"

#include <arpa/inet.h>
#include <stdio.h>

#define MAPPED_BITS 96 /* of ::ffff:0:0, RFC 4291 §2.5.5.2 */

static bool
same_octet(uint8_t a, uint8_t b, bool nocase)
{
	struct slice sa = SLICE_OF(a);
	struct slice sb = SLICE_OF(b);

	return a == b || (nocase && text_same_nocase(sa, sb));
}

/*
 * The last '*' alone takes more when the rest doesn't fit: what an earlier
 * one could take, a later one can take as well. So no recursion is needed.
 */
bool
pattern_match(struct slice pattern, struct slice text, bool nocase)
{
	size_t star = SIZE_MAX; /* index behind the last '*' */
	size_t resume = 0;      /* where the text goes on behind its run */
	size_t p = 0;
	size_t t = 0;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = ++p;
			resume = t;
		} else if (p < pattern.n &&
			   (pattern.p[p] == '?' ||
			       same_octet(pattern.p[p], text.p[t], nocase))) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* Take a leading '!' off. */
static bool
is_negated(struct slice *element)
{
	if (element->n == 0 || element->p[0] != '!')
		return false;
	*element = slice_skip(*element, 1);
	return true;
}

enum pattern_result
pattern_list(struct slice list, struct slice text, bool nocase)
{
	enum pattern_result result = PATTERN_NONE;
	struct slice element;

	while (slice_next(&list, ',', &element)) {
		bool negated = is_negated(&element);

		if (!pattern_match(element, text, nocase))
			continue;
		if (negated)
			return PATTERN_NEGATED;
		result = PATTERN_HIT;
	}
	return result;
}

/* Make ::ffff:a.b.c.d what it stands for. */
static void
fold_mapped(struct addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(a->octets, mapped, sizeof(mapped)) != 0)
		return;
	a->family = 4;
	memmove(a->octets, a->octets + sizeof(mapped), 4);
	memset(a->octets + 4, 0, sizeof(a->octets) - 4);
}

/* The text of an address of either family into a, which is all zeros. */
static bool
read_addr(struct slice text, struct addr *a)
{
	struct slice host = slice_first(text, slice_find(text, '%'));
	struct slice scope = slice_skip(text, host.n + 1);
	bool scoped = host.n < text.n;
	char room[INET6_ADDRSTRLEN];

	if (!slice_to_cstr(host, room, sizeof(room)))
		return false;
	if (!scoped && inet_pton(AF_INET, room, a->octets) == 1) {
		a->family = 4;
		return true;
	}
	if (inet_pton(AF_INET6, room, a->octets) != 1)
		return false;
	a->family = 6;
	fold_mapped(a);
	if (!scoped)
		return true;
	return a->family == 6 && scope.n > 0 &&
	       slice_to_cstr(scope, a->scope, sizeof(a->scope));
}

enum err
addr_parse(struct slice text, struct addr *a)
{
	*a = (struct addr){0};
	if (read_addr(text, a))
		return OK;
	*a = (struct addr){0};
	return ERR_FORMAT;
}

void
addr_text(const struct addr *a, char room[64])
{
	char host[INET6_ADDRSTRLEN] = "";

	if (a->family != 0)
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->octets, host,
		    sizeof(host));
	snprintf(room, 64, "%s%s%s", a->family == 0 ? "UNKNOWN" : host,
	    a->scope[0] == '\0' ? "" : "%", a->scope);
}

static unsigned int
addr_bits(const struct addr *a)
{
	return a->family == 4 ? 32 : 128;
}

void
addr_mask(struct addr *a, unsigned int bits)
{
	for (unsigned int i = 0; i < sizeof(a->octets); i++) {
		unsigned int first = 8 * i;

		if (bits <= first)
			a->octets[i] = 0;
		else if (bits < first + 8)
			a->octets[i] &= (uint8_t)(0xff00 >> (bits - first));
	}
}

bool
addr_in(const struct addr *a, const struct addr *net, unsigned int bits)
{
	struct addr x = *a;
	struct addr y = *net;

	if (a->family == 0 || a->family != net->family || bits > addr_bits(a))
		return false;
	if (net->scope[0] != '\0' && strcmp(a->scope, net->scope) != 0)
		return false;
	addr_mask(&x, bits);
	addr_mask(&y, bits);
	return memcmp(x.octets, y.octets, sizeof(x.octets)) == 0;
}

/*
 * An address or a CIDR block. ERR_NOT_FOUND where it doesn't begin with an
 * address, ERR_FORMAT where the mask doesn't fit to it.
 */
static enum err
cidr_parse(struct slice element, struct addr *net, unsigned int *bits)
{
	struct slice host = slice_first(element, slice_find(element, '/'));
	bool colons = slice_find(host, ':') < host.n;
	struct addr masked;
	uint64_t v;

	if (addr_parse(host, net) != OK)
		return ERR_NOT_FOUND;
	*bits = addr_bits(net);
	if (host.n == element.n)
		return OK;
	if (text_number(slice_skip(element, host.n + 1), 0, 128, &v) != OK)
		return ERR_FORMAT;
	if (colons && net->family == 4) {
		/* The mask counts the octets that folding took away. */
		if (v < MAPPED_BITS)
			return ERR_FORMAT;
		v -= MAPPED_BITS;
	}
	if (v > *bits)
		return ERR_FORMAT;
	*bits = (unsigned int)v;
	masked = *net;
	addr_mask(&masked, *bits);
	if (memcmp(masked.octets, net->octets, sizeof(masked.octets)) != 0)
		return ERR_FORMAT;
	return OK;
}

/* Does text, which is the address a (or none), fit to the element? */
static enum err
addr_element(struct slice element, struct slice text, const struct addr *a,
    bool *hit)
{
	unsigned int bits;
	struct addr net;
	enum err e = cidr_parse(element, &net, &bits);

	*hit = false;
	if (element.n == 0)
		return ERR_FORMAT;
	if (e == OK)
		*hit = addr_in(a, &net, bits);
	else if (e == ERR_NOT_FOUND)
		*hit = pattern_match(element, text, true);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* Go to the list's end whatever was found, so that every fault is seen. */
enum err
pattern_addr_list(struct slice list, struct slice text,
    enum pattern_result *result)
{
	enum pattern_result found = PATTERN_NONE;
	struct slice element;
	struct addr a;
	enum err e;
	bool hit;

	*result = PATTERN_NONE;
	if (addr_parse(text, &a) != OK)
		a.family = 0;
	while (slice_next(&list, ',', &element)) {
		bool negated = is_negated(&element);

		e = addr_element(element, text, &a, &hit);
		if (e != OK)
			return e;
		if (hit && negated)
			found = PATTERN_NEGATED;
		else if (hit && found == PATTERN_NONE)
			found = PATTERN_HIT;
	}
	if (text.n > 0)
		*result = found;
	return OK;
}

enum err
pattern_cidr_list(struct slice list, struct slice text,
    enum pattern_result *result)
{
	enum pattern_result found = PATTERN_NONE;
	struct slice element;
	unsigned int bits;
	struct addr net;
	struct addr a;

	*result = PATTERN_NONE;
	if (addr_parse(text, &a) != OK)
		a.family = 0;
	while (slice_next(&list, ',', &element)) {
		if (cidr_parse(element, &net, &bits) != OK)
			return ERR_FORMAT;
		if (addr_in(&a, &net, bits))
			found = PATTERN_HIT;
	}
	*result = found;
	return OK;
}

bool
pattern_host(struct slice list, struct slice address, struct slice host)
{
	enum pattern_result by_address, by_name;

	if (pattern_addr_list(list, address, &by_address) != OK ||
	    by_address == PATTERN_NEGATED)
		return false;
	by_name = pattern_list(list, host, true);
	return by_name == PATTERN_HIT ||
	       (by_name == PATTERN_NONE && by_address == PATTERN_HIT);
}
