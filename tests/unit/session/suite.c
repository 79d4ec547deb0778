#include "suite.h"

#define CASES(C) C(environ) C(permit) C(pty) C(reclaim) C(resolve) C(timeouts)

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("session", cases, sizeof(cases) / sizeof(cases[0]));
}
