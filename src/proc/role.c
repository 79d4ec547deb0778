/*
 * role.c - the roles of our processes (one table)
 *
 * SEC-11 and SEC-12. Each list of system calls says why a call is in it;
 * whatever isn't named kills the process, above all what makes processes,
 * sockets and files: clone, execve, socket, connect, kill, ptrace, prctl.
 */
#include "sallyport/proc/role.h"

#include "config.h"
#include "row.h"

#include "sallyport/base/must.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* clang-format off */
#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define CALL_LIST(array) {(array), COUNT(array)}

/* What gate, keycheck and keeper need alike. */
static const struct call confined[] = {
	/* the descriptors that are open, and those that messages bring */
	CALL(read), CALL(readv), CALL(write), CALL(writev),
	CALL(recvmsg), CALL(recvfrom), CALL(recv),
	CALL(sendmsg), CALL(sendto), CALL(send),
	CALL(close),

	/* waiting: base/loop.c, base/io.c */
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait),
	CALL(epoll_pwait), CALL(epoll_pwait2),
	CALL(poll), CALL(ppoll), CALL(ppoll_time64),
	CALL_IF(fcntl, 1, F_GETFL), CALL_IF(fcntl, 1, F_SETFL), /* O_NONBLOCK */
	CALL_IF(fcntl64, 1, F_GETFL), CALL_IF(fcntl64, 1, F_SETFL),
	CALL_IF(ioctl, 1, FIONREAD), /* how much is there? */

	/* memory: libc's allocator, buffers, the locked arena of secrets; at no
	 * time anything that can be run */
	CALL_UNLESS(mmap, 2, PROT_EXEC), CALL_UNLESS(mmap2, 2, PROT_EXEC),
	CALL_UNLESS(mprotect, 2, PROT_EXEC),
	CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk),
	CALL(mlock), CALL(mlock2), CALL(munlock),

	/* time, where the vDSO can't tell it */
	CALL(clock_gettime), CALL(clock_gettime64),

	/* random octets, and libcrypto's and the log's own pid */
	CALL(getrandom), CALL(getpid), CALL(gettid),

	/* libc's locks; there is one thread, but a library may not know it */
	CALL(futex), CALL(futex_time64), CALL(sched_yield),

	/* signals: masks, the way back from one, calls that one interrupted */
	CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(restart_syscall),

	CALL(exit), CALL(exit_group),

	/* libc and libcrypto try a file here and there (time zone, locale,
	 * configuration) and do without; death would be too hard an answer */
	CALL_REFUSE(open), CALL_REFUSE(openat), CALL_REFUSE(openat2),
	CALL_REFUSE(access), CALL_REFUSE(faccessat), CALL_REFUSE(faccessat2),
	CALL_REFUSE(stat), CALL_REFUSE(stat64), CALL_REFUSE(lstat),
	CALL_REFUSE(newfstatat), CALL_REFUSE(fstatat64), CALL_REFUSE(statx),
	CALL_REFUSE(readlink), CALL_REFUSE(readlinkat),
	CALL_REFUSE(sysinfo), /* qsort of older libcs: how much memory? */

#ifdef WITH_SANITIZERS
	/* the sanitizers' runtimes, when they start a report or end */
	CALL(sigaltstack), CALL(rt_sigaction), CALL(getrlimit),
	CALL(prlimit64), CALL(sched_getaffinity), CALL(getrusage),
	CALL(getppid), CALL(uname), CALL(tgkill),
	CALL_IF(ioctl, 1, TCGETS), /* isatty: colours for the report? */
#endif
};

/* The connection's end, and the memory files by which the transport's state
 * leaves and a banner comes (memfile.c). */
static const struct call gate_only[] = {
	CALL(shutdown),
	CALL(memfd_create),
	CALL_IF(fcntl, 1, F_ADD_SEALS), CALL_IF(fcntl, 1, F_GET_SEALS),
	CALL_IF(fcntl64, 1, F_ADD_SEALS), CALL_IF(fcntl64, 1, F_GET_SEALS),
	CALL(lseek), CALL(_llseek), CALL(pread64),
};

/* Key files, opened before; of a path nothing but "the descriptor itself". */
static const struct call keycheck_only[] = {
	CALL(pread64), CALL(lseek), CALL(_llseek),
	CALL(fstat), CALL(fstat64),
	CALL_IF(newfstatat, 3, AT_EMPTY_PATH),
	CALL_IF(fstatat64, 3, AT_EMPTY_PATH),
	CALL_IF(statx, 2, AT_EMPTY_PATH),
};

/* libkrb5 looks for its modules and its files again, and does without. */
static const struct call acceptor_only[] = {
	CALL_REFUSE(getdents64), CALL_REFUSE(fstat), CALL_REFUSE(fstat64),
	CALL_REFUSE(socket), CALL_REFUSE(connect), /* libc's log and NSS */
};

/* Its socket is bound already. */
static const struct call metrics_only[] = {
	CALL(accept4), CALL(shutdown),
	CALL_REFUSE(socket), CALL_REFUSE(connect), /* the log's, as below */
};

/* base/log.c opens its socket anew when the log daemon was restarted: the
 * keeper's lines are lost then, not the host keys. */
static const struct call keeper_only[] = {
	CALL_REFUSE(socket), CALL_REFUSE(connect),
};

