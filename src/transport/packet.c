#include "packet.h"

#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/transport/transport.h"

#define LENGTH_OCTETS 4
#define LENGTH_MIN    5 /* padding_length and four of padding */
#define PADDING_MIN   4 /* RFC 4253 §6 */

/* How a direction's packets are protected at present. */
enum way { WAY_PLAIN, WAY_AEAD, WAY_ETM, WAY_AND_MAC };

static enum way
way_of(const struct packet_dir *d)
{
	if (d->cipher_alg == NULL)
		return WAY_PLAIN;
	if (d->mac_alg == NULL)
		return WAY_AEAD;
	return (d->mac_alg->flags & ALGO_ETM) != 0 ? WAY_ETM : WAY_AND_MAC;
}

static size_t
tag_of(const struct packet_dir *d)
{
	if (d->mac_alg != NULL)
		return d->mac_alg->tag_octets;
	return d->cipher_alg != NULL ? d->cipher_alg->tag_octets : 0;
}

/* Octets at a packet's start that don't count for its alignment. */
static size_t
unaligned_of(const struct packet_dir *d)
{
	enum way way = way_of(d);

	return way == WAY_AEAD || way == WAY_ETM ? LENGTH_OCTETS : 0;
}

size_t
packet_block(const struct packet_dir *d)
{
	return d->cipher_alg != NULL ? d->cipher_alg->block : 8;
}

/* ---- keys ---- */

enum err
packet_rekey(struct packet_dir *d, const struct packet_keys *k,
    enum cipher_way way)
{
	struct packet_dir fresh = {.cipher_alg = k->cipher, .mac_alg = k->mac};
	enum err e;

	e = cipher_new(k->cipher, way, k->key, k->iv, &fresh.cipher);
	if (e == OK && k->mac != NULL)
		e = mac_new(k->mac, k->mac_key, &fresh.mac);
	if (e == OK)
		packet_take_keys(d, &fresh);
	packet_clear(&fresh);
	return e;
}

void
packet_take_keys(struct packet_dir *d, struct packet_dir *from)
{
	packet_clear(d);
	d->cipher_alg = from->cipher_alg;
	d->mac_alg = from->mac_alg;
	d->cipher = from->cipher;
	d->mac = from->mac;
	d->packets = from->packets;
	d->octets = from->octets;
	from->cipher_alg = from->mac_alg = NULL;
	from->cipher = NULL;
	from->mac = NULL;
}

void
packet_clear(struct packet_dir *d)
{
	cipher_free(d->cipher);
	mac_free(d->mac);
	d->cipher = NULL;
	d->mac = NULL;
	d->cipher_alg = d->mac_alg = NULL;
}

/* May one more packet go under this number? */
static enum err
check_count(const struct packet_dir *d)
{
	/* The number of the packet before would have been the last one: in
	 * the initial exchange a wrap is how packets are smuggled (SEC-27). */
	if (d->cipher_alg == NULL && d->seq == UINT32_MAX)
		return ERR_SEQUENCE;
	/* A nonce or MAC input would come a second time. */
	if (d->packets > UINT32_MAX)
		return ERR_REKEY;
	return OK;
}

static void
count(struct packet_dir *d, size_t octets)
{
	d->seq++;
	d->packets++;
	d->octets += octets;
	d->total += octets;
}

/* ---- sealing ---- */

/* RFC 4253 §6: as few octets as the alignment allows. */
static size_t
padding_of(const struct packet_dir *d, size_t n)
{
	size_t block = packet_block(d);
	size_t aligned = PACKET_HEADER - unaligned_of(d) + n;
	size_t padding = block - aligned % block;

	return padding < PADDING_MIN ? padding + block : padding;
}

size_t
packet_sealed(const struct packet_dir *d, size_t n)
{
	return PACKET_HEADER + n + padding_of(d, n) + tag_of(d);
}

/* Length field, padding_length and padding around a payload of n octets;
 * *body is the packet without its tag. */
static void
frame(struct packet_dir *d, struct bytes room, size_t n, struct bytes *body)
{
	size_t padding = padding_of(d, n);
	struct bytes tail = bytes_skip(room, PACKET_HEADER + n);
	struct wr w = wr_to(room);

	wr_u32(&w, (uint32_t)(1 + n + padding));
	wr_u8(&w, (uint8_t)padding);
	tail = bytes_first(tail, padding);
	if (d->cipher_alg != NULL)
		rng_bytes(tail);
	else
		memset(tail.p, 0, tail.n);
	*body = bytes_first(room, PACKET_HEADER + n + padding);
}

static enum err
protect(struct packet_dir *d, struct bytes body, uint8_t *tag)
{
	enum err e;

	switch (way_of(d)) {
	case WAY_PLAIN:
		return OK;
	case WAY_AEAD:
		return cipher_seal(d->cipher, d->seq, body, tag);
	case WAY_ETM:
		e = cipher_crypt(d->cipher, bytes_skip(body, LENGTH_OCTETS));
		if (e == OK)
			e = mac_tag(d->mac, d->seq, slice_from(body), tag);
		return e;
	case WAY_AND_MAC:
		e = mac_tag(d->mac, d->seq, slice_from(body), tag);
		if (e == OK)
			e = cipher_crypt(d->cipher, body);
		return e;
	}
	return ERR_CRYPTO;
}

