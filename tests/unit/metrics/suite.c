#include "suite.h"

case_fn check_http;

static case_fn *const cases[] = {check_http};

int
main(void)
{
	return suite_run("metrics", cases, sizeof(cases) / sizeof(cases[0]));
}
