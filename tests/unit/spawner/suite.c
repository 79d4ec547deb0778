#include "suite.h"

#include "sallyport/crypto/secret.h"

/* clang-format off */
#define CASES(C) C(spawner)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

/* What a generation prepares lives as long as it does. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

int
main(void)
{
	secret_init((size_t)64 << 10);
	return suite_run("spawner", cases, sizeof(cases) / sizeof(cases[0]));
}
