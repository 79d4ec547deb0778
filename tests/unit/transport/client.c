#include "client.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"

#include <check.h>

const struct client_options client_usual = {
    .kex = "curve25519-sha256",
    .hostkeys = "ssh-ed25519",
    .ciphers = "aes128-ctr",
    .macs = "hmac-sha2-256",
    .comp = "none",
    .version = CLIENT_VERSION,
    .strict = true,
    .ext_info = true,
    .gex_min = 2048,
    .gex_n = 2048,
    .gex_max = 8192,
};

/* ---- small things ---- */

static void
add(struct buf *b, struct slice s)
{
	ck_assert_int_eq(buf_append(b, s), OK);
}

static void
add_string(struct buf *b, struct slice s)
{
	struct wr w = wr_into(b);

	wr_string(&w, s);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

/* Take the first string off; it stays valid in *keep. */
static struct slice
take_string(struct buf *from)
{
	struct rd r = rd_from(buf_slice(from));
	struct slice s = rd_string(&r);
	static struct buf keep;

	if (from->n == 0)
		return SLICE_NONE;
	ck_assert_int_eq(rd_status(&r), OK);
	buf_reset(&keep);
	add(&keep, s);
	buf_consume(from, 4 + s.n);
	return buf_slice(&keep);
}

struct slice
client_got(struct client *c)
{
	return take_string(&c->got);
}

struct slice
pair_got(struct pair *p)
{
	return take_string(&p->got);
}

/* ---- framing ---- */

static bool
is_aead(const struct client_side *s)
{
	return s->cipher != NULL && s->mac == NULL;
}

static bool
is_etm(const struct client_side *s)
{
	return s->mac != NULL && (s->mac_alg->flags & ALGO_ETM) != 0;
}

static size_t
tag_octets(const struct client_side *s)
{
	if (s->mac != NULL)
		return s->mac_alg->tag_octets;
	return s->cipher != NULL ? s->cipher_alg->tag_octets : 0;
}

static size_t
block_of(const struct client_side *s)
{
	return s->cipher == NULL ? 8 : s->cipher_alg->block;
}

static struct slice
deflated(struct client *c, struct slice payload, struct buf *room)
{
	struct bytes r;
	size_t n;

	if (!c->out_side.zlib || !c->authenticated)
		return payload;
	if (c->out_side.stream == NULL)
		ck_assert_int_eq(compress_zlib.open(COMPRESS_DEFLATE,
				     &c->out_side.stream),
		    OK);
	ck_assert_int_eq(buf_reserve(room, compress_zlib.bound(payload.n), &r),
	    OK);
	ck_assert_int_eq(compress_zlib.deflate(c->out_side.stream, payload, r,
			     &n),
	    OK);
	buf_filled(room, n);
	return buf_slice(room);
}

void
client_put(struct client *c, struct slice payload)
{
	SCOPED(buf_clear) struct buf small = BUF_EMPTY;
	struct client_side *s = &c->out_side;
	size_t skip = is_aead(s) || is_etm(s) ? 4 : 0;
	size_t block = block_of(s), padding, start = c->wire.n;
	uint8_t tag[MAC_TAG_MAX], zeros[255] = {0};
	struct bytes packet;
	struct wr w = wr_into(&c->wire);
	enum err e = OK;

	payload = deflated(c, payload, &small);
	padding = block - (5 + payload.n - skip) % block;
	if (padding < 4)
		padding += block;
	padding += block * c->extra_padding;
	wr_u32(&w, (uint32_t)(1 + payload.n + padding));
	wr_u8(&w, (uint8_t)padding);
	wr_raw(&w, payload);
	wr_raw(&w, slice_make(zeros, padding));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	packet = bytes_skip(bytes_make(c->wire.p, c->wire.n), start);
	if (is_aead(s)) {
		e = cipher_seal(s->cipher, s->seq, packet, tag);
	} else if (is_etm(s)) {
		e = cipher_crypt(s->cipher, bytes_skip(packet, 4));
		ck_assert_int_eq(mac_tag(s->mac, s->seq, slice_from(packet),
				     tag),
		    OK);
	} else if (s->cipher != NULL) {
		ck_assert_int_eq(mac_tag(s->mac, s->seq, slice_from(packet),
				     tag),
		    OK);
		e = cipher_crypt(s->cipher, packet);
	}
	ck_assert_int_eq(e, OK);
	add(&c->wire, slice_make(tag, tag_octets(s)));
	s->seq++;
}

/* The packet at the start of in, opened in place; ERR_MORE, ERR_MAC. */
static enum err
open_packet(struct client *c, struct slice *payload, size_t *used)
{
	struct client_side *s = &c->in_side;
	struct bytes in = bytes_make(c->in.p, c->in.n);
	size_t first =
	    s->cipher != NULL && !is_aead(s) && !is_etm(s) ? block_of(s) : 4;
	uint8_t tag[MAC_TAG_MAX];
	struct bytes body;
	uint32_t length;
	struct rd r;
	enum err e = OK;

	if (in.n < first)
		return ERR_MORE;
	if (first > 4 && s->peeked == 0) {
		e = cipher_crypt(s->cipher, bytes_first(in, first));
		s->peeked = first;
	}
	ck_assert_int_eq(e, OK);
	r = rd_from(slice_from(in));
	length = rd_u32(&r);
	if (is_aead(s))
		ck_assert_int_eq(cipher_length(s->cipher, s->seq, in.p,
				     &length),
		    OK);
	ck_assert_uint_le(length, TRANSPORT_PACKET_MAX);
	if (in.n < 4 + (size_t)length + tag_octets(s))
		return ERR_MORE;
	body = bytes_first(in, 4 + (size_t)length);
	*used = body.n + tag_octets(s);
	if (is_aead(s)) {
		e = cipher_open(s->cipher, s->seq, body, in.p + body.n);
	} else if (s->cipher != NULL) {
		if (!is_etm(s))
			e = cipher_crypt(s->cipher,
			    bytes_skip(body, s->peeked));
		ck_assert_int_eq(e, OK);
		e = mac_tag(s->mac, s->seq, slice_from(body), tag);
		ck_assert_int_eq(e, OK);
		if (!secret_equal(tag, in.p + body.n, tag_octets(s)))
			return ERR_MAC;
		if (is_etm(s))
			e = cipher_crypt(s->cipher, bytes_skip(body, 4));
	}
	if (e != OK)
		return e;
	s->peeked = 0;
	s->seq++;
	ck_assert_uint_ge(body.p[4], 4);
	ck_assert_uint_gt(length, body.p[4] + 1u);
	*payload = slice_make(body.p + 5, length - body.p[4] - 1u);
	return OK;
}

static struct slice
inflated(struct client *c, struct slice payload, struct buf *room)
{
	if (!c->in_side.zlib || !c->authenticated)
		return payload;
	if (c->in_side.stream == NULL)
		ck_assert_int_eq(compress_zlib.open(COMPRESS_INFLATE,
				     &c->in_side.stream),
		    OK);
	ck_assert_int_eq(compress_zlib.inflate(c->in_side.stream, payload,
			     room),
	    OK);
	return buf_slice(room);
}

static void
side_clear(struct client_side *s)
{
	cipher_free(s->cipher);
	mac_free(s->mac);
	compress_zlib.close(s->stream);
	*s = (struct client_side){.seq = s->seq};
}

static void
side_switch(struct client *c, struct client_side *s, struct client_side *next)
{
	uint32_t seq = s->seq;

	side_clear(s);
	*s = *next;
	s->seq = c->strict ? 0 : seq;
	*next = (struct client_side){.seq = 0};
}

/* ---- key exchange ---- */

static void
list(struct wr *w, const char *text)
{
	wr_cstr(w, text);
}

static void
send_kexinit(struct client *c)
{
	SCOPED(buf_clear) struct buf kex = BUF_EMPTY;
	uint8_t cookie[16];
	struct wr w;

	ck_assert_int_eq(buf_append_cstr(&kex, c->o.kex), OK);
	if (!c->keyed && c->o.ext_info)
		ck_assert_int_eq(buf_append_cstr(&kex, ",ext-info-c"), OK);
	if (!c->keyed && c->o.strict)
		ck_assert_int_eq(buf_append_cstr(&kex,
				     ",kex-strict-c-v00@openssh.com"),
		    OK);
	rng_bytes(BYTES_OF(cookie));
	buf_reset(&c->init_c);
	w = wr_into(&c->init_c);
	wr_u8(&w, MSG_KEXINIT);
	wr_raw(&w, SLICE_OF(cookie));
	wr_string(&w, buf_slice(&kex));
	list(&w, c->o.hostkeys);
	list(&w, c->o.ciphers);
	list(&w, c->o.ciphers);
	list(&w, c->o.macs);
	list(&w, c->o.macs);
	list(&w, c->o.comp);
	list(&w, c->o.comp);
	list(&w, "");
	list(&w, "");
	wr_bool(&w, c->o.follows && !c->keyed);
	wr_u32(&w, 0);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	client_put(c, buf_slice(&c->init_c));
	c->exchanging = c->in_exchange = true;
}

void
client_rekey(struct client *c)
{
	ck_assert(!c->in_exchange);
	send_kexinit(c);
}

void
client_start(struct client *c)
{
	ck_assert_int_eq(buf_append_cstr(&c->wire, c->o.version), OK);
	ck_assert_int_eq(buf_append_cstr(&c->wire, "\r\n"), OK);
	send_kexinit(c);
	if (c->o.follows)
		client_put(c, SLICE_STR("\36guessed wrongly"));
}

void
client_send(struct client *c, struct slice payload)
{
	if (c->exchanging)
		add_string(&c->queue, payload);
	else
		client_put(c, payload);
}

static void
flush_queue(struct client *c)
{
	while (c->queue.n > 0)
		client_put(c, take_string(&c->queue));
}

static const struct algo *
choose(enum algo_kind kind, const char *mine, struct slice theirs)
{
	const struct algo *a = algo_choose(kind, slice_cstr(mine), theirs);

	ck_assert_ptr_nonnull(a);
	return a;
}

static void
read_kexinit(struct client *c, struct slice payload)
{
	struct rd r = rd_from(payload);
	struct slice l[10];

	buf_reset(&c->init_s);
	add(&c->init_s, payload);
	(void)rd_u8(&r);
	(void)rd_raw(&r, 16);
	for (size_t i = 0; i < 10; i++)
		l[i] = rd_namelist(&r, 65536);
	(void)rd_bool(&r);
	(void)rd_u32(&r);
	ck_assert_int_eq(rd_end(&r), OK);
	if (!c->keyed)
		c->strict = c->o.strict &&
			    algo_list_has(l[0],
				SLICE_STR("kex-strict-s-v00@openssh.com"));
	c->kex = choose(ALGO_KEX, c->o.kex, l[0]);
	c->hostkey = choose(ALGO_KEY, c->o.hostkeys, l[1]);
	c->cipher_out = choose(ALGO_CIPHER, c->o.ciphers, l[2]);
	c->cipher_in = choose(ALGO_CIPHER, c->o.ciphers, l[3]);
	c->mac_out = (c->cipher_out->flags & ALGO_AEAD) != 0
			 ? NULL
			 : choose(ALGO_MAC, c->o.macs, l[4]);
	c->mac_in = (c->cipher_in->flags & ALGO_AEAD) != 0
			? NULL
			: choose(ALGO_MAC, c->o.macs, l[5]);
	c->zlib_out = slice_is(slice_cstr("zlib@openssh.com"),
	    choose(ALGO_COMP, c->o.comp, l[6])->name);
	c->zlib_in = slice_is(slice_cstr("zlib@openssh.com"),
	    choose(ALGO_COMP, c->o.comp, l[7])->name);
}

static void
make_curve(struct client *c)
{
	uint8_t public[ECDH_PUBLIC_MAX];
	size_t n;

	ck_assert_int_eq(ecdh_new(c->kex->curve, &c->ecdh, public, &n), OK);
	add(&c->public, slice_make(public, n));
}

static void
make_dh(struct client *c, struct slice p, struct slice g)
{
	uint8_t public[DH_OCTETS_MAX];
	size_t n;

	ck_assert_int_eq(dh_new(p, g, 32, &c->dh, public, &n), OK);
	add(&c->public, slice_make(public, n));
}

static void
send_public(struct client *c, uint8_t message)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_u8(&w, message);
	if (c->dh != NULL)
		wr_mpint(&w, buf_slice(&c->public));
	else
		wr_string(&w, buf_slice(&c->public));
	client_put(c, buf_slice(&b));
}

