#include "suite.h"

/* clang-format off */
#define CASES(C)                                                          \
	C(algo) C(cipher) C(dh) C(ecdh) C(hash) C(kem) C(kem_keccak)      \
	C(kem_mlkem768) C(kem_sntrup761) C(mac) C(mldsa44)                \
	C(mldsa44_octets) C(mldsa44_poly) C(rng) C(secret) C(sign)        \
	C(umac)
/* clang-format on */

#define DECLARE(name) case_fn check_##name;
CASES(DECLARE)

#define ENTRY(name) check_##name,
static case_fn *const cases[] = {CASES(ENTRY)};

int
main(void)
{
	return suite_run("crypto", cases, sizeof(cases) / sizeof(cases[0]));
}
