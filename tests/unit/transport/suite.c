#include "suite.h"

/* clang-format off */
#define CASES(C)                                                          \
	C(compress) C(exchange) C(ext_info) C(failure) C(kex) C(kex_dh)   \
	C(kex_ecdh) C(kex_gex) C(kex_hybrid) C(kexinit) C(output)         \
	C(packet) C(phases) C(rekey) C(state) C(transport) C(version)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("transport", cases, sizeof(cases) / sizeof(cases[0]));
}
