#include "gsstoken.h"

#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"

#define TAG_FRAME 0x60
#define TAG_OID   0x06

/* 1.2.840.113554.1.2.2, RFC 4121 §4.1, as DER writes it */
static const uint8_t krb5_oid[] = {TAG_OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7,
    0x12, 0x01, 0x02, 0x02};

#define LONG_FORM     0x80 /* a length's octets follow */
#define LENGTH_OCTETS 3    /* 16 MiB: more than any packet holds */

/* ---- the frame ------------------------------------------------------------ */

/* DER: the shortest form alone, X.690 §10.1. */
static size_t
read_length(struct rd *r)
{
	uint8_t first = rd_u8(r);
	size_t octets = first & 0x7fu, n = 0;

	if ((first & LONG_FORM) == 0)
		return first;
	if (octets == 0 || octets > LENGTH_OCTETS) {
		rd_fail(r, ERR_FORMAT);
		return 0;
	}
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | rd_u8(r);
	if (n < LONG_FORM || (octets > 1 && n >> 8 * (octets - 1) == 0))
		rd_fail(r, ERR_FORMAT);
	return n;
}

static uint16_t
read_u16(struct rd *r)
{
	uint16_t high = rd_u8(r);

	return (uint16_t)(high << 8 | rd_u8(r));
}

enum err
gsstoken_read(struct slice token, uint16_t id, struct slice *message)
{
	struct rd r = rd_from(token);
	size_t n;

	*message = SLICE_NONE;
	if (rd_u8(&r) != TAG_FRAME)
		rd_fail(&r, ERR_FORMAT);
	n = read_length(&r);
	if (rd_status(&r) == OK && n != r.left.n)
		return n > r.left.n ? ERR_SHORT : ERR_TRAILING;
	if (!slice_equal(rd_raw(&r, sizeof(krb5_oid)), SLICE_OF(krb5_oid)))
		rd_fail(&r, ERR_FORMAT);
	if (read_u16(&r) != id)
		rd_fail(&r, ERR_FORMAT);
	*message = rd_rest(&r);
	return rd_end(&r);
}

static void
write_length(struct wr *w, size_t n)
{
	size_t octets = 1;

	if (n < LONG_FORM) {
		wr_u8(w, (uint8_t)n);
		return;
	}
	while (n >> 8 * octets != 0)
		octets++;
	if (octets > LENGTH_OCTETS)
		wr_fail(w, ERR_TOO_LONG);
	wr_u8(w, (uint8_t)(LONG_FORM | octets));
	while (octets-- > 0)
		wr_u8(w, (uint8_t)(n >> 8 * octets));
}

enum err
gsstoken_write(uint16_t id, struct slice message, struct buf *out)
{
	struct wr w = wr_into(out);

	wr_u8(&w, TAG_FRAME);
	write_length(&w, sizeof(krb5_oid) + sizeof(id) + message.n);
	wr_raw(&w, SLICE_OF(krb5_oid));
	wr_u8(&w, (uint8_t)(id >> 8));
	wr_u8(&w, (uint8_t)id);
	wr_raw(&w, message);
	return wr_end(&w, NULL);
}

/* ---- the checksum of the authenticator ------------------------------------- */

#define BINDINGS   16u
#define DELEGATION 1u /* the only option that there is */

/* Little-endian, as nothing else in a network is. */
static uint32_t
read_little(struct rd *r, size_t octets)
{
	uint32_t v = 0;

	for (size_t i = 0; i < octets; i++)
		v |= (uint32_t)rd_u8(r) << 8 * i;
	return v;
}

enum err
gsstoken_read_checksum(struct slice octets, struct gsstoken_checksum *sum)
{
	struct rd r = rd_from(octets);

	*sum = (struct gsstoken_checksum){0};
	if (read_little(&r, 4) != BINDINGS)
		rd_fail(&r, ERR_FORMAT);
	(void)rd_raw(&r, BINDINGS);
	sum->flags = read_little(&r, 4);
	if (sum->flags & GSSTOKEN_DELEGATES) {
		if (read_little(&r, 2) != DELEGATION)
			rd_fail(&r, ERR_FORMAT);
		sum->credentials = rd_raw(&r, read_little(&r, 2));
	}
	(void)rd_rest(&r); /* extensions: none that we know */
	return rd_end(&r);
}

/* ---- MICs ------------------------------------------------------------------- */

#define TOKEN_MIC    0x0404u
#define FLAGS_KNOWN  7u
#define FILLER       0xff
#define FILLER_COUNT 5

enum err
gsstoken_read_mic(struct slice token, struct gsstoken_mic *mic)
{
	struct rd r = rd_from(token);

	mic->header = slice_first(token, GSSTOKEN_MIC_HEADER);
	if (read_u16(&r) != TOKEN_MIC)
		rd_fail(&r, ERR_FORMAT);
	mic->flags = rd_u8(&r);
	if ((mic->flags & ~FLAGS_KNOWN) != 0)
		rd_fail(&r, ERR_FORMAT);
	for (int i = 0; i < FILLER_COUNT; i++)
		if (rd_u8(&r) != FILLER)
			rd_fail(&r, ERR_FORMAT);
	(void)rd_u64(&r); /* the sequence: one MIC is taken, and no other */
	mic->checksum = rd_rest(&r);
	if (mic->checksum.n == 0)
		rd_fail(&r, ERR_SHORT);
	return rd_end(&r);
}
