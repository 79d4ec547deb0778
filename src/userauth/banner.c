/*
 * banner.c - SSH_MSG_USERAUTH_BANNER, RFC 4252 §5.4
 *
 * Text goes out as it stands in the file, but what isn't text doesn't: control
 * characters other than tab and line ends, and octets that aren't UTF-8, become
 * question marks. Clients must take packets of 35,000 octets (RFC 4253 §6.1),
 * so a longer banner goes in several messages, cut between characters.
 */
#include "methods.h"

#include "sallyport/transport/transport.h"

#define PIECE ((size_t)32 << 10)

/* How long a sequence the lead octet announces, RFC 3629 §3; and the least
 * code point that needs it. */
static size_t
announced(uint8_t lead, uint32_t *least)
{
	if (lead >= 0xc2 && lead <= 0xdf) {
		*least = 0x80;
		return 2;
	}
	if ((lead & 0xf0) == 0xe0) {
		*least = 0x800;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		*least = 0x10000;
		return 4;
	}
	return 0;
}

/* The code point of a sequence of n octets, or 0 where it is none. */
static uint32_t
code_point(struct slice s, size_t n)
{
	uint32_t c = s.p[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s.p[i] & 0x3fu);
	}
	return c;
}

size_t
banner_character(struct slice s)
{
	uint32_t c, least = 0;
	size_t n;

	if (s.n == 0)
		return 0;
	c = s.p[0];
	if (c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c < 0x7f))
		return 1;
	n = announced(s.p[0], &least);
	if (n == 0 || n > s.n)
		return 0;
	c = code_point(s, n);
	/* too long a form, C1 controls, surrogates, beyond Unicode */
	if (c < least || c < 0xa0 || (c >= 0xd800 && c <= 0xdfff) ||
	    c > 0x10ffff)
		return 0;
	return n;
}

/* Write characters off the front of *text until a piece is full. */
static void
write_piece(struct wr *w, struct slice *text)
{
	size_t mark = wr_begin(w), done = 0;

	while (text->n > 0) {
		size_t n = banner_character(*text);

		if (done + (n > 0 ? n : 1) > PIECE)
			break;
		if (n > 0)
			wr_raw(w, slice_first(*text, n));
		else
			wr_u8(w, '?');
		n = n > 0 ? n : 1;
		done += n;
		*text = slice_skip(*text, n);
	}
	wr_finish(w, mark);
}

enum err
banner_send(const struct userauth *u, struct slice text)
{
	enum err e = OK;

	while (e == OK && text.n > 0) {
		size_t max = 16 + (text.n < PIECE ? text.n : PIECE);
		struct wr w = u->ops->begin(u->ctx, max);

		wr_u8(&w, MSG_USERAUTH_BANNER);
		write_piece(&w, &text);
		wr_cstr(&w, ""); /* language */
		e = u->ops->end(u->ctx, &w);
	}
	return e;
}
