/*
 * title.c - the process title that ps and top show
 *
 * The kernel shows the memory in which it put argv and, behind it, environ.
 * So both are copied elsewhere at start, and that memory is ours to write. A
 * re-exec'd process has a short argv; spawn.c puts room behind it.
 */
#include "sallyport/proc/title.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/slice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NAME "sshd" /* whatever the file is called: tools look for it */

static struct bytes area;

void
title_comm(void)
{
	prctl(PR_SET_NAME, NAME, 0, 0, 0);
}

/* Copy a string elsewhere; if it lies behind the area, it belongs to it. */
static char *
move_away(char *s)
{
	size_t n = strlen(s) + 1;

	if (area.p == NULL)
		area.p = (uint8_t *)s;
	if (area.p + area.n == (uint8_t *)s)
		area.n += n;
	return mem_strdup(s);
}

void
title_init(int argc, char **argv)
{
	char **copy;
	size_t n = 0;

	for (int i = 0; i < argc; i++)
		argv[i] = move_away(argv[i]);
	while (environ != NULL && environ[n] != NULL)
		n++;
	copy = mem_array(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = move_away(environ[i]);
	environ = copy;
	if (argc > 0)
		program_invocation_name = argv[0];
	program_invocation_short_name = mem_strdup(NAME);
}

void
title_set(const char *format, ...)
{
	int head, body;
	size_t used;
	va_list ap;

	title_comm();
	if (area.n < sizeof(NAME ": "))
		return;
	head = snprintf((char *)area.p, area.n, NAME ": ");
	va_start(ap, format);
	body =
	    vsnprintf((char *)area.p + head, area.n - (size_t)head, format, ap);
	va_end(ap);
	used = (size_t)head + (body > 0 ? (size_t)body : 0) + 1;
	if (used < area.n)
		memset(area.p + used, 0, area.n - used);
}
