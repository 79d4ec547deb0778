/*
 * fuzz_key.c - public key blobs and certificates
 *
 * Input: a blob. What parses is written again octet for octet, and a
 * certificate's parts lie within it.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/key/certopts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
plain(struct slice blob)
{
	SCOPED(buf_clear) struct buf again = BUF_LIMIT(KEY_BLOB_MAX * 8);
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct key k;

	if (key_parse(blob, &k) != OK)
		return;
	must(key_write(&k, &again) == OK);
	must(slice_equal(buf_slice(&again), blob));
	must(key_fingerprint(blob, HASH_SHA256, &text) == OK);
	must(key_write_text(blob, &text) == OK);
	(void)!key_check(&k, 1024);
}

/* What a certificate says a line may say, too, and both together hold no more
 * than either. */
static void
options(const struct cert *c)
{
	struct certopts_fault fault;
	struct keyopts theirs;
	struct keyopts o;
	const char *why;

	must(keyopts_parse(SLICE_STR("no-pty"), &o, &why) == OK);
	if (certopts_read(c, &theirs, &fault) == OK) {
		must((theirs.permits & ~KEYOPTS_ALL) == 0);
		must(certopts_merge(&o, &theirs) == OK);
		must((o.permits & ~theirs.permits) == 0);
		must((o.permits & KEYOPTS_PTY) == 0);
	} else {
		must(fault.why != NULL);
	}
	keyopts_clear(&theirs);
	keyopts_clear(&o);
}

static void
certificate(struct slice blob)
{
	struct cert c;

	if (cert_parse(blob, &c) != OK)
		return;
	must(c.tbs.p == blob.p && c.tbs.n < blob.n);
	must(c.kind == CERT_USER || c.kind == CERT_HOST);
	for (struct rd r = rd_from(c.principals); r.left.n > 0;) {
		(void)rd_string(&r);
		must(rd_status(&r) == OK);
	}
	(void)!cert_verify(&c, NULL, 1024);
	(void)cert_is_valid_at(&c, 0);
	must(c.principals.n > 0 || !cert_names_any(&c, SLICE_STR(",a")));
	options(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > KEY_BLOB_MAX)
		return 0;
	plain(slice_make(data, size));
	certificate(slice_make(data, size));
	return 0;
}
