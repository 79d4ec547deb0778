/*
 * secret_pool.h - the corner of the secret arena that rng.c lives in
 *
 * Octets at a fixed place right behind the arena's own record: zero in a new
 * arena, and zero again in a forked child, so that what is kept there can't
 * be used twice.
 */
#ifndef SECRET_POOL_H
#define SECRET_POOL_H

#include <stdint.h>

#define SECRET_POOL_OCTETS 576

/* Borrows; ask again for each use, a fork moves it. Aligned to 16. */
void *secret_pool(void);

#endif
