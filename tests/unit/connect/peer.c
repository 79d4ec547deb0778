#include "peer.h"

#include "sallyport/base/mem.h"

/* ---- the transport ---- */

static struct bytes
room_of(struct transport *t, size_t n)
{
	struct bytes room;

	buf_reset(&t->room);
	ck_assert_int_eq(buf_reserve(&t->room, n, &room), OK);
	return room;
}

static enum err
keep(struct transport *t, size_t n)
{
	struct wr w = wr_into(&t->sent);

	if (t->fault != OK)
		return t->fault;
	wr_string(&w, slice_make(t->room.p, n));
	return wr_end(&w, NULL);
}

struct wr
transport_begin(struct transport *t, size_t max)
{
	return wr_to(room_of(t, max));
}

enum err
transport_end(struct transport *t, const struct wr *w)
{
	size_t n;

	ck_assert_int_eq(wr_end(w, &n), OK);
	return keep(t, n);
}

enum err
transport_bulk(struct transport *t, size_t size, struct bytes *rooms,
    size_t *count)
{
	struct bytes all = room_of(t, size * *count);

	ck_assert(!t->held);
	for (size_t i = 0; i < *count; i++)
		rooms[i] = bytes_first(bytes_skip(all, i * size), size);
	t->next = 0;
	t->size = size;
	return t->fault;
}

enum err
transport_bulk_seal(struct transport *t, size_t n)
{
	struct wr w = wr_into(&t->sent);

	if (t->fault != OK)
		return t->fault;
	wr_string(&w, slice_make(t->room.p + t->next, n));
	t->next += t->size;
	return wr_end(&w, NULL);
}

void
transport_bulk_abandon(struct transport *t)
{
	(void)t;
}

bool
transport_may_send(const struct transport *t)
{
	return !t->held;
}

struct slice
transport_peer_version(const struct transport *t)
{
	return slice_cstr(t->version);
}

void
transport_unimplemented(struct transport *t)
{
	t->unimplemented++;
}

/* ---- the owner ---- */

static void
copy_names(struct peer *p, struct slice text, struct slice value)
{
	buf_reset(&p->names);
	ck_assert_int_eq(buf_append(&p->names, text), OK);
	ck_assert_int_eq(buf_append(&p->names, SLICE_STR("|")), OK);
	ck_assert_int_eq(buf_append(&p->names, value), OK);
}

static enum open_answer
on_open(void *ctx, struct channel *ch, const struct channel_open *req)
{
	struct peer *p = ctx;

	p->opens++;
	p->opened = *req;
	copy_names(p, req->target, req->originator);
	if (p->yes) {
		p->ch = ch;
		channel_set_owner(ch, p);
	}
	if (p->later) {
		p->ch = ch;
		return OPEN_LATER;
	}
	return p->yes ? OPEN_YES : OPEN_NO;
}

static void
on_opened(void *ctx, struct channel *ch, bool yes)
{
	struct peer *p = ctx;

	ck_assert_ptr_eq(ch, p->ch);
	p->confirmations += yes;
	p->failures += !yes;
}

static bool
on_request(void *ctx, struct channel *ch, const struct channel_request *q)
{
	struct peer *p = ctx;

	ck_assert_ptr_eq(channel_owner(ch), p);
	p->requests++;
	p->request = *q;
	copy_names(p, q->text, q->kind == REQUEST_PTY ? q->modes : q->value);
	return p->yes;
}

static size_t
on_data(void *ctx, struct channel *ch, struct slice data)
{
	struct peer *p = ctx;

	ck_assert_ptr_eq(channel_owner(ch), p);
	ck_assert_int_eq(buf_append(&p->data, data), OK);
	return data.n > p->leaves ? data.n - p->leaves : 0;
}

static void
on_eof(void *ctx, struct channel *ch)
{
	struct peer *p = ctx;

	ck_assert_ptr_eq(channel_owner(ch), p);
	p->eofs++;
}

static void
on_closed(void *ctx, struct channel *ch)
{
	struct peer *p = ctx;

	ck_assert_ptr_eq(channel_owner(ch), p);
	p->closes++;
	p->ch = NULL;
}

static void
on_writable(void *ctx, struct channel *ch)
{
	struct peer *p = ctx;

	ck_assert_ptr_eq(channel_owner(ch), p);
	p->writables++;
}

