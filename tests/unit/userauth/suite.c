#include "suite.h"

/* clang-format off */
#define CASES(C)                                                          \
	C(userauth) C(methods) C(none) C(pubkey) C(password) C(kbdint)    \
	C(hostbased) C(banner) C(gssapi)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("userauth", cases, sizeof(cases) / sizeof(cases[0]));
}
