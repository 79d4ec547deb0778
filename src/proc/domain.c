/*
 * domain.c - SELinux: this process moves to another domain
 */
#include "sallyport/proc/domain.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <fcntl.h>
#include <unistd.h>

#define CONTEXT_MAX 4096 /* a page is all that the kernel shows */

/* user ":" role ":" type [":" level]; a level may have colons of its own. */
static enum err
with_type(struct slice context, const char *type, struct buf *out)
{
	size_t user = slice_find(context, ':');
	struct slice rest = slice_skip(context, user + 1);
	size_t role = slice_find(rest, ':');
	struct slice old = slice_skip(rest, role + 1);
	struct slice level = slice_skip(old, slice_find(old, ':'));
	enum err e;

	if (user == 0 || role == 0 || old.n == 0 || level.n == old.n)
		return ERR_FORMAT;
	e = buf_append(out, slice_first(context, user + 1 + role + 1));
	if (e == OK)
		e = buf_append_cstr(out, type);
	return e == OK ? buf_append(out, level) : e;
}

static enum err
read_present(const char *path, struct buf *out)
{
	SCOPED(io_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? ERR_SYSTEM : io_read_all(fd, CONTEXT_MAX, out);
}

/* The kernel's text may end with a NUL or a newline. */
static struct slice
trimmed(struct slice text)
{
	while (text.n > 0 && text.p[text.n - 1] <= ' ')
		text.n--;
	return text;
}

enum err
domain_change(const char *folder, const char *type)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/current", folder);
	SCOPED(buf_clear) struct buf present = BUF_LIMIT(CONTEXT_MAX);
	SCOPED(buf_clear) struct buf next = BUF_LIMIT(CONTEXT_MAX);
	SCOPED(io_close) int fd = -1;
	enum err e;

	if ((e = read_present(path, &present)) != OK ||
	    (e = with_type(trimmed(buf_slice(&present)), type, &next)) != OK)
		return e;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* in one piece, or not at all */
	if (fd < 0 || write(fd, next.p, next.n) != (ssize_t)next.n)
		return ERR_SYSTEM;
	return OK;
}