static void
send_gex_request(struct client *c)
{
	struct wr w = wr_into(&c->gex);
	uint8_t payload[13] = {34};

	wr_u32(&w, c->o.gex_min);
	wr_u32(&w, c->o.gex_n);
	wr_u32(&w, c->o.gex_max);
	slice_copy(buf_slice(&c->gex), bytes_skip(BYTES_OF(payload), 1));
	client_put(c, SLICE_OF(payload));
}

static void
begin_method(struct client *c)
{
	static const uint8_t two = 2;
	uint8_t public[KEM_PUBLIC_MAX];

	buf_reset(&c->public);
	buf_reset(&c->gex);
	switch (c->kex->family) {
	case KEX_GEX:
		send_gex_request(c);
		return;
	case KEX_DH:
		make_dh(c, dh_group_prime(c->kex->group), slice_make(&two, 1));
		break;
	case KEX_HYBRID:
		ck_assert_int_eq(kem_keypair(c->kex->kem, public,
				     c->kem_secret),
		    OK);
		add(&c->public,
		    slice_make(public, kem_public_octets(c->kex->kem)));
		make_curve(c);
		break;
	case KEX_ECDH:
		make_curve(c);
		break;
	}
	send_public(c, 30);
}

static void
on_group(struct client *c, struct slice payload)
{
	struct rd r = rd_from(payload);
	struct slice p, g;

	(void)rd_u8(&r);
	add(&c->gex, r.left);
	p = rd_mpint(&r, DH_OCTETS_MAX);
	g = rd_mpint(&r, DH_OCTETS_MAX);
	ck_assert_int_eq(rd_end(&r), OK);
	ck_assert_uint_ge(p.n * 8, c->o.gex_n);
	make_dh(c, p, g);
	send_public(c, 32);
}

