#include "sallyport/transport/compress.h"

#include "sallyport/base/mem.h"

#include <zlib.h>

#define LEVEL 6
#define PIECE ((size_t)16 << 10) /* inflated at a time */

struct compress_stream {
	z_stream z;
	enum compress_way way;
};

/* ---- zlib's memory is ours ---- */

static voidpf
allocate(voidpf unused, uInt count, uInt size)
{
	(void)unused;
	return mem_array(count, size);
}

static void
release(voidpf unused, voidpf p)
{
	(void)unused;
	mem_free(p);
}

static enum err
compress_open(enum compress_way way, struct compress_stream **out)
{
	struct compress_stream *s = mem_new(sizeof(*s));
	int rc;

	s->way = way;
	s->z.zalloc = allocate;
	s->z.zfree = release;
	rc = way == COMPRESS_DEFLATE ? deflateInit(&s->z, LEVEL)
				     : inflateInit(&s->z);
	if (rc != Z_OK) {
		mem_free(s);
		return ERR_COMPRESS;
	}
	*out = s;
	return OK;
}

static void
compress_close(struct compress_stream *s)
{
	if (s == NULL)
		return;
	if (s->way == COMPRESS_DEFLATE)
		(void)deflateEnd(&s->z);
	else
		(void)inflateEnd(&s->z);
	mem_free(s);
}

/* Stored blocks cost 5 octets for each 16 KiB at least; the rest is for the
 * stream's header and the flush. */
static size_t
compress_bound(size_t n)
{
	return n + n / 256 + 64;
}

static void
set_in(z_stream *z, struct slice in)
{
	z->next_in = (z_const Bytef *)in.p;
	z->avail_in = (uInt)in.n;
}

static void
set_out(z_stream *z, struct bytes room)
{
	z->next_out = room.p;
	z->avail_out = (uInt)room.n;
}

static enum err
compress_deflate(struct compress_stream *s, struct slice in, struct bytes room,
    size_t *n)
{
	set_in(&s->z, in);
	set_out(&s->z, room);
	if (deflate(&s->z, Z_PARTIAL_FLUSH) != Z_OK)
		return ERR_COMPRESS;
	/* A full room may mean that the flush isn't complete. */
	if (s->z.avail_in != 0 || s->z.avail_out == 0)
		return ERR_COMPRESS;
	*n = room.n - s->z.avail_out;
	return OK;
}

/* Room for the next piece, but never beyond the limit. */
static enum err
piece(struct buf *out, struct bytes *room)
{
	size_t left = out->max - out->n;

	if (left == 0)
		return ERR_COMPRESS;
	return buf_reserve(out, left < PIECE ? left : PIECE, room);
}

static enum err
compress_inflate(struct compress_stream *s, struct slice in, struct buf *out)
{
	struct bytes room;
	enum err e;
	int rc;

	set_in(&s->z, in);
	do {
		if ((e = piece(out, &room)) != OK)
			return e;
		set_out(&s->z, room);
		rc = inflate(&s->z, Z_SYNC_FLUSH);
		/* Z_BUF_ERROR: nothing more came out of what is there */
		if (rc != Z_OK && rc != Z_BUF_ERROR)
			return ERR_COMPRESS;
		buf_filled(out, room.n - s->z.avail_out);
	} while (s->z.avail_out == 0);
	return s->z.avail_in == 0 ? OK : ERR_COMPRESS;
}

const struct transport_compression compress_zlib = {
    .open = compress_open,
    .close = compress_close,
    .bound = compress_bound,
    .deflate = compress_deflate,
    .inflate = compress_inflate,
};
