#include "sallyport/base/clock.h"

#include <time.h>

#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000u

/* Written by tests alone: mono_ms 0 means that the real clocks count. */
static struct {
	uint64_t mono_ms;
	int64_t wall_s;
} fake;

uint64_t
clock_mono_ms(void)
{
	return clock_mono_ns() / NS_PER_MS;
}

uint64_t
clock_mono_ns(void)
{
	struct timespec now;

	if (fake.mono_ms != 0)
		return fake.mono_ms * NS_PER_MS;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

int64_t
clock_wall_s(void)
{
	struct timespec now;

	if (fake.mono_ms != 0)
		return fake.wall_s;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

void
clock_fake(uint64_t mono_ms, int64_t wall_s)
{
	fake.mono_ms = mono_ms;
	fake.wall_s = wall_s;
}
