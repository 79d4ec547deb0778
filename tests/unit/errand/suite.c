#include "suite.h"

/* clang-format off */
#define CASES(C)                                                               \
	C(errand) C(gsstoken) C(innetgr) C(keygen) C(lookup) C(runner)         \
	C(skhelper)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("errand", cases, sizeof(cases) / sizeof(cases[0]));
}
