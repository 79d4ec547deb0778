/*
 * deadline.c - the grace time: a kernel timer that kills
 */
#include "sallyport/proc/deadline.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A timer belongs to the process that made it: a forked child has none. */
static struct {
	pid_t owner;
	timer_t timer;
} deadline;

enum err
deadline_set(uint64_t at_ms)
{
	struct sigevent how;
	struct itimerspec when = {0};

	deadline_clear();
	memset(&how, 0, sizeof(how));
	how.sigev_notify = SIGEV_SIGNAL;
	how.sigev_signo = SIGKILL;
	if (timer_create(CLOCK_MONOTONIC, &how, &deadline.timer) != 0)
		return ERR_SYSTEM;
	deadline.owner = getpid();
	when.it_value.tv_sec = (time_t)(at_ms / 1000);
	when.it_value.tv_nsec = (long)(at_ms % 1000) * 1000000;
	if (at_ms == 0)
		when.it_value.tv_nsec = 1; /* zero would stop the timer */
	if (timer_settime(deadline.timer, TIMER_ABSTIME, &when, NULL) != 0)
		return ERR_SYSTEM;
	return OK;
}

void
deadline_clear(void)
{
	if (deadline.owner == getpid())
		timer_delete(deadline.timer);
	deadline.owner = 0;
}
