/*
 * fixture.h - the test keys of tests/vectors/keys
 *
 * Names are those of the files there. Whatever goes wrong fails the test.
 */
#ifndef SALLYPORT_TESTS_KEY_FIXTURE_H
#define SALLYPORT_TESTS_KEY_FIXTURE_H

#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/key/authline.h"

#include <fcntl.h>
#include <stdio.h>

#define FIXTURE_BUF BUF_LIMIT((size_t)1 << 20)

/* Append a file. */
static inline void
fixture_read(const char *name, struct buf *out)
{
	SCOPED(mem_free_at) char *path = mem_format(VECTORS "/keys/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(io_read_all(fd, out->max, out), OK);
	io_close(&fd);
}

/* The blob in "NAME.pub". */
static inline void
fixture_blob(const char *name, struct buf *blob)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(mem_free_at) char *file = mem_format("%s.pub", name);
	struct authline a;

	fixture_read(file, &text);
	ck_assert_int_eq(authline_parse(buf_slice(&text), blob, &a), OK);
}

/*
 * Append the text of the private file that belongs to the FIDO key "NAME.pub":
 * what of it lies in the file is no secret, so it can be written here.
 */
static inline void
fixture_sk_file(const char *name, uint8_t flags, const char *handle,
    struct buf *out)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf secret = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf octets = FIXTURE_BUF;
	struct wr w = wr_into(&secret);
	char letters[4096];

	fixture_blob(name, &blob);
	wr_u32(&w, 7);
	wr_u32(&w, 7);
	wr_raw(&w, buf_slice(&blob));
	wr_u8(&w, flags);
	wr_cstr(&w, handle);
	wr_cstr(&w, ""); /* reserved */
	wr_cstr(&w, "a comment");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	for (uint8_t pad = 1; secret.n % 8 != 0; pad++)
		wr_u8(&w, pad);
	w = wr_into(&octets);
	wr_raw(&w, slice_make("openssh-key-v1", 15));
	wr_cstr(&w, "none");
	wr_cstr(&w, "none");
	wr_cstr(&w, "");
	wr_u32(&w, 1);
	wr_string(&w, buf_slice(&blob));
	wr_string(&w, buf_slice(&secret));
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	text_base64(buf_slice(&octets), true, letters, sizeof(letters));
	ck_assert_int_eq(buf_printf(out,
			     "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n"
			     "-----END OPENSSH PRIVATE KEY-----\n",
			     letters),
	    OK);
}

static inline void
fixture_unbase64(struct slice letters, struct buf *out)
{
	struct bytes room;
	size_t n;

	ck_assert_int_eq(buf_reserve(out, letters.n, &room), OK);
	ck_assert_int_eq(text_unbase64(letters, room, &n), OK);
	buf_filled(out, n);
}

/* A row of "signatures". */
struct fixture_sig {
	struct buf key; /* blob; empty for a "bad_" key's row until asked */
	char name[32];
	char alg[64];
	struct buf sig;
};

static inline void
fixture_sig_clear(struct fixture_sig *s)
{
	buf_clear(&s->key);
	buf_clear(&s->sig);
}

/* The message, and *rest set to the rows that follow it. text is kept. */
static inline void
fixture_message(struct buf *text, struct buf *message, struct slice *rest)
{
	struct slice line;

	buf_reset(message);
	fixture_read("signatures", text);
	*rest = buf_slice(text);
	ck_assert(slice_next(rest, '\n', &line));
	ck_assert(slice_starts(line, SLICE_STR("message ")));
	fixture_unbase64(slice_skip(line, 8), message);
}

/* The next row; false after the last. Clear it. */
static inline bool
fixture_next(struct slice *rest, struct fixture_sig *s)
{
	struct slice line, word;
	const char *key;

	*s = (struct fixture_sig){.key = FIXTURE_BUF, .sig = FIXTURE_BUF};
	if (!slice_next(rest, '\n', &line))
		return false;
	ck_assert(slice_next(&line, ' ', &word));
	ck_assert(slice_to_cstr(word, s->name, sizeof(s->name)));
	ck_assert(slice_next(&line, ' ', &word));
	ck_assert(slice_to_cstr(word, s->alg, sizeof(s->alg)));
	fixture_unbase64(line, &s->sig);
	key = strncmp(s->name, "bad_", 4) == 0 ? s->name + 4 : s->name;
	fixture_blob(key, &s->key);
	return true;
}

#endif
