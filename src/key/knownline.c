#include "sallyport/key/knownline.h"

#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/key/authline.h"

#define HASHED     "|1|" /* the only form that there is: HMAC-SHA1 */
#define HASH_PARTS 20    /* octets of the salt, and of the hash */

static const struct {
	const char *word;
	enum known_marker marker;
} markers[] = {
    {"@cert-authority", KNOWN_AUTHORITY},
    {"@revoked", KNOWN_REVOKED},
};

static enum err
read_marker(struct slice word, enum known_marker *marker)
{
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++)
		if (slice_is(word, markers[i].word)) {
			*marker = markers[i].marker;
			return OK;
		}
	return ERR_FORMAT;
}

enum err
knownline_parse(struct slice line, struct buf *blob, struct knownline *k)
{
	struct slice rest = text_trim(line);
	struct slice name;
	bool certificate;
	enum err e;

	*k = (struct knownline){.marker = KNOWN_HOST};
	buf_reset(blob);
	if (rest.n == 0 || rest.p[0] == '#')
		return ERR_NOT_FOUND;
	if (slice_has_nul(rest))
		return ERR_FORMAT;
	if (rest.p[0] == '@') {
		e = read_marker(text_field(&rest), &k->marker);
		if (e != OK)
			return e;
	}
	k->hosts = text_field(&rest);
	if (k->hosts.n == 0 || k->hosts.p[0] == '@')
		return ERR_FORMAT;
	name = text_field(&rest);
	k->type = key_type_of(name, &certificate);
	if (k->type == KEY_NONE || certificate)
		return ERR_UNKNOWN_ALGO;
	return authline_decode(name, text_field(&rest), blob);
}

static bool
decode_part(struct slice letters, uint8_t part[HASH_PARTS])
{
	uint8_t room[HASH_PARTS + 4];
	size_t n;

	if (text_unbase64(letters, BYTES_OF(room), &n) != OK || n != HASH_PARTS)
		return false;
	memcpy(part, room, HASH_PARTS);
	return true;
}

static bool
is_hash_of(struct slice parts, struct slice host)
{
	size_t bar = slice_find(parts, '|');
	uint8_t salt[HASH_PARTS], hash[HASH_PARTS], ours[HASH_MAX];

	return decode_part(slice_first(parts, bar), salt) &&
	       decode_part(slice_skip(parts, bar + 1), hash) &&
	       hash_hmac(HASH_SHA1, SLICE_OF(salt), host, ours) == OK &&
	       memcmp(hash, ours, HASH_PARTS) == 0;
}

bool
knownline_names(const struct knownline *k, struct slice host)
{
	if (slice_starts(k->hosts, SLICE_STR(HASHED)))
		return is_hash_of(slice_skip(k->hosts, strlen(HASHED)), host);
	if (k->hosts.p[0] == '|')
		return false;
	return pattern_list(k->hosts, host, true) == PATTERN_HIT;
}
