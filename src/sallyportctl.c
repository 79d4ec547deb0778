/*
 * sallyportctl.c - the administrator's program
 *
 * "explain" decides as a monitor does, and starts what a monitor starts: an
 * errand that runs a program is this program again.
 */
#include "sallyport/base/io.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	enum role role;
	const char *task;

	if (io_std_fds() != OK)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	secret_init(0);
	if (spawn_is_child(argc, argv, &role, &task))
		_exit(role == ROLE_ERRAND && spawn_image_open() == OK
			  ? errand_main(task)
			  : EXIT_FAILURE);
	if (spawn_image_open() != OK)
		return EXIT_FAILURE;
	_exit(ctl_main(argc, argv));
}
