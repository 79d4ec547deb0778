#include "hostkeys.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/key/authline.h"
#include "sallyport/key/cert.h"
#include "sallyport/key/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULE        "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"
#define PATH_OCTETS 4096

/* ---- files ------------------------------------------------------------ */

/* Ours, and open to others: who could read it may have. Files of another
 * account are that one's to keep. */
static bool
is_exposed(const struct stat *st)
{
	return st->st_uid == getuid() && (st->st_mode & 077) != 0;
}

static void
tell_exposed(const char *path, const struct stat *st)
{
	log_error(RULE);
	log_error(
	    "@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @");
	log_error(RULE);
	log_error("Permissions 0%3.3o for '%s' are too open.",
	    (unsigned int)(st->st_mode & 0777), path);
}

/* Read a regular file whole. ERR_KEY_MODES if it is private and exposed. */
static enum err
read_file(const char *path, bool private, struct buf *text)
{
	SCOPED(io_close) int fd = -1;
	struct stat st;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return ERR_SYSTEM;
	if (!S_ISREG(st.st_mode))
		return ERR_KEY_FORMAT;
	if (private && is_exposed(&st)) {
		tell_exposed(path, &st);
		return ERR_KEY_MODES;
	}
	return io_read_all(fd, text->max, text);
}

static const char *
reason(enum err e)
{
	return e == ERR_SYSTEM ? strerror(errno) : err_sentence(e);
}

/* ---- private keys ----------------------------------------------------- */

static enum err
take_signer(struct slice text, struct hostkey *new, struct key *k)
{
	enum err e = keyfile_parse(text, &new->signer);

	if (e != OK)
		return e;
	key_of_signer(new->signer, k);
	return key_write(k, &new->blob);
}

static enum err
take_fido(struct slice text, struct hostkey *new, struct key *k)
{
	struct keyfile_sk sk;
	enum err e = keyfile_parse_sk(text, &sk);

	new->blob = sk.blob;
	new->handle = sk.handle;
	new->fido_flags = sk.flags;
	return e == OK ? key_parse(buf_slice(&new->blob), k) : e;
}

static enum err
read_key(const char *path, bool fido, struct hostkey *new)
{
	SCOPED(buf_clear) struct buf text = BUF_SECRET(KEYFILE_MAX);
	struct key k;
	enum err e;

	if ((e = read_file(path, true, &text)) != OK)
		return e;
	e = take_signer(buf_slice(&text), new, &k);
	if (e == ERR_UNKNOWN_ALGO && fido)
		e = take_fido(buf_slice(&text), new, &k);
	if (e != OK)
		return e;
	new->type = k.type;
	return key_check(&k, SIGN_RSA_BITS_MIN);
}

static void
clear_key(struct hostkey *k)
{
	signer_free(k->signer);
	buf_clear(&k->blob);
	buf_clear(&k->handle);
}

/* ---- keys of an agent ------------------------------------------------- */

/* The first line that holds a key at all. */
static enum err
read_public(const char *path, struct buf *blob)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(KEYFILE_MAX);
	enum err e = read_file(path, false, &text);
	struct slice rest = buf_slice(&text);
	struct slice line;
	struct authline a;

	if (e != OK)
		return e;
	while (slice_next(&rest, '\n', &line)) {
		e = authline_parse(line, blob, &a);
		if (e != ERR_NOT_FOUND)
			return e == OK ? OK : ERR_KEY_FORMAT;
	}
	return ERR_KEY_FORMAT;
}

static enum err
read_agent_key(const char *path, struct hostkey *new)
{
	struct key k;
	enum err e;

	new->blob = BUF_LIMIT(AUTHLINE_MAX);
	if ((e = read_public(path, &new->blob)) != OK ||
	    (e = key_parse(buf_slice(&new->blob), &k)) != OK)
		return e;
	new->type = k.type;
	new->in_agent = true;
	return key_check(&k, SIGN_RSA_BITS_MIN);
}

/* A private key that is there needs no agent. */
static enum err
read_either(const char *path, bool fido, struct hostkey *new)
{
	SCOPED(mem_free_at) char *public = mem_format("%s.pub", path);
	struct hostkey other = {.number = new->number};
	enum err e = read_agent_key(path, &other);
	int error;

	if (e != OK) {
		clear_key(&other);
		if ((e = read_key(path, fido, new)) == OK)
			return OK;
		error = errno;
		other = (struct hostkey){.number = new->number};
		if (read_agent_key(public, &other) != OK) {
			clear_key(&other);
			errno = error;
			return e;
		}
		clear_key(new);
	}
	*new = other;
	return OK;
}

/* Nobody chose the default ones: that they are missing says nothing. */
static void
tell_unloaded(const char *path, bool configured, enum err e)
{
	enum log_level level = configured ? LEVEL_ERROR : LEVEL_DEBUG1;

	if (e != ERR_SYSTEM || errno != ENOENT)
		log_at(level, "Unable to load host key \"%s\": %s", path,
		    reason(e));
	log_at(level, "Unable to load host key: %s", path);
}

