/*
 * fuzz_rdwr.c - what the reader takes, the writer gives back
 *
 * Input: the number of fields, an octet for each field's type, the message.
 * A message that is read whole is written again with the types it was read
 * by, into a room and into a buffer, and must come out the same.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"

#define FIELD_MAX 64 /* bound for text, numbers and name-lists */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum type { U8, BOOL, U32, U64, RAW, STRING, TEXT, MPINT, NAMELIST, TYPES };

/* A fault yields nothing, now and for all fields to come. */
static struct slice
seen(const struct rd *r, struct slice s)
{
	must(rd_status(r) == OK || s.n == 0);
	return s;
}

static void
copy_bool(struct rd *r, struct wr *w)
{
	struct slice octet = slice_first(r->left, 1);
	bool v = rd_bool(r);

	must(octet.n == 0 || v == (octet.p[0] != 0));
	/* true has many forms: keep the one that came */
	wr_raw(w, octet);
}

static void
copy_text(struct rd *r, struct wr *w)
{
	struct slice s = seen(r, rd_text(r, FIELD_MAX));

	must(s.n <= FIELD_MAX && !slice_has_nul(s));
	wr_string(w, s);
}

static void
copy_mpint(struct rd *r, struct wr *w)
{
	struct slice s = seen(r, rd_mpint(r, FIELD_MAX));

	must(s.n <= FIELD_MAX && (s.n == 0 || s.p[0] != 0));
	wr_mpint(w, s);
}

static void
copy_namelist(struct rd *r, struct wr *w)
{
	struct slice s = seen(r, rd_namelist(r, FIELD_MAX));
	size_t mark = wr_begin(w);
	struct slice name;

	for (struct slice rest = s; slice_next(&rest, ',', &name);) {
		must(slice_find(name, ',') == name.n);
		wr_raw(w, name);
		if (name.p + name.n < s.p + s.n)
			wr_u8(w, ',');
	}
	wr_finish(w, mark);
}

static void
copy_field(enum type type, struct rd *r, struct wr *w)
{
	switch (type) {
	case U8:
		wr_u8(w, rd_u8(r));
		break;
	case BOOL:
		copy_bool(r, w);
		break;
	case U32:
		wr_u32(w, rd_u32(r));
		break;
	case U64:
		wr_u64(w, rd_u64(r));
		break;
	case RAW:
		wr_raw(w, seen(r, rd_raw(r, 3)));
		break;
	case STRING:
		wr_string(w, seen(r, rd_string(r)));
		break;
	case TEXT:
		copy_text(r, w);
		break;
	case MPINT:
		copy_mpint(r, w);
		break;
	case NAMELIST:
	case TYPES:
		copy_namelist(r, w);
		break;
	}
}

/* Copy message by its types; does it come out as it came? */
static void
copy(struct slice types, struct slice message, struct wr *w, bool *whole)
{
	struct rd r = rd_from(message);

	for (size_t i = 0; i < types.n; i++)
		copy_field(types.p[i] % TYPES, &r, w);
	*whole = rd_end(&r) == OK;
	must(rd_end(&r) == OK || rd_status(&r) != OK || r.left.n > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(slice_make(data, size));
	struct slice types = rd_raw(&r, rd_u8(&r) % 32);
	struct slice message = rd_rest(&r);
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	SCOPED(mem_free_at) uint8_t *room = NULL;
	struct wr w = wr_into(&b);
	bool whole;
	size_t n;

	copy(types, message, &w, &whole);
	must(wr_end(&w, &n) == OK && n == b.n);
	if (!whole)
		return 0;
	must(slice_equal(buf_slice(&b), message));

	room = mem_new(message.n);
	w = wr_to(bytes_make(room, message.n));
	copy(types, message, &w, &whole);
	must(wr_end(&w, &n) == OK);
	must(slice_equal(slice_make(room, n), message));

	if (message.n == 0)
		return 0;
	w = wr_to(bytes_make(room, message.n - 1));
	copy(types, message, &w, &whole);
	must(wr_end(&w, &n) == ERR_TOO_LONG && n == 0);
	return 0;
}
