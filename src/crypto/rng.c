#include "sallyport/crypto/rng.h"

#include "sallyport/base/must.h"
#include "sallyport/crypto/secret.h"

#include "library.h"
#include "secret_pool.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sys/random.h>
#include <unistd.h>

/*
 * Octets that the kernel gave and nobody took yet, one system call for the
 * padding of some sixty packets. What is taken is wiped. All zero, as after
 * a fork, is an empty pool.
 */
struct pool {
	uint32_t left; /* at the front of octets */
	uint8_t octets[512];
};
_Static_assert(sizeof(struct pool) <= SECRET_POOL_OCTETS, "the pool fits");

/* The process that may not draw: its children may, and needn't say so. */
static pid_t forbidden;

/* The kernel's generator blocks until it is seeded, and then gives. */
static void
draw(struct bytes out)
{
	must(forbidden == 0 || forbidden != getpid());
	while (out.n > 0) {
		ssize_t n = getrandom(out.p, out.n, 0);

		must(n > 0 || errno == EINTR);
		if (n > 0)
			out = bytes_skip(out, (size_t)n);
	}
}

void
rng_bytes(struct bytes out)
{
	struct pool *pool;

	if (out.n > sizeof(pool->octets) / 4) {
		draw(out);
		return;
	}
	pool = secret_pool();
	if (pool->left < out.n) {
		draw(BYTES_OF(pool->octets));
		pool->left = sizeof(pool->octets);
	}
	pool->left -= (uint32_t)out.n;
	slice_copy(slice_make(pool->octets + pool->left, out.n), out);
	secret_wipe(pool->octets + pool->left, out.n);
}

uint32_t
rng_u32(void)
{
	uint32_t v;

	rng_bytes(BYTES_OF(v));
	return v;
}

uint32_t
rng_below(uint32_t bound)
{
	uint32_t floor, v;

	must(bound >= 1);
	/* 2^32 mod bound: below it the lowest residues come once too often */
	floor = (0u - bound) % bound;
	do
		v = rng_u32();
	while (v < floor);
	return v % bound;
}

void
rng_forbid(void)
{
	forbidden = getpid();
}

void
rng_warm_libraries(void)
{
	library_start();
	library_warm();
}

const char *
rng_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
