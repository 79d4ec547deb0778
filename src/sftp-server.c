/*
 * sftp-server.c - the SFTP server as a program of its own
 */
#include "sallyport/base/io.h"
#include "sallyport/roles.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (io_std_fds() != OK)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	_exit(sftp_main(argc, argv));
}
