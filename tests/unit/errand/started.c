#include "started.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include <check.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rpc *channel;
static pid_t pid;

struct rpc *
started(const char *task)
{
	int pair[2];

	log_set_level(LEVEL_QUIET);
	ck_assert_int_eq(io_pair(pair), OK);
	pid = spawn_fork();
	if (pid == 0) {
		dup2(pair[1], SPAWN_CHANNEL);
		io_close_but(SPAWN_CHANNEL + 1, NULL, 0);
		_exit(errand_main(task));
	}
	close(pair[1]);
	channel = rpc_new(pair[0]);
	return channel;
}

int
started_end(void)
{
	int status = -1;

	rpc_free(take(&channel));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
