/*
 * attrs.c - attributes to octets and back (draft §5)
 */
#include "inside.h"

#define EXTENDED_MAX 0x100000u /* pairs that somebody announces */

struct attrs
attrs_read(struct rd *r)
{
	struct attrs a = {.has = rd_u32(r)};
	uint32_t n;

	if (a.has & ATTR_SIZE)
		a.size = rd_u64(r);
	if (a.has & ATTR_OWNER) {
		a.uid = rd_u32(r);
		a.gid = rd_u32(r);
	}
	if (a.has & ATTR_MODE)
		a.mode = rd_u32(r);
	if (a.has & ATTR_TIMES) {
		a.atime = rd_u32(r);
		a.mtime = rd_u32(r);
	}
	if ((a.has & ATTR_EXTENDED) == 0)
		return a;
	if ((n = rd_u32(r)) > EXTENDED_MAX)
		rd_fail(r, ERR_FORMAT);
	for (; n > 0 && rd_status(r) == OK; n--) { /* nobody knows them */
		(void)rd_string(r);
		(void)rd_string(r);
	}
	return a;
}

/* A time beyond 32 bits is the last one that can be told. */
static uint32_t
time_of(time_t t)
{
	if (t < 0)
		return 0;
	return t > (time_t)UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

struct attrs
attrs_of(const struct stat *st)
{
	return (struct attrs){.has = ATTR_SIZE | ATTR_OWNER | ATTR_MODE |
				     ATTR_TIMES,
	    .size = (uint64_t)st->st_size,
	    .uid = st->st_uid,
	    .gid = st->st_gid,
	    .mode = st->st_mode,
	    .atime = time_of(st->st_atime),
	    .mtime = time_of(st->st_mtime)};
}

void
attrs_write(struct wr *w, const struct attrs *a)
{
	wr_u32(w, a->has);
	if (a->has & ATTR_SIZE)
		wr_u64(w, a->size);
	if (a->has & ATTR_OWNER) {
		wr_u32(w, a->uid);
		wr_u32(w, a->gid);
	}
	if (a->has & ATTR_MODE)
		wr_u32(w, a->mode);
	if (a->has & ATTR_TIMES) {
		wr_u32(w, a->atime);
		wr_u32(w, a->mtime);
	}
}
