/*
 * secret.h - locked, guarded, wiped memory; constant-time comparison
 *
 * One small arena per process: guard pages around it, mlock'd (where that
 * fails, one warning by the room that asks secret_is_locked), left out of core
 * dumps, and MADV_WIPEONFORK: a child never sees a secret of its parent. The
 * arena is made at the first allocation, so an idle process pays nothing.
 */
#ifndef SALLYPORT_CRYPTO_SECRET_H
#define SALLYPORT_CRYPTO_SECRET_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

/*
 * After a fork, in the child, before it allocates: forget the parent's arena
 * (its octets are zero already) and start with one of size octets when first
 * needed. Also the first call of a process. 0: 32 KiB. Room that isn't used
 * costs no memory, but counts for RLIMIT_MEMLOCK. Pointers of the parent are
 * worth nothing any more; secret_free takes them and does nothing. One thread
 * of a process uses the arena.
 */
void secret_init(size_t size);

/* Gives n zeroed octets; ends the process where the arena is full. */
void *secret_new(size_t n);
struct bytes secret_bytes(size_t n);

/* Wipes and frees. NULL does nothing. */
void secret_free(void *p);

bool secret_is_locked(void);

/* Zero octets so that no compiler leaves it out. */
void secret_wipe(void *p, size_t n);

/* Same n octets, in time that depends on n alone. */
bool secret_equal(const void *a, const void *b, size_t n);

/* All octets zero, in constant time. */
bool secret_is_zero(const void *p, size_t n);

#endif
