#include "sallyport/base/wr.h"

#include "sallyport/base/must.h"

struct wr
wr_to(struct bytes room)
{
	return (struct wr){.room = room, .err = OK};
}

struct wr
wr_into(struct buf *b)
{
	return (struct wr){.grow = b, .err = OK};
}

void
wr_fail(struct wr *w, enum err e)
{
	if (w->err == OK)
		w->err = e;
}

/* Where n octets that now count as written go; NULL if there is no room. */
static uint8_t *
next(struct wr *w, size_t n)
{
	struct bytes room;
	enum err e;

	if (w->err != OK)
		return NULL;
	if (w->grow != NULL) {
		e = buf_reserve(w->grow, n, &room);
		if (e == OK)
			buf_filled(w->grow, n);
	} else {
		room = bytes_skip(w->room, w->n);
		e = n <= room.n ? OK : ERR_TOO_LONG;
	}
	if (e != OK) {
		wr_fail(w, e);
		return NULL;
	}
	w->n += n;
	return room.p;
}

static void
put(uint8_t *p, uint64_t v, size_t n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* An integer of n octets, most significant first. */
static void
number(struct wr *w, uint64_t v, size_t n)
{
	uint8_t *p = next(w, n);

	if (p != NULL)
		put(p, v, n);
}

void
wr_u8(struct wr *w, uint8_t v)
{
	number(w, v, 1);
}

void
wr_bool(struct wr *w, bool v)
{
	number(w, v ? 1 : 0, 1);
}

void
wr_u32(struct wr *w, uint32_t v)
{
	number(w, v, 4);
}

void
wr_u64(struct wr *w, uint64_t v)
{
	number(w, v, 8);
}

void
wr_raw(struct wr *w, struct slice s)
{
	uint8_t *p = next(w, s.n);

	if (p != NULL && s.n > 0)
		memcpy(p, s.p, s.n);
}

/* The length of a string, if it can be told in 32 bits. */
static void
length(struct wr *w, size_t n)
{
	if (n > UINT32_MAX)
		wr_fail(w, ERR_TOO_LONG);
	number(w, n, 4);
}

void
wr_string(struct wr *w, struct slice s)
{
	length(w, s.n);
	wr_raw(w, s);
}

void
wr_cstr(struct wr *w, const char *s)
{
	wr_string(w, slice_cstr(s));
}

void
wr_mpint(struct wr *w, struct slice magnitude)
{
	size_t sign;

	while (magnitude.n > 0 && magnitude.p[0] == 0)
		magnitude = slice_skip(magnitude, 1);
	/* A first bit that is set would mean a negative number. */
	sign = magnitude.n > 0 && magnitude.p[0] >= 0x80 ? 1 : 0;
	length(w, magnitude.n + sign);
	if (sign > 0)
		wr_u8(w, 0);
	wr_raw(w, magnitude);
}

size_t
wr_begin(struct wr *w)
{
	size_t mark = w->n;

	wr_u32(w, 0);
	return mark;
}

void
wr_finish(struct wr *w, size_t mark)
{
	uint8_t *first;
	size_t n;

	if (w->err != OK)
		return;
	must(mark <= w->n && w->n - mark >= 4);
	n = w->n - mark - 4;
	if (n > UINT32_MAX) {
		wr_fail(w, ERR_TOO_LONG);
		return;
	}
	first = w->grow == NULL ? w->room.p : w->grow->p + w->grow->n - w->n;
	put(first + mark, n, 4);
}

enum err
wr_end(const struct wr *w, size_t *n)
{
	if (n != NULL)
		*n = w->err == OK ? w->n : 0;
	return w->err;
}
