/*
 * fuzz_transport.c - everything that a stranger may send before there are keys
 *
 * Input: octets of a connection, from the identification line on. They are
 * given whole and in pieces, with the same outcome; nothing is delivered, and
 * at most one exchange is signed.
 */
#include "sallyport/base/must.h"
#include "sallyport/transport/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
sign(void *ctx, uint32_t key, struct slice alg, struct slice hash,
    struct slice *signature)
{
	unsigned int *count = ctx;

	must(key == 0 && slice_is(alg, "ssh-ed25519") && hash.n >= 20);
	*signature = SLICE_STR("a signature");
	(*count)++;
	return OK;
}

static enum err
group(void *ctx, uint32_t min, uint32_t n, uint32_t max, struct slice *p,
    struct slice *g)
{
	(void)ctx;
	(void)p;
	(void)g;
	must(min <= n && n <= max);
	return ERR_NOT_FOUND;
}

static enum err
feed(struct slice in, size_t piece)
{
	struct transport_hostkey key = {SLICE_STR("ssh-ed25519"),
	    SLICE_STR("a public key")};
	struct transport_offer offer =
	    {.kex = SLICE_STR("curve25519-sha256,ecdh-sha2-nistp256,"
			      "diffie-hellman-group-exchange-sha256"),
		.hostkey_algorithms = SLICE_STR("ssh-ed25519"),
		.ciphers =
		    SLICE_STR("aes128-ctr,chacha20-poly1305@openssh.com"),
		.macs = SLICE_STR("hmac-sha2-256"),
		.compression = SLICE_STR("none,zlib@openssh.com"),
		.sig_algs = SLICE_STR("ssh-ed25519"),
		.keys = &key,
		.nkeys = 1,
		.version = SLICE_STR("SSH-2.0-Sallyport_0.1")};
	unsigned int signatures = 0;
	struct transport_ops ops = {.sign = sign,
	    .group = group,
	    .ctx = &signatures};
	struct transport *t = transport_new(&offer, &ops);
	struct slice payload;
	struct bytes room;
	enum err e = ERR_MORE;

	for (; in.n > 0 && e == ERR_MORE; in = slice_skip(in, piece)) {
		struct slice now = slice_first(in, piece);

		must(ring_room(transport_input(t), now.n, &room) == OK);
		ring_filled(transport_input(t), slice_copy(now, room));
		e = transport_next(t, 0, &payload);
	}
	must(e != OK && signatures <= 1);
	must(!transport_is_keyed(t) || signatures == 1);
	transport_disconnect(t, 2, "the end");
	transport_free(t);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	enum err e;

	if (size == 0 || size > 65536)
		return 0;
	e = feed(in, size);
	must(feed(in, 1 + size / 7) == e);
	return 0;
}
