#include "sallyport/key/krl.h"

#include "sallyport/crypto/hash.h"

#define MAGIC         SLICE_STR("SSHKRL\n\0")
#define VERSION       1
#define SHA1_OCTETS   20
#define SHA256_OCTETS 32

enum {
	SECTION_CERTIFICATES = 1,
	SECTION_KEYS = 2,
	SECTION_SHA1 = 3,
	SECTION_SIGNATURE = 4,
	SECTION_SHA256 = 5,
	SECTION_EXTENSION = 255,

	CERT_SERIALS = 0x20,
	CERT_RANGE = 0x21,
	CERT_BITMAP = 0x22,
	CERT_IDS = 0x23,
	CERT_EXTENSION = 0x39
};

/* A plain key as the lists might name it. */
struct named {
	struct slice blob;
	uint8_t sha1[HASH_MAX];
	uint8_t sha256[HASH_MAX];
	bool hit;
};

struct look {
	struct named keys[2]; /* the key; the CA of its certificate */
	size_t nkeys;
	const struct cert *cert;
	bool cert_hit;
};

bool
krl_is_one(struct slice text)
{
	return slice_starts(text, MAGIC);
}

static enum err
look_for(struct look *l, struct slice blob)
{
	struct named *n = &l->keys[l->nkeys++];
	enum err e;

	n->blob = blob;
	if ((e = hash_once(HASH_SHA1, blob, n->sha1)) != OK)
		return e;
	return hash_once(HASH_SHA256, blob, n->sha256);
}

/* Critical is what must be understood, and nothing is yet. */
static enum err
on_extension(struct slice body)
{
	struct rd r = rd_from(body);
	bool critical;

	(void)rd_string(&r); /* name */
	critical = rd_bool(&r);
	(void)rd_string(&r); /* contents */
	if (rd_end(&r) != OK)
		return rd_end(&r);
	return critical ? ERR_UNSUPPORTED : OK;
}

/* ---- keys ---------------------------------------------------------------- */

static enum err
on_keys(struct look *l, struct slice body)
{
	struct rd r = rd_from(body);

	while (rd_status(&r) == OK && r.left.n > 0) {
		struct slice blob = rd_string(&r);

		for (size_t i = 0; i < l->nkeys; i++)
			if (slice_equal(blob, l->keys[i].blob))
				l->keys[i].hit = true;
	}
	return rd_end(&r);
}

static enum err
on_hashes(struct look *l, struct slice body, size_t octets)
{
	struct rd r = rd_from(body);

	while (rd_status(&r) == OK && r.left.n > 0) {
		struct slice hash = rd_string(&r);

		if (hash.n != octets)
			rd_fail(&r, ERR_FORMAT);
		for (size_t i = 0; i < l->nkeys; i++) {
			const struct named *n = &l->keys[i];
			const uint8_t *ours =
			    octets == SHA1_OCTETS ? n->sha1 : n->sha256;

			if (slice_equal(hash, slice_make(ours, octets)))
				l->keys[i].hit = true;
		}
	}
	return rd_end(&r);
}

/* ---- certificates ---------------------------------------------------------- */

/* Compared as they stand: the octets of ours are turned instead. */
static enum err
on_serials(struct slice data, uint64_t serial, bool *hit)
{
	uint64_t wanted = __builtin_bswap64(serial);
	bool found = false;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	wanted = serial;
#endif
	if (data.n % sizeof(wanted) != 0)
		return ERR_SHORT;
	for (; data.n > 0; data = slice_skip(data, sizeof(wanted))) {
		uint64_t one;

		memcpy(&one, data.p, sizeof(one));
		found |= one == wanted;
	}
	*hit |= found;
	return OK;
}

static enum err
on_range(struct slice data, uint64_t serial, bool *hit)
{
	struct rd r = rd_from(data);
	uint64_t first = rd_u64(&r);
	uint64_t last = rd_u64(&r);

	if (first > last)
		rd_fail(&r, ERR_FORMAT);
	*hit |= first <= serial && serial <= last;
	return rd_end(&r);
}

/* Number of the highest bit of a magnitude, which isn't empty. */
static uint64_t
top_bit(struct slice bits)
{
	uint64_t n = ((uint64_t)bits.n - 1) * 8;

	for (unsigned int first = bits.p[0]; first > 1; first >>= 1)
		n++;
	return n;
}

/* Bit n of a magnitude, from the least one; false above the highest. */
static bool
has_bit(struct slice bits, uint64_t n)
{
	uint64_t octet = n / 8;

	return octet < bits.n &&
	       (bits.p[bits.n - 1 - (size_t)octet] >> (n % 8) & 1) != 0;
}

static enum err
on_bitmap(struct slice data, uint64_t serial, bool *hit)
{
	struct rd r = rd_from(data);
	uint64_t offset = rd_u64(&r);
	struct slice bits = rd_mpint(&r, data.n);

	/* no serial comes after the last */
	if (bits.n > 0 && offset > UINT64_MAX - top_bit(bits))
		rd_fail(&r, ERR_FORMAT);
	*hit |= serial >= offset && has_bit(bits, serial - offset);
	return rd_end(&r);
}

