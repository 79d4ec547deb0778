/*
 * deadline.h - the grace time: a kernel timer that kills
 *
 * timer_create(CLOCK_MONOTONIC) with SIGKILL, absolute, counted from accept
 * (SEC-15, SEC-17): it can't be blocked, caught or reset, and ends a stopped
 * process. Not inherited by fork.
 */
#ifndef SALLYPORT_PROC_DEADLINE_H
#define SALLYPORT_PROC_DEADLINE_H

#include "sallyport/base/err.h"

#include <stdint.h>

/* at_ms: clock_mono_ms; one per process. */
MUST_USE enum err deadline_set(uint64_t at_ms);
void deadline_clear(void);

#endif
