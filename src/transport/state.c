#include "state.h"

#include "inside.h"
#include "sallyport/base/rd.h"

#define STATE_VERSION UINT32_C(0x53505401) /* "SPT", 1 */

#define SESSION_ID_MIN 20 /* SHA-1's */
#define BLOB_MAX       ((size_t)64 << 10)

enum {
	FLAG_STRICT = 1,
	FLAG_TAKES_EXT_INFO = 2,
	FLAG_EXT_IN_AUTH = 4,
	FLAG_SUCCESS = 8,
	FLAG_AUTHENTICATED = 16,
	FLAGS_ALL = 31
};

/* ---- export ---- */

static void
write_direction(struct wr *w, const struct packet_dir *d, bool zlib)
{
	wr_cstr(w, d->cipher_alg->name);
	cipher_export(d->cipher, w); /* key, iv */
	wr_cstr(w, d->mac_alg == NULL ? "" : d->mac_alg->name);
	if (d->mac != NULL)
		mac_export(d->mac, w);
	else
		wr_string(w, SLICE_NONE);
	wr_u32(w, d->seq);
	wr_u64(w, d->packets);
	wr_u64(w, d->octets);
	wr_u64(w, d->total);
	wr_bool(w, zlib);
}

static uint32_t
flags_of(const struct transport *t)
{
	uint32_t flags = 0;

	if (t->strict)
		flags |= FLAG_STRICT;
	if (t->takes_ext_info)
		flags |= FLAG_TAKES_EXT_INFO;
	if (t->ext_in_auth)
		flags |= FLAG_EXT_IN_AUTH;
	if (t->out.success)
		flags |= FLAG_SUCCESS;
	if (t->phase == WHEN_SESSION)
		flags |= FLAG_AUTHENTICATED;
	return flags;
}

void
state_export(const struct transport *t, struct wr *w)
{
	struct ring unread = t->input; /* looked at only */

	if (t->inflater != NULL || t->out.stream != NULL)
		wr_fail(w, ERR_UNSUPPORTED);
	wr_u32(w, STATE_VERSION);
	wr_string(w, slice_make(t->session_id, t->session_id_n));
	wr_string(w, buf_slice(&t->peer_version));
	wr_string(w, buf_slice(&t->first_hostkey));
	wr_string(w, buf_slice(&t->peer_hostkeys));
	wr_cstr(w, t->hostkey_alg->name);
	wr_u32(w, t->quirks);
	wr_u32(w, flags_of(t));
	wr_u64(w, t->rekeyed_s);
	write_direction(w, &t->in, t->zlib_in);
	write_direction(w, &t->out.dir, t->out.zlib);
	wr_u32(w, t->in_seq);
	wr_u32(w, (uint32_t)t->in.peeked);
	wr_string(w, slice_from(ring_data(&unread)));
	wr_string(w, output_pending(&t->out));
}

/* ---- import ---- */

/* A string of at most max octets. */
static struct slice
bounded(struct rd *r, size_t max)
{
	struct slice s = rd_string(r);

	if (s.n > max)
		rd_fail(r, ERR_TOO_LONG);
	return s;
}

static void
keep(struct rd *r, struct buf *b, size_t max)
{
	struct slice s = bounded(r, max);

	if (rd_status(r) == OK && buf_append(b, s) != OK)
		rd_fail(r, ERR_NOMEM);
}

static void
read_session_id(struct rd *r, struct transport *t)
{
	struct slice id = bounded(r, sizeof(t->session_id));

	if (id.n < SESSION_ID_MIN)
		rd_fail(r, ERR_FORMAT);
	if (rd_status(r) == OK)
		t->session_id_n = slice_copy(id, BYTES_OF(t->session_id));
}

static const struct algo *
read_algo(struct rd *r, enum algo_kind kind)
{
	const struct algo *a = algo_find(kind, rd_string(r));

	if (a == NULL)
		rd_fail(r, ERR_UNKNOWN_ALGO);
	return a;
}

