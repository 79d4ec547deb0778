/*
 * fuzz_pattern.c - patterns, lists and address blocks against slow models
 *
 * Input: a list, a NUL, a text.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/pattern.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same(uint8_t a, uint8_t b, bool nocase)
{
	return a == b || (nocase && isascii(a) && tolower(a) == tolower(b));
}

/* fits[k]: the pattern so far fits to the first k octets of the text. */
static bool
model_match(struct slice p, struct slice t, bool nocase)
{
	SCOPED(mem_free_at) bool *fits = mem_array(t.n + 1, sizeof(bool));

	fits[0] = true;
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '*') {
			for (size_t k = 1; k <= t.n; k++)
				fits[k] |= fits[k - 1];
			continue;
		}
		for (size_t k = t.n; k > 0; k--)
			fits[k] =
			    fits[k - 1] &&
			    (p.p[i] == '?' || same(p.p[i], t.p[k - 1], nocase));
		fits[0] = false;
	}
	return fits[t.n];
}

static enum pattern_result
model_list(struct slice list, struct slice text, bool nocase)
{
	bool hit = false;
	bool negated = false;
	struct slice p;

	while (slice_next(&list, ',', &p)) {
		if (slice_starts(p, SLICE_STR("!")))
			negated |= model_match(slice_skip(p, 1), text, nocase);
		else
			hit |= model_match(p, text, nocase);
	}
	if (negated)
		return PATTERN_NEGATED;
	return hit ? PATTERN_HIT : PATTERN_NONE;
}

/*
 * An address as 128 characters '0' and '1' (IPv4 in its mapped form) with its
 * zone behind them; false where it is none.
 */
static bool
model_addr(struct slice text, char bits[128 + 16 + 1])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t octets[16] = {[10] = 0xff, [11] = 0xff};
	SCOPED(mem_free_at) char *host = mem_text(text);
	char *zone = strchr(host, '%');
	bool v6;

	if (slice_has_nul(text))
		return false;
	if (zone != NULL)
		*zone++ = '\0';
	v6 = strchr(host, ':') != NULL;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, host, octets + (v6 ? 0 : 12)) !=
	    1)
		return false;
	if (zone != NULL && (*zone == '\0' || strlen(zone) > 15 ||
				memcmp(octets, mapped, sizeof(mapped)) == 0))
		return false;
	for (size_t i = 0; i < 128; i++)
		bits[i] = octets[i / 8] >> (7 - i % 8) & 1 ? '1' : '0';
	slice_to_cstr(slice_cstr(zone), bits + 128, 17);
	return true;
}

enum verdict { WRONG, OUTSIDE, INSIDE, NO_BLOCK };

/* How many bits a mask's text leaves, of at most all; -1 where it is wrong. */
static int
model_mask(struct slice text, int all)
{
	int v = 0;

	if (text.n == 0)
		return -1;
	for (size_t i = 0; i < text.n; i++) {
		if (!isdigit(text.p[i]))
			return -1;
		v = v * 10 + text.p[i] - '0';
		if (v > all)
			return -1;
	}
	return v;
}

static enum verdict
model_block(struct slice element, const char *addr)
{
	struct slice host = slice_first(element, slice_find(element, '/'));
	struct slice mask = slice_skip(element, host.n + 1);
	bool v6 = slice_find(host, ':') < host.n;
	char net[128 + 16 + 1];
	size_t base = v6 ? 0 : 96;
	size_t n = 128;

	if (!model_addr(host, net))
		return NO_BLOCK;
	if (host.n < element.n) {
		int bits = model_mask(mask, v6 ? 128 : 32);

		if (bits < 0)
			return WRONG;
		n = base + (size_t)bits;
	}
	/* A mask that reaches into the mapped prefix leaves no IPv4 block. */
	if (n < 96 && strncmp(net + 80, "1111111111111111", 16) == 0 &&
	    strspn(net, "0") == 80)
		return WRONG;
	for (size_t i = n; i < 128; i++) {
		if (net[i] == '1')
			return WRONG;
	}
	if (addr == NULL || strncmp(net, addr, n) != 0)
		return OUTSIDE;
	if (net[128] != '\0' && strcmp(net + 128, addr + 128) != 0)
		return OUTSIDE;
	/* An IPv6 block, however large, holds no IPv4 address. */
	if (strspn(addr, "0") == 80 &&
	    strncmp(addr + 80, "1111111111111111", 16) == 0 &&
	    (strspn(net, "0") != 80 ||
		strncmp(net + 80, "1111111111111111", 16) != 0))
		return OUTSIDE;
	return INSIDE;
}

static enum err
model_addr_list(struct slice list, struct slice text, bool blocks_only,
    enum pattern_result *result)
{
	char room[128 + 16 + 1];
	const char *addr = model_addr(text, room) ? room : NULL;
	bool hit = false;
	bool negated = false;
	struct slice p;

	*result = PATTERN_NONE;
	while (slice_next(&list, ',', &p)) {
		bool not = !blocks_only && slice_starts(p, SLICE_STR("!"));
		struct slice element = slice_skip(p, not ? 1 : 0);
		enum verdict v = model_block(element, addr);

		if (v == WRONG || element.n == 0 ||
		    (v == NO_BLOCK && blocks_only))
			return ERR_FORMAT;
		if (v == NO_BLOCK && model_match(element, text, true))
			v = INSIDE;
		hit |= v == INSIDE && !not ;
		negated |= v == INSIDE && not ;
	}
	if (text.n > 0 && (hit || negated))
		*result = negated ? PATTERN_NEGATED : PATTERN_HIT;
	return OK;
}

static void
compare_addr_lists(struct slice list, struct slice text)
{
	enum pattern_result theirs;
	enum pattern_result ours;

	must(pattern_addr_list(list, text, &ours) ==
	     model_addr_list(list, text, false, &theirs));
	must(ours == theirs);
	must(pattern_cidr_list(list, text, &ours) ==
	     model_addr_list(list, text, true, &theirs));
	must(ours == theirs);
}

/* An address is shown so that it is read as the same. */
static void
check_addr(struct slice text)
{
	struct addr again;
	struct addr a;
	char room[64];

	if (addr_parse(text, &a) != OK)
		return;
	addr_text(&a, room);
	must(addr_parse(slice_cstr(room), &again) == OK);
	must(memcmp(&a, &again, sizeof(a)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size);
	struct slice list = slice_first(all, slice_find(all, 0));
	struct slice text = slice_skip(all, list.n + 1);

	must(
	    pattern_match(list, text, false) == model_match(list, text, false));
	must(pattern_match(list, text, true) == model_match(list, text, true));
	must(pattern_list(list, text, false) == model_list(list, text, false));
	must(pattern_list(list, text, true) == model_list(list, text, true));
	compare_addr_lists(list, text);
	check_addr(text);
	return 0;
}
