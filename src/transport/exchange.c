#include "exchange.h"

#include "ext_info.h"
#include "inside.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/crypto/secret.h"

/*
 * No cipher here has more than 256 bits of strength, whatever the length of
 * its keys; a DH exponent for more would cost time and give nothing.
 */
#define NEED_MAX 32

/*
 * A peer may begin exchanges before login (RFC 4253 §9), yet each costs a
 * signature with a host key: nobody needs more than a few.
 */
#define BEFORE_LOGIN_MAX 4

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	kex_clear(&x->kex);
	packet_clear(&x->next_in);
	buf_clear(&x->server_init);
	buf_clear(&x->client_init);
	mem_free(x);
}

/* Send a payload that may go during an exchange. */
static enum err
send_now(struct transport *t, struct slice payload)
{
	struct wr w = output_begin_now(&t->out, payload.n);

	wr_raw(&w, payload);
	return output_end(&t->out, &w);
}

/* ---- offers ---- */

static enum err
write_offer(struct transport *t, struct buf *init)
{
	SCOPED(buf_clear) struct buf keys = BUF_EMPTY;
	struct wr names = wr_into(&keys);
	struct wr w = wr_into(init);
	enum err e;

	kexinit_hostkeys(&names, t->offer);
	if ((e = wr_end(&names, NULL)) != OK)
		return e;
	kexinit_write(&w, t->offer, buf_slice(&keys), t->quirks, !t->keyed);
	return wr_end(&w, NULL);
}

enum err
exchange_begin(struct transport *t)
{
	struct exchange *x = mem_new(sizeof(*x));
	enum err e;

	must(t->exchange == NULL);
	t->exchange = x;
	x->began_s = t->now_s;
	if ((e = write_offer(t, &x->server_init)) == OK)
		e = send_now(t, buf_slice(&x->server_init));
	output_hold(&t->out);
	return e;
}

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t
need_of(const struct algo *cipher, const struct algo *mac)
{
	size_t need = larger(cipher->key_octets, cipher->iv_octets);

	return mac == NULL ? need : larger(need, mac->key_octets);
}

static enum err
remember(struct buf *b, struct slice s)
{
	buf_reset(b);
	return buf_append(b, s);
}

/* Marks count in the first offer alone. */
static enum err
read_marks(struct transport *t, const struct kexinit *client)
{
	if (t->keyed)
		return OK;
	t->strict = kexinit_is_strict(client);
	t->wants_ext_info = kexinit_wants_ext_info(client);
	/* Terrapin: nothing may have been slipped in before it. */
	t->late_kexinit = t->strict && t->in_seq != 0;
	return t->late_kexinit ? ERR_STRICT_KEX : OK;
}

static void
log_direction(const char *which, const struct algo *cipher,
    const struct algo *mac, bool zlib)
{
	log_debug1("kex: %s cipher: %s MAC: %s compression: %s", which,
	    cipher->name, mac == NULL ? "<implicit>" : mac->name,
	    zlib ? "zlib@openssh.com" : "none");
}

static void
log_outcome(const struct kexinit_outcome *out)
{
	log_debug1("kex: algorithm: %s", out->kex->name);
	log_debug1("kex: host key algorithm: %s", out->hostkey->name);
	log_direction("client->server", out->cipher_in, out->mac_in,
	    out->zlib_in);
	log_direction("server->client", out->cipher_out, out->mac_out,
	    out->zlib_out);
}

static enum err
negotiate(struct transport *t, struct exchange *x, const struct kexinit *client)
{
	struct kexinit_outcome *out = &x->outcome;
	struct slice theirs = SLICE_NONE;
	struct kexinit server;
	size_t need;
	enum err e;

	if ((e = kexinit_parse(buf_slice(&x->server_init), &server)) != OK)
		return e;
	e = kexinit_choose(client, &server, out, &theirs);
	if (e != OK) {
		(void)remember(&t->their_offer, theirs);
		return e;
	}
	log_outcome(out);
	need = larger(need_of(out->cipher_in, out->mac_in),
	    need_of(out->cipher_out, out->mac_out));
	kex_init(&x->kex, out->kex, need < NEED_MAX ? need : NEED_MAX, t->ops);
	t->skip_packet = out->guess_wrong;
	t->hostkey_alg = out->hostkey;
	return remember(&t->peer_hostkeys, client->hostkeys);
}

