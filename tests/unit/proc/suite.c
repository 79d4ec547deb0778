#include "suite.h"

/* clang-format off */
#define CASES(C)                                                          \
	C(audit) C(chroot) C(creds) C(deadline) C(domain) C(memfile) C(outputs) C(parent)    \
	C(role) C(sandbox) C(seccomp) C(spawn) C(title)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("proc", cases, sizeof(cases) / sizeof(cases[0]));
}
