/*
 * log_line.h - a line of the log under construction
 */
#ifndef SALLYPORT_BASE_LOG_LINE_H
#define SALLYPORT_BASE_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* What is put into room, NUL included, always ends within size. */
struct log_line {
	char *room;
	size_t n;
	size_t size;
};

static inline bool
log_line_add(struct log_line *t, const char *piece, size_t n)
{
	if (n >= t->size - t->n)
		return false;
	memcpy(t->room + t->n, piece, n);
	t->n += n;
	t->room[t->n] = '\0';
	return true;
}

#endif