static enum err
on_ids(struct slice data, struct slice id, bool *hit)
{
	struct rd r = rd_from(data);

	while (rd_status(&r) == OK && r.left.n > 0)
		*hit |= slice_equal(rd_string(&r), id);
	return rd_end(&r);
}

/* What the subsections say of one certificate. */
struct claims {
	bool by_id;
	bool by_serial;
};

static enum err
on_subsection(const struct look *l, uint8_t type, struct slice data,
    struct claims *claims)
{
	uint64_t serial = l->cert != NULL ? l->cert->serial : 0;
	struct slice id = l->cert != NULL ? l->cert->id : SLICE_NONE;

	switch (type) {
	case CERT_SERIALS:
		return on_serials(data, serial, &claims->by_serial);
	case CERT_RANGE:
		return on_range(data, serial, &claims->by_serial);
	case CERT_BITMAP:
		return on_bitmap(data, serial, &claims->by_serial);
	case CERT_IDS:
		return on_ids(data, id, &claims->by_id);
	case CERT_EXTENSION:
		return on_extension(data);
	default:
		return ERR_UNSUPPORTED;
	}
}

/* A key of a type that we don't know signed nothing of ours. */
static enum err
check_ca(struct slice blob)
{
	struct key k;
	enum err e = blob.n == 0 ? OK : key_parse(blob, &k);

	return e == ERR_UNKNOWN_ALGO ? OK : e;
}

static enum err
on_certificates(struct look *l, struct slice body)
{
	struct rd r = rd_from(body);
	struct slice ca = rd_string(&r);
	struct claims claims = {false, false};
	enum err e;

	(void)rd_string(&r); /* reserved */
	if (rd_status(&r) != OK)
		return rd_status(&r);
	if ((e = check_ca(ca)) != OK)
		return e;
	while (r.left.n > 0) {
		uint8_t type = rd_u8(&r);
		struct slice data = rd_string(&r);

		if (rd_status(&r) != OK)
			return rd_status(&r);
		if ((e = on_subsection(l, type, data, &claims)) != OK)
			return e;
	}
	if (l->cert == NULL || (ca.n > 0 && !slice_equal(ca, l->cert->ca_blob)))
		return OK;
	/* serial 0 is what a certificate without a serial has */
	l->cert_hit |=
	    claims.by_id || (claims.by_serial && l->cert->serial != 0);
	return OK;
}

/* ---- the whole --------------------------------------------------------------- */

static enum err
on_section(struct look *l, uint8_t type, struct slice body)
{
	switch (type) {
	case SECTION_CERTIFICATES:
		return on_certificates(l, body);
	case SECTION_KEYS:
		return on_keys(l, body);
	case SECTION_SHA1:
		return on_hashes(l, body, SHA1_OCTETS);
	case SECTION_SHA256:
		return on_hashes(l, body, SHA256_OCTETS);
	case SECTION_EXTENSION:
		return on_extension(body);
	case SECTION_SIGNATURE: /* by whom? Nobody can tell us */
	default:
		return ERR_UNSUPPORTED;
	}
}

static enum err
read_head(struct rd *r)
{
	bool ours = slice_equal(rd_raw(r, MAGIC.n), MAGIC);
	uint32_t version = rd_u32(r);

	(void)rd_u64(r);    /* version of the list */
	(void)rd_u64(r);    /* when it was made */
	(void)rd_u64(r);    /* flags: none is defined */
	(void)rd_string(r); /* reserved */
	(void)rd_string(r); /* comment */
	if (rd_status(r) != OK)
		return rd_status(r);
	if (!ours)
		return ERR_FORMAT;
	return version == VERSION ? OK : ERR_UNSUPPORTED;
}

static enum err
walk(struct look *l, struct slice list)
{
	struct rd r = rd_from(list);
	enum err e = read_head(&r);

	while (e == OK && r.left.n > 0) {
		uint8_t type = rd_u8(&r);
		struct slice body = rd_string(&r);

		e = rd_status(&r);
		if (e == OK)
			e = on_section(l, type, body);
	}
	return e;
}

enum err
krl_check(struct slice list, struct slice plain, const struct cert *cert,
    enum krl_hit *hit)
{
	struct look l = {.cert = cert};
	enum err e;

	*hit = KRL_NONE;
	if ((e = look_for(&l, plain)) != OK)
		return e;
	if (cert != NULL && (e = look_for(&l, cert->ca_blob)) != OK)
		return e;
	if ((e = walk(&l, list)) != OK)
		return e;
	if (l.keys[0].hit || l.cert_hit)
		*hit = KRL_KEY;
	else if (l.nkeys > 1 && l.keys[1].hit)
		*hit = KRL_CA;
	return OK;
}
