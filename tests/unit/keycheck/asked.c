#include "asked.h"

#include "sallyport/key/keyfile.h"
#include "sallyport/key/sig.h"

void
asked_init(struct asked *a, const char *name, const char *alg)
{
	*a = (struct asked){.blob = FIXTURE_BUF, .sig = FIXTURE_BUF};
	fixture_blob(name, &a->blob);
	a->req.alg = slice_cstr(alg);
	a->req.blob = buf_slice(&a->blob);
	a->req.session_id = ASKED_SESSION;
	a->req.output.fd = -1;
	a->req.user = SLICE_STR("alice:style");
}

void
asked_clear(struct asked *a)
{
	buf_clear(&a->blob);
	buf_clear(&a->sig);
}

void
asked_data(const struct asked *a, struct buf *data)
{
	struct wr w = wr_into(data);

	wr_string(&w, a->req.session_id);
	wr_u8(&w, 50);
	wr_string(&w, a->req.user);
	wr_cstr(&w, "ssh-connection");
	wr_cstr(&w, a->req.hostbased   ? "hostbased"
		    : a->req.hostbound ? "publickey-hostbound-v00@openssh.com"
				       : "publickey");
	if (!a->req.hostbased)
		wr_u8(&w, 1);
	wr_string(&w, a->req.alg);
	wr_string(&w, a->req.blob);
	if (a->req.hostbound)
		wr_string(&w, a->req.hostkey);
	if (a->req.hostbased) {
		wr_string(&w, a->req.client_host);
		wr_string(&w, a->req.client_user);
	}
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

void
asked_sign(struct asked *a, const char *name)
{
	const struct algo *alg = algo_find(ALGO_KEY, a->req.alg);
	SCOPED(buf_clear) struct buf file = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf data = FIXTURE_BUF;
	uint8_t room[SIGN_RAW_MAX];
	struct raw_signature raw = {.octets = SLICE_NONE};
	struct signer *s;

	fixture_read(name, &file);
	asked_data(a, &data);
	ck_assert_int_eq(keyfile_parse(buf_slice(&file), &s), OK);
	ck_assert_int_eq(signer_sign(s, alg->hash, buf_slice(&data), room,
			     &raw),
	    OK);
	buf_reset(&a->sig);
	/* the name inside is never a certificate's */
	alg = algo_find(ALGO_CA, slice_cstr(alg->plain));
	ck_assert_int_eq(sig_write(alg, &raw, &a->sig), OK);
	signer_free(s);
	a->req.has_sig = true;
	a->req.sig = buf_slice(&a->sig);
}
