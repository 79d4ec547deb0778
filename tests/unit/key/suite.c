#include "suite.h"

#include "sallyport/crypto/secret.h"

/* clang-format off */
#define CASES(C) \
	C(authline) C(cert) C(certopts) C(key) C(keyfile) C(keyopts)           \
	C(knownline) C(krl) 	C(sig) C(sk)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	secret_init((size_t)64 << 10);
	return suite_run("key", cases, sizeof(cases) / sizeof(cases[0]));
}
