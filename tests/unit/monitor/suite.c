#include "desk.h"

#include "sallyport/crypto/secret.h"
#include "sallyport/proc/spawn.h"

/* clang-format off */
#define CASES(C) C(account) C(admit) C(command) C(contexts) C(host)           \
	C(methods) C(netgroups)                                               \
	C(ops_kex) C(ops_key) C(ops_log) C(ops_password) C(ops_reclaim)       \
	C(ops_session) C(ops_user) C(phases) C(refusal) C(shadow) C(trail)    \
	C(verdict)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

/* A monitor ends with its connection and gives nothing back before. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

int
main(int argc, char **argv)
{
	enum role role;
	const char *task;

	if (spawn_is_child(argc, argv, &role, &task))
		return role == ROLE_ERRAND ? desk_errand() : 1;
	secret_init((size_t)64 << 10);
	return suite_run("monitor", cases, sizeof(cases) / sizeof(cases[0]));
}