/* K as encoded. */
static void
shared_secret(struct client *c, struct slice theirs, struct buf *k)
{
	uint8_t out[DH_OCTETS_MAX], digest[HASH_MAX];
	struct wr w = wr_into(k);
	size_t kem, n = 0;

	if (c->dh != NULL) {
		ck_assert_int_eq(dh_agree(c->dh, theirs, out, &n), OK);
		wr_mpint(&w, slice_make(out, n));
	} else if (c->kex->family == KEX_ECDH) {
		ck_assert_int_eq(ecdh_agree(c->ecdh, theirs, out, &n), OK);
		wr_mpint(&w, slice_make(out, n));
	} else {
		kem = kem_ciphertext_octets(c->kex->kem);
		ck_assert_int_eq(kem_decapsulate(c->kex->kem,
				     slice_make(c->kem_secret,
					 kem_secret_octets(c->kex->kem)),
				     slice_first(theirs, kem), out),
		    OK);
		ck_assert_int_eq(ecdh_agree(c->ecdh, slice_skip(theirs, kem),
				     out + KEM_SHARED, &n),
		    OK);
		ck_assert_int_eq(hash_once(c->kex->hash,
				     slice_make(out, KEM_SHARED + n), digest),
		    OK);
		wr_string(&w, slice_make(digest, hash_octets(c->kex->hash)));
	}
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

static void
verify(struct slice blob, struct slice signature, struct slice h)
{
	struct rd b = rd_from(blob), s = rd_from(signature);
	struct public_key key = {.type = KEY_ED25519};
	struct raw_signature raw = {.octets = SLICE_NONE};

	ck_assert(slice_is(rd_string(&b), "ssh-ed25519"));
	key.point = rd_string(&b);
	ck_assert_int_eq(rd_end(&b), OK);
	ck_assert(slice_is(rd_string(&s), "ssh-ed25519"));
	raw.octets = rd_string(&s);
	ck_assert_int_eq(rd_end(&s), OK);
	ck_assert_int_eq(sign_verify(&key, HASH_SHA512, h, &raw), OK);
}

static void
derive(struct client *c, struct slice k, struct slice h, char letter,
    uint8_t *out, size_t n)
{
	SCOPED(buf_clear) struct buf all = BUF_EMPTY;
	uint8_t digest[HASH_MAX];
	struct slice letters = slice_make(&letter, 1);
	struct hash *hash;

	do {
		ck_assert_int_eq(hash_begin(c->kex->hash, &hash), OK);
		hash_add(hash, k);
		hash_add(hash, h);
		if (all.n == 0) {
			hash_add(hash, letters);
			hash_add(hash,
			    slice_make(c->session_id, c->session_id_n));
		}
		hash_add(hash, buf_slice(&all));
		ck_assert_int_eq(hash_end(hash, digest), OK);
		add(&all, slice_make(digest, hash_octets(c->kex->hash)));
	} while (all.n < n);
	slice_copy(buf_slice(&all), bytes_make(out, n));
}

static void
make_side(struct client *c, struct client_side *s, enum cipher_way way,
    struct slice k, struct slice h)
{
	bool out = way == CIPHER_SEAL;
	const struct algo *ca = out ? c->cipher_out : c->cipher_in;
	const struct algo *ma = out ? c->mac_out : c->mac_in;
	uint8_t iv[64], key[64], mac[64];

	derive(c, k, h, out ? 'A' : 'B', iv, ca->iv_octets);
	derive(c, k, h, out ? 'C' : 'D', key, ca->key_octets);
	s->cipher_alg = ca;
	s->mac_alg = ma;
	ck_assert_int_eq(cipher_new(ca, way, slice_make(key, ca->key_octets),
			     slice_make(iv, ca->iv_octets), &s->cipher),
	    OK);
	if (ma != NULL) {
		derive(c, k, h, out ? 'E' : 'F', mac, ma->key_octets);
		ck_assert_int_eq(mac_new(ma, slice_make(mac, ma->key_octets),
				     &s->mac),
		    OK);
	}
	s->zlib = out ? c->zlib_out : c->zlib_in;
}

static void
exchange_hash(struct client *c, struct slice blob, struct slice theirs,
    struct slice k, uint8_t *h)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_cstr(&w, c->o.version);
	wr_string(&w, buf_slice(&c->server_version));
	wr_string(&w, buf_slice(&c->init_c));
	wr_string(&w, buf_slice(&c->init_s));
	wr_string(&w, blob);
	wr_raw(&w, buf_slice(&c->gex));
	if (c->dh != NULL) {
		wr_mpint(&w, buf_slice(&c->public));
		wr_mpint(&w, theirs);
	} else {
		wr_string(&w, buf_slice(&c->public));
		wr_string(&w, theirs);
	}
	wr_raw(&w, k);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(hash_once(c->kex->hash, buf_slice(&b), h), OK);
}

