#include "suite.h"

#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#define HERE    AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define HERE    AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#else
#define HERE    0 /* the program is looked at by running it only */
#define FOREIGN AUDIT_ARCH_X86_64
#endif

#define STEPS_MAX 24 /* of any number; a chain of comparisons has 100 */

static struct sock_filter program[SECCOMP_PROGRAM_MAX];
static size_t length;

/* What the kernel does with the program, in the few instructions we use. */
static uint32_t
run(const struct seccomp_data *data)
{
	uint32_t a = 0;
	size_t steps = 0;

	for (size_t at = 0; at < length; at++) {
		const struct sock_filter *i = &program[at];

		ck_assert_uint_lt(steps++, STEPS_MAX);
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			ck_assert_uint_le(i->k, sizeof(*data) - 4);
			memcpy(&a, (const char *)data + i->k, 4);
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += (a & i->k) != 0 ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			ck_abort_msg("instruction %#x", i->code);
		}
	}
	ck_abort_msg("the program has no end");
}

static uint32_t
call(uint32_t number, unsigned int argument, uint64_t value)
{
	struct seccomp_data data = {.nr = (int)number, .arch = HERE};

	data.args[argument] = value;
	return run(&data);
}

/* The definition, row by row. */
static uint32_t
outcome(const struct call_list *lists, size_t nlists, uint32_t number,
    unsigned int argument, uint64_t value)
{
	uint32_t best = SECCOMP_RET_KILL_PROCESS;

	for (size_t l = 0; l < nlists; l++) {
		for (size_t i = 0; i < lists[l].n; i++) {
			const struct call *c = &lists[l].calls[i];
			uint64_t given =
			    c->argument == argument ? value & UINT32_MAX : 0;

			if (c->number != number || number == CALL_ABSENT)
				continue;
			if (c->kind == CALL_ALLOWED ||
			    (c->kind == CALL_EQUAL && given == c->value) ||
			    (c->kind == CALL_WITHOUT &&
				(given & c->value) == 0))
				return SECCOMP_RET_ALLOW;
			if (c->kind == CALL_REFUSED)
				best = SECCOMP_RET_ERRNO | EACCES;
		}
	}
	return best;
}

static const enum role filtered[] = {ROLE_GATE, ROLE_KEYCHECK, ROLE_KEEPER};

START_TEST(decides_every_number_as_the_rows_say)
{
	const struct role_row *row = role_row(filtered[_i]);
	static const uint64_t values[] = {0, 1, 2, 3, PROT_EXEC, 7, F_ADD_SEALS,
	    AT_EMPTY_PATH, 0x541b, 0x100000004, UINT64_MAX};

	if (HERE == 0)
		return;
	seccomp_compile(row->lists, ROLE_LISTS_MAX, program, &length);
	for (uint32_t n = 0; n < 1024; n++)
		for (unsigned int a = 0; a < 6; a++)
			for (size_t v = 0; v < 11; v++)
				ck_assert_uint_eq(call(n, a, values[v]),
				    outcome(row->lists, ROLE_LISTS_MAX, n, a,
					values[v]));
}
END_TEST

START_TEST(kills_what_comes_by_another_door)
{
	const struct role_row *row = role_row(filtered[_i]);
	struct seccomp_data data = {.arch = FOREIGN};

	seccomp_compile(row->lists, ROLE_LISTS_MAX, program, &length);
	for (int n = 0; n < 1024; n++) {
		data.nr = n;
		ck_assert_uint_eq(run(&data), SECCOMP_RET_KILL_PROCESS);
	}
	if (HERE == 0)
		return;
	/* x32 and whatever else has high bits */
	for (uint32_t bit = 10; bit < 32; bit++)
		ck_assert_uint_eq(call((1u << bit) | __NR_read, 0, 0),
		    SECCOMP_RET_KILL_PROCESS);
}
END_TEST

/* Every small set of rows over a few neighbouring numbers: intervals merge,
 * begin at 0 and have gaps in every way. */
START_TEST(compiles_every_arrangement)
{
	struct call calls[4];
	struct call_list list = {calls, 0};

	for (unsigned int code = 0; HERE != 0 && code < 6 * 6 * 6 * 6; code++) {
		unsigned int rest = code;

		list.n = 0;
		for (uint32_t n = 0; n < 4; n++, rest /= 6)
			if (rest % 6 < 4)
				calls[list.n++] = (struct call){n,
				    (enum call_kind)(rest % 6), 1, 2};
			else if (rest % 6 == 5 && list.n > 0)
				calls[list.n++] = (struct call){calls[0].number,
				    CALL_REFUSED, 0, 0};
		seccomp_compile(&list, 1, program, &length);
		for (uint32_t n = 0; n < 6; n++)
			for (uint64_t v = 0; v < 4; v++)
				ck_assert_uint_eq(call(n, 1, v),
				    outcome(&list, 1, n, 1, v));
	}
}
END_TEST

START_TEST(leaves_out_what_the_machine_has_not)
{
	static const struct call absent[] = {{CALL_ABSENT, CALL_ALLOWED, 0, 0}};
	const struct call_list list = {absent, 1};

	seccomp_compile(&list, 1, program, &length);
	ck_assert_uint_eq(call(CALL_ABSENT, 0, 0), SECCOMP_RET_KILL_PROCESS);
	ck_assert_uint_eq(length, 5); /* what every program begins with */
}
END_TEST

TCase *
check_seccomp(void)
{
	TCase *tc = tcase_create("proc/seccomp");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, decides_every_number_as_the_rows_say, 0, 3);
	tcase_add_loop_test(tc, kills_what_comes_by_another_door, 0, 3);
	tcase_add_test(tc, compiles_every_arrangement);
	tcase_add_test(tc, leaves_out_what_the_machine_has_not);
	return tc;
}
