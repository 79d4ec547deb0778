/*
 * calls.h - the numbers of system calls that not every machine has
 *
 * A row of role.c may name any call; on machines without it the row is left
 * out by the compiler of the filter (seccomp.c).
 */
#ifndef SALLYPORT_SRC_PROC_CALLS_H
#define SALLYPORT_SRC_PROC_CALLS_H

#include <stdint.h>
#include <sys/syscall.h>

#define CALL_ABSENT UINT32_MAX

/* Newer machines (aarch64, riscv64) have no call without an "at" … */
#ifndef __NR_open
#define __NR_open CALL_ABSENT
#endif
#ifndef __NR_access
#define __NR_access CALL_ABSENT
#endif
#ifndef __NR_stat
#define __NR_stat CALL_ABSENT
#endif
#ifndef __NR_lstat
#define __NR_lstat CALL_ABSENT
#endif
#ifndef __NR_readlink
#define __NR_readlink CALL_ABSENT
#endif
#ifndef __NR_poll
#define __NR_poll CALL_ABSENT
#endif
#ifndef __NR_epoll_wait
#define __NR_epoll_wait CALL_ABSENT
#endif
#ifndef __NR_fstat
#define __NR_fstat CALL_ABSENT
#endif
#ifndef __NR_newfstatat
#define __NR_newfstatat CALL_ABSENT
#endif
#ifndef __NR_getrlimit
#define __NR_getrlimit CALL_ABSENT
#endif

/* … those of 32 bits have calls of their own … */
#ifndef __NR_mmap
#define __NR_mmap CALL_ABSENT
#endif
#ifndef __NR_mmap2
#define __NR_mmap2 CALL_ABSENT
#endif
#ifndef __NR_fcntl
#define __NR_fcntl CALL_ABSENT
#endif
#ifndef __NR_fcntl64
#define __NR_fcntl64 CALL_ABSENT
#endif
#ifndef __NR__llseek
#define __NR__llseek CALL_ABSENT
#endif
#ifndef __NR_lseek
#define __NR_lseek CALL_ABSENT
#endif
#ifndef __NR_fstat64
#define __NR_fstat64 CALL_ABSENT
#endif
#ifndef __NR_fstatat64
#define __NR_fstatat64 CALL_ABSENT
#endif
#ifndef __NR_stat64
#define __NR_stat64 CALL_ABSENT
#endif
#ifndef __NR_recv
#define __NR_recv CALL_ABSENT
#endif
#ifndef __NR_send
#define __NR_send CALL_ABSENT
#endif
#ifndef __NR_clock_gettime
#define __NR_clock_gettime CALL_ABSENT
#endif
#ifndef __NR_clock_gettime64
#define __NR_clock_gettime64 CALL_ABSENT
#endif
#ifndef __NR_futex
#define __NR_futex CALL_ABSENT
#endif
#ifndef __NR_futex_time64
#define __NR_futex_time64 CALL_ABSENT
#endif
#ifndef __NR_ppoll
#define __NR_ppoll CALL_ABSENT
#endif
#ifndef __NR_ppoll_time64
#define __NR_ppoll_time64 CALL_ABSENT
#endif

/* … and the headers of older systems lack what came last. */
#ifndef __NR_epoll_pwait2
#define __NR_epoll_pwait2 CALL_ABSENT
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 CALL_ABSENT
#endif
#ifndef __NR_openat2
#define __NR_openat2 CALL_ABSENT
#endif
#ifndef __NR_statx
#define __NR_statx CALL_ABSENT
#endif
#ifndef __NR_mlock2
#define __NR_mlock2 CALL_ABSENT
#endif

#endif
