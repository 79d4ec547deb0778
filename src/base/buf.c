#include "sallyport/base/buf.h"

#include "sallyport/base/must.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST 64 /* the smallest allocation */

static size_t
limit(const struct buf *b)
{
	return b->max == 0 ? BUF_MAX : b->max;
}

/* Like realloc, but nothing of a secret stays behind in the heap. */
static uint8_t *
move(struct buf *b, size_t cap)
{
	uint8_t *p;

	if (!b->secret)
		return realloc(b->p, cap);
	p = malloc(cap);
	if (p == NULL)
		return NULL;
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	free(b->p);
	return p;
}

/* Have at least cap octets allocated; doubles, so that appending is linear. */
static enum err
grow(struct buf *b, size_t cap)
{
	size_t twice = b->cap < limit(b) / 2 ? b->cap * 2 : limit(b);
	uint8_t *p;

	if (cap <= b->cap)
		return OK;
	if (cap < twice)
		cap = twice;
	if (cap < BUF_FIRST)
		cap = BUF_FIRST;
	p = move(b, cap);
	if (p == NULL)
		return ERR_NOMEM;
	b->p = p;
	b->cap = cap;
	return OK;
}

enum err
buf_reserve(struct buf *b, size_t n, struct bytes *room)
{
	enum err e;

	*room = bytes_make(NULL, 0);
	if (n > limit(b) - b->n)
		return ERR_TOO_LONG;
	e = grow(b, b->n + n);
	if (e == OK && n > 0)
		*room = bytes_make(b->p + b->n, n);
	return e;
}

void
buf_filled(struct buf *b, size_t n)
{
	must(n <= b->cap - b->n);
	b->n += n;
}

enum err
buf_append(struct buf *b, struct slice s)
{
	struct bytes room;
	enum err e = buf_reserve(b, s.n, &room);

	if (e != OK)
		return e;
	buf_filled(b, slice_copy(s, room));
	return OK;
}

enum err
buf_append_cstr(struct buf *b, const char *s)
{
	return buf_append(b, slice_cstr(s));
}

enum err
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	enum err e;
	size_t n;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	must(len >= 0);
	n = (size_t)len;
	if (n > limit(b) - b->n)
		return ERR_TOO_LONG;
	/* printf's NUL is written, but neither counted nor limited. */
	e = grow(b, b->n + n + 1);
	if (e != OK)
		return e;
	va_start(args, format);
	vsnprintf((char *)b->p + b->n, n + 1, format, args);
	va_end(args);
	b->n += n;
	return OK;
}

void
buf_consume(struct buf *b, size_t n)
{
	size_t left = n < b->n ? b->n - n : 0;

	if (n == 0 || b->n == 0)
		return;
	if (left > 0)
		memmove(b->p, b->p + n, left);
	if (b->secret)
		explicit_bzero(b->p + left, b->n - left);
	b->n = left;
}

void
buf_reset(struct buf *b)
{
	/* All of it: octets may have been put into the room and not counted. */
	if (b->secret && b->p != NULL)
		explicit_bzero(b->p, b->cap);
	b->n = 0;
}

void
buf_clear(struct buf *b)
{
	buf_reset(b);
	free(b->p);
	b->p = NULL;
	b->cap = 0;
}
