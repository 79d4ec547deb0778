/*
 * vectors.h - the known answers of tests/vectors, line by line
 *
 * A line is columns with one space between them, octets in hexadecimal, "-"
 * for nothing. What a line gave lives until the next one is read.
 */
#ifndef SALLYPORT_TESTS_VECTORS_H
#define SALLYPORT_TESTS_VECTORS_H

#include "sallyport/base/slice.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define VECTOR_COLUMNS 8
#define VECTOR_LINE    (64 << 10)

struct vectors {
	FILE *file;
	char line[VECTOR_LINE];
	const char *text[VECTOR_COLUMNS];
	uint8_t octets[VECTOR_LINE / 2];
	size_t used;
};

static inline uint8_t
vectors_digit(char c)
{
	const char *all = "0123456789abcdef", *at = strchr(all, c);

	ck_assert(c != '\0' && at != NULL);
	return (uint8_t)(at - all);
}

/* Hexadecimal text into room; how many octets */
static inline size_t
vectors_hex(const char *text, struct bytes room)
{
	size_t n = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;

	ck_assert_uint_le(n, room.n);
	for (size_t i = 0; i < n; i++)
		room.p[i] = (uint8_t)(vectors_digit(text[2 * i]) << 4 |
				      vectors_digit(text[2 * i + 1]));
	return n;
}

static inline void
vectors_open(struct vectors *v, const char *path)
{
	v->file = fopen(path, "re");
	ck_assert_ptr_nonnull(v->file);
}

/* The next line; false, and the file is closed, behind the last. */
static inline bool
vectors_next(struct vectors *v)
{
	char *rest = v->line;

	v->used = 0;
	if (fgets(v->line, sizeof(v->line), v->file) == NULL) {
		fclose(v->file);
		return false;
	}
	for (size_t i = 0; i < VECTOR_COLUMNS; i++)
		v->text[i] = strtok_r(i == 0 ? v->line : NULL, " \n", &rest);
	return true;
}

/* The octets of a column */
static inline struct slice
vectors_column(struct vectors *v, size_t i)
{
	struct bytes room = bytes_skip(BYTES_OF(v->octets), v->used);
	size_t n;

	ck_assert_ptr_nonnull(v->text[i]);
	n = vectors_hex(v->text[i], room);
	v->used += n;
	return slice_make(room.p, n);
}

/* Octets of a literal: "00ff" */
#define HEX(room, text) slice_make((room), vectors_hex((text), BYTES_OF(room)))

static inline void
vectors_same(struct slice a, struct slice b)
{
	ck_assert_uint_eq(a.n, b.n);
	if (a.n > 0)
		ck_assert_mem_eq(a.p, b.p, a.n);
}

#endif