enum err
packet_seal(struct packet_dir *d, struct bytes room, size_t n, size_t *used)
{
	uint8_t tag[MAC_TAG_MAX] = {0};
	struct bytes body;
	enum err e;

	must(n >= 1 && room.n >= PACKET_HEADER + n + PACKET_TAIL);
	must(n <= TRANSPORT_PACKET_MAX);
	if ((e = check_count(d)) != OK)
		return e;
	frame(d, room, n, &body);
	if ((e = protect(d, body, tag)) != OK)
		return e;
	slice_copy(slice_make(tag, tag_of(d)), bytes_skip(room, body.n));
	*used = body.n + tag_of(d);
	count(d, *used);
	return OK;
}

/* ---- opening ---- */

static uint32_t
length_at(struct bytes in)
{
	struct rd r = rd_from(slice_from(in));

	return rd_u32(&r);
}

/*
 * The length field, once enough of the packet is there to see it. Encrypted
 * without a tag of its own, it is decrypted in place, and once only.
 */
static enum err
see_length(struct packet_dir *d, struct bytes in, uint32_t *length)
{
	enum way way = way_of(d);
	size_t first = way == WAY_AND_MAC ? packet_block(d) : LENGTH_OCTETS;
	enum err e = OK;

	if (in.n < first)
		return ERR_MORE;
	if (way == WAY_AEAD)
		return cipher_length(d->cipher, d->seq, in.p, length);
	if (way == WAY_AND_MAC && d->peeked == 0) {
		e = cipher_crypt(d->cipher, bytes_first(in, first));
		d->peeked = first;
	}
	*length = length_at(in);
	return e;
}

/* SEC-21: before anything is awaited, let alone decrypted. */
static enum err
check_length(struct packet_dir *d, uint32_t length)
{
	size_t aligned = LENGTH_OCTETS - unaligned_of(d) + length;

	d->fault = length;
	d->unaligned = false;
	if (length < LENGTH_MIN || length > TRANSPORT_PACKET_MAX)
		return ERR_PACKET_LENGTH;
	d->unaligned = aligned % packet_block(d) != 0;
	return d->unaligned ? ERR_PACKET_LENGTH : OK;
}

/* Check the tag and decrypt, in the order that the mode asks for. */
static enum err
unprotect(struct packet_dir *d, struct bytes body, const uint8_t *tag)
{
	uint8_t mine[MAC_TAG_MAX];
	enum way way = way_of(d);
	size_t plain = way == WAY_ETM ? LENGTH_OCTETS : d->peeked;
	enum err e = OK;

	if (way == WAY_PLAIN)
		return OK;
	if (way == WAY_AEAD)
		return cipher_open(d->cipher, d->seq, body, tag);
	if (way == WAY_AND_MAC)
		e = cipher_crypt(d->cipher, bytes_skip(body, plain));
	if (e == OK)
		e = mac_tag(d->mac, d->seq, slice_from(body), mine);
	if (e == OK && !secret_equal(mine, tag, tag_of(d)))
		e = ERR_MAC;
	if (e == OK && way == WAY_ETM)
		e = cipher_crypt(d->cipher, bytes_skip(body, plain));
	return e;
}

/* The payload between the header and the padding; at least one octet. */
static enum err
strip(struct packet_dir *d, struct bytes body, struct slice *payload)
{
	size_t padding = body.p[LENGTH_OCTETS];
	size_t around = PACKET_HEADER + padding;

	d->fault = (uint32_t)padding;
	if (padding < PADDING_MIN || around >= body.n)
		return ERR_PADDING;
	*payload = slice_skip(slice_from(body), PACKET_HEADER);
	*payload = slice_first(*payload, body.n - around);
	return OK;
}

enum err
packet_open(struct packet_dir *d, struct bytes in, struct slice *payload,
    size_t *used)
{
	uint32_t length = 0;
	struct bytes body;
	enum err e, bad;
	size_t whole;

	if ((e = check_count(d)) != OK)
		return e;
	if ((e = see_length(d, in, &length)) != OK)
		return e;
	bad = check_length(d, length);
	if (bad != OK && way_of(d) != WAY_AND_MAC)
		return bad;
	/* A bad length is treated as the longest packet, whose tag is wrong */
	whole =
	    bad == OK ? LENGTH_OCTETS + (size_t)length : TRANSPORT_PACKET_MAX;
	if (in.n < whole + tag_of(d))
		return ERR_MORE;
	body = bytes_first(in, whole);
	e = unprotect(d, body, bytes_skip(in, whole).p);
	d->peeked = 0;
	if (e == OK && bad != OK)
		e = ERR_MAC;
	if (e == OK)
		e = strip(d, body, payload);
	if (e != OK)
		return e;
	*used = whole + tag_of(d);
	count(d, *used);
	return OK;
}
