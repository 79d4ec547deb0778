/*
 * fuzz_packet.c - packets of every mode, as if the tag always held
 *
 * Input: an octet that chooses cipher and MAC, then packets in the clear, one
 * behind the other with true lengths or not. They are encrypted and tagged
 * here with the keys that the reader has, so that what is behind the tag's
 * check is reached. The same octets are given whole and piece by piece, with
 * the same outcome.
 */
#include "sallyport/base/buf.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"
#include "transport/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *cipher;
	const char *mac;
} ways[] = {
    {NULL, NULL},
    {"chacha20-poly1305@openssh.com", NULL},
    {"aes128-gcm@openssh.com", NULL},
    {"aes128-ctr", "hmac-sha2-256-etm@openssh.com"},
    {"aes128-ctr", "umac-64@openssh.com"},
    {"aes128-cbc", "hmac-sha1"},
    {"3des-cbc", "hmac-sha1-96-etm@openssh.com"},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void
keys(struct packet_dir *d, size_t way, enum cipher_way direction)
{
	static const uint8_t octets[64] = {7};
	struct packet_keys k = {.mac = NULL};
	enum err e;

	if (ways[way].cipher == NULL)
		return;
	k.cipher = algo_find(ALGO_CIPHER, slice_cstr(ways[way].cipher));
	k.key = slice_make(octets, k.cipher->key_octets);
	k.iv = slice_make(octets, k.cipher->iv_octets);
	if (ways[way].mac != NULL) {
		k.mac = algo_find(ALGO_MAC, slice_cstr(ways[way].mac));
		k.mac_key = slice_make(octets, k.mac->key_octets);
	}
	e = packet_rekey(d, &k, direction);
	must(e == OK);
}

/* The octets that the packet at the start of body takes, tag left out. */
static size_t
extent(struct bytes body)
{
	struct rd r = rd_from(slice_from(body));
	size_t length = rd_u32(&r);

	return length < body.n - 4 ? 4 + length : body.n;
}

/* Encrypt and tag one packet; what can't be, stays as it is. */
static void
protect(struct packet_dir *d, struct bytes body, uint8_t *tag)
{
	size_t block = packet_block(d);
	bool etm = d->mac != NULL && (d->mac_alg->flags & ALGO_ETM) != 0;
	struct bytes rest = bytes_skip(body, etm ? 4 : 0);
	enum err e = OK;

	rest = bytes_first(rest, rest.n - rest.n % block);
	if (d->cipher == NULL)
		return;
	if (d->mac == NULL) {
		e = cipher_seal(d->cipher, d->seq, body, tag);
	} else if (etm) {
		e = cipher_crypt(d->cipher, rest);
		must(e == OK);
		e = mac_tag(d->mac, d->seq, slice_from(body), tag);
	} else {
		e = mac_tag(d->mac, d->seq, slice_from(body), tag);
		must(e == OK);
		e = cipher_crypt(d->cipher, rest);
	}
	must(e == OK);
}

static void
make_wire(size_t way, struct slice plain, struct buf *wire)
{
	SCOPED(packet_clear) struct packet_dir d = {.seq = 0};
	SCOPED(buf_clear) struct buf copy = BUF_EMPTY;
	uint8_t tag[MAC_TAG_MAX] = {0};
	struct bytes left, body;
	enum err e = buf_append(&copy, plain);
	size_t ntag;

	keys(&d, way, CIPHER_SEAL);
	ntag = d.mac != NULL          ? d.mac_alg->tag_octets
	       : d.cipher_alg != NULL ? d.cipher_alg->tag_octets
				      : 0;
	left = bytes_make(copy.p, copy.n);
	while (e == OK && left.n > 4) {
		body = bytes_first(left, extent(left));
		left = bytes_skip(left, body.n);
		protect(&d, body, tag);
		e = buf_append(wire, slice_from(body));
		if (e == OK)
			e = buf_append(wire, slice_make(tag, ntag));
		d.seq++;
	}
	must(e == OK);
}

/* Open all; tells how many there were and how it ended. */
static enum err
open_all(size_t way, struct slice wire, bool in_pieces, size_t *packets)
{
	SCOPED(packet_clear) struct packet_dir d = {.seq = 0};
	SCOPED(buf_clear) struct buf copy = BUF_EMPTY;
	size_t start = 0, seen = in_pieces ? 0 : wire.n, used;
	struct slice payload;
	enum err e = buf_append(&copy, wire);

	keys(&d, way, CIPHER_OPEN);
	for (*packets = 0; e == OK || (e == ERR_MORE && seen < wire.n);) {
		if (e == ERR_MORE)
			seen++;
		e = packet_open(&d,
		    bytes_first(bytes_skip(bytes_make(copy.p, copy.n), start),
			seen - start),
		    &payload, &used);
		if (e != OK)
			continue;
		must(used <= seen - start && payload.n >= 1);
		must(payload.n + 9 <= used);
		start += used;
		(*packets)++;
	}
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(buf_clear) struct buf wire = BUF_EMPTY;
	size_t way, n, n2;
	enum err e;

	if (size < 1 || size > 4096)
		return 0;
	way = data[0] % WAYS;
	make_wire(way, slice_make(data + 1, size - 1), &wire);
	e = open_all(way, buf_slice(&wire), false, &n);
	must(e == ERR_MORE || e == ERR_PACKET_LENGTH || e == ERR_PADDING ||
	     e == ERR_MAC);
	must(open_all(way, buf_slice(&wire), true, &n2) == e && n2 == n);
	return 0;
}
