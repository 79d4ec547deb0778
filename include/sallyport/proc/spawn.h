/*
 * spawn.h - make a process: fork, or re-exec of this very image
 *
 * A re-exec'd process has fresh layout, canary and heap secrets. It starts at
 * main() with argv {"sshd", "@ROLE", [task]} and finds its channel at
 * SPAWN_CHANNEL; everything else it needs comes as messages over it.
 */
#ifndef SALLYPORT_PROC_SPAWN_H
#define SALLYPORT_PROC_SPAWN_H

#include "sallyport/base/err.h"
#include "sallyport/proc/role.h"

#include <stdbool.h>
#include <sys/types.h>

#define SPAWN_CHANNEL 3 /* descriptor of a re-exec'd process's channel */
#define SPAWN_IMAGE   4 /* and of the image, for those who exec errands */

/* The variable that tells the soft limit of descriptors of the start, where
 * the listener raised its own. */
#define SPAWN_NOFILE "SALLYPORT_NOFILE"

/*
 * Open the running image, once, at start: it serves though its file goes. A
 * re-exec'd process got it from its parent: spawn_is_child took it over.
 */
MUST_USE enum err spawn_image_open(void);

/* Its descriptor, for those who close all others; -1 if not opened. */
int spawn_image_fd(void);

/*
 * Fork and exec the image as a role. The child gets 0 and 1 on /dev/null, 2
 * as it is, channel as descriptor 3, the image as 4, and nothing else; signals
 * unblocked and at their defaults; of the environment what spawn.c lists. The
 * caller keeps its copy of channel. task may be NULL. ERR_SYSTEM with errno,
 * also where it was the exec that failed.
 */
MUST_USE enum err
spawn_image(enum role role, const char *task, int channel, pid_t *pid);

/*
 * What role argv asks for: "@spawner" … in argv[1]; false for an ordinary
 * start. *task is argv[2] or NULL. Where it is true, SPAWN_CHANNEL and
 * SPAWN_IMAGE are close-on-exec from here on.
 */
bool spawn_is_child(int argc, char **argv, enum role *role, const char **task);

/*
 * Fork. In the child (returns 0): its own signal mask is empty, handled
 * signals are at their defaults, SIGPIPE stays ignored; what is the parent's
 * secret is wiped by the kernel (crypto/secret.h). -1 with errno.
 *
 * No handler of pthread_atfork runs and libc's locks stay as they are: for
 * processes of one thread, which saves each child some four written pages.
 */
pid_t spawn_fork(void);

/* The same with everything that fork(3) does, for a process in which foreign
 * modules ran (PAM): they may have left threads and handlers. */
pid_t spawn_fork_modules(void);

/*
 * Run a program: run(ctx) in a child that shares our memory, while we stand
 * still, until it execs or leaves by _exit; it must do one of them and may not
 * return. It spares the copy of our page tables, a quarter of a millisecond.
 * run writes nothing that isn't its own stack's, takes no memory that it
 * doesn't give back, and waits for nothing. Signals are as the caller has
 * them: spawn_default_signals before the exec. -1 with errno.
 */
pid_t spawn_sharing(void (*run)(const void *ctx), const void *ctx);

/*
 * Before exec of somebody else's program (shell, PAM's modules do likewise):
 * every signal unblocked and at its default, SIGPIPE and SIGXFSZ included.
 */
void spawn_default_signals(void);

#endif
