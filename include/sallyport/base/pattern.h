/*
 * pattern.h - wildcard patterns, lists of them, lists of addresses
 *
 * Source: ssh_config(5) PATTERNS. Time is linear in pattern times text; no
 * recursion.
 */
#ifndef SALLYPORT_BASE_PATTERN_H
#define SALLYPORT_BASE_PATTERN_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* '*' any run, '?' one octet; nocase folds ASCII letters. */
bool pattern_match(struct slice pattern, struct slice text, bool nocase);

enum pattern_result {
	PATTERN_NEGATED = -1, /* a '!' pattern hit: the list fails */
	PATTERN_NONE = 0,
	PATTERN_HIT = 1
};

/* A comma-separated list; a negated hit wins wherever it stands. */
enum pattern_result
pattern_list(struct slice list, struct slice text, bool nocase);

/*
 * An address, in network order, IPv4-mapped IPv6 folded to IPv4. Its zone
 * stays text: to look up an interface's number takes a system call that a
 * confined process doesn't have.
 */
struct addr {
	uint8_t family; /* 4, 6, or 0 for none */
	uint8_t octets[16];
	char scope[16]; /* IPv6 zone, as text; "" where none is named */
};

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0". ERR_FORMAT. */
MUST_USE enum err addr_parse(struct slice text, struct addr *a);
void addr_text(const struct addr *a, char room[64]); /* family 0: UNKNOWN */

/*
 * Same family and first bits; false where bits are more than the family has.
 * A zone of net must be a's as well, a net without one holds every zone.
 */
bool addr_in(const struct addr *a, const struct addr *net, unsigned int bits);

/* Keep the first bits, clear the others. */
void addr_mask(struct addr *a, unsigned int bits);

/*
 * A list of addresses, CIDR blocks and wildcard patterns, '!' negates. text is
 * the address as text ("UNKNOWN" matches only "*" patterns, not addresses).
 * ERR_FORMAT for a mask that is longer than the address or has bits outside,
 * and for empty elements; text may be empty: then the list is only checked.
 */
MUST_USE enum err pattern_addr_list(struct slice list, struct slice text,
    enum pattern_result *result);

/* The same where nothing but addresses and CIDR blocks may stand (from
 * certificates' source-address): no patterns, no '!'. */
MUST_USE enum err pattern_cidr_list(struct slice list, struct slice text,
    enum pattern_result *result);

/*
 * Does a list as above hold a client, by its address or by its name? host is
 * the name in whatever case, or the address again where none is known. A hit
 * that is negated wins, of either; a list that is no list holds nobody.
 */
bool pattern_host(struct slice list, struct slice address, struct slice host);

#endif
