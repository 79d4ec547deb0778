#include "suite.h"

#include "sallyport/proc/creds.h"
#include "sallyport/proc/sandbox.h"

#include <stdio.h>

/* clang-format off */
#define CASES(C) C(agent) C(hostkeys) C(keeper) C(ops_sign)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

#define EXIT_SKIPPED 77

int
main(void)
{
	uid_t uid;
	gid_t gid;

	if (creds_is_root() && (creds_unprivileged(&uid, &gid) != OK ||
				   sandbox_root_ready() != OK)) {
		fprintf(stderr, "no unprivileged account: skipped\n");
		return EXIT_SKIPPED;
	}
	return suite_run("keeper", cases, sizeof(cases) / sizeof(cases[0]));
}
