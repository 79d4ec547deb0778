#include "suite.h"

case_fn check_show;

static case_fn *const cases[] = {check_show};

int
main(void)
{
	return suite_run("ctl", cases, sizeof(cases) / sizeof(cases[0]));
}
