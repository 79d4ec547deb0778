#include "issued.h"

#include "sallyport/key/keyfile.h"
#include "sallyport/key/sig.h"

/* A name and, within a string, its value; NULL: without one. */
static void
put_option(struct wr *w, const char *name, const char *value)
{
	size_t mark;

	wr_cstr(w, name);
	mark = wr_begin(w);
	if (value != NULL)
		wr_cstr(w, value);
	wr_finish(w, mark);
}

static void
put_options(struct wr *w, const struct issued *c)
{
	size_t mark = wr_begin(w);

	if (c->command != NULL)
		put_option(w, "force-command", c->command);
	if (c->source != NULL)
		put_option(w, "source-address", c->source);
	if (c->critical != NULL)
		put_option(w, c->critical, NULL);
	wr_finish(w, mark);
	mark = wr_begin(w);
	if (c->extension != NULL)
		put_option(w, c->extension, NULL);
	wr_finish(w, mark);
}

static void
put_names(struct wr *w, const char *names)
{
	struct slice rest = slice_cstr(names), name;
	size_t mark = wr_begin(w);

	while (slice_next(&rest, ',', &name))
		wr_string(w, name);
	wr_finish(w, mark);
}

static void
put_signature(struct wr *w, const char *ca, struct slice tbs)
{
	SCOPED(buf_clear) struct buf file = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	uint8_t room[SIGN_RAW_MAX];
	struct raw_signature raw = {.octets = SLICE_NONE};
	const struct algo *alg;
	struct signer *s;

	fixture_read(ca, &file);
	ck_assert_int_eq(keyfile_parse(buf_slice(&file), &s), OK);
	alg =
	    algo_find(ALGO_CA, signer_type(s) == KEY_RSA
				   ? SLICE_STR("rsa-sha2-512")
				   : slice_cstr(key_wire_name(signer_type(s))));
	ck_assert_int_eq(signer_sign(s, alg->hash, tbs, room, &raw), OK);
	ck_assert_int_eq(sig_write(alg, &raw, &blob), OK);
	signer_free(s);
	wr_string(w, buf_slice(&blob));
}

void
issued_make(const struct issued *c, struct buf *blob)
{
	SCOPED(buf_clear) struct buf plain = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ca = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf tbs = FIXTURE_BUF;
	SCOPED(mem_free_at) char *type = NULL;
	struct wr w = wr_into(&tbs);
	struct slice name;
	struct rd r;

	fixture_blob(c->key, &plain);
	fixture_blob(c->ca, &ca);
	r = rd_from(buf_slice(&plain));
	name = rd_string(&r);
	type = mem_format("%.*s-cert-v01@openssh.com",
	    (int)slice_find(name, '@'), (const char *)name.p);
	wr_cstr(&w, type);
	wr_cstr(&w, "nonce");
	wr_raw(&w, rd_rest(&r));
	wr_u64(&w, c->serial);
	wr_u32(&w, c->kind);
	wr_cstr(&w, c->id);
	put_names(&w, c->names);
	wr_u64(&w, c->after);
	wr_u64(&w, c->before);
	put_options(&w, c);
	wr_cstr(&w, "");
	wr_string(&w, buf_slice(&ca));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(buf_append(blob, buf_slice(&tbs)), OK);
	w = wr_into(blob);
	put_signature(&w, c->ca, buf_slice(&tbs));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}
