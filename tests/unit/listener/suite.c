#include "suite.h"
#include "listener.h"

#include "sallyport/crypto/secret.h"

#include <stdlib.h>

/* clang-format off */
#define CASES(C) C(admit) C(carry) C(claims) C(cmdline) C(control) C(notify) \
	C(penalties) C(reload) C(sockets) C(survivors) C(tally) C(waiting)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

/* This program as what a listener tries, and executes in its place */
int reload_tried(void);
int carry_new_image(void);

/* Clients and blocks live as long as a listener. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

int
main(void)
{
	secret_init((size_t)64 << 10);
	if (getenv(RELOAD_PROBE) != NULL)
		return reload_tried();
	if (getenv(CARRY_VARIABLE) != NULL)
		return carry_new_image();
	return suite_run("listener", cases, sizeof(cases) / sizeof(cases[0]));
}
