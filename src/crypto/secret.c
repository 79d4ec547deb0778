#include "sallyport/crypto/secret.h"

#include "sallyport/base/must.h"

#include "secret_pool.h"

#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_DEFAULT ((size_t)32 << 10)
#define ARENA_LIVE    0x53616c6c79706f72u
#define BLOCK_USED    0x75736564u
#define UNIT          16u /* size and alignment of everything */

/*
 * All that the arena knows about itself lies in the arena, and all of it
 * being zero means "empty". That is what a child finds after a fork, so it
 * needs no notice to start afresh; and pages that were never used are never
 * touched.
 */
struct block {
	uint32_t units; /* of UNIT behind this; 0: free up to the end */
	uint32_t used;  /* BLOCK_USED or 0 */
	uint64_t unused;
};
_Static_assert(sizeof(struct block) == UNIT, "a block's head is one unit");

struct arena {
	uint64_t live; /* ARENA_LIVE; zero after a fork */
	uint64_t unused;
	_Alignas(UNIT) uint8_t pool[SECRET_POOL_OCTETS];
	struct block first[];
};

/*
 * The one piece of state that isn't handed down: the arena belongs to the
 * process as its heap does. One thread uses it.
 */
static struct {
	struct arena *at; /* NULL: none yet */
	size_t octets;    /* of the mapping without its guards */
	size_t wanted;
	bool locked;
} home;

static size_t
page_octets(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static bool
arena_alive(void)
{
	return home.at != NULL && home.at->live == ARENA_LIVE;
}

static struct block *
block_end(void)
{
	return (struct block *)(void *)((uint8_t *)home.at + home.octets);
}

/* Units behind b, head not counted */
static size_t
block_units(const struct block *b)
{
	return b->units != 0 ? b->units : (size_t)(block_end() - b) - 1;
}

static struct block *
block_next(struct block *b)
{
	return b + 1 + block_units(b);
}

/* Wipe up to the last block that was ever used, not the pages behind it. */
static void
arena_wipe(void)
{
	struct block *b = home.at->first;

	while (b < block_end() && b->units != 0)
		b = block_next(b);
	secret_wipe(home.at, (size_t)((uint8_t *)b - (uint8_t *)home.at));
}

static void
arena_unmap(void)
{
	size_t page = page_octets();

	must(munmap((uint8_t *)home.at - page, home.octets + 2 * page) == 0);
	home.at = NULL;
}

/*
 * A mapping of its own between two pages that nobody may touch. The old one
 * goes last: a parent's pointer is never a valid one in the child.
 */
static void
arena_start(void)
{
	size_t page = page_octets();
	size_t n = home.wanted != 0 ? home.wanted : ARENA_DEFAULT;
	uint8_t *p;

	n = (n + page - 1) / page * page;
	p = mmap(NULL, n + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
	must(p != MAP_FAILED);
	must(mprotect(p + page, n, PROT_READ | PROT_WRITE) == 0);
	must(madvise(p + page, n, MADV_WIPEONFORK) == 0);
	(void)madvise(p + page, n, MADV_DONTDUMP);
	if (home.at != NULL)
		arena_unmap();
	/* Locked as they are touched: the rest costs no memory. */
	home.locked = mlock2(p + page, n, MLOCK_ONFAULT) == 0;
	home.at = (struct arena *)(void *)(p + page);
	home.octets = n;
	home.at->live = ARENA_LIVE;
}

void
secret_init(size_t size)
{
	must(size <= UINT32_MAX);
	if (arena_alive()) {
		arena_wipe();
		arena_unmap();
	}
	home.wanted = size;
}

/* Take the free blocks that follow into b; the last one ends the list. */
static void
block_merge(struct block *b)
{
	struct block *next = block_next(b);

	while (b->units != 0 && next < block_end() && next->used == 0) {
		b->units = next->units == 0 ? 0 : b->units + 1 + next->units;
		*next = (struct block){0};
		next = block_next(b);
	}
	if (next == block_end())
		b->units = 0;
}

/* Use the first units of b; the rest, whose head is zero, is free. */
static void
block_use(struct block *b, size_t units)
{
	size_t spare = block_units(b) - units;
	bool last = b->units == 0;

	if (!last && spare > 1)
		b[1 + units].units = (uint32_t)(spare - 1);
	else if (!last)
		units += spare; /* no room for a head and something behind */
	b->units = (uint32_t)units;
	b->used = BLOCK_USED;
}

static struct block *
block_find(size_t units)
{
	struct block *b = home.at->first;

	for (; b < block_end(); b = block_next(b)) {
		if (b->used != 0)
			continue;
		block_merge(b);
		if (block_units(b) >= units)
			return b;
	}
	return NULL;
}

void *
secret_new(size_t n)
{
	size_t units = n == 0 ? 1 : n / UNIT + (n % UNIT != 0);
	struct block *b;

	if (!arena_alive())
		arena_start();
	b = block_find(units);
	must(b != NULL);
	block_use(b, units);
	return b + 1;
}

struct bytes
secret_bytes(size_t n)
{
	return bytes_make(secret_new(n), n);
}

/* What a parent allocated isn't there any more, and needs no freeing. */
void
secret_free(void *p)
{
	struct block *b = p;

	if (p == NULL || !arena_alive() || b <= home.at->first ||
	    b >= block_end())
		return;
	b--;
	must(b->used == BLOCK_USED);
	secret_wipe(b + 1, block_units(b) * UNIT);
	b->used = 0;
	block_merge(b);
}

void *
secret_pool(void)
{
	if (!arena_alive())
		arena_start();
	return home.at->pool;
}

bool
secret_is_locked(void)
{
	if (!arena_alive())
		arena_start();
	return home.locked;
}

void
secret_wipe(void *p, size_t n)
{
	if (n > 0)
		sodium_memzero(p, n);
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || sodium_memcmp(a, b, n) == 0;
}

bool
secret_is_zero(const void *p, size_t n)
{
	return n == 0 || sodium_is_zero(p, n) == 1;
}
