/*
 * errand.c - one task, a process of its own
 *
 * Re-exec'd by whoever has the task; ends with it. keygen's channel carries
 * nothing: it is closed by our end, which is how the other side notices.
 */
#include "config.h"

#include "errand.h"

#include "sallyport/base/log.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/roles.h"

#include <unistd.h>

#define EXIT_USAGE 2

static const struct {
	const char *name;
	int (*run)(struct slice arguments);
} tasks[] = {
    {"keygen", keygen_run},
    {"netgroups", innetgr_run},
    {"runner", runner_run},
    {"skhelper", skhelper_run},
#ifdef WITH_GSSAPI
    {"acceptor", acceptor_run},
    {"kuserok", kuserok_run},
#endif
};

int
errand_main(const char *task)
{
	struct slice rest = slice_cstr(task);
	struct slice name = SLICE_NONE;

	sandbox_undumpable();
	(void)slice_next(&rest, ' ', &name);
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		if (slice_is(name, tasks[i].name))
			_exit(tasks[i].run(rest));
	log_error("no such errand: %s", log_quote(name));
	_exit(EXIT_USAGE);
}