static void
on_reply(struct client *c, struct slice payload)
{
	SCOPED(buf_clear) struct buf k = BUF_EMPTY;
	struct client_side next = {.seq = 0};
	struct slice blob, theirs, sig, h;
	struct rd r = rd_from(payload);
	uint8_t digest[HASH_MAX];

	(void)rd_u8(&r);
	blob = rd_string(&r);
	theirs = c->dh != NULL ? rd_mpint(&r, DH_OCTETS_MAX) : rd_string(&r);
	sig = rd_string(&r);
	ck_assert_int_eq(rd_end(&r), OK);
	shared_secret(c, theirs, &k);
	exchange_hash(c, blob, theirs, buf_slice(&k), digest);
	h = slice_make(digest, hash_octets(c->kex->hash));
	verify(blob, sig, h);
	if (c->session_id_n == 0)
		c->session_id_n = slice_copy(h, BYTES_OF(c->session_id));
	make_side(c, &next, CIPHER_SEAL, buf_slice(&k), h);
	make_side(c, &c->next_in, CIPHER_OPEN, buf_slice(&k), h);
	ecdh_free(take(&c->ecdh));
	dh_free(take(&c->dh));
	client_put(c, SLICE_STR("\25"));
	side_switch(c, &c->out_side, &next);
	c->exchanging = false;
	flush_queue(c);
}

