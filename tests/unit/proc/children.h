/*
 * children.h - processes that a test makes to see what becomes of them
 */
#ifndef SALLYPORT_TESTS_PROC_CHILDREN_H
#define SALLYPORT_TESTS_PROC_CHILDREN_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_FAILED 99
#define NOBODY       65534

/* What must hold in a child; its exit status tells the test. */
#define CHILD(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			dprintf(2, "%s:%d: %s (errno %d)\n", __FILE__,         \
			    __LINE__, #cond, errno);                           \
			_exit(CHILD_FAILED);                                   \
		}                                                              \
	} while (0)

/* Run fn in a child; gives its wait status. */
static inline int
child_run(void (*fn)(int arg), int arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static inline bool
child_ok(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline bool
child_killed_by(int status, int signo)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == signo;
}

/* Does fd become readable, or end, within ms? */
static inline bool
child_told(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/* Be an ordinary user, where the tests run as root. */
static inline bool
child_become_user(void)
{
	if (getuid() != 0)
		return true;
	return setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

#endif
