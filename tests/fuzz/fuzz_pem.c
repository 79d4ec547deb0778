/*
 * fuzz_pem.c - private keys in PEM
 *
 * Input: the file's text. Whatever is read as a key is one: its public half
 * passes the check that a stranger's key has to pass, and its parts make the
 * same key again.
 */
#include "sallyport/base/must.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/crypto/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct signer *
make_again(const struct signer *s, const struct public_key *k)
{
	struct rsa_private parts;
	struct signer *again = NULL;

	signer_private(s, &parts);
	if (k->type == KEY_RSA)
		must(signer_rsa(&parts, &again) == OK);
	else if (k->type == KEY_ED25519)
		must(signer_ed25519(parts.d, &again) == OK);
	else
		must(signer_ecdsa(k->type, k->point, parts.d, &again) == OK);
	return again;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct signer *s, *again;
	struct public_key k, k2;

	if (!started)
		secret_init(1 << 20);
	started = true;
	if (signer_from_pem(slice_make(data, size), &s) != OK)
		return 0;
	signer_public(s, &k);
	must(sign_check_public(&k, 0) == OK);
	again = make_again(s, &k);
	signer_public(again, &k2);
	must(slice_equal(k.point, k2.point));
	must(slice_equal(k.rsa_n, k2.rsa_n) && slice_equal(k.rsa_e, k2.rsa_e));
	signer_free(s);
	signer_free(again);
	return 0;
}
