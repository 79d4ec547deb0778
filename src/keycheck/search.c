#include "search.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include <errno.h>
#include <unistd.h>

#define PIECE     ((size_t)64 << 10) /* four lines at least */
#define PIECE_MIN ((size_t)1 << 10)
/*
 * memmem() is quickest with needles of up to 256 octets, and the beginnings of
 * all keys of a type are alike: the end tells them apart soonest.
 */
#define TAIL_MAX 128
#define COUNTED  64 /* octets at a time: a loop that compilers vectorise */

struct search {
	struct slice tail; /* of the text that is looked for */
	search_hit *hit;
	void *ctx;
	struct bytes room;
	size_t n;    /* octets in room: lines not searched yet */
	size_t line; /* number of the first of them, from 1 */
	bool skip;   /* within a line that was too long */
};

static size_t
count_newlines(struct slice s)
{
	size_t lines = 0;

	for (; s.n >= COUNTED; s = slice_skip(s, COUNTED)) {
		uint8_t few = 0;

		for (size_t i = 0; i < COUNTED; i++)
			few = (uint8_t)(few + (s.p[i] == '\n'));
		lines += few;
	}
	for (size_t i = 0; i < s.n; i++)
		lines += s.p[i] == '\n';
	return lines;
}

/* Offset of needle, or s.n. */
static size_t
find(struct slice s, struct slice needle)
{
	const uint8_t *at =
	    s.n > 0 ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

	return at == NULL ? s.n : (size_t)(at - s.p);
}

/* Octets behind the last newline. */
static size_t
unfinished(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[s.n - 1 - n] != '\n')
		n++;
	return n;
}

/* Whole lines; they are counted up to the one that was it. */
static bool
search_lines(struct search *x, struct slice lines)
{
	while (lines.n > 0) {
		size_t at = find(lines, x->tail);
		struct slice before = slice_first(lines, at);
		size_t start = at - unfinished(before);
		struct slice line = slice_skip(lines, start);

		x->line += count_newlines(before);
		if (at == lines.n)
			return false;
		line = slice_first(line, slice_find(line, '\n'));
		if (line.n <= SEARCH_LINE_MAX && x->hit(x->ctx, line, x->line))
			return true;
		lines = slice_skip(lines, start + line.n);
		if (lines.n > 0)
			x->line++; /* its newline */
		lines = slice_skip(lines, 1);
	}
	return false;
}

/* Move what isn't searched yet to the front. */
static void
keep(struct search *x, size_t n)
{
	slice_copy(slice_skip(slice_make(x->room.p, x->n), x->n - n), x->room);
	x->n = n;
}

/* The rest of a line that filled the room goes unseen. */
static void
skip_line(struct search *x)
{
	struct slice s = slice_make(x->room.p, x->n);
	size_t end = slice_find(s, '\n');

	if (end < s.n) {
		x->skip = false;
		x->line++;
		end++;
	}
	keep(x, x->n - end);
}

/* Search what room holds, but for an unfinished line; at the end, all. */
static bool
search_room(struct search *x, bool ended)
{
	struct slice s;
	size_t rest;

	if (x->skip)
		skip_line(x);
	s = slice_make(x->room.p, x->n);
	rest = ended ? 0 : unfinished(s);
	if (search_lines(x, slice_first(s, s.n - rest)))
		return true;
	keep(x, rest);
	if (x->n == x->room.n) {
		x->skip = true;
		x->n = 0;
	}
	return false;
}

static enum err
read_at(int fd, size_t offset, struct bytes room, size_t *n)
{
	ssize_t got;

	do
		got = pread(fd, room.p, room.n, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return ERR_SYSTEM;
	*n = (size_t)got;
	return OK;
}

enum err
search_file(int fd, size_t size, struct slice text, search_hit *hit, void *ctx,
    bool *found)
{
	struct search x = {.hit = hit, .ctx = ctx, .line = 1};
	size_t tail = text.n < TAIL_MAX ? text.n : TAIL_MAX;
	SCOPED(mem_free_at) uint8_t *octets = NULL;
	size_t offset = 0;
	size_t n = 1;

	must(text.n > 0);
	*found = false;
	x.tail = slice_skip(text, text.n - tail);
	x.room.n = size < PIECE_MIN ? PIECE_MIN
		   : size < PIECE   ? size + 1
				    : PIECE;
	x.room.p = octets = mem_new(x.room.n);
	while (n > 0 && !*found) {
		enum err e;

		if (offset >= SEARCH_FILE_MAX)
			return ERR_TOO_LONG;
		e = read_at(fd, offset, bytes_skip(x.room, x.n), &n);
		if (e != OK)
			return e;
		offset += n;
		x.n += n;
		*found = search_room(&x, n == 0);
	}
	return OK;
}

enum err
search_read(int fd, size_t size, struct buf *text)
{
	size_t piece = size < PIECE_MIN ? PIECE_MIN : size + 1;
	size_t offset = 0;
	size_t n = 1;

	for (; n > 0; offset += n) {
		struct bytes room;
		enum err e;

		if (piece > text->max - text->n)
			piece = text->max - text->n;
		if (piece == 0)
			return ERR_TOO_LONG;
		if ((e = buf_reserve(text, piece, &room)) != OK)
			return e;
		if ((e = read_at(fd, offset, room, &n)) != OK)
			return e;
		buf_filled(text, n);
		/* what is left of the first piece will do to see the end */
		piece = text->cap > text->n ? text->cap - text->n : PIECE;
	}
	return OK;
}
