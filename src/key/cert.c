#include "sallyport/key/cert.h"

#include "sallyport/base/pattern.h"
#include "sallyport/key/sig.h"

#define ID_MAX ((size_t)16 << 10)

static enum err
check_principals(struct slice list)
{
	struct rd r = rd_from(list);

	for (size_t n = 0; rd_status(&r) == OK && r.left.n > 0; n++) {
		if (n == CERT_PRINCIPALS_MAX)
			return ERR_FULL;
		(void)rd_string(&r);
	}
	return rd_end(&r);
}

static enum err
check_options(struct slice list)
{
	struct rd r = rd_from(list);

	while (rd_status(&r) == OK && r.left.n > 0) {
		(void)rd_string(&r); /* name */
		(void)rd_string(&r); /* data */
	}
	return rd_end(&r);
}

/* A chain would let a CA's certificate say what a CA key may. */
static enum err
check_ca(struct slice blob)
{
	bool certificate;
	enum key_type type = key_type_of(key_blob_type(blob), &certificate);

	if (type == KEY_NONE)
		return ERR_UNKNOWN_ALGO;
	return certificate ? ERR_KEY_TYPE : OK;
}

static enum err
check_parts(const struct cert *c)
{
	enum err e;

	if (c->kind != CERT_USER && c->kind != CERT_HOST)
		return ERR_FORMAT;
	if ((e = check_principals(c->principals)) != OK)
		return e;
	if ((e = check_options(c->critical)) != OK)
		return e;
	if ((e = check_options(c->extensions)) != OK)
		return e;
	return check_ca(c->ca_blob);
}

enum err
cert_parse(struct slice blob, struct cert *c)
{
	struct rd r = rd_from(blob);
	bool certificate;
	enum key_type type = key_type_of(rd_string(&r), &certificate);

	*c = (struct cert){.key.type = KEY_NONE};
	if (rd_status(&r) != OK)
		return rd_status(&r);
	if (type == KEY_NONE || !certificate)
		return ERR_UNKNOWN_ALGO;
	(void)rd_string(&r); /* nonce: random, of no meaning */
	key_read_fields(&r, type, &c->key);
	c->serial = rd_u64(&r);
	c->kind = rd_u32(&r);
	c->id = rd_text(&r, ID_MAX);
	c->principals = rd_string(&r);
	c->valid_after = rd_u64(&r);
	c->valid_before = rd_u64(&r);
	c->critical = rd_string(&r);
	c->extensions = rd_string(&r);
	(void)rd_string(&r); /* reserved */
	c->ca_blob = rd_string(&r);
	c->tbs = slice_first(blob, blob.n - r.left.n);
	c->signature = rd_string(&r);
	return rd_end(&r) == OK ? check_parts(c) : rd_end(&r);
}

static bool
may_sign(const struct algo *alg, const char *ca_algorithms)
{
	if (ca_algorithms == NULL)
		return alg->hash != HASH_SHA1;
	return algo_list_has(slice_cstr(ca_algorithms), slice_cstr(alg->name));
}

enum err
cert_verify(const struct cert *c, const char *ca_algorithms,
    unsigned int rsa_bits_min)
{
	struct key ca;
	struct sig s;
	enum err e;

	if ((e = key_parse(c->ca_blob, &ca)) != OK)
		return e;
	if ((e = key_check(&ca, rsa_bits_min)) != OK)
		return e;
	if ((e = sig_parse(c->signature, &s)) != OK)
		return e;
	if (!may_sign(s.alg, ca_algorithms))
		return ERR_UNKNOWN_ALGO;
	return sig_verify(&ca, s.alg, &s, c->tbs);
}

bool
cert_is_valid_at(const struct cert *c, uint64_t wall)
{
	return c->valid_after <= wall &&
	       (wall < c->valid_before || c->valid_before == CERT_FOREVER);
}

bool
cert_names(const struct cert *c, struct slice name)
{
	struct rd r = rd_from(c->principals);

	while (rd_status(&r) == OK && r.left.n > 0)
		if (slice_equal(rd_string(&r), name))
			return rd_status(&r) == OK && name.n > 0;
	return false;
}

bool
cert_names_any(const struct cert *c, struct slice list)
{
	struct slice name;

	while (slice_next(&list, ',', &name))
		if (cert_names(c, name))
			return true;
	return false;
}

bool
cert_names_host(const struct cert *c, struct slice host)
{
	struct rd r = rd_from(c->principals);

	while (rd_status(&r) == OK && r.left.n > 0)
		if (pattern_match(rd_string(&r), host, true))
			return rd_status(&r) == OK && host.n > 0;
	return false;
}
