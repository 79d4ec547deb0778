/*
 * fuzz_verify.c - signatures and public keys of hostile numbers
 *
 * Input: an octet for the key's type, one for the hash, then strings: n or the
 * point, e, the signature or r, s, the message. No key that the check refuses
 * verifies anything but for those with Ed25519, where the check wants more (a point in
 * the main subgroup). A signature that holds holds for no part of its
 * message.
 */
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/crypto/sign.h"

#define RSA_OCTETS   512  /* longer ones only take longer */
#define POINT_OCTETS 1345 /* one more than the longest */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum key_type types[] = {KEY_RSA, KEY_ECDSA_256, KEY_ECDSA_384,
    KEY_ECDSA_521, KEY_ED25519, KEY_SK_ECDSA, KEY_SK_ED25519, KEY_NONE,
    KEY_MLDSA44_ED25519};
#define TYPES (sizeof(types) / sizeof(types[0]))

static const enum hash_id hashes[] = {HASH_NONE, HASH_SHA1, HASH_SHA256,
    HASH_SHA512};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(slice_make(data, size));
	struct public_key k = {.type = types[rd_u8(&r) % TYPES]};
	enum hash_id hash = hashes[rd_u8(&r) % 4];
	struct raw_signature sig;
	struct slice message;
	enum err checked, e;

	k.rsa_n = k.point = rd_string(&r);
	k.rsa_e = rd_string(&r);
	sig.octets = sig.r = rd_string(&r);
	sig.s = rd_string(&r);
	message = rd_string(&r);
	if (rd_status(&r) != OK || k.point.n > POINT_OCTETS ||
	    (k.type == KEY_RSA && k.rsa_n.n > RSA_OCTETS))
		return 0;
	(void)sign_rsa_bits(&k);
	checked = sign_check_public(&k, 0);
	e = sign_verify(&k, hash, message, &sig);
	must(e == OK || e == ERR_SIGNATURE);
	if (e != OK)
		return 0;
	must(checked == OK || k.type == KEY_ED25519 ||
	     k.type == KEY_SK_ED25519 || k.type == KEY_MLDSA44_ED25519);
	if (message.n > 0)
		must(sign_verify(&k, hash, slice_skip(message, 1), &sig) ==
		     ERR_SIGNATURE);
	return 0;
}