/* Between its KEXINIT and NEWKEYS a server sends nothing else. */
static void
check_quiet(struct client *c, uint8_t message)
{
	if (c->server_quiet)
		ck_assert_msg(message <= 4 || (message >= 20 && message <= 49),
		    "message %u during an exchange", message);
	if (message == MSG_KEXINIT)
		c->server_quiet = true;
	if (message == MSG_NEWKEYS)
		c->server_quiet = false;
}

static void
on_kexinit(struct client *c, struct slice payload)
{
	read_kexinit(c, payload);
	if (!c->in_exchange)
		send_kexinit(c);
	begin_method(c);
}

static void
on_newkeys(struct client *c)
{
	ck_assert(c->in_exchange && !c->exchanging);
	side_switch(c, &c->in_side, &c->next_in);
	c->in_exchange = false;
	c->keyed = true;
	c->exchanges++;
}

static void
dispatch(struct client *c, struct slice payload)
{
	uint8_t message = payload.p[0];
	struct rd r = rd_from(slice_skip(payload, 1));

	check_quiet(c, message);
	if (message == MSG_KEXINIT)
		on_kexinit(c, payload);
	else if (message == 31 && c->kex->family == KEX_GEX)
		on_group(c, payload);
	else if (message == 31 || message == 33)
		on_reply(c, payload);
	else if (message == MSG_NEWKEYS)
		on_newkeys(c);
	else if (message == MSG_UNIMPLEMENTED)
		c->unimplemented = rd_u32(&r);
	else if (message == MSG_EXT_INFO) {
		c->ext_infos++;
		buf_reset(&c->ext_info);
		add(&c->ext_info, payload);
	} else {
		add_string(&c->got, payload);
	}
	if (message == MSG_USERAUTH_SUCCESS)
		c->authenticated = true;
}