static const struct limit gate_limits[] = {
	/* Connection, channel, loop and two memory files: a dozen. But the
	 * kernel also refuses to send a descriptor where more than this are
	 * under way for the whole account: as many as MaxStartups admits. */
	{RLIMIT_NOFILE, 128},
	{RLIMIT_NPROC, 0},
	/* A memory file counts as a file: the transport's state, with what was
	 * read and not sent. There is no other file that it could write to. */
	{RLIMIT_FSIZE, 1 << 20},
	{RLIMIT_CORE, 0},
};

static const struct limit keycheck_limits[] = {
	{RLIMIT_NOFILE, 128}, /* those of the key files are open already */
	{RLIMIT_NPROC, 0},
	{RLIMIT_FSIZE, 0},
	{RLIMIT_CORE, 0},
};

/* A channel, and libraries that were opened before. A token takes milliseconds:
 * whatever takes seconds of the CPU goes on for ever. */
static const struct limit acceptor_limits[] = {
	{RLIMIT_CPU, 10},
	{RLIMIT_NOFILE, 16},
	{RLIMIT_NPROC, 0},
	{RLIMIT_FSIZE, 0},
	{RLIMIT_CORE, 0},
};

/* Those who ask, of whom it takes a dozen. The log may be a file. */
static const struct limit metrics_limits[] = {
	{RLIMIT_NOFILE, 64},
	{RLIMIT_NPROC, 0},
	{RLIMIT_CORE, 0},
};

/* As many descriptors as there are connections: not limited. Nor what it may
 * write: with -E its log is a file, and it has no other. */
static const struct limit keeper_limits[] = {
	{RLIMIT_NPROC, 0},
	{RLIMIT_CORE, 0},
};

/* NSS modules may want a thread; the log may be a file. */
static const struct limit errand_limits[] = {
	{RLIMIT_CORE, 0},
};

#define NEED_ROOT (STEP_ROOT_DIR | STEP_BOUNDING | STEP_IDS)
#define CONFINED                                               \
	(STEP_CAPABILITIES | STEP_UNDUMPABLE | STEP_NO_NEW_PRIVS | \
	    STEP_FILTER)
#define NOT_READ  STEP_UNDUMPABLE /* by a process of the same user */

static const struct role_row rows[ROLE_COUNT] = {
	[ROLE_LISTENER] = {.name = "listener"},
	[ROLE_SPAWNER] = {.name = "spawner",
		.as_root = NOT_READ, .as_user = NOT_READ},
	[ROLE_KEEPER] = {.name = "keeper", .title = "[keeper]",
		.as_root = NEED_ROOT | CONFINED, .as_user = CONFINED,
		.limits = keeper_limits, .nlimits = COUNT(keeper_limits),
		.lists = {CALL_LIST(confined), CALL_LIST(keeper_only)}},
	/* root as long as it lives, and PAM's modules run programs */
	[ROLE_MONITOR] = {.name = "monitor",
		.as_root = NOT_READ, .as_user = NOT_READ},
	[ROLE_GATE] = {.name = "gate", .title = "[net]",
		.as_root = NEED_ROOT | CONFINED, .as_user = CONFINED,
		.limits = gate_limits, .nlimits = COUNT(gate_limits),
		.lists = {CALL_LIST(confined), CALL_LIST(gate_only)}},
	[ROLE_KEYCHECK] = {.name = "keycheck", .title = "[keys]",
		.as_root = NEED_ROOT | CONFINED, .as_user = CONFINED,
		.limits = keycheck_limits, .nlimits = COUNT(keycheck_limits),
		.lists = {CALL_LIST(confined), CALL_LIST(keycheck_only)}},
	/* the user by then; limits and filters would be the user's shell's */
	[ROLE_SESSION] = {.name = "session",
		.as_root = NOT_READ, .as_user = NOT_READ},
	[ROLE_METRICS] = {.name = "metrics", .title = "[metrics]",
		.as_root = NEED_ROOT | CONFINED, .as_user = CONFINED,
		.limits = metrics_limits, .nlimits = COUNT(metrics_limits),
		.lists = {CALL_LIST(confined), CALL_LIST(metrics_only)}},
	/* the keytab is in its memory, and a stranger's token */
	[ROLE_ACCEPTOR] = {.name = "acceptor", .title = "[gssapi]",
		.as_root = NEED_ROOT | CONFINED, .as_user = CONFINED,
		.limits = acceptor_limits, .nlimits = COUNT(acceptor_limits),
		.lists = {CALL_LIST(confined), CALL_LIST(acceptor_only)}},
	/* one that needs no right: a look into the DNS. NSS modules are foreign
	 * code, which open what they like: no filter, no root directory. */
	[ROLE_ERRAND] = {.name = "errand",
		.as_root = STEP_BOUNDING | STEP_IDS | STEP_CAPABILITIES |
		    STEP_UNDUMPABLE | STEP_NO_NEW_PRIVS,
		.as_user = STEP_CAPABILITIES | STEP_UNDUMPABLE |
		    STEP_NO_NEW_PRIVS,
		.limits = errand_limits, .nlimits = COUNT(errand_limits)},
};
/* clang-format on */

const struct role_row *
role_row(enum role r)
{
	must((size_t)r < ROLE_COUNT);
	return &rows[r];
}

const char *
role_name(enum role r)
{
	return role_row(r)->name;
}
