/*
 * contexts.c - SELinux: the context of the user's programs and terminals
 *
 * The context is libselinux's answer for the account. The session's process
 * says it to the kernel while it is root and before a root directory of the
 * user's hides /proc; each program that it execs then starts there. A module
 * that said one before (pam_selinux) has decided.
 *
 * libselinux is loaded where SELinux is enabled, by the spawner. What is used
 * of it is declared here: so a build needs nothing of it, and its soname stands
 * for these types.
 */
#include "monitor.h"

#include "config.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SELINUX_LIBRARY "libselinux.so.1"
#define SELINUX_MOUNTED "/sys/fs/selinux/enforce"
#define TERMINAL_CLASS  "chr_file"
#define ROLE_MAX        128 /* more than policies have */

/* Strings that it gives are freed with freecon. */
/* clang-format off */
#define SELINUX_CALLS(C)                                                       \
	C(int,  is_selinux_enabled, (void))                                    \
	C(void, freecon, (char *context))                                      \
	C(int,  getseuserbyname,                                               \
	    (const char *user, char **seuser, char **level))                   \
	C(int,  get_default_context_with_level,                                \
	    (const char *seuser, const char *level, const char *from,          \
	    char **context))                                                   \
	C(int,  get_default_context_with_rolelevel,                            \
	    (const char *seuser, const char *role, const char *level,          \
	    const char *from, char **context))                                 \
	C(int,  getexeccon, (char **context))                                  \
	C(int,  setexeccon, (const char *context))                             \
	C(int,  setkeycreatecon, (const char *context))                        \
	C(int,  fgetfilecon, (int fd, char **context))                         \
	C(int,  fsetfilecon, (int fd, const char *context))                    \
	C(unsigned short, string_to_security_class, (const char *name))        \
	C(int,  security_compute_relabel,                                      \
	    (const char *subject, const char *object, unsigned short class,    \
	    char **context))
/* clang-format on */
#define MEMBER(type, name, arguments) type(*name) arguments;

/* Filled once, by the spawner before its first fork. */
static struct {
	enum { OFF, ON, BROKEN } state; /* broken: on, and not to be used */
	const char *enforce; /* a file: "1" where the policy is enforced */
	SELINUX_CALLS(MEMBER)
} lib;

/* ---- loading ------------------------------------------------------------ */

static bool
find_calls(void *so)
{
#define FIND(type, name, arguments)                                            \
	*(void **)(void *)&lib.name = dlsym(so, #name);                        \
	if (lib.name == NULL)                                                  \
		return false;
	SELINUX_CALLS(FIND)
	return true;
}

void
contexts_load(const char *library, const char *enforce)
{
	void *so = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	lib.enforce = enforce;
	lib.state = BROKEN;
	if (so == NULL || !find_calls(so)) {
		log_error("SELinux: %s", dlerror());
		return;
	}
	lib.state = lib.is_selinux_enabled() > 0 ? ON : OFF;
	if (lib.state == OFF)
		dlclose(so);
}

void
contexts_warm(void)
{
#ifdef WITH_SELINUX
	if (access(SELINUX_MOUNTED, F_OK) == 0)
		contexts_load(SELINUX_LIBRARY, SELINUX_MOUNTED);
#endif
}

/* ---- whose -------------------------------------------------------------- */

static bool
is_role(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') &&
		    (c < 'a' || c > 'z') && c != '_' && c != '-' && c != '.')
			return false;
	}
	return text.n > 0 && text.n <= ROLE_MAX;
}

char *
contexts_role(struct slice *user)
{
	size_t slash = slice_find(*user, '/');
	struct slice role = slice_skip(*user, slash + 1);

	if (lib.state != ON || slash == user->n)
		return NULL;
	role = slice_first(role, slice_find(role, ':'));
	if (!is_role(role))
		return NULL; /* there is no account of such a name */
	*user = slice_first(*user, slash);
	return mem_text(role);
}

/* Whoever can't tell enforces. */
static bool
is_enforcing(void)
{
	SCOPED(io_close) int fd = open(lib.enforce, O_RDONLY | O_CLOEXEC);
	char c;

	return fd < 0 || read(fd, &c, 1) != 1 || c != '0';
}

/* What the policy only complains of goes on without a context of its own. */
static enum err
failed(const struct monitor *m, const char *what)
{
	if (!is_enforcing()) {
		log_error("Failed to %s for %s", what, m->account.name);
		return OK;
	}
	log_fatal("Failed to %s for %s (in enforcing mode)", what,
	    m->account.name);
	return ERR_DENIED;
}

static void
keep(struct monitor *m, char *context)
{
	mem_free(m->context);
	m->context = mem_strdup(context);
	lib.freecon(context);
}

enum err
contexts_find(struct monitor *m)
{
	char *seuser = NULL, *level = NULL, *context = NULL;
	int rc;

	if (lib.state == OFF || !m->common->root)
		return OK;
	if (lib.state == BROKEN)
		return failed(m, "ask " SELINUX_LIBRARY);
	rc = lib.getseuserbyname(m->account.name, &seuser, &level);
	if (rc == 0 && m->role != NULL)
		rc = lib.get_default_context_with_rolelevel(seuser, m->role,
		    level, NULL, &context);
	else if (rc == 0)
		rc = lib.get_default_context_with_level(seuser, level, NULL,
		    &context);
	lib.freecon(seuser);
	lib.freecon(level);
	if (rc != 0 || context == NULL)
		return failed(m, "get default SELinux security context");
	keep(m, context);
	return OK;
}

/* ---- where it binds ----------------------------------------------------- */

void
contexts_before_modules(const struct monitor *m)
{
	if (m->context != NULL && lib.setkeycreatecon(m->context) != 0)
		log_error("SELinux: keyrings of %s have no context of theirs: "
			  "%s",
		    m->account.name, strerror(errno));
}

void
contexts_after_modules(struct monitor *m)
{
	char *context = NULL;

	if (lib.state != ON || !m->common->root)
		return;
	if (lib.setkeycreatecon(NULL) != 0)
		log_debug1("setkeycreatecon: %s", strerror(errno));
	if (lib.getexeccon(&context) == 0 && context != NULL)
		keep(m, context);
}

enum err
contexts_enter(const struct monitor *m)
{
	if (m->context == NULL)
		return OK;
	log_debug3("SELinux: programs of %s start as %s", m->account.name,
	    m->context);
	if (lib.setexeccon(m->context) == 0)
		return OK;
	return failed(m, "set SELinux execution context");
}

/* The terminal's new context by the policy's rule for user and terminal. */
static int
relabel(const struct monitor *m, int fd, char **was, char **new)
{
	unsigned short class = lib.string_to_security_class(TERMINAL_CLASS);

	if (class == 0 || lib.fgetfilecon(fd, was) < 0 ||
	    lib.security_compute_relabel(m->context, *was, class, new) != 0)
		return -1;
	return lib.fsetfilecon(fd, *new);
}

void
contexts_terminal(const struct monitor *m, int fd, const char *name)
{
	char *was = NULL, *new = NULL;

	if (m->context == NULL)
		return;
	if (relabel(m, fd, &was, &new) != 0)
		log_error("SELinux: %s has no context of %s: %s", name,
		    m->account.name, strerror(errno));
	lib.freecon(was);
	lib.freecon(new);
}
