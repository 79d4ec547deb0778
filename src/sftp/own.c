/*
 * own.c - what this process must not tell about itself
 */
#include "inside.h"

#include "sallyport/base/text.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Is it one of the numbers that this process has, here or in a namespace? */
static bool
is_ours(const char *name, size_t n)
{
	char number[24];

	return snprintf(number, sizeof(number), "%ld", (long)getpid()) ==
		   (int)n &&
	       memcmp(number, name, n) == 0;
}

/*
 * Its path tells whose it is, wherever procfs is mounted. Where the path can't
 * be had, nothing of procfs is shown.
 */
bool
own_is(int fd)
{
	char link[40], path[4096];
	struct statfs fs;
	ssize_t n;

	if (fstatfs(fd, &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, path, sizeof(path) - 1)) <= 0)
		return true;
	path[n] = '\0';
	for (const char *at = path, *end; *at != '\0'; at = end) {
		at += strspn(at, "/");
		end = at + strcspn(at, "/");
		if (end > at && is_ours(at, (size_t)(end - at)))
			return true;
	}
	return false;
}
