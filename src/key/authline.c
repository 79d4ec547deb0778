#include "sallyport/key/authline.h"

#include "sallyport/base/text.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct slice
skip_blanks(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	return s;
}

/* Take n octets and the blanks behind them off the front. */
static struct slice
cut(struct slice *rest, size_t n)
{
	struct slice word = slice_first(*rest, n);

	*rest = skip_blanks(slice_skip(*rest, n));
	return word;
}

static struct slice
take_word(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	return cut(rest, n);
}

/* A word in which quotes protect blanks; ERR_FORMAT if one stays open. */
static enum err
take_options(struct slice *rest, struct slice *options)
{
	bool quoted = false;
	size_t n = 0;

	for (; n < rest->n && (quoted || !is_blank(rest->p[n])); n++) {
		if (slice_starts(slice_skip(*rest, n), SLICE_STR("\\\"")))
			n++;
		else if (rest->p[n] == '"')
			quoted = !quoted;
	}
	*options = cut(rest, n);
	return quoted ? ERR_FORMAT : OK;
}

/* Is the next word a key's type? Left where it is. */
static bool
at_type(struct slice rest, struct authline *a)
{
	a->type = key_type_of(take_word(&rest), &a->certificate);
	return a->type != KEY_NONE;
}

enum err
authline_decode(struct slice name, struct slice letters, struct buf *blob)
{
	struct bytes room;
	size_t n;
	enum err e;

	buf_reset(blob);
	if ((e = buf_reserve(blob, letters.n / 4 * 3, &room)) != OK)
		return e;
	if ((e = text_unbase64(letters, room, &n)) != OK)
		return e;
	buf_filled(blob, n);
	return slice_equal(key_blob_type(buf_slice(blob)), name) ? OK
								 : ERR_FORMAT;
}

enum err
authline_parse(struct slice line, struct buf *blob, struct authline *a)
{
	struct slice rest = text_trim(line);
	struct slice name;
	struct slice letters;
	enum err e;

	*a = (struct authline){.type = KEY_NONE};
	if (rest.n == 0 || rest.p[0] == '#')
		return ERR_NOT_FOUND;
	if (slice_has_nul(rest))
		return ERR_FORMAT;
	if (!at_type(rest, a)) {
		if ((e = take_options(&rest, &a->options)) != OK)
			return e;
		if (!at_type(rest, a))
			return ERR_UNKNOWN_ALGO;
	}
	name = take_word(&rest);
	letters = take_word(&rest);
	a->comment = rest;
	return authline_decode(name, letters, blob);
}

enum err
authline_principal(struct slice line, struct slice *options, struct slice *name)
{
	struct slice rest = text_trim(slice_first(line, slice_find(line, '#')));
	size_t n = rest.n;

	if (rest.n == 0)
		return ERR_NOT_FOUND;
	if (slice_has_nul(rest))
		return ERR_FORMAT;
	while (n > 0 && !is_blank(rest.p[n - 1]))
		n--;
	*name = slice_skip(rest, n);
	*options = text_trim(slice_first(rest, n));
	return OK;
}
