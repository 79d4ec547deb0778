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
	struct slice rest = context, user, role, level;
	enum err e;

	if (!slice_next(&rest, ':', &user) || !slice_next(&rest, ':', &role) ||
	    user.n == 0 || role.n == 0)
		return ERR_FORMAT;
	level = slice_skip(rest, slice_find(rest, ':'));
	if (rest.n == 0 || level.n == rest.n)
		return ERR_FORMAT;
	e = buf_append(out, slice_first(context, user.n + 1 + role.n + 1));
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