static enum global_answer
on_global(void *ctx, const struct global_request *q, struct buf *reply)
{
	struct peer *p = ctx;

	p->globals++;
	p->global = *q;
	copy_names(p, q->target, q->blobs);
	if (p->later)
		return GLOBAL_LATER;
	if (p->yes)
		ck_assert_int_eq(buf_append_cstr(reply, "reply"), OK);
	return p->yes ? GLOBAL_YES : GLOBAL_NO;
}

/* ---- both ---- */

struct peer *
peer_new(uint32_t max_sessions)
{
	struct peer *p = mem_new(sizeof(*p));

	p->ops = (struct connect_ops){.ctx = p,
	    .open = on_open,
	    .opened = on_opened,
	    .request = on_request,
	    .data = on_data,
	    .eof = on_eof,
	    .closed = on_closed,
	    .writable = on_writable,
	    .global = on_global};
	p->t.version = "SSH-2.0-OpenSSH_9.2";
	p->yes = true;
	p->c = connect_new(&p->t, &p->ops, max_sessions);
	return p;
}

void
peer_free(struct peer *p)
{
	connect_free(p->c);
	buf_clear(&p->t.sent);
	buf_clear(&p->t.room);
	buf_clear(&p->data);
	buf_clear(&p->names);
	buf_clear(&p->m);
	mem_free(p);
}

struct wr
peer_begin(struct peer *p, uint8_t message)
{
	struct wr w;

	buf_reset(&p->m);
	w = wr_into(&p->m);
	wr_u8(&w, message);
	return w;
}

enum err
peer_give(struct peer *p)
{
	return connect_take(p->c, buf_slice(&p->m));
}

enum err
peer_open(struct peer *p, const char *type, uint32_t window)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_OPEN);

	wr_cstr(&w, type);
	wr_u32(&w, PEER_NUMBER);
	wr_u32(&w, window);
	wr_u32(&w, 32768);
	return peer_give(p);
}

enum err
peer_data(struct peer *p, uint32_t id, size_t n)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_DATA);
	size_t mark;

	wr_u32(&w, id);
	mark = wr_begin(&w);
	for (size_t i = 0; i < n; i++)
		wr_u8(&w, (uint8_t)i);
	wr_finish(&w, mark);
	return peer_give(p);
}

enum err
peer_plain(struct peer *p, uint8_t message, uint32_t id)
{
	struct wr w = peer_begin(p, message);

	wr_u32(&w, id);
	return peer_give(p);
}

enum err
peer_adjust(struct peer *p, uint32_t id, uint32_t n)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_WINDOW_ADJUST);

	wr_u32(&w, id);
	wr_u32(&w, n);
	return peer_give(p);
}

enum err
peer_request(struct peer *p, uint32_t id, const char *name)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_REQUEST);

	wr_u32(&w, id);
	wr_cstr(&w, name);
	wr_bool(&w, true);
	return peer_give(p);
}

bool
peer_sent(struct peer *p, struct slice *payload)
{
	static uint8_t copy[TRANSPORT_PACKET_MAX];
	struct rd r = rd_from(buf_slice(&p->t.sent));
	size_t n;

	if (r.left.n == 0)
		return false;
	*payload = rd_string(&r);
	n = slice_copy(*payload, bytes_make(copy, sizeof(copy)));
	buf_consume(&p->t.sent, 4 + n);
	*payload = slice_make(copy, n);
	return true;
}

struct rd
peer_expect(struct peer *p, uint8_t message)
{
	struct slice payload;
	struct rd r;

	ck_assert(peer_sent(p, &payload));
	r = rd_from(payload);
	ck_assert_uint_eq(rd_u8(&r), message);
	return r;
}

void
peer_expect_nothing(struct peer *p)
{
	ck_assert_uint_eq(p->t.sent.n, 0);
}

struct channel *
peer_session(struct peer *p, uint32_t window)
{
	struct rd r;

	ck_assert_int_eq(peer_open(p, "session", window), OK);
	r = peer_expect(p, MSG_CHANNEL_OPEN_CONFIRMATION);
	ck_assert_uint_eq(rd_u32(&r), PEER_NUMBER);
	ck_assert_uint_eq(rd_u32(&r), channel_id(p->ch));
	return p->ch;
}
