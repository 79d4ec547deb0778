/*
 * seccomp.c - a role's system calls as a program for the kernel
 *
 * The rows become intervals of call numbers, each with one outcome, and the
 * program is a balanced tree of comparisons over the intervals: about six
 * steps for any number. That matters twice: for calls whose arguments are
 * looked at the kernel runs the program each time, and when the filter is put
 * in force it runs it once for every number there is.
 *
 * Numbers of the x32 interface have a high bit set and fall into the last
 * interval, which kills; other interfaces tell themselves by the architecture.
 */
#include "seccomp.h"

#include "sallyport/base/must.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#else
#error "name this machine's AUDIT_ARCH_ here"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_WORD 0u
#else
#define LOW_WORD 4u
#endif

/* Calls from first on, up to the next interval, have the same outcome. */
struct interval {
	uint32_t first;
	uint32_t outcome; /* SECCOMP_RET_…, where no row allows it */
	uint16_t tests;   /* its first row with a look at an argument … */
	uint16_t ntests;  /* … and how many follow each other */
};

#define INTERVALS_MAX (2 * SECCOMP_CALLS_MAX + 1)

struct compiler {
	struct call calls[SECCOMP_CALLS_MAX]; /* by number */
	size_t ncalls;
	struct interval intervals[INTERVALS_MAX];
	size_t nintervals;
	struct sock_filter *program;
	size_t n;
};

static void collect(struct compiler *c, const struct call_list *list);
static void divide(struct compiler *c);
static void emit_head(struct compiler *c);
static void emit_search(struct compiler *c, size_t from, size_t to);

void
seccomp_compile(const struct call_list *lists, size_t nlists,
    struct sock_filter *program, size_t *n)
{
	struct compiler c;

	c.ncalls = c.nintervals = c.n = 0;
	c.program = program;
	for (size_t i = 0; i < nlists; i++)
		collect(&c, &lists[i]);
	divide(&c);
	emit_head(&c);
	emit_search(&c, 0, c.nintervals);
	*n = c.n;
}

/* Sort the rows in; those of one call keep their order. */
static void
collect(struct compiler *c, const struct call_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct call *row = &list->calls[i];
		size_t at = c->ncalls;

		if (row->number == CALL_ABSENT)
			continue;
		must(c->ncalls < SECCOMP_CALLS_MAX);
		for (; at > 0 && c->calls[at - 1].number > row->number; at--)
			c->calls[at] = c->calls[at - 1];
		c->calls[at] = *row;
		c->ncalls++;
	}
}

/* The next interval begins; where its outcome is the one before's it doesn't. */
static void
add_interval(struct compiler *c, const struct interval *new)
{
	const struct interval *last =
	    c->nintervals == 0 ? NULL : &c->intervals[c->nintervals - 1];

	if (last != NULL && last->ntests == 0 && new->ntests == 0 &&
	    last->outcome == new->outcome)
		return;
	must(c->nintervals < sizeof(c->intervals) / sizeof(c->intervals[0]));
	c->intervals[c->nintervals++] = *new;
}

/* What n rows of one call, from at on, come to. */
static struct interval
judge(const struct compiler *c, size_t at, size_t n)
{
	struct interval in = {.first = c->calls[at].number,
	    .outcome = SECCOMP_RET_KILL_PROCESS,
	    .tests = (uint16_t)at,
	    .ntests = (uint16_t)n};

	for (size_t i = at; i < at + n; i++) {
		if (c->calls[i].kind == CALL_ALLOWED)
			in.ntests = 0;
		if (c->calls[i].kind == CALL_REFUSED)
			in.outcome = SECCOMP_RET_ERRNO | EACCES;
	}
	if (in.ntests == 0)
		in.outcome = SECCOMP_RET_ALLOW;
	if (n == 1 && c->calls[at].kind == CALL_REFUSED)
		in.ntests = 0;
	return in;
}

static size_t
same_call(const struct compiler *c, size_t at)
{
	size_t n = 1;

	while (at + n < c->ncalls &&
	       c->calls[at + n].number == c->calls[at].number)
		n++;
	return n;
}

