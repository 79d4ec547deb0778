/*
 * ccache.c - delegated credentials as a file of the user's
 *
 * Made and removed with the user's rights: in /tmp, where anybody may have put
 * anything in its place. What is in it was written by the errand that took it
 * from the token, and is read by the user's programs alone.
 */
#include "monitor.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/creds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_NO_RIGHTS 255

static struct creds
user_of(const struct monitor *m)
{
	return (struct creds){.uid = m->account.uid,
	    .gid = m->account.gid,
	    .groups = m->account.groups,
	    .ngroups = m->account.ngroups};
}

/* A process between two users must not go on. */
static void
need(enum err e)
{
	if (e == OK)
		return;
	log_fatal("credential cache: %s: %s", err_sentence(e), strerror(errno));
	_exit(EXIT_NO_RIGHTS);
}

/* Mode 0600 by mkostemp. */
static bool
write_file(char *path, struct slice octets)
{
	SCOPED(io_close) int fd = mkostemp(path, 0);

	if (fd < 0) {
		log_error("credential cache %s: %s", path, strerror(errno));
		return false;
	}
	if (io_write_all(fd, octets) == OK)
		return true;
	log_error("credential cache %s: %s", path, strerror(errno));
	(void)unlink(path);
	return false;
}

void
ccache_store(struct monitor *m)
{
	struct creds user = user_of(m);
	char *path;
	bool written;

	if (m->ccache.n == 0)
		return;
	path = mem_format("/tmp/krb5cc_%lu_XXXXXX", (unsigned long)user.uid);
	need(creds_borrow(&user));
	written = write_file(path, buf_slice(&m->ccache));
	need(creds_return());
	buf_clear(&m->ccache);
	if (written) {
		m->ccache_name = mem_format("FILE:%s", path);
		log_debug1("delegated credentials are in %s", m->ccache_name);
	}
	mem_free(path);
}

void
ccache_destroy(struct monitor *m)
{
	struct creds user = user_of(m);
	const char *path;

	if (m->ccache_name == NULL)
		return;
	path = m->ccache_name + strlen("FILE:");
	need(creds_borrow(&user));
	if (unlink(path) != 0 && errno != ENOENT)
		log_info("credential cache %s: %s", path, strerror(errno));
	need(creds_return());
}
