#include "sallyport/base/mem.h"

#include "sallyport/base/log.h"
#include "sallyport/base/must.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Sizes of holes in the heap: malloc's own classes, 16 octets apart */
#define HOLE_MAX         ((size_t)64 << 10)
#define HOLE_STEPS_BELOW ((size_t)1032)
#define HOLE_STEP        16
#define HOLE_MIN         24

#define ARENA_ALIGN 16
#define ARENA_CHUNK ((size_t)64 << 10)

static _Noreturn void
die(size_t size)
{
	log_fatal("out of memory: %zu octets", size);
	abort();
}

static size_t
product(size_t count, size_t size)
{
	size_t n;

	must(!__builtin_mul_overflow(count, size, &n));
	return n;
}

void *
mem_try(size_t size)
{
	return calloc(1, size > 0 ? size : 1);
}

void *
mem_new(size_t size)
{
	void *p = mem_try(size);

	if (p == NULL)
		die(size);
	return p;
}

void *
mem_array(size_t count, size_t size)
{
	return mem_new(product(count, size));
}

void *
mem_resize(void *old, size_t old_count, size_t count, size_t size)
{
	size_t had = product(old_count, size);
	size_t n = product(count, size);
	uint8_t *p = realloc(old, n > 0 ? n : 1);

	if (p == NULL)
		die(n);
	if (n > had)
		memset(p + had, 0, n - had);
	return p;
}

/* What fills the heap's holes; kept so that nobody calls it lost. */
struct filler {
	struct filler *next;
};

static struct filler *fillers;

/* Allocate blocks of this size until one lies behind the old heap. */
static void
fill_holes(size_t size, const void *end)
{
	struct filler *f;

	do {
		if ((f = malloc(size)) == NULL)
			die(size);
		f->next = fillers;
		fillers = f;
	} while ((uintptr_t)f < (uintptr_t)end);
}

/*
 * From large to small: what is left of a hole is filled by the next size. An
 * allocator that doesn't use the break is left alone after one block a size.
 */
void
mem_settle(void)
{
	const void *end = sbrk(0);

	for (size_t size = HOLE_MAX; size > HOLE_STEPS_BELOW; size /= 2)
		fill_holes(size, end);
	for (size_t size = HOLE_STEPS_BELOW; size >= HOLE_MIN;
	     size -= HOLE_STEP)
		fill_holes(size, end);
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_free_at(void *pp)
{
	void *p;

	/* The variable is a pointer of any type: read it as octets. */
	memcpy(&p, pp, sizeof(p));
	free(p);
}

char *
mem_text(struct slice s)
{
	char *text = mem_new(s.n + 1);

	if (s.n > 0)
		memcpy(text, s.p, s.n);
	return text;
}

char *
mem_strdup(const char *s)
{
	return mem_text(slice_cstr(s));
}

char *
mem_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		die(0);
	return text;
}

/*
 * An arena is a chain of mappings, each with this head. The newest chunk of
 * ordinary size is the first of the chain and the only one that is filled;
 * what would waste the rest of it gets a mapping of its own behind it.
 */
struct chunk {
	struct chunk *next;
	size_t size; /* of the mapping, this head included */
	size_t used; /* likewise; a multiple of ARENA_ALIGN */
	size_t unused_;
};

struct arena {
	struct chunk *first;
	bool sealed;
};

_Static_assert(sizeof(struct chunk) % ARENA_ALIGN == 0, "head keeps alignment");

struct arena *
arena_new(void)
{
	return mem_new(sizeof(struct arena));
}

/* A mapping whose head and size octets behind it fit. */
static struct chunk *
chunk_new(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t n = sizeof(struct chunk) + size;
	struct chunk *c;

	n = (n + page - 1) / page * page;
	c = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (c == MAP_FAILED)
		die(n);
	c->size = n;
	c->used = sizeof(*c);
	return c;
}

/* The chunk that has room for size octets more. */
static struct chunk *
chunk_for(struct arena *a, size_t size)
{
	struct chunk *first = a->first;
	struct chunk *c;

	if (first != NULL && first->size - first->used >= size)
		return first;
	if (first != NULL && size > ARENA_CHUNK / 4) {
		c = chunk_new(size);
		c->next = first->next;
		first->next = c;
		return c;
	}
	c = chunk_new(
	    size > ARENA_CHUNK - sizeof(*c) ? size : ARENA_CHUNK - sizeof(*c));
	c->next = first;
	a->first = c;
	return c;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c;
	uint8_t *p;

	must(!a->sealed);
	must(size <= SIZE_MAX / 2);
	/* Even an empty one is an object with an address of its own. */
	size =
	    (size + (size == 0) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	c = chunk_for(a, size);
	p = (uint8_t *)c + c->used;
	c->used += size;
	return p;
}

char *
arena_text(struct arena *a, struct slice s)
{
	char *text = arena_alloc(a, s.n + 1);

	if (s.n > 0)
		memcpy(text, s.p, s.n);
	return text;
}

void
arena_seal(struct arena *a)
{
	a->sealed = true;
	for (struct chunk *c = a->first; c != NULL; c = c->next)
		must(mprotect(c, c->size, PROT_READ) == 0);
}

void
arena_free(struct arena *a)
{
	struct chunk *next;

	if (a == NULL)
		return;
	for (struct chunk *c = a->first; c != NULL; c = next) {
		next = c->next;
		must(munmap(c, c->size) == 0);
	}
	mem_free(a);
}
