/*
 * fuzz_krl.c - key revocation lists
 *
 * Input: a list. What it says of a key doesn't depend on the certificate that
 * is asked about with it, nor does whether it is a list at all.
 */
#include "sallyport/base/must.h"
#include "sallyport/key/krl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLAIN SLICE_STR("\0\0\0\13ssh-ed25519\0\0\0\4abcd")
#define CA    SLICE_STR("\0\0\0\13ssh-ed25519\0\0\0\4efgh")

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cert cert = {.serial = 7,
	    .id = SLICE_STR("an id"),
	    .ca_blob = CA};
	struct slice list = slice_make(data, size);
	enum krl_hit plain, certified;
	enum err e = krl_check(list, PLAIN, NULL, &plain);

	must(krl_check(list, PLAIN, &cert, &certified) == e);
	must(e == OK || (plain == KRL_NONE && certified == KRL_NONE));
	must(e != OK || krl_is_one(list));
	must(plain != KRL_CA);
	must(plain == KRL_NONE || certified == KRL_KEY);
	return 0;
}
