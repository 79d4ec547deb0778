#include "suite.h"

/* clang-format off */
#define CASES(C) \
	C(attrs) C(dirs) C(extended) C(files) C(handles) C(links) C(options) \
	C(own) C(place) C(quota) C(sftp) C(stat) C(upload)
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