enum err
exchange_kexinit(struct transport *t, struct slice payload)
{
	struct kexinit client;
	struct exchange *x;
	enum err e;

	if (t->phase != WHEN_SESSION && ++t->before_login > BEFORE_LOGIN_MAX)
		return ERR_FULL;
	if ((e = kexinit_parse(payload, &client)) != OK)
		return e;
	if ((e = read_marks(t, &client)) != OK)
		return e;
	if (t->exchange == NULL && (e = exchange_begin(t)) != OK)
		return e;
	x = t->exchange;
	if ((e = buf_append(&x->client_init, payload)) != OK)
		return e;
	if ((e = negotiate(t, x, &client)) != OK)
		return e;
	if (t->keyed) {
		t->after = t->phase;
		t->phase = WHEN_REKEY;
	} else {
		t->after = WHEN_AUTH;
		t->phase = t->strict ? WHEN_STRICT : WHEN_FIRST;
	}
	return OK;
}

/* ---- keys ---- */

/* What one direction's keys are derived with, RFC 4253 §7.2. */
struct side {
	const struct algo *cipher;
	const struct algo *mac;
	char iv, key, mac_key; /* letters */
	enum cipher_way way;
};

static enum err
derive_side(struct transport *t, struct slice h, const struct side *s,
    struct packet_dir *dir)
{
	const struct kex *k = &t->exchange->kex;
	struct slice id = slice_make(t->session_id, t->session_id_n);
	size_t nmac = s->mac == NULL ? 0 : s->mac->key_octets;
	size_t niv = s->cipher->iv_octets, nkey = s->cipher->key_octets;
	struct bytes all = secret_bytes(niv + nkey + nmac);
	struct bytes iv = bytes_first(all, niv);
	struct bytes key = bytes_first(bytes_skip(all, niv), nkey);
	struct bytes mac = bytes_skip(all, niv + nkey);
	struct packet_keys keys = {.cipher = s->cipher,
	    .mac = s->mac,
	    .iv = slice_from(iv),
	    .key = slice_from(key),
	    .mac_key = slice_from(mac)};
	enum err e;

	if ((e = kex_derive(k, h, s->iv, id, iv)) == OK &&
	    (e = kex_derive(k, h, s->key, id, key)) == OK &&
	    (e = kex_derive(k, h, s->mac_key, id, mac)) == OK)
		e = packet_rekey(dir, &keys, s->way);
	secret_free(all.p);
	return e;
}

static enum err
derive(struct transport *t, struct slice h, struct packet_dir *next_out)
{
	const struct kexinit_outcome *o = &t->exchange->outcome;
	struct side in = {.cipher = o->cipher_in,
	    .mac = o->mac_in,
	    .iv = 'A',
	    .key = 'C',
	    .mac_key = 'E',
	    .way = CIPHER_OPEN};
	struct side out = {.cipher = o->cipher_out,
	    .mac = o->mac_out,
	    .iv = 'B',
	    .key = 'D',
	    .mac_key = 'F',
	    .way = CIPHER_SEAL};
	enum err e;

	e = derive_side(t, h, &in, &t->exchange->next_in);
	return e == OK ? derive_side(t, h, &out, next_out) : e;
}

/* ---- the reply ---- */

/* H; the first one is the session's id. */
static enum err
hash(struct transport *t, struct slice hostkey, uint8_t *h)
{
	struct exchange *x = t->exchange;
	struct kex_parties p = {.client_version = buf_slice(&t->peer_version),
	    .server_version = t->offer->version,
	    .client_init = buf_slice(&x->client_init),
	    .server_init = buf_slice(&x->server_init),
	    .hostkey = hostkey};
	enum err e = kex_hash(&x->kex, &p, h);

	if (e != OK || t->session_id_n > 0)
		return e;
	t->session_id_n = kex_hash_octets(&x->kex);
	memcpy(t->session_id, h, t->session_id_n);
	return remember(&t->first_hostkey, hostkey);
}

