/*
 * seccomp.h - the compiler of a role's system calls to a kernel filter
 *
 * Private to proc. The rows are in role.c, the numbers in calls.h.
 */
#ifndef SALLYPORT_SRC_PROC_SECCOMP_H
#define SALLYPORT_SRC_PROC_SECCOMP_H

#include "sallyport/base/err.h"

#include "calls.h"

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum call_kind {
	CALL_ALLOWED,
	CALL_REFUSED, /* EACCES: a library may try it and lives without */
	CALL_EQUAL,   /* allowed where the argument is value */
	CALL_WITHOUT  /* allowed where the argument has none of value's bits */
};

/*
 * A call may have several rows: it is allowed if one of them allows it; if
 * none does it is refused where one of them says so, and else kills.
 */
struct call {
	uint32_t number; /* or CALL_ABSENT */
	enum call_kind kind;
	uint32_t argument; /* 0 to 5 */
	uint32_t value;    /* compared with the argument's low 32 bits */
};

#define CALL(name)                                                             \
	{                                                                      \
		__NR_##name, CALL_ALLOWED, 0, 0                                \
	}
#define CALL_REFUSE(name)                                                      \
	{                                                                      \
		__NR_##name, CALL_REFUSED, 0, 0                                \
	}
#define CALL_IF(name, argument, value)                                         \
	{                                                                      \
		__NR_##name, CALL_EQUAL, (argument), (value)                   \
	}
#define CALL_UNLESS(name, argument, bits)                                      \
	{                                                                      \
		__NR_##name, CALL_WITHOUT, (argument), (bits)                  \
	}

struct call_list {
	const struct call *calls;
	size_t n;
};

/* No more than is needed: compiling takes stack, in each gate anew. */
#define SECCOMP_CALLS_MAX   112 /* rows of all lists of a role together */
#define SECCOMP_PROGRAM_MAX 256 /* instructions */

/*
 * Compile lists to program, which has SECCOMP_PROGRAM_MAX places. Whatever no
 * row names kills the process, and so does every call of a foreign
 * architecture. *n: instructions. The lists are ours, so what is wrong with
 * them is must().
 */
void seccomp_compile(const struct call_list *lists, size_t nlists,
    struct sock_filter *program, size_t *n);

#define SECCOMP_AHEAD_MAX 4 /* roles that one process prepares */

/* Compile ahead what seccomp_enter will be given in children of this process. */
void seccomp_prepare(const struct call_list *lists, size_t nlists);

/* Compile (unless prepared) and put in force; no_new_privs must be set. ERR_SYSTEM. */
MUST_USE enum err seccomp_enter(const struct call_list *lists, size_t nlists);

#endif
