/*
 * fuzz_kex.c - a client's messages to each key exchange method
 *
 * Input: an octet that chooses the method, then messages, each behind its
 * number and a length of two octets. A method that agrees has noted its part
 * of the hash, its answer and the secret.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/crypto/dh.h"
#include "transport/kex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The larger groups run the same code for ten times as long. */
static const char *const methods[] = {"curve25519-sha256", "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "mlkem768x25519-sha256",
    "sntrup761x25519-sha512", "diffie-hellman-group14-sha256",
    "diffie-hellman-group-exchange-sha256"};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

static enum err
group(void *ctx, uint32_t min, uint32_t n, uint32_t max, struct slice *p,
    struct slice *g)
{
	static const uint8_t two = 2;

	(void)ctx;
	must(min >= DH_BITS_MIN && min <= n && n <= max && max <= DH_BITS_MAX);
	*p = dh_group_prime(DH_GROUP14);
	*g = slice_make(&two, 1);
	return OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transport_ops ops = {.group = group};
	SCOPED(kex_clear) struct kex k = {.due = 0};
	struct rd r = rd_from(slice_make(data, size));
	uint8_t message, high, low;
	struct slice body;
	enum err e = OK;

	kex_init(&k,
	    algo_find(ALGO_KEX, slice_cstr(methods[rd_u8(&r) % METHODS])), 32,
	    &ops);
	while (e == OK && k.due != 0 && rd_status(&r) == OK && r.left.n > 0) {
		message = rd_u8(&r);
		high = rd_u8(&r);
		low = rd_u8(&r);
		body = slice_first(r.left, (size_t)high << 8 | low);
		(void)rd_raw(&r, body.n);
		e = kex_step(&k, message, body);
	}
	if (e == OK && k.due == 0)
		must(k.transcript.n > 0 && k.answer.n > 4 && k.secret.n > 4);
	return 0;
}
