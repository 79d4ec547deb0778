#include "sallyport/base/rd.h"

struct rd
rd_from(struct slice s)
{
	return (struct rd){.left = s, .err = OK};
}

void
rd_fail(struct rd *r, enum err e)
{
	if (r->err == OK)
		r->err = e;
	r->left = SLICE_NONE;
}

struct slice
rd_raw(struct rd *r, size_t n)
{
	struct slice s;

	if (r->err == OK && n > r->left.n)
		rd_fail(r, ERR_SHORT);
	if (r->err != OK)
		return SLICE_NONE;
	s = slice_first(r->left, n);
	r->left = slice_skip(r->left, n);
	return s;
}

/* An integer of n octets, most significant first. */
static uint64_t
number(struct rd *r, size_t n)
{
	struct slice s = rd_raw(r, n);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}

uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)number(r, 1);
}

bool
rd_bool(struct rd *r)
{
	return rd_u8(r) != 0;
}

uint32_t
rd_u32(struct rd *r)
{
	return (uint32_t)number(r, 4);
}

uint64_t
rd_u64(struct rd *r)
{
	return number(r, 8);
}

struct slice
rd_string(struct rd *r)
{
	return rd_raw(r, rd_u32(r));
}

/* A fault found in s, which was just read. */
static struct slice
refuse(struct rd *r, enum err e)
{
	rd_fail(r, e);
	return SLICE_NONE;
}

struct slice
rd_text(struct rd *r, size_t max)
{
	struct slice s = rd_string(r);

	if (s.n > max)
		return refuse(r, ERR_TOO_LONG);
	if (slice_has_nul(s))
		return refuse(r, ERR_FORMAT);
	return s;
}

struct slice
rd_mpint(struct rd *r, size_t max)
{
	struct slice s = rd_string(r);

	if (s.n > 0 && s.p[0] >= 0x80)
		return refuse(r, ERR_FORMAT);
	if (s.n > 0 && s.p[0] == 0) {
		/* Only the octet that keeps the number from being negative */
		if (s.n == 1 || s.p[1] < 0x80)
			return refuse(r, ERR_FORMAT);
		s = slice_skip(s, 1);
	}
	if (s.n > max)
		return refuse(r, ERR_TOO_LONG);
	return s;
}

struct slice
rd_namelist(struct rd *r, size_t max)
{
	struct slice s = rd_string(r);

	if (s.n > max)
		return refuse(r, ERR_TOO_LONG);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return refuse(r, ERR_FORMAT);
	}
	return s;
}

struct slice
rd_rest(struct rd *r)
{
	return rd_raw(r, r->left.n);
}

enum err
rd_status(const struct rd *r)
{
	return r->err;
}

enum err
rd_end(const struct rd *r)
{
	if (r->err == OK && r->left.n > 0)
		return ERR_TRAILING;
	return r->err;
}
