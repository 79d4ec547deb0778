#include "suite.h"

/* clang-format off */
#define CASES(C) C(gate) C(offer) C(oracle) C(farewell)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("gate", cases, sizeof(cases) / sizeof(cases[0]));
}
