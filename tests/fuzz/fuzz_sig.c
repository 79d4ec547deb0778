/*
 * fuzz_sig.c - signature blobs, those of FIDO keys included
 *
 * Input: string key blob, string signature blob, the message.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/key/sig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A plain signature that parses is written again octet for octet. */
static void
write_again(const struct sig *s, struct slice blob)
{
	SCOPED(buf_clear) struct buf again = BUF_LIMIT(SIG_BLOB_MAX * 2);

	if (key_is_sk(s->alg->key))
		return;
	must(sig_write(s->alg, &s->raw, &again) == OK);
	must(slice_equal(buf_slice(&again), blob));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(slice_make(data, size));
	struct slice key_blob = rd_string(&r);
	struct slice sig_blob = rd_string(&r);
	struct slice message = rd_rest(&r);
	const struct algo *a;
	struct key k;
	struct sig s;

	if (size > SIG_BLOB_MAX || sig_parse(sig_blob, &s) != OK)
		return 0;
	must(s.alg != NULL && (s.alg->flags & ALGO_CERT) == 0);
	write_again(&s, sig_blob);
	if (key_parse(key_blob, &k) != OK || key_check(&k, 1024) != OK)
		return 0;
	for (size_t i = 0; (a = algo_row(i)) != NULL; i++)
		if (a->kind == ALGO_KEY && a->key == k.type)
			(void)!sig_verify(&k, a, &s, message);
	return 0;
}
