#include "line.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/text.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* Where the keyword at the start of s ends */
static size_t
keyword_octets(struct slice s)
{
	size_t n = 0;

	while (n < s.n && !is_blank(s.p[n]) && s.p[n] != '=')
		n++;
	return n;
}

/* Blanks, one '=' and blanks again: what may stand before the arguments */
static struct slice
skip_separator(struct slice s)
{
	s = text_trim(s);
	if (s.n > 0 && s.p[0] == '=')
		s = text_trim(slice_skip(s, 1));
	return s;
}

static void
add_word(struct line *l, const char *word)
{
	if (l->nwords == l->words_size) {
		size_t size = l->words_size == 0 ? 16 : 2 * l->words_size;

		l->words = mem_resize(l->words, l->words_size, size,
		    sizeof(*l->words));
		l->words_size = size;
	}
	l->words[l->nwords++] = word;
}

/*
 * All words of raw, one behind the other in l->room. A word is never longer
 * than its source and its NUL takes the place of the blank behind it, so
 * raw.n + 1 octets suffice.
 */
static enum err
split_words(struct line *l)
{
	struct slice rest = l->raw;
	struct bytes room;
	enum err e;

	if (l->room_size < l->raw.n + 1) {
		l->room = mem_resize(l->room, 0, l->raw.n + 1, 1);
		l->room_size = l->raw.n + 1;
	}
	room = bytes_make(l->room, l->room_size);
	while ((e = text_word(&rest, (char *)room.p, room.n)) == OK) {
		const char *word = (const char *)room.p;

		add_word(l, word);
		room = bytes_skip(room, strlen(word) + 1);
		if (room.n == 0)
			break;
	}
	must(e != ERR_TOO_LONG);
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err
line_split(struct line *l, struct slice text)
{
	struct slice s = text_trim(text);

	l->keyword = l->raw = SLICE_NONE;
	l->nwords = 0;
	if (s.n == 0)
		return OK;
	if (s.p[0] != '#')
		l->keyword = slice_first(s, keyword_octets(s));
	if (s.n > LINE_MAX_OCTETS)
		return ERR_TOO_LONG;
	if (slice_has_nul(s))
		return ERR_FORMAT;
	if (s.p[0] == '#')
		return OK;
	l->raw = skip_separator(slice_skip(s, l->keyword.n));
	return split_words(l);
}

void
line_clear(struct line *l)
{
	mem_free(l->words);
	mem_free(l->room);
	*l = (struct line){0};
}
