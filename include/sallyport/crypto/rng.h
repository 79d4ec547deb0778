/*
 * rng.h - random octets
 *
 * Drawn from the kernel in one piece per rng.c's pool (key-erasing, in the
 * secret arena, so wiped in a forked child, which draws anew). Nothing is
 * drawn before a fork; must() says so in rng_forbid'den processes.
 */
#ifndef SALLYPORT_CRYPTO_RNG_H
#define SALLYPORT_CRYPTO_RNG_H

#include "sallyport/base/slice.h"

#include <stdint.h>

/* Fill with random octets. Doesn't fail: the kernel's generator blocks. */
void rng_bytes(struct bytes out);
uint32_t rng_u32(void);

/* Uniform below bound (bound >= 1). */
uint32_t rng_below(uint32_t bound);

/* From now on a draw from the kernel ends this process (the spawner): what it
 * drew its children would share. They may draw. */
void rng_forbid(void);

/*
 * Start libsodium and libcrypto (their algorithms are fetched and cached) so
 * that forked children find them warm. Draws nothing.
 */
void rng_warm_libraries(void);

/* "OpenSSL 3.0.15 …": for -V */
const char *rng_library_version(void);

#endif