static bool
identify(struct client *c)
{
	size_t n = slice_find(buf_slice(&c->in), '\n');

	if (n == c->in.n)
		return false;
	add(&c->server_version, slice_first(buf_slice(&c->in), n - 1));
	buf_consume(&c->in, n + 1);
	c->identified = true;
	return true;
}

enum err
client_take(struct client *c, struct slice octets)
{
	SCOPED(buf_clear) struct buf big = BUF_LIMIT(TRANSPORT_PACKET_MAX);
	SCOPED(buf_clear) struct buf copy = BUF_EMPTY;
	struct slice payload;
	size_t used;
	enum err e;

	add(&c->in, octets);
	if (!c->identified && !identify(c))
		return ERR_MORE;
	while ((e = open_packet(c, &payload, &used)) == OK) {
		buf_reset(&big);
		buf_reset(&copy);
		add(&copy, inflated(c, payload, &big));
		buf_consume(&c->in, used);
		dispatch(c, buf_slice(&copy));
	}
	return e;
}

void
client_init(struct client *c, const struct client_options *o)
{
	*c = (struct client){.o = *o, .unimplemented = UINT32_MAX};
}

void
client_clear(struct client *c)
{
	side_clear(&c->in_side);
	side_clear(&c->out_side);
	side_clear(&c->next_in);
	ecdh_free(c->ecdh);
	dh_free(c->dh);
	buf_clear(&c->wire);
	buf_clear(&c->in);
	buf_clear(&c->got);
	buf_clear(&c->queue);
	buf_clear(&c->ext_info);
	buf_clear(&c->server_version);
	buf_clear(&c->init_c);
	buf_clear(&c->init_s);
	buf_clear(&c->public);
	buf_clear(&c->gex);
}

