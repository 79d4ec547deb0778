/*
 * outputs.h - what programs printed, kept for the connections that follow
 *
 * Runs in: spawner, which keeps the table, and the monitors that it forks,
 * which find in it what was there when they were forked. Sealed memory files
 * that nobody here reads, each under the hash of what was run; a program's
 * output is only ever taken from the errand that ran it. Bounded: where it is
 * full, what would end first goes first.
 */
#ifndef SALLYPORT_PROC_OUTPUTS_H
#define SALLYPORT_PROC_OUTPUTS_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdint.h>

#define OUTPUTS_MAX        32
#define OUTPUTS_OCTETS_MAX ((size_t)64 << 10) /* of one: 2 MiB together */
#define OUTPUTS_KEY        32u                /* SHA-256 */

struct outputs {
	struct output {
		uint8_t key[OUTPUTS_KEY];
		uint64_t until_ms; /* clock_mono_ms; not used from then on */
		int fd;
	} v[OUTPUTS_MAX];
	size_t n;
};

/*
 * Put fd, which is taken in any case, in the place of what the key had. What
 * has ended is thrown away at the occasion. ERR_FORMAT: no such key, or no
 * sealed memory file of at most OUTPUTS_OCTETS_MAX.
 */
MUST_USE enum err outputs_put(struct outputs *o, struct slice key,
    uint64_t until_ms, uint64_t now_ms, int fd);

/* The descriptor, which stays the table's; -1. */
int outputs_find(const struct outputs *o, struct slice key, uint64_t now_ms);

/* Close them all. */
void outputs_clear(struct outputs *o);

#endif
