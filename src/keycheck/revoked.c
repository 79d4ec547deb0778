#include "revoked.h"

#include "search.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/conf/conf.h"
#include "sallyport/key/krl.h"

#include <string.h>

/* ---- text: one public key a line -------------------------------------------- */

/* The name that stands before the letters is in them, too: a slip in either
 * would let a key pass that was meant to be revoked. */
static enum err
decode(struct slice line, struct buf *blob)
{
	struct slice name = text_field(&line);
	struct slice letters = text_field(&line);
	struct bytes room;
	size_t n;
	enum err e;

	buf_reset(blob);
	if ((e = buf_reserve(blob, letters.n / 4 * 3, &room)) != OK)
		return e;
	if ((e = text_unbase64(letters, room, &n)) != OK)
		return e;
	buf_filled(blob, n);
	return name.n > 0 && slice_equal(key_blob_type(buf_slice(blob)), name)
		   ? OK
		   : ERR_KEY_FORMAT;
}

/* A certificate in the list stands for its key. */
static enum err
make_plain(struct buf *blob)
{
	SCOPED(buf_clear) struct buf plain = BUF_LIMIT(KEY_BLOB_MAX * 2);
	struct cert c;
	struct key k;
	bool certificate;
	enum err e;

	/* of a type that we don't know, nobody can offer one */
	if (key_type_of(key_blob_type(buf_slice(blob)), &certificate) ==
	    KEY_NONE)
		return OK;
	if (!certificate)
		return key_parse(buf_slice(blob), &k);
	if ((e = cert_parse(buf_slice(blob), &c)) != OK ||
	    (e = key_write(&c.key, &plain)) != OK)
		return e;
	buf_reset(blob);
	return buf_append(blob, buf_slice(&plain));
}

static void
compare(const struct trial *t, struct slice blob, enum krl_hit *hit)
{
	if (slice_equal(blob, t->plain))
		*hit = KRL_KEY;
	else if (t->certified && *hit == KRL_NONE &&
		 slice_equal(blob, t->cert.ca_blob))
		*hit = KRL_CA;
}

/* *line: number of the one that is wrong. */
static enum err
check_lines(const struct trial *t, struct slice text, enum krl_hit *hit,
    size_t *line)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KEY_BLOB_MAX * 2);
	struct slice one;
	enum err e;

	*hit = KRL_NONE;
	for (*line = 1; slice_next(&text, '\n', &one); (*line)++) {
		one = text_trim(one);
		if (one.n == 0 || one.p[0] == '#')
			continue;
		if ((e = decode(one, &blob)) != OK ||
		    (e = make_plain(&blob)) != OK)
			return e;
		compare(t, buf_slice(&blob), hit);
	}
	return OK;
}

/* ---- files -------------------------------------------------------------------- */

/* Nothing is known about any key, so each counts as revoked. */
static bool
unknown(const struct trial *t, const struct keys_file *file, const char *why)
{
	log_error("Error checking authentication key %s in revoked keys file "
		  "%s: %s",
	    trial_name(t, false), file->path, why);
	return trial_refuse_by(t->k, RULE_REVOKED,
	    "revocation can't be checked");
}

static bool
tell(const struct trial *t, const struct keys_file *file, enum krl_hit hit)
{
	if (hit == KRL_NONE)
		return true;
	log_error("Authentication key %s revoked by file %s",
	    trial_name(t, hit == KRL_CA), file->path);
	return trial_refuse_by(t->k, RULE_REVOKED, "revoked");
}

static bool
is_clear_of_text(const struct trial *t, const struct keys_file *file,
    struct slice text)
{
	SCOPED(mem_free_at) char *why = NULL;
	enum krl_hit hit;
	size_t line;
	enum err e = check_lines(t, text, &hit, &line);

	if (e == OK)
		return tell(t, file, hit);
	why = mem_format("line %zu: %s", line, err_sentence(e));
	return unknown(t, file, why);
}

static bool
is_clear(const struct trial *t, const struct keys_file *file)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(REVOKED_MAX);
	enum krl_hit hit;
	enum err e;

	if (file->fd < 0)
		return unknown(t, file, strerror(file->why));
	if ((e = search_read(file->fd, file->size, &text)) != OK)
		return unknown(t, file, err_sentence(e));
	if (!krl_is_one(buf_slice(&text)))
		return is_clear_of_text(t, file, buf_slice(&text));
	e = krl_check(buf_slice(&text), t->plain,
	    t->certified ? &t->cert : NULL, &hit);
	return e == OK ? tell(t, file, hit) : unknown(t, file, err_sentence(e));
}

bool
revoked_by_none(const struct trial *t)
{
	size_t wanted = t->k->start->conf->revoked_keys.n;
	size_t asked = 0;

	for (size_t i = 0; i < t->k->files.n; i++) {
		const struct keys_file *file = &t->k->files.v[i];

		if (file->kind != FILES_REVOKED)
			continue;
		if (!is_clear(t, file))
			return false;
		asked++;
	}
	if (asked == wanted)
		return true;
	log_error("RevokedKeys names more files than can be opened");
	return trial_refuse_by(t->k, RULE_REVOKED,
	    "revocation can't be checked");
}
