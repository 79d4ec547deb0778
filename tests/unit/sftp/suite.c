#include "suite.h"

/* clang-format off */
#define CASES(C) \
	C(attrs) C(dirs) C(extended) C(files) C(handles) C(options) C(own) \
	C(sftp)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("sftp", cases, sizeof(cases) / sizeof(cases[0]));
}
