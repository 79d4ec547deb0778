#include "suite.h"

#define CASES(C) C(frame) C(layout) C(messages) C(monitor_ops) C(serve)

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("rpc", cases, sizeof(cases) / sizeof(cases[0]));
}
