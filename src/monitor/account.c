/*
 * account.c - who is it: the system's account, or a decoy for a name that
 * isn't there
 */
#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define DECOY_ID 65534 /* nobody: nothing is done with it */

void
account_warm(void)
{
	gid_t groups[64];
	int n = 64;

	/* root is answered by "files": an unknown name would open sockets to
	 * sssd, winbind or nscd that all children then share */
	if (getpwnam("root") != NULL)
		(void)getgrouplist("root", 0, groups, &n);
	(void)getgrgid(0);
	endpwent();
	endgrent();
}

void
account_find(struct account *a, const char *name)
{
	const struct passwd *p = getpwnam(name);

	*a = (struct account){.known = p != NULL};
	if (p == NULL) {
		a->name = mem_strdup(name);
		a->uid = DECOY_ID;
		a->gid = DECOY_ID;
		a->home = mem_strdup("/");
		a->shell = mem_strdup("/bin/sh");
		return;
	}
	a->name = mem_strdup(p->pw_name);
	a->uid = p->pw_uid;
	a->gid = p->pw_gid;
	a->home = mem_strdup(p->pw_dir);
	a->shell = mem_strdup(p->pw_shell[0] != '\0' ? p->pw_shell : "/bin/sh");
}

static void
find_ids(struct account *a)
{
	int n = 32;

	a->groups = mem_array((size_t)n, sizeof(*a->groups));
	while (getgrouplist(a->name, a->gid, a->groups, &n) < 0 &&
	       n <= GROUPS_MAX) {
		mem_free(a->groups);
		a->groups = mem_array((size_t)n, sizeof(*a->groups));
	}
	a->ngroups = n > 0 ? (size_t)n : 0;
}

void
account_groups(struct account *a)
{
	if (a->groups != NULL || !a->known)
		return;
	find_ids(a);
}

/* Names are wanted only where a keyword compares them. */
void
account_group_names(struct account *a)
{
	if (a->group_names != NULL || !a->known)
		return;
	account_groups(a);
	a->group_names = mem_array(a->ngroups + 1, sizeof(*a->group_names));
	for (size_t i = 0; i < a->ngroups; i++) {
		const struct group *g = getgrgid(a->groups[i]);

		if (g != NULL)
			a->group_names[a->nnames++] = mem_strdup(g->gr_name);
		else
			log_debug1("group %lu has no name",
			    (unsigned long)a->groups[i]);
	}
}

gid_t
account_tty_group(gid_t otherwise)
{
	const struct group *g = getgrnam("tty");

	return g != NULL ? g->gr_gid : otherwise;
}

bool
account_set_groups(const struct account *a)
{
	return setgroups(a->ngroups, a->groups) == 0;
}
