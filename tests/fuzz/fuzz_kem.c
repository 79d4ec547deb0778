/*
 * fuzz_kem.c - encapsulating to hostile public keys
 *
 * Input: an octet for the mechanism, then a public key, taken as it is and once
 * more filled up to the right length. Only the right length is taken, and of
 * ML-KEM only coefficients below 3329.
 */
#include "sallyport/base/must.h"
#include "sallyport/crypto/kem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_reduced(const uint8_t public[1152])
{
	for (size_t i = 0; i < 1152; i += 3) {
		unsigned int a = public[i] | (public[i + 1] & 15u) << 8;
		unsigned int b = public[i + 1] >> 4 | public[i + 2] * 16u;

		if (a >= 3329 || b >= 3329)
			return false;
	}
	return true;
}

static void
check(enum kem_id k, struct slice public)
{
	uint8_t ciphertext[KEM_CIPHERTEXT_MAX], shared[KEM_SHARED];
	enum err e = kem_encapsulate(k, public, ciphertext, shared);
	bool good = public.n == kem_public_octets(k) &&
		    (k != KEM_MLKEM768 || is_reduced(public.p));

	must(e == (good ? OK : ERR_PUBLIC_VALUE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t room[KEM_PUBLIC_MAX] = {0};
	struct slice public = slice_skip(slice_make(data, size), 1);
	enum kem_id k;

	if (size == 0)
		return 0;
	k = data[0] % 2 == 0 ? KEM_MLKEM768 : KEM_SNTRUP761;
	check(k, public);
	slice_copy(public, BYTES_OF(room));
	check(k, slice_make(room, kem_public_octets(k)));
	return 0;
}
