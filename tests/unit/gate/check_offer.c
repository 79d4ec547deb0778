#include "gate.h"
#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/crypto/algo.h"

/* PubkeyAcceptedAlgorithms, and what server-sig-algs makes of it */
static const struct {
	const char *accepted;
	const char *told;
} lists[] = {
    {"", ""},
    {"ssh-ed25519", "ssh-ed25519"},
    {"rsa-sha2-512,rsa-sha2-256", "rsa-sha2-512,rsa-sha2-256"},
    {"rsa-sha2-512-cert-v01@openssh.com,ssh-ed25519,rsa-sha2-512",
	"rsa-sha2-512,ssh-ed25519"},
    {"ssh-ed25519-cert-v01@openssh.com,ssh-ed25519", "ssh-ed25519"},
    {"no-such-name,ssh-ed25519", "ssh-ed25519"},
};

START_TEST(tells_each_signature_algorithm_once)
{
	SCOPED(mem_free_at) char *told = offer_sig_algs(lists[_i].accepted);

	ck_assert_str_eq(told, lists[_i].told);
}
END_TEST

START_TEST(no_certificate_is_told)
{
	SCOPED(mem_free_at) char *all = algo_list_resolve(ALGO_KEY, NULL);
	SCOPED(mem_free_at) char *told = offer_sig_algs(all);

	ck_assert_ptr_nonnull(strstr(all, "-cert-"));
	ck_assert_ptr_null(strstr(told, "-cert-"));
	ck_assert_ptr_nonnull(strstr(told, "rsa-sha2-512"));
}
END_TEST

TCase *
check_offer(void)
{
	TCase *tc = tcase_create("gate/offer");

	tcase_add_loop_test(tc, tells_each_signature_algorithm_once, 0,
	    sizeof(lists) / sizeof(lists[0]));
	tcase_add_test(tc, no_certificate_is_told);
	return tc;
}
