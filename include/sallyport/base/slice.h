/*
 * slice.h - borrowed octets
 *
 * struct slice borrows for reading, struct bytes for writing. Neither owns:
 * whoever made the octets says how long they live. An empty one may have a
 * NULL pointer.
 */
#ifndef SALLYPORT_BASE_SLICE_H
#define SALLYPORT_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

struct bytes {
	uint8_t *p;
	size_t n;
};

#define SLICE_NONE ((struct slice){NULL, 0})
/* A string literal or char array, without its final NUL */
#define SLICE_STR(lit) ((struct slice){(const uint8_t *)(lit), sizeof(lit) - 1})
/* An object's octets */
#define SLICE_OF(obj) ((struct slice){(const uint8_t *)&(obj), sizeof(obj)})
#define BYTES_OF(obj) ((struct bytes){(uint8_t *)&(obj), sizeof(obj)})

static inline struct slice
slice_make(const void *p, size_t n)
{
	return (struct slice){(const uint8_t *)p, n};
}

static inline struct bytes
bytes_make(void *p, size_t n)
{
	return (struct bytes){(uint8_t *)p, n};
}

/* A C string without its NUL; NULL gives the empty slice. */
static inline struct slice
slice_cstr(const char *s)
{
	return s == NULL ? SLICE_NONE : slice_make(s, strlen(s));
}

static inline struct slice
slice_from(struct bytes b)
{
	return slice_make(b.p, b.n);
}

/* The first n octets (all, where there are fewer). */
static inline struct slice
slice_first(struct slice s, size_t n)
{
	return slice_make(s.p, n < s.n ? n : s.n);
}

/* What follows the first n octets (nothing, where there are fewer). */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	if (n >= s.n)
		return slice_make(s.p == NULL ? NULL : s.p + s.n, 0);
	return slice_make(s.p + n, s.n - n);
}

static inline struct bytes
bytes_first(struct bytes b, size_t n)
{
	return bytes_make(b.p, n < b.n ? n : b.n);
}

static inline struct bytes
bytes_skip(struct bytes b, size_t n)
{
	if (n >= b.n)
		return bytes_make(b.p == NULL ? NULL : b.p + b.n, 0);
	return bytes_make(b.p + n, b.n - n);
}

/* Same octets. Not for secrets: secret_equal. */
static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_is(struct slice s, const char *text)
{
	return slice_equal(s, slice_cstr(text));
}

static inline bool
slice_starts(struct slice s, struct slice head)
{
	return s.n >= head.n && slice_equal(slice_first(s, head.n), head);
}

/* Offset of the first octet c, or s.n. */
static inline size_t
slice_find(struct slice s, uint8_t c)
{
	const uint8_t *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit == NULL ? s.n : (size_t)(hit - s.p);
}

/* Is there a NUL octet in it (it can't become a C string then)? */
static inline bool
slice_has_nul(struct slice s)
{
	return slice_find(s, 0) < s.n;
}

/* Copy at most room.n octets to room; returns how many. */
static inline size_t
slice_copy(struct slice from, struct bytes room)
{
	size_t n = from.n < room.n ? from.n : room.n;

	if (n > 0)
		memmove(room.p, from.p, n);
	return n;
}

/*
 * As a C string in room, always terminated (room.n >= 1). False where it did
 * not fit whole or holds a NUL; room then holds "".
 */
static inline bool
slice_to_cstr(struct slice s, char *room, size_t size)
{
	if (s.n >= size || slice_has_nul(s)) {
		room[0] = '\0';
		return false;
	}
	if (s.n > 0)
		memcpy(room, s.p, s.n);
	room[s.n] = '\0';
	return true;
}

/*
 * Take the next element of a separated list off its front. False when nothing
 * is left. Elements may be empty; a separator at the very end adds none.
 *     for (rest = list; slice_next(&rest, ',', &name);)
 */
static inline bool
slice_next(struct slice *rest, uint8_t separator, struct slice *element)
{
	size_t n = slice_find(*rest, separator);

	if (rest->n == 0)
		return false;
	*element = slice_first(*rest, n);
	*rest = slice_skip(*rest, n + 1);
	return true;
}

#endif
