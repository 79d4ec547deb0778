#include "suite.h"

#include "sallyport/crypto/secret.h"

/* clang-format off */
#define CASES(C) C(certificate) C(files) C(hostbased) C(judge) C(keycheck)     \
	C(known) C(listing) C(netgroups) C(revoked) C(rhosts) C(search)       \
	C(trial)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	secret_init((size_t)64 << 10);
	return suite_run("keycheck", cases, sizeof(cases) / sizeof(cases[0]));
}
