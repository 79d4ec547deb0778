#include "known.h"

#include "search.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/key/knownline.h"

#define TEXT_MAX ((size_t)64 << 10)

struct look {
	const struct trial *t;
	struct slice host;
	struct slice blob; /* that a line must hold */
	bool revoked_only; /* it may speak against the key, not for it */
	const char *path;
	enum known found;
	char *at;
};

static void
found_at(struct look *l, enum known found, size_t line)
{
	l->found = found;
	mem_free(l->at);
	l->at = mem_format("%s:%zu", l->path, line);
}

/* The first line for it is told; one against it ends the search. */
static bool
on_line(void *ctx, struct slice text, size_t line)
{
	struct look *l = ctx;
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KNOWNLINE_MAX);
	enum known_marker wanted =
	    l->t->certified ? KNOWN_AUTHORITY : KNOWN_HOST;
	struct knownline k;

	if (knownline_parse(text, &blob, &k) != OK ||
	    !slice_equal(buf_slice(&blob), l->blob) ||
	    !knownline_names(&k, l->host))
		return false;
	if (k.marker == KNOWN_REVOKED) {
		found_at(l, KNOWN_NOT_ANY_MORE, line);
		return true;
	}
	if (k.marker == wanted && !l->revoked_only && l->found == KNOWN_NO)
		found_at(l, KNOWN_YES, line);
	return false;
}

/* ---- files -------------------------------------------------------------------- */

static void
unreadable(struct look *l, const struct keys_file *file, const char *why)
{
	log_error("%s: %s", file->path, why);
	mem_free(l->at);
	l->at = mem_strdup(file->path);
	l->found = KNOWN_UNREADABLE;
}

static void
look_into(struct look *l, const struct keys_file *file, struct slice base64)
{
	bool stopped;
	enum err e;

	l->path = file->path;
	e = search_file(file->fd, file->size, base64, on_line, l, &stopped);
	if (e != OK)
		unreadable(l, file, err_sentence(e));
}

static bool
is_over(const struct look *l)
{
	return l->found == KNOWN_NOT_ANY_MORE || l->found == KNOWN_UNREADABLE;
}

static void
look_into_all(struct look *l, enum files_kind kind, struct slice base64)
{
	const struct files *f = &l->t->k->files;

	for (size_t i = 0; i < f->n && !is_over(l); i++) {
		const struct keys_file *file = &f->v[i];

		if (file->kind != kind)
			continue;
		if (file->fault == NULL)
			look_into(l, file, base64);
		else if (!l->revoked_only)
			log_info("%s", file->fault);
	}
}

/* The certificate's own key may be revoked without its CA. */
static void
look_for_revoked_plain(struct look *l)
{
	SCOPED(buf_clear) struct buf line = BUF_LIMIT(TEXT_MAX);
	struct slice text;

	if (!l->t->certified || key_write_text(l->t->plain, &line) != OK)
		return;
	text = buf_slice(&line);
	text = slice_skip(text, slice_find(text, ' ') + 1);
	l->blob = l->t->plain;
	l->revoked_only = true;
	look_into_all(l, FILES_KNOWN, text);
	look_into_all(l, FILES_KNOWN_OLD, text);
}

/* ---- other keys of the host ------------------------------------------------------ */

static bool
names_another_key(struct slice text, struct slice host)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KNOWNLINE_MAX);
	struct slice one;

	while (slice_next(&text, '\n', &one)) {
		struct knownline k;

		if (one.n <= KNOWNLINE_MAX &&
		    knownline_parse(one, &blob, &k) == OK &&
		    k.marker == KNOWN_HOST && knownline_names(&k, host))
			return true;
	}
	return false;
}

/* Where known_hosts has another key for the host, that of the old file is the
 * one which it had before. */
static bool
is_superseded(const struct look *l)
{
	const struct files *f = &l->t->k->files;

	for (size_t i = 0; i < f->n && !l->t->certified; i++) {
		SCOPED(buf_clear) struct buf text = BUF_LIMIT(SEARCH_FILE_MAX);
		const struct keys_file *file = &f->v[i];

		if (file->kind != FILES_KNOWN || file->fault != NULL)
			continue;
		if (search_read(file->fd, file->size, &text) != OK ||
		    names_another_key(buf_slice(&text), l->host))
			return true;
	}
	return false;
}

enum known
known_look(struct trial *t, struct slice host, char **at)
{
	struct look l = {.t = t, .host = host, .blob = t->wanted};
	struct slice base64 = buf_slice(&t->base64);
	bool old;

	look_into_all(&l, FILES_KNOWN, base64);
	old = l.found == KNOWN_NO;
	if (!is_over(&l))
		look_into_all(&l, FILES_KNOWN_OLD, base64);
	if (old && l.found == KNOWN_YES && is_superseded(&l))
		l.found = KNOWN_NO;
	if (!is_over(&l))
		look_for_revoked_plain(&l);
	*at = take(&l.at);
	return l.found;
}