/* The last interval reaches to the end of all numbers, and kills. */
static void
divide(struct compiler *c)
{
	struct interval gap = {.outcome = SECCOMP_RET_KILL_PROCESS};

	for (size_t i = 0; i < c->ncalls;) {
		size_t n = same_call(c, i);
		struct interval in = judge(c, i, n);

		if (in.first > gap.first)
			add_interval(c, &gap);
		add_interval(c, &in);
		gap.first = in.first + 1;
		i += n;
	}
	add_interval(c, &gap);
}

static void
emit(struct compiler *c, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	must(c->n < SECCOMP_PROGRAM_MAX);
	c->program[c->n++] = (struct sock_filter){code, yes, no, k};
}

static void
emit_load(struct compiler *c, size_t offset)
{
	emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
emit_return(struct compiler *c, uint32_t outcome)
{
	emit(c, BPF_RET | BPF_K, outcome, 0, 0);
}

static void
emit_head(struct compiler *c)
{
	emit_load(c, offsetof(struct seccomp_data, arch));
	emit(c, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	emit_return(c, SECCOMP_RET_KILL_PROCESS);
	emit_load(c, offsetof(struct seccomp_data, nr));
}

/*
 * One row's look at its argument. The low word is enough: what is compared is
 * an int to the kernel (a command, flags), or bits that lie in the low word.
 */
static void
emit_test(struct compiler *c, const struct call *row)
{
	bool equal = row->kind == CALL_EQUAL;

	if (!equal && row->kind != CALL_WITHOUT)
		return;
	emit_load(c, offsetof(struct seccomp_data, args) +
			 row->argument * sizeof(uint64_t) + LOW_WORD);
	if (equal)
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, row->value, 0, 1);
	else
		emit(c, BPF_JMP | BPF_JSET | BPF_K, row->value, 1, 0);
	emit_return(c, SECCOMP_RET_ALLOW);
}

/* The tree over intervals from … to - 1; the number is in the accumulator. */
static void
emit_search(struct compiler *c, size_t from, size_t to)
{
	size_t middle = from + (to - from) / 2;
	const struct interval *in = &c->intervals[from];
	size_t fork, distance;

	if (to - from == 1) {
		for (size_t i = 0; i < in->ntests; i++)
			emit_test(c, &c->calls[in->tests + i]);
		emit_return(c, in->outcome);
		return;
	}
	fork = c->n;
	emit(c, BPF_JMP | BPF_JGE | BPF_K, c->intervals[middle].first, 0, 0);
	emit_search(c, from, middle);
	distance = c->n - (fork + 1);
	must(distance <= UINT8_MAX); /* as far as a comparison can jump */
	c->program[fork].jt = (uint8_t)distance;
	emit_search(c, middle, to);
}

/*
 * Programs that a process compiled ahead for the children it will fork: they
 * share its pages. Written before the first fork, never after.
 */
static struct {
	const struct call_list *lists; /* whose it is */
	unsigned short n;
	struct sock_filter program[SECCOMP_PROGRAM_MAX];
} ahead[SECCOMP_AHEAD_MAX];

void
seccomp_prepare(const struct call_list *lists, size_t nlists)
{
	size_t n, i = 0;

	while (i < SECCOMP_AHEAD_MAX && ahead[i].lists != NULL &&
	       ahead[i].lists != lists)
		i++;
	must(i < SECCOMP_AHEAD_MAX);
	seccomp_compile(lists, nlists, ahead[i].program, &n);
	ahead[i].n = (unsigned short)n;
	ahead[i].lists = lists;
}

static enum err
put_in_force(struct sock_filter *program, unsigned short n)
{
	struct sock_fprog whole = {.filter = program, .len = n};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0)
		return ERR_SYSTEM;
	return OK;
}

static enum err
compile_and_enter(const struct call_list *lists, size_t nlists)
{
	struct sock_filter program[SECCOMP_PROGRAM_MAX];
	size_t n;

	seccomp_compile(lists, nlists, program, &n);
	return put_in_force(program, (unsigned short)n);
}

enum err
seccomp_enter(const struct call_list *lists, size_t nlists)
{
	for (size_t i = 0; i < SECCOMP_AHEAD_MAX; i++)
		if (ahead[i].lists == lists)
			return put_in_force(ahead[i].program, ahead[i].n);
	return compile_and_enter(lists, nlists);
}
