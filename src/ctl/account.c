/*
 * account.c - the user that is asked about
 */
#include "ctl.h"

#include "sallyport/base/mem.h"
#include "sallyport/proc/creds.h"

#include <grp.h>
#include <pwd.h>

#define GROUPS_MAX 65536 /* NGROUPS_MAX */

static void
find_groups(struct account *a)
{
	int n = 64, room;
	gid_t *ids;

	do {
		room = n;
		ids = mem_array((size_t)room, sizeof(*ids));
		if (getgrouplist(a->name, a->gid, ids, &n) >= 0)
			break;
		mem_free(ids);
		ids = NULL;
	} while (n > room && n <= GROUPS_MAX);
	if (ids == NULL)
		return;
	a->ids = ids;
	a->nids = (size_t)n;
	a->groups = mem_array((size_t)n + 1, sizeof(*a->groups));
	for (int i = 0; i < n; i++) {
		const struct group *g = getgrgid(ids[i]);

		if (g != NULL)
			a->groups[a->ngroups++] = mem_strdup(g->gr_name);
	}
}

enum err
account_borrow(const struct account *a)
{
	const struct creds user = {.uid = a->uid,
	    .gid = a->gid,
	    .groups = a->ids,
	    .ngroups = a->nids};

	return creds_borrow(&user);
}

void
account_find(struct account *a, const char *name)
{
	const struct passwd *p = getpwnam(name);

	*a = (struct account){.known = p != NULL, .name = mem_strdup(name)};
	if (p == NULL)
		return;
	a->name = mem_strdup(p->pw_name);
	a->home = mem_strdup(p->pw_dir);
	a->shell = mem_strdup(p->pw_shell[0] != '\0' ? p->pw_shell : "/bin/sh");
	a->uid = p->pw_uid;
	a->gid = p->pw_gid;
	find_groups(a);
}
