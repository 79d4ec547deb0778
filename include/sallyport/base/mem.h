/*
 * mem.h - memory: it doesn't fail, or it says so
 *
 * mem_new ends the process where memory is gone: a process serves one
 * connection, and no code path exists only for that. What is large and chosen
 * by a peer uses mem_try. All memory given is zeroed.
 */
#ifndef SALLYPORT_BASE_MEM_H
#define SALLYPORT_BASE_MEM_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

/* Run fn(&variable) when the variable leaves its scope. */
#define SCOPED(fn) __attribute__((cleanup(fn)))

/* Move a pointer out of a variable: leaves NULL behind. */
#define take(pp)                                                               \
	({                                                                     \
		__auto_type t_ = *(pp);                                        \
		*(pp) = NULL;                                                  \
		t_;                                                            \
	})

/* Gives size zeroed octets; free with mem_free. Ends the process if out. */
void *mem_new(size_t size);

/* The same for count elements; the product is checked. */
void *mem_array(size_t count, size_t size);

/* Like mem_new, but NULL where there is no memory. */
void *mem_try(size_t size);

/*
 * Grow or shrink an array of elements, keeping contents; new elements are
 * zeroed. Not for secrets (old octets stay behind): see buf.h.
 */
void *mem_resize(void *old, size_t old_count, size_t count, size_t size);

void mem_free(void *p);

/* mem_free for SCOPED: SCOPED(mem_free_at) char *text = NULL; */
void mem_free_at(void *pp);

/*
 * The last thing before a process forks children that are to share its memory:
 * fill the holes of the heap for good. What a child allocates then lies
 * together on a fresh page or two, instead of one piece here and one there,
 * each of which costs it a page of its own (a key exchange's cryptography: 3
 * pages written instead of 8). Takes some 100 KiB.
 */
void mem_settle(void);

/* Gives a copy, NUL-terminated beyond its end. */
char *mem_text(struct slice s);
char *mem_strdup(const char *s);

/* Gives printf's text. */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * An arena: many small allocations that live and die together, and that can
 * be made read-only. Whole pages of its own, so that a forked child shares
 * them as long as nobody writes.
 */
struct arena;
struct arena *arena_new(void);
void *arena_alloc(struct arena *a, size_t size);   /* zeroed, aligned to 16 */
char *arena_text(struct arena *a, struct slice s); /* NUL-terminated copy */
void arena_seal(struct arena *a); /* read-only from now on, for good */
void arena_free(struct arena *a);

#endif
