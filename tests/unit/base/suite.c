#include "suite.h"

/* clang-format off */
#define CASES(C)                                                          \
	C(buf) C(clock) C(err) C(io) C(log) C(loop) C(mem) C(must)        \
	C(path) C(pattern) C(rd) C(ring) C(text) C(wr)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("base", cases, sizeof(cases) / sizeof(cases[0]));
}