/* ---- both ends ---- */

static enum err
sign(void *ctx, uint32_t key, struct slice alg, struct slice hash,
    struct slice *signature)
{
	struct pair *p = ctx;
	uint8_t out[SIGN_RAW_MAX];
	struct raw_signature raw;
	struct wr w;

	ck_assert_uint_eq(key, 0);
	ck_assert(slice_is(alg, "ssh-ed25519"));
	ck_assert_int_eq(signer_sign(p->signer, HASH_SHA512, hash, out, &raw),
	    OK);
	p->signatures++;
	buf_reset(&p->signature);
	w = wr_into(&p->signature);
	wr_cstr(&w, "ssh-ed25519");
	wr_string(&w, raw.octets);
	*signature = buf_slice(&p->signature);
	return wr_end(&w, NULL);
}

static enum err
group(void *ctx, uint32_t min, uint32_t n, uint32_t max, struct slice *p,
    struct slice *g)
{
	static const uint8_t two = 2;
	enum dh_group_id id;
	enum err e = dh_fallback(min, n, max, &id);

	(void)ctx;
	if (e != OK)
		return e;
	*p = dh_group_prime(id);
	*g = slice_make(&two, 1);
	return OK;
}

/* Every name of a kind, so that a test chooses by the client's list. */
static struct slice
all_names(enum algo_kind kind)
{
	struct buf b = BUF_EMPTY;
	const struct algo *a;

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
		if (a->kind != kind || (a->flags & ALGO_PSEUDO) != 0)
			continue;
		if (b.n > 0)
			add(&b, SLICE_STR(","));
		add(&b, slice_cstr(a->name));
	}
	return buf_slice(&b);
}

void
pair_init(struct pair *p, const struct client_options *o)
{
	struct public_key key;
	struct wr w;

	*p = (struct pair){.piece = 0};
	ck_assert_int_eq(signer_generate(KEY_ED25519, 0, &p->signer), OK);
	signer_public(p->signer, &key);
	w = wr_into(&p->blob);
	wr_cstr(&w, "ssh-ed25519");
	wr_string(&w, key.point);
	p->key = (struct transport_hostkey){SLICE_STR("ssh-ed25519"),
	    buf_slice(&p->blob)};
	p->ops = (struct transport_ops){.sign = sign, .group = group, .ctx = p};
	p->offer = (struct transport_offer){.kex = all_names(ALGO_KEX),
	    .hostkey_algorithms = all_names(ALGO_KEY),
	    .ciphers = all_names(ALGO_CIPHER),
	    .macs = all_names(ALGO_MAC),
	    .compression = SLICE_STR("none,zlib@openssh.com"),
	    .sig_algs = SLICE_STR("ssh-ed25519,rsa-sha2-512"),
	    .keys = &p->key,
	    .nkeys = 1,
	    .version = SLICE_STR(SERVER_VERSION)};
	p->t = transport_new(&p->offer, &p->ops);
	transport_use_compression(p->t, &compress_zlib);
	client_init(&p->c, o == NULL ? &client_usual : o);
	ck_assert_int_eq(client_take(&p->c, SLICE_STR(SERVER_VERSION "\r\n")),
	    ERR_MORE);
}

