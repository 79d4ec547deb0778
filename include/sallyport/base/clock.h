/*
 * clock.h - monotonic and wall time; replaceable in tests
 */
#ifndef SALLYPORT_BASE_CLOCK_H
#define SALLYPORT_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_ms(void); /* CLOCK_MONOTONIC, milliseconds */
uint64_t clock_mono_ns(void);
int64_t clock_wall_s(void); /* seconds since 1970 */

/*
 * Tests only: stand still at these values until told otherwise; mono_ms 0
 * goes back to the real clocks.
 */
void clock_fake(uint64_t mono_ms, int64_t wall_s);

#endif
