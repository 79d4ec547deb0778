/*
 * text.h - words of a line with sshd_config's quoting; numbers, times, sizes
 *
 * Source: sshd_config(5); the rules are written down in man/sshd_config.5.
 */
#ifndef SALLYPORT_BASE_TEXT_H
#define SALLYPORT_BASE_TEXT_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Take the next word off the front of *rest. Blanks are space, tab, CR, FF.
 * Double or single quotes group; \\ \" \' are escapes everywhere, backslash-
 * blank outside quotes; any other backslash is literal. An unquoted # at the
 * start of a word ends the line.
 *
 * OK with the word in room, unquoted and NUL-terminated (size octets);
 * ERR_NOT_FOUND at the end of the line (*rest is empty then); ERR_FORMAT where
 * a quote isn't closed, and for NUL; ERR_TOO_LONG. Else room holds "".
 */
MUST_USE enum err text_word(struct slice *rest, char *room, size_t size);

/*
 * Decimal digits only, within [min, max]. ERR_FORMAT, ERR_SHORT (below min),
 * ERR_TOO_LONG (above max).
 */
MUST_USE enum err
text_number(struct slice s, uint64_t min, uint64_t max, uint64_t *v);

/*
 * sshd_config's time: sum of number[smhdw], no unit is seconds, at most
 * INT32_MAX. A decimal is allowed for seconds and truncated; *ms (if not
 * NULL) gets milliseconds. ERR_FORMAT.
 */
MUST_USE enum err text_time(struct slice s, uint32_t *seconds, uint64_t *ms);

/*
 * sshd_config's size: integer or decimal with K, M, G (and B, T, P, E), powers
 * of 1024 in either case. ERR_FORMAT; ERR_TOO_LONG beyond INT64_MAX.
 */
MUST_USE enum err text_size(struct slice s, uint64_t *octets);

/*
 * RFC 4648 base64 §4, without a secret-dependent branch or table. Encoding
 * gives the length, not counting the NUL; size must be above
 * (s.n + 2) / 3 * 4, padded or not.
 */
size_t text_base64(struct slice s, bool pad, char *room, size_t size);

/*
 * Padding is required; ERR_FORMAT for blanks, other letters, and bits that
 * belong to no octet. ERR_TOO_LONG where room is too small. room may be s.
 */
MUST_USE enum err text_unbase64(struct slice s, struct bytes room, size_t *n);

/* ASCII only, whatever the locale. */
bool text_same_nocase(struct slice a, struct slice b);
void text_lower(char *s);

/* Leading and trailing blanks (space, tab, CR, LF, FF) removed. */
struct slice text_trim(struct slice s);

/*
 * Take the next field off the front of *rest: what stands between blanks
 * (space, tab), without quoting. Empty at the end of the line.
 */
struct slice text_field(struct slice *rest);

#endif