static void
load_key(struct hostkeys *h, const char *path, bool configured, bool fido,
    bool agent)
{
	struct hostkey new = {.number = (uint32_t)h->nkeys};
	enum err e =
	    agent ? read_either(path, fido, &new) : read_key(path, fido, &new);

	if (e != OK) {
		clear_key(&new);
		tell_unloaded(path, configured, e);
		return;
	}
	h->keys = mem_resize(h->keys, h->nkeys, h->nkeys + 1, sizeof(*h->keys));
	h->keys[h->nkeys++] = new;
	log_debug1("host key #%u: %s %s", (unsigned int)new.number,
	    key_wire_name(new.type), path);
}

/* ---- certificates ----------------------------------------------------- */

/* A host's certificate, and nothing else. */
static enum err
read_certificate(const char *path, struct buf *blob, struct cert *c)
{
	enum err e = read_public(path, blob);

	if (e == OK)
		e = cert_parse(buf_slice(blob), c);
	if (e == OK && c->kind != CERT_HOST)
		e = ERR_KEY_TYPE;
	return e == OK || e == ERR_KEY_TYPE || e == ERR_SYSTEM ? e
							       : ERR_KEY_FORMAT;
}

static const struct hostkey *
find_blob(const struct hostkeys *h, struct slice blob)
{
	for (size_t i = 0; i < h->nkeys; i++)
		if (slice_equal(buf_slice(&h->keys[i].blob), blob))
			return &h->keys[i];
	return NULL;
}

static void
load_certificate(struct hostkeys *h, const char *path)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);
	SCOPED(buf_clear) struct buf plain = BUF_LIMIT(KEY_BLOB_MAX);
	const struct hostkey *key;
	struct cert c;
	enum err e = read_certificate(path, &blob, &c);

	if (e == OK)
		e = key_write(&c.key, &plain);
	if (e != OK) {
		log_error("Could not load host certificate \"%s\": %s", path,
		    reason(e));
		return;
	}
	if ((key = find_blob(h, buf_slice(&plain))) == NULL) {
		log_error("No matching private key for certificate: %s", path);
		return;
	}
	h->certs =
	    mem_resize(h->certs, h->ncerts, h->ncerts + 1, sizeof(*h->certs));
	h->certs[h->ncerts++] = (struct hostcert){key->number, blob};
	blob = BUF_EMPTY;
	log_debug1("host certificate of #%u: %s", (unsigned int)key->number,
	    path);
}

/* ---- all of them ------------------------------------------------------ */

enum err
hostkeys_load(struct hostkeys *h, struct slice paths, struct slice certificates,
    bool fido, bool agent)
{
	char path[PATH_OCTETS];
	struct rd r = rd_from(paths);

	*h = (struct hostkeys){.keys = NULL};
	while (r.left.n > 0 && rd_status(&r) == OK) {
		bool fits = slice_to_cstr(rd_string(&r), path, sizeof(path));
		bool configured = slice_is(rd_string(&r), "c");

		if (rd_status(&r) == OK && fits)
			load_key(h, path, configured, fido, agent);
	}
	if (rd_end(&r) != OK)
		return ERR_RPC;
	r = rd_from(certificates);
	while (r.left.n > 0 && rd_status(&r) == OK)
		if (slice_to_cstr(rd_string(&r), path, sizeof(path)))
			load_certificate(h, path);
	return rd_end(&r) == OK ? OK : ERR_RPC;
}

static void
write_entry(struct wr *w, uint32_t number, bool certificate,
    const struct buf *blob)
{
	wr_u32(w, number);
	wr_bool(w, certificate);
	wr_string(w, key_blob_type(buf_slice(blob)));
	wr_string(w, buf_slice(blob));
}

enum err
hostkeys_list(const struct hostkeys *h, struct buf *out)
{
	struct wr w = wr_into(out);

	for (size_t i = 0; i < h->nkeys; i++) {
		write_entry(&w, h->keys[i].number, false, &h->keys[i].blob);
		for (size_t j = 0; j < h->ncerts; j++)
			if (h->certs[j].number == h->keys[i].number)
				write_entry(&w, h->certs[j].number, true,
				    &h->certs[j].blob);
	}
	return wr_end(&w, NULL);
}

const struct hostkey *
hostkeys_find(const struct hostkeys *h, uint32_t number)
{
	return number < h->nkeys ? &h->keys[number] : NULL;
}

bool
hostkeys_has_fido(const struct hostkeys *h)
{
	for (size_t i = 0; i < h->nkeys; i++)
		if (h->keys[i].signer == NULL && !h->keys[i].in_agent)
			return true;
	return false;
}

void
hostkeys_clear(struct hostkeys *h)
{
	for (size_t i = 0; i < h->nkeys; i++)
		clear_key(&h->keys[i]);
	for (size_t i = 0; i < h->ncerts; i++)
		buf_clear(&h->certs[i].blob);
	mem_free(h->keys);
	mem_free(h->certs);
	*h = (struct hostkeys){.keys = NULL};
}
