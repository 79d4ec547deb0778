#include "sallyport/base/path.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The value of %letter; ERR_FORMAT where nobody knows it. */
static enum err
append_token(char letter, const struct path_token *tokens, struct buf *out)
{
	if (letter == '%')
		return buf_append_cstr(out, "%");
	for (; letter != '\0' && tokens->letter != '\0'; tokens++) {
		if (tokens->letter == letter)
			return buf_append_cstr(out, tokens->value);
	}
	return ERR_FORMAT;
}

enum err
path_expand(const char *template, const struct path_token *tokens,
    struct buf *out)
{
	struct slice rest = slice_cstr(template);
	enum err e;

	for (;;) {
		struct slice plain = slice_first(rest, slice_find(rest, '%'));
		char letter;

		if ((e = buf_append(out, plain)) != OK)
			return e;
		rest = slice_skip(rest, plain.n);
		if (rest.n == 0)
			return OK;
		letter = rest.n > 1 ? (char)rest.p[1] : '\0';
		if ((e = append_token(letter, tokens, out)) != OK)
			return e;
		rest = slice_skip(rest, 2);
	}
}

static bool
is_trusted(const struct stat *st, uid_t uid)
{
	return (st->st_uid == 0 || st->st_uid == uid) &&
	       (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Make a resolved path its parent's: "/a/b", "/a", "/". */
static void
to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	must(slash != NULL);
	slash[slash == path ? 1 : 0] = '\0';
}

enum err
path_trusted(int fd, const char *path, const char *home, uid_t uid, char *why,
    size_t size, bool *directory)
{
	SCOPED(mem_free_at) char *real = NULL;
	SCOPED(mem_free_at) char *top = NULL;
	struct stat st;

	*directory = false;
	snprintf(why, size, "%s", path);
	real = realpath(path, NULL);
	if (real == NULL)
		return ERR_SYSTEM;
	if (home != NULL)
		top = realpath(home, NULL);
	snprintf(why, size, "%s", real);
	if (fstat(fd, &st) != 0)
		return ERR_SYSTEM;
	if (!is_trusted(&st, uid))
		return ERR_DENIED;
	*directory = true;
	do {
		to_parent(real);
		snprintf(why, size, "%s", real);
		if (stat(real, &st) != 0)
			return ERR_SYSTEM;
		if (!is_trusted(&st, uid))
			return ERR_DENIED;
	} while (
	    strcmp(real, "/") != 0 && (top == NULL || strcmp(real, top) != 0));
	return OK;
}
