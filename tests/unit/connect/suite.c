#include "suite.h"

/* clang-format off */
#define CASES(C) \
	C(channel) C(connect) C(global) C(open) C(request) C(window)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("connect", cases, sizeof(cases) / sizeof(cases[0]));
}
