/*
 * main.c - one executable, many processes: which one is this?
 */
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/proc/title.h"
#include "sallyport/roles.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int
run_role(enum role role, const char *task)
{
	switch (role) {
	case ROLE_SPAWNER:
		return spawner_main(task);
	case ROLE_KEEPER:
		return keeper_main(task);
	case ROLE_METRICS:
		return metrics_main(task);
	case ROLE_ERRAND:
		return errand_main(task);
	default:
		return EXIT_FAILURE;
	}
}

int
main(int argc, char **argv)
{
	enum role role;
	const char *task;

	if (io_std_fds() != OK)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take children away */
	title_init(argc, argv);
	title_comm();
	secret_init(0);
	if (spawn_is_child(argc, argv, &role, &task)) {
		if (spawn_image_open() != OK)
			return EXIT_FAILURE;
		_exit(run_role(role, task));
	}
	/* no exit handlers: libraries registered some, and nothing is left that
	 * they could be for */
	_exit(listener_main(argc, argv));
}
