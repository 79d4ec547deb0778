/*
 * fake_selinux.c - what the daemon uses of libselinux.so.1, played
 *
 * Built as a shared library for tests where no SELinux is. In a folder, the one
 * that FAKE_SELINUX names or /etc/fake-selinux, each call that asks or tells
 * something becomes a line of the file "calls", with the real uid at its end;
 * the file "how" tells in words what fails or is otherwise:
 *
 *     off         SELinux isn't enabled
 *     module      something set an exec context before
 *     no-seuser no-context no-exec no-keys no-class no-file no-relabel
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALL __attribute__((visibility("default")))

int is_selinux_enabled(void);
void freecon(char *context);
int getseuserbyname(const char *user, char **seuser, char **level);
int get_default_context_with_level(const char *seuser, const char *level,
    const char *from, char **context);
int get_default_context_with_rolelevel(const char *seuser, const char *role,
    const char *level, const char *from, char **context);
int getexeccon(char **context);
int setexeccon(const char *context);
int setkeycreatecon(const char *context);
int fgetfilecon(int fd, char **context);
int fsetfilecon(int fd, const char *context);
unsigned short string_to_security_class(const char *name);
int security_compute_relabel(const char *subject, const char *object,
    unsigned short class, char **context);

static FILE *
open_file(const char *name, const char *mode)
{
	const char *folder = getenv("FAKE_SELINUX");
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s",
	    folder != NULL ? folder : "/etc/fake-selinux", name);
	return fopen(path, mode);
}

static int
is(const char *word)
{
	FILE *f = open_file("how", "re");
	char words[256] = "";

	if (f == NULL)
		return 0;
	if (fgets(words, sizeof(words), f) == NULL)
		words[0] = '\0';
	fclose(f);
	return strstr(words, word) != NULL;
}

__attribute__((format(printf, 1, 2))) static void
note(const char *format, ...)
{
	FILE *f = open_file("calls", "ae");
	va_list args;

	if (f == NULL)
		return;
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fprintf(f, " %u\n", (unsigned int)getuid());
	fclose(f);
}

static int
result(const char *failure)
{
	errno = EACCES;
	return is(failure) ? -1 : 0;
}

__attribute__((format(printf, 2, 3))) static int
give(char **out, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(out, format, args);
	va_end(args);
	return n < 0 ? -1 : 0;
}

CALL int
is_selinux_enabled(void)
{
	return is("off") ? 0 : 1;
}

CALL void
freecon(char *context)
{
	free(context);
}

CALL int
getseuserbyname(const char *user, char **seuser, char **level)
{
	note("seuser %s", user);
	if (result("no-seuser") != 0)
		return -1;
	return give(seuser, "%s_u", user) | give(level, "s0-s0:c0.c9");
}

CALL int
get_default_context_with_level(const char *seuser, const char *level,
    const char *from, char **context)
{
	(void)from;
	if (result("no-context") != 0)
		return -1;
	return give(context, "%s:default_r:user_t:%s", seuser, level);
}

CALL int
get_default_context_with_rolelevel(const char *seuser, const char *role,
    const char *level, const char *from, char **context)
{
	(void)from;
	if (result("no-context") != 0)
		return -1;
	return give(context, "%s:%s:role_t:%s", seuser, role, level);
}

CALL int
getexeccon(char **context)
{
	*context = NULL;
	return is("module") ? give(context, "module_u:r:t:s0") : 0;
}

CALL int
setexeccon(const char *context)
{
	note("exec %s", context);
	return result("no-exec");
}

CALL int
setkeycreatecon(const char *context)
{
	note("keys %s", context != NULL ? context : "none");
	return result("no-keys");
}

CALL int
fgetfilecon(int fd, char **context)
{
	(void)fd;
	return result("no-file") != 0 ? -1
				      : give(context, "u:object_r:devpts_t:s0");
}

CALL int
fsetfilecon(int fd, const char *context)
{
	note("file %s %s", isatty(fd) ? "tty" : "other", context);
	return 0;
}

CALL unsigned short
string_to_security_class(const char *name)
{
	return is("no-class") ? 0 : (unsigned short)strlen(name);
}

CALL int
security_compute_relabel(const char *subject, const char *object,
    unsigned short class, char **context)
{
	note("relabel %s %s %u", subject, object, (unsigned int)class);
	if (result("no-relabel") != 0)
		return -1;
	return give(context, "u:object_r:user_devpts_t:s0");
}