static void
free_names(struct slice names)
{
	struct buf b = {.p = (uint8_t *)(uintptr_t)names.p,
	    .n = names.n,
	    .cap = names.n};

	buf_clear(&b);
}

void
pair_clear(struct pair *p)
{
	transport_free(p->t);
	client_clear(&p->c);
	signer_free(p->signer);
	free_names(p->offer.kex);
	free_names(p->offer.hostkey_algorithms);
	free_names(p->offer.ciphers);
	free_names(p->offer.macs);
	buf_clear(&p->blob);
	buf_clear(&p->signature);
	buf_clear(&p->got);
}

/* Everything that the server makes of what it has. */
static enum err
serve(struct pair *p)
{
	struct slice payload;
	enum err e;

	while ((e = transport_next(p->t, p->now_s, &payload)) == OK)
		add_string(&p->got, payload);
	return e;
}

static size_t
piece_of(const struct pair *p, size_t n)
{
	/* Never more than the ring takes at once. */
	size_t most = p->piece == 0 ? (size_t)128 << 10 : p->piece;

	return n < most ? n : most;
}

static bool
carry_to_server(struct pair *p)
{
	size_t n = piece_of(p, p->c.wire.n);
	struct bytes room;

	if (n == 0)
		return false;
	ck_assert_int_eq(ring_room(transport_input(p->t), n, &room), OK);
	slice_copy(slice_first(buf_slice(&p->c.wire), n), room);
	ring_filled(transport_input(p->t), n);
	buf_consume(&p->c.wire, n);
	p->error = serve(p);
	return true;
}

static bool
carry_to_client(struct pair *p)
{
	struct slice out = transport_output(p->t);
	size_t n = piece_of(p, out.n);

	if (n == 0)
		return false;
	ck_assert_int_eq(client_take(&p->c, slice_first(out, n)), ERR_MORE);
	transport_sent(p->t, n);
	return true;
}

enum err
pair_run(struct pair *p)
{
	bool moved = true;

	p->error = serve(p);
	while (moved && p->error == ERR_MORE) {
		moved = carry_to_server(p);
		moved |= carry_to_client(p);
	}
	return p->error;
}

enum err
pair_send(struct pair *p, struct slice payload)
{
	struct wr w = transport_begin(p->t, payload.n);

	wr_raw(&w, payload);
	return transport_end(p->t, &w);
}

void
pair_login(struct pair *p)
{
	client_start(&p->c);
	client_send(&p->c, SLICE_STR("\5\0\0\0\14ssh-userauth"));
	ck_assert_int_eq(pair_run(p), ERR_MORE);
	ck_assert(transport_is_keyed(p->t));
	ck_assert_int_eq(pair_got(p).p[0], MSG_SERVICE_REQUEST);
	ck_assert_int_eq(pair_send(p, SLICE_STR("\6\0\0\0\14ssh-userauth")),
	    OK);
	client_send(&p->c, SLICE_STR("\62a request"));
	ck_assert_int_eq(pair_run(p), ERR_MORE);
	ck_assert_int_eq(pair_got(p).p[0], MSG_USERAUTH_REQUEST);
	ck_assert_int_eq(pair_send(p, SLICE_STR("\64")), OK);
	transport_authenticated(p->t);
	ck_assert_int_eq(pair_run(p), ERR_MORE);
	ck_assert_int_eq(client_got(&p->c).p[0], MSG_SERVICE_ACCEPT);
	ck_assert_int_eq(client_got(&p->c).p[0], MSG_USERAUTH_SUCCESS);
	ck_assert(p->c.authenticated);
}

void
pair_hand_over(struct pair *p)
{
	SCOPED(buf_clear) struct buf state = BUF_SECRET(0);
	struct wr w = wr_into(&state);

	ck_assert_int_eq(transport_export(p->t, &w), OK);
	transport_free(p->t);
	ck_assert_int_eq(transport_import(buf_slice(&state), &p->offer, &p->ops,
			     &p->t),
	    OK);
	transport_use_compression(p->t, &compress_zlib);
}