static enum err
send_reply(struct transport *t, struct slice hostkey, struct slice signature)
{
	const struct kex *k = &t->exchange->kex;
	struct wr w = output_begin_now(&t->out,
	    1 + 4 + hostkey.n + k->answer.n + 4 + signature.n);

	kex_reply(k, &w, hostkey, signature);
	return output_end(&t->out, &w);
}

/* RFC 8308 §2.4: it comes right behind NEWKEYS, and only the first. */
static enum err
send_ext_info(struct transport *t)
{
	size_t max = 256 + t->offer->sig_algs.n;
	struct wr w = output_begin_now(&t->out, max);

	ext_info_write(&w, t->offer->sig_algs, true);
	return output_end(&t->out, &w);
}

static enum err
send_newkeys(struct transport *t, struct packet_dir *next_out)
{
	static const uint8_t newkeys[] = {MSG_NEWKEYS};
	enum err e = send_now(t, SLICE_OF(newkeys));

	if (e != OK)
		return e;
	packet_take_keys(&t->out.dir, next_out);
	/* Terrapin: no counter survives NEWKEYS, in any exchange. */
	if (t->strict)
		t->out.dir.seq = 0;
	output_restart_stream(&t->out, t->exchange->outcome.zlib_out);
	t->exchange->replied = true;
	if (!t->keyed && t->wants_ext_info && (e = send_ext_info(t)) != OK)
		return e;
	return output_release(&t->out);
}

/* The secret is agreed: sign, reply, switch our direction. */
static enum err
finish(struct transport *t)
{
	struct exchange *x = t->exchange;
	size_t key = kexinit_key_for(t->offer, x->outcome.hostkey);
	struct packet_dir next_out = {.cipher = NULL};
	struct slice hostkey, sig = SLICE_NONE;
	uint8_t digest[HASH_MAX];
	struct slice h = slice_make(digest, kex_hash_octets(&x->kex));
	enum err e;

	must(key < t->offer->nkeys); /* only such are offered */
	hostkey = t->offer->keys[key].blob;
	if ((e = hash(t, hostkey, digest)) != OK)
		return e;
	e = t->ops->sign(t->ops->ctx, (uint32_t)key,
	    slice_cstr(x->outcome.hostkey->plain), h, &sig);
	if (e == OK)
		e = derive(t, h, &next_out);
	if (e == OK)
		e = send_reply(t, hostkey, sig);
	if (e == OK)
		e = send_newkeys(t, &next_out);
	packet_clear(&next_out);
	kex_clear(&x->kex);
	return e;
}

enum err
exchange_message(struct transport *t, struct slice payload)
{
	struct exchange *x = t->exchange;
	struct wr w;
	enum err e;

	e = kex_step(&x->kex, payload.p[0], slice_skip(payload, 1));
	if (e != OK)
		return e;
	if (x->kex.due == 0)
		return finish(t);
	w = output_begin_now(&t->out, 1 + x->kex.answer.n);
	wr_u8(&w, KEX_GEX_GROUP);
	wr_raw(&w, buf_slice(&x->kex.answer));
	return output_end(&t->out, &w);
}

enum err
exchange_newkeys(struct transport *t, struct slice payload)
{
	struct exchange *x = t->exchange;

	if (!x->replied)
		return ERR_PHASE;
	if (payload.n != 1)
		return ERR_TRAILING;
	packet_take_keys(&t->in, &x->next_in);
	if (t->strict)
		t->in.seq = 0;
	if (t->inflater != NULL)
		t->out.compression->close(t->inflater);
	t->inflater = NULL;
	t->zlib_in = x->outcome.zlib_in;
	t->takes_ext_info =
	    t->takes_ext_info || (!t->keyed && t->wants_ext_info);
	t->keyed = true;
	t->rekeyed_s = t->now_s;
	t->phase = t->after;
	exchange_free(take(&t->exchange));
	return OK;
}
