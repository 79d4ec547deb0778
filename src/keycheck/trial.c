#include "trial.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/conf/conf.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX ((size_t)64 << 10)
#define WHY_MAX  640 /* with a path in it */
#define NAME_MAX 192 /* a type and the longest fingerprint */

static void __attribute__((format(printf, 3, 0)))
note(struct keycheck *k, enum judge_rule rule, const char *format, va_list ap)
{
	char text[WHY_MAX];

	vsnprintf(text, sizeof(text), format, ap);
	buf_reset(&k->why);
	(void)!buf_append_cstr(&k->why, text);
	k->rule = rule;
}

bool
trial_refuse_by(struct keycheck *k, enum judge_rule rule, const char *format,
    ...)
{
	va_list ap;

	va_start(ap, format);
	note(k, rule, format, ap);
	va_end(ap);
	return false;
}

bool
trial_refuse(struct keycheck *k, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	note(k, RULE_NONE, format, ap);
	va_end(ap);
	return false;
}

/* ---- names for the log ---------------------------------------------------- */

/* Nothing but "ED25519" where a hash fails. */
void
trial_name_key(const struct trial *t, const struct key *key, const char *more,
    struct buf *out)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KEY_BLOB_MAX);
	enum hash_id hash = (enum hash_id)t->k->start->conf->fingerprint_hash;

	if (buf_printf(out, "%s%s ", key_log_name(key->type), more) == OK &&
	    key_write(key, &blob) == OK)
		(void)!key_fingerprint(buf_slice(&blob), hash, out);
}

const char *
trial_name(const struct trial *t, bool ca)
{
	static char room[2][NAME_MAX];
	SCOPED(buf_clear) struct buf name = BUF_LIMIT(NAME_MAX - 1);
	char *text = room[ca];
	struct key key;

	if (ca && key_parse(t->cert.ca_blob, &key) == OK)
		trial_name_key(t, &key, "", &name);
	else if (!ca)
		trial_name_key(t, &t->key, t->certified ? "-CERT" : "", &name);
	(void)slice_to_cstr(buf_slice(&name), text, NAME_MAX);
	return text;
}

/* "ED25519-CERT SHA256:… ID alice (serial 7) CA ED25519 SHA256:…" */
void
trial_name_whole(const struct trial *t, struct buf *out)
{
	trial_name_key(t, &t->key, t->certified ? "-CERT" : "", out);
	if (t->certified)
		(void)!buf_printf(out, " ID %s (serial %llu) CA %s",
		    log_quote(t->cert.id), (unsigned long long)t->cert.serial,
		    trial_name(t, true));
}

/* ---- the blob --------------------------------------------------------------- */

static enum err
parse_certificate(struct trial *t)
{
	enum err e = cert_parse(t->req->blob, &t->cert);

	if (e != OK)
		return e;
	t->key = t->cert.key;
	if ((e = key_write(&t->key, &t->plain_room)) != OK)
		return e;
	t->plain = buf_slice(&t->plain_room);
	t->wanted = t->cert.ca_blob;
	return OK;
}

static enum err
parse_plain(struct trial *t)
{
	t->plain = t->req->blob;
	t->wanted = t->req->blob;
	return key_parse(t->req->blob, &t->key);
}

static enum err
encode(struct trial *t)
{
	SCOPED(buf_clear) struct buf line = BUF_LIMIT(TEXT_MAX);
	struct slice text;
	enum err e = key_write_text(t->wanted, &line);

	if (e != OK)
		return e;
	text = buf_slice(&line);
	return buf_append(&t->base64,
	    slice_skip(text, slice_find(text, ' ') + 1));
}

bool
trial_init(struct trial *t, struct keycheck *k, const struct judge_req *req)
{
	enum err e;

	*t = (struct trial){.k = k,
	    .req = req,
	    .alg = algo_find(ALGO_KEY, req->alg),
	    .plain_room = BUF_LIMIT(KEY_BLOB_MAX * 2),
	    .base64 = BUF_LIMIT(TEXT_MAX)};
	if (key_type_of(key_blob_type(req->blob), &t->certified) == KEY_NONE)
		return trial_refuse(k, "unknown type of key");
	e = t->certified ? parse_certificate(t) : parse_plain(t);
	if (e != OK)
		return trial_refuse(k, "%s: %s",
		    t->certified ? "certificate" : "key", err_sentence(e));
	if ((e = encode(t)) != OK)
		return trial_refuse(k, "key: %s", err_sentence(e));
	return true;
}

void
trial_clear(struct trial *t)
{
	buf_clear(&t->plain_room);
	buf_clear(&t->base64);
}