/* An AEAD cipher has no MAC beside it, any other has one. */
static void
read_keys(struct rd *r, struct packet_keys *k)
{
	struct slice mac;

	k->cipher = read_algo(r, ALGO_CIPHER);
	k->key = rd_string(r);
	k->iv = rd_string(r);
	mac = rd_string(r);
	k->mac_key = rd_string(r);
	if (rd_status(r) != OK)
		return;
	k->mac = algo_find(ALGO_MAC, mac);
	if ((k->mac == NULL) != ((k->cipher->flags & ALGO_AEAD) != 0) ||
	    (k->mac == NULL && (mac.n > 0 || k->mac_key.n > 0)))
		rd_fail(r, ERR_FORMAT);
}

static void
read_direction(struct rd *r, struct packet_dir *d, enum cipher_way way,
    bool *zlib)
{
	struct packet_keys k = {.cipher = NULL};
	enum err e;

	read_keys(r, &k);
	if (rd_status(r) == OK && (e = packet_rekey(d, &k, way)) != OK)
		rd_fail(r, e);
	d->seq = rd_u32(r);
	d->packets = rd_u64(r);
	d->octets = rd_u64(r);
	d->total = rd_u64(r);
	*zlib = rd_bool(r);
}

static void
read_flags(struct rd *r, struct transport *t)
{
	uint32_t flags = rd_u32(r);

	if ((flags & ~(uint32_t)FLAGS_ALL) != 0)
		rd_fail(r, ERR_FORMAT);
	t->strict = (flags & FLAG_STRICT) != 0;
	t->takes_ext_info = (flags & FLAG_TAKES_EXT_INFO) != 0;
	t->ext_in_auth = (flags & FLAG_EXT_IN_AUTH) != 0;
	t->out.success = (flags & FLAG_SUCCESS) != 0;
	t->phase = (flags & FLAG_AUTHENTICATED) != 0 ? WHEN_SESSION : WHEN_AUTH;
	t->after = t->phase;
}

static void
read_input(struct rd *r, struct transport *t)
{
	uint32_t peeked = rd_u32(r);
	struct slice unread = bounded(r, INPUT_MAX);
	struct bytes room;

	if (rd_status(r) != OK)
		return;
	/* Only encrypt-and-MAC looks into a packet before it is whole. */
	if (peeked != 0 &&
	    (t->in.mac_alg == NULL || (t->in.mac_alg->flags & ALGO_ETM) != 0 ||
		peeked != packet_block(&t->in) || unread.n < peeked))
		rd_fail(r, ERR_FORMAT);
	t->in.peeked = peeked;
	if (unread.n == 0)
		return;
	if (ring_room(&t->input, unread.n, &room) != OK) {
		rd_fail(r, ERR_NOMEM);
		return;
	}
	ring_filled(&t->input, slice_copy(unread, room));
}

enum err
state_import(struct transport *t, struct slice state)
{
	struct rd r = rd_from(state);

	if (rd_u32(&r) != STATE_VERSION)
		rd_fail(&r, ERR_UNSUPPORTED);
	read_session_id(&r, t);
	keep(&r, &t->peer_version, PEER_VERSION_MAX);
	keep(&r, &t->first_hostkey, BLOB_MAX);
	keep(&r, &t->peer_hostkeys, KEXINIT_LIST_MAX);
	t->hostkey_alg = read_algo(&r, ALGO_KEY);
	t->quirks = rd_u32(&r);
	read_flags(&r, t);
	t->rekeyed_s = rd_u64(&r);
	read_direction(&r, &t->in, CIPHER_OPEN, &t->zlib_in);
	read_direction(&r, &t->out.dir, CIPHER_SEAL, &t->out.zlib);
	t->in_seq = rd_u32(&r);
	read_input(&r, t);
	keep(&r, &t->out.sealed, OUTPUT_MAX);
	t->identified = true;
	t->keyed = true;
	return rd_end(&r);
}
